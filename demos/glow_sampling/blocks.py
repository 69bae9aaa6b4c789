"""Blocks that several scenes draw: rows of pictures, and the histogram of unseen pictures."""

from collections.abc import Sequence
from typing import Any

from core.pictures import Pictures
from demos._outcome import Block
from demos._words import say

BINS = 40


def part(pictures: Pictures, first: int, last: int | None = None) -> Pictures:
    """The pictures from `first` up to `last`, without that one; the first alone if left out."""
    return Pictures(pictures.pixels[first : first + 1 if last is None else last])


def rows(
    pictures: Pictures,
    names: Sequence[tuple[str, str]],
    *,
    captions: Sequence[str] | None = None,
    title: str,
    hint: str = "",
    alt: str,
) -> Block:
    """Pictures row after row, each row with a name and a note."""
    columns = len(pictures) // len(names)
    return {
        "kind": "rows",
        "title": title,
        "hint": hint,
        "alt": alt,
        "rows": [{"name": name, "note": note} for name, note in names],
        "count": len(pictures),
        "columns": columns,
        "size": pictures.pixels.shape[-1],
        "captions": list(captions) if captions is not None else None,
        "r": {"sprite": pictures.sprite(columns)},  # its last digits differ between processors
    }


def histogram(unseen: Sequence[float], marks: Sequence[tuple[float, str, str]]) -> Block:
    """Bits per dimension of unseen pictures, and where some pictures lie: place, name, colour.

    A picture far outside stands at the rim, with an arrow.
    """
    low, high = min(unseen), max(unseen)
    reach = (low - 0.6 * (high - low), high + 0.6 * (high - low))
    step = max((high - low) / BINS, 1e-6)
    counts = [0] * BINS
    for bits in unseen:
        counts[min(BINS - 1, int((bits - low) / step))] += 1
    top = max(counts)
    shapes: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    for i, (place, name, colour) in enumerate(marks):
        height = top * (1.08 + 0.16 * (i % 3))
        label = f"{name} {place:.2f}"
        if place < reach[0]:
            place, label = reach[0], "← " + label
        elif place > reach[1]:
            place, label = reach[1], label + " →"
        side = "left" if place < reach[0] + 0.2 else "right" if place > reach[1] - 0.2 else "center"
        shapes.append({"type": "line", "x0": place, "x1": place, "y0": 0, "y1": height,
                       "line": {"color": colour, "width": 1.6}})  # fmt: skip
        labels.append({"x": place, "y": height, "text": label, "showarrow": False, "xanchor": side,
                       "yshift": 9, "font": {"color": colour, "size": 12}})  # fmt: skip
    places = [place for place, _, _ in marks]
    return {
        "kind": "plot",
        "title": say("在没见过的脸中间", "Among unseen faces"),
        "hint": say(
            f"{len(unseen)} 张没训练过的脸的比特/维", f"bits/dim of {len(unseen)} held-out faces"
        ),
        "height": 240,
        "alt": say(
            f"没见过的脸在 {low:.2f} 到 {high:.2f} 比特/维之间；这里的图在 "
            f"{min(places):.2f} 到 {max(places):.2f}。",
            f"Unseen faces take {low:.2f} to {high:.2f} bits/dim; the pictures here "
            f"{min(places):.2f} to {max(places):.2f}.",
        ),
        "figure": {
            "data": [
                {
                    "type": "bar",
                    "x": [round(low + (i + 0.5) * step, 4) for i in range(BINS)],
                    "y": counts,
                    "width": step,
                    "marker": {"color": "pale-celadon", "line": {"color": "celadon", "width": 0.6}},
                    "hovertemplate": say(
                        "%{x:.2f} 比特/维：%{y} 张<extra></extra>",
                        "%{x:.2f} bits/dim: %{y} faces<extra></extra>",
                    ),
                }
            ],
            "layout": {
                "bargap": 0,
                "xaxis": {
                    "title": {"text": say("比特/维", "bits/dim")},
                    "range": [reach[0] - 0.05, reach[1] + 0.05],
                },
                "yaxis": {"title": {"text": say("张数", "faces")}, "range": [0, top * 1.6]},
                "shapes": shapes,
                "annotations": labels,
            },
        },
    }
