"""`python -m train.ablation NAME`: what each part of a recipe is worth, as a table.

The recipe and variants of it with one part left out or exchanged, each trained for the same number of
steps with the same seeds, from which the differences and not the figures themselves are to be read.
With several `--seeds` the table gives means and, for F1, the standard deviation between seeds.
Finished runs are kept in `runs/ablation-NAME.json` and not trained again.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from train.__main__ import find
from train.ablation_table import summary
from train.loop import RUNS, fit

VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "ie-duie": {
        "as shipped": {},
        "no pretrained encoder": {"start_from": ""},
        "no vectors either": {"start_from": "", "vectors": False},
        "no words": {"start_from": "", "words": False},
        "no side tasks": {"lesson": 0.0, "side_share": 0.0},
        "no exchanged names": {"swap": 0.0},
        "no prior": {"prior": False},
        "no attention": {"attention": False},
        "subject by its two ends": {"subject_code": "ends"},
        "two LSTM layers": {"layers": 2},
        "DGCNN, 12 layers of 256": {
            "start_from": "",
            "encoder": "dgcnn",
            "width": 256,
            "layers": 12,
        },
        "DGCNN, 6 layers of 256": {
            "start_from": "",
            "encoder": "dgcnn",
            "width": 256,
            "layers": 6,
            "subject_code": "ends",
        },
    },
    "ner-msra": {
        "as shipped": {},
        "softmax": {"decoder": "softmax"},
        "MEMM": {"decoder": "memm"},
        "DGCNN, 6 layers of 384": {"encoder": "dgcnn", "width": 384, "layers": 6},
        "no side task": {"side": False},
        "no name lists": {"gazetteer": False},
        "no vectors": {"vectors": False},
        "exchanged mentions": {"swap": 0.3},
    },
}


def main(arguments: list[str] | None = None) -> int:
    """Train what is missing and print the table as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m train.ablation", description=__doc__)
    parser.add_argument("name", choices=sorted(VARIANTS))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--only", nargs="+", help="names of variants")
    parser.add_argument("--seeds", nargs="+", type=int, default=[2018])
    parser.add_argument("--smoke", action="store_true", help="a few steps, to see that it runs")
    options = parser.parse_args(arguments)
    path = RUNS / f"ablation-{options.name}{'-smoke' * options.smoke}.json"
    done: dict[str, dict[str, float]] = json.loads(path.read_text()) if path.is_file() else {}
    for variant, changes in VARIANTS[options.name].items():
        for seed in options.seeds:
            key = f"{variant} @ {options.steps} / {seed}"
            if key not in done and (not options.only or variant in options.only):
                done[key] = _train(options, changes, seed)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(done, ensure_ascii=False, indent=1) + "\n")
    for row in summary(done):
        sys.stdout.write(f"| {' | '.join(row)} |\n")
    return 0


def _train(options: argparse.Namespace, changes: dict[str, Any], seed: int) -> dict[str, float]:
    recipe = find(options.name)(seed=seed)
    recipe.data = options.data
    if options.smoke:
        recipe.shrink()
    else:
        recipe.steps = recipe.evaluate_every = options.steps
        recipe.ema = 0.995  # short runs have no time for a longer memory
    for name, value in changes.items():
        setattr(recipe, name, value)
    # A folder of its own, so that a long run of the same recipe keeps its checkpoint.
    type(recipe).name = f"{options.name}-ablation"
    try:
        model, progress = fit(recipe, cpu=True)
    finally:
        type(recipe).name = options.name
    figures = recipe.evaluate(model)
    kept = ("f1", "precision", "recall", "chars_per_second")
    parameters = float(sum(parameter.numel() for parameter in model.parameters()))
    return {key: figures[key] for key in kept} | {
        "parameters": parameters,
        "minutes": progress.seconds / 60,
    }


if __name__ == "__main__":
    sys.exit(main())
