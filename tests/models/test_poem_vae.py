"""The new poem VAE: its flow, its decoder, its density, in double precision at tiny size."""

import math

import pytest
import torch
from torch import nn

from core.models.poem_vae import ConditionalFlow, PoemVAE, PoemVAEConfig, causal_mask
from core.nn import DiagonalGaussian, standard_normal_log_prob
from core.text.forms import FORMS
from tests import laws

VOCAB = 11
EVERY_FORM = pytest.mark.parametrize("form", range(len(FORMS)), ids=[f.name for f in FORMS])


def stir(module: nn.Module, seed: int = 0) -> nn.Module:
    """Parameters away from where training begins, so that nothing is the identity by design."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return module.double().eval()


def build() -> PoemVAE:
    torch.manual_seed(0)
    config = PoemVAEConfig(
        vocab_size=VOCAB,
        width=16,
        heads=2,
        encoder_layers=1,
        body_layers=2,
        head_layers=1,
        theme=4,
        local=2,
        couplings=4,
        flow_width=8,
    )
    return stir(PoemVAE(config))


def verses(form: int, count: int = 3, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(VOCAB, (count, FORMS[form].length), generator=generator)


def codes(model: PoemVAE, form: int, count: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (count, model.latent_size(form))
    return torch.randn(shape, generator=generator, dtype=torch.double)


def sampled(model: PoemVAE, noise: torch.Tensor, form: int, seed: int = 2):
    """Poems drawn character by character, and the logits they were drawn from."""
    generator = torch.Generator().manual_seed(seed)
    decoding, tokens, logits = model.begin(noise, form), [], []
    for _ in range(FORMS[form].length):
        logits.append(decoding.logits())
        tokens.append(torch.multinomial(logits[-1].softmax(1), 1, generator=generator)[:, 0])
        decoding.append(tokens[-1])
    return torch.stack(tokens, 1), torch.stack(logits, 1)


# The flow


def flow(size: int, couplings: int = 5) -> ConditionalFlow:
    torch.manual_seed(0)
    return stir(ConditionalFlow(size, 3, couplings, 7))


@pytest.mark.parametrize("couplings", range(6))
def test_flow_inverts_and_knows_its_determinant(couplings):
    made = flow(6, couplings)
    z = torch.randn(5, 6, dtype=torch.double)
    context = torch.randn(5, 3, dtype=torch.double)
    laws.inverse(made.to_noise, made.from_noise, z, context)
    laws.log_det(lambda row: made.to_noise(row, context[:1].expand(len(row), -1)), z)


def test_flow_over_two_numbers_is_a_density():
    made, context = flow(2), torch.randn(1, 3, dtype=torch.double)

    def log_prob(z):
        u, log_det = made.to_noise(z, context.expand(len(z), -1))
        return standard_normal_log_prob(u).sum(1) + log_det

    with torch.no_grad():
        laws.integrates_to_one(log_prob, 2, bound=30, steps=900)


def test_flow_begins_as_the_identity():
    made = ConditionalFlow(4, 3, 4, 7)
    z, context = torch.randn(2, 4), torch.randn(2, 3)
    u, log_det = made.to_noise(z, context)
    torch.testing.assert_close(u, z)
    assert not log_det.any()


def test_every_number_of_a_flow_depends_on_the_others():
    made, context = flow(4), torch.randn(1, 3, dtype=torch.double)
    z = torch.randn(1, 4, dtype=torch.double)
    jacobian = torch.autograd.functional.jacobian(lambda x: made.to_noise(x, context)[0][0], z)[
        :, 0
    ]
    assert (jacobian.abs() > 1e-6).all()


# Decoding and density


@EVERY_FORM
def test_step_by_step_is_teacher_forcing(form):
    model = build()
    with torch.no_grad():
        noise = codes(model, form)
        tokens, logits = sampled(model, noise, form)
        theme_noise, local_noise = model.split(noise)
        theme = model.theme_prior.from_noise(theme_noise, model.form.weight[form].expand(3, -1))
        read = model.read(tokens, theme, form, None)
        local = model.local_prior.from_noise(local_noise, model.prior_norm(read))
        torch.testing.assert_close(logits, model.write(read, theme, local))


@EVERY_FORM
def test_noise_to_poem_to_noise(form):
    """The code that `begin` makes of noise has that noise behind it, given the poem."""
    model = build()
    with torch.no_grad():
        noise = codes(model, form)
        tokens, logits = sampled(model, noise, form)
        theme_noise, local_noise = model.split(noise)
        theme = model.theme_prior.from_noise(theme_noise, model.form.weight[form].expand(3, -1))
        read = model.read(tokens, theme, form, None)
        local = model.local_prior.from_noise(local_noise, model.prior_norm(read))
        terms = model.terms(torch.cat([theme, local.flatten(1)], 1), tokens, form)
        torch.testing.assert_close(terms.noise, noise)
        torch.testing.assert_close(terms.logits, logits)
        with_posterior = model.terms(model.encode(tokens, form).mean, tokens, form)
        again = model.begin(with_posterior.noise, form)
        for place in range(tokens.shape[1]):
            torch.testing.assert_close(again.logits(), with_posterior.logits[:, place])
            again.append(tokens[:, place])


def test_the_prior_of_codes_is_the_flows_density():
    """`log p(z|x)` with the determinant of the whole map from codes to noise, by autograd."""
    model, form = build(), 0
    tokens = verses(form, 2)
    z = codes(model, form, 2)

    def to_noise(rows):
        terms = model.terms(rows, tokens[:1].expand(len(rows), -1), form)
        return terms.noise, terms.log_det.sum(1)

    laws.log_det(to_noise, z)
    with torch.no_grad():
        terms = model.terms(z, tokens, form)
        expected = standard_normal_log_prob(terms.noise).sum(1) + terms.log_det.sum(1)
        torch.testing.assert_close(terms.log_prior(), expected)
        assert terms.log_det.shape == (2, 1 + FORMS[form].length)


def test_the_prior_integrates_to_one():
    """Importance sampling from a wider normal: the mean of p(z|x)/q(z) is 1."""
    model, form, count = build(), 0, 60_000
    tokens = verses(form, 1)
    with torch.no_grad():
        theme, _ = model.split(codes(model, form, 1))
        context = model.prior_norm(model.read(tokens, theme, form, None))[:, 3].expand(count, -1)
        u = torch.randn(count, 2, dtype=torch.double)
        centre = model.local_prior.from_noise(u, context)
        q = DiagonalGaussian(
            centre.mean(0).expand(count, -1), (3 * centre.var(0)).log().expand(count, -1)
        )
        z = q.sample(torch.randn(count, 2, dtype=torch.double))
        noise, log_det = model.local_prior.to_noise(z, context)
        log_p = standard_normal_log_prob(noise).sum(1) + log_det
        ratio = (log_p - q.log_prob(z).sum(1)).exp()
    assert abs(float(ratio.mean()) - 1) < 5 * float(ratio.std()) / math.sqrt(count) < 0.1


def test_the_bound_is_below_the_likelihood_and_tightens():
    """ELBO <= importance bounds <= log-likelihood, in expectation; estimated with many samples."""
    model, form, samples = build(), 0, 3000
    tokens = verses(form, 2)
    with torch.no_grad():
        posterior = model.encode(tokens, form)
        noise = torch.randn(2, samples, model.latent_size(form), dtype=torch.double)
        z = posterior.mean.unsqueeze(1) + (0.5 * posterior.log_var).exp().unsqueeze(1) * noise
        terms = model.terms(z.flatten(0, 1), tokens.repeat_interleave(samples, 0), form)
        log_p = terms.logits.log_softmax(-1).gather(
            -1, tokens.repeat_interleave(samples, 0).unsqueeze(-1)
        )
        joint = log_p.sum((1, 2)) + terms.log_prior()
        q = standard_normal_log_prob(noise).sum(-1) - 0.5 * posterior.log_var.sum(1, keepdim=True)
        weights = joint.view(2, samples) - q
        elbo = weights.mean(1)
        tens = (weights.view(2, -1, 10).logsumexp(2) - math.log(10)).mean(1)
        all_of_them = weights.logsumexp(1) - math.log(samples)
        laws.bound_below(elbo, tens)
        laws.bound_below(tens, all_of_them, slack=0.3)


@EVERY_FORM
def test_what_comes_later_changes_nothing_before(form):
    model = build()
    tokens = verses(form)
    theme, local = model.split(codes(model, form))

    def logits(characters):
        return model.write(model.read(characters, theme, form, None), theme, local)

    with torch.no_grad():
        laws.causal(logits, tokens, (tokens + 1) % VOCAB)


def test_a_hidden_character_is_not_read():
    model, form = build(), 0
    tokens = verses(form)
    theme, _ = model.split(codes(model, form))
    hidden = torch.zeros_like(tokens, dtype=torch.bool)
    hidden[:, 4] = True
    other = tokens.clone()
    other[:, 4] = (tokens[:, 4] + 1) % VOCAB
    with torch.no_grad():
        torch.testing.assert_close(
            model.read(tokens, theme, form, hidden), model.read(other, theme, form, hidden)
        )
        assert not torch.allclose(
            model.read(tokens, theme, form, None), model.read(other, theme, form, None)
        )


@EVERY_FORM
def test_alone_or_in_a_batch(form):
    model = build()
    with torch.no_grad():
        laws.batch_equals_single(lambda x: model.encode(x, form), verses(form, 4))
        laws.batch_equals_single(
            lambda z, x: model.terms(z, x, form), codes(model, form, 4), verses(form, 4)
        )


def test_selecting_rows_while_writing():
    model, form = build(), 1
    with torch.no_grad():
        noise = codes(model, form, 4)
        rows = torch.tensor([2, 0, 0])
        whole, chosen = model.begin(noise, form), model.begin(noise, form)
        for place in range(FORMS[form].length):
            tokens = verses(form, 4)[:, place]
            expected = whole.logits()
            whole.append(tokens)
            if place == 3:
                chosen.select(rows)
            found = chosen.logits()
            torch.testing.assert_close(found, expected[rows] if place >= 3 else expected)
            chosen.append(tokens[rows] if place >= 3 else tokens)


def test_every_parameter_gets_a_gradient():
    model = build()
    model.train()
    loss = torch.zeros((), dtype=torch.double)
    for form in range(len(FORMS)):
        tokens = verses(form)
        posterior = model.encode(tokens, form)
        z = posterior.sample(codes(model, form))
        terms = model.terms(z, tokens, form)
        loss = loss + terms.logits.log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).mean()
        loss = loss + (posterior.log_prob(z).sum(1) - terms.log_prior()).mean()
    laws.every_parameter_gets_a_gradient(model, loss)


def test_the_closed_kl_of_a_posterior():
    model = build()
    with torch.no_grad():
        posterior = model.encode(verses(0, 1), 0)
        laws.kl_is_that_of_samples(
            DiagonalGaussian(posterior.mean[:, :5], posterior.log_var[:, :5])
        )


def test_a_module_survives_its_file(tmp_path):
    model = build()
    with torch.no_grad():
        laws.safetensors_round_trip(model, lambda m: m.encode(verses(3), 3), tmp_path)


def test_golden_outputs_are_those_of_the_verbs():
    model, form = build(), 2
    tokens = verses(form)
    with torch.no_grad():
        out = model.golden({f"input.tokens.{form}": tokens})
        posterior = model.encode(tokens, form)
        terms = model.terms(posterior.mean, tokens, form)
    assert torch.equal(out["output.mean.2"], posterior.mean)
    assert torch.equal(out["output.log_var.2"], posterior.log_var)
    assert torch.equal(out["output.noise.2"], terms.noise)
    assert torch.equal(out["output.logits.2"], terms.logits)


def test_the_language_model_is_the_decoder_with_an_empty_code():
    model, form = build(), 0
    tokens = verses(form)
    theme = torch.zeros(3, 4, dtype=torch.double)
    local = torch.zeros(3, 10, 2, dtype=torch.double)
    with torch.no_grad():
        expected = model.write(model.read(tokens, theme, form, None), theme, local)
        assert torch.equal(model.language(tokens, form), expected)


def test_causal_mask():
    mask = causal_mask(torch.zeros(1, 3, 2, dtype=torch.double))
    assert mask.dtype == torch.double
    assert (mask == 0).tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [({"width": 10}, "heads to divide width"), ({"theme": 3}, "odd"), ({"local": 5}, "odd")],
)
def test_sizes_that_cannot_be(sizes, message):
    with pytest.raises(ValueError, match=message):
        PoemVAEConfig(**sizes)
