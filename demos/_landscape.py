"""Widgets and pictures that the tabs about descents share: choose a landscape, race paths over it."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import gradio as gr
import numpy as np

from core.labs import landscapes
from core.labs.landscapes import PRESETS, Box, Minimum
from demos._outcome import Block
from demos._tab import Scene
from demos._words import say, unmark

Preset = Literal[
    "bowl",
    "valley",
    "double-well",
    "tilted-wells",
    "four-wells",
    "himmelblau",
    "rosenbrock",
    "two-layers",
    "saddle",
    "ripples",
]

CHOICES = [(say(preset.zh, preset.en), name) for name, preset in PRESETS.items()]
RESOLUTION = 61  # of the surface sent to the page: 3,721 numbers
CONTOURS = 15


# -- which landscape --------------------------------------------------------------------------------


def choose_landscape(scene: Scene, value: str = "valley", only: Sequence[str] = ()) -> None:
    """Inputs `landscape` and `formula`; a formula replaces the preset."""
    shown = [(title, name) for title, name in CHOICES if not only or name in only]
    scene.input("landscape", gr.Dropdown(shown, value=value, label=say("地形", "Landscape")))
    scene.input(
        "formula",
        gr.Textbox(
            "",
            label=say("自己的公式 L(x, y)（代替地形）", "Own formula L(x, y), instead"),
            placeholder="x^2 + 3y^2 + sin(3x)",
            max_length=300,
        ),
    )


def choose_start(scene: Scene, x: float, y: float) -> None:
    """Inputs `x`, `y` and `window`, for `scene.more()`: the picture sets the first two as well."""
    with gr.Row():
        scene.input("x", gr.Number(x, label=say("起点 x", "Start x"), min_width=0))
        scene.input("y", gr.Number(y, label=say("起点 y", "Start y"), min_width=0))
    choose_window(scene)


def choose_window(scene: Scene) -> None:
    """Input `window`: half the width of the picture for own formulas."""
    scene.input(
        "window",
        gr.Slider(
            0.5,
            10,
            value=3,
            step=0.5,
            label=say("自己公式的窗口 ±", "Window of an own formula ±"),
        ),
    )


def follow_presets(scene: Scene, presets: Mapping[str, Mapping[str, Any]]) -> None:
    """Choosing a preset sets the inputs that suit it, and runs; call after `scene.show()`."""
    names = json.dumps(list(scene.inputs))
    values = json.dumps(presets)
    stage = f"#stage-{scene.tab.slug}-{scene.name} .stage"
    js = f"""(...values) => {{
      const inputs = Object.fromEntries({names}.map((name, i) => [name, values[i]]));
      Object.assign(inputs, {{ formula: "" }}, {values}[inputs.landscape]);
      document.querySelector("{stage}")?.gallery?.restore(inputs);
      return [];
    }}"""
    landscape = scene.inputs["landscape"]
    landscape.input(  # type: ignore[attr-defined]
        None, list(scene.inputs.values()), None, js=js, api_visibility="private"
    )


def chosen(landscape: str, formula: str, window: float) -> tuple[str, Box | None]:
    """The library's `text` and `box` for the inputs; presets have windows of their own."""
    typed = formula.strip()
    return (typed, (-window, window, -window, window)) if typed else (landscape, None)


def cleaned(value: Any) -> dict[str, Any]:
    """All inputs as a block sends them, the typed formula without marks of its own."""
    given = dict(value)
    return given | {"formula": unmark(str(given["formula"]))}


def box_of(text: str, box: Box | None) -> Box:
    """The window that is shown."""
    return box or PRESETS[text].box


def latex_of(text: str, box: Box | None) -> str:
    """The landscape's formula for `formula()`."""
    return "L(x,y) = " + landscapes.landscape(text, box).formula.latex()


@lru_cache(maxsize=64)
def minima_of(text: str, box: Box | None) -> tuple[Minimum, ...]:
    """Minima inside the window; kept, because a drag asks for them again and again."""
    return landscapes.minima(text, box)


def lowest(text: str, box: Box | None, *losses: Any) -> float:
    """The smallest loss known: of the minima, or of the paths when the landscape has none."""
    seen = [m.loss for m in minima_of(text, box)]
    seen += [float(np.nanmin(loss)) for loss in losses if np.isfinite(loss).any()]
    return min(seen, default=0.0)


# -- the block ----------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def ground(text: str, box: Box | None) -> Block:
    """The surface of a race block: heights to four digits, and where its contours run."""
    surface = landscapes.surface(text, box, resolution=RESOLUTION)
    return relief(f"{text} {box}", surface.values)


def relief(key: str, values: Any) -> Block:
    """The surface of a race block from heights `(y, x)`; contours are denser near the bottom."""
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(np.quantile(finite, 0.97))
    levels = low + (high - low) * (np.arange(1, CONTOURS + 1) / CONTOURS) ** 2
    return {
        "key": key,
        "values": [significant(row, 4) for row in values],
        "levels": significant(levels, 6),
    }


def path(
    name: str,
    label: str,
    colour: str,
    points: Any,
    values: Mapping[str, Any],
    *,
    dash: bool = False,
    hidden: bool = False,
    note: str = "",
) -> Block:
    """One competitor of a race: `points` (steps + 1, 2) and its quantities by chart."""
    return {
        "id": name,
        "label": label,
        "colour": colour,
        "dash": dash,
        "hidden": hidden,
        "note": note,
        "x": significant(points[:, 0], 5),
        "y": significant(points[:, 1], 5),
        "values": {key: significant(value, 4) for key, value in values.items()},
    }


def race(
    text: str,
    box: Box | None,
    paths: Sequence[Block],
    charts: Sequence[Block],
    *,
    start: tuple[float, float],
    title: str,
    hint: str,
    alt: str,
    clock: str = say("步", "step"),
    zoomed: bool = False,
) -> Block:
    """A race over a landscape whose start can be dragged; sets the inputs `x` and `y`."""
    return {
        "kind": "race",
        "title": title,
        "hint": hint,
        "alt": alt,
        "box": list(box_of(text, box)),
        "surface": ground(text, box),
        "marks": [{"x": m.point[0], "y": m.point[1]} for m in minima_of(text, box)[:30]],
        "paths": list(paths),
        "charts": list(charts),
        "start": list(start),
        "zoomed": zoomed,
        "drag": {"names": ["x", "y"], "map": [[1, 0, 0], [0, 1, 0]], "digits": 3},
        "clock": {"label": clock},
    }


def chart(name: str, label: str, *, log: bool = False) -> Block:
    """A quantity that the race shows over its steps."""
    return {"name": name, "label": label, "log": log}


# -- numbers and plots ------------------------------------------------------------------------------


def significant(values: Iterable[Any], digits: int) -> list[float | None]:
    """Numbers to so many digits; what is no number becomes null."""
    return [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in values]


def short(value: float, digits: int = 3) -> str:
    """A number for a sentence; words where it is none."""
    if not math.isfinite(value):
        return say("发散", "diverged")
    return f"{value:.{digits}g}"


def tex(value: float, digits: int = 3) -> str:
    """A number for a formula."""
    if not math.isfinite(value):
        return r"\infty"
    mantissa, _, exponent = f"{value:.{digits}g}".partition("e")
    return rf"{mantissa}\times10^{{{int(exponent)}}}" if exponent else mantissa


def line(
    x: Any,
    y: Any,
    colour: str,
    *,
    name: str = "",
    dash: str = "solid",
    width: float = 2,
    **more: Any,
) -> Block:
    """A Plotly line; its label is written at the last point when it has a name."""
    trace: Block = {
        "type": "scatter",
        "mode": "lines",
        "x": significant(x, 6),
        "y": significant(y, 6),
        "line": {"color": colour, "dash": dash, "width": width},
        "name": name,
        "hovertemplate": "%{x:.4g}, %{y:.4g}<extra>" + name + "</extra>",
    }
    return trace | more


def note(text: str, x: float, y: float, colour: str = "soft", **more: Any) -> Block:
    """A label inside a plot, in data coordinates."""
    return {
        "text": text,
        "x": x,
        "y": y,
        "showarrow": False,
        "font": {"color": colour, "size": 12},
    } | more


def dots(x: Any, y: Any, colour: str, *, name: str = "", size: float = 8, **more: Any) -> Block:
    """Plotly markers."""
    trace: Block = {
        "type": "scatter",
        "mode": "markers",
        "x": significant(x, 6),
        "y": significant(y, 6),
        "marker": {"color": colour, "size": size, "line": {"color": "card", "width": 1}},
        "name": name,
        "hovertemplate": "%{x:.4g}, %{y:.4g}<extra>" + name + "</extra>",
    }
    return trace | more
