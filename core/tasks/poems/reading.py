"""A visitor's own verse: its code, what the model makes of it, and what it shares with the corpus."""

from collections.abc import Sequence

import torch
from torch import Tensor

from core import runtime
from core.errors import InputError, check_choice, check_whole
from core.models.poem_model import PoemModel
from core.nn import DiagonalGaussian, standard_normal_log_prob
from core.runtime import Timing
from core.tasks.poems.checks import MAX_POEMS, check_seed
from core.tasks.poems.records import RIVALS, Char, Poem, Reading, chars_of, floats
from core.tasks.poems.resources import MODELS, forms_of, latent_size, novelty_of, vocabulary_of
from core.text import verse
from core.text.forms import FORMS, Form
from core.text.novelty import Run

BOUND_SAMPLES = 500
READ_TEXTS = 64  # sampled codes judged at once, which bounds the memory for their logits


def read(text: str, model: str = "poem-vae", *, seed: int = 0, samples: int = 100) -> Reading:
    """Encode a visitor's verse and judge it.

    `text` is a couplet or quatrain in simplified or traditional characters, punctuation optional.
    `samples` codes estimate the reconstruction term and the importance-weighted bound.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_whole("samples", samples, 1, BOUND_SAMPLES, zh="样本数")
    check_seed(seed)
    vocabulary = vocabulary_of(model)
    shape, characters = verse.parse(text, vocabulary, forms_of(model))
    tokens = torch.tensor([vocabulary.encode(characters)])
    size = latent_size(model, shape)
    rows = {"tokens": tokens, "noise": runtime.noise(seed, samples, size).unsqueeze(0)}
    out, timing = runtime.run(
        model, _read, rows, max_rows=max(1, READ_TEXTS // samples), form=FORMS.index(shape)
    )
    row: dict[str, Tensor] = {name: tensor[0] for name, tensor in out.items()}
    weights = row["log_weights"]
    normal = weights.softmax(dim=0)
    chars = chars_of(tokens[0], row["probs"], row["rival_tokens"], row["rival_probs"], vocabulary)
    back = chars_of(
        row["back"],
        row["back_probs"],
        row["back_rival_tokens"],
        row["back_rival_probs"],
        vocabulary,
    )
    kl = float(row["total_kl"])
    reconstruction_nats = -float(row["log_likelihoods"].mean())
    return Reading(
        form=shape.name,
        lines=tuple(shape.split(characters)),
        mean=floats(row["mean"]),
        std=floats(row["std"]),
        kl=floats(row["kl"]),
        chars=chars,
        reconstruction=Poem(shape.name, back, floats(row["mean"])),
        accuracy=float((row["back"] == tokens[0]).float().mean()),
        reconstruction_nats=reconstruction_nats,
        kl_nats=kl,
        elbo=-reconstruction_nats - kl,
        bound=float(weights.logsumexp(dim=0)) - float(torch.tensor(float(samples)).log()),
        samples=samples,
        effective_samples=float(1 / normal.square().sum()),
        timing=timing,
    )


def encode(texts: Sequence[str], model: str = "poem-vae") -> tuple[Poem, ...]:
    """Verses of one form with their codes (posterior means)."""
    check_choice("model", model, MODELS, zh="模型")
    check_whole("the number of verses", len(texts), 1, MAX_POEMS, zh="诗的首数")
    return encoded(list(texts), model)[0]


def runs(lines: Sequence[str], model: str = "poem-vae") -> tuple[Run, ...]:
    """Runs of at least four characters of a poem that also stand in the training corpus."""
    return tuple(novelty_of(model).runs(lines))


def encoded(texts: list[str], model: str) -> tuple[tuple[Poem, ...], Form, Tensor, Timing]:
    """Verses of one form: poems with their codes, that form, the codes `(texts, latent)`."""
    vocabulary = vocabulary_of(model)
    parsed = [verse.parse(text, vocabulary, forms_of(model)) for text in texts]
    shapes = {shape for shape, _ in parsed}
    if len(shapes) != 1:
        named_zh = "、".join(shape.zh for shape, _ in parsed)
        named_en = ", ".join(shape.en for shape, _ in parsed)
        raise InputError(
            en=f"The verses are of different forms ({named_en}); choose verses of one form.",
            zh=f"几首诗体裁不同（{named_zh}），请选同一种体裁。",
        )
    shape = parsed[0][0]
    tokens = torch.tensor([vocabulary.encode(characters) for _, characters in parsed])
    out, timing = runtime.run(model, _encode, {"tokens": tokens}, form=FORMS.index(shape))
    poems = tuple(
        Poem(shape.name, tuple(Char(c, 1.0, ()) for c in characters), floats(code))
        for (_, characters), code in zip(parsed, out["code"], strict=True)
    )
    return poems, shape, out["code"], timing


# -- run by the runtime, on the device, for rows of many visitors ---------------------------------


def _read(model: PoemModel, *, tokens: Tensor, noise: Tensor, form: int) -> dict[str, Tensor]:
    """Posterior, reconstruction and importance weights of `tokens` `(rows, length)`.

    `noise` is `(rows, samples, latent)`. Mean, spread and KL per dimension are those of the
    standard-normal numbers behind the code, seen through the prior's flow; with a flow the KL of a
    dimension is that of the normal with the same moments, while the sum is exact in expectation.
    """
    rows, samples, _ = noise.shape
    posterior = model.encode(tokens, form)
    own = model.terms(posterior.mean, tokens, form)
    own_log_p = own.logits.log_softmax(dim=-1)
    best = own_log_p.topk(RIVALS, dim=-1)
    decoding = model.begin(own.noise, form)
    back, back_rivals = [], []
    for _ in range(tokens.shape[1]):
        back_rivals.append(decoding.logits().log_softmax(dim=-1).topk(RIVALS, dim=-1))
        back.append(back_rivals[-1].indices[:, 0])
        decoding.append(back[-1])
    z = posterior.mean.unsqueeze(1) + (0.5 * posterior.log_var).exp().unsqueeze(1) * noise
    repeated = tokens.repeat_interleave(samples, dim=0)
    judged = [
        _judge(model, codes, texts, form)
        for codes, texts in zip(
            z.flatten(0, 1).split(READ_TEXTS), repeated.split(READ_TEXTS), strict=True
        )
    ]
    likelihood, prior, seen = (
        torch.cat(parts).unflatten(0, (rows, samples)) for parts in zip(*judged, strict=True)
    )
    proposal = standard_normal_log_prob(noise).sum(dim=-1) - 0.5 * posterior.log_var.sum(
        dim=-1, keepdim=True
    )
    spread = seen.std(dim=1) if samples > 1 else (0.5 * posterior.log_var).exp()
    centre = own.noise
    return {
        "mean": centre,
        "std": spread,
        "kl": DiagonalGaussian(centre, 2 * spread.clamp_min(1e-6).log()).kl(),
        "total_kl": (proposal - prior).mean(dim=1),
        "probs": own_log_p.gather(-1, tokens.unsqueeze(-1)).squeeze(-1).exp(),
        "rival_tokens": best.indices,
        "rival_probs": best.values.exp(),
        "back": torch.stack(back, dim=1),
        "back_probs": torch.stack([r.values[:, 0] for r in back_rivals], dim=1).exp(),
        "back_rival_tokens": torch.stack([r.indices for r in back_rivals], dim=1),
        "back_rival_probs": torch.stack([r.values for r in back_rivals], dim=1).exp(),
        "log_likelihoods": likelihood,
        "log_weights": likelihood + prior - proposal,
    }


def _judge(model: PoemModel, z: Tensor, tokens: Tensor, form: int) -> tuple[Tensor, Tensor, Tensor]:
    """`log p(x|z)`, `log p(z)` and the noise behind `z`, for codes and texts row by row."""
    terms = model.terms(z, tokens, form)
    log_p = terms.logits.log_softmax(dim=-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return log_p.sum(dim=1), terms.log_prior(), terms.noise


def _encode(model: PoemModel, *, tokens: Tensor, form: int) -> dict[str, Tensor]:
    """The noise behind the posterior mean, `(rows, latent)`."""
    return {"code": model.terms(model.encode(tokens, form).mean, tokens, form).noise}
