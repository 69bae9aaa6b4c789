"""One picture through the code of every family and back, and what of it is lost."""

import math
from collections.abc import Iterator

from torch import Tensor

from core.levels import scaled
from core.pictures import Pictures, difference
from core.tasks.families.diffusion import check_steps, denoised, inverted, stretched
from core.tasks.families.members import Member, Roll, added, overall
from core.tasks.families.passes import decode, encode, shortened
from core.tasks.families.records import Readings, Rebuilt, Spent
from core.tasks.families.sources import fitted, pictures_of
from core.tasks.ogan.reading import psnr

GAIN = 4.0  # of error maps
ERROR_LEVELS = round(255 / GAIN)  # an error of so many levels is white


def readings(
    picture: int | str = 6425, *, made_by: str = "ogan", steps: int = 50
) -> Iterator[Readings]:
    """Watch every family encode a picture and rebuild it, those of one pass first.

    A VAE takes the mean of its code, O-GAN the direction its discriminator sees, Glow its exact noise,
    diffusion the noise that `steps` steps of `ddim` backwards lead to. `picture` is a seed, whose face
    the family `made_by` draws, or a photo as a data URL.
    """
    check_steps(steps)
    roll = Roll()
    source, making = pictures_of([picture], made_by, roll)

    def answer(one: Member) -> Iterator[Rebuilt]:
        seen = fitted(source, one.size)
        if one.family == "diffusion":
            yield from _round_trip(one, seen, int(steps))
            return
        codes, there = encode(one, seen)
        codes = shortened(one, codes)
        back, timing = decode(one, codes)
        yield _row(one, seen, back, codes, "decode", Spent(2, 2, there + timing))

    for rows in roll.answers(answer):
        timing = overall([making, *(row.spent.timing for row in rows)])
        yield Readings(Pictures(source), rows, tuple(roll.missing), timing)


def read(picture: int | str = 6425, *, made_by: str = "ogan", steps: int = 50) -> Readings:
    """The end of `readings`: a picture rebuilt by every family, with errors."""
    *_, whole = readings(picture, made_by=made_by, steps=steps)
    return whole


def _round_trip(one: Member, seen: Tensor, steps: int) -> Iterator[Rebuilt]:
    """Diffusion: up to noise and down again."""
    codes, there = scaled(seen).flatten(1), None
    yield _row(one, seen, seen, codes, "encode", Spent(0, 2 * steps, None))
    for done, codes, there in inverted(one, seen, steps):
        middle = stretched(codes.unflatten(1, (3, one.size, one.size)))
        yield _row(one, seen, middle, codes, "encode", Spent(done, 2 * steps, there))
    for piece in denoised(one, codes, [0], steps):
        spent = Spent(steps + piece.done, 2 * steps, added(there, piece.timing))
        yield _row(one, seen, piece.pictures, codes, "decode", spent)


def _row(
    one: Member, seen: Tensor, back: Tensor, codes: Tensor, stage: str, spent: Spent
) -> Rebuilt:
    apart = (seen.int() - back.int()).abs()
    return Rebuilt(
        family=one.family,
        model=one.model,
        size=one.size,
        code=one.code,
        seen=Pictures(seen),
        pictures=Pictures(back),
        error=difference(Pictures(seen), Pictures(back), GAIN),
        psnr=float(psnr(seen, back)[0]),
        largest=int(apart.max()),
        changed=float((apart > 0).float().mean()),
        radius=float(codes.double().square().mean().sqrt()),
        stage=stage,
        spent=spent,
    )


def angle(a: Tensor, b: Tensor) -> float:
    """Degrees between two codes; 90 between unrelated ones in many dimensions."""
    a, b = a.double(), b.double()
    cosine = float(a @ b / (a.norm() * b.norm()).clamp_min(1e-12))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
