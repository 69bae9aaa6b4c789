"""Diffusion in pieces between which others have their turn: down from noise, and up to it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from core import runtime
from core.errors import check_choice, check_whole
from core.levels import scaled, to_levels
from core.models.ddpm import DDPM, SCHEDULERS
from core.runtime import Timing
from core.tasks.families.members import Member, added

MAX_STEPS = 100
BATCH = 16  # pictures at once
ANSWERS = 9  # pieces that a run is cut into, about


class Piece(NamedTuple):
    """Some steps of a denoising."""

    done: int
    x: Tensor  # (rows, 3, size, size) after them
    states: Tensor  # uint8 (rows, steps, 3, size, size), each stretched to its own range
    guesses: Tensor  # uint8 alike, where the network thought it would lead
    pictures: Tensor  # uint8 (rows, 3, size, size), the last guess; at the end the result
    levels: tuple[int, ...]  # of the noise left after each step, 0 to 999; -1 at the end
    noise: tuple[float, ...]  # its share, the factor sqrt(1 - abar)
    timing: Timing


def check_steps(steps: int) -> int:
    """A number of denoising steps."""
    check_whole("steps", steps, 1, MAX_STEPS, zh="步数")
    return int(steps)


def check_scheduler(kind: str) -> str:
    """The name of a way down."""
    check_choice("scheduler", kind, SCHEDULERS, zh="调度器")
    return kind


def pieces(steps: int, answers: int = ANSWERS) -> list[tuple[int, int]]:
    """The steps cut up: the first alone, so that something is seen at once, the rest in equal parts."""
    each = max(1, -(-(steps - 1) // max(1, answers - 1)))
    cuts = [0, *range(1, steps, each), steps]
    return list(zip(cuts, cuts[1:], strict=False))


def denoised(
    member: Member, noise: Tensor, seeds: Sequence[int], steps: int, kind: str = "ddim"
) -> Iterator[Piece]:
    """Noise `(rows, code)` to pictures; `seeds` are of the fresh noise of `ddpm`, one a row."""
    x = noise.unflatten(1, (3, member.size, member.size))
    memory, spent = torch.zeros_like(x), None
    drawn = torch.tensor(list(seeds), dtype=torch.int64)
    for first, last in pieces(steps):
        rows = {"x": x, "memory": memory, "seeds": drawn}
        out, timing = runtime.run(
            member.model,
            _down,
            rows,
            max_rows=BATCH,
            steps=steps,
            kind=kind,
            first=first,
            last=last,
        )
        x, memory, spent = out["x"], out["memory"], added(spent, timing)
        assert spent is not None
        pictures = to_levels(x) if last == steps else out["guesses"][:, -1]
        levels, left = (tuple(out[name][0].tolist()) for name in ("levels", "noise"))
        yield Piece(last, x, out["states"], out["guesses"], pictures, levels, left, spent)


def inverted(member: Member, pixels: Tensor, steps: int) -> Iterator[tuple[int, Tensor, Timing]]:
    """uint8 pictures to noise by `ddim` backwards: steps done, what they have become, the time."""
    x, spent = scaled(pixels), None
    for first, last in pieces(steps):
        out, timing = runtime.run(
            member.model, _up, {"x": x}, max_rows=BATCH, steps=steps, first=first, last=last
        )
        x, spent = out["x"], added(spent, timing)
        assert spent is not None
        yield last, x.flatten(1), spent


def stretched(x: Tensor) -> Tensor:
    """uint8 pictures `(..., 3, h, w)`; in each, 2.5 standard deviations around its mean fill black to white.

    A picture without spread keeps its grey.
    """
    mean = x.mean(dim=(-3, -2, -1), keepdim=True)
    reach = 2.5 * x.std(dim=(-3, -2, -1), keepdim=True)
    return to_levels(torch.where(reach > 1e-3, (x - mean) / reach.clamp_min(1e-3), x))


# -- run by the runtime, on the device, for rows of many visitors ---------------------------------


def _down(
    model: DDPM,
    *,
    x: Tensor,
    memory: Tensor,
    seeds: Tensor,
    steps: int,
    kind: str,
    first: int,
    last: int,
) -> dict[str, Tensor]:
    """The steps after `first` up to `last`; see `DDPM.resume`."""
    way = model.resume(x, seeds.tolist(), steps, kind, first=first, last=last, memory=memory)
    done = list(way)
    levels = torch.cat([model.levels(steps, x.device), x.new_full((1,), -1, dtype=torch.long)])
    left = levels[first + 1 : last + 1]
    noise = torch.where(left < 0, 0.0, model.noise[left])
    return {
        "x": done[-1].x,
        "memory": done[-1].memory,
        "states": torch.stack([stretched(state.x) for state in done], dim=1),
        "guesses": torch.stack([to_levels(state.picture) for state in done], dim=1),
        "levels": left.expand(len(x), -1),
        "noise": noise.expand(len(x), -1),
    }


def _up(model: DDPM, *, x: Tensor, steps: int, first: int, last: int) -> dict[str, Tensor]:
    """Steps of `DDPM.invert`."""
    return {"x": model.invert(x, steps, first=first, last=last)}
