"""The image recipes on made-up pictures: batches, hooks of the loop, losses, complete folders."""

import json

import pytest
import torch
from PIL import Image

from core import hub
from core.levels import scaled
from core.models.ogan import OGAN, TRUNCATION
from tests.conftest import IMAGE_MODELS
from train.image_sets import ImageSet, mirror
from train.loop import fit
from train.picture_grid import save_grid
from train.publish import curve
from train.recipes.dcgan_faces import DCGANFaces
from train.recipes.face_attributes import TIGHT, cropped
from train.recipes.ogan_faces import OGANFaces

FILES = {"README.md", "config.json", "golden.safetensors", "metrics.json", "model.safetensors"}


def recipe(data, kind=OGANFaces, **numbers):
    made = kind(data=data)
    made.shrink()
    made.mixed_precision = "no"
    for key, value in numbers.items():
        setattr(made, key, value)
    return made


# -- batches ----------------------------------------------------------------------------------------


def test_batches_are_a_function_of_the_step(image_data):
    images = ImageSet.read(image_data, "utkface64", size=32)
    assert images.pixels.shape == (64, 3, 32, 32)
    a, b = images.batch(5, 16, seed=3), images.batch(5, 16, seed=3)
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert not torch.equal(a["rows"], images.batch(6, 16, seed=3)["rows"])
    epoch = torch.cat([images.batch(step, 16, seed=3)["rows"] for step in range(4)])
    assert sorted(epoch.tolist()) == list(range(64))
    flips = torch.cat([images.batch(step, 16, seed=3)["flip"] for step in range(20)])
    assert 0.4 < float(flips.float().mean()) < 0.6
    assert not images.batch(5, 16, seed=3, flip=False)["flip"].any()


def test_pictures_of_a_batch(image_data):
    images = ImageSet.read(image_data, "utkface64", size=32)
    batch = images.batch(0, 8, seed=3)
    x = images.take(batch)
    assert x.shape == (8, 3, 32, 32) and x.min() >= -1 and x.max() <= 1
    for row, flip, picture in zip(batch["rows"], batch["flip"], x, strict=True):
        original = scaled(images.pixels[row])
        assert torch.equal(picture, original.flip(-1) if flip else original)
    assert torch.equal(mirror(x, torch.ones(8, dtype=torch.bool)).flip(-1), x)
    assert torch.equal(images.numbers("age"), images.numbers("age").round())
    with pytest.raises(ValueError, match="no data folder"):
        ImageSet.read(None, "utkface64")


# -- the loop's hooks -------------------------------------------------------------------------------


def test_pictures_are_placed_once_and_weights_finished_before_each_use(image_data, in_tmp):
    told = []

    class Told(OGANFaces):
        def place(self, device):
            told.append(f"place {device.type}")
            super().place(device)

        def build(self):
            told.append("build")
            return super().build()

        def finish(self, model):
            assert not model.training and not torch.is_grad_enabled()
            told.append("finish")
            super().finish(model)

        def evaluate(self, model):
            told.append("evaluate")
            return super().evaluate(model)

    model, progress = fit(recipe(image_data, Told), cpu=True, quiet=True)
    assert told == ["place cpu", "build", *["finish", "evaluate"] * 2, "finish"]
    assert progress.step == 6 and not model.training
    assert (in_tmp / "runs" / "ogan-faces-smoke" / "pictures.png").is_file()
    log = in_tmp / "runs" / "ogan-faces-smoke" / "log.jsonl"
    assert [row["step"] for row in curve(log, ["swd", "retrieval_top1"])] == [3, 6]
    assert [row["step"] for row in curve(log, ["swd"], rows=2)] == [3, 6]
    assert curve(log, []) == [] == curve(log.with_name("none"), ["swd"])


def test_an_interrupted_run_ends_the_same(image_data, in_tmp):
    whole, _ = fit(recipe(image_data, cooldown=0.0), cpu=True, quiet=True)
    fit(recipe(image_data, cooldown=0.0, steps=3), cpu=True, quiet=True)
    again = recipe(image_data, cooldown=0.0)
    resumed, progress = fit(again, cpu=True, quiet=True, resume=True)
    assert progress.step == 6
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_a_grid_is_filled_up_with_black(tmp_path):
    pictures = torch.full((5, 3, 4, 4), 255, dtype=torch.uint8)
    pictures[1] = 100
    save_grid(tmp_path / "new" / "grid.png", pictures, columns=3)
    with Image.open(tmp_path / "new" / "grid.png") as image:
        assert image.size == (12, 8)
        assert [image.getpixel(at)[0] for at in ((0, 0), (5, 1), (7, 7), (8, 7))] == [
            255,
            100,
            255,
            0,
        ]


# -- losses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"augment": ""},
        {"r1": 1.0},
        {"fidelity": 0.0},
        {"revisited": 0.0},
        {"contrast": 0.0},
        {"generator": "selfmod"},
        {"game": "quadratic"},
        {"compile": True},
    ],
    ids=str,
)
def test_losses_are_finite_and_reach_everything(image_data, numbers):
    made = recipe(image_data, **numbers)
    made.prepare()
    model = made.build().train()
    loss, logs = made.loss(model, made.batch(0), 0)
    loss.backward()
    assert loss.isfinite() and all(value.isfinite() for value in logs.values())
    wanted = {
        "r1": made.r1,
        "infidelity": made.fidelity and made.revisited,
        "contrast": made.contrast,
    }
    assert set(logs) == {"gap", "correlation", *(name for name, asked in wanted.items() if asked)}
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_codes_of_real_pictures_are_part_of_the_noise(image_data):
    made = recipe(image_data, revisited=0.5, correlation=0.0, fidelity=0.0)
    made.prepare()
    model = made.build().train()
    given = []
    model.generate = lambda z: given.append(z) or OGAN.generate(model, z)
    batch = made.batch(0)
    made.loss(model, batch, 0)
    count = len(batch["rows"]) // 2
    codes, noise = given[0][:count], given[0][count:]
    real = model.encode(made.images.take(batch)).code[count:]
    torch.testing.assert_close(codes, TRUNCATION * real, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(codes.std(dim=1, correction=0), torch.full((count,), TRUNCATION))
    assert len(given) == 1 and noise.std(dim=1).std() > 0.01  # noise has a length of its own


def test_training_can_start_from_weights_of_the_same_sizes(image_data, tmp_path, monkeypatch):
    made = recipe(image_data)
    made.prepare()
    trained = made.build()
    folder = tmp_path / "ogan-tried"
    hub.save(folder, trained)
    facts = {"class": "core.models.ogan:OGAN", "licence": "mit"}
    hub.register("ogan-tried", folder, facts, manifest=folder / "manifest.json")
    monkeypatch.setenv("GALLERY_WEIGHTS", str(tmp_path))
    made.start_from = "ogan-tried"
    for name, value in made.build().state_dict().items():
        torch.testing.assert_close(value, trained.state_dict()[name], rtol=1e-3, atol=1e-4)
    made.width *= 2
    with pytest.raises(ValueError, match="ogan-tried has other sizes"):
        made.build()


def test_the_baseline_does_not_hear_of_the_correlation(image_data):
    made = recipe(image_data, DCGANFaces)
    made.prepare()
    model = made.build().train()
    assert model.config.generator == "dcgan" and made.correlation == 0
    torch.manual_seed(0)
    loss, _ = made.loss(model, made.batch(0), 0)
    torch.manual_seed(0)
    made.correlation = -1e-9  # still too small to ask for a pass of its own
    torch.testing.assert_close(made.loss(model, made.batch(0), 0)[0], loss)


def test_a_few_steps_raise_the_correlation(image_data):
    made = recipe(image_data, learning_rate=1e-3)
    made.prepare()
    torch.manual_seed(0)
    model = made.build().train()
    optimizer = made.optimizer(model)
    seen = []
    for step in range(60):
        loss, logs = made.loss(model, made.batch(step), step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append(float(logs["correlation"].detach()))
    assert sum(seen[-10:]) / 10 > sum(seen[:10]) / 10 + 0.1


def test_each_game_has_its_optimiser_and_its_loss(image_data):
    losses = []
    for game, optimiser in (("logistic", torch.optim.Adam), ("quadratic", torch.optim.RMSprop)):
        made = recipe(image_data, game=game)
        made.prepare()
        torch.manual_seed(0)
        model = made.build().train()
        assert type(made.optimizer(model)) is optimiser
        losses.append(made.loss(model, made.batch(0), 0)[0].item())
    assert losses[0] != losses[1]
    with pytest.raises(ValueError, match="game is one of logistic, quadratic"):
        recipe(image_data, game="chess").prepare()


def test_the_card_says_what_is_done_otherwise(image_data):
    plain = recipe(
        image_data, augment="", r1=0.0, fidelity=0.0, revisited=0.0, contrast=0.0
    ).card()["departures"]
    other = recipe(image_data, fidelity=0.5, revisited=0.5, r1=2.0).card()["departures"]
    assert len(other) == len(plain) + 5 and set(plain) < set(other)
    assert any("weight 0.5" in line for line in other) and any("weight 2" in line for line in other)


# -- crops of the classifier ------------------------------------------------------------------------


def test_crops_lie_between_the_wide_and_the_tight_one():
    x = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    still = torch.zeros(3, 2)
    torch.testing.assert_close(cropped(x, torch.zeros(2), still), x, rtol=0, atol=1e-5)
    ramp = torch.arange(64.0).expand(1, 3, 64, 64) + 0.5  # every pixel says its column
    tight = cropped(ramp, torch.ones(1), torch.zeros(3, 1))[0, 0, 0]
    left, _, side = TIGHT
    expected = left + (torch.arange(64) + 0.5) * side / 64
    torch.testing.assert_close(tight, expected, rtol=0, atol=1e-3)


# -- folders ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_a_smoke_run_writes_a_complete_folder(tiny_image_models, name, monkeypatch):
    folder = tiny_image_models / name
    assert {file.name for file in folder.iterdir()} >= FILES
    monkeypatch.setenv("GALLERY_WEIGHTS", str(tiny_image_models))
    found = hub.verify(name)
    assert found.golden is not None and max(found.golden.values()) < 1e-3
    facts = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert facts["steps"] == 6 and "research" in card
    assert ("During training" in card) == (name != "face-attributes")
    assert (folder / "prior.safetensors").is_file() == name.startswith("ogan")
    if name == "ogan-faces":
        assert "noise_correlation" in facts["figures"] and len(facts["curve"]) == 2
