"""Verbs of the poem VAE: compose, read (encode and judge), walk between poems, blend four of them.

Every function takes plain values and returns a frozen dataclass; noise comes from `seed` alone, so the
same call gives the same verse on any device, alone or among other visitors' requests.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core import hub, runtime
from core.decode import (
    ANY_RHYME,
    FREE,
    FREE_PLACE,
    LEVEL,
    NO_RHYME,
    OBLIQUE,
    Rules,
    VerseTables,
    write,
)
from core.errors import InputError, check_choice, check_range, check_whole
from core.latent import bilinear, lerp, slerp
from core.models.poem_model import PoemModel
from core.nn import DiagonalGaussian, standard_normal_log_prob
from core.runtime import Timing
from core.text import prosody, rhyme_book, verse
from core.text.forms import BY_NAME, COUPLET5, FORMS, Form
from core.text.novelty import NoveltyFilter, Run
from core.text.vocabulary import Vocabulary

MODELS = ("poem-vae", "poem-vae-2018")
MAX_POEMS = 64
MAX_RULED_POEMS = 12  # poems under rules cost PARTICLES times as much
PARTICLES = 24
RIVALS = 10
BOUND_SAMPLES = 500
MAX_CODE = 100  # absolute value of a latent number
BLANKS = "?？〇□_＿○*"  # each marks a free place of a pattern
BATCH_TEXTS = 192  # texts a batch writes at once; on a CPU more are no cheaper each
READ_TEXTS = 64  # sampled codes judged at once, which bounds the memory for their logits
# The thirty level-tone groups of the Pingshui book; verse rhymes on these.
RHYME_GROUPS = tuple(
    "一东 二冬 三江 四支 五微 六鱼 七虞 八齐 九佳 十灰 十一真 十二文 十三元 十四寒 十五删 "
    "一先 二萧 三肴 四豪 五歌 六麻 七阳 八庚 九青 十蒸 十一尤 十二侵 十三覃 十四盐 十五咸".split()
)
# The four standard patterns, in the order of `core.text.prosody.patterns`: the tone of the second
# character, and whether the first line rhymes.
TONE_PATTERNS = ("oblique-plain", "level-plain", "oblique-rhymed", "level-rhymed")


@dataclass(frozen=True)
class Rival:
    """A character that could have stood here, with its probability."""

    char: str
    probability: float


@dataclass(frozen=True)
class Char:
    """A character as the model sees it."""

    char: str
    probability: float
    rivals: tuple[Rival, ...]


@dataclass(frozen=True)
class Poem:
    """A poem with what the model thought of each character and the code it came from."""

    form: str
    chars: tuple[Char, ...]
    code: tuple[float, ...]

    @property
    def text(self) -> str:
        """All characters, without punctuation."""
        return "".join(c.char for c in self.chars)

    @property
    def lines(self) -> list[str]:
        """The lines of the form."""
        return BY_NAME[self.form].split(self.text)


@dataclass(frozen=True)
class Composition:
    """Poems written for one request."""

    poems: tuple[Poem, ...]
    seed: int
    satisfied: tuple[bool, ...]  # whether each poem kept all rules
    timing: Timing


@dataclass(frozen=True)
class Reading:
    """What the model makes of a visitor's own verse; logs in nats."""

    form: str
    lines: tuple[str, ...]
    mean: tuple[float, ...]  # of the noise behind the code, per latent dimension
    std: tuple[float, ...]
    kl: tuple[float, ...]  # per latent dimension, see `_read`
    chars: tuple[Char, ...]  # the verse itself, probabilities given its own code
    reconstruction: Poem  # what the posterior mean decodes to
    accuracy: float  # share of characters that come back
    reconstruction_nats: float  # -E log p(x|z), mean over samples
    kl_nats: float
    elbo: float
    bound: float  # importance-weighted bound on log p(x)
    samples: int
    effective_samples: float  # of the importance weights
    timing: Timing


@dataclass(frozen=True)
class Walk:
    """Poems along a path between two codes, both ways of walking it."""

    a: Poem
    b: Poem
    positions: tuple[float, ...]  # 0 at a, 1 at b
    straight: tuple[Poem, ...]
    spherical: tuple[Poem, ...]
    timing: Timing


@dataclass(frozen=True)
class Blend:
    """The verse at one point of the square between four poems."""

    poem: Poem
    timing: Timing


def forms_of(model: str) -> tuple[Form, ...]:
    """Forms that a model writes."""
    return (COUPLET5,) if model == "poem-vae-2018" else FORMS


def compose(
    model: str = "poem-vae",
    *,
    form: str = "couplet5",
    count: int = 4,
    seed: int = 20180324,
    spread: float = 0.8,
    temperature: float = 0.0,
    top_p: float = 0.9,
    no_repeat: bool = True,
    acrostic: str = "",
    fixed: str = "",
    tones: str = "",
    rhyme: str = "",
) -> Composition:
    """Write poems.

    `spread` scales the Gaussian code (0: always the same poem, 1: the prior). `temperature` 0 takes the
    best character at every step, more draws from the `top_p` nucleus. Rules: `acrostic` gives the first
    character of each line; `fixed` is a whole poem with `?` (or 〇, □, _) at the free places; `tones` is
    one of `TONE_PATTERNS` or `auto` (they take turns); `rhyme` is a Pingshui group such as `一东`, or
    `auto` to make a quatrain rhyme with itself.

    Raises `InputError` for values out of range, characters the model does not know and rules that do
    not fit the form.
    """
    shape = _checked_form(model, form)
    check_whole("count", count, 1, MAX_POEMS, zh="首数")
    check_range("spread", spread, 0, 2, zh="先验尺度")
    check_range("temperature", temperature, 0, 2, zh="采样温度")
    check_range("top_p", top_p, 0.05, 1, zh="top-p")
    _check_seed(seed)
    vocabulary = vocabulary_of(model)
    rules, demanding = _rules(
        shape, vocabulary, count, seed, no_repeat, acrostic, fixed, tones, rhyme
    )
    if demanding:
        check_whole("count under rules", count, 1, MAX_RULED_POEMS, zh="带约束时的首数")
    particles = PARTICLES if demanding else 1
    size = latent_size(model, shape)
    noise = runtime.noise(seed, count, particles, size) * spread
    rows = {
        "z": noise,
        "uniform": runtime.uniform(seed, count, particles, shape.length),
        "resample": runtime.uniform(seed + 1, count, shape.length + 1),
        "temperature": torch.full((count,), float(temperature)),
        "top_p": torch.full((count,), float(top_p)),
        **_rule_rows(rules),
    }
    out, timing = _written(model, shape, rows, particles)
    poems = _poems(out, vocabulary, shape)
    return Composition(poems, seed, tuple(bool(p) for p in out["possible"]), timing)


def vary(
    code: Sequence[float],
    model: str = "poem-vae",
    *,
    form: str = "couplet5",
    count: int = 4,
    seed: int = 0,
    amount: float = 0.3,
    keep_theme: bool = False,
) -> Composition:
    """More poems like this one: its code plus `amount` times Gaussian noise, norm kept.

    `keep_theme` leaves the poem's theme as it is and varies only the characters' own numbers.
    """
    shape = _checked_form(model, form)
    check_whole("count", count, 1, MAX_POEMS, zh="首数")
    check_range("amount", amount, 0, 2, zh="变化幅度")
    _check_seed(seed)
    centre = _checked_code(code, model, shape)
    z = (centre + amount * runtime.noise(seed, count, len(centre))) / (1 + amount**2) ** 0.5
    if keep_theme and model != "poem-vae-2018":
        z[:, : theme_size(model)] = centre[: theme_size(model)]
    return _decode(model, shape, z, seed)


def decode(
    codes: Sequence[Sequence[float]], model: str = "poem-vae", *, form: str = "couplet5"
) -> Composition:
    """The most probable poem of each code."""
    shape = _checked_form(model, form)
    check_whole("the number of codes", len(codes), 1, MAX_POEMS, zh="编码个数")
    z = torch.stack([_checked_code(code, model, shape) for code in codes])
    return _decode(model, shape, z, 0)


def read(text: str, model: str = "poem-vae", *, seed: int = 0, samples: int = 100) -> Reading:
    """Encode a visitor's verse and judge it.

    `text` is a couplet or quatrain in simplified or traditional characters, punctuation optional.
    `samples` codes estimate the reconstruction term and the importance-weighted bound.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_whole("samples", samples, 1, BOUND_SAMPLES, zh="样本数")
    _check_seed(seed)
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
    chars = _chars(tokens[0], row["probs"], row["rival_tokens"], row["rival_probs"], vocabulary)
    back = _chars(
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
        mean=_floats(row["mean"]),
        std=_floats(row["std"]),
        kl=_floats(row["kl"]),
        chars=chars,
        reconstruction=Poem(shape.name, back, _floats(row["mean"])),
        accuracy=float((row["back"] == tokens[0]).float().mean()),
        reconstruction_nats=reconstruction_nats,
        kl_nats=kl,
        elbo=-reconstruction_nats - kl,
        bound=float(weights.logsumexp(dim=0)) - float(torch.tensor(float(samples)).log()),
        samples=samples,
        effective_samples=float(1 / normal.square().sum()),
        timing=timing,
    )


def interpolate(a: str, b: str, model: str = "poem-vae", *, steps: int = 9) -> Walk:
    """Walk from one verse to another of the same form, in a straight line and along the sphere."""
    check_choice("model", model, MODELS, zh="模型")
    check_whole("steps", steps, 3, 21, zh="步数")
    (start, end), shape, codes, timing = _encoded([a, b], model)
    positions = torch.linspace(0, 1, steps)
    first, last = codes[0], codes[1]
    straight = torch.stack([lerp(first, last, float(t)) for t in positions])
    spherical = torch.stack([slerp(first, last, float(t)) for t in positions])
    walked = _decode(model, shape, torch.cat([straight, spherical]), 0)
    return Walk(
        a=start,
        b=end,
        positions=tuple(round(float(t), 4) for t in positions),
        straight=walked.poems[:steps],
        spherical=walked.poems[steps:],
        timing=timing + walked.timing,
    )


def blend(
    codes: Sequence[Sequence[float]],
    x: float,
    y: float,
    model: str = "poem-vae",
    *,
    form: str = "couplet5",
) -> Blend:
    """The verse at `(x, y)` of a unit square with a code at each corner.

    Corner order: top left, top right, bottom left, bottom right; `y` grows downwards. Norms are
    interpolated too, so that the middle is as typical a code as the corners.
    """
    shape = _checked_form(model, form)
    check_range("x", x, 0, 1, zh="横坐标")
    check_range("y", y, 0, 1, zh="纵坐标")
    if len(codes) != 4:
        raise InputError(
            en=f"{len(codes)} corners were given; a palette has four.",
            zh=f"给了 {len(codes)} 个角，调色板有四个。",
        )
    corners = [_checked_code(code, model, shape) for code in codes]
    z = bilinear(corners[0], corners[1], corners[2], corners[3], x, y)
    written = _decode(model, shape, z.unsqueeze(0), 0)
    return Blend(written.poems[0], written.timing)


def encode(texts: Sequence[str], model: str = "poem-vae") -> tuple[Poem, ...]:
    """Verses of one form with their codes (posterior means)."""
    check_choice("model", model, MODELS, zh="模型")
    check_whole("the number of verses", len(texts), 1, MAX_POEMS, zh="诗的首数")
    return _encoded(list(texts), model)[0]


def runs(lines: Sequence[str], model: str = "poem-vae") -> tuple[Run, ...]:
    """Runs of at least four characters of a poem that also stand in the training corpus."""
    return tuple(novelty_of(model).runs(lines))


# -- what a model brings along ------------------------------------------------------------------


def vocabulary_of(model: str) -> Vocabulary:
    """The characters a model knows."""
    check_choice("model", model, MODELS, zh="模型")
    return _vocabulary(hub.locate(model).path("vocab.json"))


def novelty_of(model: str) -> NoveltyFilter:
    """The hashed runs of the training corpus; both models were trained on the same poems."""
    return _novelty(hub.locate("poem-vae").path("novelty.safetensors"))


def tables_of(model: str) -> VerseTables:
    """Tones and level rhyme groups of a model's characters."""
    return _tables(vocabulary_of(model))


# What lies beside the weights is read once per file, not once per name: a test or a notebook may put
# other weights under the same name.


@lru_cache(maxsize=8)
def _vocabulary(path: Path) -> Vocabulary:
    return Vocabulary.from_json(path)


@lru_cache(maxsize=2)
def _novelty(path: Path) -> NoveltyFilter:
    return NoveltyFilter.load(path)


@lru_cache(maxsize=8)
def _tables(vocabulary: Vocabulary) -> VerseTables:
    tones = torch.ones(3, len(vocabulary), dtype=torch.bool)
    rhymes = torch.zeros(len(RHYME_GROUPS), len(vocabulary), dtype=torch.bool)
    for i, char in enumerate(vocabulary.characters):
        tone = rhyme_book.usual_tone(char)
        tones[LEVEL, i], tones[OBLIQUE, i] = "level" in tone, "oblique" in tone
        for group in _rhyme_groups(char):
            rhymes[RHYME_GROUPS.index(group), i] = True
    return VerseTables(tones, rhymes)


def _rhyme_groups(char: str) -> frozenset[str]:
    """Level groups of a character that verse uses as level: 梦 rhymes on nothing."""
    usual = rhyme_book.usual_tone(char)
    return rhyme_book.rhyme_groups(char) if "level" in usual else frozenset()


def config_of(model: str) -> Mapping[str, Any]:
    """The model's sizes."""
    return hub.locate(model).config


def theme_size(model: str) -> int:
    """How many of the code's numbers belong to the whole poem; all of them in the model of 2018."""
    config = config_of(model)
    return int(config["theme"] if "theme" in config else config["latent"])


def latent_size(model: str, form: Form) -> int:
    """How many Gaussian numbers make one poem of a form."""
    config = config_of(model)
    if "latent" in config:
        return int(config["latent"])
    return int(config["theme"] + config["local"] * form.length)


# -- batch functions: run by the runtime, on the device, for rows of many visitors -----------------


def _write(
    model: PoemModel,
    *,
    z: Tensor,
    uniform: Tensor,
    resample: Tensor,
    temperature: Tensor,
    top_p: Tensor,
    fixed: Tensor,
    tone: Tensor,
    rhyme: Tensor,
    rhyme_with: Tensor,
    unique: Tensor,
    form: int,
    tables: str,
    particles: int,
) -> dict[str, Tensor]:
    """Decode noise `z` `(rows, particles, latent)` under each row's rules.

    `tables` is the name of the weights whose characters are meant.
    """

    def spread(rows: Tensor) -> Tensor:
        return rows.repeat_interleave(particles, dim=0)

    written = write(
        model.begin(z.flatten(0, 1), form),
        Rules(spread(fixed), spread(tone), spread(rhyme), spread(rhyme_with), spread(unique)),
        tables_of(tables).on(z.device),
        uniform=uniform.flatten(0, 1),
        resample=resample,
        temperature=spread(temperature),
        top_p=spread(top_p),
        particles=particles,
        width=FORMS[form].width,
        rivals=RIVALS,
    )
    rows = torch.arange(len(z), device=z.device)
    return {
        "tokens": written.tokens,
        "probs": written.log_probs.exp(),
        "rival_tokens": written.rival_tokens,
        "rival_probs": written.rival_probs,
        "possible": written.possible,
        "z": z[rows, written.chosen],
    }


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


# -- helpers --------------------------------------------------------------------------------------


def _decode(model: str, form: Form, z: Tensor, seed: int) -> Composition:
    """The most probable poems of codes `(count, latent)`."""
    count = len(z)
    rules = Rules(
        fixed=torch.full((count, form.length), FREE_PLACE),
        tone=torch.full((count, form.length), FREE),
        rhyme=torch.full((count, form.length), NO_RHYME),
        rhyme_with=torch.full((count, form.length), NO_RHYME),
        unique=torch.zeros(count, dtype=torch.bool),
    )
    rows = {
        "z": z.unsqueeze(1),
        "uniform": torch.zeros(count, 1, form.length),
        "resample": torch.zeros(count, form.length + 1),
        "temperature": torch.zeros(count),
        "top_p": torch.ones(count),
        **_rule_rows(rules),
    }
    out, timing = _written(model, form, rows, 1)
    poems = _poems(out, vocabulary_of(model), form)
    return Composition(poems, seed, (True,) * count, timing)


def _written(
    model: str, form: Form, rows: Mapping[str, Tensor], particles: int
) -> tuple[dict[str, Tensor], Timing]:
    tables_of(model)  # made here, where it holds up no other visitor
    return runtime.run(
        model,
        _write,
        rows,
        max_rows=max(1, BATCH_TEXTS // max(3, particles)),
        form=FORMS.index(form),
        tables=model,
        particles=particles,
    )


def _encoded(texts: list[str], model: str) -> tuple[tuple[Poem, ...], Form, Tensor, Timing]:
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
        Poem(shape.name, tuple(Char(c, 1.0, ()) for c in characters), _floats(code))
        for (_, characters), code in zip(parsed, out["code"], strict=True)
    )
    return poems, shape, out["code"], timing


def _rules(
    form: Form,
    vocabulary: Vocabulary,
    count: int,
    seed: int,
    no_repeat: bool,
    acrostic: str,
    fixed: str,
    tones: str,
    rhyme: str,
) -> tuple[Rules, bool]:
    """Rules for `count` poems, and whether they ask for more than not to repeat."""
    places = _fixed_places(fixed, form, vocabulary)
    _add_acrostic(places, acrostic, form, vocabulary)
    tone = [[FREE] * form.length for _ in range(count)]
    if tones:
        check_choice("tones", tones, ("auto", *TONE_PATTERNS), zh="平仄谱")
        patterns = dict(zip(TONE_PATTERNS, prosody.patterns(form), strict=True))
        choices = list(patterns.values()) if tones == "auto" else [patterns[tones]]
        code = {None: FREE, "level": LEVEL, "oblique": OBLIQUE}
        for i in range(count):
            chosen = choices[(seed + i) % len(choices)]
            tone[i] = [code[t] for line in chosen.required for t in line]
    rhyme_group, rhyme_with = _rhyming(rhyme, places, form, vocabulary)
    rules = Rules(
        fixed=torch.tensor([places] * count),
        tone=torch.tensor(tone),
        rhyme=torch.tensor([rhyme_group] * count),
        rhyme_with=torch.tensor([rhyme_with] * count),
        unique=torch.full((count,), no_repeat),
    )
    demanding = any(p != FREE_PLACE for p in places) or bool(tones) or bool(rhyme)
    return rules, demanding


def _fixed_places(fixed: str, form: Form, vocabulary: Vocabulary) -> list[int]:
    """Tokens of the prescribed characters, `FREE_PLACE` elsewhere."""
    if not fixed.strip():
        return [FREE_PLACE] * form.length
    verse.require_short(fixed)
    kept = unicodedata.normalize("NFKC", "".join("?" if c in BLANKS else c for c in fixed))
    marked = [c for c in kept if c == "?" or verse.strip(c)]
    if len(marked) != form.length:
        raise InputError(
            en=f"The pattern has {len(marked)} places; {form.en} has {form.length}. "
            "Write ? for a free place.",
            zh=f"格子里有 {len(marked)} 个位置，{form.zh}有 {form.length} 个；空着的位置写“?”。",
        )
    given = "".join(c for c in marked if c != "?")
    if not given:
        return [FREE_PLACE] * form.length
    characters = verse.plain(given)
    verse.require_known(characters, vocabulary)
    tokens = iter(vocabulary.encode(characters))
    return [FREE_PLACE if c == "?" else next(tokens) for c in marked]


def _add_acrostic(places: list[int], acrostic: str, form: Form, vocabulary: Vocabulary) -> None:
    """Write the first characters of the lines into `places`."""
    if not acrostic.strip():
        return
    head = verse.plain(acrostic)
    verse.require_known(head, vocabulary)
    if len(head) > form.lines:
        raise InputError(
            en=f"The acrostic has {len(head)} characters; {form.en} has {form.lines} lines. "
            "Shorten it, or choose a longer form.",
            zh=f"藏头有 {len(head)} 个字，{form.zh}只有 {form.lines} 句，请删短或换一种诗体。",
        )
    for line, char in enumerate(head):
        place, token = line * form.width, vocabulary.index[char]
        if places[place] not in (FREE_PLACE, token):
            other = vocabulary.characters[places[place]]
            raise InputError(
                en=f"Line {line + 1} should begin with {char} by the acrostic and with {other} by "
                "the pattern. Change one of them.",
                zh=f"第 {line + 1} 句的首字，藏头要“{char}”，格子里是“{other}”，请改掉一处。",
            )
        places[place] = token


def _rhyming(
    rhyme: str, places: list[int], form: Form, vocabulary: Vocabulary
) -> tuple[list[int], list[int]]:
    """Which rhyme group each position needs, and with which earlier position it has to rhyme.

    Fixed characters decide when they stand in a rhyming place, and have to fit.
    """
    group, partner = [NO_RHYME] * form.length, [NO_RHYME] * form.length
    if not rhyme:
        return group, partner
    check_choice("rhyme", rhyme, ("auto", *RHYME_GROUPS), zh="韵部")
    rhyming = [line * form.width - 1 for line in range(2, form.lines + 1, 2)]
    given = {
        char: _rhyme_groups(char)
        for char in (vocabulary.characters[places[p]] for p in rhyming if places[p] != FREE_PLACE)
    }
    possible = frozenset(RHYME_GROUPS) if rhyme == "auto" else frozenset({rhyme})
    shared = possible.intersection(*given.values())
    if not shared:
        characters = "、".join(given)
        raise InputError(
            en=f"The fixed rhyme {characters} does not fit "
            f"{'a level-tone rhyme' if rhyme == 'auto' else rhyme}. Change the character or the rhyme.",
            zh=f"固定的韵脚“{characters}”不合{'平声韵' if rhyme == 'auto' else rhyme}，请改字或改韵。",
        )
    if given or rhyme != "auto":
        for place in rhyming:
            group[place] = min(map(RHYME_GROUPS.index, shared))
    else:
        group[rhyming[0]] = ANY_RHYME
        for place in rhyming[1:]:
            partner[place] = rhyming[0]
    return group, partner


def _rule_rows(rules: Rules) -> dict[str, Tensor]:
    return {
        "fixed": rules.fixed,
        "tone": rules.tone,
        "rhyme": rules.rhyme,
        "rhyme_with": rules.rhyme_with,
        "unique": rules.unique,
    }


def _poems(out: Mapping[str, Tensor], vocabulary: Vocabulary, form: Form) -> tuple[Poem, ...]:
    return tuple(
        Poem(
            form.name,
            _chars(
                out["tokens"][i],
                out["probs"][i],
                out["rival_tokens"][i],
                out["rival_probs"][i],
                vocabulary,
            ),
            _floats(out["z"][i]),
        )
        for i in range(len(out["tokens"]))
    )


def _chars(
    tokens: Tensor, probs: Tensor, rivals: Tensor, rival_probs: Tensor, vocabulary: Vocabulary
) -> tuple[Char, ...]:
    return tuple(
        Char(
            vocabulary.characters[token],
            round(probability, 5),
            tuple(
                Rival(vocabulary.characters[r], round(p, 5))
                for r, p in zip(others, other_probs, strict=True)
            ),
        )
        for token, probability, others, other_probs in zip(
            tokens.tolist(), probs.tolist(), rivals.tolist(), rival_probs.tolist(), strict=True
        )
    )


def _floats(values: Tensor) -> tuple[float, ...]:
    return tuple(round(v, 5) for v in values.tolist())


def _checked_form(model: str, form: str) -> Form:
    check_choice("model", model, MODELS, zh="模型")
    check_choice("form", form, tuple(f.name for f in forms_of(model)), zh="诗体")
    return BY_NAME[form]


def _checked_code(code: Sequence[float], model: str, form: Form) -> Tensor:
    size = latent_size(model, form)
    if len(code) != size:
        raise InputError(
            en=f"The code has {len(code)} numbers; {form.en} of {model} has {size}.",
            zh=f"编码有 {len(code)} 个数，{model} 的{form.zh}有 {size} 个。",
        )
    try:
        tensor = torch.tensor([float(v) for v in code])
    except (TypeError, ValueError, OverflowError):
        tensor = torch.tensor([float("nan")])
    if not bool((tensor.abs() <= MAX_CODE).all()):  # written so that nan is refused too
        raise InputError(
            en=f"The code must be numbers between -{MAX_CODE} and {MAX_CODE}. Copy it again from a "
            "poem.",
            zh=f"编码须是 -{MAX_CODE} 到 {MAX_CODE} 之间的数，请从一首诗重新复制。",
        )
    return tensor


def _check_seed(seed: int) -> None:
    check_whole("seed", seed, 0, 2**32 - 2, zh="随机种子")
