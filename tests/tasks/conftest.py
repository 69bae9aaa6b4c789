"""Tiny taggers, segmenters and flows, made by their own recipes from made-up sentences and pictures."""

import json
import lzma
import os
import random
from pathlib import Path

import pytest
import torch

from core.runtime import Runtime
from core.tasks import glow
from tests.conftest import CHARACTERS
from tests.pictures import discs, write_set
from train.__main__ import main as train

NAMES = {
    "PER": ("张伟", "李东明", "王"),
    "LOC": ("北京", "江南", "长沙城"),
    "ORG": ("春水社", "人民公司"),
}
FINE = {"name": "张伟", "address": "北京", "company": "人民公司", "book": "春水"}


@pytest.fixture(scope="session")
def tagging_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sentences with entities, segmented and tagged ones, and word lists, in the real formats."""
    root = tmp_path_factory.mktemp("tagging")
    draw = random.Random(5542)
    for folder in ("ner", "segmentation", "domain"):
        (root / folder).mkdir()

    def entities(names: list[tuple[str, str]]) -> str:
        text, spans = "", []
        for _ in range(draw.randint(1, 3)):
            text += "".join(draw.choices(CHARACTERS, k=draw.randint(1, 6)))
            kind, name = draw.choice(names)
            spans.append([len(text), len(text) + len(name), kind])
            text += name
        return json.dumps({"text": text + "。", "entities": spans}, ensure_ascii=False)

    def words(tagged: bool) -> str:
        cut = ["".join(draw.choices(CHARACTERS, k=draw.randint(1, 3))) for _ in range(8)]
        return " ".join(f"{word}/{draw.choice('nvw')}" if tagged else word for word in cut)

    coarse = [(kind, name) for kind, names in NAMES.items() for name in names]
    files = {
        "ner/msra": lambda: entities(coarse),
        "ner/cluener": lambda: entities(list(FINE.items())),
        "segmentation/pd1998": lambda: words(False),
        "segmentation/pd1998_pos": lambda: words(True),
        "segmentation/sxu": lambda: words(False),
    }
    for name, line in files.items():
        suffix = "jsonl" if name.startswith("ner") else "txt"
        for part, count in (("train", 60), ("dev", 8)):
            with lzma.open(root / f"{name}.{part}.{suffix}.xz", "wt", encoding="utf-8") as file:
                file.writelines(line() + "\n" for _ in range(count))
    with lzma.open(root / "segmentation" / "msr_words.txt.xz", "wt", encoding="utf-8") as file:
        file.writelines(CHARACTERS[i : i + 2] + "\n" for i in range(0, 60, 2))
    with lzma.open(root / "domain" / "thuocl.jsonl.xz", "wt", encoding="utf-8") as file:
        for domain, word in (("diming", "北京"), ("lishimingren", "李李李"), ("IT", "电脑")):
            file.write(json.dumps({"domain": domain, "word": word}, ensure_ascii=False) + "\n")
    return root


@pytest.fixture(scope="session")
def tagging_weights(tagging_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of the taggers and of the Markov segmenter after a few steps.

    `ner-msra-softmax` and `ner-msra-memm` are the same recipe with the other heads.
    """
    root, before = tmp_path_factory.mktemp("weights"), Path.cwd()
    os.chdir(tmp_path_factory.mktemp("runs"))
    try:
        with torch.random.fork_rng(devices=[]):
            for name in ("ner-msra", "ner-cluener", "cws-pku", "hmm-pku"):
                given = [name, "--data", str(tagging_data), "--out", str(root / name)]
                small = ["--smoke", "--device", "cpu", "--set", "mixed_precision=no"]
                assert train([*given, *small]) == 0
    finally:
        os.chdir(before)
        torch.set_flush_denormal(False)
    return root


@pytest.fixture
def tiny_taggers(tagging_weights: Path, local: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """The tiny models behind `core.tasks.tagging` and `core.tasks.segmentation`."""
    monkeypatch.setenv("GALLERY_WEIGHTS", str(tagging_weights))
    return local


@pytest.fixture(scope="session")
def glow_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both Glow recipes' own weights after a few steps: 16 pixels, three levels, all four attributes."""
    root, before = tmp_path_factory.mktemp("glow"), Path.cwd()
    columns = {
        "age": ["5", "30", "61"],
        "female": ["0", "1"],
        **{name: ["0.1", "0.5", "0.9"] for name in ("smile_p", "glasses_p", "beard_p")},
    }
    splits = {"train": discs(64, 64, 0), "val": discs(24, 64, 1)}
    write_set(root / "data" / "images" / "utkface64", splits, columns)
    os.chdir(tmp_path_factory.mktemp("runs"))
    try:
        with torch.random.fork_rng(devices=[]):
            for name in glow.MODELS:
                given = [name, "--data", str(root / "data"), "--out", str(root / "w" / name)]
                small = ["--smoke", "--device", "cpu", "--set", "mixed_precision=no", "levels=3"]
                assert train([*given, *small]) == 0
    finally:
        os.chdir(before)
        torch.set_flush_denormal(False)
    return root / "w"
