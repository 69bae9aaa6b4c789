"""The end of a recipe: a complete weights folder, its model card, its line in the manifest."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core import hub
from core.hub import manifest
from core.hub.manifest import CARD, MANIFEST, METRICS
from train.family_table import family_table
from train.loop import Progress, run_folder
from train.recipe import Card, Logs, Recipe

# Licences that the Hub's front matter knows by name; any other is `other` with its own name.
HUB_LICENCES = frozenset(
    "apache-2.0 bsd-3-clause cc0-1.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-4.0 "
    "cc-by-nc-sa-4.0 gpl-3.0 mit odc-by pddl unlicense unknown".split()
)


def publish_folder(
    recipe: Recipe,
    model: nn.Module,
    figures: Logs | None,
    progress: Progress,
    out: Path | None = None,
    *,
    command: str,
    device: str = "cpu",
) -> Path:
    """Write and register the weights folder of a finished run; returns it.

    Weights are stored in half precision, and everything after that is computed from the stored
    ones: golden tensors, and the figures (on `device`) unless they are given. The folder is
    `weights/NAME`, or `out`; one outside `weights/` gets a manifest of its own, so that
    `GALLERY_WEIGHTS` can point at it. All files are written aside first and then moved in.
    """
    target = out or manifest.WEIGHTS / recipe.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
        folder = Path(temporary)
        hub.save(folder, model, keep_float32=recipe.keep_float32, eight_bits=recipe.eight_bits)
        recipe.files(folder)
        shipped = hub.load_folder(folder, recipe.model_class)
        if inputs := recipe.golden_inputs():
            hub.save_golden(folder, shipped, inputs)
        if figures is None:
            with torch.no_grad():
                figures = recipe.evaluate(shipped.to(device))
        facts = {
            "figures": {key: float(f"{value:.6g}") for key, value in figures.items()},
            "parameters": sum(parameter.numel() for parameter in shipped.parameters()),
            "steps": progress.step,
            "seconds": round(progress.seconds, 1),
            "date": date.today().isoformat(),
            "torch": str(torch.__version__),
            "device": _device_name(device),
            "command": command,
            "card": recipe.card(),
        }
        if rows := curve(run_folder(recipe) / "log.jsonl", recipe.card().get("curve", [])):
            facts["curve"] = rows
        text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
        (folder / METRICS).write_text(text, encoding="utf-8", newline="\n")
        card = model_card(recipe.name, recipe.card(), facts)
        (folder / CARD).write_text(card, encoding="utf-8", newline="\n")
        target.mkdir(exist_ok=True)
        for file in sorted(folder.iterdir()):
            os.replace(file, target / file.name)

    _register(recipe, target, facts)
    return target


def curve(log: Path, figures: Sequence[str], rows: int = 12) -> list[dict[str, float]]:
    """Figures on the dev data at about `rows` evenly spread steps of a run's log, the last included."""
    if not figures or not log.is_file():
        return []
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    keys = [f"dev_{figure}" for figure in figures]
    seen = {line["step"]: line for line in lines if all(key in line for key in keys)}
    steps = sorted(seen)
    if len(steps) > rows:
        steps = [steps[round(i * (len(steps) - 1) / (rows - 1))] for i in range(rows)]
    return [
        {"step": step} | {f: seen[step][key] for f, key in zip(figures, keys, strict=True)}
        for step in steps
    ]


def rewrite_card(
    recipe: Recipe,
    out: Path | None = None,
    measured: Sequence[Mapping[str, Any]] = (),
    ablation: Sequence[Sequence[str]] = (),
    baselines: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """Write the model card of a finished run again from its `metrics.json`; returns the folder.

    `measured` are objects that `python -m benchmarks quality NAME` printed; each replaces the one
    of the same data file. `ablation` is a table of `train.ablation`, its head first; `baselines` are
    figures of other weights on the same data, by the weights' name. Cards that show these figures
    beside their own are written again too.
    """
    target = out or manifest.WEIGHTS / recipe.name
    facts = json.loads((target / METRICS).read_text(encoding="utf-8"))
    facts["card"] = recipe.card()
    for figures in measured:
        facts.setdefault("measured", {})[figures["conditions"]["data"]] = figures
    for name, figures in (baselines or {}).items():
        kept = facts.setdefault("baselines", {}).setdefault(figures["conditions"]["data"], {})
        kept[name] = figures
    if ablation:
        facts["ablation"] = [list(row) for row in ablation]
    text = json.dumps(facts, ensure_ascii=False, indent=2) + "\n"
    (target / METRICS).write_text(text, encoding="utf-8", newline="\n")
    card = model_card(recipe.name, recipe.card(), facts)
    (target / CARD).write_text(card, encoding="utf-8", newline="\n")
    _register(recipe, target, facts)
    for name in set(recipe.card().get("beside", ())) - {recipe.name}:
        _refresh_card(name, target.parent / name)
    return target


def _refresh_card(name: str, folder: Path) -> None:
    """Write the card of embedded weights again, as their own `metrics.json` has it."""
    if (folder / METRICS).is_file() and folder.parent.resolve() == manifest.WEIGHTS.resolve():
        facts = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        card = model_card(name, facts["card"], facts)
        (folder / CARD).write_text(card, encoding="utf-8", newline="\n")
        hub.register(name, folder, {})


def _register(recipe: Recipe, target: Path, facts: dict[str, Any]) -> None:
    """Enter a folder in the manifest of `weights/`, or in one of its own when it lies elsewhere."""
    embedded = target.resolve().parent == manifest.WEIGHTS.resolve()
    card = recipe.card()
    hub.register(
        target.name if embedded else recipe.name,
        target,
        {
            "class": f"{recipe.model_class.__module__}:{recipe.model_class.__qualname__}",
            "licence": card.get("licence"),
            "data": [data["name"] for data in card.get("data", [])],
            "recipe": facts["command"],
            "parameters": facts["parameters"],
            "date": facts["date"],
        },
        manifest=None if embedded else target / MANIFEST,
    )


def model_card(name: str, card: Card, facts: dict[str, Any]) -> str:
    """Markdown with the Hub's front matter; `facts` is the content of `metrics.json`."""
    titles = [card.get("title", name), card.get("title_zh", "")]
    parts = [
        _front_matter(card),
        f"# {' · '.join(filter(None, titles))}",
        card.get("summary", ""),
        card.get("summary_zh", ""),
    ]
    if post := card.get("post"):
        parts.append(f"After the post 原文：[{post['title']}]({post['url']})")
    parts += [
        "## Figures 指标",
        f"On data that the training has not seen; from `{METRICS}`.",
        _figures(card, facts["figures"]),
    ]
    if rows := facts.get("curve"):
        head = list(rows[0])
        table = _table(head, [[str(r["step"]), *(_number(r[k]) for k in head[1:])] for r in rows])
        parts += ["## During training 训练过程", table]
    for name_of_data, measured in facts.get("measured", {}).items():
        parts += [f"## Measured on `{name_of_data}` 实测", *_measured(measured)]
        if baselines := facts.get("baselines", {}).get(name_of_data):
            parts += ["Beside the baseline 与基线并列:", _beside(name, measured, baselines)]
        if beside := card.get("beside"):
            head, *rows_beside = family_table(beside, name_of_data, {name: facts})
            parts += [
                f"Beside other families 与其他模型族并列 (`{name_of_data}`):",
                _table(head, rows_beside),
            ]
    if worth := facts.get("ablation"):
        parts += [
            "## What the parts are worth 各部分的作用",
            "Short runs on the same dev part, to be compared with each other and not with the figures "
            f"above; `python -m train.ablation {name}`.",
            _table(worth[0], worth[1:]),
        ]
    if data := card.get("data"):
        rows = [[row["name"], row["source"], row["licence"]] for row in data]
        parts += ["## Data 数据", _table(["set 数据集", "source 来源", "licence 许可"], rows)]
    if departures := card.get("departures"):
        parts += ["## Other than in the post 与原文的不同", _bullets(departures)]
    if limits := card.get("limits"):
        parts += ["## Limits 局限", _bullets(limits)]
    measure = card.get("measure", f"python -m benchmarks quality {name}")
    parts += [
        "## Use 使用",
        f'```python\nfrom core import hub\n\nmodel = hub.load("{name}")\n```',
        "## How it was made 制作",
        f"{facts['parameters']:,} parameters, {facts['steps']:,} steps in "
        f"{facts['seconds'] / 60:.1f} minutes on {facts['device']}, torch {facts['torch']}, "
        f"{facts['date']}.",
        f"Made with 制作命令:\n\n```bash\n{facts['command']}\n```",
        f"Measured with 评测命令:\n\n```bash\n{measure}\n```",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _front_matter(card: Card) -> str:
    """YAML between two lines of dashes; JSON values are YAML too."""
    licence = card.get("licence")
    written = "image" not in (card.get("pipeline_tag") or "")  # pictures are in no language
    keys: dict[str, Any] = {
        "language": card.get("language", ["zh"] if written else None),
        "license": licence if licence in HUB_LICENCES else licence and "other",
        "license_name": None if licence in HUB_LICENCES else licence,
        "library_name": "pytorch",
        "pipeline_tag": card.get("pipeline_tag"),
        "tags": card.get("tags", ["scientific-spaces", "kexue-fm"]),
    }
    lines = [
        f"{key}: {json.dumps(value, ensure_ascii=False)}"
        for key, value in keys.items()
        if value is not None
    ]
    return "\n".join(["---", *lines, "---"])


def _figures(card: Card, figures: Logs) -> str:
    """The figures that the card asks for, or all; the author's column only when he reported any."""
    metrics = card.get("metrics") or [
        {"figure": key, "label": key, "author": None} for key in figures
    ]
    reported = any(metric["author"] is not None for metric in metrics)
    rows = []
    for metric in metrics:
        row = [metric["label"], _number(figures.get(metric["figure"]))]
        rows.append([*row, _number(metric["author"])] if reported else row)
    head = ["figure 指标", "here 本仓库", *(["author 原作者"] if reported else [])]
    return _table(head, rows)


def _measured(figures: Mapping[str, Any]) -> list[str]:
    """Tables of what a benchmark printed: one of its numbers, one of each list of rows."""
    numbers = [
        [key, _number(value)] for key, value in _flat(figures) if not key.startswith("conditions")
    ]
    tables = [_table(["figure 指标", "here 本仓库"], numbers)]
    for key, rows in figures.items():
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            head = list(rows[0])
            tables += [f"`{key}`:", _table(head, [[_number(row[k]) for k in head] for row in rows])]
    conditions = ", ".join(f"{key} {value}" for key, value in figures["conditions"].items())
    return [*tables, f"Conditions 条件: {conditions}."]


def _beside(
    name: str, figures: Mapping[str, Any], baselines: Mapping[str, Mapping[str, Any]]
) -> str:
    """A table of the numbers that the measured weights and a baseline both have, and of the weights."""
    others = {other: dict(_flat(found)) for other, found in baselines.items()}
    rows = [
        [key, _number(value), *(_number(found.get(key)) for found in others.values())]
        for key, value in _flat(figures)
        if not key.startswith("conditions") and any(key in found for found in others.values())
    ]
    hashes = [str(found["conditions"].get("weights")) for found in (figures, *baselines.values())]
    return _table(["figure 指标", name, *others], [*rows, ["weights 权重", *hashes]])


def _flat(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    """Numbers of nested objects with their dotted names."""
    for key, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, int | float):
            yield f"{before}{key}", value


def _number(value: float | str | None) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:.4g}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        return str(torch.cuda.get_device_name(device))
    return f"CPU ({torch.get_num_threads()} threads)"
