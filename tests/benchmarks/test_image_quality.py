"""Distances of sets of pictures, copies, codes, and the command that measures a GAN."""

import json
import shutil

import pytest
import torch
from torch.nn import functional as F

from benchmarks.__main__ import main
from benchmarks.quality.frechet import frechet, frechet_distance, gaussian
from benchmarks.quality.image_codes import attribute_agreement, psnr, reconstruction_figures
from benchmarks.quality.image_samples import memorisation, nearest, sample_figures
from benchmarks.quality.images import draw
from benchmarks.quality.sliced_wasserstein import (
    enlarged,
    laplacian_pyramid,
    sliced_wasserstein,
)
from core import hub
from core.levels import to_levels
from tests.pictures import discs
from train.__main__ import main as train


def pictures(count=40, size=32, seed=0):
    return torch.from_numpy(discs(count, size, seed)).permute(0, 3, 1, 2).contiguous()


def swd(a, b):
    return sliced_wasserstein(a, b, patches=16, directions=32)["mean"]


def moved(x, by):
    return (x.float() + by).clamp(0, 255).to(torch.uint8)


def average_up(x):
    """Twice the side, so that averaging down gives the pictures back."""
    return x.repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)


# -- sliced Wasserstein -----------------------------------------------------------------------------


def test_a_set_has_no_distance_from_itself():
    found = sliced_wasserstein(pictures(), pictures(), patches=8, directions=16)
    assert found == {"32": 0.0, "16": 0.0, "mean": 0.0}
    assert list(sliced_wasserstein(pictures(4, 64), pictures(4, 64), patches=2, directions=2)) == [
        "64", "32", "16", "mean",
    ]  # fmt: skip


def test_distance_grows_with_a_colour_cast_with_noise_and_with_blur():
    x = pictures()
    casts = [swd(x, moved(x, by)) for by in (0, 10, 30, 60)]
    assert casts == sorted(casts) and casts[1] > 0
    noise = 60 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    noisy = [swd(x, moved(x, share * noise)) for share in (0, 0.3, 1)]
    assert noisy == sorted(noisy) and noisy[1] > 0
    blurred = [x, *(F.avg_pool2d(F.pad(x.float(), (k // 2,) * 4, "reflect"), k, 1) for k in (3, 7))]
    soft = sliced_wasserstein(x, blurred[2].to(torch.uint8), patches=16, directions=32)
    assert soft["32"] > soft["16"]  # what blur takes is in the finest level


def test_other_pictures_of_the_kind_are_near():
    assert swd(pictures(), pictures(seed=1)) < swd(pictures(), moved(pictures(seed=1), 60))
    assert swd(pictures(30), pictures(50)) < 300  # sets of different size
    with pytest.raises(ValueError, match="cannot compare"):
        swd(pictures(), pictures(size=16))


def test_a_pyramid_adds_up():
    x = pictures(3, 64).double()
    levels = laplacian_pyramid(x, 3)
    assert [level.shape[-1] for level in levels] == [64, 32, 16]
    torch.testing.assert_close(levels[0] + enlarged(levels[1] + enlarged(levels[2])), x)


# -- Fréchet ----------------------------------------------------------------------------------------


def test_the_closed_form_of_diagonal_gaussians():
    torch.manual_seed(0)
    a, b = torch.rand(5).double() + 0.1, torch.rand(5).double() + 0.1
    shift = torch.randn(5).double()
    zero = torch.zeros(5).double()
    found = frechet(type_of(zero, torch.diag(a)), type_of(shift, torch.diag(b)))
    expected = shift.square().sum() + (a.sqrt() - b.sqrt()).square().sum()
    assert abs(found - float(expected)) < 1e-9


def type_of(mean, covariance):
    return gaussian(torch.zeros(2, 5))._replace(mean=mean, covariance=covariance)


def test_turning_both_changes_nothing_and_order_neither():
    torch.manual_seed(0)
    x, y = torch.randn(200, 5).double(), torch.randn(150, 5).double() @ torch.randn(5, 5).double()
    turn = torch.linalg.qr(torch.randn(5, 5).double()).Q
    found = frechet_distance(x, y)
    assert found > 0.1
    assert abs(frechet_distance(x @ turn, y @ turn) - found) < 1e-8
    assert abs(frechet_distance(y, x) - found) < 1e-8
    assert frechet_distance(x, x) < 1e-8
    assert abs(frechet_distance(x, x + 3) - 45) < 1e-8


def test_fewer_examples_than_numbers():
    few = torch.randn(4, 20, generator=torch.Generator().manual_seed(0))
    assert frechet_distance(few, few) < 1e-6
    with pytest.raises(ValueError, match="two examples"):
        gaussian(few[:1])


# -- copies -----------------------------------------------------------------------------------------


def test_the_nearest_are_found():
    known = torch.randn(50, 6, generator=torch.Generator().manual_seed(0))
    rows = known[[3, 40]] + 0.01
    found = nearest(rows, known, part=7)
    assert found.index.tolist() == [3, 40]
    torch.testing.assert_close(found.distance, torch.full((2,), 0.01 * 6**0.5))
    every = (known[:, None] - known[:20]).norm(dim=-1)
    torch.testing.assert_close(nearest(known, known[:20], part=3).distance, every.min(1).values)


def flat(x):
    return x.float().flatten(1)[:, ::50]


def test_copies_are_noticed_mirrored_ones_too():
    train, unseen = pictures(60), pictures(40, seed=1)
    copies = memorisation(train[:30].flip(-1), unseen, train, flat)
    assert copies["memorisation"] == {"pixels": 1.0, "features": 1.0}
    assert all(row["samples"] == 0 for row in copies["nearest_pixels"])
    fresh = memorisation(pictures(40, seed=2), unseen, train, flat)
    assert fresh["memorisation"]["pixels"] < 0.2
    quantiles = [row["unseen"] for row in fresh["nearest_pixels"]]
    assert quantiles == sorted(quantiles) and 0 < quantiles[0] < 255


def test_figures_of_any_sampler():
    unseen, train = pictures(20, seed=1), pictures(30)
    good = sample_figures(lambda n, s: pictures(n, seed=5), unseen, train, flat, count=20)
    bad = sample_figures(lambda n, s: moved(pictures(n, seed=5), 70), unseen, train, flat, count=20)
    assert good["swd"] < bad["swd"] and good["frechet"] < bad["frechet"]
    assert good["real"]["swd"] < bad["swd"] and good["real"]["basis"] == "20 training pictures"
    alone = sample_figures(lambda n, s: pictures(n, seed=5), unseen, count=10)
    assert alone["frechet"] is None and alone["real"]["basis"] == "the other half of the data"
    assert "memorisation" not in alone
    assert "at_32_pixels" not in good


def test_larger_pictures_are_measured_at_the_common_side_as_well():
    unseen, train, made = (average_up(pictures(20, seed=n)) for n in (1, 0, 5))
    figures = sample_figures(lambda n, s: made, unseen, train, flat, count=20)
    small = sample_figures(
        lambda n, s: pictures(20, seed=5), pictures(20, seed=1), pictures(20), flat, count=20
    )
    assert set(figures["at_32_pixels"]) == {"swd", "swd_levels", "frechet", "real"}
    assert figures["at_32_pixels"]["swd"] == pytest.approx(small["swd"])
    assert figures["at_32_pixels"]["real"]["swd"] == pytest.approx(small["real"]["swd"])
    assert figures["at_32_pixels"]["real"]["basis"] == figures["real"]["basis"]


# -- codes ------------------------------------------------------------------------------------------


def test_reconstructions():
    x = pictures(20)
    same = reconstruction_figures(x, x)
    assert same["retrieval_top1"] == 1 and abs(same["reconstruction_psnr"] - 54.15) < 0.01
    wrong = reconstruction_figures(x, x.roll(1, dims=0))
    assert wrong["retrieval_top1"] == 0
    average = x.float().mean(0).round().to(torch.uint8).expand(x.shape)
    found = reconstruction_figures(x, average)
    assert abs(found["reconstruction_psnr"] - found["blind_psnr"]) < 0.1
    black = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    assert abs(psnr(black, black + 255)) < 1e-5


def test_agreement_of_attributes():
    x = pictures(30)
    bright = lambda p: (p.float().mean((2, 3)) / 255 > 0.4).float()  # noqa: E731
    found = attribute_agreement(x, x, bright, ("red", "green", "blue"))
    assert found["attribute_agreement"] == 1
    assert [row["attribute"] for row in found["by_attribute"]] == ["red", "green", "blue"]
    for row in found["by_attribute"]:
        assert row["share_originals"] == row["share_rebuilt"] and 0.5 <= row["unrelated"] <= 1


def test_levels():
    assert to_levels(torch.tensor([-1.0, 0.0, 1.0, 2.0])).tolist() == [0, 128, 255, 255]


# -- the command ------------------------------------------------------------------------------------

KEYS = {
    "swd", "frechet", "noise_correlation", "retrieval_top1", "reconstruction_psnr",
    "attribute_agreement", "real", "memorisation", "nearest_pixels", "conditions", "notes",
}  # fmt: skip


def quality(capsys, *arguments):
    capsys.readouterr()
    status = main(["quality", *map(str, arguments), "--device", "cpu", "--json"])
    printed = capsys.readouterr()
    return status, json.loads(printed.out) if printed.out else None, printed.err


def test_measuring_weights(tiny_image_models, image_data, capsys):
    faces = image_data / "images" / "utkface64"
    status, figures, _ = quality(
        capsys, "ogan-faces", "--data", faces, "--split", "val", "--train", faces, "--samples", 40
    )
    assert status == 0 and figures.keys() >= KEYS
    assert figures["real"]["swd"] < figures["swd"]  # a few steps draw noise
    assert -1 <= figures["noise_correlation"] <= 1
    assert 0 <= figures["attribute_agreement"] <= 1 and len(figures["by_attribute"]) == 5
    assert figures["conditions"]["pictures"] == 40 and figures["conditions"]["size"] == 32
    fitted = figures["fitted_prior"]
    assert fitted.keys() == {"swd", "swd_levels", "frechet", "correlation"}
    assert fitted["swd"] > 0 and fitted["swd"] != figures["swd"]
    again = quality(
        capsys, "ogan-faces", "--data", faces, "--split", "val", "--train", faces, "--samples", 40
    )[1]
    assert again == figures


def test_a_vae_is_measured_by_its_likelihood(tiny_image_models, image_data, capsys):
    faces = image_data / "images" / "utkface64"
    status, figures, _ = quality(
        capsys, "vae-faces", "--data", faces, "--split", "val", "--samples", 20
    )
    assert status == 0 and figures.keys() >= KEYS - {
        "noise_correlation",
        "memorisation",
        "nearest_pixels",
    }
    assert figures["importance_bits_per_dim"] <= figures["importance_elbo_bits_per_dim"]
    parts = figures["reconstruction_bits_per_dim"] + figures["kl_bits_per_dim"]
    assert abs(parts - figures["elbo_bits_per_dim"]) < 1e-4


def test_diffusion_is_measured_at_several_numbers_of_steps(tiny_image_models, image_data, capsys):
    faces = image_data / "images" / "utkface64"
    status, figures, _ = quality(
        capsys, "ddpm-faces", "--data", faces, "--split", "val", "--limit", 8, "--samples", 8
    )
    assert status == 0
    assert set(figures["swd"]) == set(figures["frechet"]) == {"10", "25", "50"}
    times = figures["sampling"]
    assert [row["steps"] for row in times] == [10, 25, 50]
    assert all(0 < row["first_step_seconds"] < row["seconds"] for row in times)
    assert times[0]["seconds"] < times[2]["seconds"]
    assert figures["solver"]["swd"] > 0 and 0 < figures["prediction_error"] < 5
    assert 0 <= figures["retrieval_top1"] <= 1


def test_the_same_seed_draws_the_same_pictures(tiny_image_models):
    model = hub.load("ogan-faces")
    few, many = draw(model, 3, seed=7), draw(model, 5, seed=7)
    assert few.shape == (3, 3, 32, 32) and few.dtype == torch.uint8
    assert (few.int() - many[:3].int()).abs().max() <= 1  # rounding in other company
    assert torch.equal(few, draw(model, 3, seed=7))
    assert not torch.equal(few, draw(model, 3, seed=8))


def test_a_card_with_what_was_measured(tiny_image_models, image_data, capsys, tmp_path):
    faces = image_data / "images" / "utkface64"
    figures = quality(capsys, "dcgan-faces", "--data", faces, "--split", "val", "--samples", 20)[1]
    (tmp_path / "figures.json").write_text(json.dumps(figures), encoding="utf-8")
    folder = shutil.copytree(tiny_image_models / "dcgan-faces", tmp_path / "dcgan-faces")
    measured = ["--card", "--measured", str(tmp_path / "figures.json"), "--out", str(folder)]
    assert train(["dcgan-faces", *measured]) == 0
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "Measured on `utkface64`" in card and "`by_attribute`" in card
    assert "During training" in card


def test_measuring_without_a_classifier(tiny_image_models, image_data, capsys, monkeypatch):
    monkeypatch.setenv("GALLERY_WEIGHTS", str(tiny_image_models / "ogan-anime"))
    anime = image_data / "images" / "anime64"
    status, figures, _ = quality(
        capsys, "ogan-anime", "--data", anime, "--limit", 30, "--samples", 20
    )
    assert status == 0 and figures["attribute_agreement"] is None
    assert figures["conditions"]["pictures"] == 30 and "train" in figures["notes"]


def test_wrong_folders(tiny_image_models, image_data, capsys):
    faces = image_data / "images" / "utkface64"
    assert quality(capsys, "ogan-faces", "--data", faces / "labels.csv")[0] == 2
    status, _, said = quality(capsys, "ogan-faces", "--data", faces, "--split", "dev")
    assert status == 2 and "known: train, val" in said
