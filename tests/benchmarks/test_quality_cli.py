"""`python -m benchmarks quality` and `peers`, on weights that the real recipes make in a few steps."""

import json
import sys

import pytest
import torch

from benchmarks import peers
from benchmarks.__main__ import main
from benchmarks.quality import Options, find
from benchmarks.quality.poems import (
    couplets,
    defaults,
    near_copy_rate,
    rates,
    read_corpus,
    training_files,
)
from benchmarks.readers import read_vocabulary
from core.hub import manifest
from core.text.forms import COUPLET5, QUATRAIN5

RATES = ("repeat_rate", "repeat_rate_without_doubling", "tone_compliance", "distinct_rate")
KEYS = {
    "reconstruction_char_accuracy",
    "elbo_nats_per_char",
    "iwae_nats_per_char",
    "iwae_poems",
    "fourgram_nats_per_char",
    "active_units",
    "raw_repeat_rate",
    "raw_repeat_rate_without_doubling",
    "rhyme_compliance",
    "rhyme_compliance_corpus",
    "near_copy_rate",
    "near_copy_rate_corpus",
    "notes",
    "conditions",
    *RATES,
    *(f"{key}_spread1" for key in RATES),
    *(f"{key}_corpus" for key in RATES),
}


def write(path, rows):
    text = "".join(json.dumps({"lines": lines}, ensure_ascii=False) + "\n" for lines in rows)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def data(poem_data):
    """The folder of the poems themselves."""
    return poem_data / "poems"


def quality(capsys, *arguments):
    """Exit status, the JSON of the last line, the lines before it, and what went to stderr."""
    capsys.readouterr()  # what making the weights printed
    status = main(["quality", *map(str, arguments)])
    printed = capsys.readouterr()
    *lines, last = printed.out.splitlines() or [""]
    return status, json.loads(last) if last else None, lines, printed.err


def test_couplets_with_everything(tiny_poems, data, capsys):
    train_file = data / "couplets5.train.jsonl.xz"
    status, figures, lines, progress = quality(
        capsys, "poem-vae", "--data", data / "couplets5.dev.jsonl.xz", "--train", train_file,
        "--samples", 70, "--limit", 3, "--seed", 3,
    )  # fmt: skip
    assert status == 0
    assert KEYS <= figures.keys()
    assert any(line.split() == ["iwae_poems", "3"] for line in lines)
    assert "importance bound" in progress
    for key in ("elbo_nats_per_char", "iwae_nats_per_char", "fourgram_nats_per_char"):
        assert 1 < figures[key] < 20  # costs, not logarithms
        assert figures["same_poems"][key] > 1
    assert figures["iwae_nats_per_char"] < figures["same_poems"]["elbo_nats_per_char"]
    rated = [key for key in KEYS if "rate" in key or "compliance" in key]
    assert all(figures[key] is None or 0 <= figures[key] <= 1 for key in rated)
    assert figures["repeat_rate_without_doubling"] == 0  # forbidden at the defaults
    assert figures["rhyme_compliance"] is None and "rhyming" in figures["notes"]["rhyme_compliance"]
    assert figures["near_copy_rate"] is not None
    conditions = figures["conditions"]
    assert conditions["poems"] == 3 and conditions["form"] == "couplet5"
    assert conditions["samples"] == 70 and conditions["seed"] == 3
    assert conditions["train"] == [train_file.name]
    assert conditions["sampling"] == defaults()
    assert conditions["torch"] == torch.__version__ and conditions["weights"]


def test_quatrains_without_training_poems(tiny_poems, data, tmp_path, capsys):
    known = ["春江花月夜", "白日草木深", "天远秋声寒", "一醉千山雪"]
    unknown = ["春江花月夜", "白日草木深", "天远秋声寒", "一醉千山龘"]
    rows = [known, known[::-1], unknown, [*known[2:], *known[:2]], known[1:] + known[:1]]
    alone = write(tmp_path / "poems.jsonl", rows)
    status, figures, lines, progress = quality(
        capsys, "poem-vae", "--data", alone, "--samples", 3, "--json"
    )
    assert status == 0 and lines == [] and progress == ""
    assert KEYS <= figures.keys()
    assert figures["conditions"]["form"] == "quatrain5" and figures["conditions"]["poems"] == 4
    assert "1 poems" in figures["notes"]["left_out"]
    for key in ("fourgram_nats_per_char", "near_copy_rate"):
        assert figures[key] is None and "--train" in figures["notes"][key]
    assert figures["near_copy_rate_corpus"] is None
    assert 0 <= figures["rhyme_compliance"] <= 1


def test_the_model_of_2018(tiny_poems, data, capsys):
    status, figures, _, _ = quality(
        capsys, "poem-vae-2018", "--data", data / "couplets5.dev.jsonl.xz", "--samples", 5,
        "--limit", 2, "--json",
    )  # fmt: skip
    assert status == 0 and KEYS <= figures.keys()
    assert figures["latent_units"] == 64
    assert figures["fourgram_nats_per_char"] > 0  # from the files beside the data


def test_the_same_seed_gives_the_same_figures(tiny_poems, data, capsys):
    arguments = ["poem-vae", "--data", data / "couplets7.dev.jsonl.xz", "--limit", 2, "--json"]
    first = quality(capsys, *arguments, "--samples", 4)[1]
    assert quality(capsys, *arguments, "--samples", 4)[1] == first


@pytest.mark.parametrize(
    ("name", "file", "rows", "message"),
    [
        ("poem-vea", "a.jsonl", [], "Did you mean poem-vae"),
        ("poem-vae", "nothing.jsonl", None, "there is no file"),
        ("poem-vae", "a.jsonl", [["春江花", "月夜山"]], "poem 1: lines of [3, 3]"),
        ("poem-vae", "a.jsonl", [["春江花月夜"] * 2, ["春江花月夜"] * 4], "poem 2: "),
        ("poem-vae", "a.jsonl", [], "no poems"),
        ("poem-vae-2018", "a.jsonl", [["春江花月夜山水"] * 2], "knows couplet5"),
        ("poem-vae", "a.jsonl", "not json", "is not a file of poems"),
        ("poem-vae", "a.xz", "春", "is not a file of poems"),
    ],
)
def test_what_cannot_be_measured_is_explained(
    tiny_poems, tmp_path, capsys, name, file, rows, message
):
    path = tmp_path / file
    if isinstance(rows, str):
        path.write_text(rows, encoding="utf-8")
    elif rows is not None:
        write(path, rows)
    status, figures, _, complaint = quality(capsys, name, "--data", path, "--json")
    assert status == 2 and figures is None
    assert message in complaint


def test_weights_that_are_missing_are_explained(tiny_poems, data, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("GALLERY_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(manifest, "WEIGHTS", tmp_path)
    file = data / "couplets5.dev.jsonl.xz"
    status, _, _, complaint = quality(capsys, "poem-vae", "--data", file, "--json")
    assert status == 2 and "poem-vae" in complaint


@pytest.mark.parametrize("option", ["--limit", "--samples"])
def test_counts_must_be_positive(data, option, capsys):
    file = data / "couplets5.dev.jsonl.xz"
    status, _, _, complaint = quality(capsys, "poem-vae", "--data", file, option, 0)
    assert status == 2 and f"{option} is 0" in complaint


# The parts


def test_every_weights_name_has_at_most_one_benchmark():
    assert find("poem-vae") is find("poem-vae-2018")
    assert find("ner-msra") is find("cws-pku") is not find("poem-vae")


def test_rates():
    poem = ("悠悠洛阳道", "此会在何年")
    doubled = rates([poem], COUPLET5)
    assert doubled["repeat_rate"] == 1 and doubled["repeat_rate_without_doubling"] == 0
    tang = ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼")
    flat = ("春春春春春",) * 4
    seen = rates([tang, tang, flat, flat], QUATRAIN5)
    assert seen["tone_compliance"] == seen["rhyme_compliance"] - 0.5 == 0.5
    assert seen["distinct_rate"] == 0.5
    assert seen["repeat_rate"] == seen["repeat_rate_without_doubling"] == 0.5


def test_near_copies_are_looked_for_couplet_by_couplet():
    tang = ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼")
    known = couplets(("明月松间照", "清泉石上流")) + couplets(tang)[1:]
    changed = ("春眠不觉晓", "处处闻啼鸟", "欲穷千里目", "又上两层楼")
    assert near_copy_rate([changed, ("春眠不觉晓", "处处闻啼鸟") * 2], known) == 0.5


def test_training_files_beside_the_data(data, tmp_path):
    assert len(training_files(data)) == 4
    assert training_files(tmp_path) == ()
    vocabulary = read_vocabulary(data)
    forms = {read_corpus(path, vocabulary, 1).form.name for path in training_files(data)}
    assert forms == {"couplet5", "couplet7", "quatrain5", "quatrain7"}


def test_options_name_a_missing_file(data, tmp_path):
    there, missing = data / "vocab.txt", tmp_path / "x.jsonl"
    with pytest.raises(ValueError, match=r"x\.jsonl; docs/data\.md"):
        Options(data=there, train=(missing,))


# Peers


def test_a_missing_peer_is_explained(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torchcrf", None)  # as if it were not installed
    assert main(["peers", "crf", "--json"]) == 1
    printed = capsys.readouterr()
    assert "pip install -r requirements-peers.txt" in printed.err
    error = json.loads(printed.out.splitlines()[-1])["crf"]["error"]
    assert "pytorch-crf" in error and "Traceback" not in printed.err


def test_an_unknown_comparison_is_explained(capsys):
    assert main(["peers", "crv"]) == 2
    assert "Did you mean crf?" in capsys.readouterr().err
    assert "crf" in peers.names()
