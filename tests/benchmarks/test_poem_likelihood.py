"""Bounds on the likelihood of tiny poem models against exact numbers; reconstruction."""

import math

import pytest
import torch
from torch.nn import functional as F

from benchmarks.quality.poem_likelihood import importance_bound, likelihood, log_likelihood
from core.models.poem_vae import PoemVAE, PoemVAEConfig
from core.models.poem_vae_2018 import PoemVAE2018, PoemVAE2018Config
from core.nn import standard_normal_log_prob
from core.text.forms import COUPLET5, FORMS, QUATRAIN7

VOCAB = 6


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def model_2018(**sizes):
    config = PoemVAE2018Config(vocab_size=VOCAB, **({"channels": 8, "latent": 2} | sizes))
    return PoemVAE2018(config).eval()


def model_new(**sizes):
    small = {"width": 16, "heads": 2, "theme": 2, "local": 2, "couplings": 2, "flow_width": 8}
    layers = {"encoder_layers": 1, "body_layers": 1, "head_layers": 1}
    config = PoemVAEConfig(vocab_size=VOCAB, **(small | layers | sizes))
    return PoemVAE(config).eval()


def trained(model, tokens, steps=150, kl=1.0):
    """The model after some steps on the ELBO, so that its posterior is worth something."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        posterior = model.encode(tokens, 0)
        z = posterior.sample(torch.randn_like(posterior.mean))
        terms = model.terms(z, tokens, 0)
        divergence = posterior.log_prob(z).sum(dim=1) - terms.log_prior()
        loss = (kl * divergence - log_likelihood(terms, tokens)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def tokens_of(count, form=COUPLET5):
    return torch.randint(VOCAB, (count, form.length))


def exact_2018(model, tokens):
    """Log-likelihood of each poem, the code integrated over a grid."""
    side = torch.linspace(-6, 6, 121)
    z = torch.cartesian_prod(side, side)
    cell = 2 * math.log(float(side[1] - side[0]))
    prior = standard_normal_log_prob(z).sum(dim=1)
    logs = []
    with torch.no_grad():
        for row in tokens:
            terms = model.terms(z, row.expand(len(z), -1))
            logs.append((log_likelihood(terms, row.expand(len(z), -1)) + prior).logsumexp(0) + cell)
    return torch.stack(logs)


def test_elbo_and_importance_bound_stay_below_the_exact_likelihood():
    tokens = tokens_of(12)
    model = trained(model_2018(), torch.cat([tokens, tokens_of(60)]))
    exact = float(exact_2018(model, tokens).sum()) / tokens.numel()
    elbo = likelihood(model, tokens, 0, samples=400).elbo
    bound = importance_bound(model, tokens, 0, samples=5000)
    assert elbo < exact - 0.001
    assert bound == pytest.approx(exact, abs=1e-3)


@pytest.mark.parametrize("make", [model_2018, model_new])
def test_importance_bound_grows_with_samples(make):
    tokens = tokens_of(30)
    model = trained(make(), tokens, kl=0.5)
    elbo = likelihood(model, tokens, 0, samples=100).elbo
    bounds = [importance_bound(model, tokens, 0, samples=n) for n in (1, 10, 300)]
    assert bounds[0] == pytest.approx(elbo, abs=0.05)  # one sample is an ELBO of one sample
    assert elbo < bounds[1] < bounds[2]


@pytest.mark.parametrize("form", [COUPLET5, QUATRAIN7])
def test_a_code_that_says_nothing_costs_nothing(form):
    model, tokens, index = model_new(), tokens_of(5, form), FORMS.index(form)
    with torch.no_grad():
        for layer in (model.from_local, model.to_theme, model.to_local):
            layer.weight.zero_()
            layer.bias.zero_()
        # The posterior is now the prior, and the decoder a plain language model.
        logits = model.language(tokens, index)
    exact = -float(F.cross_entropy(logits.flatten(0, 1), tokens.flatten()))
    seen = likelihood(model, tokens, index)
    assert seen.kl == pytest.approx(0, abs=1e-4)
    assert seen.elbo == pytest.approx(exact, abs=1e-5)
    assert importance_bound(model, tokens, index, samples=3) == pytest.approx(exact, abs=1e-5)
    assert seen.active_units == 0


def test_importance_bound_agrees_with_samples_of_the_prior():
    """The flows' determinants are right: proposals of the encoder and of the prior agree."""
    tokens = tokens_of(8)
    model = trained(model_new(), tokens)
    unseen = tokens_of(4)
    samples, logs = 4000, []
    with torch.no_grad():
        for row in unseen:
            noise = torch.randn(samples, model.latent_size(0))
            decoding, log_p = model.begin(noise, 0), torch.zeros(samples)
            for token in row:
                log_p += decoding.logits().log_softmax(dim=-1)[:, token]
                decoding.append(token.expand(samples))
            logs.append(log_p.logsumexp(0) - math.log(samples))
    by_prior = float(torch.stack(logs).sum()) / unseen.numel()
    bound = importance_bound(model, unseen, 0, samples=4000)
    assert bound == pytest.approx(by_prior, abs=0.01)


@pytest.mark.parametrize(
    "model",
    [model_2018(channels=24, latent=16), model_new(local=4)],
    ids=["poem-vae-2018", "poem-vae"],
)
def test_a_model_that_knows_its_poems_by_heart_reconstructs_them(model):
    tokens = tokens_of(4)
    before = likelihood(model, tokens, 0)
    trained(model, tokens, steps=200, kl=0.05)
    after = likelihood(model, tokens, 0)
    assert before.accuracy < 0.6
    assert after.accuracy == 1
    assert after.active_units > 0


def test_the_parts_add_up():
    model, tokens = model_new(), tokens_of(7)
    seen = likelihood(model, tokens, 0, samples=3, batch=3)
    assert (seen.poems, seen.characters) == (7, 70)
    assert -(seen.reconstruction + seen.kl) / 10 == pytest.approx(seen.elbo)
    assert seen.mean_variance.shape == (model.latent_size(0),)
    assert 0 <= seen.accuracy <= 1
    again = likelihood(model, tokens, 0, samples=3, batch=3)
    assert again.elbo == seen.elbo  # the same seed
