"""Small parts of plots: lines with their name at the end, round axis ends, short numbers."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from demos._outcome import Block

POWERS = {"exponentformat": "power", "dtick": 4}  # ticks of a logarithmic axis over many decades


def line(
    x: Sequence[float],
    y: Sequence[float | None],
    colour: str,
    label: str = "",
    *,
    mode: str = "lines",
    dash: str = "solid",
    width: float = 2,
    place: str = "middle right",
    **more: Any,
) -> Block:
    """A trace in one of the page's colours; a label is written at its last point."""
    last = max((i for i, value in enumerate(y) if value is not None), default=0)
    texts = [label if i == last else "" for i in range(len(x))]
    return {
        "type": "scatter",
        "mode": f"{mode}+text" if label else mode,
        "x": list(x),
        "y": list(y),
        **({"text": texts, "textposition": place, "textfont": {"color": colour}} if label else {}),
        "cliponaxis": False,
        "line": {"color": colour, "width": width, "dash": dash},
        "marker": {"color": colour, "size": 6},
        "hovertemplate": f"{label}: %{{x:.4g}}, %{{y:.4g}}<extra></extra>",
        **more,
    }


def note(text: str, x: float, y: float, colour: str = "soft", **more: Any) -> Block:
    """A text on the plot at fractions of its width and height."""
    return {
        "text": text,
        "xref": "paper",
        "yref": "paper",
        "x": x,
        "y": y,
        "showarrow": False,
        "font": {"color": colour},
        **more,
    }


def beside(
    labels: Iterable[tuple[str, str, float]], x: float, anchor: str, gap: float = 0.075
) -> list[Block]:
    """Texts beside an axis, each `(text, colour, height from 0 to 1)`, moved apart where they touch."""
    placed = []
    last = -1.0
    for text, colour, height in sorted(labels, key=lambda label: label[2]):
        last = max(min(height, 1.0), last + gap)
        placed.append(note(text, x, last, colour, xanchor=anchor, yanchor="middle"))
    return placed


def margins(right: int, *, left: int = 58, top: int = 10, bottom: int = 44) -> dict[str, int]:
    """Room around a plot in pixels; names of lines stand at the right."""
    return {"l": left, "r": right, "t": top, "b": bottom}


def short(value: float) -> float:
    """Six digits."""
    return float(f"{value:.6g}")


def shorts(values: Iterable[float]) -> list[float]:
    """Six digits each."""
    return [short(float(value)) for value in values]


def round_up(value: float) -> float:
    """The next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten."""
    if not value > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    steps = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
    return float(f"{power * next(s for s in steps if s * power >= value * (1 - 1e-9)):.3g}")
