"""What flows are measured by: bits per dimension, exactness of the way there and back, samples."""

import torch
from torch import Tensor

from core.models.flows.fused import FusedFlow
from core.models.flows.multi_scale import MultiScaleFlow, Temperature
from core.runtime import draws

BATCH = 64


@torch.no_grad()
def bits_per_dim(
    flow: MultiScaleFlow, pixels: Tensor, *, repeats: int = 1, seed: int = 0
) -> Tensor:
    """Bits per dimension of uint8 pictures, `(repeats, pictures)` on the CPU; own noise each time."""
    rows = []
    for repeat in range(repeats):
        noise = _inside(pixels, seed + repeat)
        parts = zip(pixels.split(BATCH), noise.split(BATCH), strict=True)
        rows.append(torch.cat([flow.bits_per_dim(x, u.to(x.device)).cpu() for x, u in parts]))
    return torch.stack(rows)


@torch.no_grad()
def contributions(
    flow: MultiScaleFlow, pixels: Tensor, *, seed: int = 0
) -> list[dict[str, float | str]]:
    """What each level's prior and steps give on average, in bits per dimension; they add up to it.

    The first row is the constant of the grey levels.
    """
    noise = _inside(pixels, seed)
    parts = [
        flow.log_prob(flow.dequantize(x, u.to(x.device)))
        for x, u in zip(pixels.split(BATCH), noise.split(BATCH), strict=True)
    ]
    constant = flow.quantization.bits_per_dim(torch.zeros(()), flow.dimensions)
    prior, steps = (
        flow.quantization.bits_per_dim(torch.cat(kind).mean(dim=0), flow.dimensions) - constant
        for kind in ([part.prior for part in parts], [part.log_det for part in parts])
    )
    rows: list[dict[str, float | str]] = [
        {"part": "levels", "prior": 0.0, "log_det": float(constant)}
    ]
    for i, (p, d) in enumerate(zip(prior.tolist(), steps.tolist(), strict=True)):
        rows.append({"part": f"level {i + 1}", "prior": p, "log_det": d})
    return rows


def round_trip_error(
    flow: MultiScaleFlow, pixels: Tensor, dtype: torch.dtype | None = None
) -> float:
    """Largest error of a colour after encoding and decoding, as a share of black to white.

    By the fast path with networks in `dtype`; nan where a number was not finite.
    """
    path = FusedFlow(flow, dtype, record=False)
    scale = flow.quantization.high - flow.quantization.low
    worst = 0.0
    for part in pixels.split(BATCH):
        x = flow.dequantize(part, 0.5)
        error = float((path.inverse(path.forward(x)) - x).abs().max()) / scale
        worst = error if error != error else max(worst, error)
    return worst


def draw(
    flow: MultiScaleFlow,
    count: int,
    seed: int,
    temperature: Temperature = 1.0,
    path: FusedFlow | None = None,
) -> Tensor:
    """Samples, uint8 `(count, 3, size, size)` where the flow lies; by `path` if there is one."""
    path = path or FusedFlow(flow, record=False)
    parts = []
    for part in draws.noise(seed, count, flow.dimensions).split(BATCH):
        noise = flow.split(part.to(path.device))
        parts.append(flow.quantization.pixels(path.sample(noise, temperature)))
    return torch.cat(parts)


def precision_error(
    flow: MultiScaleFlow, dtype: torch.dtype, count: int, seed: int, temperature: float = 0.8
) -> float:
    """Largest difference of samples with networks in `dtype` from single precision, black to white 1."""
    exact, halved = FusedFlow(flow, record=False), FusedFlow(flow, dtype, record=False)
    scale = flow.quantization.high - flow.quantization.low
    worst = 0.0
    for part in draws.noise(seed, count, flow.dimensions).split(BATCH):
        noise = flow.split(part.to(exact.device))
        a, b = (path.sample(noise, temperature) for path in (exact, halved))
        worst = max(worst, float((a - b).abs().max()) / scale)
    return worst


def _inside(pixels: Tensor, seed: int) -> Tensor:
    """Places inside the grey levels' bins, uniform, on the CPU."""
    return draws.uniform(seed, *pixels.shape)
