"""Gradient methods against the equations and the densities they stand for."""

import numpy as np
import pytest

from core.errors import InputError
from core.labs import formula, landscapes, sgd_dynamics


@pytest.mark.parametrize("name", landscapes.PRESETS)
def test_every_preset_runs_and_goes_down(name: str) -> None:
    preset = landscapes.PRESETS[name]
    result = sgd_dynamics.race(name, preset.start, rate=preset.rate, steps=150, noise=0.1)
    assert [p.method for p in result.paths] == list(sgd_dynamics.METHODS)
    for path in result.paths:
        assert path.points.shape == (151, 2)
        assert path.diverged_at is None
        assert path.loss[-1] < path.loss[0]
        np.testing.assert_array_equal(path.points[0], preset.start)
    assert landscapes.surface(name).values.shape == (96, 96)


def test_methods_on_a_parabola_follow_their_recurrences() -> None:
    """One dimension, curvature one: each update is two lines of arithmetic."""
    rate, beta, x0 = 0.1, 0.8, 2.0
    result = sgd_dynamics.race("x^2/2 + 0y", (x0, 0.0), rate=rate, momentum=beta, steps=30)
    paths = {p.method: p for p in result.paths}
    for method, look in {"momentum": 0.0, "half-nesterov": 0.5, "nesterov": 1.0}.items():
        x, v = x0, 0.0
        for step in range(1, 31):
            v = beta * v - rate * (x + look * beta * v)
            x = x + v
            assert paths[method].points[step, 0] == pytest.approx(x, abs=1e-12)
    steps = np.arange(31)
    np.testing.assert_allclose(paths["gd"].points[:, 0], x0 * (1 - rate) ** steps, rtol=1e-12)
    np.testing.assert_allclose(paths["flow"].points[:, 0], x0 * np.exp(-rate * steps), rtol=1e-6)
    np.testing.assert_array_equal(paths["gd"].points, paths["sgd"].points)  # no noise


def test_descent_and_momentum_converge_to_their_equations() -> None:
    """Halving the time step halves the distance at a fixed time, for both equations."""
    gaps: dict[str, list[float]] = {"gd": [], "momentum": []}
    for halving in range(5):
        steps = 40 * 2**halving
        flow_rate = 1.0 / steps
        first = sgd_dynamics.race(
            "himmelblau", (0.3, -0.8), rate=flow_rate, steps=steps, methods=("gd", "flow")
        )
        h, friction = 3.0 / steps, 1.3
        alpha = h**2 / (1 + friction * h / 2)
        beta = (1 - friction * h / 2) / (1 + friction * h / 2)
        second = sgd_dynamics.race(
            "himmelblau",
            (0.3, -0.8),
            rate=alpha,
            momentum=beta,
            steps=steps,
            methods=("momentum", "momentum-flow"),
        )
        assert second.time_step == pytest.approx(h)
        assert second.friction == pytest.approx(friction)
        for method, result in (("gd", first), ("momentum", second)):
            a, b = (p.points[-1] for p in result.paths)
            gaps[method].append(float(np.linalg.norm(a - b)))
    for method in gaps:
        slope = np.polyfit(np.arange(5), np.log2(gaps[method]), 1)[0]
        assert slope == pytest.approx(-1, abs=0.15), method


def test_energy_of_the_momentum_flow_falls() -> None:
    result = sgd_dynamics.race("four-wells", (0.2, 1.8), rate=0.01, methods=("momentum-flow",))
    assert (np.diff(result.paths[0].energy) < 1e-6).all()


def test_noise_is_seeded() -> None:
    runs = [
        sgd_dynamics.race("bowl", (1, 1), noise=1, methods=("sgd",), seed=s).paths[0].points
        for s in (3, 3, 4)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_divergence_is_reported_and_ends_in_nan() -> None:
    path = sgd_dynamics.race("valley", (-2, 1), rate=1.0, methods=("gd",)).paths[0]
    assert path.diverged_at is not None
    assert np.isnan(path.points[path.diverged_at :]).all()
    assert np.isfinite(path.points[: path.diverged_at]).all()
    runaway = sgd_dynamics.race("-x^2-y^2", (1, 1), rate=0.1, methods=("flow",)).paths[0]
    assert runaway.diverged_at is not None


@pytest.mark.parametrize("method", sgd_dynamics.LOOK_AHEAD)
def test_stability_map_is_the_spectral_radius(method: str) -> None:
    found = sgd_dynamics.stability_map(method, resolution=40)
    look = sgd_dynamics.LOOK_AHEAD[method]
    for i in range(0, 40, 7):
        for j in range(0, 40, 3):
            a, b = found.rate_curvature[j], found.momentum[i]
            step = np.array([[b * (1 - look * a), -a], [b * (1 - look * a), 1 - a]])
            assert found.radius[i, j] == pytest.approx(
                np.abs(np.linalg.eigvals(step)).max(), abs=1e-7
            )
            if abs(a - found.limit[i]) > 1e-9:
                assert (found.radius[i, j] < 1) == (a < found.limit[i])


def test_stability_map_predicts_runs() -> None:
    found = sgd_dynamics.stability_map("nesterov", resolution=8)
    for i, beta in enumerate(found.momentum):
        for j, rate in enumerate(found.rate_curvature):
            if abs(found.radius[i, j] - 1) > 0.05:
                run = sgd_dynamics.race(
                    "x^2/2+y^2/2",
                    (1, 0),
                    rate=rate,
                    momentum=beta,
                    steps=300,
                    methods=("nesterov",),
                )
                last = run.paths[0].points[-1, 0]
                assert (abs(last) < 1) == (found.radius[i, j] < 1)


def test_outcome_map_agrees_with_single_runs() -> None:
    found = sgd_dynamics.outcome_map("himmelblau", (0.3, -0.8), steps=50, resolution=8)
    for i, j in ((0, 0), (3, 4), (7, 5)):
        single = sgd_dynamics.race(
            "himmelblau",
            (0.3, -0.8),
            rate=found.rates[j],
            momentum=found.momentum[i],
            steps=50,
            methods=("momentum",),
        )
        assert single.paths[0].loss[-1] == pytest.approx(found.loss[i, j], nan_ok=True)
    assert np.isnan(found.loss[:, -1]).any()


def test_temperature_is_the_post_s_sigma_squared() -> None:
    """SGD with gradient noise s on a parabola: variance rate s^2 / (2 - rate), near sigma^2."""
    rate, noise = 0.05, 3.0
    path = sgd_dynamics.race(
        "bowl", (0, 0), rate=rate, noise=noise, steps=2000, methods=("sgd",), seed=1
    )
    seen = path.paths[0].points[200:]
    assert path.temperature == pytest.approx(rate * noise**2 / 2)
    assert seen.var() == pytest.approx(path.temperature / (1 - rate / 2), rel=0.1)


def test_momentum_heats() -> None:
    """Stationary variance on a parabola of curvature one, in closed form and near sigma^2."""
    rate, beta, noise = 0.02, 0.8, 2.0
    found = sgd_dynamics.race(
        "bowl",
        (0, 0),
        rate=rate,
        momentum=beta,
        noise=noise,
        steps=2000,
        methods=("sgd-momentum",),
        seed=2,
    )
    assert found.momentum_temperature == pytest.approx(5 * found.temperature)
    # v' = beta v - rate (x + s xi), x' = x + v': a linear recurrence with a covariance equation.
    step = np.array([[beta, -rate], [beta, 1 - rate]])
    kick = (rate * noise) ** 2 * np.ones((2, 2))
    covariance = np.linalg.solve(np.eye(4) - np.kron(step, step), kick.ravel()).reshape(2, 2)
    assert found.momentum_temperature == pytest.approx(covariance[1, 1], rel=0.01)
    seen = found.paths[0].points[200:]
    assert seen.var() == pytest.approx(covariance[1, 1], rel=0.15)


def test_retuning_keeps_the_friction() -> None:
    for ratio in (0.5, 0.25, 0.1):
        found = sgd_dynamics.retune(0.01, 0.9, ratio)
        kept = sgd_dynamics.inertia(0.01 * ratio, found.exact)
        assert kept.friction == pytest.approx(found.friction_before, rel=1e-12)
        assert found.momentum == pytest.approx(found.exact, abs=1e-3)
        assert found.friction_after == pytest.approx(found.friction_before, rel=0.03)
        assert found.friction_untuned > 1.3 * found.friction_before


def test_retuned_descent_stays_with_its_equation() -> None:
    """After a cut to a tenth, the retuned momentum follows the old equation, the old one does not."""
    found = sgd_dynamics.retuned_race("valley", (-2.6, 1.2), rate=0.02, ratio=0.1, steps=100)
    gap = {
        name: float(np.linalg.norm(getattr(found, name) - found.flow, axis=1).max())
        for name in ("before", "untuned", "retuned")
    }
    assert gap["retuned"] < 0.5 * gap["before"] < 0.2 * gap["untuned"]
    assert found.steps_after == pytest.approx(100 / np.sqrt(0.1), rel=0.02)
    same = sgd_dynamics.retuned_race("valley", (-2.6, 1.2), ratio=1.0)
    np.testing.assert_allclose(same.retuned, same.before, atol=1e-9)


def test_curvatures() -> None:
    np.testing.assert_allclose(sgd_dynamics.curvatures("valley", (1, 1)), [0.5, 10.0])


@pytest.mark.parametrize(
    "call",
    [
        lambda: sgd_dynamics.race("bowl", (1, 2, 3)),
        lambda: sgd_dynamics.race("bowl", ("a", 1)),
        lambda: sgd_dynamics.race("bowl", (1e9, 0)),
        lambda: sgd_dynamics.race("bowl", (1, 1), rate=float("nan")),
        lambda: sgd_dynamics.race("bowl", (1, 1), rate=-1),
        lambda: sgd_dynamics.race("bowl", (1, 1), momentum=1.0),
        lambda: sgd_dynamics.race("bowl", (1, 1), steps=10**9),
        lambda: sgd_dynamics.race("bowl", (1, 1), steps=2.5),
        lambda: sgd_dynamics.race("bowl", (1, 1), methods=("adam",)),
        lambda: sgd_dynamics.race("bowl", (1, 1), seed=-1),
        lambda: sgd_dynamics.race("log(-1-x^2)", (1, 1)),
        lambda: sgd_dynamics.race("1e6*x^2+y^2", (1, 1), rate=10, steps=2000),
        lambda: sgd_dynamics.race("bowl", (1, 1), box=(1, 1, 0, 2)),
        lambda: sgd_dynamics.retune(0.01, 0.5, 1000),
        lambda: sgd_dynamics.retuned_race("bowl", (1, 1), ratio=2),
        lambda: sgd_dynamics.temperature(0.1, 1.0, 1.0),
        lambda: sgd_dynamics.stability_map("adam"),
        lambda: landscapes.surface("bowl", resolution=10_000),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")


def test_preset_formulas_are_formulas() -> None:
    for preset in landscapes.PRESETS.values():
        assert formula.parse(preset.text).latex()
