"""Quality of the diffusion models: samples at several numbers of steps, inversion, memorisation.

`python -m benchmarks quality NAME --data FOLDER [--split SPLIT] [--train FOLDER]`, folders as for the other
image models. `swd` and `frechet` have an entry a number of steps (`ddim`); `solver` has them for 10 steps of
`dpm-solver++`. `prediction_error` is the mean squared error of v over all levels of noise.
`reconstruction_psnr` and `retrieval_top1` are of pictures that `ddim` took to noise and back. `real` and
`memorisation` (at `STEPS` steps) are those of all image models.
"""

from typing import Any, cast

import torch
from torch import Tensor

from benchmarks.image_data import read_images
from benchmarks.quality import Benchmark, Options
from benchmarks.quality.image_codes import reconstruction_figures
from benchmarks.quality.image_samples import distances, in_batches, sample_figures, to_levels
from benchmarks.quality.images import CLASSIFIER, SAMPLES, Classifier, rounded
from core import hub, runtime
from core.models.ddpm import DDPM, LEVELS
from core.runtime import draws

STEPS = 25
COUNTS = (10, 25, 50)  # of steps, that samples are judged at
FEW = 1000  # samples at numbers of steps other than `STEPS`
INVERTED = 200  # pictures that go to noise and back
BATCH = 64


@torch.no_grad()
def draw(model: DDPM, count: int, seed: int, steps: int = STEPS, kind: str = "ddim") -> Tensor:
    """Samples, uint8 `(count, 3, size, size)` where the model lies."""
    size, device = model.config.size, model.signal.device
    noise = draws.noise(seed, count, 3 * size**2).view(count, 3, size, size)
    return torch.cat(
        [
            to_levels(model.generate(part.to(device), steps, kind, seed))
            for part in noise.split(BATCH)
        ]
    )


@torch.no_grad()
def prediction_error(model: DDPM, pixels: Tensor, *, seed: int = 0) -> float:
    """Mean squared error of v for uint8 pictures, each at one level of noise, evenly spread."""
    device = model.signal.device
    noise = draws.noise(seed, len(pixels), pixels[0].numel()).view(pixels.shape)
    level = (torch.arange(len(pixels)) * LEVELS) // len(pixels)
    errors = [
        model.loss(x.to(device).float() / 127.5 - 1, e.to(device), t.to(device)).cpu()
        for x, e, t in zip(pixels.split(BATCH), noise.split(BATCH), level.split(BATCH), strict=True)
    ]
    return float(torch.cat(errors).mean())


@torch.no_grad()
def there_and_back(model: DDPM, pixels: Tensor, steps: int) -> Tensor:
    """uint8 pictures taken to noise by `ddim` and made from it again, uint8."""
    device = model.signal.device

    def trip(x: Tensor) -> Tensor:
        images = x.to(device).float() / 127.5 - 1
        return to_levels(model.generate(model.invert(images, steps), steps))

    return in_batches(trip, pixels)


def measure(name: str, options: Options) -> dict[str, Any]:
    """All figures; those that need the classifier or training pictures are None without.

    Raises `ValueError` when a folder is not one of pictures.
    """
    weights = hub.locate(name)
    device = options.device or runtime.choose_device()
    model = cast(DDPM, hub.load(name).to(device))
    size = model.config.size
    unseen = read_images(options.data, options.split, size=size, limit=options.limit)
    pixels = unseen.pixels.to(device)
    options.report(f"{len(unseen)} pictures of {unseen.size} pixels from {options.data.name}")
    classifier = Classifier.load(device)
    features = None if classifier is None else classifier.features
    train = [read_images(folder, "train", size=size).pixels for folder in options.train]
    count = min(options.samples, SAMPLES)
    figures: dict[str, Any] = {
        "prediction_error": prediction_error(model, pixels, seed=options.seed)
    }
    whole = sample_figures(
        lambda count, seed: draw(model, count, seed),
        pixels,
        torch.cat(train).to(device) if train else None,
        features,
        count=count,
        seed=options.seed,
        report=options.report,
    )
    swd, frechet = {str(STEPS): whole.pop("swd")}, {str(STEPS): whole.pop("frechet")}
    few = min(count, FEW)
    for steps in COUNTS:
        if steps != STEPS:
            options.report(f"{few} samples of {steps} steps")
            made = draw(model, few, options.seed, steps)
            found = distances(made, pixels, features, seed=options.seed)
            swd[str(steps)], frechet[str(steps)] = found["swd"], found["frechet"]
    options.report(f"{few} samples of the solver")
    solver = draw(model, few, options.seed, COUNTS[0], "dpm-solver++")
    figures |= {
        "swd": swd,
        "frechet": frechet,
        "solver": distances(solver, pixels, features, seed=options.seed),
        **whole,
    }
    options.report("to noise and back")
    originals = pixels[:INVERTED]
    figures |= reconstruction_figures(originals, there_and_back(model, originals, COUNTS[-1]))
    figures["conditions"] = {
        "weights": weights.hash,
        "data": options.data.name,
        "split": options.split or "all",
        "pictures": len(unseen),
        "size": size,
        "train": [folder.name for folder in options.train],
        "samples": count,
        "samples_at_other_steps": few,
        "inverted": len(originals),
        "features": None if classifier is None else hub.locate(CLASSIFIER).hash,
        "seed": options.seed,
        "device": str(device),
        "torch": str(torch.__version__),
    }
    return {key: rounded(value) for key, value in figures.items()}


BENCHMARK = Benchmark(names=("ddpm-*",), measure=measure, folders=True)
