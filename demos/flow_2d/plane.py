"""Blocks of the density laboratory: pictures of a run packed for the page, and films of moving points.

Pictures travel as bytes in base64, a tenth of what they would weigh as numbers in JSON. They stand
under the key "r" with everything else that differs in its last digits between processors.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from core.labs import density_lab
from core.labs.density_lab import Film, Moment, Scenery, Settings
from core.labs.energy_2d import Langevin
from core.labs.residual_studies_2d import Inversion
from demos._outcome import Block
from demos._packing import finite, packed_levels, packed_points, thinned
from demos._words import say

DENSITY_SPAN = (-10.0, 2.75)  # nats per unit area
VOLUME_SPAN = (-8.0, 8.0)
POINT_SPAN = 8.0
FILM_SPAN = 16.0
FRAMES = 16  # pictures of one answer
CURVE = 240  # points of one curve

Curve = dict[str, Any]


def run_block(
    settings: Settings,
    scene: Scenery,
    seen: Sequence[Moment],
    *,
    target: int,
    done: bool,
    title: str,
    hint: str,
    base_title: str,
    loss_names: Mapping[str, str],
    slack: float,
) -> Block:
    """Data, samples, density, grid and noise at the moments of a run, with its curves.

    While the run goes on an answer carries its newest picture alone; the page keeps the others.
    """
    final = seen[-1]
    shown = thinned(seen, FRAMES) if done else [final]
    total = min(final.total, 1e6)
    return {
        "kind": "density",
        "run": zlib.crc32(repr(settings).encode()),
        "title": title,
        "hint": hint,
        "baseTitle": base_title,
        "alt": say(
            f"第 {final.step} 步的密度：没见过的数据每点 {final.nll:.2f} nats，"
            f"窗口内积分 {total:.2f}。",
            f"The density after {final.step} steps: {final.nll:.2f} nats per held-out point, "
            f"integral over the window {total:.2f}.",
        ),
        "span": DENSITY_SPAN,
        "volumeSpan": VOLUME_SPAN,
        "resolution": density_lab.RESOLUTION,
        "lines": density_lab.GRID,
        "target": target,
        "limit": density_lab.MAX_STEPS,
        "done": done,
        "slack": slack,
        "lossNames": loss_names,
        "losses": {"r": _loss_curves(final)},
        "frames": [{"r": _frame(moment)} for moment in shown],
        "r": {
            "data": packed_points(scene.data, POINT_SPAN),
            "noise": packed_points(scene.noise, POINT_SPAN),
            "square": packed_points(scene.square, POINT_SPAN),
        },
    }


def _frame(moment: Moment) -> dict[str, Any]:
    return {
        "step": moment.step,
        "nll": finite(moment.nll),
        "total": finite(moment.total),
        "density": packed_levels(moment.log_density, DENSITY_SPAN),
        "volume": ""
        if moment.volume is None
        else packed_levels(moment.volume[::2, ::2], VOLUME_SPAN),
        "samples": packed_points(moment.samples, POINT_SPAN),
        "codes": packed_points(moment.codes[:, :2], POINT_SPAN),
        "grid": packed_points(moment.grid, POINT_SPAN),
    }


def _loss_curves(moment: Moment) -> dict[str, Any]:
    places = thinned(range(moment.step), CURVE)
    return {
        "steps": [place + 1 for place in places],
        "values": {
            name: [finite(float(values[place])) for place in places]
            for name, values in moment.losses.items()
        },
    }


def film_block(film: Film, step: int) -> Block:
    """Noise on its way through the layers, and how stretched the map from there to the data is."""
    layers = len(film.points) - 1
    places = list(range(layers + 1))
    worst = [finite(float(v)) for v in film.conditions.worst[::-1]]
    return {
        "kind": "drift",
        "title": say("逐层变形", "Layer by layer"),
        "hint": say(
            f"第 {step} 步的模型，从噪声到数据，共 {layers} 层",
            f"the model of step {step}, {layers} layers from noise to data",
        ),
        "alt": say(
            f"方格和样本经过 {layers} 层变成数据。",
            f"A square grid and samples become data in {layers} layers.",
        ),
        "reach": density_lab.window(film.points),
        "labels": [
            say("噪声 z", "noise z"),
            *[
                say(f"{layer} 层之后", f"after {layer} of {layers} layers")
                for layer in places[1:-1]
            ],
            say("数据 x", "data x"),
        ],
        "start": max(1, layers // 2),
        "at": places,
        "curveTitle": say(
            "到数据为止的 Jacobi 条件数 κ", "condition number κ from here to the data"
        ),
        "xlabel": say("层（从噪声数起）", "layers from the noise"),
        "ylabel": "κ",
        "log": max((v for v in worst if v is not None), default=1) > 50,
        "gridLines": density_lab.GRID,
        "lines2": 2 * density_lab.GRID**2,
        "r": {
            "points": packed_points(film.points, FILM_SPAN),
            "grid": packed_points(film.grid, FILM_SPAN),
            "curves": [
                curve(say("最坏", "worst"), "seal", places, worst),
                curve(
                    say("中位", "median"),
                    "celadon",
                    places,
                    [finite(float(v)) for v in film.conditions.median[::-1]],
                ),
            ],
        },
    }


def inversion_block(found: Inversion, lines: Sequence[str]) -> Block:
    """Fixed-point iterates of the last block as moving points, with errors against the bound."""
    places = list(range(len(found.errors)))
    curves = [
        curve(say("整个网络", "whole network"), "indigo", places, _heights(found.whole_errors)),
        curve(say("最后一块", "last block"), "seal", places, _heights(found.errors)),
    ]
    if math.isfinite(found.bounds[0]):
        curves.insert(
            0,
            curve(say("理论上界", "bound"), "soft", places, _heights(found.bounds), dash=True),
        )
    return {
        "kind": "drift",
        "title": say("不动点求逆", "Inverting by a fixed point"),
        "hint": say(
            "红点是迭代值，圈是真值；拖动滑块",
            "dots are iterates, circles the truth; drag the slider",
        ),
        "alt": say(
            f"{len(found.errors) - 1} 次迭代后误差 {found.errors[-1]:.1e}。",
            f"After {len(found.errors) - 1} iterations the error is {found.errors[-1]:.1e}.",
        ),
        "reach": density_lab.window(found.targets),
        "labels": [say(f"第 {n} 次迭代", f"iteration {n}") for n in places],
        "start": 1,
        "at": places,
        "curveTitle": say(
            "最大误差（数据标准差为单位）", "largest error, in units of the data's spread"
        ),
        "xlabel": say("迭代次数 n", "iterations n"),
        "ylabel": say("误差", "error"),
        "log": True,
        "trails": 60,
        "lines": list(lines),
        "r": {
            "points": packed_points(found.iterates.clip(-1e4, 1e4), FILM_SPAN),
            "targets": packed_points(found.targets, FILM_SPAN),
            "curves": curves,
        },
    }


def langevin_block(
    walk: Langevin, moment: Moment, *, title: str, hint: str, lines: Sequence[str]
) -> Block:
    """Samples that walk on the energy surface, with their mean energy."""
    steps = len(walk.energy) - 1
    shown = thinned(range(steps + 1), 40)
    return {
        "kind": "drift",
        "title": title,
        "hint": hint,
        "alt": say(
            f"{steps} 步 Langevin，平均能量从 {walk.energy[0]:.2f} 到 {walk.energy[-1]:.2f}。",
            f"{steps} Langevin steps, mean energy from {walk.energy[0]:.2f} to "
            f"{walk.energy[-1]:.2f}.",
        ),
        "reach": 4,
        "labels": [say(f"第 {n} 步", f"step {n}") for n in shown],
        "start": len(shown) - 1,
        "at": shown,
        "curveTitle": say("平均能量（nats）", "mean energy, nats"),
        "xlabel": say("Langevin 步", "Langevin steps"),
        "ylabel": "U",
        "log": False,
        "trails": 30,
        "span": DENSITY_SPAN,
        "resolution": density_lab.RESOLUTION,
        "lines": list(lines),
        "r": {
            "points": packed_points(walk.paths[shown].clip(-1e4, 1e4), FILM_SPAN),
            "density": packed_levels(moment.log_density, DENSITY_SPAN),
            "curves": [
                curve("", "seal", list(range(steps + 1)), _heights(walk.energy)),
            ],
        },
    }


# -- curves ---------------------------------------------------------------------------------------------


def curve(
    label: str,
    colour: str,
    x: Sequence[float],
    y: Sequence[float | None],
    *,
    dash: bool = False,
) -> Curve:
    """One line of a chart."""
    return {"label": label, "colour": colour, "x": list(x), "y": list(y), "dash": dash}


def _heights(values: Any) -> list[float | None]:
    return [finite(float(value)) for value in values]
