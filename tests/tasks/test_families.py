"""Verbs of the four families on tiny weights: seeded, the same in any company, exact where they claim it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from core import hub, runtime
from core.errors import InputError
from core.hub import WeightsError
from core.levels import scaled, to_levels
from core.models.ogan import TRUNCATION
from core.pictures import Pictures, picture_url
from core.runtime import Cancel, Cancelled, Runtime, stopping
from core.tasks import families
from core.tasks.families import comparison, diffusion, sources
from core.tasks.families.members import Roll, member
from core.tasks.families.passes import decode, encode
from demos._outcome import plain
from tests import laws
from tests.pictures import discs

ONE_PASS = ("vae", "ogan", "glow")
SIZES = {"vae": 16, "ogan": 32, "glow": 16, "diffusion": 16}


@pytest.fixture(scope="module")
def weights(
    image_weights: Path, glow_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The recipes' own weights after a few steps, all four under one roof."""
    root = tmp_path_factory.mktemp("families")
    for name in ("vae-faces", "ogan-faces", "ddpm-faces"):
        (root / name).symlink_to(image_weights / name)
    (root / "glow-faces").symlink_to(glow_weights / "glow-faces")
    return root


@pytest.fixture(autouse=True)
def tiny(weights: Path, local: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setenv("GALLERY_WEIGHTS", str(weights))
    return local


@pytest.fixture
def without_diffusion(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gallery whose diffusion model is named by the manifest, and its files are gone."""
    for name in ("vae-faces", "ogan-faces", "glow-faces"):
        (tmp_path / name).symlink_to(weights / name)
    folder = tmp_path / "ddpm-faces"
    folder.mkdir()
    folder.joinpath("manifest.json").write_text((weights / "ddpm-faces/manifest.json").read_text())
    monkeypatch.setenv("GALLERY_WEIGHTS", str(tmp_path))


def alike(a: Pictures, b: Pictures, levels: int = 1) -> None:
    """The same but for the last grey level, in which batches of different size may differ."""
    assert a.pixels.shape == b.pixels.shape
    assert (a.pixels.int() - b.pixels.int()).abs().max() <= levels


def by_family(rows: tuple) -> dict:
    return {row.family: row for row in rows}


def photo(seed: int = 0, side: int = 32) -> str:
    return picture_url(torch.from_numpy(discs(1, side, seed)[0]).permute(2, 0, 1), lossless=True)


class TestSample:
    def test_every_family_answers_at_its_size(self) -> None:
        made = families.sample(3, count=2, steps=3)
        assert {row.family: row.size for row in made.rows} == SIZES and made.missing == ()
        for row in made.rows:
            assert row.pictures.pixels.shape == (2, 3, row.size, row.size)
            assert row.spent.done and row.parameters > 0
        assert [row.spent.total for row in made.rows] == [1, 1, 1, 3]
        digests = made.timing.weights.split("+")
        assert digests == [hub.locate(row.model).hash for row in made.rows]

    def test_same_seed_same_faces_and_more_of_them_change_none(self) -> None:
        made, again, more = (families.sample(3, count=n, steps=3) for n in (2, 2, 4))
        for a, b, c in zip(made.rows, again.rows, more.rows, strict=True):
            assert torch.equal(a.pictures.pixels, b.pictures.pixels)
            alike(a.pictures, c.pictures.chosen([0, 1]))

    @pytest.mark.parametrize("scheduler", ["ddim", "dpm-solver++", "ddpm"])
    def test_diffusion_is_that_of_the_model(self, scheduler: str) -> None:
        made = by_family(
            families.sample(5, count=2, temperature=0.9, steps=4, scheduler=scheduler).rows
        )["diffusion"]
        noise = 0.9 * runtime.noise(5, 2, 768).unflatten(1, (3, 16, 16))
        model = hub.load("ddpm-faces")
        with torch.no_grad():
            expected = to_levels(model.generate(noise, 4, scheduler, seed=5))
        alike(made.pictures, Pictures(expected))

    def test_without_heat_the_seed_says_nothing(self) -> None:
        for a, b in zip(
            families.sample(1, count=1, temperature=0, steps=2).rows,
            families.sample(2, count=1, temperature=0, steps=2).rows,
            strict=True,
        ):
            assert torch.equal(a.pictures.pixels, b.pictures.pixels), a.family

    def test_what_is_quick_comes_first_and_diffusion_shows_its_way(self) -> None:
        seen = list(families.samples(1, count=1, steps=4))
        assert [len(state.rows) for state in seen[:4]] == [1, 2, 3, 4]
        passes = [by_family(state.rows)["diffusion"].spent.evaluations for state in seen[3:]]
        assert passes == [0, 1, 2, 3, 4]
        assert not seen[3].rows[-1].spent.done and seen[-1].rows[-1].spent.done

    def test_a_crowd_changes_nothing(self) -> None:
        def same(a: families.Samples, b: families.Samples) -> None:
            for x, y in zip(a.rows, b.rows, strict=True):
                alike(x.pictures, y.pictures)

        calls = [lambda s=s: families.sample(s, count=2, steps=3) for s in (1, 2, 3)]
        laws.same_in_any_company(calls, same)

    def test_stops_and_keeps_what_came(self) -> None:
        cancel, seen = Cancel(), []
        with stopping(cancel), pytest.raises(Cancelled):
            for state in families.samples(1, count=1, steps=50):
                seen.append(state)
                if state.rows[-1].spent.evaluations > 1:
                    cancel.set()
        assert len(seen[-1].rows) == 4 and 1 < seen[-1].rows[-1].spent.evaluations < 50

    @pytest.mark.parametrize(
        "bad",
        [
            {"count": 0},
            {"count": 2.5},
            {"temperature": 9},
            {"temperature": float("nan")},
            {"steps": 0},
            {"steps": 101},
            {"scheduler": "euler"},
            {"seed": -1},
        ],
    )
    def test_nonsense_is_refused(self, bad) -> None:
        with pytest.raises(InputError):
            families.sample(**bad)


class TestRead:
    def test_vae_rebuilds_from_the_mean_and_ogan_from_its_direction(self) -> None:
        seen = by_family(families.read(photo(), steps=2).rows)
        vae, ogan = hub.load("vae-faces"), hub.load("ogan-faces")
        with torch.no_grad():
            x = scaled(seen["vae"].seen.pixels)
            mean = vae.generate(vae.encode(x).mean)
            y = scaled(seen["ogan"].seen.pixels)
            back = ogan.generate(TRUNCATION * ogan.encode(y).code)
        alike(seen["vae"].pictures, Pictures(to_levels(mean)))
        alike(seen["ogan"].pictures, Pictures(to_levels(back)))
        assert seen["ogan"].radius == pytest.approx(TRUNCATION, abs=1e-3)

    def test_glow_is_exact_and_the_figures_are_those_of_the_pictures(self) -> None:
        for row in families.read(photo(), steps=2).rows:
            apart = (row.seen.pixels.int() - row.pictures.pixels.int()).abs()
            assert row.largest == int(apart.max())
            assert row.changed == pytest.approx(float((apart > 0).float().mean()))
            mse = max(0.25, float(apart.float().square().mean()))
            assert row.psnr == pytest.approx(
                10 * torch.tensor(255**2 / mse).log10().item(), abs=1e-3
            )
            if row.family == "glow":
                assert row.largest == 0 and not row.error.pixels.any()
        assert family_of(families.read(photo(), steps=2), "glow").psnr == pytest.approx(
            54.15, abs=0.01
        )

    def test_inversion_comes_back_the_better_the_more_steps(self) -> None:
        few, many = (
            family_of(families.read(7, made_by="diffusion", steps=n), "diffusion").psnr
            for n in (2, 50)
        )
        assert many > few

    def test_inversion_and_generation_are_those_of_the_model(self) -> None:
        row = family_of(families.read(photo(), steps=4), "diffusion")
        model = hub.load("ddpm-faces")
        with torch.no_grad():
            noise = model.invert(scaled(row.seen.pixels), 4)
            alike(row.pictures, Pictures(to_levels(model.generate(noise, 4))))
        assert row.radius == pytest.approx(float(noise.square().mean().sqrt()), rel=1e-4)
        assert row.spent.total == 8 and row.spent.done

    def test_a_seed_is_the_face_of_its_maker(self) -> None:
        one = member("glow")
        face, _ = decode(one, families.USUAL["glow"] * runtime.noise(9, 1, one.code))
        seen = families.read(9, made_by="glow", steps=1)
        assert seen.source.pixels.shape[-1] == 32  # of the largest family
        alike(seen.source, Pictures(families.fitted(face, 32)))
        assert families.read("9", made_by="glow", steps=1).source.pixels.equal(seen.source.pixels)

    def test_the_stage_tells_where_diffusion_is(self) -> None:
        stages = [
            (state.rows[-1].stage, state.rows[-1].spent.evaluations)
            for state in families.readings(photo(), steps=3)
            if state.rows[-1].family == "diffusion"
        ]
        assert stages == [("encode", n) for n in range(4)] + [("decode", n) for n in (4, 5, 6)]

    @pytest.mark.parametrize(
        "bad", [{"picture": "unicorn"}, {"picture": -1}, {"picture": ""}, {"made_by": "gan"}]
    )
    def test_nonsense_is_refused(self, bad) -> None:
        with pytest.raises(InputError):
            families.read(**bad)


def family_of(answer, name: str):
    return by_family(answer.rows)[name]


def test_pictures_fit_any_size() -> None:
    pixels = torch.from_numpy(discs(2, 32)).permute(0, 3, 1, 2)
    small = families.fitted(pixels, 16)
    blocks = pixels.float().unflatten(3, (16, 2)).unflatten(2, (16, 2)).mean(dim=(3, 5))
    assert torch.equal(small, blocks.round().to(torch.uint8))
    assert torch.equal(families.fitted(pixels, 32), pixels)
    assert families.fitted(pixels, 64).shape == (2, 3, 64, 64)


class TestMorph:
    @pytest.mark.parametrize("path", families.PATHS)
    def test_ends_are_the_reconstructions(self, path: str) -> None:
        made = families.morph(photo(1), photo(2), frames=5, path=path, steps=3)
        assert made.positions == (0.0, 0.25, 0.5, 0.75, 1.0) and made.missing == ()
        for name in (1, 2):
            alone = by_family(families.read(photo(name), steps=3).rows)
            for row in made.rows:
                end = row.pictures.chosen([0 if name == 1 else -1])
                alike(end, alone[row.family].pictures, 2)
                assert row.psnr[name - 1] == pytest.approx(alone[row.family].psnr, abs=0.3)

    def test_codes_keep_their_length_along_the_sphere_and_not_along_the_line(self) -> None:
        round_, straight, over = (
            families.morph(1, 2, frames=5, path=path, steps=2) for path in ("slerp", "lerp", "mean")
        )
        for a, b, c in zip(round_.rows, straight.rows, over.rows, strict=True):
            assert a.radii[2] ** 2 == pytest.approx(a.radii[0] * a.radii[4], rel=1e-3)
            assert b.radii[2] < a.radii[2] and c.radii[2] == pytest.approx(0, abs=1e-6)
            assert 0 < a.angle < 180

    def test_equal_ends_are_a_point(self) -> None:
        for row in families.morph(5, 5, frames=3, steps=2).rows:
            assert row.angle == pytest.approx(0, abs=0.05)
            alike(row.pictures.chosen([0]), row.pictures.chosen([1]))

    def test_something_stands_in_while_diffusion_inverts(self) -> None:
        states = [state.rows[-1] for state in families.morphs(1, 2, frames=3, steps=2)]
        ways = [
            (row.spent.evaluations, bool(row.radii)) for row in states if row.family == "diffusion"
        ]
        assert ways == [(0, False), (1, False), (2, False), (3, True), (4, True)]

    @pytest.mark.parametrize(
        "bad", [{"frames": 1}, {"frames": 34}, {"path": "home"}, {"b": -1}, {"steps": 0}]
    )
    def test_nonsense_is_refused(self, bad) -> None:
        with pytest.raises(InputError):
            families.morph(**bad)


class TestFilm:
    def test_states_and_guesses_end_in_the_sample(self) -> None:
        parts = list(families.films(4, steps=5, faces=4))
        assert [part.done for part in parts] == [1, 2, 3, 4, 5]
        assert all(part.result is None for part in parts[:-1])
        whole = parts[-1]
        sampled = family_of(families.sample(4, count=4, temperature=1, steps=5), "diffusion")
        assert whole.result is not None
        alike(whole.result, sampled.pictures)
        assert whole.states.pixels.shape == whole.guesses.pixels.shape == (6, 3, 32, 32)
        assert torch.equal(whole.guesses.pixels[-1], sheet_of(whole.result.pixels))
        assert whole.levels[0] == 999 and whole.levels[-1] == 0
        assert list(whole.noise) == sorted(whole.noise, reverse=True) and whole.noise[-1] == 0
        for part in parts:
            assert len(part.states) == len(part.guesses) == len(part.changes) == part.done + 1

    def test_stopped_films_are_the_beginning_of_whole_ones(self) -> None:
        first = next(iter(families.films(4, steps=5, faces=1)))
        whole = families.film(4, steps=5, faces=1)
        assert torch.equal(first.states.pixels, whole.states.pixels[:2])
        assert torch.equal(first.guesses.pixels[0], whole.guesses.pixels[0])

    def test_only_ddpm_draws_noise_of_its_own(self) -> None:
        ends = {
            kind: families.film(4, steps=4, faces=1, temperature=0, scheduler=kind)
            for kind in ("ddim", "ddpm")
        }
        again = families.film(9, steps=4, faces=1, temperature=0, scheduler="ddim")
        assert torch.equal(ends["ddim"].states.pixels, again.states.pixels)
        other = families.film(9, steps=4, faces=1, temperature=0, scheduler="ddpm")
        assert not torch.equal(ends["ddpm"].states.pixels, other.states.pixels)

    @pytest.mark.parametrize("bad", [{"faces": 2}, {"faces": 25}, {"steps": 0}, {"scheduler": "x"}])
    def test_nonsense_is_refused(self, bad) -> None:
        with pytest.raises(InputError):
            families.film(**bad)


def sheet_of(faces: Tensor) -> Tensor:
    return torch.cat([torch.cat([faces[0], faces[1]], 2), torch.cat([faces[2], faces[3]], 2)], 1)


@pytest.mark.parametrize("steps", [1, 2, 5, 9, 10, 25, 50, 100])
def test_pieces_cover_all_steps_once(steps: int) -> None:
    cut = diffusion.pieces(steps)
    assert [i for first, last in cut for i in range(first, last)] == list(range(steps))
    assert cut[0] == (0, 1) and len(cut) <= diffusion.ANSWERS + 1


class TestCompare:
    def test_numbers_are_those_stored_with_the_weights(self) -> None:
        made = families.compare(steps=2, count=1)
        columns = {column.family: column.facts for column in made.columns}
        figures = {
            family: hub.describe(name).metrics["figures"]
            for family, name in families.MODELS.items()
        }
        assert columns["glow"]["bits"].value == figures["glow"]["bits_per_dim"]
        assert columns["vae"]["bits"].value == figures["vae"]["elbo_bits_per_dim"]
        assert columns["vae"]["bits"].bound == "≤" and columns["glow"]["bits"].bound == ""
        for family in ("vae", "ogan"):
            assert columns[family]["round_trip"].value == figures[family]["reconstruction_psnr"]
            assert columns[family]["swd"].value == figures[family]["swd"]
        assert columns["glow"]["swd"].value == figures["glow"]["swd_1.0"]
        assert columns["diffusion"]["evaluations"].value == 2
        for facts in columns.values():
            assert set(facts) == set(made.properties)
            assert facts["speed"].value > 0
            for fact in facts.values():
                assert fact.value is not None or (fact.why_en and fact.why_zh)
        assert (
            columns["ogan"]["bits"].value is None and columns["diffusion"]["encoder"].value is None
        )

    def test_what_the_benchmark_measured_is_preferred(self) -> None:
        stored = comparison._Stored(
            {
                "figures": {"swd": 9.0, "swd_1.0": 8.0, "elbo_bits_per_dim": 4.0},
                "measured": {
                    "celeba64": {"swd": 1.0},
                    "utkface64": {
                        "swd": {"1.0": 5.0, "25": 6.0, "50": 7.0},
                        "frechet": {"25": 3.0},
                        "importance_bits_per_dim": 3.5,
                        "elbo_bits_per_dim": 3.8,
                    },
                },
            }
        )
        glow, ddpm, vae = (member(name) for name in ("glow", "diffusion", "vae"))
        assert comparison._distance(glow, stored, "swd", 25).value == 5.0
        assert comparison._distance(ddpm, stored, "swd", 50).value == 7.0
        other = comparison._distance(ddpm, stored, "swd", 40)
        assert other.value == 6.0 and "25 steps" in other.why_en
        assert comparison._distance(ddpm, stored, "frechet", 50).value == 3.0
        assert comparison._bits(vae, stored).value == 3.5
        assert comparison._distance(glow, stored, "frechet", 25).value is None

    def test_distances_at_the_common_side_are_preferred(self) -> None:
        small = {"swd": 2.0, "frechet": 4.0, "real": {"swd": 1.0}}
        stored = comparison._Stored(
            {"measured": {"utkface64": {"swd": 9.0, "at_32_pixels": small}}}
        )
        fact = comparison._distance(member("ogan"), stored, "swd", 25)
        assert fact.value == 2.0 and fact.side == 32 and "32 px" in fact.why_en
        assert comparison._distance(member("ogan"), stored, "frechet", 25).value == 4.0

    def test_the_best_is_named_among_equal_sizes_only(self) -> None:
        made = families.compare(steps=2, count=1)
        assert "swd" not in made.best  # 16 and 32 pixels
        times = {column.family: column.facts["speed"].value for column in made.columns}
        assert made.best["speed"] == min(times, key=times.__getitem__)
        assert "evaluations" not in made.best  # three families need one


class TestMissing:
    def test_the_others_answer_and_a_reason_stands_in(self, without_diffusion) -> None:
        for made in (
            families.sample(1, count=1),
            families.read(3),
            families.morph(1, 2, frames=3),
        ):
            assert [row.family for row in made.rows] == list(ONE_PASS)
            (gone,) = made.missing
            assert gone.family == "diffusion" and "ddpm-faces" in gone.en and "权重" in gone.zh
        assert [column.family for column in families.compare(count=1).columns] == list(ONE_PASS)

    def test_diffusion_alone_says_what_is_missing(self, without_diffusion) -> None:
        with pytest.raises(WeightsError, match="ddpm-faces"):
            families.film()

    def test_nobody_left_is_an_error(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def gone(name: str):
            raise WeightsError(f"{name} is gone", f"{name} 没了")

        monkeypatch.setattr(hub, "locate", gone)
        with pytest.raises(WeightsError, match="vae-faces is gone"):
            families.sample(1, count=1)

    def test_trouble_on_the_way_takes_only_its_family_out(self, monkeypatch) -> None:
        def absent(*_args: object, **_kwargs: object):
            raise ImportError("No module named 'diffusers'")
            yield

        monkeypatch.setattr("core.tasks.families.sampling.denoised", absent)
        made = families.sample(1, count=1)
        assert [row.family for row in made.rows] == list(ONE_PASS)
        assert "diffusers" in made.missing[0].en

    def test_codes_of_a_family_come_from_its_config(self) -> None:
        found = {one.family: (one.size, one.code) for one in Roll().members}
        for family, (size, code) in found.items():
            config = hub.locate(families.MODELS[family]).config
            assert size == config["size"] and code == config.get("latent", 3 * size**2)
        assert families.largest_size() == 32


@pytest.mark.parametrize("family", ONE_PASS)
def test_codes_and_pictures_of_a_batch_are_those_of_its_rows(family: str) -> None:
    one = member(family)
    pixels = sources.fitted(torch.from_numpy(discs(3, 32)).permute(0, 3, 1, 2), one.size)
    codes, _ = encode(one, pixels)
    made, _ = decode(one, codes)
    for i in range(3):
        alone, _ = encode(one, pixels[i : i + 1])
        torch.testing.assert_close(alone, codes[i : i + 1], rtol=1e-3, atol=1e-3)
        alike(Pictures(decode(one, codes[i : i + 1])[0]), Pictures(made[i : i + 1]))


def test_results_are_plain_enough_for_json() -> None:
    answers = (
        families.sample(1, count=2, steps=2),
        families.read(photo(), steps=2),
        families.morph(1, 2, frames=3, steps=2),
        families.film(steps=2),
        families.compare(steps=2, count=1),
    )
    for made in answers:
        assert len(json.dumps(plain(made), allow_nan=False)) < 300_000


def test_the_page_starts_without_diffusers() -> None:
    """Every tab imported, the page built, this tab warmed up: none of it waits for diffusers."""
    code = (
        "import sys\n"
        "from demos import discover\n"
        "from demos._gallery import build\n"
        "demos, _ = discover()\n"
        "build(demos)\n"
        "next(demo for demo in demos if demo.slug == 'four-ways').warmup()\n"
        "print('diffusers' in sys.modules)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip().endswith("False")
