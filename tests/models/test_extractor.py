"""The extractor: padding, batches, many subjects, gradients, learning; on made-up characters."""

from dataclasses import asdict

import pytest
import torch

from core.models.extractor import Extractor, ExtractorConfig
from core.models.extractor_stages import all_of, bucket
from core.models.triples_decoding import Thresholds, pairs, read_triples
from core.text.characters import PADDING, hash_strings, shorten
from core.text.triple_memory import TripleMemory
from tests import laws

KINDS = (("人", "父", "人"), ("人", "子", "人"), ("书", "作者", "人"))
ENCODERS = pytest.mark.parametrize("encoder", ["dgcnn", "bilstm"])
CODES = pytest.mark.parametrize("code", ["gru", "ends"])
LENGTHS = torch.tensor([12, 7, 2, 5])


def build(encoder="dgcnn", code="gru", dropout=0.0, memory=True, **changes) -> Extractor:
    torch.manual_seed(0)
    sizes = {
        "vocab_size": 20,
        "kinds": KINDS,
        "inverses": (("父", "子"),),
        "bigrams": 40,
        "lexicons": (6, 5),
        "memory_strings": 2 if memory else 0,
        "memory_triples": 2 if memory else 0,
        "side_tags": (3, 4),
        "side_kinds": (2,),
        "language": True,
        "character_width": 8,
        "bigram_width": 6,
        "lexicon_width": 4,
        "positions": 10,
        "encoder": encoder,
        "width": 12,
        "layers": 4 if encoder == "dgcnn" else 1,
        "head_width": 10,
        "subject_code": code,
        "dropout": dropout,
        "head_dropout": dropout,
        "gate_dropout": dropout,
    }
    model = Extractor(ExtractorConfig(**(sizes | changes)))
    pair = torch.cartesian_prod(torch.arange(20), torch.arange(20))[::10]
    words = shorten(hash_strings(texts()[0].unfold(0, 3, 1))).unique()
    model.know(
        shorten(hash_strings(pair)), [words[:6], words[-5:]], remembered() if memory else None
    )
    with torch.no_grad():  # so that places matter, and that something is found
        model.positions.weight.normal_(std=0.1)
        model.stage.subject_out.bias.zero_()
        model.stage.object_out.bias.zero_()
    return model


def texts() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    characters = torch.randint(2, 20, (4, 12), generator=generator)
    return characters.masked_fill(torch.arange(12) >= LENGTHS.unsqueeze(1), PADDING)


def remembered() -> TripleMemory:
    """One triple of kind 2: characters 1 to 3 and 6 to 9 of the first text."""
    first = texts()[0]
    names = torch.stack([hash_strings(first[1:3]), hash_strings(first[6:9])])
    whole = torch.stack([hash_strings(torch.tensor([*names, 2])), hash_strings(names)])
    return TripleMemory(shorten(names.sort().values), shorten(whole.sort().values))


def spans() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Texts, starts and ends of seven subjects, several of one text."""
    places = [(0, 1, 3), (0, 0, 12), (0, 11, 12), (1, 2, 6), (1, 6, 7), (2, 0, 1), (3, 1, 4)]
    rows, starts, ends = torch.tensor(places).unbind(1)
    return rows, starts, ends


def targets(characters: torch.Tensor, draws=2, kinds=3) -> tuple[torch.Tensor, ...]:
    """Subjects, starts, ends and objects as a recipe draws them."""
    generator = torch.Generator().manual_seed(2)
    count, time = characters.shape
    subjects = torch.randint(2, (count, time, 2), generator=generator)
    objects = torch.randint(2, (count, draws, time, 2, kinds), generator=generator)
    starts = torch.zeros(count, draws, dtype=torch.long)
    return subjects, starts, starts + 1 + torch.arange(draws), objects


@ENCODERS
@CODES
@torch.no_grad()
def test_alone_or_in_a_batch_and_with_any_padding(encoder, code) -> None:
    model, characters = build(encoder, code).double().eval(), texts()
    found = model.memory.find(characters, len(KINDS))
    rows, starts, ends = spans()

    def both(characters: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        encoding = model.encode(characters)
        objects = model.objects(encoding, starts, ends, rows, found)
        return model.subjects(encoding, found), objects

    subjects, objects = both(characters)
    wide = both(torch.nn.functional.pad(characters, (0, 5)))
    for whole, padded in zip((subjects, objects), wide, strict=True):
        torch.testing.assert_close(padded[:, :12], whole, rtol=1e-9, atol=1e-9)
        assert not padded[:, 12:].any()
    for row, length in enumerate(LENGTHS.tolist()):
        encoding = model.encode(characters[row : row + 1, :length])
        alone = model.subjects(encoding, found[row : row + 1])
        torch.testing.assert_close(alone[0], subjects[row, :length], rtol=1e-9, atol=1e-9)
        assert not subjects[row, length:].any()
        mine = rows == row
        for start, end, whole in zip(starts[mine], ends[mine], objects[mine], strict=True):
            one = model.objects(
                encoding, start.view(1), end.view(1), found=found[row : row + 1]
            )  # one subject of one text, on its own
            torch.testing.assert_close(one[0], whole[:length], rtol=1e-9, atol=1e-9)
            assert not whole[length:].any()


@ENCODERS
@torch.no_grad()
def test_extraction_of_many_texts_is_that_of_each(encoder) -> None:
    model, characters = build(encoder, memory=False).double().eval(), texts()
    low = Thresholds(subject_start=0.1, subject_end=0.1, object_start=0.02, object_end=0.02)
    together = model.extract(characters, floor=low).stages(LENGTHS.tolist())
    assert sum(len(stages.subjects) for stages in together) > len(LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        reading = model.extract(characters[row : row + 1, :length], floor=low)
        (alone,) = reading.stages([length])
        assert alone.subjects == together[row].subjects
        torch.testing.assert_close(alone.object_start, together[row].object_start)
        torch.testing.assert_close(alone.object_end, together[row].object_end)
        text = "".join(map(chr, range(0x4E00, 0x4E00 + length)))
        one, other = (read_triples(text, stages, low, KINDS) for stages in (alone, together[row]))
        assert [triple.key for triple in one] == [triple.key for triple in other]
        assert one or length < 3


@torch.no_grad()
def test_every_subject_that_thresholds_can_ask_for_has_been_read() -> None:
    model, characters = build().eval(), texts()
    for stages in model.extract(characters).stages(LENGTHS.tolist()):
        for start in (0.06, 0.2, 0.25, 0.3):
            for end in (0.06, 0.2, 0.25, 0.3):
                wanted = pairs(stages.subject_start, stages.subject_end, start, end)
                assert set(wanted) <= set(stages.subjects)


@torch.no_grad()
def test_a_forced_subject_and_a_text_without_any() -> None:
    model, characters = build(memory=False).eval(), texts()
    high = Thresholds(subject_start=1.0, subject_end=1.0)
    nothing = model.extract(characters, floor=high)
    assert nothing.objects.shape == (0, 12, 2, len(KINDS))
    assert [stages.subjects for stages in nothing.stages(LENGTHS.tolist())] == [()] * 4
    forced = model.extract(characters, floor=high, forced=[(1, (2, 6)), (3, (1, 4))])
    stages = forced.stages(LENGTHS.tolist())
    assert [s.subjects for s in stages] == [(), ((2, 6),), (), ((1, 4),)]
    encoding = model.encode(characters)
    rows, starts, ends = torch.tensor([[1, 2, 6], [3, 1, 4]]).unbind(1)
    torch.testing.assert_close(forced.objects, model.objects(encoding, starts, ends, rows))
    limited = model.extract(characters, floor=Thresholds(subject_start=0, subject_end=0), limit=2)
    assert limited.rows.bincount().tolist() == [2, 2, 2, 2]


@torch.no_grad()
def test_known_triples_raise_what_they_name_and_nothing_else() -> None:
    model, characters = build().double().eval(), texts()
    found = model.memory.find(characters, len(KINDS))
    assert found[0].tolist() == [[1, 3, 2, 6, 9]] and not found[1:].any()
    encoding = model.encode(characters)
    with_prior, without = model.subjects(encoding, found), model.subjects(encoding)
    changed = (with_prior > without).nonzero().tolist()
    assert changed == [[0, 1, 0], [0, 2, 1]] and (with_prior >= without).all()
    rows, starts, ends = spans()
    with_prior = model.objects(encoding, starts, ends, rows, found)
    without = model.objects(encoding, starts, ends, rows)
    changed = (with_prior > without).nonzero().tolist()
    assert changed == [[0, 6, 0, 2], [0, 8, 1, 2]] and (with_prior >= without).all()


@ENCODERS
@CODES
def test_every_parameter_gets_a_gradient(encoder, code) -> None:
    model, characters = build(encoder, code, dropout=0.1), texts()
    subjects, starts, ends, objects = targets(characters)
    starts[0], ends[0] = torch.tensor([1, 0]), torch.tensor([3, 2])  # one that is remembered
    found = model.memory.find(characters, len(KINDS))
    loss = model("triples", characters, subjects, starts, ends, objects, found).sum()
    subjects, starts, ends, objects = targets(characters, kinds=2)
    loss = loss + model("relations", characters, subjects, starts, ends, objects, side=0).sum()
    for side, tags in enumerate(model.config.side_tags):
        loss = loss + model("tags", characters, torch.randint(tags, characters.shape), side=side)
    hidden = (torch.arange(12) % 3 == 0) & (characters != PADDING)
    loss = loss + model("language", characters, hidden.long(), characters)
    laws.every_parameter_gets_a_gradient(model, loss)


@ENCODERS
def test_one_batch_can_be_overfitted(encoder) -> None:
    model, characters = build(encoder, memory=False, head_width=24), texts()
    subjects = torch.zeros(4, 12, 2)
    objects = torch.zeros(4, 2, 12, 2, 3)
    starts, ends = torch.tensor([[1, 5], [0, 3], [0, 1], [2, 0]]), torch.zeros(4, 2).long()
    ends = starts + torch.tensor([[2, 3], [2, 2], [1, 1], [2, 1]])
    right = [(0, 0), (0, 1), (1, 0), (3, 0)]  # texts and draws that are subjects
    for row, draw in right:
        subjects[row, starts[row, draw], 0] = subjects[row, ends[row, draw] - 1, 1] = 1
    for row, draw, start, end, kind in [(0, 0, 9, 11, 2), (0, 0, 4, 5, 1), (0, 1, 0, 1, 0),
                                        (1, 0, 4, 7, 2), (3, 0, 4, 5, 0)]:  # fmt: skip
        objects[row, draw, start, 0, kind] = objects[row, draw, end - 1, 1, kind] = 1
    optimizer = torch.optim.Adam(model.parameters(), lr=0.006)
    for _ in range(200):
        optimizer.zero_grad()
        model("triples", characters, subjects, starts, ends, objects).sum().backward()
        optimizer.step()
    stages = model.eval().extract(characters).stages(LENGTHS.tolist())
    found = [
        {(t.subject_place, t.predicate, t.object_place) for t in triples}
        for row, length in enumerate(LENGTHS.tolist())
        for triples in [
            read_triples("甲乙丙丁戊己庚辛壬癸子丑"[:length], stages[row], Thresholds(), KINDS)
        ]
    ]
    assert found == [
        {((1, 3), "作者", (9, 11)), ((1, 3), "子", (4, 5)), ((5, 8), "父", (0, 1))},
        {((0, 2), "作者", (4, 7))},
        set(),
        {((2, 4), "父", (4, 5))},
    ]


def test_losses_are_cross_entropies_of_the_probabilities() -> None:
    model, characters = build().double().eval(), texts()
    subjects, starts, ends, objects = targets(characters)
    found = model.memory.find(characters, len(KINDS))
    loss = model("triples", characters, subjects, starts, ends, objects, found)
    encoding = model.encode(characters)
    first, one, two = model.subjects(encoding, found), 0.0, 0.0
    for row, length in enumerate(LENGTHS.tolist()):
        inside = first[row, :length], subjects[row, :length].double()
        one += torch.nn.functional.binary_cross_entropy(*inside, reduction="sum")
        for draw in range(2):
            index = torch.tensor([row])
            second = model.objects(encoding, starts[row, draw : draw + 1], ends[row, draw : draw + 1],
                                   index, found)  # fmt: skip
            inside = second[0, :length], objects[row, draw, :length].double()
            two += torch.nn.functional.binary_cross_entropy(*inside, reduction="sum")
    count = LENGTHS.sum()
    torch.testing.assert_close(loss, torch.stack([one / count, two / (2 * count)]).detach())


def test_the_odds_against_a_conjunction_are_those_against_its_parts() -> None:
    a, b, c = torch.randn(3, 5, dtype=torch.double).unbind()
    odds = sum((1 - part.sigmoid()) / part.sigmoid() for part in (a, b, c))
    torch.testing.assert_close(all_of(a, b, c).sigmoid(), 1 / (1 + odds))
    assert torch.equal(all_of(a), a)
    sure = torch.tensor(80.0, requires_grad=True)
    all_of(sure, torch.tensor(90.0)).backward()
    assert sure.grad > 0.9  # a part near 1 goes on learning


def test_distances_keep_their_sign_and_order() -> None:
    distance = torch.arange(-600, 601)
    places = bucket(distance)
    assert (places.diff() >= 0).all() and places.min() == 0 and places.max() == 48
    assert torch.equal(places + places.flip(0), torch.full_like(places, 48))
    near = bucket(torch.arange(-15, 16))
    assert len(near.unique()) == 31


@ENCODERS
def test_training_in_half_precision_is_finite(encoder) -> None:
    model, characters = build(encoder, dropout=0.1), texts()
    with torch.autocast("cpu", torch.bfloat16):
        loss = model("triples", characters, *targets(characters))
    assert loss.dtype == torch.float32 and loss.isfinite().all()
    loss.sum().backward()


@torch.no_grad()
def test_the_shipped_part_answers_like_the_whole() -> None:
    model, characters = build().eval(), texts()
    bare = model.without_sides()
    assert sum(p.numel() for p in bare.parameters()) < sum(p.numel() for p in model.parameters())
    assert not any(name.startswith(("side", "guess")) for name in bare.state_dict())
    inputs = {
        "input.characters": characters,
        "input.starts": torch.tensor([1, 0, 0, 2]),
        "input.ends": torch.tensor([3, 7, 2, 3]),
    }
    whole, part = model.golden(inputs), bare.golden(inputs)
    assert whole.keys() == part.keys()
    assert all(torch.equal(whole[name], part[name]) for name in whole)


def test_a_file_makes_the_same_model_again(tmp_path) -> None:
    model, characters = build().eval(), texts()
    laws.safetensors_round_trip(model, lambda m: m.subjects(m.encode(characters)), tmp_path)


@torch.no_grad()
def test_gates_of_every_layer() -> None:
    model, characters = build().eval(), texts()
    gates = model.gates(characters)
    assert gates.shape == (4, 4, 12)
    assert ((gates > 0) & (gates < 1))[(characters != PADDING).unsqueeze(1).expand(-1, 4, -1)].all()
    assert model.encoder.reach == 1 + 2 * (1 + 2 + 5 + 1)
    with pytest.raises(ValueError, match="bilstm"):
        build("bilstm").gates(characters)


def test_the_twelve_layers_of_the_post() -> None:
    model = build(layers=12)
    assert model.encoder.dilations == (1, 2, 5, 1, 2, 5, 1, 2, 5, 1, 1, 1)
    assert model.encoder.reach == 55
    assert build(layers=6).encoder.dilations == (1, 2, 5, 1, 2, 5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encoder": "gru"}, "encoder among dgcnn, bilstm"),
        ({"subject_code": "lstm"}, "subject_code"),
        ({"vocab_size": 2}, "vocab_size"),
        ({"kinds": ()}, "some kinds"),
        ({"width": 13}, "even width"),
        ({"thresholds": (0.5, 0.4, 1.5, 0.4, 0.0)}, "object_start between 0 and 1"),
    ],
)
def test_impossible_configs_are_refused(changes, words) -> None:
    with pytest.raises(ValueError, match=words):
        ExtractorConfig(**(asdict(build().config) | changes))
