"""The film of a diffusion: noise, step by step, and what the network takes it to be at every step."""

from collections.abc import Iterator

import torch
from torch import Tensor

from core import runtime
from core.errors import check_choice, check_range, check_whole
from core.pictures import Pictures
from core.tasks.families.diffusion import check_scheduler, check_steps, denoised, stretched
from core.tasks.families.members import member
from core.tasks.families.records import Film
from core.tasks.families.sampling import MAX_SEED, MAX_TEMPERATURE

FACES = (1, 4, 9, 16)  # that make a square


def films(
    seed: int = 20180324,
    *,
    steps: int = 25,
    scheduler: str = "ddim",
    faces: int = 4,
    temperature: float = 1.0,
) -> Iterator[Film]:
    """Watch faces come out of noise, some steps at a time.

    `scheduler` is ddim (no noise added, so the seed decides all), dpm-solver++ (the same way, of second
    order) or ddpm (fresh noise at every step). `temperature` is the factor of the starting noise.
    """
    check_whole("faces", faces, FACES[0], FACES[-1], zh="张数")
    check_choice("faces", str(faces), tuple(map(str, FACES)), zh="张数")
    check_range("seed", seed, 0, MAX_SEED, zh="随机种子")
    check_range("temperature", temperature, 0, MAX_TEMPERATURE, zh="温度")
    check_steps(steps)
    check_scheduler(scheduler)
    one = member("diffusion")
    noise = temperature * runtime.noise(int(seed), int(faces), one.code)
    start = stretched(noise.unflatten(1, (3, one.size, one.size)))
    states, guesses = [start.unsqueeze(1)], []
    levels, shares = [999], [1.0]
    seeds = [int(seed) + i for i in range(int(faces))]
    for piece in denoised(one, noise, seeds, int(steps), scheduler):
        states.append(piece.states)
        guesses.append(piece.guesses)
        levels.extend(piece.levels)
        shares.extend(piece.noise)
        done = piece.done == int(steps)
        said = torch.cat(guesses, dim=1)
        # A state is shown with the guess made from it; the last one is what became of it.
        after = piece.pictures if done else said[:, -1]
        said = torch.cat([said, after.unsqueeze(1)], dim=1)
        apart = (said[:, 1:].float() - said[:, :-1].float()).square().mean(dim=(0, 2, 3, 4)).sqrt()
        yield Film(
            faces=int(faces),
            states=Pictures(_sheets(torch.cat(states, dim=1))),
            guesses=Pictures(_sheets(said)),
            levels=tuple(max(0, level) for level in levels),
            noise=tuple(round(share, 5) for share in shares),
            changes=(0.0, *(round(v, 4) for v in apart.tolist())),
            result=Pictures(piece.pictures) if done else None,
            done=piece.done,
            total=int(steps),
            scheduler=scheduler,
            timing=piece.timing,
        )


def film(
    seed: int = 20180324,
    *,
    steps: int = 25,
    scheduler: str = "ddim",
    faces: int = 4,
    temperature: float = 1.0,
) -> Film:
    """The whole film, see `films`."""
    *_, whole = films(seed, steps=steps, scheduler=scheduler, faces=faces, temperature=temperature)
    return whole


def _sheets(pictures: Tensor) -> Tensor:
    """`(faces, frames, 3, h, w)` as square sheets of all faces, one a frame."""
    side = int(len(pictures) ** 0.5)
    rows = pictures.unflatten(0, (side, side)).permute(2, 3, 0, 4, 1, 5)
    sheets: Tensor = rows.flatten(4, 5).flatten(2, 3).contiguous()
    return sheets
