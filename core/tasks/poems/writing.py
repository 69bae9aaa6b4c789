"""New verse: from seeded noise under rules, close to a poem, or straight from given codes."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from core import runtime
from core.decode import FREE, FREE_PLACE, NO_RHYME, Rules, write
from core.errors import check_range, check_whole
from core.models.poem_model import PoemModel
from core.runtime import Timing
from core.tasks.poems.checks import MAX_POEMS, check_seed, checked_code, checked_form
from core.tasks.poems.records import RIVALS, Composition, poems_of
from core.tasks.poems.resources import latent_size, tables_of, theme_size, vocabulary_of
from core.tasks.poems.rules import rule_rows, rules_of
from core.text.forms import FORMS, Form

MAX_RULED_POEMS = 12  # poems under rules cost PARTICLES times as much
PARTICLES = 24
BATCH_TEXTS = 192  # texts a batch writes at once; on a CPU more are no cheaper each


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
    shape = checked_form(model, form)
    check_whole("count", count, 1, MAX_POEMS, zh="首数")
    check_range("spread", spread, 0, 2, zh="先验尺度")
    check_range("temperature", temperature, 0, 2, zh="采样温度")
    check_range("top_p", top_p, 0.05, 1, zh="top-p")
    check_seed(seed)
    vocabulary = vocabulary_of(model)
    rules, demanding = rules_of(
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
        **rule_rows(rules),
    }
    out, timing = _written(model, shape, rows, particles)
    poems = poems_of(out, vocabulary, shape)
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
    shape = checked_form(model, form)
    check_whole("count", count, 1, MAX_POEMS, zh="首数")
    check_range("amount", amount, 0, 2, zh="变化幅度")
    check_seed(seed)
    centre = checked_code(code, model, shape)
    z = (centre + amount * runtime.noise(seed, count, len(centre))) / (1 + amount**2) ** 0.5
    if keep_theme and model != "poem-vae-2018":
        z[:, : theme_size(model)] = centre[: theme_size(model)]
    return decoded(model, shape, z, seed)


def decode(
    codes: Sequence[Sequence[float]], model: str = "poem-vae", *, form: str = "couplet5"
) -> Composition:
    """The most probable poem of each code."""
    shape = checked_form(model, form)
    check_whole("the number of codes", len(codes), 1, MAX_POEMS, zh="编码个数")
    z = torch.stack([checked_code(code, model, shape) for code in codes])
    return decoded(model, shape, z, 0)


def decoded(model: str, form: Form, z: Tensor, seed: int) -> Composition:
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
        **rule_rows(rules),
    }
    out, timing = _written(model, form, rows, 1)
    poems = poems_of(out, vocabulary_of(model), form)
    return Composition(poems, seed, (True,) * count, timing)


def _written(
    model: str, form: Form, rows: Mapping[str, Tensor], particles: int
) -> tuple[dict[str, Tensor], Timing]:
    """Run `_write` on the rows of one request, `particles` texts a row."""
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


# -- run by the runtime, on the device, for rows of many visitors ---------------------------------


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
