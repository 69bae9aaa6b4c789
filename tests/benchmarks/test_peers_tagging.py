"""The table of taggers: spans of words as others give them, and one row a package, failures included."""

import json
import sys
from importlib import metadata

import pytest

from benchmarks.__main__ import main
from benchmarks.peers import tagging
from core.text.tags import Span

TEXT = "张伟在 ＡＢ北京。"


def test_words_find_their_place_whatever_a_package_drops_or_rewrites() -> None:
    assert tagging.spans_of(TEXT, ["张伟", "在", "AB", "北京", "", "。"]) == [
        Span(0, 2, ""),
        Span(2, 3, ""),
        Span(6, 8, ""),
        Span(8, 9, ""),
    ]
    words = [("张伟", "nr"), ("在", "p"), ("北京", "ns")]
    assert tagging.named(TEXT, words, tagging.POS_1998) == [Span(0, 2, "PER"), Span(6, 8, "LOC")]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "w.txt").write_text("张伟 在 北京\n他 去 江南\n", encoding="utf-8")
    rows = [{"text": "张伟在北京", "entities": [[0, 2, "PER"], [3, 5, "LOC"]]}]
    (tmp_path / "e.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return [str(tmp_path / "w.txt"), str(tmp_path / "e.jsonl")]


def test_one_table_with_a_row_for_every_package(files, monkeypatch, capsys) -> None:
    def broken():
        raise OSError("no such model")

    def characters():
        sys.stdout.write("a package that talks")
        return lambda text: tagging.spans_of(text, text)

    monkeypatch.setattr(tagging, "OURS", {"words": "no-weights", "entities": "no-weights"})
    monkeypatch.setattr(
        tagging,
        "PEERS",
        {
            "words": (
                tagging.Peer("pytest", characters, "a note"),
                tagging.Peer("no-such-package", characters),
                tagging.Peer("pytest", broken),
            ),
            "entities": (tagging.Peer("no-such-package", characters),),
        },
    )
    assert main(["peers", "tagging", "--data", *files]) == 0
    printed = capsys.readouterr().out
    figures = json.loads(printed.splitlines()[-1])["tagging"]
    assert figures["words"]["sentences"] == 2 and figures["entities"]["characters"] == 5
    assert "talks" not in printed
    for row in (figures["words"]["no-weights"], figures["entities"]["no-weights"]):
        assert "no-weights" in row["error"]
    assert "not installed" in figures["words"]["no-such-package"]["error"]
    assert "OSError" in figures["words"]["pytest"]["error"]  # the later row of that name
    assert "not installed" in printed and "2 sentences" in printed


def test_a_row_holds_scores_and_speeds(files) -> None:
    peer = tagging.Peer("pytest", lambda: lambda text: tagging.spans_of(text, text), "a note")
    sentences = tagging.read_sentences(tagging.QualityOptions(data=tagging.Path(files[0])))
    row = tagging.measure(peer, sentences)
    assert row["precision"] == 3 / 9 and row["recall"] == 3 / 6  # 在, 他 and 去 are right
    assert row["chars_per_second"] == row["one_by_one"] > 0
    assert row["version"] == metadata.version("pytest") and row["note"] == "a note"


def test_without_a_file_it_says_what_it_reads(capsys) -> None:
    assert main(["peers", "tagging"]) == 2
    assert "--data" in capsys.readouterr().err
