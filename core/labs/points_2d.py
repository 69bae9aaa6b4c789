"""Point clouds in the plane to learn densities from, and grids to look at the densities on.

All clouds fit into the window from -4 to 4.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array

MAX_POINTS = 20_000
MAX_OWN = 2000
WINDOW = 4.0
OWN_BLUR = 0.08  # standard deviation of the noise around a visitor's points
MODE_WIDTH = 0.12  # standard deviation of each of the 25 Gaussians
# Centres of the 25 Gaussians, shape (25, 2).
MODES: Array = np.stack(np.meshgrid(*[np.linspace(-3, 3, 5)] * 2), axis=-1).reshape(-1, 2)

Box = tuple[float, float, float, float]  # x from, x to, y from, y to
VIEW: Box = (-WINDOW, WINDOW, -WINDOW, WINDOW)


@dataclass(frozen=True)
class DensityMap:
    """Log-density on a grid; `values[row, column]` belongs to `(x[column], y[row])`."""

    x: Array
    y: Array
    values: Array  # nats per unit area; of a `volume_map` the log-determinant
    total: float  # integral of the density over the window


def cells(resolution: int, box: Box) -> tuple[Array, Array, Array, float]:
    """Centres x and y `(resolution,)`, all points `(resolution**2, 2)` row by row, a cell's area."""
    resolution = _inputs.integer("resolution", resolution, 2, 500, zh="分辨率")
    x0, x1, y0, y1 = _inputs.vector("window", box, sizes=(4, 4), bounds=(-100, 100), zh="窗口")
    if x0 >= x1 or y0 >= y1:
        raise InputError(
            en=f"The window {box} is empty. Give (x from, x to, y from, y to), from < to.",
            zh=f"窗口 {box} 是空的，请按（x 起, x 止, y 起, y 止）给出，且起小于止。",
        )
    middle = (np.arange(resolution) + 0.5) / resolution
    x, y = x0 + (x1 - x0) * middle, y0 + (y1 - y0) * middle
    grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return x, y, grid, float((x1 - x0) * (y1 - y0)) / resolution**2


def sample(
    name: str,
    count: int,
    rng: np.random.Generator,
    own: Sequence[tuple[float, float]] = (),
) -> Array:
    """`count` points `(count, 2)` of "moons", "rings", "spirals", "gaussians", "checkerboard".

    "own" draws from the points in `own`, each blurred a little.
    """
    kind = _inputs.choice("data", name, NAMES, zh="数据")
    count = _inputs.integer("number of points", count, 1, MAX_POINTS, zh="点数")
    if kind == "own":
        points = checked_own(own)
        picked = points[rng.integers(len(points), size=count)]
        blurred: Array = picked + OWN_BLUR * rng.standard_normal((count, 2))
        return blurred
    return _CLOUDS[kind](count, rng)


def checked_own(own: Sequence[tuple[float, float]]) -> Array:
    """A visitor's points as an array, shape `(n, 2)`; at least eight, all within the window."""
    try:
        points = np.asarray(own, dtype=np.float64)
    except (TypeError, ValueError):
        points = np.empty(0)
    if points.ndim != 2 or points.shape[1] != 2 or not 8 <= len(points) <= MAX_OWN:
        raise InputError(
            en=f"There are {len(points)} points of your own; 8 to {MAX_OWN} are needed. "
            f"Draw more on the picture or choose other data.",
            zh=f"现在有 {len(points)} 个自定义点，需要 8 到 {MAX_OWN} 个，请在图上多画几个或换数据。",
        )
    if not (np.abs(points) <= WINDOW).all():
        raise InputError(
            en=f"A point lies outside the window from -{WINDOW:g} to {WINDOW:g}. Move it inside.",
            zh=f"有点在 -{WINDOW:g} 到 {WINDOW:g} 的窗口之外，请移进来。",
        )
    return points


def parsed(text: str) -> tuple[tuple[float, float], ...]:
    """Points written as `x,y x,y ...`; line breaks and semicolons part them as well as spaces."""
    points = []
    for word in text.replace(";", " ").replace("，", ",").split()[: MAX_OWN + 1]:
        try:
            x, y = (float(part) for part in word.split(","))
        except ValueError:
            raise InputError(
                en=f"“{word[:20]}” is no point. Write points as x,y with spaces between, "
                "such as 1.2,0.5 -0.3,2.",
                zh=f"“{word[:20]}”不是一个点，请写成 x,y 并用空格隔开，例如 1.2,0.5 -0.3,2。",
            ) from None
        points.append((x, y))
    return tuple(points)


def _moons(count: int, rng: np.random.Generator) -> Array:
    upper = rng.random(count) < 0.5
    turn = np.pi * rng.random(count)
    x = np.where(upper, np.cos(turn), 1 - np.cos(turn))
    y = np.where(upper, np.sin(turn), 0.5 - np.sin(turn))
    points = np.stack([x - 0.5, y - 0.25], axis=1) * 1.9
    noisy: Array = points + 0.15 * rng.standard_normal((count, 2))
    return noisy


def _rings(count: int, rng: np.random.Generator) -> Array:
    radius = rng.choice([1.1, 2.8], size=count, p=[0.35, 0.65])
    turn = 2 * np.pi * rng.random(count)
    points = radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    noisy: Array = points + 0.12 * rng.standard_normal((count, 2))
    return noisy


def _spirals(count: int, rng: np.random.Generator) -> Array:
    along = np.sqrt(rng.random(count))  # evenly along the arms
    side = rng.choice([-1.0, 1.0], size=count)
    turn = 3.0 * np.pi * along
    points = (3.2 * along * side)[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    noisy: Array = points + 0.1 * rng.standard_normal((count, 2))
    return noisy


def _gaussians(count: int, rng: np.random.Generator) -> Array:
    centres = MODES[rng.integers(len(MODES), size=count)]
    return centres + MODE_WIDTH * rng.standard_normal((count, 2))


def _checkerboard(count: int, rng: np.random.Generator) -> Array:
    x = rng.uniform(-3.2, 3.2, count)
    column = np.floor((x + 3.2) / 1.6).astype(int)
    row = 2 * rng.integers(2, size=count) + column % 2
    return np.stack([x, -3.2 + 1.6 * (row + rng.random(count))], axis=1)


_CLOUDS: dict[str, Callable[[int, np.random.Generator], Array]] = {
    "moons": _moons,
    "rings": _rings,
    "spirals": _spirals,
    "gaussians": _gaussians,
    "checkerboard": _checkerboard,
}
NAMES = (*_CLOUDS, "own")
