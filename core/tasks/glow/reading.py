r"""Exact codes, and the bits per dimension of a picture taken apart.

A picture of whole grey levels :math:`q` is placed at random inside its bins, :math:`x=a+(b-a)(q+u)/n`,
and

.. math:: \text{bits/dim} = \log_2\frac{n}{b-a}
    - \sum_l \frac{\ln N(z_l;\mu_l,\sigma_l^2) + \ln|\det f_l'|}{D\ln 2},

averaged over draws of :math:`u`: an upper bound on what the levels themselves need.
"""

import bisect
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from core import runtime
from core.errors import check_choice, check_whole
from core.models.flows.fused import fused
from core.models.flows.multi_scale import MultiScaleFlow
from core.pictures import Pictures
from core.runtime import Timing
from core.tasks.glow.checks import check_seed
from core.tasks.glow.records import Contribution, Judged, Judgement, Reading
from core.tasks.glow.resources import MODELS, bits_of_unseen, layout_of
from core.tasks.glow.sources import pictures_of

HALF = torch.bfloat16
MAX_DRAWS = 32
MAX_JUDGED = 24
JUDGED_AT_ONCE = 8  # pictures times draws that a batch reads together


def read(source: str = "7", model: str = "glow-faces", *, draws: int = 4, seed: int = 0) -> Reading:
    """Encode a picture, rebuild it, and take its likelihood apart.

    `draws` places inside the grey levels' bins are averaged; they come from `seed`.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_whole("the number of draws", draws, 1, MAX_DRAWS, zh="抽样次数")
    check_seed(seed)
    layout = layout_of(model)
    pixels, made = pictures_of([source], model)
    rows = {
        "pixels": pixels,
        "inside": runtime.uniform(seed, draws, layout.dimensions).unsqueeze(0),
    }
    out, timing = runtime.run(model, _read, rows, max_rows=max(1, JUDGED_AT_ONCE // draws))
    out = {name: tensor[0] for name, tensor in out.items()}
    bits, prior, log_det = (out[name].double() for name in ("bits", "prior", "log_det"))
    contributions = tuple(
        Contribution(level + 1, layout.group(level), float(p), float(d))
        for level, (p, d) in enumerate(zip(prior.mean(dim=0), log_det.mean(dim=0), strict=True))
    )
    code = out["code"]
    constant = float(out["constant"])
    return Reading(
        picture=Pictures(pixels),
        rebuilt=Pictures(out["rebuilt"].unsqueeze(0)),
        rebuilt_half=Pictures(out["rebuilt_half"].unsqueeze(0)),
        error_single=float(out["error"]),
        error_half=float(out["error_half"]),
        half=str(HALF).removeprefix("torch."),
        changed_pixels=(
            int((out["rebuilt"] != pixels[0]).sum()),
            int((out["rebuilt_half"] != pixels[0]).sum()),
        ),
        bits_per_dim=constant + sum(c.prior + c.log_det for c in contributions),
        spread=float(bits.std(correction=0)),
        middle=float(out["middle"]),
        levels_bits=constant,
        contributions=contributions,
        radius=_radius(code),
        radii=tuple(_radius(part) for part in code.split(list(layout.parts))),
        below=share_below(float(bits.mean()), bits_of_unseen(model)),
        code=code,
        draws=int(draws),
        timing=timing if made is None else made + timing,
    )


def judge(
    sources: Sequence[str] = ("7", "flipped:7", "grey", "checkerboard", "noise"),
    model: str = "glow-faces",
    *,
    draws: int = 2,
    seed: int = 0,
) -> Judged:
    """Bits per dimension of several pictures, and how far from the origin their codes lie.

    The codes of noise drawn from the prior have a root mean square near 1: `typical` holds what all
    but one in a thousand have.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_whole("the number of pictures", len(sources), 1, MAX_JUDGED, zh="图片数")
    check_whole("the number of draws", draws, 1, MAX_DRAWS, zh="抽样次数")
    check_seed(seed)
    layout = layout_of(model)
    pixels, made = pictures_of(sources, model)
    inside = runtime.uniform(seed, draws, layout.dimensions)
    rows = {"pixels": pixels, "inside": inside.expand(len(pixels), -1, -1)}
    out, timing = runtime.run(model, _judge, rows, max_rows=max(1, JUDGED_AT_ONCE // draws))
    unseen = bits_of_unseen(model)
    # The square of the radius times D is chi-square: 1 +- 3.29 deviations for 99.9 %.
    slack = 3.29 * math.sqrt(2 / layout.dimensions)
    entries = tuple(
        Judgement(_named(str(source)), bits, _radius(code), share_below(bits, unseen))
        for source, bits, code in zip(
            sources, out["bits"].double().mean(dim=1).tolist(), out["code"], strict=True
        )
    )
    return Judged(
        pictures=Pictures(pixels),
        entries=entries,
        unseen=unseen,
        typical=(math.sqrt(1 - slack), math.sqrt(1 + slack)),
        timing=timing if made is None else made + timing,
    )


def encoded(pixels: Tensor, model: str) -> tuple[Tensor, Timing]:
    """Codes `(count, dimensions)` of pictures, at the middle of their grey levels' bins."""
    out, timing = runtime.run(model, _encode, {"pixels": pixels})
    return out["code"], timing


def share_below(bits: float, unseen: Sequence[float]) -> float | None:
    """The share of sorted numbers below one; None without any."""
    return bisect.bisect_left(unseen, bits) / len(unseen) if unseen else None


def _radius(code: Tensor) -> float:
    """Root mean square of a code: 1 is typical of standard normal numbers."""
    return float(code.double().square().mean().sqrt())


def _named(source: str) -> str:
    """A source in a result: a photograph by that word, not by its bytes."""
    head, found, _ = source.partition("data:")
    return head + "photo" if found else source


# -- run by the runtime, on the device, for rows of many visitors ---------------------------------


def _likelihood(model: MultiScaleFlow, pixels: Tensor, inside: Tensor) -> dict[str, Tensor]:
    """Bits of pictures at places `(rows, draws, dimensions)` inside their bins, cut up by level."""
    rows, draws, _ = inside.shape
    noise = inside.flatten(0, 1).unflatten(1, pixels.shape[1:])
    x = model.dequantize(pixels.repeat_interleave(draws, dim=0), noise)
    density = model.log_prob(x)
    scale = -1 / (model.dimensions * math.log(2))
    constant = model.quantization.bits_per_dim(x.new_zeros(()), model.dimensions)
    prior, log_det = (
        (scale * part.double()).unflatten(0, (rows, draws))
        for part in (density.prior, density.log_det)
    )
    return {
        "prior": prior,
        "log_det": log_det,
        "bits": constant + (prior + log_det).sum(dim=2),
        "constant": constant.expand(rows).clone(),
        "code": model.flatten(density.noise).unflatten(0, (rows, draws))[:, 0],
    }


def _judge(model: MultiScaleFlow, *, pixels: Tensor, inside: Tensor) -> dict[str, Tensor]:
    """What `judge` needs of each picture; the code is that of the first draw."""
    found = _likelihood(model, pixels, inside)
    return {"bits": found["bits"], "code": found["code"]}


def _read(model: MultiScaleFlow, *, pixels: Tensor, inside: Tensor) -> dict[str, Tensor]:
    """What `read` needs of each picture; the code is that of the middle of the bins."""
    found = _likelihood(model, pixels, inside)
    x = model.dequantize(pixels, 0.5)
    middle = inside.new_full((len(pixels), 1, inside.shape[2]), 0.5)
    found["middle"] = _likelihood(model, pixels, middle)["bits"][:, 0]
    for suffix, path in (("", fused(model)), ("_half", fused(model, HALF))):
        code = path.forward(x)
        back = path.inverse(code)
        found["rebuilt" + suffix] = model.quantization.pixels(back)
        scale = model.quantization.high - model.quantization.low
        found["error" + suffix] = (back - x).abs().flatten(1).amax(dim=1) / scale
        if not suffix:
            found["code"] = model.flatten(code)
    return found


def _encode(model: MultiScaleFlow, *, pixels: Tensor) -> dict[str, Tensor]:
    """Codes of pictures at the middle of their bins, by the fast path."""
    return {"code": model.flatten(fused(model).forward(model.dequantize(pixels, 0.5)))}
