"""Decoding under rules against enumeration: a model so small that all its texts can be listed."""

import itertools
import random
from collections import Counter

import pytest
import torch
from torch import Tensor

from core import decode
from core.decode import (
    ANY_RHYME,
    FREE,
    FREE_PLACE,
    LEVEL,
    NO_RHYME,
    OBLIQUE,
    Rules,
    VerseTables,
    allowed_at,
    choose,
    write,
)

V, LENGTH = 5, 4
TONES = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 1, 1]]).bool()
RHYMES = torch.tensor([[1, 1, 0, 0, 0], [0, 0, 1, 1, 0]]).bool()  # token 4 rhymes with nothing
TABLES = VerseTables(TONES, RHYMES).on(torch.device("cpu"))
# Logits of the next token after each token (the last row: at the beginning), for two codes.
torch.manual_seed(3)
CHAIN = 2.0 * torch.randn(2, V + 1, V, dtype=torch.double)
SURE = 0.4  # probability from which a token may be doubled; this chain is never as sure as verse


@pytest.fixture(autouse=True)
def _sure(monkeypatch):
    monkeypatch.setattr(decode, "DOUBLED", SURE)


class Chain:
    """A Markov chain of tokens as a batch of texts being written; each row follows its own code."""

    def __init__(self, codes: Tensor) -> None:
        self.codes, self.last = codes, torch.full_like(codes, V)

    def logits(self) -> Tensor:
        return CHAIN[self.codes, self.last]

    def append(self, tokens: Tensor) -> None:
        self.last = tokens

    def select(self, rows: Tensor) -> None:
        self.codes, self.last = self.codes[rows], self.last[rows]


def rules(batch: int, **given) -> Rules:
    """Rules with the same demand on every text; `fixed={3: 1}` fixes token 1 at position 3."""
    empty = {"fixed": FREE_PLACE, "tone": FREE, "rhyme": NO_RHYME, "rhyme_with": NO_RHYME}
    rows = {name: torch.full((batch, LENGTH), value) for name, value in empty.items()}
    for name, places in given.items():
        if name != "unique":
            for place, value in places.items():
                rows[name][:, place] = value
    return Rules(**rows, unique=torch.full((batch,), given.get("unique", False)))


def draw(
    batch: int, particles: int, demands: Rules, temperature=1.0, top_p=1.0, seed=0, codes=None
):
    generator = torch.Generator().manual_seed(seed)
    rows = batch * particles
    if codes is None:
        codes = torch.randint(2, (rows,), generator=generator)
    return codes, write(
        Chain(codes),
        Rules(*(part.repeat_interleave(particles, 0) for part in vars(demands).values())),
        TABLES,
        uniform=torch.rand(rows, LENGTH, generator=generator),
        resample=torch.rand(batch, LENGTH + 1, generator=generator),
        temperature=torch.full((rows,), temperature),
        top_p=torch.full((rows,), top_p),
        particles=particles,
        width=2,
        rivals=3,
    )


def kept(
    text: tuple[int, ...], demands: Rules, row: int = 0, codes: tuple[int, ...] = (0, 1)
) -> bool:
    """Whether a text keeps a row's rules, said once more in plain Python; two tokens are a line.

    One of `codes` must be sure of every doubled token.
    """
    for place, token in enumerate(text):
        fixed, tone, rhyme, partner = (
            int(part[row, place])
            for part in (demands.fixed, demands.tone, demands.rhyme, demands.rhyme_with)
        )
        if fixed != FREE_PLACE:
            if token != fixed:
                return False
            continue  # a fixed character stands whatever the other rules say
        groups = {g for g in range(len(RHYMES)) if RHYMES[g, token]}
        if not TONES[tone, token]:
            return False
        if rhyme == ANY_RHYME and not groups or rhyme >= 0 and rhyme not in groups:
            return False
        if partner >= 0 and not any(RHYMES[g, text[partner]] for g in groups):
            return False
        if demands.unique[row]:
            doubled = place % 2 == 1 and text[place - 1] == token
            sure = max(float(CHAIN[code, token].softmax(0)[token]) for code in codes) > SURE
            doubled = doubled and sure
            others = [*text[: place - doubled], *demands.fixed[row, place + 1 :].tolist()]
            if token in others:
                return False
    return True


def posterior(demands: Rules) -> dict[tuple[int, ...], float]:
    """Probability of every text given the rules, the code summed out."""
    weights: dict[tuple[int, ...], float] = {}
    for text, code in itertools.product(itertools.product(range(V), repeat=LENGTH), (0, 1)):
        if kept(text, demands, codes=(code,)):
            steps = zip((V, *text), text, strict=False)
            log_p = [CHAIN[code, before].log_softmax(0)[token] for before, token in steps]
            weights[text] = weights.get(text, 0.0) + float(torch.stack(log_p).sum().exp())
    total = sum(weights.values())
    return {text: weight / total for text, weight in weights.items()}


def distance(tokens: Tensor, exact: dict[tuple[int, ...], float]) -> float:
    """Total variation between drawn texts and exact probabilities."""
    counts = Counter(map(tuple, tokens.tolist()))
    texts = exact.keys() | counts.keys()
    return 0.5 * sum(abs(exact.get(t, 0.0) - counts[t] / len(tokens)) for t in texts)


def random_texts(exact, count):
    draw = random.Random(0)
    return torch.tensor(draw.choices(list(exact), list(exact.values()), k=count))


# One token


def nucleus(probs: list[float], top_p: float) -> list[float]:
    """Renormalised probabilities of the smallest set of best tokens with a mass of `top_p`."""
    order = sorted(range(len(probs)), key=lambda i: -probs[i])
    chosen, mass = set(), 0.0
    for i in order:
        if mass >= top_p:
            break
        chosen.add(i)
        mass += probs[i]
    return [p / mass if i in chosen else 0.0 for i, p in enumerate(probs)]


@pytest.mark.parametrize("top_p", [0.05, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
def test_draws_follow_the_nucleus(temperature, top_p):
    torch.manual_seed(0)
    points = 4000
    logits, allowed = torch.randn(7), torch.tensor([1, 1, 0, 1, 1, 0, 1]).bool()
    uniform = (torch.arange(points) + 0.5) / points
    tokens = choose(
        logits.expand(points, -1),
        allowed.expand(points, -1),
        uniform,
        torch.full((points,), temperature),
        torch.full((points,), top_p),
    )
    scaled = (logits / temperature).masked_fill(~allowed, float("-inf")).softmax(0)
    expected = torch.tensor(nucleus(scaled.tolist(), top_p))
    found = torch.bincount(tokens, minlength=7) / points
    torch.testing.assert_close(found, expected, rtol=0, atol=1.5 / points)


def test_the_nucleus_of_a_large_vocabulary_is_that_of_sorting_it():
    torch.manual_seed(0)
    size = 3000
    sharpness = torch.tensor([0.1, 0.5, 1.0, 2.0, 5.0, 20.0])
    logits = torch.randn(6, size, dtype=torch.double) * sharpness.unsqueeze(1)
    allowed = torch.rand(6, size) < 0.8
    for top_p in (0.3, 0.9, 0.999):
        probs = logits.masked_fill(~allowed, float("-inf")).softmax(1)
        for row in range(6):
            inside = torch.tensor(nucleus(probs[row].tolist(), top_p)) > 0
            points = 100
            tokens = choose(
                logits[row].expand(points, -1),
                allowed[row].expand(points, -1),
                torch.linspace(0, 1 - 1e-7, points),
                torch.ones(points),
                torch.full((points,), top_p),
            )
            assert inside[tokens].all()
            assert int(tokens[-1]) == int(inside.nonzero()[-1])


def test_the_last_point_stays_inside_the_rules():
    logits = torch.zeros(3, 4)
    allowed = torch.tensor([[1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]]).bool()
    for last in (1 - 2**-24, 1.0):
        tokens = choose(logits, allowed, torch.full((3,), last), torch.ones(3), torch.ones(3))
        assert allowed[torch.arange(3), tokens].all()


def test_temperature_zero_takes_the_best_allowed():
    logits = torch.tensor([[3.0, 2.0, 1.0]] * 3)
    allowed = torch.tensor([[1, 1, 1], [0, 1, 1], [0, 1, 1]]).bool()
    hot = torch.tensor([0.0, 0.0, 100.0])
    tokens = choose(logits, allowed, torch.full((3,), 0.999), hot, torch.ones(3))
    assert tokens.tolist() == [0, 1, 2]


# Whole texts


@pytest.mark.parametrize("particles", [1, 7])
def test_without_demands_texts_are_draws_of_the_model(particles):
    _, written = draw(4000, particles, rules(4000))
    exact = posterior(rules(1))
    assert distance(written.tokens, exact) < 1.2 * distance(random_texts(exact, 4000), exact)
    assert written.possible.all()


@pytest.mark.parametrize(
    "given",
    [
        {"fixed": {3: 4}},
        {"fixed": {2: 0}, "tone": {0: OBLIQUE, 1: LEVEL, 3: OBLIQUE}},
        {"rhyme": {1: ANY_RHYME}, "rhyme_with": {3: 1}},
        {"rhyme": {3: 1}, "unique": True},
        {"fixed": {1: 1, 3: 0}, "unique": True},
    ],
    ids=["an end", "tones", "a rhyme with itself", "a rhyme and no repeats", "two characters"],
)
def test_particles_approach_the_model_given_the_rules(given):
    exact = posterior(rules(1, **given))
    found = {}
    for particles in (1, 8, 64):
        count = 3000
        demands = rules(count, **given)
        _, written = draw(count, particles, demands, seed=particles)
        texts = map(tuple, written.tokens[written.possible].tolist())
        assert all(text in exact for text in texts)
        found[particles] = distance(written.tokens, exact)
    noise = distance(random_texts(exact, 3000), exact)  # of as many exact draws
    assert found[64] < 1.5 * noise + 0.01
    assert found[64] < found[1] / 2 or found[1] < 0.1


def test_the_code_is_part_of_a_particle():
    """The codes that survive are those of the exact posterior."""
    given = {"fixed": {1: 4, 3: 0}}
    codes, written = draw(4000, 32, rules(4000, **given))
    survived = codes.view(4000, 32)[torch.arange(4000), written.chosen].double()
    weights = []
    for code in (0, 1):
        log_p = CHAIN[code].log_softmax(1).exp()
        weights.append(float((log_p[V] * log_p[:V, 4]).sum() * (log_p[4] * log_p[:V, 0]).sum()))
    assert abs(float(survived.mean()) - weights[1] / sum(weights)) < 0.04


def test_rules_are_kept_whatever_they_are():
    draw_rules = random.Random(0)
    count, places = 400, range(LENGTH)
    demands = rules(count)
    for row in range(count):
        for place in places:
            if draw_rules.random() < 0.25:
                demands.fixed[row, place] = draw_rules.randrange(V)
            demands.tone[row, place] = draw_rules.choice((FREE, FREE, LEVEL, OBLIQUE))
            demands.rhyme[row, place] = draw_rules.choice((NO_RHYME,) * 4 + (ANY_RHYME, 0, 1))
            if place and draw_rules.random() < 0.25:
                demands.rhyme_with[row, place] = draw_rules.randrange(place)
        demands.unique[row] = draw_rules.random() < 0.5
    for particles, temperature, top_p in (
        (1, 0.0, 1.0),
        (1, 1.0, 0.8),
        (5, 0.0, 0.9),
        (5, 1.5, 1.0),
    ):
        _, written = draw(count, particles, demands, temperature, top_p)
        texts = list(map(tuple, written.tokens.tolist()))
        assert 50 < int(written.possible.sum()) < count
        for row, text in enumerate(texts):
            if written.possible[row]:
                assert kept(text, demands, row), (row, text)


def test_rules_that_nothing_keeps_are_reported():
    _, written = draw(
        3, 4, rules(3, rhyme={3: 0}, tone={3: LEVEL}, fixed={0: 0, 1: 1}, unique=True)
    )
    assert not written.possible.any()
    assert written.tokens[:, :2].tolist() == [[0, 1]] * 3  # what can be kept is kept


def test_one_character_twice_in_a_row_once():
    demands = rules(1, unique=True)
    table = VerseTables(torch.ones(3, V).bool(), RHYMES).on(torch.device("cpu"))

    def may(*before, width=4, sure_of=3, probability=0.5):
        tokens = [torch.tensor([token]) for token in before]
        probabilities = torch.full((1, V), (1 - probability) / (V - 1))
        probabilities[0, sure_of] = probability
        log_p = probabilities.log()
        allowed = allowed_at(len(before), tokens, log_p, demands, table, width)
        return allowed[0].nonzero().flatten().tolist()

    assert may() == [0, 1, 2, 3, 4]
    assert may(3) == [0, 1, 2, 3, 4]  # doubled
    assert may(3, probability=0.39) == [0, 1, 2, 4]  # not sure enough
    assert may(3, sure_of=2) == [0, 1, 2, 4]
    assert may(3, 3) == [0, 1, 2, 4]  # not tripled
    assert may(3, 1, sure_of=1) == [0, 1, 2, 4]
    assert may(3, 3, width=2) == [0, 1, 2, 4]  # a double does not reach into the next line
    assert may(0, 3, width=2) == [1, 2, 4]
    demands.fixed[0, 3] = 4  # kept for its own place
    assert may(0, sure_of=0) == [0, 1, 2, 3]


def test_temperature_zero_writes_the_greedy_text():
    _, written = draw(2, 1, rules(2), temperature=0.0, codes=torch.tensor([0, 1]))
    for code in (0, 1):
        last, expected = V, []
        for _ in range(LENGTH):
            last = int(CHAIN[code, last].argmax())
            expected.append(last)
        assert written.tokens[code].tolist() == expected


@pytest.mark.parametrize("particles", [1, 6])
def test_probabilities_are_the_models_own(particles):
    """Those of the text that is shown, before temperature and rules, whatever came of its rivals."""
    codes, written = draw(50, particles, rules(50, fixed={2: 3}, tone={0: LEVEL}), temperature=0.7)
    survived = codes.view(50, particles)[torch.arange(50), written.chosen]
    last = torch.full((50,), V)
    for place in range(LENGTH):
        log_p = CHAIN[survived, last].log_softmax(1)
        token = written.tokens[:, place]
        expected = log_p[torch.arange(50), token].float()
        torch.testing.assert_close(written.log_probs[:, place], expected)
        rivals = log_p.exp().float().sort(descending=True).values[:, :3]
        torch.testing.assert_close(written.rival_probs[:, place], rivals)
        last = token


@pytest.mark.parametrize("particles", [1, 8])
def test_alone_or_in_a_crowd(particles):
    count = 30
    demands = rules(count, fixed={3: 4}, unique=True)
    generator = torch.Generator().manual_seed(5)
    codes = torch.randint(2, (count * particles,), generator=generator)
    uniform = torch.rand(count * particles, LENGTH, generator=generator)
    resample = torch.rand(count, LENGTH + 1, generator=generator)
    temperature = torch.tensor([0.0, 0.7, 1.0]).repeat(10)
    top_p = torch.tensor([1.0, 0.9]).repeat(15)

    def written(some):
        rows = torch.cat([torch.arange(i * particles, (i + 1) * particles) for i in some])
        spread = [part[some].repeat_interleave(particles, 0) for part in vars(demands).values()]
        return write(
            Chain(codes[rows]),
            Rules(*spread),
            TABLES,
            uniform=uniform[rows],
            resample=resample[some],
            temperature=temperature[some].repeat_interleave(particles),
            top_p=top_p[some].repeat_interleave(particles),
            particles=particles,
            width=2,
        )

    together = written(list(range(count)))
    for i in range(count):
        alone = written([i])
        assert torch.equal(alone.tokens[0], together.tokens[i])
        assert alone.chosen[0] == together.chosen[i]
        torch.testing.assert_close(alone.log_probs[0], together.log_probs[i])
