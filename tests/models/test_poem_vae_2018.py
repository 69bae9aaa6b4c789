"""The poem VAE of 2018 against its formulas, in double precision at tiny size."""

import math

import torch

from core.models.poem_vae_2018 import GatedConv, PoemVAE2018, PoemVAE2018Config
from core.nn import standard_normal_log_prob
from tests import laws

VOCAB = 7


def build() -> PoemVAE2018:
    torch.manual_seed(0)
    config = PoemVAE2018Config(vocab_size=VOCAB, length=4, channels=6, latent=2)
    return PoemVAE2018(config).double().eval()


def couplets(count: int = 3) -> torch.Tensor:
    return torch.randint(VOCAB, (count, 4), generator=torch.Generator().manual_seed(0))


def codes(count: int = 3) -> torch.Tensor:
    return torch.randn(count, 2, generator=torch.Generator().manual_seed(1), dtype=torch.double)


def test_the_gated_convolution_is_the_posts():
    """X + (X * W_a) o sigmoid(X * W_b), written out with sums."""
    torch.manual_seed(0)
    conv = GatedConv(3).double()
    x = torch.randn(1, 5, 3, dtype=torch.double)
    padded = torch.cat([torch.zeros(1, 1, 3), x, torch.zeros(1, 1, 3)], 1)
    weight = conv.conv.weight  # (6, 3, 3): output, input, offset
    mixed = sum(padded[:, k : k + 5] @ weight[:, :, k].T for k in range(3))
    value, gate = mixed[..., :3], mixed[..., 3:]
    torch.testing.assert_close(conv(x), x + value / (1 + (-gate).exp()))


def test_the_bound_is_below_the_likelihood():
    """The likelihood by a sum over a grid of codes, the bound with its closed KL."""
    model, tokens = build(), couplets()
    axis = torch.linspace(-7, 7, 57, dtype=torch.double)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        log_p = model.decode(grid).log_softmax(-1)  # (codes, length, vocab)
        log_x = torch.stack([log_p[:, range(4), row].sum(1) for row in tokens])
        prior = standard_normal_log_prob(grid).sum(1) + 2 * math.log(0.25)
        likelihood = (log_x + prior).logsumexp(1)
        posterior = model.encode(tokens)
        z = posterior.sample(torch.randn(4000, 3, 2, dtype=torch.double)).flatten(0, 1)
        given = model.decode(z).log_softmax(-1).view(4000, 3, 4, VOCAB)
        found = given.gather(-1, tokens.expand(4000, -1, -1).unsqueeze(-1)).sum((2, 3)).mean(0)
        laws.bound_below(found - posterior.kl().sum(1), likelihood, slack=0.02)
        everything = torch.cartesian_prod(*[torch.arange(VOCAB)] * 4)
        total = torch.zeros((), dtype=torch.double)
        for some in everything.split(600):
            each = torch.stack([log_p[:, place, some[:, place]] for place in range(4)]).sum(0)
            total += (each + prior.unsqueeze(1)).logsumexp(0).exp().sum()
    assert abs(float(total) - 1) < 1e-6  # all texts together


def test_step_by_step_is_all_at_once():
    model = build()
    with torch.no_grad():
        expected = model.decode(codes())
        writing = model.begin(codes(), 0)
        for place in range(4):
            assert torch.equal(writing.logits(), expected[:, place])
            writing.append(couplets()[:, place])
        again = model.begin(codes(), 0)
        again.select(torch.tensor([2, 2]))
        assert torch.equal(again.logits(), expected[[2, 2], 0])


def test_a_code_is_its_own_noise():
    model = build()
    with torch.no_grad():
        terms = model.terms(codes(), couplets(), 0)
        assert torch.equal(terms.noise, codes()) and not terms.log_det.any()
        expected = standard_normal_log_prob(codes()).sum(1)
        torch.testing.assert_close(terms.log_prior(), expected)


def test_the_mean_pool_hardly_sees_order():
    """What the post's reader should know: with convolutions off, order is lost altogether."""
    model, tokens = build(), couplets()
    with torch.no_grad():
        for layer in model.encoder:
            layer.conv.weight.zero_()
        torch.testing.assert_close(model.encode(tokens).mean, model.encode(tokens.flip(1)).mean)


def test_alone_or_in_a_batch():
    model = build()
    with torch.no_grad():
        laws.batch_equals_single(model.encode, couplets(5))
        laws.batch_equals_single(model.decode, codes(5))


def test_the_closed_kl():
    with torch.no_grad():
        laws.kl_is_that_of_samples(build().encode(couplets()))


def test_every_parameter_gets_a_gradient():
    model, tokens = build(), couplets()
    posterior = model.encode(tokens)
    logits = model.decode(posterior.sample(codes()))
    loss = logits.log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).sum() - posterior.kl().sum()
    laws.every_parameter_gets_a_gradient(model, loss + logits.square().mean())


def test_a_module_survives_its_file(tmp_path):
    with torch.no_grad():
        laws.safetensors_round_trip(build(), lambda m: m.encode(couplets()), tmp_path)


def test_golden_outputs_are_those_of_the_verbs():
    model, tokens = build(), couplets()
    with torch.no_grad():
        out = model.golden({"input.tokens": tokens})
        assert torch.equal(out["output.mean"], model.encode(tokens).mean)
        assert torch.equal(out["output.logits"], model.decode(model.encode(tokens).mean))
