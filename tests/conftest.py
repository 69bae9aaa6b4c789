"""What tests of several folders share: tiny weights made by the real recipes, and a runtime of one's own."""

import core  # noqa: F401 (first: it sets up the thread pools, which torch reads when imported)

# isort: split
import json
import lzma
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from core import runtime
from core.runtime import Runtime
from core.tasks import poems
from core.text.forms import FORMS
from tests.pictures import write_sets
from train.__main__ import main as train

# Common characters of both tones and many rhymes, so that all rules of verse can be kept at once.
CHARACTERS = (
    "东风空中红同公穷工翁通蓬江山人春真新尘身亲天年前先烟边泉船多歌何河过花家霞沙光长阳香乡堂"
    "方明清声生行城情平流秋楼舟愁游头心林深音今云君闻分开来台回门寒看难安还间关闲时知诗思枝"
    "白日月雨雪水石鸟草木夜晓去客酒醉梦落叶古寺玉笛不见有一万里千处上下自独坐望远路暮晚影尽"
    "青松照"
)
FOLDERS = {
    "couplet5": "couplets5",
    "couplet7": "couplets7",
    "quatrain5": "jueju5",
    "quatrain7": "jueju7",
}


@pytest.fixture(scope="session")
def poem_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up poems in the format of the real ones."""
    folder = tmp_path_factory.mktemp("data") / "poems"
    folder.mkdir()
    draw = random.Random(5332)
    for form in FORMS:
        for part, count in (("train", 30), ("dev", 4)):
            path = folder / f"{FOLDERS[form.name]}.{part}.jsonl.xz"
            with lzma.open(path, "wt", encoding="utf-8") as file:
                for _ in range(count):
                    lines = [
                        "".join(draw.choices(CHARACTERS, k=form.width)) for _ in range(form.lines)
                    ]
                    file.write(json.dumps({"lines": lines}, ensure_ascii=False) + "\n")
    vocabulary = "".join(f"{char} {1000 - i}\n" for i, char in enumerate(CHARACTERS))
    (folder / "vocab.txt").write_text(vocabulary, encoding="utf-8")
    return folder.parent


@pytest.fixture(scope="session")
def poem_weights(poem_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of both poem models, as their recipes write them after a few steps."""
    root, before = tmp_path_factory.mktemp("weights"), Path.cwd()
    os.chdir(tmp_path_factory.mktemp("runs"))
    try:
        with torch.random.fork_rng(devices=[]):
            for name in poems.MODELS:
                data, out = ["--data", str(poem_data)], ["--out", str(root / name)]
                # Accelerate allows one precision in a process.
                small = ["--smoke", "--device", "cpu", "--set", "mixed_precision=no"]
                assert train([name, *data, *out, *small]) == 0
    finally:
        os.chdir(before)
        torch.set_flush_denormal(False)
    return root


@pytest.fixture(scope="session")
def image_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up picture sets in the format of the real ones."""
    return write_sets(tmp_path_factory.mktemp("pictures"))


IMAGE_MODELS = (
    "ogan-faces",
    "ogan-anime",
    "dcgan-faces",
    "vae-faces",
    "ddpm-faces",
    "face-attributes",
)


@pytest.fixture(scope="session")
def image_weights(image_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of the image models other than flows, and of the attribute classifier, as their recipes write them."""
    root, before = tmp_path_factory.mktemp("weights"), Path.cwd()
    os.chdir(tmp_path_factory.mktemp("runs"))
    try:
        with torch.random.fork_rng(devices=[]):
            for name in IMAGE_MODELS:
                data, out = ["--data", str(image_data)], ["--out", str(root / name)]
                small = ["--smoke", "--device", "cpu", "--set", "mixed_precision=no"]
                assert train([name, *data, *out, *small]) == 0
    finally:
        os.chdir(before)
        torch.set_flush_denormal(False)
    return root


@pytest.fixture
def tiny_image_models(image_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny image models where `core.hub` finds them; returns their folder."""
    monkeypatch.setenv("GALLERY_WEIGHTS", str(image_weights))
    return image_weights


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder, so that runs leave nothing behind."""
    monkeypatch.chdir(tmp_path)
    with torch.random.fork_rng(devices=[]):
        yield tmp_path
    torch.set_flush_denormal(False)


@pytest.fixture
def local() -> Iterator[Runtime]:
    """A runtime that `runtime.run` uses during the test."""
    made = Runtime("cpu")
    before = runtime.use(made)
    yield made
    runtime.use(before)
    made.close()


@pytest.fixture
def tiny_poems(poem_weights: Path, local: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """The tiny poem models behind `core.tasks.poems`."""
    monkeypatch.setenv("GALLERY_WEIGHTS", str(poem_weights))
    return local
