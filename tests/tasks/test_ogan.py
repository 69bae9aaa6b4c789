"""Verbs of O-GAN on tiny weights: same seed same pictures, in any company, and paths that are paths."""

import os
from pathlib import Path

import pytest
import torch

from core import hub, runtime
from core.errors import InputError
from core.latent import slerp
from core.models.code_prior import FILE, CodePrior
from core.models.ogan import OGAN, OGANConfig
from core.models.ogan_code import normalised, pearson
from core.pictures import Pictures, picture_url
from core.runtime import Runtime
from core.tasks import ogan
from core.tasks.ogan import directions, ends, judging, reading
from tests import laws
from tests.tasks.test_photos import crowd, url
from train.__main__ import main as train


@pytest.fixture(scope="module")
def weights(image_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe's own weights after a few steps, 32 pixels."""
    root, before = tmp_path_factory.mktemp("ogan"), Path.cwd()
    os.chdir(tmp_path_factory.mktemp("runs"))
    try:
        with torch.random.fork_rng(devices=[]):
            given = ["ogan-faces", "--data", str(image_data), "--out", str(root / "ogan-faces")]
            small = ["--smoke", "--device", "cpu", "--set", "mixed_precision=no"]
            assert train([*given, *small]) == 0
    finally:
        os.chdir(before)
        torch.set_flush_denormal(False)
    return root


@pytest.fixture(autouse=True)
def tiny(weights: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GALLERY_WEIGHTS", str(weights))
    backend = Runtime("cpu")
    runtime.use(backend)
    yield backend
    runtime.use(None)
    backend.close()


def alike(a: Pictures, b: Pictures) -> None:
    """The same but for the last level, in which batches of different size differ."""
    assert a.pixels.shape == b.pixels.shape
    assert (a.pixels.int() - b.pixels.int()).abs().max() <= 1


def given() -> str:
    generator = torch.Generator().manual_seed(3)
    pixels = torch.rand(3, 4, 4, generator=generator).mul(255)
    smooth = torch.nn.functional.interpolate(pixels[None], (32, 32), mode="bilinear")[0]
    return picture_url(smooth.to(torch.uint8), lossless=True)


# -- drawing ----------------------------------------------------------------------------------------


def test_a_seed_is_one_picture_in_every_verb():
    many = ogan.sample(40, 6)
    assert many.seeds == (40, 41, 42, 43, 44, 45) and len(many.pictures) == 6
    alike(Pictures(many.pictures.pixels[2:3]), ogan.sample(42, 1).pictures)
    path = ogan.walk(42, "45", steps=5)
    alike(Pictures(path.pictures.pixels[[0, -1]]), Pictures(many.pictures.pixels[[2, 5]]))
    corners = ogan.sheet([40, 41, 42, 43], rows=2, columns=2)
    alike(corners.pictures, Pictures(many.pictures.pixels[:4]))


def test_a_seed_of_the_fitted_prior_is_one_picture_in_every_verb():
    many = ogan.sample(40, 6, prior="fitted")
    path = ogan.walk(42, 45, steps=5, prior="fitted")
    alike(Pictures(path.pictures.pixels[[0, -1]]), Pictures(many.pictures.pixels[[2, 5]]))
    corners = ogan.sheet([40, 41, 42, 43], rows=2, columns=2, prior="fitted")
    alike(corners.pictures, Pictures(many.pictures.pixels[:4]))
    alike(ogan.read(41, prior="fitted").source, Pictures(many.pictures.pixels[1:2]))
    along, _ = ogan.find_direction([40], [41], prior="fitted")
    codes, _, _ = ogan.codes_of([40, 41], prior="fitted")
    torch.testing.assert_close(torch.tensor(along.values), codes[0] - codes[1], atol=1e-4, rtol=0)
    pushed = ogan.apply_direction(43, along, [0.0], prior="fitted")
    alike(pushed.pictures, Pictures(many.pictures.pixels[3:4]))
    judged = ogan.judge(44, samples=16, seed=40, prior="fitted")
    assert judged.subject is not None
    assert judged.subject.score[0] == pytest.approx(judged.made.score[4], abs=1e-4)


def test_the_fitted_prior_is_that_of_the_weights():
    noise = runtime.noise(7, 1, 16)
    codes, _, _ = ogan.codes_of([7], prior="fitted")
    assert torch.equal(codes, CodePrior.read(hub.locate("ogan-faces").path(FILE))(noise))
    assert not torch.allclose(codes, noise, atol=0.1)
    torch.testing.assert_close(codes.norm(), noise.norm())


def test_numbers_are_the_encoders():
    model = OGAN(OGANConfig(size=32, width=8, latent=16)).eval()
    z = torch.randn(5, 16)
    out = ends.draw_rows(model, z=z)
    made = model.generate(z)
    embedded, judged = model.embed(made, generated=True), model.embed(made)
    torch.testing.assert_close(out["score"], judged.mean(dim=1))
    torch.testing.assert_close(out["spread"], judged.std(dim=1, correction=0))
    torch.testing.assert_close(out["correlation"], pearson(z, embedded))


def test_a_picture_is_judged_alike_whoever_made_it():
    """A sample, saved and given again as a photo, looks as real as before."""
    made = ogan.sample(8, 1, truncation=0.9)
    again = ogan.read(picture_url(made.pictures.pixels[0], lossless=True))
    assert again.score == pytest.approx(made.numbers.score[0], abs=0.02)
    assert ogan.read(8).score == pytest.approx(again.score, abs=1e-4)


def test_visitors_at_once_get_what_they_would_get_alone():
    calls = [lambda s=s: ogan.sample(s, 3 + s % 2) for s in range(5)]
    calls += [lambda s=s: ogan.walk(s, s + 1, steps=7) for s in range(3)]
    laws.same_in_any_company(calls, lambda a, b: alike(a.pictures, b.pictures))


def test_truncation_scales_the_noise():
    z = runtime.noise(7, 1, 16)
    codes, _, _ = ogan.codes_of([7])
    assert torch.equal(codes, z)
    half = ogan.sample(7, 1, truncation=0.5).pictures
    alike(half, ogan.draw([(0.5 * z[0]).tolist()]).pictures)
    zeros = ogan.sample(7, 2, truncation=0.0).pictures
    assert torch.equal(zeros.pixels[0], zeros.pixels[1])


@pytest.mark.parametrize(
    "call",
    [
        lambda: ogan.sample(-1),
        lambda: ogan.sample(2**32 - 1, 3),
        lambda: ogan.sample(1, 0),
        lambda: ogan.sample(1, 3, truncation=float("nan")),
        lambda: ogan.sample(1, 3, "no-such"),
        lambda: ogan.sample(1, 3, prior="no-such"),
        lambda: ogan.walk(1, "", steps=5),
        lambda: ogan.walk(1, "hello", steps=5),
        lambda: ogan.walk(1, 2, steps=1),
        lambda: ogan.walk(1, 2, kind="zigzag"),
        lambda: ogan.walk(1, 2.5),
        lambda: ogan.sheet([1, 2, 3]),
        lambda: ogan.blend([[0.0] * 16] * 4, 1.5, 0),
        lambda: ogan.blend([[0.0] * 15] * 4, 0.5, 0),
        lambda: ogan.draw([["x"] * 16]),
        lambda: ogan.judge(samples=2),
        lambda: ogan.find_direction([], [1]),
        lambda: ogan.find_direction([1], list(range(65))),
    ],
)
def test_what_cannot_be_is_refused(call):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.zh != caught.value.en


# -- paths ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ogan.PATHS)
def test_a_path_is_one_batch_with_a_number_for_every_frame(kind):
    path = ogan.walk(1, 2, kind=kind, steps=60)
    assert len(path.pictures) == len(path.positions) == len(path.numbers.score) == 60
    assert path.timing.batch == 60
    assert all(abs(rho) <= 1 + 1e-5 for rho in path.numbers.correlation)
    ends, _, _ = ogan.codes_of([1, 2])
    assert path.norms[0] == pytest.approx(float(ends[0].norm()), abs=1e-3)
    assert path.norms[-1] == pytest.approx(float(ends[1].norm()), abs=1e-3)
    if kind == "mean":
        assert min(path.norms) < 0.1 and path.middle == pytest.approx(0, abs=1e-5)
    if kind == "lerp":
        assert path.middle == pytest.approx(float((ends[0] + ends[1]).norm() / 2), abs=1e-3)
    if kind == "slerp":
        low, high = sorted((path.norms[0], path.norms[-1]))
        assert low - 1e-3 <= min(path.norms) and max(path.norms) <= high + 1e-3


def test_the_plane_agrees_with_its_sheet():
    made = ogan.sheet([1, 2, 3, 4], rows=3, columns=3)
    for i, (x, y) in enumerate((x / 2, y / 2) for y in range(3) for x in range(3)):
        frame = ogan.blend(made.corners, x, y)
        alike(frame.picture, Pictures(made.pictures.pixels[i : i + 1]))
        assert frame.score == pytest.approx(made.numbers.score[i], abs=1e-3)


# -- photos -----------------------------------------------------------------------------------------


def test_reading_a_picture():
    told = ogan.read(given())
    code = torch.tensor([told.code])
    assert float(code.mean()) == pytest.approx(0, abs=1e-3)
    assert float(code.std(correction=0)) == pytest.approx(1, abs=1e-3)
    alike(told.reconstruction, ogan.draw([told.code], truncation=0.9).pictures)
    assert told.psnr == pytest.approx(
        float(reading.psnr(told.source.pixels, told.reconstruction.pixels)[0])
    )
    path = ogan.walk(given(), 3, steps=4)
    alike(Pictures(path.pictures.pixels[:1]), told.reconstruction)
    assert path.sources is not None and torch.equal(path.sources.pixels[:1], told.source.pixels)


def test_photos_of_any_size_are_aligned_first():
    told = ogan.read(url(crowd()))
    assert tuple(told.source.pixels.shape) == (1, 3, 32, 32)
    with pytest.raises(InputError, match="No face"):
        ogan.read(url(crowd().crop((440, 0, 590, 100))))


def test_the_search_never_loses_and_keeps_to_the_sphere():
    told = ogan.read(given())
    found = list(ogan.refine(told, rounds=3))
    assert [f.step for f in found] == [0, 10, 20, 30]
    levels = found[-1].psnr
    assert len(levels) == 31 and all(a <= b for a, b in zip(levels, levels[1:], strict=False))
    assert levels[-1] > levels[0]
    shown = float(reading.psnr(told.source.pixels, found[-1].picture.pixels)[0])
    assert shown == pytest.approx(levels[-1], abs=0.05)
    for step in found:
        assert float(torch.tensor(step.code).norm()) == pytest.approx(0.9 * 4, rel=1e-3)
    free = list(ogan.refine(told, rounds=3, on_sphere=False))[-1]
    assert abs(float(torch.tensor(free.code).norm()) - 3.6) > 1e-3
    assert found[0].drift == pytest.approx(1, abs=1e-4) and found[-1].drift < 1


def test_rebuilding_is_reading_and_the_end_of_the_search():
    told = ogan.rebuild(given(), rounds=2)
    alike(told.reading.reconstruction, ogan.read(given()).reconstruction)
    assert told.refined is not None and told.refined.step == 20
    assert told.refined.psnr[0] == pytest.approx(told.reading.psnr, abs=1e-3)
    assert ogan.rebuild(4, rounds=0).refined is None


def test_the_search_does_not_depend_on_company():
    model = OGAN(OGANConfig(size=32, width=8, latent=16)).eval()
    pixels = torch.randint(0, 256, (3, 3, 32, 32), generator=torch.Generator().manual_seed(1))
    z = 0.9 * normalised(torch.randn(3, 16, generator=torch.Generator().manual_seed(2)))
    with torch.inference_mode():
        laws.batch_equals_single(
            lambda p, c: reading.search_rows(
                model, pixels=p, z=c, steps=3, rate=0.05, on_sphere=True
            ),
            pixels.to(torch.uint8),
            z,
            tol=1e-4,
        )


# -- directions -------------------------------------------------------------------------------------


def test_a_direction_is_the_difference_of_averages():
    along, _ = ogan.find_direction([1, 2, 3], ["8", "9"])
    codes, _, _ = ogan.codes_of([1, 2, 3, 8, 9])
    expected = codes[:3].mean(dim=0) - codes[3:].mean(dim=0)
    torch.testing.assert_close(torch.tensor(along.values), expected, atol=1e-5, rtol=0)
    assert along.norm == pytest.approx(float(expected.norm()), abs=1e-4)
    pushed = ogan.apply_direction(5, along, [0.0, 1.0], on_sphere=False)
    own, _, _ = ogan.codes_of([5])
    alike(Pictures(pushed.pictures.pixels[:1]), ogan.sample(5, 1).pictures)
    far = ogan.draw([(own[0] + expected).tolist()], truncation=0.9)
    alike(Pictures(pushed.pictures.pixels[1:]), far.pictures)


def test_pushing_finds_the_direction_or_takes_it():
    pushed = ogan.push(5, [1, 2], [8], reach=0.5, frames=5)
    along, _ = ogan.find_direction([1, 2], [8])
    assert pushed.direction == along and pushed.strengths == (-0.5, -0.25, 0.0, 0.25, 0.5)
    alike(pushed.pictures, ogan.apply_direction(5, along, pushed.strengths).pictures)
    given_numbers = ogan.push(5, along=along.values, reach=0.5, frames=5)
    alike(given_numbers.pictures, pushed.pictures)


def test_directions_of_other_weights_are_refused():
    from safetensors.torch import save

    along, _ = ogan.find_direction([1, 2], [3])
    facts = {"model": "ogan-faces", "weights": "0123abcd"}
    with pytest.raises(InputError, match="other weights of ogan-faces .0123abcd, not"):
        ogan.from_safetensors(save({"direction": torch.tensor(along.values)}, facts))


def test_directions_survive_their_file():
    along, _ = ogan.find_direction([1, 2], [3])
    again = ogan.from_safetensors(ogan.to_safetensors(along))
    assert again == along
    header = ogan.to_safetensors(along)[8:200]
    assert b"ogan-faces" in header


def test_files_that_are_no_direction():
    from safetensors.torch import save

    along, _ = ogan.find_direction([1, 2], [3])
    good = ogan.to_safetensors(along)
    meta = {"model": "ogan-faces"}
    bad = [
        b"",
        b"hello",
        good[:-4],
        bytes(directions.MAX_FILE + 1),
        save({"other": torch.zeros(16)}, meta),
        save({"direction": torch.zeros(15)}, meta),
        save({"direction": torch.full((16,), torch.nan)}, meta),
        save({"direction": torch.zeros(16)}, {"model": "glow-faces"}),
        save({"direction": torch.zeros(16)}),
    ]
    for data in bad:
        with pytest.raises(InputError):
            ogan.from_safetensors(data)
    with pytest.raises(InputError):
        ogan.from_safetensors(good, "ogan-anime")


# -- judging ----------------------------------------------------------------------------------------


def test_judging():
    told = ogan.judge(4, samples=20)
    assert len(told.made.score) == 20 and told.subject is not None and not told.subject_real
    assert told.subject.score[0] == pytest.approx(told.made.score[4], abs=1e-3)
    photo = ogan.judge(given(), samples=16)
    assert photo.subject_real and photo.subject is not None
    assert photo.subject.score[0] == pytest.approx(ogan.read(given()).score, abs=1e-4)
    assert photo.real == ogan.stored_judgements()


def test_stored_numbers_are_read(tmp_path):
    from safetensors.torch import save_file

    names = ("score", "spread", "correlation")
    held = {f"{kind}.{name}": torch.rand(5) for kind in ("real", "made") for name in names}
    save_file(held, tmp_path / judging.FILE)
    found = judging._stored(tmp_path / judging.FILE)
    assert found.spread == pytest.approx(held["real.spread"].tolist(), abs=1e-5)


def test_spherical_paths_are_those_of_the_latent_tools():
    codes, _, _ = ogan.codes_of([1, 2])
    middle = ogan.walk(1, 2, steps=3).pictures.pixels[1:2]
    expected = ogan.draw([slerp(codes[0], codes[1], 0.5).tolist()], truncation=0.9)
    alike(Pictures(middle), expected.pictures)
