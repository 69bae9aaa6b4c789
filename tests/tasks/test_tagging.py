"""Entities with exact offsets, the lattice and its edits, on tiny models made by the real recipes."""

import itertools
import json
import math
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import hub
from core.errors import InputError
from core.tasks import tagging
from core.tasks.lattices import parse_edits
from core.text.tags import Span, TagSet
from tests import laws
from train.__main__ import main as train

pytestmark = pytest.mark.usefixtures("tiny_taggers")

TEXT = "张伟从北京去江南，李东明在人民公司看春水社的月色。"
ADVERSARIAL = [
    "a",
    "👨‍👩‍👧张伟👍🏽在🇨🇳北京",
    "\ud83d张伟\udc00在\udfff北京\ud800",
    "e\u0301张伟 在\u200b北\ufe0f京\u202e江南\u2069",
    "ＡＢＣ１２３，张　伟！在（北京）",
    "张伟\r\n\t\v\f\x00\x07\x1b[0m北京\u2028江南\u2029",
    "<img src=x onerror=alert(1)>张伟&nbsp;</p>",
    "𠮷野家在𡈼𠀀北京",
    "Zhang Wei 去 Beijing, см. Москва で 会う",
    "\ue000甲\ue001乙\ue002丙",
    "。" * 50 + "张伟" * 200 + "\n" * 30 + "北京、" * 100,
]


def check(found: tagging.Tagging) -> None:
    """What holds for every answer."""
    assert len(found.characters) == len(found.text)
    end = 0
    for entity in found.entities:
        assert end <= entity.start < entity.end <= len(found.text)
        assert found.text[entity.start : entity.end] == entity.text
        assert 0 <= entity.confidence <= 1
        end = entity.end
    for character in found.characters:
        assert 0 <= character.probability <= 1
        assert character.probability + sum(r.probability for r in character.rivals) <= 1.001


@pytest.mark.parametrize("text", ADVERSARIAL, ids=range(len(ADVERSARIAL)))
@pytest.mark.parametrize("decoder", tagging.DECODERS)
def test_offsets_are_slices_of_whatever_was_typed(text, decoder) -> None:
    check(tagging.tag(text, decoder=decoder))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(
        st.one_of(st.characters(), st.sampled_from("张伟北京。\ud800\udfff\u200d😀 \n")),
        min_size=1,
        max_size=500,
    )
)
def test_offsets_are_slices_of_any_text(text) -> None:
    if text.strip():
        check(tagging.tag(text))


@pytest.mark.parametrize("length", [199, 200, 201, 241, 1000])
def test_long_texts_are_read_in_pieces_that_own_every_character_once(length) -> None:
    text = (TEXT.replace("。", "，") * 50)[:length]  # no sentence ends: all cuts overlap
    found = tagging.tag(text)
    check(found)
    assert found.pieces == (1 if length <= 200 else found.pieces) and found.pieces >= length / 200


def test_confidence_is_the_share_of_all_paths_that_hold_the_span() -> None:
    lattice = tagging.lattice("张伟在北")
    for path in lattice.paths:
        for span in path.spans:
            wanted = sum(
                math.exp(score - lattice.log_partition)
                for tags, score in all_paths(lattice)
                if tags[span.start : span.end] == path.tags[span.start : span.end]
            )
            assert span.confidence == pytest.approx(wanted, abs=1e-5)


def test_a_tagging_agrees_with_its_lattice() -> None:
    found, lattice = tagging.tag(TEXT), tagging.lattice(TEXT)
    assert found.tags == lattice.paths[0].tags
    for entity, span in zip(found.entities, lattice.paths[0].spans, strict=True):
        assert (entity.start, entity.end, entity.type) == (span.start, span.end, span.type)
        assert entity.confidence == pytest.approx(span.confidence, abs=1e-4)
    for t, character in enumerate(found.characters):
        wanted = lattice.marginals[t][lattice.tags.index(character.tag)]
        assert character.probability == pytest.approx(wanted, abs=1e-4)


def test_same_answer_alone_or_in_a_crowd() -> None:
    texts = [TEXT, "张伟", TEXT * 20, "北京。" * 7, "王在江南" * 30]

    def same(alone: tagging.Tagging, crowd: tagging.Tagging) -> None:
        assert alone.tags == crowd.tags
        for a, b in zip(alone.entities, crowd.entities, strict=True):
            assert (a.start, a.end, a.type) == (b.start, b.end, b.type)
            assert a.confidence == pytest.approx(b.confidence, abs=1e-4)

    laws.same_in_any_company([lambda text=text: tagging.tag(text) for text in texts], same)


@pytest.mark.parametrize("text", ["", " \n\t　", "字" * 20_001, "字" * 100_000])
def test_texts_that_are_refused_with_a_sentence(text) -> None:
    for call in (tagging.tag, tagging.compare, tagging.probe, tagging.lattice, tagging.tag_lines):
        with pytest.raises(InputError) as caught:
            call(text)
        assert caught.value.zh != caught.value.en
        if text.strip():
            assert f"{len(text):,}" in caught.value.en


def test_wrong_choices_are_refused() -> None:
    for call in (
        lambda: tagging.tag(TEXT, "ner-pku"),
        lambda: tagging.tag(TEXT, decoder="beam"),
        lambda: tagging.tag(TEXT, bonus=21),
        lambda: tagging.tag(TEXT, bonus=math.nan),
        lambda: tagging.tag(TEXT, names="长" * 41),
        lambda: tagging.tag(TEXT, names="\n".join(f"n{i}" for i in range(201))),
        lambda: tagging.lattice(TEXT, decoder="memm"),
        lambda: tagging.lattice(TEXT, paths=11),
        lambda: tagging.export(TEXT, [Span(0, 2, "PER"), Span(1, 3, "LOC")]),
        lambda: tagging.export(TEXT, [Span(5, 99, "PER")]),
        lambda: tagging.export(TEXT, [], "xml"),
    ):
        with pytest.raises(InputError):
            call()


# The lattice


def all_paths(lattice, legal=True, pins=None, steps=None):
    """Every path with its score, by enumeration of the tables; edits done by hand."""
    number = {tag: i for i, tag in enumerate(lattice.tags)}
    pins, steps = pins or {}, steps or {}
    for tags in itertools.product(lattice.tags, repeat=len(lattice.text)):
        rows = [number[tag] for tag in tags]
        if any(tags[place] != tag for place, tag in pins.items()):
            continue
        if legal and not (
            lattice.legal_start[rows[0]]
            and lattice.legal_end[rows[-1]]
            and all(lattice.legal[a][b] for a, b in itertools.pairwise(rows))
        ):
            continue
        scores = [lattice.emissions[t][row] for t, row in enumerate(rows)]
        pairs = [("^", tags[0]), *itertools.pairwise(tags), (tags[-1], "$")]
        tables = [
            lattice.start[rows[0]],
            *(lattice.transitions[a][b] for a, b in itertools.pairwise(rows)),
            lattice.end[rows[-1]],
        ]
        scores += [steps.get(pair, old) for pair, old in zip(pairs, tables, strict=True)]
        if None not in scores:
            yield tags, sum(scores)


@pytest.mark.parametrize(
    ("pins", "steps"),
    [
        ("", ""),
        ("0=O", ""),
        ("1=E-PER", ""),
        ("", "O>O=x"),
        ("", "B-PER>E-PER=4.5 O>B-LOC=-3 ^>O=-1 O>$=2 ^>S-ORG=x"),
        ("3=S-LOC", "O>S-LOC=x E-PER>S-LOC=-2"),
    ],
)
@pytest.mark.parametrize("decoder", tagging.LATTICE_DECODERS)
def test_edits_equal_a_constrained_decoding_by_enumeration(pins, steps, decoder) -> None:
    text = "张伟在北"
    plain = tagging.lattice(text, decoder="softmax" if decoder == "softmax" else "free")
    edits = parse_edits(pins, steps, plain.tags, len(text))
    wanted = sorted(
        all_paths(plain, decoder == "crf", edits.pins, edits.steps), key=lambda one: -one[1]
    )
    found = tagging.lattice(text, decoder=decoder, paths=4, pins=pins, steps=steps)
    assert found.cached
    log_z = math.log(sum(math.exp(score) for _, score in wanted))
    assert found.log_partition == pytest.approx(log_z, abs=1e-3)
    for path, (tags, score) in zip(found.paths, wanted[:4], strict=True):
        assert path.score == pytest.approx(score, abs=1e-3)
        assert path.probability == pytest.approx(math.exp(score - log_z), abs=1e-3)
        total = sum(path.emissions) + sum(path.transitions) + path.end
        assert path.score == pytest.approx(total, abs=1e-3)
        if abs(score - wanted[0][1]) > 1e-3 or path is found.paths[0]:
            assert path.tags == tags
    for t, row in enumerate(found.marginals):
        for tag, p in zip(found.tags, row, strict=True):
            share = sum(math.exp(s - log_z) for tags, s in wanted if tags[t] == tag)
            assert p == pytest.approx(share, abs=1e-3)


def test_the_tables_of_the_figure_fit_together() -> None:
    lattice = tagging.lattice(TEXT)
    size = len(lattice.tags)
    for t in range(1, len(TEXT)):
        for j in range(size):
            i, best = lattice.previous[t][j], lattice.best[t][j]
            if i < 0:
                assert best is None
                continue
            step = lattice.transitions[i][j]
            total = lattice.best[t - 1][i] + step + lattice.emissions[t][j]
            assert best == pytest.approx(total, abs=1e-3)
    for forward, backward, marginals in zip(
        lattice.forward, lattice.backward, lattice.marginals, strict=True
    ):
        assert sum(marginals) == pytest.approx(1, abs=1e-3)
        for a, b, p in zip(forward, backward, marginals, strict=True):
            if a is None or b is None:
                assert p == 0
            else:
                assert math.exp(a + b - lattice.log_partition) == pytest.approx(p, abs=1e-3)


def test_edits_do_not_run_the_encoder_again(tiny_taggers) -> None:
    tagging.lattice(TEXT)
    before = tiny_taggers.status()
    again = tagging.lattice(TEXT, pins="3=O", steps="O>O=1")
    assert again.cached and again.timing.queue_ms == 0
    assert tiny_taggers.status()["batches"] == before["batches"]
    assert not tagging.lattice(TEXT + "。").cached


@pytest.mark.parametrize(
    ("pins", "steps", "word"),
    [
        ("x", "", "'x'"),
        ("99=O", "", "'99=O'"),
        ("0=B-XYZ", "", "'0=B-XYZ'"),
        ("", "O>", "'O>'"),
        ("", "O>O=1e9", "between"),
        ("", "O>O=nan", "between"),
        ("", "^>$=1", "'^>$=1'"),
        ("", "O>O=x " * 1000, "4,000"),
        ("0=E-PER", "", "No tag sequence"),
    ],
)
def test_edits_that_are_refused_with_a_sentence(pins, steps, word) -> None:
    with pytest.raises(InputError, match=word.replace("$", r"\$").replace("^", r"\^")):
        tagging.lattice(TEXT, pins=pins, steps=steps)


def test_full_width_edits_are_read() -> None:
    found = tagging.lattice(TEXT, pins="０＝Ｏ，　1=O", steps="O＞O＝－1.5")
    assert found.pinned == {0: "O", 1: "O"} and found.edited == {"O>O": -1.5}


# Decoders, names, probes, batches, exports


def test_decoders_borrow_the_scores_or_use_their_own(
    tagging_data, tagging_weights, tmp_path, monkeypatch
) -> None:
    borrowed = tagging.compare(TEXT)
    assert [r.decoder for r in borrowed.readings] == list(tagging.DECODERS)
    assert {r.weights for r in borrowed.readings} == {"ner-msra"}
    columns = zip(*(r.tags for r in borrowed.readings), strict=True)
    assert borrowed.disagreements == tuple(t for t, c in enumerate(columns) if len(set(c)) > 1)

    monkeypatch.chdir(tmp_path)
    shutil.copytree(tagging_weights / "ner-msra", tmp_path / "w" / "ner-msra")
    for decoder in ("softmax", "memm"):
        out = tmp_path / "w" / f"ner-msra-{decoder}"
        small = ["--smoke", "--device", "cpu", "--set", "mixed_precision=no", f"decoder={decoder}"]
        assert train(["ner-msra", "--data", str(tagging_data), "--out", str(out), *small]) == 0
        rename(out / "manifest.json", "ner-msra", out.name)
    monkeypatch.setenv("GALLERY_WEIGHTS", str(tmp_path / "w"))
    own = tagging.compare(TEXT)
    assert [r.weights for r in own.readings][2:] == ["ner-msra-memm", "ner-msra-softmax"]
    assert own.readings[0].tags == borrowed.readings[0].tags
    assert hub.locate("ner-msra-memm").config["decoder"] == "memm"
    for reading in own.readings:
        check(reading)


def rename(path, old, new) -> None:
    """A weights folder under another name, as `--out weights/NAME` registers it."""
    document = json.loads(path.read_text())
    document["weights"] = {new: document["weights"][old]}
    path.write_text(json.dumps(document))


def test_illegal_steps_are_those_that_decoding_repairs() -> None:
    scheme = TagSet("BIOES", tagging.types_of("ner-msra"))
    for text in ADVERSARIAL[:4]:
        for reading in tagging.compare(text).readings:
            assert (not reading.illegal) == scheme.is_legal(reading.tags)
    assert not tagging.tag(TEXT).illegal


@pytest.mark.parametrize(
    "names", ["春水社的月色 ORG", "春水社的月色，org", "春水社的月色：ORG\n\n没有的名字 PER"]
)
def test_a_large_bonus_makes_a_name(names) -> None:
    change = tagging.add_names(TEXT, names, bonus=20)
    start = TEXT.index("春水社的月色")
    assert change.places == 1
    found = [(e.start, e.end, e.type) for e in change.after.entities]
    assert (start, start + 6, "ORG") in found
    assert {(e.start, e.end, e.type) for e in change.before.entities} == (
        set(found) - {(e.start, e.end, e.type) for e in change.added}
    ) | {(e.start, e.end, e.type) for e in change.removed}


def test_names_without_a_type_and_with_full_width_letters() -> None:
    text = "他用ＧＰＵ算。"
    change = tagging.add_names(text, "GPU", bonus=20)
    assert [e.text for e in change.after.entities if e.start == 2] == ["ＧＰＵ"]
    assert tagging.add_names(text, "TPU").places == 0
    assert tagging.tag(text, names="GPU", bonus=0).tags == tagging.tag(text).tags


def test_probing_is_reading_the_text_with_a_hidden_character() -> None:
    text = "张伟在北京看月"
    found = tagging.probe(text)
    for i in range(len(text)):
        hidden = tagging.tag(text[:i] + "\ufffd" + text[i + 1 :])
        assert [(e.start, e.end, e.type) for e in hidden.entities] == [
            (e.start, e.end, e.type) for e in found.hidden[i]
        ]
        changed = [(e.start, e.end, e.type) for e in hidden.entities] != [
            (one.entity.start, one.entity.end, one.entity.type) for one in found.influences
        ]
        assert (i in found.flips) == changed
        for one in found.influences:
            if one.entity in [e for e in hidden.entities if e.type == one.entity.type]:
                continue
            assert 0 <= one.without[i] <= 1


def test_lines_are_tagged_like_single_texts_in_the_given_order() -> None:
    lines = [
        "张伟在北京",
        "",
        "  ",
        "王" * 250,
        "人民公司的江南\r",
        '{"id": 3, "text": "李东明去长沙城"}',
        "{不是 JSON",
    ]
    found = tagging.tag_lines("\n".join(lines))
    texts = ["张伟在北京", "王" * 250, "人民公司的江南", "李东明去长沙城", "{不是 JSON"]
    assert [(line.line, line.text) for line in found.lines] == list(
        zip([1, 4, 5, 6, 7], texts, strict=True)
    )
    for line, row in zip(found.lines, found.jsonl.splitlines(), strict=True):
        alone = tagging.tag(line.text)
        assert [(e.start, e.end, e.type) for e in line.entities] == [
            (e.start, e.end, e.type) for e in alone.entities
        ]
        parsed = json.loads(row)
        assert parsed["text"] == line.text and parsed["line"] == line.line
        for entity in parsed["entities"]:
            assert line.text[entity["start"] : entity["end"]] == entity["text"]


def test_batches_come_in_parts() -> None:
    shares = [share for share, _ in tagging.tag_lines_in_parts("张伟在北京看月\n" * 150)]
    assert len(shares) > 1 and shares == sorted(shares) and shares[-1] == 1
    with pytest.raises(InputError, match="1,001"):
        tagging.tag_lines("字\n" * 1001)


def test_exports_hold_the_entities() -> None:
    text = "张伟\n在 北京"
    spans = [Span(0, 2, "PER"), Span(5, 7, "LOC")]
    assert tagging.export(text, spans, "bio") == "B-PER I-PER O O O B-LOC I-LOC\n"
    assert tagging.export(text, spans, "bioes") == "B-PER E-PER O O O B-LOC E-LOC\n"
    conll = tagging.export(text, spans, "conll").split("\n")
    assert conll[:3] == ["张\tB-PER", "伟\tI-PER", "\\n\tO"]
    parsed = json.loads(tagging.export(text, spans, "json"))
    assert [e["text"] for e in parsed["entities"]] == ["张伟", "北京"]
    assert json.loads(tagging.export(text, tagging.tag(text).entities, "jsonl"))["text"] == text


def test_models_without_weights_are_not_offered_but_the_first(monkeypatch, tmp_path) -> None:
    assert tagging.offered() == tagging.MODELS
    monkeypatch.setattr(hub.manifest, "names", lambda: ("hmm-pku",))
    assert tagging.offered() == ("ner-msra",)
