"""`python -m train NAME`: run a recipe and write its weights folder."""

import argparse
import ast
import difflib
import json
import os
import pkgutil
import shlex
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState

from core.hub.manifest import CARD
from train import recipes
from train.ablation_table import summary
from train.loop import fit, run_folder
from train.publish import publish_folder, rewrite_card
from train.recipe import Recipe

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"  # data laid beside the checkout


def main(arguments: list[str] | None = None) -> int:
    """Train, then publish; returns the exit status, 130 after Ctrl-C."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = _parser()
    options = parser.parse_args(given)
    try:
        recipe = _recipe(options)
        device = _device(options.device)
        baselines = dict(_baseline(text) for text in options.baseline)
    except ValueError as error:
        parser.error(str(error))
    out = options.out
    if out is None and recipe.smoke:
        out = run_folder(recipe) / "weights"
    if options.card:
        measured = [json.loads(path.read_text().splitlines()[-1]) for path in options.measured]
        ablation = summary(json.loads(options.ablation.read_text())) if options.ablation else ()
        print(f"Wrote {rewrite_card(recipe, out, measured, ablation, baselines) / CARD}")
        return 0
    try:
        model, progress = fit(
            recipe, minutes=options.minutes, resume=options.resume, cpu=device == "cpu"
        )
    except KeyboardInterrupt:
        if (run_folder(recipe) / "checkpoint").is_dir():
            words = [*given, *(["--resume"] if "--resume" not in given else [])]
            print("\nStopped; everything so far is saved. Continue with:", file=sys.stderr)
            print(f"  {shlex.join(['python', '-m', 'train', *words])}", file=sys.stderr)
        return 130
    if PartialState().is_main_process:
        folder = publish_folder(
            recipe, model, None, progress, out, command=_command(options), device=device
        )
        print(f"Wrote {folder}")
    return 0


def names() -> list[str]:
    """Names of all recipes, from the files in `train/recipes`."""
    return sorted(m.name.replace("_", "-") for m in pkgutil.iter_modules(recipes.__path__))


def find(name: str) -> type[Recipe]:
    """The recipe of a name; `ValueError` lists the known ones."""
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ValueError(f"there is no recipe {name!r}.{hint} Known: {', '.join(known)}")
    recipe: type[Recipe] = import_module(f"train.recipes.{name.replace('-', '_')}").RECIPE
    return recipe


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.add_argument("name", help=f"one of: {', '.join(names())}")
    parser.add_argument("--data", type=Path, help="prepared data, see docs/data.md")
    parser.add_argument("--minutes", type=float, help="stop after this time at the latest")
    parser.add_argument("--steps", type=int, help="instead of the recipe's number")
    parser.add_argument("--resume", action="store_true", help="continue the last checkpoint")
    parser.add_argument("--smoke", action="store_true", help="a few steps, to see that it runs")
    parser.add_argument("--out", type=Path, help="folder to write instead of weights/NAME")
    parser.add_argument(
        "--card", action="store_true", help="only write the model card again, from metrics.json"
    )
    parser.add_argument(
        "--measured", type=Path, nargs="+", default=[], metavar="FILE",
        help="with --card: figures that `python -m benchmarks quality NAME` printed, for the card",
    )  # fmt: skip
    parser.add_argument(
        "--ablation", type=Path, metavar="FILE",
        help="with --card: what `python -m train.ablation NAME` keeps in runs/, for the card",
    )  # fmt: skip
    parser.add_argument(
        "--baseline", nargs="+", default=[], metavar="NAME=FILE",
        help="with --card: the same figures of other weights, to stand beside the measured ones",
    )  # fmt: skip
    parser.add_argument("--device", choices=("cpu", "cuda", "auto"), default="auto")
    parser.add_argument("--seed", type=int, help="instead of the recipe's")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="KEY=VALUE", help="other numbers of the recipe"
    )
    return parser


def _baseline(given: str) -> tuple[str, dict[str, Any]]:
    """Name and figures of `NAME=FILE`."""
    name, equals, path = given.partition("=")
    if not equals:
        raise ValueError(f"--baseline takes NAME=FILE; got {given}")
    return name, json.loads(Path(path).read_text().splitlines()[-1])


def _recipe(options: argparse.Namespace) -> Recipe:
    """The recipe with its data and the numbers given on the command line."""
    recipe = find(options.name)()
    if not options.card:
        recipe.data = _data(options.data)
    if options.smoke:
        recipe.shrink()
    for key in ("steps", "seed"):
        if getattr(options, key) is not None:
            setattr(recipe, key, getattr(options, key))
    for setting in options.set:
        key, equals, text = setting.partition("=")
        known = [field.name for field in fields(recipe) if field.name not in ("data", "smoke")]
        if not equals or key not in known:
            raise ValueError(f"--set takes KEY=VALUE with one of {', '.join(known)}; got {setting}")
        setattr(recipe, key, _value(key, text, getattr(recipe, key)))
    return recipe


def _value(key: str, text: str, current: object) -> object:
    """A setting's value, of the type that the recipe's own has."""
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        value = text
    if isinstance(current, float) and type(value) is int:
        value = float(value)
    if current is not None and value is not None and type(value) is not type(current):
        kind = type(current).__name__
        raise ValueError(f"{key} takes a value of type {kind}, such as {current!r}; got {text!r}")
    return value


def _data(given: Path | None) -> Path:
    """The data folder: `--data`, else `GALLERY_DATA`, else one beside the checkout."""
    environment = os.environ.get("GALLERY_DATA")
    folder = given or (Path(environment) if environment else BESIDE)
    if not folder.is_dir():
        raise ValueError(
            f"no training data in {folder}: give --data DIR or set GALLERY_DATA; "
            "docs/data.md says where each set comes from and how to prepare it"
        )
    return folder


def _device(choice: str) -> str:
    available = torch.cuda.is_available()
    if choice == "cuda" and not available:
        raise ValueError("--device cuda: torch sees no CUDA device; use --device cpu")
    return "cuda" if choice != "cpu" and available else "cpu"


def _command(options: argparse.Namespace) -> str:
    """The command that repeats this run anywhere, without the folders of this machine."""
    words = ["python", "-m", "train", options.name]
    if options.smoke:
        words.append("--smoke")
    for key in ("steps", "seed", "minutes"):
        if getattr(options, key) is not None:
            words += [f"--{key}", str(getattr(options, key))]
    if options.set:
        words += ["--set", *options.set]
    return shlex.join(words)


if __name__ == "__main__":
    sys.exit(main())
