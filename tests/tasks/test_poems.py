"""The verbs of the poem models on tiny weights: seeds, company, rules, and every way to be refused."""

import dataclasses
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from core import hub, runtime
from core.decode import LEVEL, OBLIQUE
from core.errors import InputError
from core.runtime import Cancel, Cancelled, Runtime
from core.tasks import poems
from core.text import prosody, rhyme_book
from core.text.forms import BY_NAME, COUPLET5, FORMS, QUATRAIN5
from tests import laws
from tests.conftest import CHARACTERS

pytestmark = pytest.mark.usefixtures("tiny_poems")
ANY_FORM = pytest.mark.parametrize("form", [form.name for form in FORMS])
ANY_MODEL = pytest.mark.parametrize("model", poems.MODELS)

VERSE = "春江花月夜，白日见青山。"
OTHER = "明月松间照，清泉石上流。"
KNOWN = {
    "couplet5": "春江花月夜白日见青山",
    "couplet7": "春江花月夜不见白日青山万里船",
    "quatrain5": "春江花月夜白日见青山明月松间照古寺声中闻",
    "quatrain7": "春江花月夜不见白日青山万里船明月松间照古寺风声一路去秋天",
}


def texts(made) -> list[str]:
    return [poem.text for poem in made.poems]


def same(a, b) -> None:
    """Equal results but for their timing; numbers to within what a batch's size changes."""
    assert type(a) is type(b)
    for field in dataclasses.fields(a):
        if field.name == "timing":
            continue
        alike(getattr(a, field.name), getattr(b, field.name))


def alike(a, b) -> None:
    if dataclasses.is_dataclass(a):
        same(a, b)
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            alike(x, y)
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-3, abs=2e-4)
    else:
        assert a == b


# Seeds and company


@ANY_MODEL
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_seed_is_a_poem(model, temperature):
    options = {"temperature": temperature, "spread": 1.0}
    same(poems.compose(model, seed=7, **options), poems.compose(model, seed=7, **options))
    other = poems.compose(model, seed=8, **options)
    assert [p.code for p in other.poems] != [p.code for p in poems.compose(model, seed=7).poems]
    if temperature:
        assert texts(other) != texts(poems.compose(model, seed=7, **options))


@ANY_MODEL
@pytest.mark.parametrize("rules", [{}, {"tones": "auto", "rhyme": "auto"}], ids=["free", "ruled"])
def test_the_first_poems_stay_when_more_are_asked_for(model, rules):
    options = {"seed": 3, "temperature": 1.0, **rules}
    few, many = (poems.compose(model, count=count, **options) for count in (4, 8))
    alike(few.poems, many.poems[:4])


def test_in_any_company():
    """All kinds of requests at once, each as if it were alone."""
    calls = []
    for i in range(8):
        model = poems.MODELS[i % 3 == 2]
        form = FORMS[i % 4].name if model == "poem-vae" else "couplet5"
        calls += [
            lambda i=i, m=model, f=form: poems.compose(
                m, form=f, seed=i, count=1 + i % 3, temperature=0.5 * (i % 3), top_p=0.7
            ),
            lambda i=i, f=form: poems.compose(form=f, seed=i, count=2, tones="auto", rhyme="auto"),
            lambda i=i, m=model: poems.read(KNOWN["couplet5"], m, seed=i, samples=5 + i % 3),
        ]
    laws.same_in_any_company(calls, same)


def test_the_numbers_of_samples_are_kept_apart():
    """Requests of 5 and 50 samples side by side do not lend each other samples."""
    alone = poems.read(VERSE, samples=5)
    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(poems.read, VERSE, samples=5 + 45 * (i % 2)) for i in range(12)]
        for reading in (task.result() for task in asked):
            if reading.samples == 5:
                same(reading, alone)


def test_timing_tells_of_the_batch():
    made = poems.compose(count=5)
    assert made.timing.batch == 5 and made.timing.compute_ms > 0
    assert made.timing.weights == hub.locate("poem-vae").hash


def test_a_verb_can_be_stopped():
    cancel = Cancel()
    cancel.set()
    with runtime.stopping(cancel), pytest.raises(Cancelled):
        poems.compose()
    assert poems.compose().poems


def elsewhere(call, **options):
    """What a call answers on a runtime with other options."""
    made = Runtime("cpu", **options)
    before = runtime.use(made)
    try:
        return call()
    finally:
        runtime.use(before)
        made.close()


def test_batches_filled_up_to_powers_of_two():
    for call in (
        lambda: poems.compose(count=3, temperature=1.0),
        lambda: poems.compose(count=3, tones="auto", form="quatrain5"),
        lambda: poems.read(VERSE, samples=3),
    ):
        same(elsewhere(call, buckets=True), call())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@ANY_MODEL
def test_half_precision(model, dtype):
    for call in (
        lambda: poems.compose(model, count=3, tones="auto", temperature=1.0),
        lambda: poems.interpolate(VERSE, OTHER, model, steps=3),
    ):
        elsewhere(call, dtype=dtype)
    half = elsewhere(lambda: poems.read(VERSE, model), dtype=dtype)
    single = poems.read(VERSE, model)
    assert half.elbo == pytest.approx(single.elbo, rel=0.02) and half.timing != single.timing
    assert half.mean == pytest.approx(single.mean, abs=0.1)


# What a poem is


@ANY_MODEL
def test_poems_are_well_formed(model):
    for form in poems.forms_of(model):
        made = poems.compose(model, form=form.name, count=3, temperature=1.0, top_p=1.0)
        assert made.seed == 20180324 and made.satisfied == (True,) * 3
        for poem in made.poems:
            assert len(poem.text) == form.length and set(poem.text) <= set(CHARACTERS)
            assert [len(line) for line in poem.lines] == [form.width] * form.lines
            assert len(poem.code) == poems.latent_size(model, form)
            for char in poem.chars:
                probabilities = [rival.probability for rival in char.rivals]
                assert probabilities == sorted(probabilities, reverse=True)
                assert len(probabilities) == poems.RIVALS and sum(probabilities) <= 1 + 1e-4
                assert 0 <= char.probability <= probabilities[0]


def test_the_spread_is_the_length_of_codes():
    small, large = (poems.compose(spread=s, count=2) for s in (0.1, 1.5))
    for a, b in zip(small.poems, large.poems, strict=True):
        assert [15 * x for x in a.code] == pytest.approx(b.code, abs=1e-3)
    still = poems.compose(spread=0.0, count=3)
    assert len(set(texts(still))) == 1 and not any(still.poems[0].code)


@pytest.mark.parametrize("form", [form.name for form in FORMS])
def test_no_character_twice_but_doubled_ones(form):
    made = poems.compose(form=form, count=8, temperature=1.5, top_p=1.0, no_repeat=True)
    for poem in made.poems:
        for line in poem.lines:
            assert not any(a == b == c for a, b, c in zip(line, line[1:], line[2:], strict=False))
        assert not repeats(poem)
    free = poems.compose(form="quatrain7", count=8, temperature=1.5, top_p=1.0, no_repeat=False)
    assert any(repeats(poem) for poem in free.poems)


def repeats(poem):
    """Characters that come again, other than at once."""
    singles = "".join(
        char for line in poem.lines for i, char in enumerate(line) if i == 0 or line[i - 1] != char
    )
    return len(singles) - len(set(singles))


# Rules


@ANY_FORM
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_tones_are_kept(form, temperature):
    shape = BY_NAME[form]
    patterns = dict(zip(poems.TONE_PATTERNS, prosody.patterns(shape), strict=True))
    for name, pattern in patterns.items():
        made = poems.compose(form=form, count=2, tones=name, temperature=temperature)
        assert made.satisfied == (True, True)
        for poem in made.poems:
            wanted = [tone for line in pattern.required for tone in line]
            for char, tone in zip(poem.text, wanted, strict=True):
                assert tone is None or tone in rhyme_book.usual_tone(char)
    auto = poems.compose(form=form, count=4, tones="auto", seed=1)
    for i, poem in enumerate(auto.poems):
        wanted = list(patterns.values())[(1 + i) % 4].required
        assert all(
            tone is None or tone in rhyme_book.usual_tone(char)
            for line, row in zip(poem.lines, wanted, strict=True)
            for char, tone in zip(line, row, strict=True)
        )


@ANY_FORM
@pytest.mark.parametrize("rhyme", ["auto", "一东", "七阳"])
def test_rhymes_are_kept(form, rhyme):
    made = poems.compose(form=form, count=4, rhyme=rhyme, temperature=0.8, seed=5)
    assert made.satisfied == (True,) * 4
    for poem in made.poems:
        ends = [line[-1] for line in poem.lines[1::2]]
        groups = [rhyme_book.rhyme_groups(char) for char in ends]
        assert all(groups) and (rhyme == "auto" or all(rhyme in some for some in groups))
        assert all(groups[0] & some for some in groups)


def test_acrostic_and_fixed_characters_are_kept():
    made = poems.compose(
        form="quatrain5", acrostic="春夜東山", fixed="?" * 9 + "月" + "?" * 10, count=3
    )
    for poem in made.poems:
        assert "".join(line[0] for line in poem.lines) == "春夜东山" and poem.lines[1][-1] == "月"
        for char, place in (("春", 0), ("夜", 5), ("月", 9)):  # kept for their own places
            assert {i for i, c in enumerate(poem.text) if c == char} <= {place, place + 1}
    short = poems.compose(form="quatrain5", acrostic="春，夜。", count=1)
    assert [line[0] for line in short.poems[0].lines][:2] == ["春", "夜"]
    whole = poems.compose(fixed=VERSE, count=2)
    assert texts(whole) == ["春江花月夜白日见青山"] * 2 and whole.satisfied == (True, True)


@pytest.mark.parametrize("blank", ["?", "？", "〇", "□", "_", "＿", "○", "*"])
def test_marks_of_a_free_place(blank):
    made = poems.compose(fixed=f"{blank * 4}月，{blank * 5}。", count=1)
    assert made.poems[0].lines[0][-1] == "月"
    assert poems.compose(fixed=blank * 10, count=20).satisfied == (True,) * 20  # no rule at all


def test_all_rules_together():
    made = poems.compose(
        form="quatrain7",
        acrostic="春江花月",
        tones="auto",
        rhyme="auto",
        fixed="???????" + "??????东" + "?" * 14,
        count=4,
        temperature=0.5,
    )
    assert made.satisfied == (True,) * 4
    for poem in made.poems:
        assert poem.lines[1][-1] == "东" and "一东" in rhyme_book.rhyme_groups(poem.lines[3][-1])
        assert [line[0] for line in poem.lines] == list("春江花月")


def test_rules_that_nothing_keeps_are_reported():
    """All characters that rhyme on 一东 stand already, so the last place must break a rule."""
    east = [char for char in CHARACTERS if "一东" in rhyme_book.rhyme_groups(char)]
    east.remove("梦")  # level in the book, oblique in verse
    assert len(east) == 12
    made = poems.compose(form="couplet7", rhyme="一东", fixed="".join(east) + "月?", count=2)
    assert made.satisfied == (False, False)
    assert [poem.text[:13] for poem in made.poems] == ["".join(east) + "月"] * 2
    made = poems.compose(form="couplet7", rhyme="一东", fixed="".join(east[1:]) + "???", count=2)
    assert made.satisfied == (True, True)  # particles that saved the last one for the end
    assert all(poem.text[-1] == east[0] for poem in made.poems)


# The other verbs


@ANY_MODEL
def test_codes_lead_back_to_their_poems(model):
    made = poems.compose(model, count=3, no_repeat=False)
    again = poems.decode([poem.code for poem in made.poems], model)
    assert texts(again) == texts(made)


@ANY_MODEL
def test_varying_a_poem(model):
    code = poems.compose(model, count=1, spread=1.0).poems[0].code
    still = poems.vary(code, model, count=2, amount=0.0)
    assert still.poems[0].code == pytest.approx(code, abs=1e-4)
    made = poems.vary(code, model, count=40, amount=0.5, seed=4)
    same(made, poems.vary(code, model, count=40, amount=0.5, seed=4))
    distances = [math.dist(poem.code, code) for poem in made.poems]
    assert min(distances) > 0.1
    lengths = torch.tensor([poem.code for poem in made.poems]).norm(dim=1)
    assert float(lengths.mean()) == pytest.approx(math.hypot(*code), rel=0.25)


def test_varying_all_but_the_theme():
    code = poems.compose(count=1).poems[0].code
    theme = poems.theme_size("poem-vae")
    for poem in poems.vary(code, count=3, amount=1.0, keep_theme=True).poems:
        assert poem.code[:theme] == pytest.approx(code[:theme], abs=1e-4)
        assert poem.code[theme:] != pytest.approx(code[theme:], abs=1e-2)


@ANY_MODEL
def test_reading_a_verse(model):
    seen = poems.read(VERSE, model, samples=50)
    size = poems.latent_size(model, COUPLET5)
    assert seen.form == "couplet5" and seen.lines == ("春江花月夜", "白日见青山")
    assert len(seen.mean) == len(seen.std) == len(seen.kl) == size
    assert all(s >= 0 for s in seen.std) and all(k >= -1e-5 for k in seen.kl)
    assert "".join(c.char for c in seen.chars) == "春江花月夜白日见青山"
    assert seen.elbo == pytest.approx(-seen.reconstruction_nats - seen.kl_nats)
    assert seen.elbo <= seen.bound + 1e-3
    assert 1 - 1e-3 <= seen.effective_samples <= 50 + 1e-3
    right = sum(a == b for a, b in zip(seen.reconstruction.text, KNOWN["couplet5"], strict=True))
    assert seen.accuracy == pytest.approx(right / 10)
    same(seen, poems.read("春江花月夜\n白日見青山", model, samples=50))  # script and marks aside
    assert texts(poems.decode([seen.mean], model)) == [seen.reconstruction.text]


def test_more_samples_than_fit_at_once():
    """Samples are judged in portions; the estimate is that of all of them."""
    many = poems.read(VERSE, samples=2 * poems.READ_TEXTS + 3, seed=1)
    assert many.effective_samples <= many.samples and many.elbo <= many.bound
    assert math.isfinite(many.kl_nats)
    single = poems.read(VERSE, samples=1)
    assert single.bound == pytest.approx(single.elbo, abs=1e-3) and all(s > 0 for s in single.std)


def test_walking():
    walk = poems.interpolate(VERSE, OTHER, steps=5)
    assert walk.positions == (0, 0.25, 0.5, 0.75, 1)
    assert len(walk.straight) == len(walk.spherical) == 5
    for path in (walk.straight, walk.spherical):
        assert path[0].code == pytest.approx(walk.a.code, abs=1e-3)
        assert path[-1].code == pytest.approx(walk.b.code, abs=1e-3)
    assert walk.a.text == KNOWN["couplet5"]
    middle = math.sqrt(math.hypot(*walk.a.code) * math.hypot(*walk.b.code))
    assert math.hypot(*walk.spherical[2].code) == pytest.approx(middle, rel=1e-3)


def test_blending():
    made = poems.compose(count=4, no_repeat=False)
    codes = [poem.code for poem in made.poems]
    for (x, y), poem in zip(((0, 0), (1, 0), (0, 1), (1, 1)), made.poems, strict=True):
        corner = poems.blend(codes, x, y).poem
        assert corner.code == pytest.approx(poem.code, abs=1e-3) and corner.text == poem.text
    assert len(poems.blend(codes, 0.3, 0.6).poem.text) == 10


@ANY_FORM
def test_encoding_verses(form):
    text = KNOWN[form]
    first, second = poems.encode([text, text])
    assert first == second and first.form == form and first.text == text
    assert len(first.code) == poems.latent_size("poem-vae", BY_NAME[form])
    assert first.code == pytest.approx(poems.read(text, samples=1).mean, abs=1e-4)


def test_runs_of_the_corpus(poem_data):
    import json
    import lzma

    with lzma.open(
        poem_data / "poems" / "couplets5.train.jsonl.xz", "rt", encoding="utf-8"
    ) as file:
        lines = json.loads(next(file))["lines"]
    for model in poems.MODELS:  # both learned from the same poems
        runs = poems.runs(lines, model)
        assert [run.text for run in runs] == ["".join(lines)]


@ANY_MODEL
def test_what_a_model_brings_along(model):
    vocabulary = poems.vocabulary_of(model)
    assert "".join(vocabulary.characters) == CHARACTERS
    assert poems.vocabulary_of(model) is vocabulary
    tables = poems.tables_of(model)
    assert tables.tones.shape == (3, len(CHARACTERS)) and tables.tones[0].all()
    east, moon = vocabulary.encode("东月")
    assert tables.tones[LEVEL, east] and not tables.tones[OBLIQUE, east]
    assert tables.tones[OBLIQUE, moon] and not tables.tones[LEVEL, moon]
    assert (
        tables.rhymes[poems.RHYME_GROUPS.index("一东"), east] and not tables.rhymes[:, moon].any()
    )
    assert poems.theme_size(model) <= poems.latent_size(model, COUPLET5)
    assert poems.config_of(model)["vocab_size"] == len(CHARACTERS)


def test_the_groups_are_those_of_the_book():
    found = set().union(*(rhyme_book.rhyme_groups(char) for char in rhyme_book._book()))
    assert found == set(poems.RHYME_GROUPS)


# Refusals: what is wrong, what is allowed, in both languages


CODE = [0.0] * 4
REFUSED = {
    "an unknown model": (lambda: poems.compose("poem-vae-3"), "model 'poem-vae-3'", "模型"),
    "an unknown form": (lambda: poems.compose(form="sonnet"), "form 'sonnet'", "诗体"),
    "a form of the other model": (
        lambda: poems.compose("poem-vae-2018", form="quatrain5"),
        "form 'quatrain5' is unknown. Choose one of: couplet5",
        "couplet5",
    ),
    "no poem": (lambda: poems.compose(count=0), "count is 0; .*between 1 and 64", "首数现在是 0"),
    "too many poems": (lambda: poems.compose(count=65), "count is 65", "首数现在是 65"),
    "half a poem": (lambda: poems.compose(count=2.5), "2.5; it must be a whole number", "整数"),
    "too many under rules": (
        lambda: poems.compose(count=13, tones="auto"),
        "count under rules is 13; .*between 1 and 12",
        "带约束时的首数现在是 13",
    ),
    "a spread that is no number": (lambda: poems.compose(spread=math.nan), "spread is nan", "nan"),
    "a negative spread": (lambda: poems.compose(spread=-0.1), "spread is -0.1", "先验尺度"),
    "too hot": (lambda: poems.compose(temperature=2.1), "temperature is 2.1", "采样温度"),
    "infinitely hot": (lambda: poems.compose(temperature=math.inf), "temperature is inf", "inf"),
    "an empty nucleus": (lambda: poems.compose(top_p=0.0), "top_p is 0; .*0.05 and 1", "top-p"),
    "a negative seed": (lambda: poems.compose(seed=-1), "seed is -1", "随机种子现在是 -1"),
    "a huge seed": (lambda: poems.compose(seed=10**5000), "seed is 1e4999|seed is 1e5000", "1e"),
    "a seed that is no number": (lambda: poems.compose(seed=math.nan), "seed is nan", "整数"),
    "unknown tones": (lambda: poems.compose(tones="high"), "tones 'high' is unknown", "平仄谱"),
    "an unknown rhyme": (lambda: poems.compose(rhyme="一西"), "rhyme '一西' is unknown", "韵部"),
    "an oblique rhyme": (lambda: poems.compose(rhyme="一屋"), "rhyme '一屋' is unknown", "韵部"),
    "a long acrostic": (
        lambda: poems.compose(acrostic="春江花"),
        "acrostic has 3 characters; .* has 2 lines",
        "藏头有 3 个字",
    ),
    "an acrostic in Latin": (lambda: poems.compose(acrostic="ab"), "Only Chinese", "只认得汉字"),
    "an acrostic of emoji": (lambda: poems.compose(acrostic="🌸🌙"), "this has: 🌸 🌙", "🌸"),
    "an acrostic of marks": (lambda: poems.compose(acrostic="，。"), "no verse yet", "还没有诗句"),
    "an unknown character": (
        lambda: poems.compose(acrostic="龘"),
        "never seen: 龘",
        "没见过这些字：龘",
    ),
    "an endless acrostic": (
        lambda: poems.compose(acrostic="春" * 10_000),
        "10000 characters",
        "10000",
    ),
    "a short pattern": (
        lambda: poems.compose(fixed="春?"),
        "pattern has 2 places; .* has 10",
        "格子里有 2 个位置",
    ),
    "an endless pattern": (lambda: poems.compose(fixed="?" * 10_000), "10000 characters", "10000"),
    "a pattern in Latin": (lambda: poems.compose(fixed="abcde?????"), "Only Chinese", "只认得汉字"),
    "a pattern of emoji": (lambda: poems.compose(fixed="🌸" * 10), "Only Chinese", "🌸"),
    "half a character": (
        lambda: poems.compose(fixed="\ud800" * 10),
        r"this has: U\+D800",
        "U+D800",
    ),
    "a pattern of unknown characters": (
        lambda: poems.compose(fixed="龘?????????"),
        "never seen: 龘",
        "龘",
    ),
    "two characters for one place": (
        lambda: poems.compose(acrostic="春", fixed="江?????????"),
        "begin with 春 by the acrostic and with 江",
        "藏头要“春”，格子里是“江”",
    ),
    "a fixed rhyme of another group": (
        lambda: poems.compose(fixed="?" * 9 + "山", rhyme="一东"),
        "The fixed rhyme 山 does not fit 一东",
        "“山”不合一东",
    ),
    "a fixed rhyme of oblique tone": (
        lambda: poems.compose(fixed="?" * 9 + "月", rhyme="auto"),
        "月 does not fit a level-tone rhyme",
        "“月”不合平声韵",
    ),
    "two fixed rhymes that do not rhyme": (
        lambda: poems.compose(
            form="quatrain5", fixed="?" * 9 + "山" + "?" * 9 + "东", rhyme="auto"
        ),
        "山、东 does not fit",
        "“山、东”",
    ),
    "nothing to read": (lambda: poems.read("  "), "no verse yet", "还没有诗句"),
    "marks only": (lambda: poems.read("，。！"), "no verse yet", "还没有诗句"),
    "another length": (
        lambda: poems.read("春江花月夜白日见"),
        r"has 8 characters; accepted are: couplet, 5 characters \(10\)",
        "数到 8 个字",
    ),
    "a quatrain for the old model": (
        lambda: poems.read(KNOWN["quatrain5"], "poem-vae-2018"),
        r"has 20 characters; accepted are: couplet, 5 characters \(10\), not counting",
        "数到 20 个字；这里能读的是：五言联（10 字），标点不计",
    ),
    "a verse in Latin": (
        lambda: poems.read("to be or not"),
        "Only Chinese .*this has: t o b e",
        "t o",
    ),
    "a verse of emoji": (lambda: poems.read("🌸" * 10), "Only Chinese", "只认得汉字，这里有：🌸"),
    "kana": (lambda: poems.read("春江花月の夜白日見山"), "this has: の", "の"),
    "unknown characters": (
        lambda: poems.read("春江花月龘白日见龗山"),
        "never seen: 龘、龗. It knows the 133",
        "龘、龗",
    ),
    "ten thousand characters": (
        lambda: poems.read("春" * 10_000),
        "10000 characters; at most 200",
        "输入了 10000 个字符",
    ),
    "no samples": (lambda: poems.read(VERSE, samples=0), "samples is 0", "样本数现在是 0"),
    "too many samples": (lambda: poems.read(VERSE, samples=501), "samples is 501", "501"),
    "two forms": (
        lambda: poems.interpolate(VERSE, KNOWN["couplet7"]),
        "different forms .couplet, 5 characters, couplet, 7 characters",
        "体裁不同（五言联、七言联）",
    ),
    "too few steps": (lambda: poems.interpolate(VERSE, VERSE, steps=2), "steps is 2", "步数"),
    "an unknown model to walk in": (
        lambda: poems.interpolate(VERSE, VERSE, "x"),
        "model 'x'",
        "模型",
    ),
    "no verses": (lambda: poems.encode([]), "number of verses is 0", "诗的首数现在是 0"),
    "too many verses": (lambda: poems.encode([VERSE] * 65), "number of verses is 65", "65"),
    "no codes": (lambda: poems.decode([]), "number of codes is 0", "编码个数现在是 0"),
    "a short code": (lambda: poems.decode([CODE]), r"has 4 numbers; .* has \d+", "编码有 4 个数"),
    "three corners": (lambda: poems.blend([CODE] * 3, 0, 0), "3 corners", "给了 3 个角"),
    "outside the square": (lambda: poems.blend([CODE] * 4, 1.5, 0), "x is 1.5", "横坐标现在是 1.5"),
    "nowhere": (lambda: poems.blend([CODE] * 4, 0.5, math.nan), "y is nan", "纵坐标现在是 nan"),
    "too much variation": (lambda: poems.vary(CODE, amount=3), "amount is 3", "变化幅度"),
    "variations of nothing": (lambda: poems.vary([], count=1), "has 0 numbers", "编码有 0 个数"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case):
    call, en, zh = REFUSED[case]
    with pytest.raises(InputError, match=en) as caught:
        call()
    assert zh in caught.value.text("zh")
    assert isinstance(caught.value, ValueError) and len(caught.value.en) < 400


@pytest.mark.parametrize(
    "wrong", [math.nan, math.inf, 101, -1e9, "x", None, 10**400], ids=lambda value: str(value)[:5]
)
def test_codes_with_other_things_than_numbers(wrong):
    code = list(poems.compose(count=1).poems[0].code)
    code[3] = wrong
    for call in (
        lambda: poems.decode([code]),
        lambda: poems.vary(code),
        lambda: poems.blend([code] * 4, 0.5, 0.5),
    ):
        with pytest.raises(InputError, match="numbers between -100 and 100") as caught:
            call()
        assert "-100 到 100" in caught.value.text("zh")


def test_compatibility_characters_are_folded():
    """A radical or a half-width look-alike is the character it stands for."""
    assert poems.compose(fixed="\u2f49" + "?" * 9, count=1).poems[0].text[0] == "月"
    assert poems.read("春江花\u2f49夜白日见青山", samples=1).lines[0] == "春江花月夜"


def test_one_visitors_mistake_stays_theirs():
    def call(i):
        return lambda: poems.compose(seed=i) if i % 2 else poems.compose(seed=i, fixed="x")

    results = laws.at_once([call(i) for i in range(10)])
    for i, result in enumerate(results):
        if i % 2:
            assert texts(result) == texts(poems.compose(seed=i))
        else:
            assert isinstance(result, InputError)


def test_forms_of_models():
    assert poems.forms_of("poem-vae") == FORMS and poems.forms_of("poem-vae-2018") == (COUPLET5,)
    assert poems.latent_size("poem-vae", QUATRAIN5) > poems.latent_size("poem-vae", COUPLET5)
