"""Photos of every kind are decoded right or refused with a sentence; sprites hold what they were given."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from core import pictures
from core.errors import InputError
from core.pictures import Pictures


def scene(width=96, height=64) -> Image.Image:
    """Smooth colours that differ in all four corners."""
    y, x = np.mgrid[0:height, 0:width]
    levels = np.stack([255 * x / (width - 1), 255 * y / (height - 1), 0 * x + 90], axis=-1)
    return Image.fromarray(levels.round().astype(np.uint8))


def file(image: Image.Image, kind="PNG", **options) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def refused(data: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        pictures.decode(data)
    assert caught.value.zh and caught.value.en
    return caught.value


def near(found: torch.Tensor, image: Image.Image, tol: float) -> None:
    expected = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float()
    assert found.shape == expected.shape
    assert (found.float() - expected).abs().mean() < tol


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_formats(kind):
    found = pictures.decode(file(scene(), kind))
    assert found.dtype == torch.uint8
    near(found, scene(), 8 if kind == "GIF" else 3)


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "RGBA", "CMYK"])
def test_colour_modes(mode):
    image = scene().convert(mode)
    found = pictures.decode(file(image, "TIFF" if mode == "CMYK" else "PNG"))
    near(found, image.convert("RGB"), 3)


def test_cmyk_jpeg():
    near(pictures.decode(file(scene().convert("CMYK"), "JPEG", quality=95)), scene(), 6)


def test_sixteen_bits_keep_their_range():
    levels = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    found = pictures.decode(file(Image.fromarray(levels)))
    assert int(found.min()) == 0 and int(found.max()) == 255
    assert abs(float(found.float().mean()) - 127.5) < 1


def test_transparent_parts_are_white():
    image = Image.new("RGBA", (32, 32), (200, 0, 0, 0))
    image.paste((0, 0, 200, 255), (0, 0, 16, 32))
    found = pictures.decode(file(image))
    assert found[:, 8, 24].tolist() == [255, 255, 255]
    assert found[:, 8, 8].tolist() == [0, 0, 200]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation):
    turns = {1: (), 2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (2,), 7: (6,), 8: (4,)}
    stored = scene()
    for turn in turns[orientation]:
        stored = stored.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[274] = orientation
    near(pictures.decode(file(stored, "PNG", exif=exif)), scene(), 1)


def test_of_an_animation_the_first_picture():
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = file(frames[0], kind, save_all=True, append_images=frames[1:])
        assert pictures.decode(data)[0].float().mean() > 240


def test_a_profile_is_followed():
    lab = ImageCms.createProfile("sRGB")
    profile = ImageCms.ImageCmsProfile(lab).tobytes()
    near(pictures.decode(file(scene(), "PNG", icc_profile=profile)), scene(), 2)
    near(pictures.decode(file(scene(), "PNG", icc_profile=b"no profile")), scene(), 1)


def test_large_photos_are_scaled_down():
    found = pictures.decode(file(scene(3000, 1500), "JPEG"), longest=512)
    assert tuple(found.shape) == (3, 256, 512)
    near(found, scene(3000, 1500).resize((512, 256), Image.Resampling.BOX), 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_truncated_files_are_refused(kind):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    data = file(Image.fromarray(noise), kind)
    for share in (0.6, 0.3):
        refused(data[: int(share * len(data))])


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"%PDF-1.7 nothing", b"<svg xmlns='x'/>", b"\x89PNG\r\n\x1a\n", bytes(999)],
)
def test_what_is_no_picture_is_refused(data):
    refused(data)


def test_tiny_pictures_are_refused():
    assert "1 × 1" in refused(file(Image.new("RGB", (1, 1)))).en
    refused(file(Image.new("RGB", (500, 3))))


def test_strips_are_refused_that_would_have_no_height_when_scaled():
    error = refused(file(Image.new("RGB", (20_000, 20))))
    assert "20000 × 20" in error.en and "64 times" in error.en and "64 倍" in error.zh
    refused(file(Image.new("RGB", (20, 2000))))
    kept = pictures.decode(file(Image.new("RGB", (20_000, 320))))
    assert min(kept.shape[1:]) >= pictures.MIN_SIDE


def header_only(width: int, height: int) -> bytes:
    """A PNG that claims a size without having the pixels."""
    import struct
    import zlib

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [5001, 10_000, 20_000, 60_000])
def test_nothing_above_the_cap_is_decoded(side, monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    error = refused(header_only(side, side))
    assert "25 million" in error.en and "2500 万" in error.zh


def test_too_many_bytes_are_refused_unread():
    assert "MB" in refused(bytes(pictures.MAX_BYTES + 1)).en
    with pytest.raises(InputError, match="MB"):
        pictures.decode_url("data:image/png;base64," + "A" * (4 * pictures.MAX_BYTES // 3 + 8))


def test_data_urls():
    body = base64.b64encode(file(scene())).decode()
    for text in (f"data:image/png;base64,{body}", f"data:;base64,{body}", body):
        near(pictures.decode_url(text), scene(), 1)
    for text in ("", "data:image/png;base64,@@@@", "data:image/png,abc", body[:-3]):
        with pytest.raises(InputError):
            pictures.decode_url(text)


# -- cutting ----------------------------------------------------------------------------------------


def test_warp_of_a_whole_square_is_the_average():
    photo = torch.randint(0, 256, (3, 64, 64), generator=torch.Generator().manual_seed(0))
    photo = photo.to(torch.uint8)
    assert torch.equal(pictures.warp(photo, (0, 0), (64.0, 0.0), 64), photo)
    half = photo.float().unflatten(1, (32, 2)).unflatten(3, (32, 2)).mean(dim=(2, 4))
    found = pictures.warp(photo, (0, 0), (64.0, 0.0), 32).float()
    assert (found - half).abs().max() <= 0.51


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_warp_turns(turns):
    photo = torch.arange(3 * 16 * 16).reshape(3, 16, 16).remainder(251).to(torch.uint8)
    corner, across = {
        1: ((16.0, 0.0), (0.0, 16.0)),
        2: ((16.0, 16.0), (-16.0, 0.0)),
        3: ((0.0, 16.0), (0.0, -16.0)),
    }[turns]
    found = pictures.warp(photo, corner, across, 16)
    assert torch.equal(found, photo.rot90(turns, (1, 2)))


def test_warp_of_a_huge_square_is_still_an_average():
    photo = torch.zeros(3, 2048, 2048, dtype=torch.uint8)
    photo[:, ::2, ::2] = 200
    found = pictures.warp(photo, (0, 0), (2048.0, 0.0), 16)
    assert (found.float() - 50).abs().max() < 4


def test_squares():
    photo = pictures.decode(file(scene(96, 64)))
    left = pictures.square(photo, 0, 0, 1, 32).float()
    right = pictures.square(photo, 0.5, 0, 1, 32).float()
    middle = pictures.centre_square(photo, 32).float()
    assert left[0].mean() < middle[0].mean() < right[0].mean()
    for bad in ((-0.5, 0, 1), (1, 0, 1), (0, 0.5, 1), (0, 0, 0.01), (float("nan"), 0, 1)):
        with pytest.raises(InputError):
            pictures.square(photo, *bad, 32)


# -- sprites ----------------------------------------------------------------------------------------


def read(url: str) -> torch.Tensor:
    return pictures.decode_url(url)


def test_sprites_hold_the_pictures_row_by_row():
    colours = torch.randint(0, 256, (7, 3, 1, 1), generator=torch.Generator().manual_seed(1))
    made = Pictures(colours.expand(7, 3, 64, 64).to(torch.uint8).contiguous())
    sheet = read(made.sprite(3)).float()
    assert tuple(sheet.shape) == (3, 192, 192)
    for i in range(7):
        row, column = divmod(i, 3)
        tile = sheet[:, 64 * row + 8 : 64 * row + 56, 64 * column + 8 : 64 * column + 56]
        assert (tile.mean(dim=(1, 2)) - colours[i, :, 0, 0]).abs().max() < 6
    assert made.sprite(3) == made.sprite(3)


def test_lossless_pictures_are_exact():
    noise = torch.randint(0, 256, (3, 40, 50), dtype=torch.uint8)
    assert torch.equal(read(pictures.picture_url(noise, lossless=True)), noise)


def test_pictures_for_json():
    made = Pictures(torch.zeros(5, 3, 16, 16, dtype=torch.uint8))
    said = made.tolist()
    assert said["count"] == 5 and said["columns"] == 3 and str(said["sprite"]).startswith("data:")
    assert repr(made) == "Pictures(5 of 16 x 16)" and made.image(0).size == (16, 16)
    with pytest.raises(ValueError):
        Pictures(torch.zeros(5, 3, 16, 16))
    with pytest.raises(ValueError):
        pictures.sprite(torch.zeros(0, 3, 4, 4, dtype=torch.uint8))
