"""`python -m train`: a real recipe at tiny size, from data to a weights folder that loads again."""

import json
import lzma
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml

from core import hub
from core.hub import client, manifest
from train.__main__ import main, names
from train.loop import RUNS
from train.publish import model_card
from train.recipe import Batch, Card
from train.recipes.poem_vae_2018 import PoemVAE2018Recipe

ROOT = Path(__file__).resolve().parents[1]
CHARACTERS = "春江花月夜山水风云日天地人心酒琴书剑松竹梅兰雪雨烟霜鸟鱼舟桥灯钟秋寒客归远思"
FORMS = {"couplets5": (2, 5), "couplets7": (2, 7), "jueju5": (4, 5), "jueju7": (4, 7)}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up poems in the format of the real ones."""
    folder = tmp_path_factory.mktemp("data") / "poems"
    folder.mkdir()
    draw = random.Random(5332)
    for form, (lines, width) in FORMS.items():
        for part, count in (("train", 40), ("dev", 6)):
            with lzma.open(folder / f"{form}.{part}.jsonl.xz", "wt", encoding="utf-8") as file:
                for _ in range(count):
                    poem = ["".join(draw.choices(CHARACTERS, k=width)) for _ in range(lines)]
                    file.write(json.dumps({"lines": poem}, ensure_ascii=False) + "\n")
    vocabulary = "".join(f"{char} {100 - i}\n" for i, char in enumerate(CHARACTERS))
    (folder / "vocab.txt").write_text(vocabulary, encoding="utf-8")
    return folder.parent


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder and a `weights/` of the test's own; random numbers as before afterwards."""
    monkeypatch.chdir(tmp_path)
    for variable in ("GALLERY_DATA", "GALLERY_WEIGHTS", "GALLERY_HUB_OWNER"):
        monkeypatch.delenv(variable, raising=False)
    weights = tmp_path / "weights"
    monkeypatch.setattr(manifest, "WEIGHTS", weights)
    monkeypatch.setattr(client, "_offline", True)
    with torch.random.fork_rng(devices=[]):
        yield weights
    torch.set_flush_denormal(False)


def train(data: Path, *arguments: str, name: str = "poem-vae-2018") -> int:
    return main([name, "--data", str(data), "--device", "cpu", *arguments])


def test_a_smoke_run_writes_a_folder_that_loads_and_reproduces_its_golden_tensors(
    data: Path, tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    assert train(data, "--smoke", "--out", str(out)) == 0
    assert not place.exists()
    assert sorted(file.name for file in out.iterdir()) == [
        "README.md",
        "config.json",
        "golden.safetensors",
        "manifest.json",
        "metrics.json",
        "model.safetensors",
        "vocab.json",
    ]
    monkeypatch.setenv("GALLERY_WEIGHTS", str(out))
    found = hub.verify("poem-vae-2018")
    assert found.weights.source == "folder"
    assert found.golden is not None and len(found.golden) == 3
    entry = found.weights.entry
    assert entry.model_class == "core.models.poem_vae_2018:PoemVAE2018"
    assert entry.recipe == "python -m train poem-vae-2018 --smoke"
    assert entry.parameters == found.parameters
    assert found.weights.config["vocab_size"] == len(CHARACTERS)
    metrics = hub.describe("poem-vae-2018").metrics
    assert metrics["steps"] == 6 and metrics["torch"] == torch.__version__
    assert metrics["figures"]["score"] < 0
    assert metrics["parameters"] == found.parameters


def test_the_figures_are_those_of_the_stored_weights(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert train(data, "--smoke", "--out", str(out)) == 0
    recipe = PoemVAE2018Recipe(data=data)
    recipe.shrink()
    recipe.prepare()
    module = hub.load_folder(out, recipe.model_class)
    figures = json.loads((out / "metrics.json").read_text())["figures"]
    assert recipe.evaluate(module) == pytest.approx(figures, rel=1e-5)


@pytest.mark.parametrize("step", [0, 2])  # after step 3 an evaluation would come
def test_an_interrupted_run_continues_to_the_same_weights(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    step: int,
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train(data, "--smoke", "--out", str(whole)) == 0
    draw, drawn = PoemVAE2018Recipe.batch, []

    def interrupted(recipe: PoemVAE2018Recipe, number: int) -> Batch:
        if number == step:
            signal.raise_signal(signal.SIGINT)
        drawn.append(number)
        return draw(recipe, number)

    monkeypatch.setattr(PoemVAE2018Recipe, "batch", interrupted)
    # A job that was started in the background ignores Ctrl-C, and so do its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    capsys.readouterr()
    assert train(data, "--smoke", "--out", str(parts)) == 130
    said = capsys.readouterr().err
    assert "python -m train poem-vae-2018" in said and said.rstrip().endswith("--resume")
    assert not parts.exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    assert train(data, "--smoke", "--out", str(parts), "--resume") == 0
    for file in ("model.safetensors", "golden.safetensors"):
        assert (parts / file).read_bytes() == (whole / file).read_bytes()
    assert drawn == list(range(6))  # every step once


def test_another_seed_gives_other_weights(data: Path, tmp_path: Path) -> None:
    assert train(data, "--smoke", "--out", "a") == 0
    assert train(data, "--smoke", "--out", "b", "--seed", "7") == 0
    first, second = (tmp_path / name / "model.safetensors" for name in ("a", "b"))
    assert first.read_bytes() != second.read_bytes()


def test_a_real_run_registers_its_folder(data: Path, place: Path) -> None:
    small = ("--steps", "2", "--set", "batch_size=4", "evaluate_every=2")
    assert train(data, *small) == 0
    first = hub.locate("poem-vae-2018")
    assert (first.source, first.folder) == ("embedded", place / "poem-vae-2018")
    assert not (first.folder / "manifest.json").exists()
    assert train(data, *small, "--seed", "7") == 0  # writes over the first
    second = hub.locate("poem-vae-2018")
    assert second.hash != first.hash
    assert second.entry.recipe == (
        "python -m train poem-vae-2018 --steps 2 --seed 7 --set batch_size=4 evaluate_every=2"
    )
    assert sorted(path.name for path in place.iterdir()) == ["manifest.json", "poem-vae-2018"]


def test_a_card_can_be_written_again(
    data: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train(data, "--steps", "1", "--set", "batch_size=4") == 0
    before = hub.locate("poem-vae-2018")
    card: Card = {"title": "Couplets", "licence": "mit", "data": []}
    monkeypatch.setattr(PoemVAE2018Recipe, "card", lambda self: card)
    assert main(["poem-vae-2018", "--card"]) == 0
    after = hub.locate("poem-vae-2018")
    assert after.hash == before.hash and after.entry.recipe == before.entry.recipe
    assert after.entry.licence == "mit"
    assert hub.describe("poem-vae-2018").card.startswith("# Couplets")


def test_a_card_carries_what_a_benchmark_measured(data: Path, place: Path, tmp_path: Path) -> None:
    assert train(data, "--steps", "1", "--set", "batch_size=4") == 0
    figures = {
        "f1": 0.25,
        "by_type": {"PER": {"f1": 0.5}},
        "curve": [{"rate": 1.5, "distortion": 2.5}],
        "conditions": {"data": "some.dev.jsonl", "device": "cpu"},
    }
    printed = tmp_path / "printed.json"
    printed.write_text(f"report\n{json.dumps(figures)}\n")
    for _ in range(2):  # the second replaces the first
        assert main(["poem-vae-2018", "--card", "--measured", str(printed)]) == 0
    card = hub.describe("poem-vae-2018").card
    assert card.count("Measured on `some.dev.jsonl`") == 1
    for row in ("| f1 | 0.25 |", "| by_type.PER.f1 | 0.5 |", "| 1.5 | 2.5 |", "device cpu"):
        assert row in card
    hub.verify("poem-vae-2018")
    other = tmp_path / "other.json"
    conditions = {"data": "some.dev.jsonl", "weights": "0123abcd"}
    other.write_text(json.dumps({"f1": 0.125, "only": 1, "conditions": conditions}))
    assert main(["poem-vae-2018", "--card", "--baseline", f"plain={other}"]) == 0
    card = hub.describe("poem-vae-2018").card
    for row in ("poem-vae-2018 | plain |", "| f1 | 0.25 | 0.125 |", "| None | 0123abcd |"):
        assert row in card
    assert "| only |" not in card and "by_type.PER.f1 | 0.5 | -" not in card
    with pytest.raises(SystemExit):
        main(["poem-vae-2018", "--card", "--baseline", str(other)])


def test_a_smoke_run_never_writes_to_weights_by_itself(data: Path, place: Path) -> None:
    assert train(data, "--smoke") == 0
    assert not place.exists()
    assert (RUNS / "poem-vae-2018-smoke" / "weights" / "model.safetensors").is_file()


def test_smoke_run_of_the_larger_poem_model(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = ("--set", "mixed_precision=no")  # Accelerate allows one precision per process
    assert train(data, "--smoke", "--out", str(tmp_path / "out"), *setting, name="poem-vae") == 0
    monkeypatch.setenv("GALLERY_WEIGHTS", str(tmp_path / "out"))
    found = hub.verify("poem-vae")
    assert found.golden is not None and len(found.golden) == 16


# The model card

FACTS = {
    "figures": {"score": -5.25, "accuracy": 0.123456},
    "parameters": 1_234_567,
    "steps": 60_000,
    "seconds": 1800.0,
    "date": "2026-11-21",
    "torch": "2.13.0",
    "device": "CPU (2 threads)",
    "command": "python -m train poem-vae-2018",
}


def split_card(text: str) -> tuple[dict[str, object], str]:
    _, front, body = text.split("---\n", 2)
    return yaml.safe_load(front), body


def test_a_card_with_everything() -> None:
    card: Card = {
        "title": "Poem VAE",
        "title_zh": "写诗的 VAE",
        "summary": "Writes couplets.",
        "summary_zh": "写对联。",
        "post": {"title": "用变分自编码器写诗", "url": "https://kexue.fm/archives/5332"},
        "licence": "mit",
        "pipeline_tag": "text-generation",
        "data": [{"name": "poems", "source": "a | b", "licence": "public domain"}],
        "metrics": [
            {"figure": "accuracy", "label": "characters right", "author": "about 20 %"},
            {"figure": "absent", "label": "not measured", "author": None},
        ],
        "limits": ["Knows no rhyme."],
        "departures": ["A larger corpus."],
    }
    front, body = split_card(model_card("poem-vae-2018", card, FACTS))
    assert front == {
        "language": ["zh"],
        "license": "mit",
        "library_name": "pytorch",
        "pipeline_tag": "text-generation",
        "tags": ["scientific-spaces", "kexue-fm"],
    }
    assert "# Poem VAE · 写诗的 VAE" in body
    assert "[用变分自编码器写诗](https://kexue.fm/archives/5332)" in body
    assert "| characters right | 0.1235 | about 20 % |" in body
    assert "| not measured | - | - |" in body
    assert "| poems | a / b | public domain |" in body
    assert "- Knows no rhyme." in body and "- A larger corpus." in body
    assert "1,234,567 parameters, 60,000 steps in 30.0 minutes" in body
    made, measured = body.index(FACTS["command"]), body.index("python -m benchmarks quality")
    assert made < measured and body.rstrip().endswith("poem-vae-2018\n```")


def test_a_card_with_nothing() -> None:
    front, body = split_card(model_card("poem-vae", {}, FACTS))
    assert front["library_name"] == "pytorch" and "license" not in front
    assert "# poem-vae\n" in body
    assert "| score | -5.25 |" in body  # all figures, and no empty column for the author's
    assert "author" not in body


def test_a_licence_that_the_hub_does_not_know() -> None:
    front, _ = split_card(model_card("poem-vae", {"licence": "Our Own 1.0"}, FACTS))
    assert (front["license"], front["license_name"]) == ("other", "Our Own 1.0")


# The command line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["poem-vae-2081"], "Did you mean poem-vae-2018? Known: "),
        (["poem-vae-2018", "--data", "nowhere"], "docs/data.md"),
        (["poem-vae-2018", "--set", "width=3"], "one of seed, steps, batch_size"),
        (["poem-vae-2018", "--set", "steps"], "KEY=VALUE"),
        (["poem-vae-2018", "--set", "steps=many"], "of type int, such as 60000; got 'many'"),
    ],
)
def test_a_wrong_command_is_explained(
    data: Path,
    arguments: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GALLERY_DATA", str(data))
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_recipes_are_found_by_file() -> None:
    assert {"poem-vae", "poem-vae-2018"} <= set(names())


def test_training_needs_no_web_page() -> None:
    code = (
        "import sys, train.__main__, train.recipes.poem_vae; "
        "print([m for m in ('gradio', 'diffusers', 'plotly') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
