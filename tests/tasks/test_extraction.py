"""Triples with exact offsets, thresholds without the model, the prior, files; on a tiny random model."""

import csv
import io
import itertools
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import hub
from core.errors import InputError
from core.models.extractor import Extractor, ExtractorConfig
from core.models.triples_decoding import Thresholds
from core.runtime import Runtime
from core.tasks import extraction, triple_files
from core.text.characters import KNOWN, encode_texts, hash_strings, shorten
from core.text.spans import chunks
from core.text.vocabulary import Vocabulary
from tests.conftest import CHARACTERS

KINDS = (
    ("人物", "丈夫", "人物"),
    ("人物", "妻子", "人物"),
    ("图书作品", "作者", "人物"),
    ("歌曲", "歌手", "人物"),
)
TEXT = "张伟从北京去江南，李东明在人民公司看春水社的月色。张伟又到了长沙。"
LEVELS = {"subject": 0.5, "object": 0.5, "triple": 0.0}
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


@pytest.fixture(scope="session")
def extractor_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that says something about any text: random, and not shy."""
    letters = sorted(set(CHARACTERS) | set("张伟李东明北京江南长沙人民公司春水社，。"))
    vocabulary = Vocabulary(letters)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(6671)
        model = Extractor(
            ExtractorConfig(
                vocab_size=len(vocabulary) + KNOWN,
                kinds=KINDS,
                inverses=(("丈夫", "妻子"),),
                bigrams=20,
                lexicons=(3,),
                memory_strings=2,
                memory_triples=2,
                character_width=8,
                bigram_width=6,
                lexicon_width=4,
                encoder="bilstm",
                width=16,
                layers=1,
                head_width=12,
            )
        )
        with torch.no_grad():
            # The encoder keeps its start: large random weights there would make an LSTM chaotic.
            for weight in model.stage.parameters():
                weight.normal_(std=0.5)
            model.features.characters.weight.normal_()
            for gate in (model.stage.entity[2], model.stage.presence[2], model.stage.object_gate):
                gate.weight.zero_()
                gate.bias.fill_(6.0)
            model.eval()
            # Pointers of which about one in eight is above a half.
            encoding = model.encode(encode_texts([TEXT], vocabulary))
            stage, spans = model.stage, torch.tensor([0, 4, 10])
            logits = stage.subjects(encoding)[0]
            stage.subject_out.bias -= logits.mean(dim=0) + 1.2 * logits.std(dim=0)
            logits = stage.objects(encoding, torch.zeros_like(spans), spans, spans + 2)
            high = logits.mean(dim=(0, 1)) + 1.2 * logits.std(dim=(0, 1))
            stage.object_out.bias -= high.flatten()
            model.subject_prior.fill_(2.0)
            model.object_prior.fill_(2.0)
    pairs = shorten(hash_strings(torch.cartesian_prod(torch.arange(30), torch.arange(30))[::45]))
    model.know(pairs[:20], [pairs[3:6].sort().values])
    folder = tmp_path_factory.mktemp("weights") / "ie-duie"
    hub.save(folder, model.eval())
    (folder / "vocab.json").write_text(vocabulary.to_json(), encoding="utf-8")
    hub.register(
        "ie-duie",
        folder,
        {
            "class": "core.models.extractor:Extractor",
            "licence": "unknown",
            "data": [],
            "recipe": "made up",
            "parameters": 0,
            "date": "2026-01-01",
        },
        manifest=folder / "manifest.json",
    )
    return folder


@pytest.fixture(autouse=True)
def tiny(extractor_weights: Path, local: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """The random model behind `core.tasks.extraction`."""
    monkeypatch.setenv("GALLERY_WEIGHTS", str(extractor_weights))
    return local


def check(found: extraction.Extraction) -> None:
    """What holds for every answer."""
    text = found.text
    for each in (*found.triples, *found.misses):
        for name, places, read in (
            (each.subject, each.subject_places, each.subject_place),
            (each.object, each.object_places, each.object_place),
        ):
            assert places == tuple(
                (i, i + len(name)) for i in range(len(text)) if text.startswith(name, i)
            )
            assert read in places
            assert all(text[s:e] == name for s, e in places)
        assert 0 <= each.probability <= 1
    assert len({(t.subject, t.predicate, t.object) for t in found.triples}) == len(found.triples)
    assert [t.probability for t in found.triples] == sorted(
        (t.probability for t in found.triples), reverse=True
    )
    owned = [i for piece in found.pieces for i in range(piece.first, piece.last)]
    assert owned == list(range(len(text)))


@pytest.mark.parametrize("text", ADVERSARIAL, ids=range(len(ADVERSARIAL)))
def test_offsets_are_slices_of_whatever_was_typed(text) -> None:
    check(extraction.extract(text, **LEVELS))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(
        st.one_of(st.characters(), st.sampled_from("张伟北京。\ud800\udfff\u200d😀e\u0301Ａ \n")),
        min_size=1,
        max_size=300,
    )
)
def test_offsets_are_slices_of_any_text(text) -> None:
    if text.strip():
        check(extraction.extract(text, **LEVELS))


def test_the_model_finds_something_and_all_of_it_is_checked() -> None:
    found = extraction.extract(TEXT, **LEVELS)
    assert len(found.triples) > 3
    assert any(len(each.subject_places) > 1 for each in found.triples)


@pytest.mark.parametrize("length", [239, 240, 241, 700])
def test_long_texts_are_read_in_pieces(length) -> None:
    text = (TEXT.replace("。", "，") * 50)[:length]  # no sentence ends: all cuts overlap
    found = extraction.extract(text, **LEVELS)
    check(found)
    assert (len(found.pieces) == 1) == (length <= 240)


def test_lines_are_read_as_if_alone() -> None:
    lines = [TEXT, "北京", TEXT[:9], "李东明在春水社。" * 3, "😀张伟"]
    together = extraction.extract_lines("\n".join(lines))
    for line, text in zip(together.lines, lines, strict=True):
        alone = {(t.subject, t.predicate, t.object): t for t in extraction.extract(text).triples}
        assert {(t.subject, t.predicate, t.object) for t in line.triples} == alone.keys()
        for t in line.triples:
            same = alone[t.subject, t.predicate, t.object]
            assert t.probability == pytest.approx(same.probability, abs=3e-4)


def test_thresholds_need_no_model() -> None:
    stored = extraction.extract(TEXT)
    for subject, obj, triple in itertools.product((0.1, 0.4, 0.9), (0.2, 0.7), (0.0, 0.3)):
        levels = {"subject": subject, "object": obj, "triple": triple}
        asked = extraction.extract(TEXT, **levels)
        assert stored.read(extraction.thresholds_of("ie-duie", **levels)) == asked.triples


def test_reading_agrees_with_brute_force() -> None:
    """Every subject, kind and object span tried one by one, against the definition."""
    found = extraction.extract(TEXT[:25], **LEVELS)
    (piece,) = found.pieces
    least = found.thresholds
    n = len(found.text)

    def span(start, end, a, b, least_start, least_end) -> bool:
        """Whether a:b is read: a start, and the first end at or after it."""
        return (
            start[a] >= least_start
            and end[b - 1] >= least_end
            and all(end[i] < least_end for i in range(a, b - 1))
        )

    stages = piece.stages(len(KINDS))
    wanted = set()
    for row, (s, e) in enumerate(piece.subjects):
        if not span(
            piece.subject_start, piece.subject_end, s, e, least.subject_start, least.subject_end
        ):
            continue
        for kind, (_, predicate, _) in enumerate(KINDS):
            start = stages.object_start[row, :, kind].tolist()
            end = stages.object_end[row, :, kind].tolist()
            for a in range(n):
                for b in range(a + 1, n + 1):
                    if span(start, end, a, b, least.object_start, least.object_end):
                        wanted.add((found.text[s:e], predicate, found.text[a:b]))
    opposite = {"丈夫": "妻子", "妻子": "丈夫"}
    wanted |= {(o, opposite[p], s) for s, p, o in wanted if p in opposite}
    assert {(t.subject, t.predicate, t.object) for t in found.triples} == wanted


def test_the_page_decodes_as_the_library_does(tmp_path, monkeypatch) -> None:
    """The browser's script on the same probabilities, run by node."""
    from playwright._impl._driver import compute_driver_executable

    from demos.triples import blocks

    monkeypatch.setattr(blocks, "MOST_CELLS", 100_000)  # this model is never unsure
    node = shutil.which("node") or compute_driver_executable()[0]
    script = Path("demos/assets/blocks/triples-decode.js").resolve()
    shutil.copy(script, tmp_path / "decode.mjs")
    cases, wanted = [], []
    for text in (TEXT, ADVERSARIAL[1], ADVERSARIAL[4], "张伟在北京，" * 60):
        for subject, obj, triple in ((0.5, 0.5, 0.0), (0.2, 0.6, 0.1), (0.9, 0.1, 0.0)):
            found = extraction.extract(text, subject=subject, object=obj, triple=triple)
            cases.append({"block": blocks.triples_block(found), "text": text})
            wanted.append(
                [[t.subject, t.predicate, t.object, round(t.probability, 5)] for t in found.triples]
            )
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    (tmp_path / "run.mjs").write_text(
        'import { readFileSync } from "node:fs";\n'
        'import { decode, unpack } from "./decode.mjs";\n'
        'const cases = JSON.parse(readFileSync(new URL("cases.json", import.meta.url)));\n'
        "console.log(JSON.stringify(cases.map(({ block, text }) => decode(unpack(block), [...text], "
        "block.levels).map((t) => [t.subject, t.predicate, t.object, t.p]))));\n"
    )
    answer = subprocess.run(
        [str(node), str(tmp_path / "run.mjs")], capture_output=True, text=True, check=True
    )
    for got, right in zip(json.loads(answer.stdout), wanted, strict=True):
        assert sorted(g[:3] for g in got) == sorted(r[:3] for r in right)
        assert sorted(g[3] for g in got) == pytest.approx(sorted(r[3] for r in right), abs=2e-5)


def test_a_forced_subject_is_certain_and_asked_everywhere() -> None:
    found = extraction.extract(TEXT, **LEVELS, subjects="张伟\n长沙")
    assert found.forced == ((0, 2), (TEXT.rindex("张伟"), TEXT.rindex("张伟") + 2), (30, 32))
    asked = {place for piece in found.pieces for place in piece.subjects}
    assert set(found.forced) <= asked
    sure = [t for t in found.triples if t.subject in ("张伟", "长沙") and not t.inferred]
    assert sure and all(t.subject_probability == 1 for t in sure)


def test_asking_for_one_span_gives_its_stage_two() -> None:
    text = TEXT * 12
    place = (text.index("江南", 300), text.index("江南", 300) + 2)
    (piece,) = extraction.ask_subject(text, place)
    assert place in piece.subjects and piece.first <= place[0] < piece.last
    whole = extraction.extract(text, subjects="江南")
    (same,) = (p for p in whole.pieces if p.start == piece.start)
    mine, theirs = (
        {
            (c.position, c.end, c.kind): c.probability
            for c in each.cells
            if each.subjects[c.subject] == place
        }
        for each in (piece, same)
    )
    assert len(mine) > 20
    common = mine.keys() & theirs.keys()
    assert len(common) > 0.8 * len(mine)
    assert max(abs(mine[key] - theirs[key]) for key in common) < 3e-4


def test_own_triples_join_the_prior() -> None:
    taught = extraction.add_facts(TEXT, "张伟 | 妻子 | 李东明\n没有 | 妻子 | 的人", **LEVELS)
    assert {(taught.after.text[slice(*s)], k) for s, k, _ in taught.after.remembered} == {
        ("张伟", 1)
    }
    assert not taught.before.remembered
    place = taught.after.remembered[0][0]
    piece = next(p for p in taught.after.pieces if p.first <= place[0] < p.last)
    before = next(p for p in taught.before.pieces if p.start == piece.start)
    assert (
        piece.subject_start[place[0] - piece.start] > before.subject_start[place[0] - piece.start]
    )
    off = extraction.extract(TEXT, prior=False, **LEVELS)
    assert off.triples == taught.before.triples  # the random model remembers nothing


def test_comparison_counts_by_hand_and_says_where_triples_were_lost() -> None:
    found = extraction.extract(TEXT, **LEVELS)
    right = found.triples[:2]
    lines = [f"《{t.subject}》 | {t.predicate} | {t.object}" for t in right]
    lines += ["老舍 | 作者 | 张伟", "张伟 | 作者 | 老舍"]
    compared = extraction.compare(TEXT, "\n".join(lines), **LEVELS)
    keys = {t.key for t in right}
    assert compared.precision == len(keys) / len({t.key for t in found.triples})
    assert compared.recall == len(keys) / (len(keys) + 2)
    assert compared.f1 == pytest.approx(
        2 / (1 / compared.precision + 1 / compared.recall), abs=1e-12
    )
    reasons = {v.subject: v.reason for v in compared.verdicts if not v.found}
    assert reasons == {"老舍": "subject-text", "张伟": "object-text"}
    spo = json.dumps(
        {"spo_list": [{"s": t.subject, "p": t.predicate, "o": t.object} for t in right]}
    )
    assert extraction.compare(TEXT, spo, **LEVELS).recall == 1


def test_a_text_without_triples_names_the_nearest() -> None:
    found = extraction.extract(TEXT, subject=1.0, object=1.0, triple=1.0)
    assert not found.triples and 0 < len(found.misses) <= extraction.MISSES
    chances = [miss.probability for miss in found.misses]
    assert chances == sorted(chances, reverse=True)


def test_predicates_are_a_filter() -> None:
    found = extraction.extract(TEXT, **LEVELS, predicates=["作者"])
    assert {t.predicate for t in (*found.triples, *found.misses)} == {"作者"}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: extraction.extract("   "), "no text"),
        (lambda: extraction.extract("张" * 5001), "5,001"),
        (lambda: extraction.extract(TEXT, subject=1.5), "1.5"),
        (lambda: extraction.extract(TEXT, predicates=["喜欢"]), "喜欢"),
        (lambda: extraction.extract(TEXT, subjects="老舍"), "老舍"),
        (lambda: extraction.extract(TEXT, facts="张伟 妻子"), "Line 1"),
        (lambda: extraction.extract(TEXT, facts="张伟 | 喜欢 | 北京"), "喜欢"),
        (lambda: extraction.compare(TEXT, ""), "expected"),
        (lambda: extraction.compare(TEXT, '{"spo_list": [1]}'), "JSON"),
        (lambda: extraction.compare(TEXT, "[" * 5000), "JSON"),
        (lambda: extraction.add_facts(TEXT, " "), "your own"),
        (lambda: extraction.ask_subject(TEXT, (3, 3)), "3:3"),
        (lambda: extraction.ask_subject(TEXT, (0, 99)), "0:99"),
        (lambda: extraction.extract_lines("\n".join("张" * 1001)), "1,001"),
        (lambda: triple_files.documents_of([{"text": 1}]), "exported"),
        (lambda: triple_files.write([], "pdf"), "pdf"),
    ],
)
def test_bad_input_is_explained(call, words) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert words in caught.value.en and caught.value.zh


def documents() -> list[triple_files.Document]:
    texts = [TEXT, '=1+1,"<b>&\x01张伟\ud800</b>,北京', "北京"]
    return [
        triple_files.Document(text, extraction.extract(text, **LEVELS).triples) for text in texts
    ]


def test_json_lines_hold_everything_with_offsets() -> None:
    given = documents()
    rows = [json.loads(line) for line in triple_files.write(given, "jsonl").splitlines()]
    assert [row["text"] for row in rows] == [document.text for document in given]
    for row, document in zip(rows, given, strict=True):
        assert len(row["spo_list"]) == len(document.triples)
        for spo in row["spo_list"]:
            assert all(row["text"][s:e] == spo["s"] for s, e in spo["s_spans"])
            assert all(row["text"][s:e] == spo["o"] for s, e in spo["o_spans"])


def test_tables_and_graphs_can_be_read_back() -> None:
    given = documents()
    nodes, edges = triple_files.graph(given)
    count = sum(len(document.triples) for document in given)
    rows = list(csv.DictReader(io.StringIO(triple_files.write(given, "csv"))))
    assert len(rows) == count
    assert not any(row["subject"][:1] in ("=", "+", "-", "@") for row in rows)
    tree = ElementTree.fromstring(triple_files.write(given, "graphml"))
    space = "{http://graphml.graphdrawing.org/xmlns}"
    assert len(tree.findall(f".//{space}node")) == len(nodes)
    assert len(tree.findall(f".//{space}edge")) == len(edges)
    turtle = triple_files.write(given, "turtle")
    iri = r"<urn:triples:entity:[^<>\s]*>"
    assert len(re.findall(rf"^{iri} <urn:triples:predicate:[^<>\s]*> {iri} \.$", turtle, re.M)) == (
        len(edges)
    )
    assert len(re.findall(rf"^{iri}.*rdfs:label", turtle, re.M)) == len(nodes)
    turtle.encode("utf-8")


def test_the_page_of_html_marks_names_and_escapes_the_rest() -> None:
    page = triple_files.write(documents(), "html")
    assert "<b>&" not in page and "&lt;" in page
    assert '<mark class="' in page
    page.encode("utf-8")


def test_equal_names_are_one_node() -> None:
    one = triple_files.Document(TEXT, extraction.extract(TEXT, **LEVELS).triples)
    assert len(triple_files.graph([one, one])[1]) == len(triple_files.graph([one])[1])
    assert all(edge.documents == (0, 1) for edge in triple_files.graph([one, one])[1])


def test_pieces_agree_with_the_cuts() -> None:
    text = TEXT * 20
    found = extraction.extract(text, **LEVELS)
    assert [(p.start, p.end, p.first, p.last) for p in found.pieces] == [
        tuple(p) for p in chunks(text, 240, 60)
    ]
    assert found.thresholds == Thresholds(
        subject_start=0.5, subject_end=0.4, object_start=0.5, object_end=0.4, triple=0.0
    )
