"""Span scores, readers of tagged sentences, and the batches that taggers learn from."""

import json
import lzma

import pytest
import torch

from benchmarks.quality.tagging import batches, find_spans, measure, score
from benchmarks.tagging_data import (
    Sentence,
    read_entities,
    read_parts_of_speech,
    read_words,
)
from core.models.tagger import Tagger, TaggerConfig
from core.text.tags import Span, TagSet
from core.text.vocabulary import Vocabulary
from train.tagging import Examples, cut_side, part_of_speech_tags


def test_scores_count_exact_spans_by_type() -> None:
    gold = [[Span(0, 2, "A"), Span(3, 4, "B")], [Span(0, 1, "A")], []]
    found = [[Span(0, 2, "A"), Span(3, 5, "B")], [Span(0, 1, "B")], [Span(1, 2, "A")]]
    figures = score(gold, found)
    assert figures["precision"] == 1 / 4
    assert figures["recall"] == 1 / 3
    assert figures["f1"] == pytest.approx(2 / 7)
    assert figures["by_type"]["A"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "gold": 2}
    assert figures["by_type"]["B"]["f1"] == 0.0
    assert score([[]], [[]])["f1"] == 0.0


def test_batches_hold_every_text_once_within_their_size() -> None:
    lengths = [5, 0, 90, 1, 33, 5, 200, 12]
    cut = batches(lengths, 100)
    assert sorted(row for rows in cut for row in rows) == [0, 2, 3, 4, 5, 6, 7]
    assert all(len(rows) * max(lengths[r] for r in rows) <= 100 or len(rows) == 1 for rows in cut)


def test_readers(tmp_path) -> None:
    entities = tmp_path / "a.jsonl.xz"
    rows = [
        {"text": "甲乙丙", "entities": [[2, 3, "B"], [0, 2, "A"]]},
        {"text": "", "entities": []},
    ]
    with lzma.open(entities, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    assert read_entities(entities) == [Sentence("甲乙丙", [Span(0, 2, "A"), Span(2, 3, "B")])]

    words = tmp_path / "words.txt"
    words.write_text("甲乙 丙\n\n丁\n", encoding="utf-8")
    assert read_words(words) == [
        Sentence("甲乙丙", [Span(0, 2, ""), Span(2, 3, "")]),
        Sentence("丁", [Span(0, 1, "")]),
    ]
    assert len(read_words(words, 1)) == 1

    tagged = tmp_path / "tagged.txt"
    tagged.write_text("甲/乙/n 丙/w\n", encoding="utf-8")
    sentences = read_parts_of_speech(tagged)
    assert sentences == [Sentence("甲/乙丙", [Span(0, 3, "n"), Span(3, 4, "w")])]
    assert part_of_speech_tags(sentences).types == ("n", "w")


def test_texts_come_back_in_their_order_and_empty_ones_stay_empty() -> None:
    torch.manual_seed(0)
    vocabulary = Vocabulary("甲乙丙丁")
    model = Tagger(TaggerConfig(vocab_size=6, scheme="BMES", types=("",), outside=False, width=8))
    texts = ["甲乙", "", "丙", "甲乙丙丁甲乙"]
    found = find_spans(model.eval(), vocabulary, texts)
    assert [find_spans(model, vocabulary, [text])[0] for text in texts] == found
    for text, spans in zip(texts, found, strict=True):
        assert "".join(text[start:end] for start, end, _ in spans) == text
    truth = [Sentence(text, spans) for text, spans in zip(texts, found, strict=True)]
    assert measure(model, vocabulary, truth)["f1"] == 1.0


def test_a_training_batch_depends_on_its_step_alone() -> None:
    vocabulary = Vocabulary("甲乙丙")
    tag_set = TagSet("BIO", ("A",))
    sentences = [Sentence("甲乙丙" * n, [Span(0, 1, "A")]) for n in range(1, 100)]
    one, other = (Examples(sentences, tag_set, vocabulary) for _ in range(2))
    later = [one.batch(one.rows(4, step, 7)) for step in range(70)]
    for step in (69, 3, 40):
        again = other.batch(other.rows(4, step, 7))
        assert all(torch.equal(again[key], later[step][key]) for key in again)
    # Long sentences are cut; the first piece has the entity, the others have none.
    assert max(batch["characters"].shape[1] for batch in later) == 200
    assert int(one.lengths.sum()) == sum(len(text) for text, _ in sentences)
    assert sum(int((tags == 1).sum()) for tags in one.tags) == len(sentences)


def test_side_sentences_that_quote_measured_ones_are_left_out() -> None:
    measured = [Sentence("一二三四五六七八", [])]
    side = [Sentence("零一二三四五", []), Sentence("三四五六零", []), Sentence("短", [])]
    assert cut_side(side, measured, width=5) == side[1:]
