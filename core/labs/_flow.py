"""Solutions of autonomous differential equations, sampled at given times."""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from core.errors import InputError
from core.labs._inputs import Array

MAX_EVALUATIONS = 40_000  # of the right-hand side: about a second


Slope: TypeAlias = Array | list[float]


class _TooStiff(Exception):
    pass


def integrate(
    field: Callable[[Array], Slope],
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
    from scipy.integrate import ode

    evaluations = 0

    still = [0.0] * len(start)

    def counted(_: float, y: Array) -> Slope:
        nonlocal evaluations
        evaluations += 1
        if evaluations > MAX_EVALUATIONS:
            raise _TooStiff
        values = y.tolist()  # a few numbers: plain floats are faster than arrays
        if max(values) > horizon or min(values) < -horizon:
            return still  # it stays where it left, and is cut off below
        slope = field(y)
        # Where the equation is undefined it stands still.
        return slope if math.isfinite(sum(slope)) else still

    # Compiled, and so twice as fast as the solvers that are written in Python.
    solver = ode(counted).set_integrator(
        "dop853", rtol=tolerance, atol=tolerance * 1e-2, nsteps=10**9
    )
    solver.set_initial_value(start, 0.0)
    path = np.full((len(times), len(start)), np.nan)
    try:
        for row, time in zip(path, times, strict=True):
            y = solver.integrate(time) if time > 0 else start
            if not np.abs(y).max() < horizon:
                break
            if not solver.successful():
                raise _TooStiff
            row[:] = y
    except (_TooStiff, UserWarning):  # the solver warns when it finds the equation stiff
        raise InputError(
            en=f"The differential equation takes more than {MAX_EVALUATIONS} evaluations up to "
            f"time {times[-1]:.4g}. Choose a shorter time, fewer steps or a gentler landscape.",
            zh=f"到时刻 {times[-1]:.4g} 为止微分方程要算 {MAX_EVALUATIONS} 次以上，"
            "请缩短时间、减少步数或换平缓些的地形。",
        ) from None
    return path
