"""The convolutional VAE against integrals and its own parts, at tiny size."""

import math

import pytest
import torch

from benchmarks.quality.picture_likelihood import likelihood_figures
from core.models.picture_vae import LEVELS, PictureVAE, PictureVAEConfig
from core.nn import standard_normal_log_prob
from tests import laws


def build(latent: int = 4) -> PictureVAE:
    torch.manual_seed(0)
    model = PictureVAE(PictureVAEConfig(size=16, latent=latent, width=4)).double()
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    for module in model.modules():  # statistics that are not those of the start
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return model.eval().requires_grad_(False)


def pictures(count: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(count, 3, 16, 16, generator=generator).double() * 2 - 1


def noise(count: int, latent: int = 4) -> torch.Tensor:
    return torch.randn(count, latent, generator=torch.Generator().manual_seed(2)).double()


def test_shapes_and_ranges():
    model, x = build(), pictures()
    posterior = model.encode(x)
    assert posterior.mean.shape == posterior.log_var.shape == (3, 4)
    made = model.generate(noise(5))
    assert made.shape == (5, 3, 16, 16) and made.abs().max() <= 1
    assert torch.equal(model.reconstruct(x), model.generate(posterior.mean))
    with pytest.raises(ValueError, match="got 48"):
        PictureVAEConfig(size=48)


def test_the_likelihood_is_that_of_independent_normals():
    model, x, z = build(), pictures(), noise(3)
    normal = torch.distributions.Normal(model.generate(z), model.log_sigma.exp())
    expected = normal.log_prob(x).flatten(1).sum(dim=1)
    torch.testing.assert_close(model.log_likelihood(x, z), expected)


def test_the_best_deviation_is_the_root_of_the_mean_squared_error():
    model, x, z = build(), pictures(), noise(3)
    best = (x - model.generate(z)).square().mean().sqrt().log()
    values = []
    for shift in (-0.01, 0.0, 0.01):
        model.log_sigma.fill_(best + shift)
        values.append(float(model.log_likelihood(x, z).sum()))
    assert values[1] > values[0] and values[1] > values[2]


def test_one_weight_is_the_elbo_and_many_reach_the_integral():
    """With one number of code, p(x) is an integral that can be done on a grid."""
    model, x = build(latent=1), pictures(1)
    model.log_sigma.fill_(1.0)
    grid = torch.linspace(-9, 9, 4001).double()[:, None]
    joint = model.log_likelihood(x, grid) + standard_normal_log_prob(grid)[:, 0]
    exact = torch.logsumexp(joint, dim=0) + math.log(18 / 4000)
    draws = noise(20_000, 1)
    weights = model.importance_weights(x[0], draws)
    bound = torch.logsumexp(weights, dim=0) - math.log(len(weights))
    torch.testing.assert_close(bound, exact, atol=0.01, rtol=0)
    average = model.elbo(x.expand(len(draws), -1, -1, -1), draws).mean()
    assert average < exact
    # The mean log weight estimates the same bound as the ELBO with its divergence in closed form.
    torch.testing.assert_close(weights.mean(), average, atol=0.05, rtol=0)


def test_batches_do_not_matter():
    model, x, z = build(), pictures(), noise(3)
    laws.batch_equals_single(model.elbo, x, z)


def test_figures_add_up():
    model = build().float()
    pixels = LEVELS.pixels(pictures(6).float())
    figures = likelihood_figures(model, pixels, samples=64)
    assert figures["importance_bits_per_dim"] <= figures["importance_elbo_bits_per_dim"]
    assert figures["importance_elbo_bits_per_dim"] == pytest.approx(figures["elbo_bits_per_dim"])
    x = LEVELS.dequantize(pixels, 0.5)
    kl = model.encode(x).kl().sum(dim=1).mean() / (model.dimensions * math.log(2))
    assert figures["kl_bits_per_dim"] == pytest.approx(float(kl), rel=0.1)
    assert figures == likelihood_figures(model, pixels, samples=64)


def test_golden_outputs_are_those_of_the_verbs():
    model, x, z = build(), pictures(2), noise(2)
    out = model.golden({"input.z": z, "input.images": x})
    torch.testing.assert_close(out["output.images"], model.generate(z))
    torch.testing.assert_close(out["output.mean"], model.encode(x).mean)
    torch.testing.assert_close(out["output.elbo"] * model.dimensions, model.elbo(x, z))


def test_every_parameter_learns():
    model = build().train().requires_grad_(True)
    laws.every_parameter_gets_a_gradient(model, -model.elbo(pictures(), noise(3)).sum())
