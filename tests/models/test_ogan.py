"""O-GAN against its formulas, in double precision at tiny size."""

import pytest
import torch
from torch.nn import functional as F

from core.models.ogan import OGAN, TRUNCATION, OGANConfig
from core.models.ogan_code import (
    Scores,
    compose,
    decompose,
    logistic_loss,
    normalised,
    pearson,
    quadratic_potential_loss,
)
from core.models.ogan_layers import BatchNorm, SelfModulation
from tests import laws

KINDS = pytest.mark.parametrize("generator", ["dcgan", "selfmod"])


def build(generator: str = "selfmod", size: int = 32) -> OGAN:
    torch.manual_seed(0)
    config = OGANConfig(size=size, latent=8, width=2, generator=generator, modulation=5)
    model = OGAN(config).double()
    for parameter in model.parameters():  # far from the small start, where everything is alike
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model.eval()


def noise(count: int = 4, seed: int = 1) -> torch.Tensor:
    return torch.randn(count, 8, generator=torch.Generator().manual_seed(seed)).double()


def pictures(count: int = 4) -> torch.Tensor:
    return torch.rand(count, 3, 32, 32, generator=torch.Generator().manual_seed(2)).double() * 2 - 1


def test_mean_spread_and_direction_make_the_code_again():
    z = 3 * noise() + 2
    parts = decompose(z)
    torch.testing.assert_close(compose(parts), z)
    torch.testing.assert_close(parts.score, z.mean(1))
    torch.testing.assert_close(parts.spread, z.std(1, correction=0))
    torch.testing.assert_close(parts.code.square().sum(1), torch.full((4,), 8.0).double())
    torch.testing.assert_close(parts.code.mean(1), torch.zeros(4).double())
    torch.testing.assert_close(decompose(parts.code).code, parts.code)  # a projection
    pythagoras = 8 * (parts.score.square() + parts.spread.square())
    torch.testing.assert_close(z.square().sum(1), pythagoras)


def test_the_correlation_sees_directions_only():
    a, b = noise(), noise(seed=3)
    rho = pearson(a, b)
    torch.testing.assert_close(rho, F.cosine_similarity(normalised(a), normalised(b)))
    torch.testing.assert_close(
        rho, torch.stack([torch.corrcoef(torch.stack(p))[0, 1] for p in zip(a, b, strict=True)])
    )
    torch.testing.assert_close(pearson(a, 5 * b - 3), rho)
    torch.testing.assert_close(pearson(a, -b), -rho)
    torch.testing.assert_close(pearson(b, a), rho)
    torch.testing.assert_close(pearson(a, a), torch.ones(4).double())
    assert (rho.abs() <= 1).all()


def test_the_correlation_leaves_mean_and_spread_free():
    """Its gradient has no component along the constant vector nor along the code itself."""
    b = noise(seed=3).requires_grad_(True)
    (gradient,) = torch.autograd.grad(pearson(noise(), b).sum(), b)
    zero = torch.zeros(4).double()
    torch.testing.assert_close(gradient.mean(1), zero)
    torch.testing.assert_close((gradient * normalised(b)).mean(1), zero)
    assert gradient.any()


def test_a_constant_code_has_no_direction():
    parts = decompose(torch.full((2, 8), 3.0))
    assert not parts.code.any() and parts.spread.max() < 2e-6
    assert pearson(torch.ones(2, 8), torch.randn(2, 8)).isfinite().all()
    assert decompose(torch.randn(2, 8).bfloat16()).code.dtype == torch.float32


@pytest.mark.parametrize("game", ["quadratic", "logistic"])
@KINDS
def test_one_step_is_the_step_of_both_players(game, generator):
    """The stop-gradient loss against two losses whose gradients are taken apart."""
    model = build(generator).train()
    x, z, weight = pictures(), noise(), 0.7

    def forward():
        fake = model.generate(z)
        seen = model.embed(fake, generated=True)
        fixed = model.embed(fake.detach(), generated=True).mean(1)
        real = model.embed(x).mean(1)
        return fake, seen, Scores(real, seen.mean(1), fixed)

    fake, seen, scores = forward()
    both = (
        quadratic_potential_loss(scores, x, fake) if game == "quadratic" else logistic_loss(scores)
    )
    loss = both.mean() - weight * pearson(z, seen).mean()
    encoder, made = list(model.encoder.parameters()), list(model.generator.parameters())
    found = torch.autograd.grad(loss, encoder + made)

    fake, seen, scores = forward()
    rho = weight * pearson(z, seen).mean()
    gap = scores.real - scores.fake
    if game == "quadratic":
        distance = (x - fake.detach()).square().mean(dim=(1, 2, 3))
        judge = (gap + gap.square() / (4 * distance)).mean()
        forge = scores.fake.mean()
    else:
        judge = -(F.logsigmoid(-scores.real) + F.logsigmoid(scores.fake)).mean()
        forge = -F.logsigmoid(-scores.fake).mean()
    expected = [
        *torch.autograd.grad(judge - rho, encoder, retain_graph=True),
        *torch.autograd.grad(forge - rho, made),
    ]
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-10)


def test_batches_of_a_kind_have_statistics_of_their_own():
    norm = BatchNorm(3, kinds=2).double()
    x = 5 + 2 * torch.randn(6, 3, 4, 4).double()
    out = norm(x, 1)
    torch.testing.assert_close(out, F.batch_norm(x, None, None, training=True))
    assert not norm.mean[0].any() and (norm.mean[1] > 0.3).all()
    norm.eval()
    assert not torch.equal(norm(x, 0), norm(x, 1))
    torch.testing.assert_close(norm(x, 0), x / (1 + 1e-5) ** 0.5)


def test_self_modulation_is_the_formula():
    torch.manual_seed(0)
    layer = SelfModulation(3, 8, 5).double()
    x, z = torch.randn(4, 3, 2, 2).double(), noise()
    plain = F.batch_norm(x, None, None, training=True)
    scale, shift = (m(z)[:, :, None, None] for m in (layer.scale, layer.shift))
    torch.testing.assert_close(layer(x, z), plain + scale * plain + shift)


@pytest.mark.parametrize("size", [32, 64, 128])
@KINDS
def test_sides(generator, size):
    model = OGAN(OGANConfig(size=size, latent=8, width=2, generator=generator)).eval()
    made = model.generate(noise(2).float())
    assert made.shape == (2, 3, size, size) and made.abs().max() <= 1
    assert model.encode(made).code.shape == (2, 8)
    assert model.config.channels[-1] * 8 == 2 * size  # the last map is 4 x 4


def test_the_full_size_is_the_authors():
    """About 19.5 million parameters each at 128 pixels."""
    with torch.device("meta"):
        model = OGAN(OGANConfig(size=128, latent=128, generator="dcgan"))
    for network in (model.encoder, model.generator):
        assert abs(sum(p.numel() for p in network.parameters()) / 1e6 - 19.5) < 0.1


@pytest.mark.parametrize("wrong", [{"size": 48}, {"generator": "style"}])
def test_configurations_that_cannot_be(wrong):
    with pytest.raises(ValueError, match="is one of"):
        OGANConfig(**wrong)


@KINDS
def test_alone_or_in_a_batch(generator):
    model = build(generator)
    with torch.no_grad():
        laws.batch_equals_single(model.generate, noise(5))
        laws.batch_equals_single(model.encode, pictures(5))
        laws.batch_equals_single(model.reconstruct, pictures(5))


def test_a_reconstruction_is_made_of_the_code():
    model = build()
    with torch.no_grad():
        expected = model.generate(TRUNCATION * normalised(model.embed(pictures())))
        assert torch.equal(model.reconstruct(pictures()), expected)


def test_calibration_gives_the_statistics_of_all_batches():
    model = build()
    before = {name: p.clone() for name, p in model.named_parameters()}
    with torch.no_grad():
        model.calibrate(noise(12).split(4), pictures(12).split(4))
        assert not model.training
        first = model.encoder.convolutions[1](
            F.leaky_relu(model.encoder.convolutions[0](pictures(12)), 0.2)
        )
    norm = model.encoder.norms[0]
    torch.testing.assert_close(norm.mean[0], first.mean(dim=(0, 2, 3)))
    assert norm.momentum == 0.1
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name])
    again = {name: b.clone() for name, b in model.named_buffers()}
    model.calibrate(noise(12).split(4), pictures(12).split(4))
    for name, buffer in model.named_buffers():
        torch.testing.assert_close(buffer, again[name])  # nothing is left of what was before


@KINDS
def test_every_parameter_gets_a_gradient(generator):
    model = build(generator).train()
    fake = model.generate(noise())
    loss = model.embed(fake, generated=True).square().mean() + model.embed(pictures()).std()
    laws.every_parameter_gets_a_gradient(model, loss)


@KINDS
def test_a_module_survives_its_file(generator, tmp_path):
    with torch.no_grad():
        laws.safetensors_round_trip(
            build(generator), lambda m: m.encode(m.generate(noise())), tmp_path
        )


def test_golden_outputs_are_those_of_the_verbs():
    model = build()
    with torch.no_grad():
        out = model.golden({"input.z": noise(), "input.images": pictures()})
        assert torch.equal(out["output.images"], model.generate(noise()))
        assert torch.equal(out["output.code"], model.encode(pictures()).code)
