"""Verbs of the Glow models on tiny weights: exact, seeded, the same in any company, sums that add up."""

import base64
import math
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from core import runtime
from core.errors import InputError
from core.pictures import Pictures, picture_url
from core.runtime import Cancel, Cancelled, Runtime, stopping
from core.tasks import glow
from core.tasks.glow import checks
from core.tasks.glow.films import _advance, _lay_out
from core.tasks.glow.reading import _encode
from core.tasks.glow.resources import Layout
from core.tasks.glow.sampling import decoded
from tests import laws
from tests.pictures import discs

FULL, AUTHORS = glow.MODELS


@pytest.fixture(autouse=True)
def tiny(glow_weights: Path, local: Runtime, monkeypatch: pytest.MonkeyPatch) -> Runtime:
    monkeypatch.setenv("GALLERY_WEIGHTS", str(glow_weights))
    return local


def alike(a: Pictures, b: Pictures) -> None:
    """The same but for the last grey level, in which batches of different size may differ."""
    assert a.pixels.shape == b.pixels.shape
    assert (a.pixels.int() - b.pixels.int()).abs().max() <= 1


def photo(seed: int = 0) -> str:
    """A picture of the model's size as a data URL."""
    return picture_url(torch.from_numpy(discs(1, 16, seed)[0]).permute(2, 0, 1), lossless=True)


class TestLayout:
    def test_parts_are_those_of_the_model(self) -> None:
        layout = glow.layout_of()
        assert layout == Layout(size=16, levels=3, steps=2)
        assert layout.parts == (384, 192, 192) and sum(layout.parts) == layout.dimensions
        assert [layout.group(level) for level in range(3)] == ["fine", "middle", "coarse"]
        assert layout.groups == ("coarse", "middle", "fine")
        assert Layout(16, 2, 2).groups == ("coarse", "fine")

    def test_noise_of_groups_with_one_seed_is_the_plain_noise(self) -> None:
        layout = glow.layout_of()
        same = checks.noise_by_group(layout, dict.fromkeys(("coarse", "middle", "fine"), 4), 3)
        assert torch.equal(same, runtime.noise(4, 3, layout.dimensions))
        other = checks.noise_by_group(layout, {"coarse": 4, "middle": 4, "fine": 9}, 3)
        fine = layout.parts[0]
        assert torch.equal(other[:, fine:], same[:, fine:])
        assert not torch.equal(other[:, :fine], same[:, :fine])


class TestSample:
    def test_same_seed_same_faces_and_more_of_them_change_none(self) -> None:
        few, many = glow.sample(count=3, seed=5), glow.sample(count=7, seed=5)
        assert torch.equal(few.pictures.pixels, glow.sample(count=3, seed=5).pictures.pixels)
        alike(few.pictures, Pictures(many.pictures.pixels[:3]))
        assert not torch.equal(few.pictures.pixels, glow.sample(count=3, seed=6).pictures.pixels)

    def test_a_crowd_changes_nothing(self) -> None:
        laws.same_in_any_company(
            [lambda i=i: glow.sample(count=2 + i, seed=i, temperature=0.2 * i) for i in range(4)],
            lambda a, b: alike(a.pictures, b.pictures),
        )

    def test_at_zero_every_seed_gives_the_mean(self) -> None:
        made = glow.sample(count=4, temperature=0).pictures.pixels
        assert (made == made[:1]).all()

    def test_a_seed_of_its_own_changes_only_with_its_temperature(self) -> None:
        plain = glow.sample(count=2, fine=0.0)
        redrawn = glow.sample(count=2, fine=0.0, fine_seed=1)
        assert torch.equal(plain.pictures.pixels, redrawn.pictures.pixels)
        assert redrawn.seeds == (1, plain.seeds[1], plain.seeds[2])
        assert plain.temperatures[0] == 0

    @pytest.mark.parametrize(
        "wrong",
        [{"count": 0}, {"count": 65}, {"temperature": -0.1}, {"temperature": math.nan},
         {"fine": 9}, {"seed": -1}, {"fine_seed": 2**33}, {"count": 2.5}],
    )  # fmt: skip
    def test_bad_numbers_are_refused(self, wrong) -> None:
        with pytest.raises(InputError):
            glow.sample(**wrong)

    def test_unknown_models_are_refused(self) -> None:
        with pytest.raises(InputError):
            glow.sample("glow-cats")


def test_strip_gives_both_models_the_same_noise() -> None:
    made = glow.strip(faces=2, steps=3, seed=3, beside=AUTHORS)
    assert made.models == (FULL, AUTHORS) and made.temperatures == (0.0, 0.6, 1.2)
    alone = glow.strip(AUTHORS, faces=2, steps=3, seed=3)
    alike(made.pictures[1], alone.pictures[0])
    expected = glow.sample(count=2, seed=3, temperature=0.6).pictures.pixels
    alike(Pictures(made.pictures[0].pixels[1::3]), Pictures(expected))


def test_redrawing_a_group_keeps_the_other_levels() -> None:
    made = glow.resample(seed=7, other=2, variants=3)
    alike(made.original, glow.sample(count=1, seed=7).pictures)
    row = made.groups.index("fine")
    expected = glow.sample(count=3, seed=7, fine_seed=2).pictures.pixels
    first = made.pictures.pixels[row * 3]
    assert (first.int() - expected[0].int()).abs().max() <= 1
    assert sum(made.shares) == pytest.approx(1)
    assert all(change == 0 for change in glow.resample(coarse=0, middle=0, fine=0).changes)


class TestRead:
    @pytest.mark.parametrize("model", glow.MODELS)
    @pytest.mark.parametrize("source", ["7", "noise", "checkerboard", "photo"])
    def test_every_picture_comes_back_exactly_and_the_parts_add_up(self, source, model) -> None:
        seen = glow.read(photo() if source == "photo" else source, model, draws=3)
        assert torch.equal(seen.rebuilt.pixels, seen.picture.pixels)
        assert seen.error_single < 1e-4 and seen.changed_pixels[0] == 0
        assert seen.error_half < 0.02
        total = seen.levels_bits + sum(c.prior + c.log_det for c in seen.contributions)
        assert total == pytest.approx(seen.bits_per_dim, abs=1e-12)
        assert [c.level for c in seen.contributions] == [1, 2, 3]
        squares = sum(r * r * n for r, n in zip(seen.radii, glow.layout_of().parts, strict=True))
        assert math.sqrt(squares / 768) == pytest.approx(seen.radius, rel=1e-6)

    def test_bits_are_those_of_the_model(self) -> None:
        from core import hub

        seen = glow.read("grey", draws=2, seed=3)
        model = hub.load(FULL)
        inside = runtime.uniform(3, 2, 768).unflatten(1, (3, 16, 16))
        pixels = seen.picture.pixels.expand(2, -1, -1, -1)
        with torch.no_grad():
            bits = model.bits_per_dim(pixels, inside)
        assert seen.bits_per_dim == pytest.approx(float(bits.mean()), abs=1e-4)
        assert seen.spread == pytest.approx(float(bits.std(correction=0)), abs=1e-4)

    def test_share_below_counts_the_stored_pictures(self) -> None:
        unseen = glow.bits_of_unseen()
        assert len(unseen) == 24 and list(unseen) == sorted(unseen)
        seen = glow.read("7")
        assert seen.below == sum(bits < seen.bits_per_dim for bits in unseen) / 24

    def test_a_crowd_changes_nothing(self) -> None:
        def same(a: glow.Reading, b: glow.Reading) -> None:
            assert a.bits_per_dim == pytest.approx(b.bits_per_dim, abs=1e-5)
            assert torch.equal(a.rebuilt.pixels, b.rebuilt.pixels)

        laws.same_in_any_company([lambda s=s: glow.read(s) for s in ("1", "2", "disc")], same)


class TestJudge:
    def test_agrees_with_reading(self) -> None:
        made = glow.judge(["7", "flipped:7", "noise"], draws=2, seed=1)
        for entry in made.entries:
            alone = glow.read(entry.source, draws=2, seed=1)
            assert entry.bits_per_dim == pytest.approx(alone.bits_per_dim, abs=1e-5)
        assert made.typical[0] < 1 < made.typical[1]

    def test_photos_are_named_and_not_quoted(self) -> None:
        made = glow.judge([photo(), f"flipped:{photo()}"])
        assert [entry.source for entry in made.entries] == ["photo", "flipped:photo"]
        upright, turned = made.pictures.pixels
        assert torch.equal(upright.flip(1), turned)

    def test_every_test_picture_is_a_picture(self) -> None:
        made = glow.judge(glow.TESTS, draws=1)
        assert all(math.isfinite(entry.bits_per_dim) for entry in made.entries)
        assert len({picture.numpy().tobytes() for picture in made.pictures.pixels}) > 9

    @pytest.mark.parametrize(
        "source", ["unicorn", "7#", "7#99", "7@9", "grey:3", "-1", "data:x", ""]
    )
    def test_nonsense_is_refused(self, source) -> None:
        with pytest.raises(InputError):
            glow.judge([source])

    def test_a_face_may_be_named_by_place_and_temperature(self) -> None:
        grid = glow.sample(count=4, seed=11, temperature=0.9).pictures.pixels
        alike(glow.pictures(["11#3@0.9"]), Pictures(grid[3:]))

    def test_a_data_url_that_holds_no_picture_is_refused(self) -> None:
        broken = "data:image/png;base64," + base64.b64encode(b"no picture").decode()
        with pytest.raises(InputError):
            glow.judge([broken])


class TestPaths:
    @pytest.mark.parametrize("path", ["slerp", "lerp", "mean"])
    def test_both_ends_are_the_pictures(self, path) -> None:
        made = glow.interpolate("3", photo(), steps=5, path=path)
        assert torch.equal(made.pictures.pixels[[0, -1]], made.ends.pixels)
        assert made.positions == (0.0, 0.25, 0.5, 0.75, 1.0) and len(made.radii) == 5

    def test_corners_of_the_sheet_are_the_pictures(self) -> None:
        made = glow.blend("1", "2", "disc", photo(), side=3)
        assert torch.equal(made.pictures.pixels[[0, 2, 6, 8]], made.corners.pixels)

    def test_exchange_has_a_at_one_end_and_b_at_the_other(self) -> None:
        made = glow.exchange("1", "2")
        assert made.taken[0] == "AAA" and made.taken[-1] == "BBB" and len(set(made.taken)) == 8
        assert torch.equal(made.pictures.pixels[[0, -1]], made.ends.pixels)
        nothing = glow.exchange("1", "2", amount=0.0)
        assert (nothing.pictures.pixels == nothing.ends.pixels[0]).all()

    def test_exchange_takes_the_named_levels(self) -> None:
        made = glow.exchange("1", "2")
        names = dict(zip(made.taken, made.pictures.pixels, strict=True))
        codes = {
            which: runtime.run(FULL, _encode, {"pixels": names[which].unsqueeze(0)})[0]["code"]
            for which in ("AAA", "BBB")
        }
        first, second = (code.split(list(glow.layout_of().parts), dim=1) for code in codes.values())
        mixed = torch.cat([second[0], second[1], first[2]], dim=1)  # coarse of A, the rest of B
        pixels, _ = decoded(FULL, mixed, torch.ones(1, 3))
        assert (pixels[0].int() - names["ABB"].int()).abs().max() <= 1


class TestEdits:
    def test_the_middle_is_the_picture(self) -> None:
        made = glow.attributes("5", steps=5)
        middle = made.pictures.pixels.unflatten(0, (4, 5))[:, 2]
        assert (middle == made.source.pixels).all()
        assert made.names == glow.ATTRIBUTES and made.strengths == (-1.5, -0.75, 0.0, 0.75, 1.5)

    def test_orthogonal_directions_share_nothing_with_the_plain_others(self) -> None:
        from core.tasks.glow.edits import _orthogonal
        from core.tasks.glow.resources import directions_of

        plain = {name: way.double() for name, way in directions_of().items()}
        for name, way in _orthogonal(plain).items():
            for other, along in plain.items():
                cosine = torch.dot(way.double(), along) / (way.double().norm() * along.norm())
                assert (abs(float(cosine)) < 1e-5) == (other != name)

    def test_the_direction_of_groups_leads_from_one_to_the_other(self) -> None:
        made = glow.group_direction("1", group=["2"], others=["1"], strength=1.0, steps=3)
        expected = glow.pictures(["2"]).pixels
        assert (made.pictures.pixels[-1].int() - expected[0].int()).abs().max() <= 1

    def test_equal_and_empty_groups_are_refused(self) -> None:
        with pytest.raises(InputError):
            glow.group_direction(group=["1", "2"], others=["2", "1"])
        with pytest.raises(InputError):
            glow.group_direction(group=[], others=["2"])


class TestFilm:
    def test_ends_in_the_sample_of_the_seed(self) -> None:
        parts = list(glow.films(seed=7, temperature=0.8))
        whole = parts[-1]
        assert [part.done for part in parts] == [4, 8, 9] and whole.total == 9
        assert all(part.growth is None for part in parts[:-1]) and whole.growth is not None
        assert len(whole.frames) == len(whole.labels) == len(whole.spreads) == 10
        assert whole.labels[:3] == ("z", "3/prior", "3/2") and whole.labels[-1] == "1/1"
        sampled = glow.sample(count=1, seed=7, temperature=0.8).pictures
        alike(Pictures(whole.growth.pixels[-1:]), sampled)

    def test_the_last_state_is_the_picture(self) -> None:
        """Layer by layer and all at once are two ways to the same numbers."""
        layout = glow.layout_of()
        noise = runtime.noise(3, 2, layout.dimensions)
        state = runtime.run(FULL, _lay_out, {"noise": noise})[0]["state"]
        out, _ = runtime.run(FULL, _advance, {"state": state}, first=0, last=9)
        from core import hub

        with torch.no_grad():
            model = hub.load(FULL)
            expected = model.inverse(model.split(noise))
        torch.testing.assert_close(out["frames"][:, -1], expected, rtol=1e-4, atol=1e-5)

    def test_a_picture_is_where_its_code_leads(self) -> None:
        whole = glow.film("disc")
        assert whole.growth is not None
        assert torch.equal(whole.growth.pixels[-1:], glow.pictures(["disc"]).pixels)

    def test_stops(self) -> None:
        cancel, seen = Cancel(), []
        with stopping(cancel), pytest.raises(Cancelled):
            for part in glow.films(seed=1):
                seen.append(part.done)
                cancel.set()
        assert seen == [4]


def test_results_are_plain_enough_for_json() -> None:
    import json

    from demos._outcome import plain

    for made in (glow.sample(count=2), glow.read("7"), glow.attributes(steps=3), glow.film()):
        assert asdict(made)
        assert len(json.dumps(plain(made), allow_nan=False)) < 300_000
