"""Energy, generator and Langevin against sums over grids and known stationary laws."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.errors import InputError
from core.labs import points_2d
from core.labs.energy_2d import EnergySettings, EnergyTrainer, coverage

SMALL = {"width": 16, "batch": 64}


class Bowl(nn.Module):
    """An energy whose model is a Gaussian of deviation 0.9 around (0.5, -0.3) of the data."""

    def forward(self, x: Tensor) -> Tensor:
        centre = torch.tensor([0.5, -0.3], dtype=torch.float64)
        return ((2 * x - centre).square().sum(dim=1, keepdim=True)) / (2 * 0.9**2)


class Shrunk(nn.Module):
    """A generator that moves and scales, so that it preserves volume up to a factor."""

    def forward(self, z: Tensor) -> Tensor:
        return 0.8 * z - 0.4


def gaussian() -> EnergyTrainer:
    trainer = EnergyTrainer(EnergySettings(**SMALL))  # type: ignore[arg-type]
    trainer.energy, trainer.sampler = Bowl(), Shrunk()  # type: ignore[assignment]
    return trainer


def test_partition_function_of_a_gaussian() -> None:
    trainer = gaussian()
    expected = np.log(2 * np.pi * 0.9**2)
    assert trainer.energy_map(resolution=120).log_partition == pytest.approx(expected, abs=1e-4)
    at_centre = trainer.log_prob(np.array([[0.5, -0.3]]))[0]
    assert at_centre == pytest.approx(-expected, abs=1e-4)


def test_density_of_a_trained_energy_integrates_to_one() -> None:
    trainer = EnergyTrainer(EnergySettings(**SMALL))  # type: ignore[arg-type]
    trainer.step(60)
    wide = trainer.density(resolution=200, box=(-5, 5, -5, 5))
    assert wide.total == pytest.approx(1, abs=1e-3)
    point = np.array([[wide.x[40], wide.y[90]]])
    assert trainer.log_prob(point)[0] == pytest.approx(wide.values[90, 40], abs=1e-9)
    coarse, fine = (trainer.energy_map(resolution=n).log_partition for n in (120, 480))
    assert coarse == pytest.approx(fine, abs=1e-3)


@pytest.mark.parametrize("space", ["data", "latent"])
@pytest.mark.parametrize("step_size", [0.2, 1.0])
def test_metropolis_makes_every_step_size_exact(space: str, step_size: float) -> None:
    """The walk forgets the generator and settles on the model, whatever the step size.

    In the latent space the law is exp(-U(G(z)) - z^2 / 2): a product of two Gaussians.
    """
    walk = gaussian().langevin(count=4000, steps=120, step_size=step_size, space=space)
    centre, width = np.array([0.5, -0.3]), 0.9
    if space == "latent":
        # G maps z to 1.6 z - 0.8 in the data's units; the prior of that is N(-0.8, 1.6^2).
        precision = 1 / width**2 + 1 / 1.6**2
        centre = (centre / width**2 + -0.8 / 1.6**2) / precision
        width = precision**-0.5
    np.testing.assert_allclose(walk.after.mean(axis=0), centre, atol=0.06)
    np.testing.assert_allclose(walk.after.std(axis=0), width, atol=0.04)
    assert 0.1 < walk.acceptance < 1


def test_without_the_test_long_steps_settle_on_a_wider_law() -> None:
    """For a Gaussian the unadjusted walk's variance is s^2 / (1 - eps / 4 s^2) (AR(1) process)."""
    step = 1.0
    walk = gaussian().langevin(count=4000, steps=120, step_size=step, metropolis=False)
    expected = 0.9 / np.sqrt(1 - step / (4 * 0.9**2))
    np.testing.assert_allclose(walk.after.std(axis=0), expected, atol=0.05)
    assert walk.acceptance == 1


def test_a_walk_starts_at_the_samples_and_is_seeded() -> None:
    trainer = EnergyTrainer(EnergySettings(**SMALL))  # type: ignore[arg-type]
    trainer.step(5)
    for space in ("data", "latent"):
        one, two = (trainer.langevin(count=50, steps=6, space=space, seed=4) for _ in range(2))
        np.testing.assert_array_equal(one.before, trainer.samples(50, seed=4))
        np.testing.assert_array_equal(one.after, two.after)
        np.testing.assert_array_equal(one.paths[0], one.before[:20])
        np.testing.assert_array_equal(one.paths[-1], one.after[:20])
        assert len(one.energy) == 7


def test_samples_are_the_decoded_noise() -> None:
    trainer = EnergyTrainer(EnergySettings(**SMALL))  # type: ignore[arg-type]
    np.testing.assert_array_equal(
        trainer.samples(9, seed=2), trainer.decode(trainer.noise(9, seed=2))
    )


def test_slope_of_the_penalty_is_that_of_the_energy() -> None:
    """Finite differences of the network that training differentiates twice."""
    trainer = EnergyTrainer(EnergySettings(**SMALL))  # type: ignore[arg-type]
    x = torch.tensor([[0.3, -0.8]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(trainer.energy(x).sum(), x)
    h = 1e-6
    for axis in range(2):
        step = torch.zeros(1, 2, dtype=torch.float64)
        step[0, axis] = h
        with torch.no_grad():
            rise = float(trainer.energy(x + step) - trainer.energy(x - step)) / (2 * h)
        assert rise == pytest.approx(float(slope[0, axis]), rel=1e-5, abs=1e-7)


def test_coverage_counts_modes() -> None:
    rng = np.random.default_rng(0)
    all_modes = points_2d.sample("gaussians", 2000, rng)
    found = coverage(all_modes)
    assert found.modes == 25 and found.close > 0.97
    assert coverage(all_modes[all_modes[:, 0] < 0.7]).modes == 15
    assert coverage(rng.uniform(50, 60, size=(500, 2))).modes == 0


def test_entropy_term_prevents_collapse() -> None:
    """With it the generator covers the Gaussians and z can be read off; without it neither holds."""
    spread, recovered = [], []
    for weight in (3.0, 0.0):
        trainer = EnergyTrainer(EnergySettings(entropy=weight))
        trainer.step(250)
        spread.append(coverage(trainer.samples(2000)).modes)
        recovered.append(trainer.losses["reconstruction"][-1])
    assert spread[0] >= 20 and spread[1] <= 12, spread
    assert recovered[0] < 0.3 and recovered[1] > 1, recovered


def test_training_makes_data_more_likely() -> None:
    trainer = EnergyTrainer(EnergySettings())
    before = trainer.log_likelihood(trainer.data(500, seed=1))
    trainer.step(300)
    assert trainer.log_likelihood(trainer.data(500, seed=1)) > before + 0.3


def test_same_seed_same_run_and_rewinding_is_exact() -> None:
    one, two = (EnergyTrainer(EnergySettings(**SMALL)) for _ in range(2))  # type: ignore[arg-type]
    one.step(17)
    kept = one.samples(30)
    one.step(12)
    later = one.samples(30)
    one.rewind(17)
    np.testing.assert_array_equal(one.samples(30), kept)
    one.step(12)
    two.step(29)
    np.testing.assert_array_equal(one.samples(30), later)
    np.testing.assert_array_equal(two.samples(30), later)
    assert one.losses == two.losses


@pytest.mark.parametrize(
    "wrong",
    [{"data": "own"}, {"entropy": -1.0}, {"penalty": float("nan")}, {"latent": 0}, {"rate": 1.0}],
)
def test_settings_out_of_range_get_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        EnergySettings(**wrong)  # type: ignore[arg-type]


def test_walks_out_of_range_get_a_sentence() -> None:
    trainer = gaussian()
    for wrong in ({"steps": 0}, {"step_size": 0.0}, {"space": "sideways"}, {"count": 10**6}):
        with pytest.raises(InputError):
            trainer.langevin(**wrong)
