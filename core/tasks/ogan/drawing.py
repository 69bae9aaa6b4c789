"""Pictures of seeds and of codes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from core import runtime
from core.errors import check_range, check_whole
from core.latent import truncate
from core.pictures import Pictures
from core.runtime import Timing
from core.tasks.ogan.ends import (
    BATCH,
    MAX_SEED,
    check_strength,
    checked_code,
    codes_of,
    draw_rows,
    numbers_of,
)
from core.tasks.ogan.records import Portraits

MAX_PICTURES = 100


def sample(
    seed: int = 0,
    count: int = 24,
    model: str = "ogan-faces",
    *,
    truncation: float = 0.9,
    prior: str = "normal",
) -> Portraits:
    """Pictures of the seeds `seed`, `seed + 1`, ...: each is that of its seed in every verb.

    `truncation` is the factor before the noise, 0 to 2: smaller is more typical and less varied. `prior`
    is what the seeds are drawn from: `normal` noise, or a Gaussian `fitted` to codes of real pictures.
    """
    check_whole("count", count, 1, MAX_PICTURES, zh="张数")
    check_range("seed", seed, 0, MAX_SEED - count, zh="随机种子")
    seeds = tuple(range(int(seed), int(seed) + count))
    codes, _, _ = codes_of(seeds, model, prior=prior)
    out, timing = drawn(truncate(codes, check_strength(truncation)), model)
    return Portraits(Pictures(out["pixels"]), seeds, numbers_of(out), timing)


def draw(
    codes: Sequence[Sequence[float]], model: str = "ogan-faces", *, truncation: float = 1.0
) -> Portraits:
    """Pictures of codes."""
    check_whole("the number of codes", len(codes), 1, MAX_PICTURES, zh="编码个数")
    z = torch.stack([checked_code(code, model) for code in codes])
    out, timing = drawn(truncate(z, check_strength(truncation)), model)
    return Portraits(Pictures(out["pixels"]), (), numbers_of(out), timing)


def drawn(z: Tensor, model: str) -> tuple[dict[str, Tensor], Timing]:
    """`draw_rows` of codes `(rows, latent)`, as one batch if they are few enough."""
    return runtime.run(model, draw_rows, {"z": z}, max_rows=BATCH)
