"""Photographs from visitors decoded safely, and pictures sent to the page as one image.

What a visitor sends is bounded twice before a single pixel is decoded: in bytes, and in pixels by what
the file's header says. Its content decides the format, never a name. Nothing is written anywhere.
"""

import base64
import binascii
import io
import math
import re
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional as F

from core.errors import InputError

MAX_BYTES = 20_000_000
MAX_PIXELS = 25_000_000  # what the largest phones take by default; 100 MB with transparency
MIN_SIDE = 16
LONGEST = 1024  # pixels of the longer side that are kept
MAX_RATIO = LONGEST // MIN_SIDE  # of the sides: scaled, both still have `MIN_SIDE` pixels
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_URL = re.compile(r"data:[\w.+/-]*;base64,")
_DEEP = ("I", "I;16", "I;16B", "I;16L", "I;16N")  # modes with 16 bits a pixel, one channel
_QUALITY = 90  # of WebP; its noise is far below that of the models


class Pictures:
    """Some pictures of equal size, uint8 `(count, 3, height, width)`; in JSON they are one sprite."""

    def __init__(self, pixels: Tensor) -> None:
        if pixels.dtype != torch.uint8 or pixels.ndim != 4 or pixels.shape[1] != 3:
            raise ValueError(f"expected uint8 (count, 3, height, width), got {_shape(pixels)}")
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        count, _, height, width = self.pixels.shape
        return f"Pictures({count} of {width} x {height})"

    def chosen(self, places: Sequence[int]) -> "Pictures":
        """Some of them, in the given order."""
        return Pictures(self.pixels[list(places)])

    def sprite(self, columns: int | None = None) -> str:
        """All pictures in one image, see `sprite`."""
        return sprite(self.pixels, columns)

    def image(self, index: int) -> Image.Image:
        """One of them for Pillow, such as `made.pictures.image(0).save("face.png")`."""
        return _image(self.pixels[index])

    def tolist(self) -> dict[str, object]:
        """For JSON: the sprite and how it is laid out."""
        count, _, height, width = self.pixels.shape
        columns = columns_of(count)
        return {
            "sprite": self.sprite(columns),
            "count": count,
            "columns": columns,
            "width": width,
            "height": height,
        }


# -- from visitors --------------------------------------------------------------------------------


def decode(data: bytes, *, longest: int = LONGEST) -> Tensor:
    """A visitor's picture as uint8 `(3, height, width)`, upright, its longer side at most `longest`.

    JPEG, PNG, WebP, GIF, BMP and TIFF in any colour mode; of an animation the first picture. What is
    transparent becomes white. Raises `InputError` for anything else, for more than `MAX_BYTES` or
    `MAX_PIXELS`, for strips longer than `MAX_RATIO` times their width, and for files that break off.
    """
    if len(data) > MAX_BYTES:
        raise _too_heavy(len(data))
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise _too_large(f"{width} × {height}")
            if min(width, height) < MIN_SIDE:
                raise InputError(
                    en=f"The picture has {width} × {height} pixels; each side needs at least "
                    f"{MIN_SIDE}. Choose a larger one.",
                    zh=f"图片只有 {width} × {height} 像素，每边至少要 {MIN_SIDE}，请换一张大一点的。",
                )
            if max(width, height) > MAX_RATIO * min(width, height):
                raise InputError(
                    en=f"The picture has {width} × {height} pixels; one side may be {MAX_RATIO} "
                    "times as long as the other at most. Cut off some of it.",
                    zh=f"图片有 {width} × {height} 像素，长边最多是短边的 {MAX_RATIO} 倍，请先裁短。",
                )
            # A JPEG can be decoded at a half, a quarter or an eighth of its size at once.
            image.draft("RGB", (2 * longest, 2 * longest))
            image.load()
            upright = ImageOps.exif_transpose(image)
            upright = _in_rgb(upright)
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large("") from None
    except UnidentifiedImageError:
        raise InputError(
            en="This file is no picture that can be read. Choose a JPEG, PNG, WebP, GIF, BMP or "
            "TIFF file (HEIC photographs have to be exported as JPEG first).",
            zh="这个文件不是能读取的图片。请选 JPEG、PNG、WebP、GIF、BMP 或 TIFF（HEIC 请先导出为 JPEG）。",
        ) from None
    except Exception:
        # Decoders fail in many ways: OSError, SyntaxError, struct.error, EOFError ...
        raise InputError(
            en="The picture is damaged or breaks off before its end. Send it again or choose another.",
            zh="图片已损坏或不完整，请重新上传或换一张。",
        ) from None
    if max(upright.size) > longest:
        upright.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3)
    return torch.from_numpy(np.array(upright)).permute(2, 0, 1).contiguous()


def decode_url(text: str, *, longest: int = LONGEST) -> Tensor:
    """`decode` of a data URL (`data:image/png;base64,…`) or of bare base64."""
    found = _URL.match(text[:100])
    body = text[found.end() :] if found else text
    if len(body) * 3 // 4 > MAX_BYTES:
        raise _too_heavy(len(body) * 3 // 4)
    try:
        data = base64.b64decode(body.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise InputError(
            en="A picture is sent as a data URL, data:image/png;base64,… with nothing missing. "
            "Choose the file again.",
            zh="图片应以 data:image/png;base64,… 的形式完整给出，请重新选择文件。",
        ) from None
    return decode(data, longest=longest)


def _in_rgb(image: Image.Image) -> Image.Image:
    """8 bits of red, green and blue in sRGB; transparent parts lie on white."""
    if image.mode in _DEEP:
        levels = np.asarray(image).astype(np.float64) / 257
        return Image.fromarray(levels.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        levels = np.nan_to_num(np.asarray(image, dtype=np.float64)) * 255
        return Image.fromarray(levels.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image).convert("RGB")
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            srgb = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, own, srgb, outputMode="RGB")
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError):
            pass  # a broken profile: the numbers as they are
    return image.convert("RGB")


def _too_heavy(size: int) -> InputError:
    return InputError(
        en=f"The picture has {size / 1e6:.0f} MB; {MAX_BYTES / 1e6:.0f} MB are accepted. "
        "Save it smaller.",
        zh=f"图片有 {size / 1e6:.0f} MB，上限是 {MAX_BYTES / 1e6:.0f} MB，请先压缩。",
    )


def _too_large(size: str) -> InputError:
    has_en, has_zh = (f"The picture has {size} pixels", f"图片有 {size} 像素") if size else (
        "The picture is far too large", "图片过大"
    )  # fmt: skip
    return InputError(
        en=f"{has_en}; at most {MAX_PIXELS / 1e6:.0f} million are decoded. Scale it down first.",
        zh=f"{has_zh}，上限是 {MAX_PIXELS // 10_000} 万像素，请先缩小。",
    )


# -- cut out --------------------------------------------------------------------------------------


def warp(
    photo: Tensor, origin: tuple[float, float], across: tuple[float, float], size: int
) -> Tensor:
    """A square of a photo, turned and scaled at will, as uint8 `(3, size, size)`.

    `photo` is uint8 `(3, h, w)`. `origin` is the square's top left corner in pixels of the photo,
    `across` the vector along its upper side; its left side is that vector turned by 90 degrees. What
    lies outside repeats the photo's rim. Every pixel is an average over what it covers.
    """
    _, height, width = photo.shape
    (x0, y0), (ux, uy) = origin, across
    # Samples a pixel of the photo apart, so that none is passed over, then averages of them.
    dense = max(1, min(16, math.ceil(math.hypot(ux, uy) / size)))
    steps = (torch.arange(dense * size) + 0.5) / (dense * size)
    right, down = steps.view(1, -1), steps.view(-1, 1)
    x, y = x0 + right * ux - down * uy, y0 + right * uy + down * ux
    grid = torch.stack([2 * x / width - 1, 2 * y / height - 1], dim=-1)
    source = photo.unsqueeze(0).float()
    if math.hypot(ux, uy) / size > 16:  # a tiny result of a huge photo: average before sampling
        coarse = int(math.hypot(ux, uy) / size / 16)
        source = F.avg_pool2d(source, coarse, ceil_mode=True, count_include_pad=False)
    seen = F.grid_sample(
        source, grid.unsqueeze(0), mode="bilinear", padding_mode="border", align_corners=False
    )
    return F.avg_pool2d(seen, dense)[0].round().clamp(0, 255).to(torch.uint8)


def square(photo: Tensor, left: float, top: float, side: float, size: int) -> Tensor:
    """An upright square of a photo `(3, h, w)`, given in fractions of the shorter side.

    `left` and `top` are from the photo's top left corner. Raises `InputError` for a square that does
    not lie within the photo or is smaller than 8 pixels.
    """
    _, height, width = photo.shape
    short = min(height, width)
    x, y, length = left * short, top * short, side * short
    slack = 1e-3 * short
    inside = x >= -slack and y >= -slack and x + length <= width + slack
    if not (inside and y + length <= height + slack and length >= 8):  # so that nan is refused too
        raise InputError(
            en="The square has to lie within the photo and be 8 pixels wide at least. Draw it again.",
            zh="方框须在照片之内、至少 8 像素宽，请重新画。",
        )
    return warp(photo, (x, y), (length, 0.0), size)


def centre_square(photo: Tensor, size: int) -> Tensor:
    """The largest square in the middle of a photo `(3, h, w)`."""
    _, height, width = photo.shape
    short = min(height, width)
    origin = ((width - short) / 2, (height - short) / 2)
    return warp(photo, origin, (float(short), 0.0), size)


# -- to the page ----------------------------------------------------------------------------------


def columns_of(count: int) -> int:
    """Columns of a sprite that is about as wide as it is high, ten at most."""
    return max(1, min(10, math.ceil(math.sqrt(count))))


def sprite(pixels: Tensor, columns: int | None = None) -> str:
    """Pictures uint8 `(count, 3, h, w)` as a data URL of one image, row by row.

    PNG where that is the smaller file, which it is for few pixels; else WebP. Places that are left
    over are black. Raises `ValueError` for no picture.
    """
    if not len(pixels):
        raise ValueError("a sprite needs a picture")
    columns = columns or columns_of(len(pixels))
    height, width = pixels.shape[-2:]
    missing = -len(pixels) % columns
    filling = pixels.new_zeros(missing, 3, height, width)
    rows = torch.cat([pixels.cpu(), filling.cpu()]).unflatten(0, (-1, columns))
    sheet = rows.permute(2, 0, 3, 1, 4).reshape(3, -1, columns * width)
    return picture_url(sheet)


def picture_url(pixels: Tensor, *, lossless: bool = False) -> str:
    """One picture uint8 `(3, h, w)` as a data URL, PNG if `lossless`."""
    image = _image(pixels)
    if lossless or image.width * image.height <= 32 * 32:
        return _url(_bytes(image, "PNG", compress_level=6), "png")
    return _url(_bytes(image, "WEBP", quality=_QUALITY, method=1), "webp")


def join(*parts: Pictures) -> Pictures:
    """Pictures of equal size one after the other."""
    return Pictures(torch.cat([part.pixels for part in parts]))


def difference(a: Pictures, b: Pictures, gain: float = 3.0) -> Pictures:
    """Where two pictures differ, row by row: `gain` times the mean difference of colours, as light."""
    apart = (a.pixels.float() - b.pixels.float()).abs().mean(dim=1, keepdim=True)
    levels = (gain * apart).round().clamp(0, 255).to(torch.uint8)
    return Pictures(levels.expand(-1, 3, -1, -1).contiguous())


def _image(pixels: Tensor) -> Image.Image:
    return Image.fromarray(pixels.cpu().permute(1, 2, 0).contiguous().numpy())


def _bytes(image: Image.Image, format: str, **options: int) -> bytes:
    data = io.BytesIO()
    image.save(data, format, **options)
    return data.getvalue()


def _url(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _shape(pixels: Tensor) -> str:
    return f"{str(pixels.dtype).removeprefix('torch.')} {tuple(pixels.shape)}"
