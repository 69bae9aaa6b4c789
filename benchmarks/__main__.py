"""`python -m benchmarks quality | speed | peers`: figures as one JSON object, the last line printed."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.hub import WeightsError


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns the exit status, 1 when something could not be measured."""
    options = _parser().parse_args(arguments)
    if getattr(options, "device", None):
        os.environ["GALLERY_DEVICE"] = options.device  # for this process and the servers it starts
    try:
        figures, complete = options.command(options, _reporter(options.json))
    except (ValueError, WeightsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not options.json:
        for line in getattr(options, "lines", _lines)(figures):
            print(line)
    print(json.dumps(figures, allow_nan=False))
    return 0 if complete else 1


def _quality(options: argparse.Namespace, report: Callable[[str], None]) -> tuple[Any, bool]:
    from benchmarks.quality import Options, find

    benchmark = find(options.name)
    chosen = Options(
        data=options.data,
        train=tuple(options.train),
        limit=options.limit,
        samples=options.samples,
        seed=options.seed,
        device=options.device,
        split=options.split,
        decoder=options.decoder,
        folders=benchmark.folders,
        report=report,
    )
    return benchmark.measure(options.name, chosen), True


def _speed(options: argparse.Namespace, report: Callable[[str], None]) -> tuple[Any, bool]:
    from benchmarks.speed.run import measure

    figures = measure(options.slugs, report, alone=options.alone)
    return figures, not any("error" in part for part in figures.values())


def _peers(options: argparse.Namespace, report: Callable[[str], None]) -> tuple[Any, bool]:
    from benchmarks.peers import Options, PeerMissing, compare, names

    chosen = Options(data=tuple(options.data), limit=options.limit, report=report)
    figures: dict[str, Any] = {}
    for name in [options.name] if options.name else names():
        report(f"comparing {name}")
        try:
            figures[name] = compare(name, chosen)
        except (PeerMissing, ValueError) as error:
            if options.name and not isinstance(error, PeerMissing):
                raise
            print(f"{name}: {error}", file=sys.stderr)
            figures[name] = {"error": str(error)}
    return figures, not any("error" in part for part in figures.values())


def _peer_lines(figures: dict[str, Any]) -> list[str]:
    """Every comparison's own table, or its figures one a line."""
    from benchmarks.peers import lines

    return [
        line
        for name in figures
        for line in lines(name, figures[name]) or _lines(figures[name], name)
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(metavar="quality | speed | peers", required=True)

    quality = commands.add_parser("quality", help="how good weights are on unseen data")
    quality.add_argument("name", metavar="NAME", help="a weights name such as poem-vae")
    quality.add_argument(
        "--data", metavar="PATH", type=Path, required=True, help="a file, a folder of pictures"
    )
    quality.add_argument("--split", help="part of a folder of pictures; all of it when left out")
    quality.add_argument("--decoder", help="of a tagger: crf, memm or softmax")
    quality.add_argument(
        "--train", metavar="PATH", type=Path, nargs="+", action="extend", default=[],
        help="training data, for measures that compare with it",
    )  # fmt: skip
    quality.add_argument("--limit", metavar="N", type=int, help="only the first N examples")
    quality.add_argument("--samples", metavar="N", type=int, default=10_000, help="to draw")
    quality.add_argument("--seed", metavar="N", type=int, default=0)
    quality.set_defaults(command=_quality)

    speed = commands.add_parser("speed", help="start-up, endpoints, lanes, memory, page weight")
    speed.add_argument(
        "slugs", metavar="SLUG", nargs="*",
        help="tabs to measure, all when left out; `start`, `page` and `start/SLUG` measure only these",
    )  # fmt: skip
    speed.add_argument(
        "--alone", action="store_true",
        help="one client at a time, without the load of many and without lanes: minutes less",
    )  # fmt: skip
    speed.set_defaults(command=_speed)

    peers = commands.add_parser("peers", help="comparisons with other packages")
    peers.add_argument("name", metavar="NAME", nargs="?", help="one comparison; all when left out")
    peers.add_argument(
        "--data", metavar="FILE", type=Path, nargs="+", action="extend", default=[],
        help="sentences with words or entities, for `tagging`; a folder of pictures, for `glow`",
    )  # fmt: skip
    peers.add_argument(
        "--limit", metavar="N", type=int, help="only the first N sentences; pictures to train on"
    )
    peers.set_defaults(command=_peers, lines=_peer_lines)

    for command in (quality, speed):
        command.add_argument("--device", help="cpu, cuda, …; chosen by itself when left out")
    for command in (quality, speed, peers):
        command.add_argument("--json", action="store_true", help="print nothing but the JSON")
    return parser


def _reporter(quiet: bool) -> Callable[[str], None]:
    """Prints progress on stderr, or nothing."""
    return lambda line: None if quiet else print(line, file=sys.stderr, flush=True)


def _lines(value: Any, path: str = "") -> list[str]:
    """Figures for a reader, one a line, their place in the object before them."""
    if isinstance(value, dict):
        return [
            line
            for key, item in value.items()
            for line in _lines(item, f"{path}.{key}" if path else str(key))
        ]
    return [f"{path:<44} {'-' if value is None else value}"]


if __name__ == "__main__":
    sys.exit(main())
