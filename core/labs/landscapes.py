"""Loss landscapes over the plane: presets and formulas that a visitor types, with exact slopes."""

from dataclasses import dataclass

import numpy as np

from core.errors import InputError
from core.labs import _inputs, formula
from core.labs._inputs import Array

Box = tuple[float, float, float, float]  # x from, x to, y from, y to

MAX_COORDINATE = 100.0  # of boxes and starting points


@dataclass(frozen=True)
class Preset:
    """A named landscape with a window, a start and a learning rate that show something."""

    text: str
    box: Box
    start: tuple[float, float]
    rate: float
    en: str
    zh: str


PRESETS: dict[str, Preset] = {
    "bowl": Preset("(x^2 + y^2)/2", (-3, 3, -3, 3), (-2.4, 1.6), 0.1, "round bowl", "圆碗"),
    "valley": Preset(
        "(x^2 + 20y^2)/4", (-3, 3, -2, 2), (-2.6, 1.2), 0.09, "narrow valley", "狭长山谷"
    ),
    "double-well": Preset(
        "(x^2 - 1)^2 + y^2/2", (-2.2, 2.2, -3, 3), (-1.6, 1.5), 0.03, "double well", "双阱"
    ),
    "tilted-wells": Preset(
        "(x^2 - 1)^2 + 0.4x + y^2",
        (-2.2, 2.2, -2.4, 2.4),
        (1.7, 1.2),
        0.03,
        "tilted wells",
        "斜双阱",
    ),
    "four-wells": Preset(
        "(x^2 - 1)^2 + (y^2 - 1)^2 + 0.3x*y",
        (-2.2, 2.2, -2.2, 2.2),
        (0.2, 1.8),
        0.03,
        "four wells",
        "四阱",
    ),
    "himmelblau": Preset(
        "((x^2 + y - 11)^2 + (x + y^2 - 7)^2)/40",
        (-5.5, 5.5, -5.5, 5.5),
        (0.3, -0.8),
        0.2,
        "Himmelblau's four valleys",
        "Himmelblau 四谷",
    ),
    "rosenbrock": Preset(
        "((1 - x)^2 + 20(y - x^2)^2)/4",
        (-2, 2, -1, 3),
        (-1.6, 2.4),
        0.008,
        "Rosenbrock's banana",
        "Rosenbrock 香蕉谷",
    ),
    "two-layers": Preset(
        "(x*y - 1)^2/2",
        (-0.5, 4, -0.5, 4),
        (3.6, 0.1),
        0.12,
        "two-layer linear network",
        "两层线性网络",
    ),
    "saddle": Preset(
        "x^4/4 - x^2/2 + y^2/2", (-2, 2, -2, 2), (0.001, 1.7), 0.1, "saddle between wells", "鞍点"
    ),
    "ripples": Preset(
        "(x^2 + y^2)/8 + sin(3x)*sin(3y)/2",
        (-4, 4, -4, 4),
        (-3.3, 2.9),
        0.08,
        "bowl with ripples",
        "带波纹的碗",
    ),
}


@dataclass(frozen=True)
class Landscape:
    """A function L(x, y) with its window; points are arrays of shape `(..., 2)`."""

    formula: formula.Formula
    box: Box

    def value(self, points: Array) -> Array:
        """L, shape `(...)`."""
        return self.formula.value(points[..., 0], points[..., 1])

    def gradient(self, points: Array) -> Array:
        """The gradient of L, shape `(..., 2)`."""
        return np.moveaxis(self.formula.gradient(points[..., 0], points[..., 1]), 0, -1)

    def hessian(self, points: Array) -> Array:
        """The Hessian of L, shape `(..., 2, 2)`."""
        hessian = self.formula.hessian(points[..., 0], points[..., 1])
        return np.moveaxis(hessian, (0, 1), (-2, -1))


@dataclass(frozen=True)
class Surface:
    """Heights for a picture; `values[row, column]` belongs to `(x[column], y[row])`."""

    x: Array
    y: Array
    values: Array  # nan where L is undefined
    latex: str


@dataclass(frozen=True)
class Minimum:
    """An isolated local minimum."""

    point: tuple[float, float]
    loss: float
    curvatures: tuple[float, float]  # eigenvalues of the Hessian, ascending, both positive


def landscape(text: str, box: Box | None = None) -> Landscape:
    """The preset called `text`, or the formula `text` in x and y, seen through `box`.

    Raises `InputError` for a formula that cannot be read or is undefined throughout its window, and
    for an empty or far-away window.
    """
    preset = PRESETS.get(text)
    parsed = formula.parse(preset.text if preset else text, ("x", "y"))
    found = Landscape(
        parsed, _checked_box(box if box else preset.box if preset else (-3, 3, -3, 3))
    )
    x, y = _axes(found.box, 9)
    if not np.isfinite(found.value(np.stack(np.meshgrid(x, y), axis=-1))).any():
        raise InputError(
            en=f"{text:.60} has no finite value in the window {found.box}. "
            f"Move the window or change the formula.",
            zh=f"{text:.60} 在窗口 {found.box} 内没有有限的值，请移动窗口或修改公式。",
        )
    return found


def surface(text: str, box: Box | None = None, *, resolution: int = 96) -> Surface:
    """Heights on a grid of `resolution` by `resolution` points."""
    resolution = _inputs.integer("resolution", resolution, 2, 400, zh="分辨率")
    found = landscape(text, box)
    x, y = _axes(found.box, resolution)
    values = found.value(np.stack(np.meshgrid(x, y), axis=-1))
    return Surface(x, y, np.where(np.isfinite(values), values, np.nan), found.formula.latex())


def minima(text: str, box: Box | None = None) -> tuple[Minimum, ...]:
    """Isolated minima inside the window, lowest first; none where the bottom is a curve.

    Newton's method from the grid points that are lower than their neighbours. Minima closer
    together than a grid cell (1/60 of the window) may be missed.
    """
    found = landscape(text, box)
    x, y = _axes(found.box, 61)
    points = np.stack(np.meshgrid(x, y), axis=-1)
    values = np.nan_to_num(found.value(points), nan=np.inf)
    inner = values[1:-1, 1:-1]
    lowest = np.ones(inner.shape, dtype=bool)
    for i in range(3):
        for j in range(3):
            if (i, j) != (1, 1):
                lowest &= inner <= values[i : i + 59, j : j + 59]
    near = points[1:-1, 1:-1][lowest][:400]
    seen: list[Minimum] = []
    cell = np.array([x[1] - x[0], y[1] - y[0]])
    for start in near:
        settled = _newton(found, start, cell)
        if settled is not None and all(
            np.hypot(*np.subtract(settled.point, other.point)) > 1e-4 * cell.max() for other in seen
        ):
            seen.append(settled)
    return tuple(sorted(seen, key=lambda minimum: minimum.loss))


def _newton(found: Landscape, start: Array, cell: Array) -> Minimum | None:
    """The minimum within two cells of a point, if there is one with positive curvatures."""
    point = start
    for _ in range(30):
        slope, hessian = found.gradient(point), found.hessian(point)
        if not np.isfinite(hessian).all() or abs(np.linalg.det(hessian)) < 1e-12:
            return None
        step = np.linalg.solve(hessian, slope)
        point = point - step
        if (np.abs(point - start) > 2 * cell).any():
            return None
        if np.abs(step).max() < 1e-13 * (1 + np.abs(point).max()):
            break
    curvatures = np.linalg.eigvalsh(found.hessian(point))
    if curvatures[0] < 1e-6 * max(1.0, curvatures[1]):
        return None
    low, high = float(curvatures[0]), float(curvatures[1])
    return Minimum((float(point[0]), float(point[1])), float(found.value(point)), (low, high))


def checked_start(start: tuple[float, float]) -> Array:
    """A starting point as an array, shape `(2,)`."""
    bounds = (-MAX_COORDINATE, MAX_COORDINATE)
    return _inputs.vector("start", start, sizes=(2, 2), bounds=bounds, zh="起点")


def _checked_box(box: Box) -> Box:
    bounds = (-MAX_COORDINATE, MAX_COORDINATE)
    x0, x1, y0, y1 = _inputs.vector("window", box, sizes=(4, 4), bounds=bounds, zh="窗口")
    if x1 - x0 < 1e-3 or y1 - y0 < 1e-3:
        raise InputError(
            en=f"The window {box} is empty. Give (x from, x to, y from, y to) with from < to.",
            zh=f"窗口 {box} 是空的，请按（x 起, x 止, y 起, y 止）给出，且起小于止。",
        )
    return float(x0), float(x1), float(y0), float(y1)


def _axes(box: Box, resolution: int) -> tuple[Array, Array]:
    return np.linspace(box[0], box[1], resolution), np.linspace(box[2], box[3], resolution)
