"""One seed, a row of samples from every family; diffusion shows where it is going while it goes."""

from collections.abc import Iterator, Sequence

from torch import Tensor

from core import runtime
from core.errors import check_range, check_whole
from core.levels import to_levels
from core.pictures import Pictures
from core.tasks.families.diffusion import check_scheduler, check_steps, denoised
from core.tasks.families.members import FAMILIES, Member, Roll, overall
from core.tasks.families.passes import decode
from core.tasks.families.records import Sampled, Samples, Spent

MAX_PICTURES = 16
MAX_SEED = 2**32 - 2 - 1000
MAX_TEMPERATURE = 1.5


def samples(
    seed: int = 20180324,
    *,
    count: int = 6,
    temperature: float = 0.8,
    steps: int = 25,
    scheduler: str = "ddim",
    only: Sequence[str] = FAMILIES,
) -> Iterator[Samples]:
    """Watch all families draw from one seed, those of one pass first.

    Standard normal noise times `temperature` is what each makes its pictures of, as many numbers as its
    code has; picture `i` depends on the seed and `i` alone. `steps` and `scheduler` are those of
    diffusion; `only` names the families that are asked.
    """
    check_whole("the number of pictures", count, 1, MAX_PICTURES, zh="张数")
    check_range("seed", seed, 0, MAX_SEED, zh="随机种子")
    check_range("temperature", temperature, 0, MAX_TEMPERATURE, zh="温度")
    check_steps(steps)
    check_scheduler(scheduler)
    seed, count, steps = int(seed), int(count), int(steps)

    def answer(one: Member) -> Iterator[Sampled]:
        noise = temperature * runtime.noise(seed, count, one.code)
        if one.family != "diffusion":
            pixels, timing = decode(one, noise)
            yield _row(one, pixels, Spent(1, 1, timing))
            return
        start = to_levels(noise.unflatten(1, (3, one.size, one.size)))
        yield _row(one, start, Spent(0, steps, None))
        for piece in denoised(one, noise, range(seed, seed + count), steps, scheduler):
            yield _row(one, piece.pictures, Spent(piece.done, steps, piece.timing))

    roll = Roll(only)
    for rows in roll.answers(answer):
        timing = overall([row.spent.timing for row in rows])
        yield Samples(rows, tuple(roll.missing), seed, float(temperature), timing)


def sample(
    seed: int = 20180324,
    *,
    count: int = 6,
    temperature: float = 0.8,
    steps: int = 25,
    scheduler: str = "ddim",
    only: Sequence[str] = FAMILIES,
) -> Samples:
    """The end of `samples`: a row of pictures from every family."""
    *_, whole = samples(
        seed, count=count, temperature=temperature, steps=steps, scheduler=scheduler, only=only
    )
    return whole


def _row(one: Member, pixels: Tensor, spent: Spent) -> Sampled:
    made = Pictures(pixels)
    return Sampled(one.family, one.model, one.size, one.parameters, one.code, made, spent)
