"""Runs at their milestones: the same whoever asks, in whatever order, and after forgetting."""

from collections.abc import Iterator

import numpy as np
import pytest

from core.errors import InputError
from core.labs import density_lab
from core.labs.density_lab import Moment, Settings
from core.labs.energy_2d import EnergySettings
from core.labs.flow_2d import FlowSettings
from tests import laws

FLOW = FlowSettings(depth=2, width=8, batch=32)
RESIDUAL = FlowSettings(model="i-resnet", depth=2, width=8, batch=32)
ENERGY = EnergySettings(width=8, batch=32)
ALL = pytest.mark.parametrize(
    "settings", [FLOW, RESIDUAL, ENERGY], ids=["flow", "residual", "energy"]
)


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    density_lab.forget()
    yield
    density_lab.forget()


def same(one: Moment, two: Moment) -> None:
    assert one.step == two.step and one.nll == two.nll
    for field in ("log_density", "samples", "codes", "grid"):
        np.testing.assert_array_equal(getattr(one, field), getattr(two, field))


def test_milestones_lie_closer_at_the_beginning() -> None:
    marks = density_lab.milestones(2000)
    gaps = np.diff(marks)
    assert marks[0] == 0 and marks[-1] == 2000 and (np.diff(gaps[:-1]) >= 0).all()
    assert density_lab.milestones(0) == [0]
    assert density_lab.milestones(37)[-2:] == [30, 37]
    for wrong in (-1, 2001, 1.5):
        with pytest.raises(InputError):
            density_lab.milestones(wrong)  # type: ignore[arg-type]


@ALL
def test_going_back_and_on_gives_what_one_long_run_gives(settings: Settings) -> None:
    straight = list(density_lab.moments(settings, 45))
    density_lab.forget()
    *_, early = density_lab.moments(settings, 12)  # 12 is no milestone of the long run
    *_, final = density_lab.moments(settings, 45)
    same(final, straight[-1])
    *_, again = density_lab.moments(settings, 12)
    same(again, early)
    assert final.losses.keys() == straight[-1].losses.keys()
    for name, values in final.losses.items():
        np.testing.assert_array_equal(values, straight[-1].losses[name])


def test_stopping_halfway_loses_nothing() -> None:
    stream = density_lab.moments(FLOW, 40)
    first = [next(stream) for _ in range(3)]
    stream.close()
    assert not density_lab.known(FLOW, 40)
    after = list(density_lab.moments(FLOW, 40))
    assert density_lab.known(FLOW, 40)
    assert [a is b for a, b in zip(first, after, strict=False)] == [True] * 3


def test_visitors_at_once_get_the_same_pictures() -> None:
    calls = [lambda: list(density_lab.moments(FLOW, 20))[-1] for _ in range(4)]
    laws.same_in_any_company(calls, same)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(density_lab, "_BYTES", 600_000)
    first = list(density_lab.moments(FLOW, 10))[-1]
    for seed in range(1, 6):
        list(density_lab.moments(FlowSettings(depth=2, width=8, batch=32, seed=seed), 10))
    assert not density_lab.known(FLOW, 10)
    same(list(density_lab.moments(FLOW, 10))[-1], first)  # forgotten, and made again


def test_a_run_whose_loss_breaks_off_ends_early() -> None:
    settings = FlowSettings(depth=8, width=8, batch=8, rate=0.3)
    seen = list(density_lab.moments(settings, 60))
    assert all(np.isfinite(moment.log_density).all() for moment in seen)
    assert [m.step for m in density_lab.moments(settings, 60)] == [m.step for m in seen]


def test_film_and_account_belong_to_the_moment() -> None:
    *_, final = density_lab.moments(FLOW, 20)
    film = density_lab.film(FLOW, 20)
    np.testing.assert_allclose(film.points[-1], final.samples, atol=1e-12)
    np.testing.assert_allclose(film.grid[-1], final.grid, atol=1e-12)
    account = density_lab.account(FLOW, 20)
    trainer = density_lab.flow_at(FLOW, 20)
    assert account.log_prob == pytest.approx(account.log_normal + account.log_det)
    assert account.log_prob == pytest.approx(trainer.log_prob(account.point[None])[0])
    np.testing.assert_allclose(account.point, density_lab.scenery(FLOW).data[0])


def test_surface_and_refinement_belong_to_the_moment() -> None:
    *_, final = density_lab.moments(ENERGY, 20)
    seen = density_lab.surface(ENERGY, 20)
    np.testing.assert_array_equal(seen.samples, final.samples)
    walk = density_lab.refine(ENERGY, 20, walk=5)
    np.testing.assert_array_equal(walk.before, final.samples)
    near = density_lab.closeness(ENERGY, walk)
    assert 0 <= near.before <= 1 and 0 <= near.after <= 1


def test_whole_runs_from_plain_values() -> None:
    own = "0,0 1,0 0,1 1,1 2,0 0,2 2,2 1,2"
    runs = [
        density_lab.train_realnvp(data="own", own=own, steps=5, depth=2, width=8),
        density_lab.train_residual(steps=5, depth=2, width=8),
        density_lab.train_energy(steps=5, width=8),
    ]
    for run in runs:
        assert run.steps == 5 and run.history.steps.tolist() == [0, 5]
        assert run.history.nll[-1] == run.nll and np.isfinite(run.nll)
        assert all(len(values) == 5 for values in run.history.losses.values())
