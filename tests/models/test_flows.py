"""Invertible layers and the models made of them: exact inverses, determinants, densities."""

import math

import pytest
import torch

from core.models.flows.actnorm import ActNorm
from core.models.flows.conditional_prior import ConditionalPrior
from core.models.flows.coupling import AdditiveCoupling, AffineCoupling
from core.models.flows.fused import FusedFlow, fused
from core.models.flows.graphs import Recorded
from core.models.flows.layer import Layer
from core.models.flows.lu_convolution import LUConvolution
from core.models.flows.networks import GainedConvolution, GainedNetwork, PlainNetwork
from core.models.flows.permutation import Permutation
from core.models.flows.quantization import Quantization
from core.models.flows.squeeze import squeeze, unsqueeze
from core.models.flows.step import Step
from core.models.glow import Glow, GlowConfig
from core.models.glow_2018 import Glow2018, Glow2018Config
from core.nn import standard_normal_log_prob
from tests import laws


def stir(module, scale=0.1):
    """Parameters away from where training begins, so that nothing is the identity by design."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(scale * torch.randn(parameter.shape, generator=generator))
    return module.double().eval().requires_grad_(False)


def layer(kind, channels):
    half = channels // 2
    kept = channels - half
    if kind == "actnorm":
        return ActNorm(channels)
    if kind == "lu":
        return LUConvolution(channels)
    if kind == "permutation":
        return Permutation(channels)
    if kind == "additive":
        return AdditiveCoupling(channels, GainedNetwork(kept, 5, half))
    if kind == "author's":
        return AdditiveCoupling(channels, PlainNetwork(kept, 5, half))
    if kind == "affine":
        return AffineCoupling(channels, GainedNetwork(kept, 5, 2 * half), least=0.2)
    coupling = AffineCoupling(channels, GainedNetwork(kept, 5, 2 * half))
    return Step(ActNorm(channels), LUConvolution(channels), coupling)


KINDS = ("actnorm", "lu", "permutation", "additive", "author's", "affine", "step")


def tiny(name, **sizes):
    sizes = {"size": 8, "levels": 2, "steps": 2, "width": 6} | sizes
    torch.manual_seed(0)
    if name == "glow-2018":
        return stir(Glow2018(Glow2018Config(**sizes)), 0.05)
    if name == "glow-additive":
        return stir(Glow(GlowConfig(coupling="additive", **sizes)), 0.05)
    return stir(Glow(GlowConfig(**sizes)), 0.05)


MODELS = pytest.mark.parametrize("name", ("glow", "glow-additive", "glow-2018"))


def pictures(count=3, size=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (count, 3, size, size), generator=generator, dtype=torch.uint8)


def numbers(model, count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    inside = torch.rand(count, 3, model.size, model.size, generator=generator, dtype=torch.double)
    return model.dequantize(pictures(count, model.size, seed), inside)


def normal(model, count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return model.split(
        torch.randn(count, model.dimensions, generator=generator, dtype=torch.double)
    )


# Layers


@pytest.mark.parametrize("channels", (4, 5))
@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_inverts_and_knows_its_determinant(kind, channels):
    torch.manual_seed(0)
    made = stir(layer(kind, channels))
    x = torch.randn(3, channels, 2, 3, dtype=torch.double)
    laws.inverse(made, made.inverse, x)

    def rows(flat):
        y, log_det = made(flat.view(-1, channels, 2, 3))
        return y.flatten(1), log_det

    laws.log_det(rows, x.flatten(1))
    laws.batch_equals_single(made, x)


def test_the_lu_convolution_is_its_dense_matrix():
    torch.manual_seed(0)
    fresh = LUConvolution(7)
    # It begins as a rotation, up to the rounding of the stored factors.
    matrix = fresh.matrix().detach()
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(7), atol=1e-5, rtol=0)
    made = stir(fresh)
    x = torch.randn(2, 7, 3, 4, dtype=torch.double)
    y, log_det = made(x)
    matrix = made.matrix()
    torch.testing.assert_close(y, torch.einsum("ij,bjhw->bihw", matrix, x))
    expected = 12 * torch.linalg.slogdet(matrix).logabsdet
    torch.testing.assert_close(log_det, expected.expand(2))
    torch.testing.assert_close(made.inverse_matrix(), torch.linalg.inv(matrix))


def test_a_permutation_is_its_matrix():
    made = Permutation(6).double()
    x = torch.randn(2, 6, 1, 1)
    torch.testing.assert_close(made(x)[0][..., 0, 0], x[..., 0, 0] @ made.matrix().T)


def test_actnorm_normalises_its_first_batch():
    made, x = ActNorm(5).double(), 3 + 7 * torch.randn(4, 5, 6, 6, dtype=torch.double)
    y = made.start(x)
    torch.testing.assert_close(y, made(x)[0])
    torch.testing.assert_close(y.mean(dim=(0, 2, 3)), torch.zeros(5, dtype=torch.double))
    torch.testing.assert_close(y.square().mean(dim=(0, 2, 3)), torch.ones(5, dtype=torch.double))


def test_a_gained_convolution_normalises_its_first_batch_and_is_a_plain_one():
    torch.manual_seed(0)
    made = GainedConvolution(3, 4, 3, haste=3.0).double()
    x = torch.randn(6, 3, 5, 5, dtype=torch.double)
    y = made.start(x)
    torch.testing.assert_close(y.mean(dim=(0, 2, 3)), torch.zeros(4, dtype=torch.double))
    torch.testing.assert_close(y.square().mean(dim=(0, 2, 3)), torch.ones(4, dtype=torch.double))
    weight, bias = made.convolution()
    torch.testing.assert_close(torch.nn.functional.conv2d(x, weight, bias, padding=1), y)


def test_actnorm_and_mixing_computed_as_one():
    torch.manual_seed(0)
    made = stir(layer("step", 6))
    x = torch.randn(3, 6, 4, 4, dtype=torch.double)
    y, log_det = made.mix(x)
    a, first = made.actnorm(x)
    b, second = made.mixing(a)
    torch.testing.assert_close(y, b)
    torch.testing.assert_close(log_det, first + second)


def test_squeeze_gathers_blocks_and_is_undone():
    x = torch.arange(2 * 3 * 4 * 6.0).view(2, 3, 4, 6)
    y = squeeze(x)
    assert y.shape == (2, 12, 2, 3)
    # All colours of a place in the block lie together, places row by row.
    torch.testing.assert_close(y[0, :, 1, 2], x[0, :, 2:4, 4:6].permute(1, 2, 0).flatten())
    assert torch.equal(unsqueeze(y), x)
    assert y.is_contiguous(memory_format=torch.channels_last)


def test_a_conditional_prior_inverts_and_knows_its_determinant():
    torch.manual_seed(0)
    made = stir(ConditionalPrior(2, 3, bound=1.5), 0.5)
    stays = torch.randn(2, 2, 2, 2, dtype=torch.double)
    leaves = torch.randn(2, 3, 2, 2, dtype=torch.double)
    laws.inverse(lambda x: made(stays, x), lambda e: made.inverse(stays, e), leaves)
    for i in range(2):

        def rows(flat, i=i):
            noise, log_det = made(stays[i : i + 1], flat.view(1, 3, 2, 2))
            return noise.flatten(1), log_det

        laws.log_det(rows, leaves[i : i + 1].flatten(1))


class Chain(Layer):
    """Layers on two numbers, as pictures of one pixel and two channels."""

    def __init__(self, kind):
        super().__init__()
        torch.manual_seed(3)
        self.layers = torch.nn.ModuleList(
            part for _ in range(4) for part in (ActNorm(2), LUConvolution(2), layer(kind, 2))
        )

    def forward(self, x):
        total = x.new_zeros(len(x))
        for part in self.layers:
            x, log_det = part(x)
            total = total + log_det
        return x, total

    def inverse(self, y):
        for part in reversed(self.layers):
            y = part.inverse(y)
        return y


@pytest.mark.parametrize("kind", ("affine", "additive"))
def test_the_same_layers_in_the_plane_make_a_density(kind):
    chain = stir(Chain(kind), 0.3)

    def log_prob(points):
        z, log_det = chain(points[:, :, None, None])
        return standard_normal_log_prob(z).sum(dim=(1, 2, 3)) + log_det

    laws.integrates_to_one(log_prob, 2, bound=30, steps=600)


# Models


@MODELS
def test_a_model_inverts_in_double_and_single_precision(name):
    model = tiny(name, size=16, levels=3, steps=4, width=16)
    x = numbers(model)
    with torch.no_grad():
        assert float((model.inverse(model(x)[0]) - x).abs().max()) <= 1e-9
        noise = normal(model)
        for a, b in zip(model(model.inverse(noise))[0], noise, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)
        model.float()
        assert float((model.inverse(model(x.float())[0]) - x).abs().max()) <= 1e-4


@MODELS
def test_a_models_determinant_is_that_of_its_jacobian(name):
    model = tiny(name, size=4)
    x = numbers(model, 2)

    def rows(flat):
        noise, log_det = model(flat.view(-1, 3, 4, 4))
        return model.flatten(noise), log_det

    laws.log_det(rows, x.flatten(1))


@MODELS
def test_contributions_sum_to_the_log_density(name):
    model = tiny(name)
    x = numbers(model)
    density = model.log_prob(x)
    noise, log_det = model(x)
    gaussian = standard_normal_log_prob(model.flatten(noise)).sum(dim=1)
    torch.testing.assert_close(density.log_prob(), gaussian + log_det)
    assert density.prior.shape == density.log_det.shape == (3, 2)
    for a, b in zip(density.noise, noise, strict=True):
        assert torch.equal(a, b)


@MODELS
def test_noise_has_its_shapes_and_a_flat_form(name):
    model = tiny(name, size=16, levels=3)
    noise = model.encode(pictures(size=16))
    assert [tuple(part.shape[1:]) for part in noise] == model.noise_shapes()
    for a, b in zip(model.split(model.flatten(noise)), noise, strict=True):
        assert torch.equal(a, b)


@MODELS
def test_a_batch_gives_what_its_rows_give_alone(name):
    model = tiny(name)
    laws.batch_equals_single(lambda x: model.log_prob(x).log_prob(), numbers(model))
    flat = model.flatten(normal(model))
    laws.batch_equals_single(lambda z: model.sample(model.split(z), 0.8), flat)
    fast = fused(model)
    laws.batch_equals_single(lambda z: fast.sample(model.split(z), 0.8), flat)


@MODELS
def test_temperatures_by_number_by_level_and_by_row_agree(name):
    model = tiny(name)
    noise = normal(model)
    everywhere = model.sample(noise, 0.7)
    torch.testing.assert_close(model.sample(noise, (0.7, 0.7)), everywhere)
    rows = torch.full((3, 2), 0.7)
    torch.testing.assert_close(model.sample(noise, rows.double()), everywhere)
    # The coarse level alone decides where only it is warm.
    cold = model.sample(noise, (0.0, 0.7))
    other = (normal(model, seed=5)[0], noise[1])
    torch.testing.assert_close(model.sample(other, (0.0, 0.7)), cold)


@MODELS
def test_the_fast_path_is_the_plain_one(name):
    model = tiny(name, size=16, levels=3)
    fast = FusedFlow(model)
    noise = normal(model)
    torch.testing.assert_close(fast.sample(noise, 0.8), model.sample(noise, 0.8))
    x = numbers(model)
    for a, b in zip(fast.forward(x), model(x)[0], strict=True):
        torch.testing.assert_close(a, b)
    assert fast.sample(noise, 0.8).is_contiguous()
    # Noise is the caller's; the fast path writes into its own tensors only.
    for part, again in zip(noise, normal(model), strict=True):
        assert torch.equal(part, again)


@MODELS
@pytest.mark.parametrize("dtype", (torch.bfloat16, torch.float16))
def test_half_precision_stays_near(name, dtype):
    model = tiny(name, size=16, levels=3, width=16).float()
    noise = tuple(part.float() for part in normal(model))
    exact, halved = fused(model).sample(noise, 0.8), fused(model, dtype).sample(noise, 0.8)
    bound = 0.05 if dtype is torch.bfloat16 else 0.01
    assert 0 < float((exact - halved).abs().max()) < bound
    assert halved.dtype == torch.float32


def test_the_fast_path_is_kept_until_the_model_is_another():
    model = tiny("glow")
    assert fused(model) is fused(model)
    assert fused(model, torch.float32) is not fused(model)
    before = fused(model)
    assert fused(model.float()) is not before


@MODELS
def test_the_same_noise_makes_the_same_picture(name):
    model = tiny(name).float()
    noise = tuple(part.float() for part in normal(model))
    fast = fused(model)
    assert torch.equal(fast.sample(noise, 0.7), fast.sample(noise, 0.7))


@MODELS
def test_starting_from_a_batch_normalises_every_step(name):
    torch.manual_seed(0)
    config = {"size": 8, "levels": 2, "steps": 2, "width": 6}
    model = (
        Glow2018(Glow2018Config(**config)) if name == "glow-2018" else Glow(GlowConfig(**config))
    )
    model = model.double().requires_grad_(False)
    x = numbers(model, 32)
    model.start(x)
    first = model.parts()[0].parts()[0].actnorm
    y = first(squeeze(x))[0]
    if name == "glow-2018":  # the author's begins as the identity
        assert torch.equal(y, squeeze(x))
    else:
        assert float(y.mean(dim=(0, 2, 3)).abs().max()) < 1e-9
        assert float((y.square().mean(dim=(0, 2, 3)) - 1).abs().max()) < 1e-9
    assert model.bits_per_dim(pictures(), 0.5).isfinite().all()


@MODELS
def test_recomputing_activations_changes_no_gradient(name):
    gradients = []
    for recompute in (False, True):
        model = tiny(name).requires_grad_(True)
        model.recompute = recompute
        loss = -model.log_prob(numbers(model)).log_prob().mean()
        laws.every_parameter_gets_a_gradient(model, loss)
        gradients.append([p.grad.clone() for p in model.parameters()])
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b)


@MODELS
@pytest.mark.parametrize("recompute", (False, True))
def test_automatic_casting_halves_the_networks_alone(name, recompute):
    model = tiny(name).float().requires_grad_(True)
    model.recompute = recompute
    x = numbers(model).float()
    with torch.autocast("cpu", torch.bfloat16):
        halved = model.log_prob(x)
        loss = -halved.log_prob().mean()
    laws.every_parameter_gets_a_gradient(model, loss)
    exact = model.log_prob(x).log_prob() / model.dimensions
    assert all(part.dtype == torch.float32 for part in halved.noise)
    gap = (halved.log_prob() / model.dimensions - exact).detach().abs().max()
    assert 0 < float(gap) < 0.02


@MODELS
def test_weights_round_trip(name, tmp_path):
    model = tiny(name)
    x = numbers(model)
    laws.safetensors_round_trip(model, lambda m: m.log_prob(x).log_prob(), tmp_path)


@MODELS
def test_golden_tensors_come_again(name):
    model = tiny(name).float()
    inputs = {"input.pixels": pictures(), "input.noise": model.flatten(normal(model)).float()}
    before = torch.random.get_rng_state()
    first, second = model.golden(inputs), model.golden(inputs)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)
    bits = -(first["output.prior"] + first["output.log_det"]).sum(dim=1) / math.log(2)
    offset = 7 if name == "glow-2018" else 8
    torch.testing.assert_close(
        bits + offset, model.bits_per_dim(pictures(), 0.5), rtol=1e-4, atol=1e-4
    )


def test_published_sizes_are_the_authors():
    count = {
        (size, steps): sum(p.numel() for p in Glow2018(config).parameters())
        for size, steps in ((32, 6), (64, 10))
        for config in (Glow2018Config(size=size, steps=steps),)
    }
    assert round(count[32, 6] / 1e6, 2) == 7.06
    assert round(count[64, 10] / 1e6, 1) == 11.8


def test_unusable_sizes_are_refused():
    with pytest.raises(ValueError, match="halved"):
        Glow(GlowConfig(size=12, levels=3))
    with pytest.raises(ValueError, match="least_scale"):
        GlowConfig(least_scale=1.0)
    with pytest.raises(ValueError, match="expected one of"):
        GlowConfig(coupling="tanh")


# Quantization


@pytest.mark.parametrize("bits", (8, 5, 1))
@pytest.mark.parametrize("low,high", ((-0.5, 0.5), (-1.0, 1.0)))
def test_every_level_comes_back_from_anywhere_in_its_bin(bits, low, high):
    made = Quantization(bits=bits, low=low, high=high)
    levels = torch.arange(256, dtype=torch.uint8)
    for inside in (0.0, 0.5, 0.999):
        x = made.dequantize(levels, inside, torch.float64)
        assert float(x.min()) >= low and float(x.max()) < high
        shown = made.pixels(x)
        assert torch.equal(shown >> (8 - bits), levels >> (8 - bits))
    if bits == 8:
        assert torch.equal(made.pixels(made.dequantize(levels, 0.5)), levels)


def test_what_lies_outside_becomes_the_nearest_level():
    shown = Quantization().pixels(torch.tensor([-3.0, 3.0, torch.inf, torch.nan]))
    assert shown.tolist() == [0, 255, 255, 0]


@pytest.mark.parametrize("bits", (8, 5))
def test_a_uniform_density_needs_all_bits(bits):
    for low, high in ((-0.5, 0.5), (-1.0, 1.0)):
        made = Quantization(bits=bits, low=low, high=high)
        uniform = torch.tensor(-12 * math.log(high - low))
        torch.testing.assert_close(made.bits_per_dim(uniform, 12), torch.tensor(float(bits)))


# Graphs


def test_without_a_gpu_a_function_is_simply_called():
    calls = []

    def double(x):
        calls.append(x)
        return (2 * x,)

    recorded = Recorded(double)
    x = torch.ones(3)
    assert torch.equal(recorded(x)[0], 2 * x) and calls[0] is x


def test_inference_mode_and_none_take_turns():
    model = tiny("glow")
    noise = normal(model)
    with torch.inference_mode():
        path = fused(model)
        first = path.sample(noise, 0.7)
        codes = path.forward(first)
    torch.testing.assert_close(path.sample(noise, 0.7), first)
    torch.testing.assert_close(path.forward(first.clone())[0], codes[0])
    assert not path.inverse(noise).is_inference()
