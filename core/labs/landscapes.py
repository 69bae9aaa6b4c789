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

    def gradient_at(self, point: Array) -> Array:
        """The gradient at one point, shape `(2,)`; fast."""
        return np.array(self.formula.gradient_at(float(point[0]), float(point[1])))

    def pull_at(self, point: Array) -> Array:
        """Hessian times gradient at one point, shape `(2,)`: half the gradient of |grad L|^2."""
        x, y = float(point[0]), float(point[1])
        gx, gy = self.formula.gradient_at(x, y)
        xx, xy, _, yy = self.formula.hessian_at(x, y)
        return np.array([xx * gx + xy * gy, xy * gx + yy * gy])

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
