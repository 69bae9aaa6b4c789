"""What the flow recipes share: data on the device, bits per dimension as the loss, what goes with weights."""

import json
import math
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from benchmarks.quality.flows import bits_per_dim, draw, round_trip_error
from benchmarks.quality.sliced_wasserstein import sliced_wasserstein
from core import hub
from core.models.flows.fused import FusedFlow
from core.models.flows.multi_scale import MultiScaleFlow
from core.runtime import draws
from train.cautious import CautiousAdamW
from train.directions import directions
from train.image_sets import SAMPLE_OF_WEB
from train.loop import run_folder
from train.picture_grid import save_grid
from train.picture_recipe import PictureRecipe
from train.recipe import Batch, Logs, Metric

DIRECTIONS = "directions.safetensors"  # attribute to (dimensions,), for flat noise
LIKELIHOODS = "likelihoods.json"  # bits per dimension of unseen pictures, sorted
SHOWN = (0.0, 0.5, 0.7, 0.85, 1.0)  # temperatures of the rows of pictures.png, of the same noise
# Columns of labels.csv to the names of directions; ages in decades. Sex is held apart, not shipped.
ATTRIBUTES = {"age": "age", "smile_p": "smile", "glasses_p": "glasses", "beard_p": "beard"}
HELD = ("female",)


@dataclass(kw_only=True)
class FlowRecipe(PictureRecipe):
    """A multi-scale flow on one set of pictures; subclasses name the set and build the model."""

    tensor_float = False  # errors of products would add up along the layers
    # Triangular factors and scales multiply along hundreds of layers: their rounding would add up.
    keep_float32 = tuple(
        f"levels.{level}.steps.{step}.{part}."
        for level in range(8)
        for step in range(64)
        for part in ("actnorm", "mixing")
    )

    steps: int = 12_000
    batch_size: int = 128
    learning_rate: float = 1e-3
    warmup: int = 500
    cooldown: float = 0.3
    betas: tuple[float, float] = (0.9, 0.99)
    gradient_clip: float | None = None  # the optimizer clips by itself, after judging the norm
    ema: float | None = 0.999
    evaluate_every: int = 1000
    mixed_precision: str = "bf16"  # for the networks inside couplings; the flow itself stays single

    bits: int = 8
    clip: float = 1.0  # times the usual norm of all gradients, to which it is cut down
    tolerance: float = 30.0  # times the usual norm, above which a step is passed over
    first_batch: int = 256  # pictures that data-dependent numbers start from
    recompute: bool = False  # inner activations again in the backward pass: a tenth of the memory
    compile: bool = False  # torch.compile of the steps on a GPU: pays for runs of several minutes

    @abstractmethod
    def model(self) -> MultiScaleFlow:
        """The untrained model, before its start."""

    def build(self) -> nn.Module:
        """The model, started from the first pictures of the first epoch."""
        pixels = self.images.pixels
        model = self.model().to(pixels.device)
        batch = self.images.batch(0, self.first_batch, self.seed)
        noise = draws.uniform(self.seed, self.first_batch, *pixels.shape[1:])
        model.start(model.dequantize(self.images.levels(batch), noise.to(pixels.device)))
        model.recompute = self.recompute
        if self.compile and pixels.device.type == "cuda":
            compile_steps(model)
        return model

    def optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """AdamW that passes over exploding steps."""
        self._optimizer = CautiousAdamW(
            model.parameters(),
            lr=self.learning_rate,
            betas=self.betas,
            weight_decay=self.weight_decay,
            clip=self.clip,
            tolerance=self.tolerance,
        )
        return self._optimizer

    def loss(self, model: Any, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """Bits per dimension with fresh noise in the pixels' bins; the norm is the last step's."""
        pixels = self.images.levels(batch)
        noise = torch.rand(pixels.shape, device=pixels.device)
        density = model.log_prob(model.dequantize(pixels, noise))
        bits = model.quantization.bits_per_dim(density.log_prob(), model.dimensions).mean()
        log_det = density.log_det.sum(dim=1).mean() / (model.dimensions * math.log(2))
        return bits, {
            "log_det_bits": log_det,
            "gradient_norm": self._optimizer.last_norm,
            "skipped": self._optimizer.skipped,
        }

    def evaluate(self, model: Any) -> Logs:
        """Likelihood and exactness on the dev pictures, a cheap distance of warm and cool samples."""
        pixels = self.dev.pixels.to(next(model.parameters()).device)
        few = pixels[:16] if self.smoke else pixels[:256]
        bits = bits_per_dim(model, pixels, repeats=1, seed=self.seed)
        figures = {
            "bits_per_dim": float(bits.mean()),
            "round_trip_max_error_fp32": round_trip_error(model, few),
        }
        for temperature in (0.7, 1.0):
            made = draw(model, len(few), self.seed, temperature)
            distance = sliced_wasserstein(few, made, patches=32, directions=128)
            figures[f"swd_{temperature}"] = distance["mean"]
        rows = [draw(model, 12, self.seed, warmth) for warmth in SHOWN]
        save_grid(run_folder(self) / "pictures.png", torch.cat(rows), 12)
        return {**figures, "score": -figures["bits_per_dim"]}

    def golden_inputs(self) -> dict[str, Tensor]:
        """Noise, and smooth coloured pictures: no person's face is stored with the weights."""
        return {
            "input.noise": draws.noise(self.seed, 2, 3 * self.size**2),
            "input.pixels": self.made_up_pictures(),
        }

    def shrink(self) -> None:
        """A few steps of thin networks on small pictures."""
        super().shrink()
        self.size, self.first_batch = 16, 16

    def files(self, folder: Path) -> None:
        """Likelihoods of unseen pictures and, for faces, directions of attributes; as shipped."""
        device = self.dev.pixels.device
        model = cast(MultiScaleFlow, hub.load_folder(folder, self.model_class).to(device))
        bits = bits_per_dim(model, self.dev.pixels, repeats=1, seed=self.seed)
        values = [round(value, 4) for value in sorted(bits[0].tolist())]
        text = json.dumps({"split": "val", "bits_per_dim": values}) + "\n"
        (folder / LIKELIHOODS).write_text(text, encoding="utf-8", newline="\n")
        if ATTRIBUTES.keys() <= self.images.labels.keys():
            slopes = self._directions(model)
            save_file(slopes, folder / DIRECTIONS, metadata={"age": "per 10 years"})

    def _directions(self, model: MultiScaleFlow) -> dict[str, Tensor]:
        """A direction for every attribute, half precision `(dimensions,)`."""
        labels = self.images.numbers(*ATTRIBUTES, *HELD)
        labels[:, list(ATTRIBUTES).index("age")] /= 10
        path = FusedFlow(model, record=False)

        def encode(pixels: Tensor) -> Tensor:
            return model.flatten(path.forward(model.dequantize(pixels, 0.5)))

        parts = zip(self.images.pixels.split(128), labels.split(128), strict=True)
        slopes = directions(encode, parts).half()
        return {name: slopes[i].clone() for i, name in enumerate(ATTRIBUTES.values())}


def compile_steps(model: MultiScaleFlow) -> None:
    """Compile each step by itself: one compilation for every level, not for every step."""
    import torch._dynamo

    torch._dynamo.config.suppress_errors = True  # without a compiler: as if never asked
    for level in model.parts():
        for step in level.parts():
            step.compile(dynamic=False)


METRICS: list[Metric] = [
    {"figure": figure, "label": label, "author": None}
    for figure, label in (
        ("bits_per_dim", "比特/维（越低越好）bits per dimension, lower is better"),
        ("round_trip_max_error_fp32", "单精度往返最大误差 largest round-trip error, fp32"),
        ("swd_0.7", "切片 Wasserstein 距离，温度 0.7 sliced Wasserstein ×1000 at T = 0.7"),
        ("swd_1.0", "切片 Wasserstein 距离，温度 1 the same at T = 1"),
    )
]
FACE_LIMITS = [
    "Tight, aligned, frontal faces only. Other pictures are encoded and rebuilt exactly too, but what lies "
    "near their codes is no picture of their kind.",
    "Likelihood is not typicality: smooth pictures that are no faces at all get fewer bits.",
    "The pictures were JPEG files twice, so bits per dimension compare models on these files only.",
    SAMPLE_OF_WEB,
]
