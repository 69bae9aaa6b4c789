"""Noise in, faces out: grids by level, temperatures of the same noise, single levels drawn anew."""

import torch
from torch import Tensor

from core import runtime
from core.errors import check_choice, check_whole
from core.models.flows.fused import fused
from core.models.flows.multi_scale import MultiScaleFlow
from core.pictures import Pictures
from core.runtime import Timing
from core.tasks.glow.checks import (
    GROUP_ZH,
    MAX_PICTURES,
    check_seed,
    check_temperature,
    evenly,
    noise_by_group,
    repeated,
    temperatures,
)
from core.tasks.glow.records import Levels, Samples, Strip
from core.tasks.glow.resources import MODELS, layout_of

MAX_STEPS = 13


def sample(
    model: str = "glow-faces",
    *,
    count: int = 16,
    temperature: float = 0.7,
    seed: int = 20180829,
    coarse: float = 1.0,
    middle: float = 1.0,
    fine: float = 1.0,
    coarse_seed: int | None = None,
    middle_seed: int | None = None,
    fine_seed: int | None = None,
) -> Samples:
    """Faces from noise.

    `coarse`, `middle` and `fine` multiply the temperature of the last level, of those between, and of
    the first; a seed of their own draws them anew while the other levels stay. Picture `i` depends on
    the seeds and `i` alone.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_whole("the number of pictures", count, 1, MAX_PICTURES, zh="图片数")
    check_temperature(temperature)
    layout = layout_of(model)
    factors = {"coarse": coarse, "middle": middle, "fine": fine}
    own = {"coarse": coarse_seed, "middle": middle_seed, "fine": fine_seed}
    heat, seeds = {}, {}
    for group, factor in factors.items():
        check_temperature(factor, f"the factor of the {group} level", zh=f"{GROUP_ZH[group]}倍率")
        heat[group] = temperature * factor
        chosen = own[group]
        seeds[group] = check_seed(seed if chosen is None else chosen)
    noise = noise_by_group(layout, seeds, int(count))
    warmth = temperatures(layout, heat)
    pixels, timing = decoded(model, noise, repeated(warmth, int(count)))
    by_level = tuple(seeds[layout.group(level)] for level in range(layout.levels))
    return Samples(Pictures(pixels), tuple(warmth), by_level, timing)


def strip(
    model: str = "glow-faces",
    *,
    faces: int = 4,
    steps: int = 7,
    seed: int = 20180829,
    low: float = 0.0,
    high: float = 1.2,
    beside: str = "",
) -> Strip:
    """The same noise at `steps` temperatures from `low` to `high`; `beside` names a second model.

    Both models get the same numbers, in the order of their own levels.
    """
    check_whole("the number of faces", faces, 1, 8, zh="张数")
    check_whole("the number of temperatures", steps, 2, MAX_STEPS, zh="温度个数")
    check_seed(seed)
    check_temperature(low, "the lowest temperature", zh="最低温度")
    check_temperature(high, "the highest temperature", zh="最高温度")
    names = (model, *([beside] if beside else ()))
    for name in names:
        check_choice("model", name, MODELS, zh="模型")
    heat = evenly(low, high, int(steps))
    made: list[Tensor] = []
    spent: Timing | None = None
    for name in names:
        layout = layout_of(name)
        noise = runtime.noise(seed, int(faces), layout.dimensions)
        warmth = torch.tensor(heat).repeat(int(faces))[:, None].expand(-1, layout.levels)
        rows = noise.repeat_interleave(int(steps), dim=0)
        pixels, timing = decoded(name, rows, warmth.contiguous())
        made.append(pixels)
        spent = timing if spent is None else spent + timing
    assert spent is not None
    contrast = tuple(
        tuple(
            round(float(pixels[i :: int(steps)].float().std(dim=(2, 3)).mean() / 255), 5)
            for i in range(int(steps))
        )
        for pixels in made
    )
    return Strip(tuple(map(Pictures, made)), names, int(faces), heat, contrast, spent)


def resample(
    model: str = "glow-faces",
    *,
    seed: int = 20180829,
    other: int = 1,
    variants: int = 7,
    coarse: float = 0.7,
    middle: float = 0.7,
    fine: float = 0.7,
) -> Levels:
    """One face with a single group of levels drawn anew, `variants` times for each group.

    `coarse`, `middle` and `fine` are the temperatures. The new noise of a group comes from the seed
    `other`, that of all other levels stays.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_seed(seed)
    check_seed(other, "the other seed", zh="另一个种子")
    check_whole("the number of variants", variants, 1, 12, zh="变体数")
    layout, count = layout_of(model), int(variants)
    heat = {"coarse": coarse, "middle": middle, "fine": fine}
    for group, value in heat.items():
        check_temperature(
            value, f"the temperature of the {group} level", zh=f"{GROUP_ZH[group]}温度"
        )
    base = runtime.noise(seed, 1, layout.dimensions)
    rows = [base]
    parts = list(layout.parts)
    fresh = runtime.noise(other, count, layout.dimensions).split(parts, dim=1)
    kept = base.expand(count, -1).split(parts, dim=1)
    for group in layout.groups:
        rows.append(
            torch.cat(
                [
                    (fresh if layout.group(level) == group else kept)[level]
                    for level in range(layout.levels)
                ],
                dim=1,
            )
        )
    noise = torch.cat(rows)
    pixels, timing = decoded(model, noise, repeated(temperatures(layout, heat), len(noise)))
    original, changed = pixels[:1], pixels[1:]
    difference = (changed.float() - original.float()).abs().mean(dim=(1, 2, 3)) / 255
    shares = [
        sum(n for level, n in enumerate(parts) if layout.group(level) == group) / layout.dimensions
        for group in layout.groups
    ]
    return Levels(
        original=Pictures(original),
        groups=layout.groups,
        pictures=Pictures(changed),
        variants=count,
        shares=tuple(shares),
        changes=tuple(round(float(d), 5) for d in difference.unflatten(0, (-1, count)).mean(dim=1)),
        timing=timing,
    )


def decoded(model: str, noise: Tensor, temperature: Tensor) -> tuple[Tensor, Timing]:
    """Pictures of noise `(count, dimensions)` at temperatures `(count, levels)`, by the fast path."""
    rows = {"noise": noise.contiguous(), "temperature": temperature}
    out, timing = runtime.run(model, _decode, rows, max_rows=MAX_PICTURES)
    return out["pixels"], timing


# -- run by the runtime, on the device, for rows of many visitors ---------------------------------


def _decode(model: MultiScaleFlow, *, noise: Tensor, temperature: Tensor) -> dict[str, Tensor]:
    """uint8 pictures of noise, each level times its temperature."""
    x = fused(model).sample(model.split(noise), temperature)
    return {"pixels": model.quantization.pixels(x)}
