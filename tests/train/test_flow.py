"""The flow recipes on made-up pictures: losses that fall, complete folders, what lies beside weights."""

import json

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.__main__ import main as benchmark
from core import hub
from core.models.flows.multi_scale import MultiScaleFlow
from core.models.flows.squeeze import squeeze
from core.models.glow import Glow
from core.runtime import draws
from tests.pictures import discs, write_set
from train.__main__ import main as train
from train.flow import DIRECTIONS, LIKELIHOODS
from train.loop import fit
from train.recipes.glow_faces import GlowFaces

NAMES = ("glow-faces", "glow-2018-faces", "glow-cifar10")
FILES = {"README.md", "config.json", "golden.safetensors", "metrics.json", "model.safetensors"}


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Made-up faces with the labels that directions are made from."""
    data = tmp_path_factory.mktemp("faces")
    shares = ["0.05", "0.4", "0.95"]
    columns = {"age": ["1", "30", "70"], "female": ["0", "1"]}
    columns |= {f"{name}_p": shares for name in ("smile", "glasses", "beard")}
    splits = {"train": discs(64, 64), "val": discs(40, 64, 1)}
    write_set(data / "images" / "utkface64", splits, columns)
    write_set(
        data / "images" / "cifar10",
        {"train": discs(64, 32, 2), "val": discs(40, 32, 3)},
        {"label": ["0", "9"]},
    )
    return data


def smoke(name, data, out, *more):
    small = ["--smoke", "--device", "cpu", "--set", "mixed_precision=no"]
    return train([name, "--data", str(data), "--out", str(out), *more, *small])


@pytest.mark.parametrize("name", NAMES)
def test_a_smoke_run_writes_a_complete_folder(name, faces, in_tmp, monkeypatch):
    folder = in_tmp / "weights" / name
    assert smoke(name, faces, folder) == 0
    expected = FILES | {"manifest.json", LIKELIHOODS}
    if name != "glow-cifar10":
        expected |= {DIRECTIONS}
        found = load_file(folder / DIRECTIONS)
        assert found.keys() == {"age", "smile", "glasses", "beard"}
        assert all(part.shape == (3 * 16**2,) and part.isfinite().all() for part in found.values())
    assert {path.name for path in folder.iterdir()} == expected
    bits = json.loads((folder / LIKELIHOODS).read_text())["bits_per_dim"]
    assert len(bits) == 40 and bits == sorted(bits)
    figures = json.loads((folder / "metrics.json").read_text())["figures"]
    assert abs(sum(bits) / len(bits) - figures["bits_per_dim"]) < 1e-3
    assert figures["round_trip_max_error_fp32"] < 1e-5
    monkeypatch.setenv("GALLERY_WEIGHTS", str(folder.parent))
    assert hub.verify(name).golden is not None


def test_the_loss_falls_and_a_run_goes_on_where_it_stopped(faces, in_tmp):
    def recipe(steps):
        made = GlowFaces(data=faces)
        made.shrink()
        made.mixed_precision, made.steps, made.cooldown, made.ema = "no", steps, 0.0, 0.9
        made.learning_rate, made.evaluate_every = 3e-3, 1000
        return made

    straight, _ = fit(recipe(24), cpu=True, quiet=True)
    lines = [json.loads(line) for line in (in_tmp / "runs/glow-faces-smoke/log.jsonl").open()]
    whole = recipe(24)
    whole.prepare()
    with torch.no_grad():
        before = whole.evaluate(whole.build())["bits_per_dim"]
    assert whole.evaluate(straight)["bits_per_dim"] < before - 0.05
    assert lines[0]["skipped"] == 0
    fit(recipe(10), cpu=True, quiet=True)
    resumed, progress = fit(recipe(24), cpu=True, quiet=True, resume=True)
    assert progress.step == 24
    for a, b in zip(straight.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_it_starts_normalised(faces):
    made = GlowFaces(data=faces)
    made.shrink()
    made.prepare()
    model = made.build()
    assert isinstance(model, MultiScaleFlow)
    batch = made.images.batch(0, made.first_batch, made.seed)
    inside = draws.uniform(made.seed, made.first_batch, 3, 16, 16)
    x = model.dequantize(made.images.levels(batch), inside)
    with torch.no_grad():
        y = model.parts()[0].parts()[0].actnorm(squeeze(x))[0]
    assert float(y.mean(dim=(0, 2, 3)).abs().max()) < 1e-4
    assert float((y.square().mean(dim=(0, 2, 3)) - 1).abs().max()) < 1e-3


def test_the_command_measures_a_flow(faces, in_tmp, monkeypatch, capsys):
    folder = in_tmp / "weights" / "glow-faces"
    assert smoke("glow-faces", faces, folder) == 0
    monkeypatch.setenv("GALLERY_WEIGHTS", str(folder.parent))
    pictures = str(faces / "images" / "utkface64")
    capsys.readouterr()
    arguments = ["--data", pictures, "--split", "val", "--train", pictures, "--samples", "20"]
    assert benchmark(["quality", "glow-faces", *arguments, "--device", "cpu", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    parts = figures["contributions"]
    total = sum(row["prior"] + row["log_det"] for row in parts)
    assert abs(total - figures["bits_per_dim_draws"][0]) < 1e-3
    assert figures["round_trip_max_error_fp32"] < 1e-5
    assert figures["round_trip_max_error_fp16"] < 0.05
    assert figures["swd"].keys() == figures["frechet"].keys()
    assert all(value > 0 for value in figures["swd"].values())
    assert figures["memorisation"]["pixels"] <= 1


def test_directions_leave_the_model_alone(faces, in_tmp):
    made = GlowFaces(data=faces)
    made.shrink()
    made.prepare()
    model = made.build().requires_grad_(False)
    assert isinstance(model, Glow)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    made._directions(model)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
