"""The CRF against enumeration of all paths, against autograd, and against other batches."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from core.models.chain import FREE, Chain
from core.models.crf import CRF

LENGTHS = torch.tensor([5, 3, 1, 4])
TIME, TAGS = 5, 3


def build(kind: str) -> Chain:
    """Random scores in double precision for four ragged sentences."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    batch = len(LENGTHS)
    steps = draw(batch, TIME - 1, TAGS, TAGS) if kind == "per step" else draw(TAGS, TAGS)
    mask = torch.arange(TIME) < LENGTHS.unsqueeze(1)
    made = Chain.of(draw(batch, TIME, TAGS), steps, mask, draw(TAGS), draw(TAGS))
    if kind == "forbidden":
        return made.forbid(
            torch.eye(TAGS, dtype=torch.bool).roll(1, dims=1),
            torch.tensor([False, True, False]),
            torch.tensor([True, False, False]),
        )
    return made


def enumerate_paths(made: Chain, row: int) -> tuple[list[tuple[int, ...]], Tensor]:
    """All paths of a sentence, best first, and their scores: slow, obvious, independent."""
    length, tags = int(made.lengths[row]), made.emissions.shape[2]
    scored = []
    for path in itertools.product(range(tags), repeat=length):
        score = float(made.start[path[0]] + made.end[path[-1]])
        for t, tag in enumerate(path):
            score += float(made.emissions[row, t, tag])
            if t:
                score += float(
                    made.step(t).expand(len(made.lengths), -1, -1)[row, path[t - 1], tag]
                )
        scored.append((score, path))
    scored.sort(reverse=True)
    return [path for _, path in scored], torch.tensor([s for s, _ in scored], dtype=torch.float64)


KINDS = pytest.mark.parametrize("kind", ["shared", "per step", "forbidden"])


@KINDS
def test_log_partition_sums_all_paths(kind: str) -> None:
    made = build(kind)
    for row, log_z in enumerate(made.log_partition()):
        _, scores = enumerate_paths(made, row)
        torch.testing.assert_close(log_z, scores.logsumexp(0))


@KINDS
def test_viterbi_and_k_best_are_the_best_of_all(kind: str) -> None:
    made = build(kind)
    best, several = made.viterbi(), made.k_best(40)
    for row, length in enumerate(made.lengths.tolist()):
        paths, scores = enumerate_paths(made, row)
        count = min(40, int((scores > -math.inf).sum()))
        assert tuple(best.tags[row, :length].tolist()) == paths[0]
        torch.testing.assert_close(best.scores[row], scores[0])
        found = [tuple(path[:length].tolist()) for path in several.tags[row, :count]]
        assert found == paths[:count]
        torch.testing.assert_close(several.scores[row, :count], scores[:count])
        assert (several.scores[row, count:] == -math.inf).all()


@KINDS
def test_marginals_entropy_and_pairs(kind: str) -> None:
    made = build(kind)
    unary, pairs, entropy = made.marginals(), made.pairwise(), made.entropy()
    for row, length in enumerate(made.lengths.tolist()):
        paths, scores = enumerate_paths(made, row)
        p = scores.softmax(0)
        wanted, steps = torch.zeros_like(unary[row]), torch.zeros_like(pairs[row])
        for path, probability in zip(paths, p, strict=True):
            for t, tag in enumerate(path):
                wanted[t, tag] += probability
                if t + 1 < length:
                    steps[t, tag, path[t + 1]] += probability
        torch.testing.assert_close(unary[row], wanted)
        torch.testing.assert_close(pairs[row], steps)
        torch.testing.assert_close(entropy[row], torch.special.entr(p).sum())


@KINDS
def test_probability_of_a_segment(kind: str) -> None:
    made = build(kind)
    posterior = made.posterior()
    paths, scores = enumerate_paths(made, 0)
    for tags in ([1, 0, 2], [0, 0, 0], [2]):
        wanted = sum(
            probability
            for path, probability in zip(paths, scores.softmax(0).tolist(), strict=True)
            if list(path[1 : 1 + len(tags)]) == tags
        )
        assert posterior.segment(0, 1, tags).item() == pytest.approx(wanted, abs=1e-12)


@KINDS
def test_probability_of_pieces_of_a_path(kind: str) -> None:
    made = build(kind)
    posterior, best = made.posterior(), made.viterbi().tags
    along = made.along(best)
    for row, length in enumerate(LENGTHS.tolist()):
        for start in range(length):
            for end in range(start + 1, length + 1):
                wanted = posterior.segment(row, start, best[row, start:end].tolist())
                log_p = along.alone[row, start]
                log_p = log_p + along.chained[row, end - 1] - along.chained[row, start]
                torch.testing.assert_close(log_p.exp(), wanted)


def test_impossible_pieces_have_probability_zero() -> None:
    made = build(
        "forbidden"
    )  # tag 0 may not be followed by 1, nor a text begin with 1 or end with 0
    along = made.along(torch.tensor([[0, 1, 2, 2, 0]] * len(LENGTHS)))
    assert along.alone.isfinite().all() and along.chained.isfinite().all()
    assert float((along.alone[0, 0] + along.chained[0, 1] - along.chained[0, 0]).exp()) == 0.0
    assert float(along.alone[0, 4].exp()) == 0.0


@KINDS
def test_marginals_are_the_gradient_of_log_partition(kind: str) -> None:
    made = build(kind)
    emissions = made.emissions.clone().requires_grad_()
    transitions = made.transitions.clone().requires_grad_()
    again = Chain(emissions, transitions, made.start, made.end, made.lengths)
    again.log_partition().sum().backward()
    assert emissions.grad is not None and transitions.grad is not None
    torch.testing.assert_close(emissions.grad, made.marginals())
    pairs = made.pairwise()
    wanted = pairs if transitions.dim() == 4 else pairs.sum(dim=(0, 1))
    torch.testing.assert_close(transitions.grad, wanted)


@KINDS
def test_samples_have_the_frequencies_of_the_paths(kind: str) -> None:
    made = build(kind)
    generator = torch.Generator().manual_seed(1)
    noise = torch.rand(20_000, len(LENGTHS), TIME, generator=generator, dtype=torch.float64)
    drawn = made.sample(noise)
    assert (drawn.masked_select(~made.mask) == 0).all()
    for row, length in enumerate(made.lengths.tolist()):
        paths, scores = enumerate_paths(made, row)
        for path, probability in zip(paths[:5], scores.softmax(0)[:5].tolist(), strict=False):
            seen = (drawn[:, row, :length] == torch.tensor(path)).all(dim=1).double().mean()
            assert abs(float(seen) - probability) < 5 * math.sqrt(0.25 / len(noise))


def test_samples_never_use_a_forbidden_step() -> None:
    made = build("forbidden")
    for noise in (torch.zeros(1, 4, TIME), torch.full((1, 4, TIME), 1 - 2**-24)):
        scores = made.score(made.sample(noise.double())[0])
        assert (scores > -math.inf).all()


@KINDS
def test_decomposition_sums_to_the_score(kind: str) -> None:
    made = build(kind)
    for row, length in enumerate(made.lengths.tolist()):
        paths, scores = enumerate_paths(made, row)
        for path, score in zip(paths[:6], scores[:6], strict=False):
            tags = torch.zeros(len(LENGTHS), TIME, dtype=torch.long)
            tags[row, :length] = torch.tensor(path)
            terms = made.decompose(tags)
            torch.testing.assert_close(terms.total()[row], score)
            torch.testing.assert_close(made.score(tags)[row], score)
            assert (terms.emissions[row, length:] == 0).all()
            assert (terms.transitions[row, length:] == 0).all()


def test_pinned_tags_restrict_the_paths() -> None:
    made = build("shared")
    pins = torch.full((len(LENGTHS), TIME), FREE)
    pins[0, 2], pins[1, 0], pins[2, 0], pins[3, 3] = 1, 2, 0, 2
    pinned = made.pin(pins)
    for row, length in enumerate(made.lengths.tolist()):
        paths, scores = enumerate_paths(made, row)
        wanted = [
            (path, score)
            for path, score in zip(paths, scores.tolist(), strict=True)
            if all(p in (FREE, tag) for p, tag in zip(pins[row].tolist(), path, strict=False))
        ]
        best = pinned.viterbi()
        assert tuple(best.tags[row, :length].tolist()) == wanted[0][0]
        total = torch.tensor([score for _, score in wanted], dtype=torch.float64).logsumexp(0)
        torch.testing.assert_close(pinned.log_partition()[row], total)


def test_a_sentence_without_any_path_says_so() -> None:
    made = build("shared").forbid(start=torch.tensor([True, True, True]))
    assert (made.log_partition() == -math.inf).all()
    assert (made.viterbi().scores == -math.inf).all()
    assert (made.marginals() == 0).all()
    assert (made.entropy() == 0).all()


@KINDS
def test_alone_or_in_a_batch_and_with_any_padding(kind: str) -> None:
    made = build(kind)
    whole = (made.log_partition(), made.viterbi(), made.marginals(), made.k_best(3))
    for row, length in enumerate(made.lengths.tolist()):
        steps = made.transitions
        if steps.dim() == 4:
            steps = steps[row : row + 1, : length - 1]
        emissions = made.emissions[row : row + 1, :length]
        alone = Chain.of(emissions, steps, None, made.start, made.end)
        torch.testing.assert_close(alone.log_partition()[0], whole[0][row])
        torch.testing.assert_close(alone.marginals()[0], whole[2][row, :length])
        assert torch.equal(alone.viterbi().tags[0], whole[1].tags[row, :length])
        # With fewer than three ways the rest is arbitrary.
        real = whole[3].scores[row] > -math.inf
        assert torch.equal(alone.k_best(3).tags[0][real], whole[3].tags[row, real, :length])


def test_padding_may_hold_anything() -> None:
    made = build("shared")
    dirty = made.emissions.masked_fill(~made.mask.unsqueeze(-1), math.nan).requires_grad_()
    again = Chain.of(dirty, made.transitions, made.mask, made.start, made.end)
    torch.testing.assert_close(again.log_partition(), made.log_partition())
    again.log_partition().sum().backward()
    assert dirty.grad is not None and dirty.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_accumulated_in_full(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    emissions = (3 * torch.randn(2, 300, 5, generator=generator)).to(dtype)
    transitions = torch.randn(5, 5, generator=generator).to(dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = Chain.of(emissions, transitions)
        log_z, best, marginals = half.log_partition(), half.viterbi(), half.marginals()
    full = Chain.of(emissions.double(), transitions.double())
    assert log_z.dtype == torch.float32
    torch.testing.assert_close(log_z.double(), full.log_partition(), rtol=1e-6, atol=0)
    torch.testing.assert_close(best.scores.double(), full.viterbi().scores, rtol=1e-6, atol=0)
    torch.testing.assert_close(marginals.double(), full.marginals(), rtol=0, atol=1e-3)


def test_the_walk_on_a_cpu_equals_the_one_for_any_device() -> None:
    from core.models.chain import _walk, _walk_on_cpu

    made = build("shared")
    alphas = made._best_scores()
    last = (alphas[made.lengths - 1, :, torch.arange(4)] + made.end).argmax(dim=1)
    inside = made.mask
    one, other = _walk(alphas, made, last), _walk_on_cpu(alphas, made, last)
    assert torch.equal(one[inside], other[inside])


def test_two_directions_of_viterbi_agree_on_a_long_chain() -> None:
    generator = torch.Generator().manual_seed(3)
    made = Chain.of(
        torch.randn(3, 80, 7, generator=generator), torch.randn(7, 7, generator=generator)
    )
    best = made.viterbi()
    torch.testing.assert_close(made.score(best.tags), best.scores)
    assert torch.equal(best.tags, made.k_best(1).tags[:, 0])


def test_every_parameter_gets_a_gradient_and_the_layer_learns() -> None:
    torch.manual_seed(0)
    layer = CRF(4)
    emissions = torch.randn(6, 7, 4, requires_grad=True)
    tags = torch.randint(4, (6, 7))
    mask = torch.arange(7) < torch.tensor([7, 6, 5, 4, 3, 1]).unsqueeze(1)
    optimizer = torch.optim.Adam([emissions, *layer.parameters()], lr=0.2)
    first = layer.loss(emissions, tags, mask).mean()
    for _ in range(150):
        optimizer.zero_grad()
        loss = layer.loss(emissions, tags, mask).mean()
        loss.backward()
        for name, parameter in layer.named_parameters():
            assert parameter.grad is not None and parameter.grad.isfinite().all(), name
            assert bool(parameter.grad.any()), name
        optimizer.step()
    assert loss.item() < 0.02 < first.item()
    paths = layer.chain(emissions, mask).viterbi().tags
    assert torch.equal(paths[mask], tags[mask])


def test_the_multiplier_moves_transitions_faster_by_itself() -> None:
    moved = []
    for multiplier in (1.0, 100.0):
        torch.manual_seed(0)
        layer = CRF(3, multiplier=multiplier)
        before = layer.chain(torch.zeros(1, 2, 3)).transitions.detach()
        optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3)
        layer.loss(torch.zeros(1, 2, 3), torch.tensor([[0, 1]])).sum().backward()
        optimizer.step()
        after = layer.chain(torch.zeros(1, 2, 3)).transitions.detach()
        moved.append((after - before).abs().mean())
    assert 95 < float(moved[1] / moved[0]) < 105


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((2, 3), (3, 3), None), "emissions"),
        (((2, 0, 3), (3, 3), None), "emissions"),
        (((2, 4, 3), (3, 2), None), "transitions"),
        (((2, 4, 3), (3, 3), [[True] * 3] * 2), "mask"),
        (((2, 4, 3), (3, 3), [[False] * 4] * 2), "at least one character"),
        (((1, 4, 3), (3, 3), [[True, False, True, True]]), "padding only after"),
    ],
)
def test_shapes_that_do_not_fit_are_explained(arguments, words) -> None:
    emissions, transitions, mask = arguments
    mask = None if mask is None else torch.tensor(mask)
    with pytest.raises(ValueError, match=words):
        Chain.of(torch.zeros(emissions), torch.zeros(transitions), mask)
