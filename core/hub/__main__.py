"""Weights on the command line: `python -m core.hub list|pull|verify|publish`."""

import argparse
import sys

from core import hub
from core.hub import WeightsError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status, 1 after an error that has been explained."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except WeightsError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core.hub", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="names, where they come from, sizes")
    listing.set_defaults(run=_list)

    pull = commands.add_parser("pull", help="download from the Hub and verify")
    pull.add_argument("name")
    pull.add_argument("--embed", action="store_true", help="also copy the files to weights/NAME")
    pull.set_defaults(run=_pull)

    verify = commands.add_parser("verify", help="check hashes, tensors and golden outputs")
    verify.add_argument("name", nargs="?", help="all names when left out")
    verify.set_defaults(run=_verify)

    publish = commands.add_parser("publish", help="upload to the Hub and pin the commit")
    publish.add_argument("name")
    publish.add_argument("--owner", help="account or organisation on the Hub")
    publish.add_argument("--private", action="store_true", help="make a new repository private")
    publish.add_argument("--dry-run", action="store_true", help="only say what would be uploaded")
    publish.set_defaults(run=_publish)
    return parser


def _list(options: argparse.Namespace) -> int:
    if not hub.names():
        print("The manifest lists no weights yet; `python -m train NAME` makes some.")
    for name in hub.names():
        entry = hub.entry(name)
        where = hub.whereabouts(entry)
        parameters = f"{entry.parameters:>12,}" if entry.parameters else " " * 12
        print(f"{name:<24} {where:<9} {_size(entry.bytes):>9} {parameters}  {entry.model_class}")
    return 0


def _pull(options: argparse.Namespace) -> int:
    weights = hub.pull(options.name, embed=options.embed)
    print(f"{weights.name} {weights.hash} verified in {weights.folder}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    failures = 0
    for name in [options.name] if options.name else hub.names():
        try:
            found = hub.verify(name)
        except WeightsError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failures += 1
            continue
        if found.golden is None:
            golden = "no golden tensors"
        else:
            largest = max(found.golden.values(), default=0.0)
            golden = f"{len(found.golden)} golden outputs reproduced to {largest:.1e}"
        weights = found.weights
        print(
            f"{name}: {weights.hash} ({weights.source}), {len(weights.entry.files)} files, "
            f"{found.parameters:,} parameters, {golden}"
        )
    return 1 if failures else 0


def _publish(options: argparse.Namespace) -> int:
    done = hub.publish(
        options.name, owner=options.owner, private=options.private, dry_run=options.dry_run
    )
    entry = done.weights.entry
    if done.revision is None:
        visibility = "private" if options.private else "public"
        print(f"Would upload {_size(entry.bytes)} to {done.repository} ({visibility} when new):")
        for file, facts in sorted(entry.files.items()):
            print(f"  {file} ({_size(facts.bytes)})")
    else:
        print(f"Published {done.repository} at {done.revision}, pinned in {entry.manifest}")
    return 0


def _size(count: int) -> str:
    size, units = float(count), ["B", "kB", "MB", "GB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"


if __name__ == "__main__":
    sys.exit(main())
