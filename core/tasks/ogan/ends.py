"""From seeds and pictures to codes, and the functions that the runtime runs for all verbs."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from core import hub, runtime
from core.errors import InputError, check_choice, check_range
from core.levels import scaled, to_levels
from core.models.code_prior import FILE, CodePrior
from core.models.ogan import OGAN
from core.models.ogan_code import normalised
from core.runtime import Timing
from core.tasks.ogan.records import Numbers
from core.tasks.photos import read_picture

MODELS = ("ogan-faces", "ogan-anime")
# What seeds are drawn from: N(0, I), or a Gaussian fitted to the codes of pictures.
PRIORS = ("normal", "fitted")
MAX_SEED = 2**32 - 1
MAX_STRENGTH = 2.0  # of the factor before codes
BATCH = 64  # pictures at once: a path is one batch

End = int | str


def offered() -> tuple[str, ...]:
    """The models to choose from."""
    return hub.offered(MODELS)


def size_of(model: str) -> int:
    """Side of a model's pictures in pixels."""
    check_choice("model", model, MODELS, zh="模型")
    return int(hub.locate(model).config["size"])


def latent_of(model: str) -> int:
    """Numbers of a model's codes."""
    check_choice("model", model, MODELS, zh="模型")
    return int(hub.locate(model).config["latent"])


def codes_of(
    ends: Sequence[End], model: str = "ogan-faces", *, prior: str = "normal"
) -> tuple[Tensor, list[Tensor | None], Timing | None]:
    """Codes `(ends, latent)` of seeds and pictures, the pictures given (None for a seed), the time.

    A seed's code is its noise, or with the prior `fitted` the code that its noise stands for among
    those of real pictures; a picture's is the direction of the encoder's output.
    """
    check_choice("prior", prior, PRIORS, zh="先验")
    latent, size = latent_of(model), size_of(model)
    codes: list[Tensor] = []
    pictures: list[Tensor | None] = []
    for end in ends:
        seed = checked_seed(end)
        if seed is None:
            pictures.append(read_picture(str(end), size))
            codes.append(torch.zeros(latent))
        else:
            pictures.append(None)
            codes.append(runtime.noise(seed, 1, latent)[0])
    seeds = [i for i, picture in enumerate(pictures) if picture is None]
    if prior == "fitted" and seeds:
        fitted = _prior(hub.locate(model).path(FILE))
        for i in seeds:  # one by one, so that a seed's code is the same in any company
            codes[i] = fitted(codes[i].unsqueeze(0))[0]
    given = [i for i, picture in enumerate(pictures) if picture is not None]
    timing = None
    if given:
        rows = {"pixels": torch.stack([p for p in pictures if p is not None])}
        out, timing = runtime.run(model, encode_rows, rows, max_rows=BATCH)
        for i, code in zip(given, out["code"], strict=True):
            codes[i] = code
    return torch.stack(codes), pictures, timing


@lru_cache(maxsize=4)
def _prior(path: Path) -> CodePrior:
    return CodePrior.read(path)


def checked_seed(end: End) -> int | None:
    """The seed that an end is, None for a picture; `InputError` for a seed out of range.

    Digits in a string are a seed.
    """
    if isinstance(end, str):
        text = end.strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            if not text:
                raise InputError(
                    en="A picture is missing. Give a seed or a photo.",
                    zh="缺少图片，请给一个种子或一张照片。",
                )
            return None
        end = int(text)
    if isinstance(end, bool) or int(end) != end:
        raise InputError(
            en=f"The seed {end} is no whole number. Give one from 0 to {MAX_SEED}.",
            zh=f"种子 {end} 不是整数，请取 0 到 {MAX_SEED} 的整数。",
        )
    check_range("seed", int(end), 0, MAX_SEED, zh="种子")
    return int(end)


def check_strength(value: float) -> float:
    """The factor before a code, 0 to 2."""
    check_range("truncation", value, 0, MAX_STRENGTH, zh="截断系数")
    return float(value)


def checked_code(values: Sequence[float], model: str) -> Tensor:
    """A code that a caller gives, `(latent,)`."""
    latent = latent_of(model)
    try:
        code = torch.tensor([float(v) for v in values])
    except (TypeError, ValueError, OverflowError):
        code = torch.full((latent,), torch.nan)
    if code.shape != (latent,) or not bool((code.abs() <= 1e4).all()):  # nan is refused too
        raise InputError(
            en=f"A code of {model} has {latent} finite numbers. Take it from an answer as it is.",
            zh=f"{model} 的编码是 {latent} 个有限的数，请原样使用返回的编码。",
        )
    return code


def total(*timings: Timing | None) -> Timing:
    """The sum of those that there are."""
    first, *rest = (timing for timing in timings if timing is not None)
    for timing in rest:
        first = first + timing
    return first


def numbers_of(out: dict[str, Tensor]) -> Numbers:
    """The encoder's numbers of a batch."""
    return Numbers(*(floats(out[name]) for name in ("score", "spread", "correlation")))


def floats(values: Tensor) -> tuple[float, ...]:
    """Numbers with five decimals."""
    return tuple(round(v, 5) for v in values.tolist())


# -- run by the runtime, on the device, for rows of many visitors ---------------------------------


def draw_rows(model: OGAN, *, z: Tensor) -> dict[str, Tensor]:
    """Pictures of codes `(rows, latent)`, and what the encoder says of them.

    Score and spread are with the batch statistics of photographs, as for any picture (`judged`); the
    correlation is of the reading with those of generated pictures, which the loss maximised.
    """
    made = model.generate(z)
    code = model.encode(made, generated=True).code
    return {
        "pixels": to_levels(made),
        **judged(model, made),
        "correlation": (normalised(z) * code).mean(dim=1),
    }


def encode_rows(model: OGAN, *, pixels: Tensor) -> dict[str, Tensor]:
    """Score, spread and code of photos, uint8 `(rows, 3, size, size)`."""
    parts = model.encode(scaled(pixels))
    return {"score": parts.score, "spread": parts.spread, "code": parts.code}


def encode_made_rows(model: OGAN, *, pixels: Tensor) -> dict[str, Tensor]:
    """The same of pictures that the generator has made; the code is read as in training."""
    images = scaled(pixels)
    return {**judged(model, images), "code": model.encode(images, generated=True).code}


def judged(model: OGAN, images: Tensor) -> dict[str, Tensor]:
    """Score and spread of pictures in [-1, 1] of whatever origin, with the statistics of photographs.

    With statistics of their own kind samples would be told from photographs by being said to be
    samples: that alone is two thirds of the gap between their scores.
    """
    parts = model.encode(images)
    return {"score": parts.score, "spread": parts.spread}
