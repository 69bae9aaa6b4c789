"""Our Glow against the one of `normflows`: samples a second, and bits per dimension after equal training.

Both have the same levels, steps and widths, affine couplings with networks of the same three convolutions,
1x1 convolutions in LU form and actnorm; the peer is put together as its documentation shows. Ours samples
by the fast path of a finished model. Both sides are timed in turn within one run, so that a busy machine
slows both; the ratio is the median of the ratios of neighbouring runs. Where there is a GPU, both are timed
there too, and `floor` says how much of the time of ours the arithmetic and the memory traffic alone would
take at the device's measured speeds.

With `--data FOLDER` (pictures as in `docs/data.md`) two smaller models are also trained side by side, on
the same batches with the same optimizer, and compared by bits per dimension on the split `val`;
`--limit` is the number of pictures that training sees.
"""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.image_data import read_images
from benchmarks.peers import Options
from core.models.flows.fused import FusedFlow
from core.models.flows.multi_scale import MultiScaleFlow
from core.models.glow import Glow, GlowConfig
from core.runtime import draws

SPEED = GlowConfig(size=32, levels=3, steps=16, width=128)
QUALITY = GlowConfig(size=32, levels=3, steps=8, width=64)
BATCHES = (1, 16)
REPEATS = 9
PICTURES = 20_000  # that training sees when nothing is said
TRAINING_BATCH = 32
RATE, WARMUP, CLIP = 1e-3, 100, 1.0


def run(options: Options) -> dict[str, Any]:
    """`sampling` by device and batch size, and `training` when there are pictures.

    Raises `ModuleNotFoundError` with the command that helps where `normflows` is missing, and
    `ValueError` when a folder is not one of pictures.
    """
    make_peer(QUALITY)  # first of all, so that it is missing before anything has taken time
    figures: dict[str, Any] = {"threads": torch.get_num_threads(), "torch": torch.__version__}
    figures["architecture"] = asdict(SPEED)
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    if chosen := os.environ.get("GALLERY_DEVICE"):
        devices = [chosen]
    figures["sampling"] = {}
    for device in devices:
        options.report(f"samples on {device}")
        figures["sampling"][device] = compare_sampling(device)
    if options.data:
        seen = options.limit or PICTURES
        figures["training"] = compare_training(options.data[0], seen, devices[-1], options.report)
    return figures


def make_peer(config: GlowConfig) -> Any:
    """The peer's model of the same architecture, not started."""
    try:
        normflows = import_module("normflows")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the comparison needs normflows: pip install -r requirements-peers.txt"
        ) from error
    bases, merges, flows = [], [], []
    count = config.levels
    for i in range(count):  # coarsest level first
        channels, side = 12 << (count - 1 - i), config.size >> (count - i)
        steps = [
            normflows.flows.GlowBlock(channels, config.width, split_mode="channel", scale=True)
            for _ in range(config.steps)
        ]
        flows.append([*steps, normflows.flows.Squeeze()])
        if i > 0:
            merges.append(normflows.flows.Merge())
            channels //= 2
        bases.append(normflows.distributions.DiagGaussian((channels, side, side)))
    return normflows.MultiscaleFlow(bases, flows, merges, class_cond=False)


# -- sampling ---------------------------------------------------------------------------------------


@torch.no_grad()
def compare_sampling(device: str) -> dict[str, Any]:
    """Speeds of both on one device; `weights` are their numbers of parameters."""
    torch.manual_seed(0)
    peer, ours = make_peer(SPEED).to(device).eval(), Glow(SPEED).to(device).requires_grad_(False)
    pictures = torch.rand(16, 3, SPEED.size, SPEED.size, device=device) - 0.5
    peer.log_prob(pictures, None)  # the peer's actnorms start at the first batch they see
    ours.start(pictures)
    for parameter in [*peer.parameters(), *ours.parameters()]:
        parameter.add_(0.01 * torch.randn_like(parameter))
    half = torch.float16 if device.startswith("cuda") else torch.bfloat16
    paths = {"fp32": FusedFlow(ours), _short(half): FusedFlow(ours, half)}
    figures: dict[str, Any] = {
        "weights": sum(p.numel() for p in ours.parameters()),
        "normflows_weights": sum(p.numel() for p in peer.parameters()),
    }
    for batch in BATCHES:
        row = figures[f"batch_{batch}"] = {}
        for label, path in paths.items():
            row[label] = _race(
                lambda path=path, batch=batch: _sample(ours, path, batch, device),  # type: ignore[misc]
                lambda batch=batch: peer.sample(batch),  # type: ignore[misc]
                device,
                batch,
            )
        plain = FusedFlow(ours, record=False)
        row["without_graphs_ms"] = 1e3 * _median(
            lambda plain=plain, batch=batch: _sample(ours, plain, batch, device),  # type: ignore[misc]
            device,
        )
        row["floor"] = floor(ours, batch, device, row["fp32"]["ms"] / 1e3)
    return figures


def floor(flow: MultiScaleFlow, batch: int, device: str, seconds: float) -> dict[str, float]:
    """What share of `seconds` the device needs for the arithmetic and for the traffic alone.

    Arithmetic: two operations a multiplication of convolutions and mixings, against a large matrix
    product. Traffic: every weight once, every layer's input and output once, against a large copy.
    """
    operations = traffic = 0
    for level, (_, height, width) in zip(flow.parts(), flow.noise_shapes(), strict=True):
        pixels = batch * height * width
        for step in level.parts():
            channels = len(step.actnorm.shift)
            parts = [part[0] for part in step.coupling.network.convolutions()]
            numbers = channels**2 + sum(part.numel() for part in parts)
            operations += 2 * pixels * numbers
            between = 2 * channels + sum(part.shape[0] + part.shape[1] for part in parts)
            traffic += 4 * (numbers + pixels * between)
    side, size = (4096, 1 << 27) if device.startswith("cuda") else (1024, 1 << 24)
    a, b = (torch.randn(side, side, device=device) for _ in range(2))
    arithmetic = operations * _median(lambda: a @ b, device) / (2 * side**3)
    block = torch.zeros(size, device=device)
    memory = traffic * _median(block.clone, device) / (2 * 4 * block.numel())
    return {
        "gigaflop": operations / 1e9,
        "arithmetic_share": arithmetic / seconds,
        "memory_share": memory / seconds,
    }


def _sample(flow: MultiScaleFlow, path: FusedFlow, batch: int, device: str) -> Tensor:
    """Pictures from fresh noise, drawn where the model lies, as the peer does."""
    return path.sample(flow.split(torch.randn(batch, flow.dimensions, device=device)))


def _race(
    ours: Callable[[], object], theirs: Callable[[], object], device: str, batch: int
) -> dict[str, float]:
    for work in (ours, theirs, ours, theirs):  # shapes are new at first
        _seconds(work, device)
    pairs = [(_seconds(ours, device), _seconds(theirs, device)) for _ in range(REPEATS)]
    mine = statistics.median(a for a, _ in pairs)
    return {
        "ms": round(1e3 * mine, 3),
        "normflows_ms": round(1e3 * statistics.median(b for _, b in pairs), 3),
        "times_faster": round(statistics.median(b / a for a, b in pairs), 2),
        "pictures_per_second": round(batch / mine, 1),
    }


def _median(work: Callable[[], object], device: str) -> float:
    _seconds(work, device)
    return statistics.median(_seconds(work, device) for _ in range(REPEATS))


def _seconds(work: Callable[[], object], device: str) -> float:
    gpu = device.startswith("cuda")
    if gpu:
        torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    if gpu:
        torch.cuda.synchronize()
    return time.perf_counter() - started


def _short(dtype: torch.dtype) -> str:
    return {torch.float16: "fp16", torch.bfloat16: "bf16"}[dtype]


# -- training ---------------------------------------------------------------------------------------


def compare_training(
    folder: Path, seen: int, device: str, report: Callable[[str], None]
) -> dict[str, Any]:
    """Bits per dimension of unseen pictures after both have seen the same `seen` pictures."""
    train = read_images(folder, "train", size=QUALITY.size).pixels.to(device)
    unseen = read_images(folder, "val", size=QUALITY.size).pixels.to(device)
    torch.manual_seed(0)
    peer, ours = make_peer(QUALITY).to(device), Glow(QUALITY).to(device)
    steps = max(1, seen // TRAINING_BATCH)
    first = ours.dequantize(_batch(train, 0), 0.5)
    ours.start(first)
    with torch.no_grad():
        peer.log_prob(first, None)
    sides: dict[str, tuple[nn.Module, Callable[[Tensor], Tensor]]] = {
        "ours": (ours, lambda x: ours.log_prob(x).log_prob()),
        "normflows": (peer, lambda x: peer.log_prob(x, None)),
    }
    figures: dict[str, Any] = {
        "data": folder.name,
        "pictures_seen": steps * TRAINING_BATCH,
        "architecture": asdict(QUALITY),
    }
    for name, (model, log_prob) in sides.items():
        report(f"training {name}: {steps} steps of {TRAINING_BATCH}")
        seconds = _train(ours, model, log_prob, train, steps)
        with torch.no_grad():
            parts = [
                ours.quantization.bits_per_dim(
                    log_prob(ours.dequantize(part, _uniform(part, -1 - i))), ours.dimensions
                )
                for i, part in enumerate(unseen.split(64))
            ]
        figures[name] = {
            "bits_per_dim": round(float(torch.cat(parts).mean()), 4),
            "weights": sum(p.numel() for p in model.parameters()),
            "training_pictures_per_second": round(steps * TRAINING_BATCH / seconds, 1),
        }
    return figures


def _train(
    flow: MultiScaleFlow,
    model: nn.Module,
    log_prob: Callable[[Tensor], Tensor],
    train: Tensor,
    steps: int,
) -> float:
    """Adam with warm-up and a falling rate; returns the seconds."""
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, betas=(0.9, 0.99))
    started = time.perf_counter()
    for step in range(steps):
        share = min(1.0, (step + 1) / WARMUP, 3 * (steps - step) / steps)
        optimizer.param_groups[0]["lr"] = RATE * share
        pixels = _batch(train, step)
        x = flow.dequantize(pixels, _uniform(pixels, step))
        loss = flow.quantization.bits_per_dim(log_prob(x), flow.dimensions).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
    if next(model.parameters()).is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - started


def _batch(train: Tensor, step: int) -> Tensor:
    generator = torch.Generator().manual_seed(step)
    return train[torch.randint(len(train), (TRAINING_BATCH,), generator=generator).to(train.device)]


def _uniform(pixels: Tensor, seed: int) -> Tensor:
    return draws.uniform(seed, *pixels.shape).to(pixels.device)


# -- for a reader -----------------------------------------------------------------------------------


def table(figures: dict[str, Any]) -> list[str]:
    """Speeds, a line for each device, batch size and precision; then the training, if any."""
    c = figures["architecture"]
    lines = [
        f"sampling: {c['size']} pixels, {c['levels']} levels of {c['steps']} steps, width {c['width']}, "
        f"{figures['threads']} threads",
        f"  {'':<18}{'ms':>10}{'normflows ms':>14}{'times faster':>14}{'pictures/s':>12}",
    ]
    for device, row in figures["sampling"].items():
        for batch in BATCHES:
            sizes = row[f"batch_{batch}"]
            for label in ("fp32", "fp16", "bf16"):
                if label in sizes:
                    r = sizes[label]
                    lines.append(
                        f"  {f'{device} {batch:>3} {label}':<18}{r['ms']:>10.2f}"
                        f"{r['normflows_ms']:>14.2f}{r['times_faster']:>14.2f}"
                        f"{r['pictures_per_second']:>12,.0f}"
                    )
            share = sizes["floor"]
            lines.append(
                f"  {'':<18}{sizes['without_graphs_ms']:>10.2f} without graphs; arithmetic alone "
                f"{share['arithmetic_share']:.0%}, memory alone {share['memory_share']:.0%} of fp32"
            )
    if "training" in figures:
        t = figures["training"]
        lines.append(f"bits per dimension on {t['data']} after {t['pictures_seen']:,} pictures:")
        for name in ("ours", "normflows"):
            r = t[name]
            lines.append(
                f"  {name:<12}{r['bits_per_dim']:>8.3f}  {r['weights']:,} weights, "
                f"{r['training_pictures_per_second']:,.0f} pictures/s"
            )
    return lines
