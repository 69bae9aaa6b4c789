"""Minima and heights of landscapes, against closed forms."""

import numpy as np
import pytest

from core.errors import InputError
from core.labs import landscapes


def test_minima_of_the_presets_are_stationary_and_curved() -> None:
    counts = {name: len(landscapes.minima(name)) for name in landscapes.PRESETS}
    assert counts["bowl"] == counts["valley"] == counts["rosenbrock"] == 1
    assert counts["double-well"] == counts["tilted-wells"] == counts["saddle"] == 2
    assert counts["four-wells"] == counts["himmelblau"] == 4
    assert counts["two-layers"] == 0  # its minima form a curve
    assert counts["ripples"] > 4
    for name in landscapes.PRESETS:
        land, found = landscapes.landscape(name), landscapes.minima(name)
        for minimum in found:
            np.testing.assert_allclose(land.gradient(np.array(minimum.point)), 0, atol=1e-10)
            assert 0 < minimum.curvatures[0] <= minimum.curvatures[1]
        assert [m.loss for m in found] == sorted(m.loss for m in found)


def test_minima_of_a_known_function() -> None:
    deep, shallow = landscapes.minima("himmelblau")[0], landscapes.minima("tilted-wells")
    assert deep.loss == pytest.approx(0, abs=1e-20)
    assert any(np.allclose(m.point, (3, 2), atol=1e-9) for m in landscapes.minima("himmelblau"))
    assert shallow[0].point[0] < 0 < shallow[1].point[0]
    (bottom,) = landscapes.minima("(x-0.3)^2 + 9*(y+0.7)^2")
    np.testing.assert_allclose(bottom.point, (0.3, -0.7), atol=1e-12)
    np.testing.assert_allclose(bottom.curvatures, (2, 18))


def test_landscapes_without_minima_have_none() -> None:
    for text in ("x", "x*y", "-x^2-y^2", "3", "log(x)+y"):
        assert landscapes.minima(text) == ()


def test_surface_marks_what_is_undefined() -> None:
    surface = landscapes.surface("log(x) + 0y", (-1, 1, -1, 1), resolution=21)
    assert np.isnan(surface.values[:, :11]).all()
    assert np.isfinite(surface.values[:, 11:]).all()
    with pytest.raises(InputError):
        landscapes.surface("log(-1-x^2)")
