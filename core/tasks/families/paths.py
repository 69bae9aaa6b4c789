"""Between the same two pictures, along a path in the code of every family."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from core import latent
from core.errors import check_choice, check_whole
from core.pictures import Pictures
from core.tasks.families.diffusion import check_steps, denoised, inverted
from core.tasks.families.members import Member, Roll, added, overall
from core.tasks.families.passes import decode, encode, shortened
from core.tasks.families.reading import angle
from core.tasks.families.records import Morph, Morphs, Spent
from core.tasks.families.sources import fitted, pictures_of
from core.tasks.ogan.reading import psnr

PATHS = tuple(latent.PATHS)
MAX_FRAMES = 33


def morphs(
    a: int | str = 6420,
    b: int | str = 6423,
    *,
    made_by: str = "ogan",
    frames: int = 13,
    path: str = "slerp",
    steps: int = 25,
) -> Iterator[Morphs]:
    """Watch every family walk from one picture to another, those of one pass first.

    Both pictures are encoded as `readings` does it. `path` is slerp (along the sphere on which Gaussian
    codes live), lerp (straight) or mean (through the origin). `steps` are those of diffusion, up for
    two pictures and down for all frames.
    """
    check_whole("the number of frames", frames, 2, MAX_FRAMES, zh="帧数")
    check_choice("path", path, PATHS, zh="路径")
    check_steps(steps)
    roll = Roll()
    ends, making = pictures_of([a, b], made_by, roll)
    positions = tuple(round(i / (frames - 1), 4) for i in range(int(frames)))

    def answer(one: Member) -> Iterator[Morph]:
        seen = fitted(ends, one.size)
        if one.family == "diffusion":
            yield from _walk(one, seen, int(frames), path, int(steps))
            return
        codes, there = encode(one, seen)
        start, end = shortened(one, codes)
        points = latent.path(start, end, int(frames), path)
        pixels, timing = decode(one, points)
        yield _row(one, seen, codes, points, pixels, Spent(2, 2, there + timing))

    for rows in roll.answers(answer):
        timing = overall([making, *(row.spent.timing for row in rows)])
        yield Morphs(Pictures(ends), positions, rows, tuple(roll.missing), timing)


def morph(
    a: int | str = 6420,
    b: int | str = 6423,
    *,
    made_by: str = "ogan",
    frames: int = 13,
    path: str = "slerp",
    steps: int = 25,
) -> Morphs:
    """The end of `morphs`: the path between two pictures in every family."""
    *_, whole = morphs(a, b, made_by=made_by, frames=frames, path=path, steps=steps)
    return whole


def _walk(one: Member, seen: Tensor, frames: int, path: str, steps: int) -> Iterator[Morph]:
    """Diffusion: both ends up to noise, all frames down."""
    codes, there = seen, None
    faded = _faded(seen, frames)
    yield _row(one, seen, None, None, faded, Spent(0, 2 * steps, None))
    for done, noise, there in inverted(one, seen, steps):
        codes = noise
        yield _row(one, seen, None, None, faded, Spent(done, 2 * steps, there))
    points = latent.path(codes[0], codes[1], frames, path)
    for piece in denoised(one, points, [0] * frames, steps):
        spent = Spent(steps + piece.done, 2 * steps, added(there, piece.timing))
        yield _row(one, seen, codes, points, piece.pictures, spent)


def _faded(ends: Tensor, frames: int) -> Tensor:
    """One picture faded into the other, what a path of pixels would be; shown until the true one comes."""
    share = torch.linspace(0, 1, frames).view(-1, 1, 1, 1)
    return ((1 - share) * ends[0] + share * ends[1]).round().to(torch.uint8)


def _row(
    one: Member,
    seen: Tensor,
    codes: Tensor | None,
    points: Tensor | None,
    pixels: Tensor,
    spent: Spent,
) -> Morph:
    near = psnr(seen, pixels[[0, -1]]).tolist()
    radii: Sequence[float] = ()
    if points is not None:
        radii = points.double().square().mean(dim=1).sqrt().tolist()
    return Morph(
        family=one.family,
        model=one.model,
        size=one.size,
        pictures=Pictures(pixels),
        angle=0.0 if codes is None else angle(codes[0], codes[1]),
        radii=tuple(round(float(r), 5) for r in radii),
        psnr=(near[0], near[1]),
        spent=spent,
    )
