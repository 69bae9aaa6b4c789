"""Noise becomes a picture, one layer after the other, in pieces that can be watched and stopped.

At every moment the numbers of all levels, those on their way and those that still wait as noise, fill
one picture: undoing the squeezes puts each where it belongs. So a state is a picture, a layer changes
part of it, and whoever holds the state can go on from it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from core import runtime
from core.errors import check_choice
from core.models.flows.conditional_prior import ConditionalPrior
from core.models.flows.fused import fused
from core.models.flows.multi_scale import MultiScaleFlow
from core.models.flows.squeeze import squeeze, unsqueeze
from core.pictures import Pictures
from core.runtime import Timing
from core.tasks.glow.checks import check_seed, check_temperature
from core.tasks.glow.reading import encoded
from core.tasks.glow.records import Film
from core.tasks.glow.resources import MODELS, Layout, layout_of
from core.tasks.glow.sampling import decoded
from core.tasks.glow.sources import pictures_of

AT_ONCE = 4  # layers between two answers


def films(
    source: str = "", model: str = "glow-faces", *, seed: int = 7, temperature: float = 0.7
) -> Iterator[Film]:
    """Watch a face being made, a few layers at a time; the last film has the true colours.

    Starts from the noise of `seed` times the temperature, or from the exact code of `source` if that is
    not empty.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_seed(seed)
    check_temperature(temperature)
    layout = layout_of(model)
    spent: Timing | None = None
    if str(source).strip():
        given, _ = pictures_of([str(source)], model)
        noise, spent = encoded(given, model)
    else:
        noise = runtime.noise(seed, 1, layout.dimensions) * temperature
    out, timing = runtime.run(model, _lay_out, {"noise": noise})
    spent = timing if spent is None else spent + timing
    state = out["state"]
    frames, labels = [state[0]], ["z"]
    total = layout.levels * (layout.steps + 1)
    for first in range(0, total, AT_ONCE):
        last = min(first + AT_ONCE, total)
        out, timing = runtime.run(model, _advance, {"state": state}, first=first, last=last)
        spent = spent + timing
        frames.extend(out["frames"][0])
        labels.extend(_label(layout, layer) for layer in range(first, last))
        state = frames[-1].unsqueeze(0)
        growth = None
        if last == total:
            # What the levels make together: none, the coarsest, ..., all, the others at their means.
            on = torch.ones(layout.levels, layout.levels).tril().flip(1)
            on = torch.cat([torch.zeros(1, layout.levels), on])
            grown, timing = decoded(model, noise.expand(len(on), -1), on)
            spent, growth = spent + timing, Pictures(grown)
        yield Film(
            frames=Pictures(_stretched(torch.stack(frames))),
            labels=tuple(labels),
            spreads=tuple(round(float(frame.std()), 5) for frame in frames),
            done=last,
            total=total,
            growth=growth,
            timing=spent,
        )


def film(
    source: str = "", model: str = "glow-faces", *, seed: int = 7, temperature: float = 0.7
) -> Film:
    """The whole film, see `films`."""
    *_, whole = films(source, model, seed=seed, temperature=temperature)
    return whole


def _label(layout: Layout, layer: int) -> str:
    """`LEVEL/STEP` or `LEVEL/prior` of a layer, counted as in the model: 1 is nearest to the pixels."""
    level, within = divmod(layer, layout.steps + 1)
    name = "prior" if within == 0 else str(layout.steps + 1 - within)
    return f"{layout.levels - level}/{name}"


def _stretched(frames: Tensor) -> Tensor:
    """uint8 frames; in each, 2.5 standard deviations around its mean fill black to white."""
    mean = frames.mean(dim=(1, 2, 3), keepdim=True)
    reach = 2.5 * frames.std(dim=(1, 2, 3), keepdim=True).clamp_min(1e-6)
    return (255 * ((frames - mean) / (2 * reach) + 0.5).clamp(0, 1)).round().to(torch.uint8)


class Place(NamedTuple):
    """A layer on the way from noise to a picture."""

    level: int  # of the model, 0 is nearest to the pixels
    step: int | None  # of the level, None for the prior


# -- run by the runtime, on the device, for rows of many visitors ---------------------------------


def _lay_out(model: MultiScaleFlow, *, noise: Tensor) -> dict[str, Tensor]:
    """Noise `(rows, dimensions)` as a picture, every number where the squeezes will bring it."""
    parts = list(model.split(noise))
    state = parts.pop()
    while parts:
        state = torch.cat([unsqueeze(state), parts.pop()], dim=1)
    return {"state": unsqueeze(state).contiguous()}


def _advance(model: MultiScaleFlow, *, state: Tensor, first: int, last: int) -> dict[str, Tensor]:
    """The states after each of the layers `first` to `last`, `(rows, layers, 3, size, size)`."""
    states = []
    with torch.autocast(state.device.type, enabled=False):
        for layer in range(first, last):
            state = _changed(model, state, _place(model, layer))
            states.append(state)
    return {"frames": torch.stack(states, dim=1)}


def _place(model: MultiScaleFlow, layer: int) -> Place:
    levels = model.parts()
    for level in reversed(range(len(levels))):
        count = len(levels[level].parts())
        if layer <= count:
            return Place(level, None if layer == 0 else count - layer)
        layer -= count + 1
    raise ValueError(f"the flow has no layer {layer}")


def _changed(model: MultiScaleFlow, state: Tensor, place: Place) -> Tensor:
    """The state with one layer of one level undone; what waits beside it stays."""
    waiting: list[Tensor] = []
    x = squeeze(state)
    for level in model.parts()[: place.level]:
        waiting.append(x[:, level.staying :])
        x = squeeze(x[:, : level.staying])
    level = model.parts()[place.level]
    if place.step is not None:
        x = fused(model).levels[place.level].steps[place.step].inverse(_own(x))
    elif isinstance(level.prior, ConditionalPrior):
        x = level.join(x[:, : level.staying], x[:, level.staying :])
    else:
        x = level.join(None, x)
    while waiting:
        x = torch.cat([unsqueeze(x), waiting.pop()], dim=1)
    return unsqueeze(x).contiguous()


def _own(x: Tensor) -> Tensor:
    """A copy that a layer may write to, in the order that it is fast in."""
    return x.clone(memory_format=torch.channels_last)
