"""Arrays packed for the page: bytes in base64, a tenth of what they would weigh as numbers in JSON."""

import math
from base64 import b64encode
from collections.abc import Sequence
from typing import Any


def packed_points(values: Any, span: float) -> str:
    """Coordinates as 16-bit integers between -span and span; what lies outside goes to the rim."""
    return _text((values.clip(-span, span) * (32767 / span)).round().astype("<i2"))


def packed_levels(values: Any, span: tuple[float, float]) -> str:
    """Numbers as bytes between the ends of `span`."""
    low, high = span
    return _text(((values.clip(low, high) - low) * (255 / (high - low))).round().astype("u1"))


def _text(array: Any) -> str:
    return b64encode(array.tobytes()).decode("ascii")


def thinned(items: Sequence[Any], most: int) -> list[Any]:
    """At most `most` of the items, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def finite(value: float) -> float | None:
    """A number for JSON with four significant digits; None if it is none."""
    return float(f"{value:.4g}") if math.isfinite(value) else None
