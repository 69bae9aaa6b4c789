"""O-GAN in the plane: gradients of the one-step loss, exact rewinding, and what the post claims."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.errors import InputError
from core.labs import ogan_2d
from core.labs._one_thread import one_thread
from core.labs.ogan_2d import Moment, OGAN2DSettings, OGAN2DTrainer
from tests import laws

SMALL = OGAN2DSettings(width=8, batch=32)


@pytest.fixture(autouse=True)
def fresh():
    ogan_2d.forget()
    yield
    ogan_2d.forget()


def same(one: Moment, two: Moment) -> None:
    assert one.step == two.step and one.correlation == two.correlation and one.gap == two.gap
    np.testing.assert_array_equal(one.samples, two.samples)
    np.testing.assert_array_equal(one.scores, two.scores)


def test_pearson_trains_where_squared_error_fails():
    """Same data, seed and weight: only with the correlation are data found *and* codes read."""
    ends = {}
    for loss in ogan_2d.LOSSES:
        *_, ends[loss] = ogan_2d.moments(OGAN2DSettings(loss=loss), 300)
    pearson, mse, none = (ends[loss] for loss in ogan_2d.LOSSES)
    assert pearson.stray < 0.8 and pearson.missed < 0.4
    assert mse.stray > 3 * pearson.stray
    assert pearson.correlation > 0.6 > 0.3 > abs(none.correlation)


def test_correlation_leaves_the_judgement_free_and_squared_error_does_not():
    """Moving and scaling E changes no correlation; the squared error has one best average."""
    z, read = torch.randn(64, 6), torch.randn(64, 6)
    moved = 3 * read + 7
    rho = ogan_2d.pearson(z, read)
    torch.testing.assert_close(ogan_2d.pearson(z, moved), rho)
    shifts = torch.linspace(-2, 2, 41)
    errors = torch.stack([(z - (z.roll(1, 1) + s)).square().mean() for s in shifts])
    assert float(shifts[errors.argmin()]) == pytest.approx(0, abs=0.06)


def test_a_state_does_not_depend_on_the_number_of_threads():
    before, moments = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            trainer = OGAN2DTrainer(OGAN2DSettings(width=64, batch=256))
            trainer.step(20)
            moments.append(trainer.moment())
            assert torch.get_num_threads() == threads  # given back
    finally:
        torch.set_num_threads(before)
    same(*moments)


def test_a_block_within_a_block_leaves_the_outer_one_its_thread():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with one_thread():
            with one_thread():
                pass
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_threads_that_meet_in_a_block_leave_the_number_as_it_was():
    """A thread that first computes while another is in its block has that block's number as its own."""
    before, left = torch.get_num_threads(), []
    begun, first_is_out = threading.Event(), threading.Event()

    def second():
        torch.ones(2).sum()
        with one_thread():
            begun.set()
            first_is_out.wait(10)
        left.append(torch.get_num_threads())
        with one_thread():
            pass
        left.append(torch.get_num_threads())

    try:
        torch.set_num_threads(2)
        other = threading.Thread(target=second)
        with one_thread():
            other.start()
            assert begun.wait(10)
        first_is_out.set()
        other.join()
        newcomer = threading.Thread(target=lambda: left.append(torch.get_num_threads()))
        newcomer.start()
        newcomer.join()
    finally:
        torch.set_num_threads(before)
    assert left == [2, 2, 2]


def test_going_back_and_on_gives_what_one_long_run_gives():
    straight = list(ogan_2d.moments(SMALL, 130))
    ogan_2d.forget()
    *_, early = ogan_2d.moments(SMALL, 33)
    *_, final = ogan_2d.moments(SMALL, 130)
    same(final, straight[-1])
    *_, again = ogan_2d.moments(SMALL, 33)
    same(again, early)
    for name, values in final.losses.items():
        np.testing.assert_array_equal(values, straight[-1].losses[name])
        assert values.shape == (130,)


def test_a_stopped_run_goes_on_where_it_was():
    stream = ogan_2d.moments(SMALL, 60)
    first = [next(stream) for _ in range(3)]
    stream.close()
    assert not ogan_2d.known(SMALL, 60)
    after = list(ogan_2d.moments(SMALL, 60))
    assert ogan_2d.known(SMALL, 60)
    assert all(a is b for a, b in zip(first, after, strict=False))


def test_visitors_at_once_get_the_same_run():
    calls = [lambda: list(ogan_2d.moments(SMALL, 40))[-1] for _ in range(3)]
    laws.same_in_any_company(calls, same)


def test_milestones():
    assert ogan_2d.milestones(0) == [0]
    assert ogan_2d.milestones(25) == [0, 10, 20, 25]
    assert ogan_2d.milestones(100)[-2:] == [80, 100]
    for wrong in (-1, ogan_2d.MAX_STEPS + 1, 2.5):
        with pytest.raises(InputError):
            ogan_2d.milestones(wrong)


def test_one_step_trains_both_players():
    trainer = OGAN2DTrainer(SMALL)
    before = [p.detach().clone() for module in trainer.modules for p in module.parameters()]
    trainer.step(1)
    after = [p for module in trainer.modules for p in module.parameters()]
    assert all(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert set(trainer.losses) == {"gap", "correlation", "error"}


def test_figures_of_a_moment():
    trainer = OGAN2DTrainer(SMALL)
    trainer.step(5)
    seen = trainer.moment()
    assert seen.samples.shape == (ogan_2d.SHOWN, 2)
    assert seen.scores.shape == (ogan_2d.RESOLUTION, ogan_2d.RESOLUTION)
    assert -1 <= seen.correlation <= 1 and seen.missed > 0 and seen.stray > 0


@pytest.mark.parametrize(
    "wrong",
    [{"loss": "l1"}, {"weight": -1}, {"latent": 2}, {"rate": 0}, {"data": "x"}, {"data": "own"}],
)
def test_settings_are_checked(wrong):
    with pytest.raises(InputError):
        replace(SMALL, **wrong)


def test_comparing():
    told = ogan_2d.compare(steps=20)
    assert told.steps == 20 and told.losses == ("pearson", "mse")
    own = ogan_2d.compare(data="own", own="0,0 1,1 2,2 3,3 -1,1 -2,2 1,-1 2,-2", steps=5)
    assert own.steps == 5
