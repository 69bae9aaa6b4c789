"""Solutions of autonomous differential equations, sampled at given times."""

from collections.abc import Callable

import numpy as np

from core.errors import InputError
from core.labs._inputs import Array

MAX_EVALUATIONS = 40_000  # of the right-hand side: about a second


class _TooStiff(Exception):
    pass


def integrate(
    field: Callable[[Array], Array],
    start: Array,
    times: Array,
    *,
    horizon: float = 1e3,
    tolerance: float = 1e-9,
) -> Array:
    """The solution of dy/dt = field(y), y(0) = start, at increasing `times`, `(times, dimension)`.

    Dormand and Prince's method of order 8 with a relative `tolerance`. Once a component
    exceeds `horizon` or stops being a number the rows are nan. Raises `InputError` when the
    equation needs too many steps (too stiff, or too long a time).
    """
    from scipy.integrate import solve_ivp

    evaluations = 0

    def counted(_: float, y: Array) -> Array:
        nonlocal evaluations
        evaluations += 1
        if evaluations > MAX_EVALUATIONS:
            raise _TooStiff
        slope = field(y)
        return slope if np.isfinite(slope).all() else np.nan_to_num(slope, posinf=1e9, neginf=-1e9)

    def inside(_: float, y: Array) -> float:
        return horizon - float(np.abs(y).max())

    inside.terminal = True  # type: ignore[attr-defined]
    try:
        solution = solve_ivp(
            counted,
            (0.0, float(times[-1]) or 1e-300),
            start,
            method="DOP853",
            t_eval=times,
            events=inside,
            rtol=tolerance,
            atol=tolerance * 1e-2,
        )
    except _TooStiff:
        raise InputError(
            en=f"The differential equation takes more than {MAX_EVALUATIONS} evaluations up to "
            f"time {times[-1]:.4g}. Choose a shorter time, fewer steps or a gentler landscape.",
            zh=f"到时刻 {times[-1]:.4g} 为止微分方程要算 {MAX_EVALUATIONS} 次以上，"
            "请缩短时间、减少步数或换平缓些的地形。",
        ) from None
    path = np.full((len(times), len(start)), np.nan)
    path[: solution.y.shape[1]] = solution.y.T
    return path
