"""Diffusion against its definitions and diffusers' own steps, at tiny size."""

import subprocess
import sys

import pytest
import torch
from torch import Tensor

from core.models.ddpm import DDPM, LEVELS, SCHEDULERS, DDPMConfig
from tests import laws


@pytest.fixture(scope="module")
def model() -> DDPM:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = DDPM(DDPMConfig(size=8, channels=(8, 16), layers=1, groups=4))
    return made.eval().requires_grad_(False)


class Known(DDPM):
    """The best network for one single picture: it knows what is under the noise."""

    target: Tensor

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        signal, dirt = self.signal[level.long()], self.noise[level.long()]
        noise = (x - signal[:, None, None, None] * self.target) / dirt[:, None, None, None]
        return self.velocity(self.target.expand_as(x), noise, level.long())


@pytest.fixture(scope="module")
def known() -> Known:
    made = Known(DDPMConfig(size=8, channels=(8, 16), layers=1, groups=4)).eval()
    made.target = pictures(1)
    return made.requires_grad_(False)


def pictures(count: int = 3) -> Tensor:
    return torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1


def noise(count: int = 3, seed: int = 2) -> Tensor:
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))


def test_picture_and_noise_follow_from_what_is_predicted(model: DDPM) -> None:
    x0, e = pictures(), noise()
    level = torch.tensor([0, 500, LEVELS - 1])
    x, v = model.diffuse(x0, e, level), model.velocity(x0, e, level)
    signal, dirt = (f[level][:, None, None, None] for f in (model.signal, model.noise))
    torch.testing.assert_close(signal * x - dirt * v, x0)
    torch.testing.assert_close(dirt * x + signal * v, e)
    torch.testing.assert_close(model.signal**2 + model.noise**2, torch.ones(LEVELS))
    assert (model.signal.diff() < 0).all() and model.signal[-1] < 0.01


def test_the_loss_is_the_error_of_the_prediction(model: DDPM, known: Known) -> None:
    x0, e, level = pictures(), noise(), torch.tensor([10, 400, 900])
    said = model(model.diffuse(x0, e, level), level)
    expected = (said - model.velocity(x0, e, level)).square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(model.loss(x0, e, level), expected)
    right = known.loss(known.target.expand_as(e), e, level)
    assert right.max() < 1e-6


@pytest.mark.parametrize("kind", SCHEDULERS)
@pytest.mark.parametrize("steps", [1, 7])
def test_perfect_knowledge_ends_at_the_picture(known: Known, kind: str, steps: int) -> None:
    states = list(known.denoise(noise(2), steps, kind))
    assert [state.step for state in states] == list(range(1, steps + 1))
    assert states[0].level == LEVELS - 1
    for state in states:
        torch.testing.assert_close(
            state.picture, known.target.expand(2, -1, -1, -1), atol=0.01, rtol=0
        )
    # diffusers leaves the noise of the lowest level where the steps do not divide `LEVELS`.
    target = known.target.expand(2, -1, -1, -1)
    torch.testing.assert_close(states[-1].x, target, atol=0.04, rtol=0)


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_pictures_do_not_depend_on_their_company(model: DDPM, kind: str) -> None:
    e = noise()
    whole = model.generate(e, 4, kind, seed=5)
    assert torch.equal(whole, model.generate(e, 4, kind, seed=5))
    torch.testing.assert_close(model.generate(e[:1], 4, kind, seed=5), whole[:1], atol=1e-5, rtol=0)


def test_fresh_noise_is_drawn_by_ddpm_alone(model: DDPM) -> None:
    e = noise(1)
    for kind in SCHEDULERS:
        same = torch.equal(model.generate(e, 4, kind, seed=0), model.generate(e, 4, kind, seed=1))
        assert same == (kind != "ddpm")


def test_inversion_comes_back_the_better_the_more_steps(model: DDPM) -> None:
    x = 0.5 * pictures(1)
    errors = []
    for steps in (10, 40, 160):
        back = model.generate(model.invert(x, steps), steps)
        errors.append(float((back - x).abs().mean()))
    assert errors[0] > errors[1] > errors[2] and errors[2] < 0.05


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_in_pieces_and_at_once_are_the_same(model: DDPM, kind: str) -> None:
    e, states = noise(2), []
    x, memory = e, None
    for first, last in ((0, 1), (1, 2), (2, 6), (6, 7)):
        pieces = model.resume(x, [5, 6], 7, kind, first=first, last=last, memory=memory)
        states += list(pieces)
        x, memory = states[-1].x, states[-1].memory
    whole = list(model.denoise(e, 7, kind, seed=5))
    assert [state.step for state in states] == list(range(1, 8))
    for piece, state in zip(states, whole, strict=True):
        torch.testing.assert_close(piece.x, state.x)
        torch.testing.assert_close(piece.picture, state.picture)


def test_inversion_in_pieces_is_the_same(model: DDPM) -> None:
    x = 0.5 * pictures(2)
    part = x
    for first, last in ((0, 1), (1, 6), (6, 7)):
        part = model.invert(part, 7, first=first, last=last)
    torch.testing.assert_close(part, model.invert(x, 7))


def test_the_pipeline_is_that_of_diffusers(model: DDPM, tmp_path) -> None:
    pipeline = model.pipeline("ddim")
    pipeline.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(3)
    theirs = pipeline(
        batch_size=2, generator=generator, num_inference_steps=5, output_type="np"
    ).images
    e = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    ours = (model.generate(e, 5) / 2 + 0.5).permute(0, 2, 3, 1).numpy()
    torch.testing.assert_close(torch.tensor(ours), torch.tensor(theirs), atol=1e-4, rtol=0)
    pipeline.save_pretrained(tmp_path)
    again = type(pipeline).from_pretrained(tmp_path)
    x, level = noise(1), torch.tensor([300])
    torch.testing.assert_close(again.unet(x, level).sample, model(x, level))


def test_bad_numbers_are_named(model: DDPM) -> None:
    with pytest.raises(ValueError, match="no scheduler 'euler'"):
        model.scheduler("euler")
    with pytest.raises(ValueError, match="steps must be 1 to 1000, got 0"):
        model.generate(noise(1), 0)
    with pytest.raises(ValueError, match="do not divide"):
        DDPMConfig(channels=(32, 40), groups=16)
    with pytest.raises(ValueError, match="cannot be halved"):
        DDPMConfig(size=30)


def test_every_parameter_learns() -> None:
    made = DDPM(DDPMConfig(size=8, channels=(8, 16), layers=1, groups=4))
    loss = made.loss(pictures(), noise(), torch.tensor([10, 400, 900])).sum()
    laws.every_parameter_gets_a_gradient(made, loss)


def test_the_module_does_not_import_diffusers() -> None:
    code = "import sys, core.models.ddpm; print('diffusers' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
