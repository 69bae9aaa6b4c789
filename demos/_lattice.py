"""How a lattice is shown and edited: figure, matrix of transitions, formulas, fields for edits."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from core.tasks.lattices import END, START, Lattice, Path
from demos._outcome import Block, formula
from demos._tab import Scene
from demos._words import say

NONE = "none"  # the colour of tags that belong to no type
FOCUS = 0.01  # probability somewhere from which a tag among many is shown


def kinds_of(tags: Sequence[str], types: Sequence[str]) -> list[int | str]:
    """Each tag's colour: the place of its type, or none for `O`."""
    order = {name: i for i, name in enumerate(types)}
    return [order.get(tag.partition("-")[2], NONE) if "-" in tag else NONE for tag in tags]


def lattice_block(
    found: Lattice, kinds: Sequence[int | str], labels: Mapping[str, str], *, hint: str
) -> Block:
    """The figure; `labels` names the types of spans."""
    number = {tag: i for i, tag in enumerate(found.tags)}
    return {
        "kind": "lattice",
        "title": say("网格", "Lattice"),
        "hint": hint,
        "text": found.text,
        "tags": [{"name": t, "kind": k} for t, k in zip(found.tags, kinds, strict=True)],
        "h": [[_short(v) for v in row] for row in found.emissions],
        "p": [[round(v, 4) for v in row] for row in found.marginals],
        "alpha": [[_short(v) for v in row] for row in found.forward],
        "beta": [[_short(v) for v in row] for row in found.backward],
        "best": [[_short(v) for v in row] for row in found.best],
        "back": [list(row) for row in found.previous],
        "transitions": [[_short(v) for v in row] for row in found.transitions],
        "start": [_short(v) for v in found.start],
        "pinned": {str(place): tag for place, tag in found.pinned.items()},
        "log_z": round(found.log_partition, 4),
        "paths": [
            {
                "tags": [number[tag] for tag in path.tags],
                "score": round(path.score, 4),
                "p": path.probability,
                "h": [round(v, 3) for v in path.emissions],
                "g": [round(v, 3) for v in path.transitions],
                "end": round(path.end, 3),
                "illegal": list(path.illegal),
                "spans": [
                    {
                        "s": span.start,
                        "e": span.end,
                        "label": labels.get(span.type, span.type),
                        "kind": kinds[number[path.tags[span.start]]],
                    }
                    for span in path.spans
                ],
            }
            for path in found.paths
        ],
    }


def matrix_block(found: Lattice, kinds: Sequence[int | str], *, legal: bool, hint: str) -> Block:
    """The transitions as cells that can be changed; the last row leaves the start."""
    share = found.scale == "probability"  # then an end has no number of its own
    cells: list[list[float | None]] = [
        [*row, *([] if share else [last])]
        for row, last in zip(found.transitions, found.end, strict=True)
    ]
    cells.append([*found.start, *([] if share else [None])])
    allowed = [
        [*row, *([] if share else [last])]
        for row, last in zip(found.legal, found.legal_end, strict=True)
    ]
    allowed.append([*found.legal_start, *([] if share else [False])])
    if not legal:
        allowed = [[True] * len(row) for row in allowed]
        if not share:
            allowed[-1][-1] = False
    used = {tag for path in found.paths for tag in path.tags} | set(found.pinned.values())
    likely = [max(row[i] for row in found.marginals) for i in range(len(found.tags))]
    return {
        "kind": "matrix",
        "title": say("转移", "Transitions"),
        "hint": hint,
        "scale": found.scale,
        "from": [*found.tags, START],
        "to": [*found.tags, *([] if share else [END])],
        "kinds": dict(zip((*found.tags, START, END), (*kinds, NONE, NONE), strict=True)),
        "cells": [[_cell(v, share) for v in row] for row in cells],
        "legal": allowed,
        "edited": dict(found.edited),
        "focus": [t for t, p in zip(found.tags, likely, strict=True) if t in used or p >= FOCUS],
    }


def explanation(found: Lattice) -> list[str | Block]:
    """The definition with this sentence's numbers, and how much is left open."""
    best = found.paths[0]
    length, tags = len(found.text), len(found.tags)
    parts: list[str | Block] = [
        say(
            f"{length} 个字、{tags} 个标签，共有 {tags}^{length} ≈ 10^{_magnitude(tags, length)} 条路径；"
            "一条路径的分数是各字的发射分 h 与相邻标签的转移分 g 之和。",
            f"{length} characters and {tags} tags make {tags}^{length} ≈ 10^{_magnitude(tags, length)} "
            "paths; a path scores the sum of its characters' emissions h and its steps' transitions g.",
        ),
        formula(
            r"p(y \mid x) = \frac{1}{Z}\exp\Bigl(\sum_t h_t(y_t) + \sum_t g_{y_{t-1} y_t}\Bigr)"
        ),
        formula(
            r"\log p = \underbrace{"
            f"{sum(best.emissions):.2f}"
            r"}_{\sum h} + \underbrace{"
            f"{_transition_sum(best):.2f}"
            r"}_{\sum g} - \underbrace{"
            f"{found.log_partition:.2f}"
            r"}_{\log Z} = " + f"{best.score - found.log_partition:.3f}"
        ),
        say(
            "Z 由前向递推得到，一列一列，每列只要 "
            f"{tags}×{tags} 次加法；把 log-sum-exp 换成 max 就是 Viterbi。",
            f"Z comes from the forward recursion, column by column, {tags}×{tags} additions each; "
            "with max in place of log-sum-exp it is Viterbi's algorithm.",
        ),
        formula(
            r"\alpha_{t+1}(j) = \log \sum_i e^{\alpha_t(i) + g_{ij}} + h_{t+1}(j),\qquad "
            r"p(y_t = j) = e^{\alpha_t(j) + \beta_t(j) - \log Z}"
        ),
    ]
    if len(found.paths) > 1:
        gap = best.score - found.paths[1].score
        parts.append(
            say(
                f"第二条路径差 {gap:.2f} nats，也就是概率只有最优的 {math.exp(-gap):.1%}；"
                f"所有路径的熵是 {found.entropy:.2f} nats。",
                f"The second path is {gap:.2f} nats behind, so {math.exp(-gap):.1%} as probable as "
                f"the best; the entropy over all paths is {found.entropy:.2f} nats.",
            )
        )
    return parts


def edit_inputs(scene: Scene, *, pin: str, step: str) -> None:
    """Fields for pinned tags and changed transitions, written as `pin` and `step` show; best paths."""
    scene.input(
        "pins",
        gr.Textbox(
            "",
            label=say("固定的标签", "Pinned tags"),
            placeholder=say(f"点图上的圈，或写 {pin}", f"click a circle, or write {pin}"),
            lines=1,
        ),
    )
    scene.input(
        "steps",
        gr.Textbox(
            "",
            label=say("改过的转移", "Changed transitions"),
            placeholder=say(f"{step}，x 是禁止", f"{step}, x forbids"),
            lines=1,
        ),
    )
    with scene.more():
        scene.input(
            "paths",
            gr.Slider(1, 10, value=5, step=1, label=say("最优路径条数", "Best paths")),
            live=True,
        )


def _transition_sum(path: Path) -> float:
    return sum(path.transitions) + path.end


def _magnitude(tags: int, length: int) -> int:
    return round(length * math.log10(tags))


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _cell(value: float | None, share: bool) -> Any:
    if value is None:
        return None
    return round(math.exp(value), 4) if share else round(value, 3)
