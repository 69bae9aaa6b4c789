"""A picture through the encoder and back, and the search for a code that fits it better.

The encoder answers at once; a search by gradient over the code shows how much of the error is the
encoder's, and bounds what the generator cannot draw at all. The post did not try it.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from core import runtime
from core.errors import check_range, check_whole
from core.latent import project
from core.levels import scaled
from core.models.ogan import OGAN, TRUNCATION
from core.models.ogan_code import normalised, pearson
from core.pictures import Pictures
from core.runtime import Timing
from core.tasks.ogan.drawing import drawn
from core.tasks.ogan.ends import (
    BATCH,
    End,
    check_strength,
    checked_seed,
    codes_of,
    draw_rows,
    encode_made_rows,
    encode_rows,
    floats,
    size_of,
    total,
)
from core.tasks.ogan.records import Reading, Rebuilt, Refined
from core.tasks.photos import read_picture

MAX_ROUNDS = 20
STEPS = 10  # of the search in one round, between which others get their turn
RATE = 0.08  # of the first round; the last one has a tenth
SEARCH_ROWS = 8  # pictures searched at once, which bounds the memory for their gradients


def read(
    picture: End,
    model: str = "ogan-faces",
    *,
    truncation: float = TRUNCATION,
    drawn_at: float = 0.9,
    prior: str = "normal",
) -> Reading:
    """Encode a picture and reconstruct it from `truncation` times its code.

    A seed stands for the picture made of it at the truncation `drawn_at`, from `prior`.
    """
    check_strength(truncation)
    source, made, timing = _source(picture, model, drawn_at, prior)
    rows = {"pixels": source.unsqueeze(0)}
    out, read_timing = runtime.run(
        model, encode_made_rows if made else encode_rows, rows, max_rows=BATCH
    )
    back, back_timing = drawn(truncation * out["code"], model)
    return Reading(
        source=Pictures(source.unsqueeze(0)),
        code=floats(out["code"][0]),
        score=float(out["score"][0]),
        spread=float(out["spread"][0]),
        reconstruction=Pictures(back["pixels"]),
        truncation=truncation,
        correlation=float(back["correlation"][0]),
        reconstruction_score=float(back["score"][0]),
        psnr=float(psnr(source.unsqueeze(0), back["pixels"])[0]),
        timing=total(timing, read_timing, back_timing),
    )


def refine(
    reading: Reading,
    model: str = "ogan-faces",
    *,
    rounds: int = 10,
    on_sphere: bool = True,
) -> Iterator[Refined]:
    """Search for a code whose picture is nearer to the source, `STEPS` steps of Adam a round.

    Yields the start and every round; the best code so far is kept, so the PSNR never falls. With
    `on_sphere` codes keep their length, where those of the prior lie.
    """
    check_whole("rounds", rounds, 1, MAX_ROUNDS, zh="轮数")
    check_range("truncation", reading.truncation, 0.05, 2, zh="截断系数")
    z = reading.truncation * normalised(torch.tensor([reading.code]))
    begin = z
    source = reading.source.pixels
    levels = [reading.psnr]
    timing: Timing | None = None
    for number in range(rounds + 1):
        if number:
            share = (number - 1) / max(1, rounds - 1)
            rate = RATE * (0.55 + 0.45 * math.cos(math.pi * share))
            rows = {"pixels": source, "z": z}
            out, spent = runtime.run(
                model,
                search_rows,
                rows,
                max_rows=SEARCH_ROWS,
                steps=STEPS,
                rate=round(rate, 6),
                on_sphere=on_sphere,
            )
            z, timing = out["z"], total(timing, spent)
            # Losses are means of squares in [-1, 1]; levels stay as they were while nothing is better.
            found = (-10 * (out["loss"][0, 1:] / 4).clamp_min(1e-9).log10()).tolist()
            for level in found:
                levels.append(max(level, levels[-1]))
        shown, spent = runtime.run(model, draw_rows, {"z": z}, max_rows=BATCH)
        timing = total(timing, spent)
        yield Refined(
            step=STEPS * number,
            psnr=tuple(round(v, 4) for v in levels),
            picture=Pictures(shown["pixels"]),
            code=floats(z[0]),
            drift=float(pearson(z, begin)[0]),
            correlation=float(shown["correlation"][0]),
            score=float(shown["score"][0]),
            timing=timing,
        )


def rebuild(
    picture: End,
    model: str = "ogan-faces",
    *,
    truncation: float = TRUNCATION,
    rounds: int = 6,
    on_sphere: bool = True,
    drawn_at: float = 0.9,
    prior: str = "normal",
) -> Rebuilt:
    """`read`, and where `rounds` is not 0 the end of `refine`."""
    reading = read(picture, model, truncation=truncation, drawn_at=drawn_at, prior=prior)
    refined = None
    if rounds:
        *_, refined = refine(reading, model, rounds=rounds, on_sphere=on_sphere)
    return Rebuilt(reading, refined)


def psnr(originals: Tensor, others: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of uint8 pictures, row by row; equal ones have 54 dB."""
    error = (originals.float() - others.float()).flatten(1).square().mean(dim=1).clamp_min(0.25)
    return 10 * (math.log10(255**2) - error.log10())


def _source(
    picture: End, model: str, drawn_at: float, prior: str
) -> tuple[Tensor, bool, Timing | None]:
    """The picture itself `(3, size, size)`, whether the generator made it, and the time that took."""
    seed = checked_seed(picture)
    if seed is None:
        return read_picture(str(picture), size_of(model)), False, None
    codes, _, _ = codes_of([seed], model, prior=prior)
    out, timing = drawn(check_strength(drawn_at) * codes, model)
    return out["pixels"][0], True, timing


# -- run by the runtime ---------------------------------------------------------------------------


def search_rows(
    model: OGAN, *, pixels: Tensor, z: Tensor, steps: int, rate: float, on_sphere: bool
) -> dict[str, Tensor]:
    """Codes `(rows, latent)` after `steps` steps towards pictures, with the losses on the way.

    With `on_sphere` every row keeps the length it came with: the search runs over codes scaled to
    standard deviation 1, where a step of one rate means the same for all.
    """
    with torch.inference_mode(False):  # a gradient cannot go through tensors of inference mode
        target, start = scaled(pixels.clone()), z.clone()
        radius = start.shape[1] ** 0.5  # the length of a code with standard deviation 1
        unit = start.norm(dim=1, keepdim=True).clamp_min(1e-6) / radius if on_sphere else 1.0
        begin = start / unit

    def loss(code: Tensor) -> Tensor:
        made = model.generate(code * unit)
        return (made - target).flatten(1).square().mean(dim=1)

    losses = []
    best = begin
    for found in project(loss, begin, steps, rate=rate, radius=radius if on_sphere else None):
        losses.append(found.loss)
        best = found.z
    return {"z": best * unit, "loss": torch.stack(losses, dim=1)}
