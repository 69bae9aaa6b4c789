"""Quality of the diffusion models: samples at several numbers of steps, inversion, memorisation.

`python -m benchmarks quality NAME --data FOLDER [--split SPLIT] [--train FOLDER]`, folders as for the other
image models. `swd` and `frechet` have an entry a number of steps (`ddim`); `solver` has them for 10 steps of
`dpm-solver++`. `prediction_error` is the mean squared error of v over all levels of noise.
`sampling` has the time of `TIMED` pictures in one batch at numbers of steps, and of the first step alone,
after which there is something to show. `reconstruction_psnr` and `retrieval_top1` are of pictures that `ddim`
took to noise and back. `swd_levels`, `real` and `memorisation` (at `STEPS` steps) are those of all image
models.
"""

import statistics
import time
from typing import Any

import torch
from torch import Tensor

from benchmarks.quality import Benchmark, Options
from benchmarks.quality.image_codes import reconstruction_figures
from benchmarks.quality.image_samples import in_batches
from benchmarks.quality.picture_run import PictureRun, rounded
from core.levels import scaled, to_levels
from core.models.ddpm import DDPM, LEVELS
from core.runtime import draws

STEPS = 25
COUNTS = (10, 25, 50)  # of steps, that samples are judged at
FEW = 1000  # samples at numbers of steps other than `STEPS`
INVERTED = 200  # pictures that go to noise and back
BATCH = 64
TIMED = 16  # pictures in the batch that is timed
REPEATS = 3


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
        model.loss(scaled(x.to(device)), e.to(device), t.to(device)).cpu()
        for x, e, t in zip(pixels.split(BATCH), noise.split(BATCH), level.split(BATCH), strict=True)
    ]
    return float(torch.cat(errors).mean())


@torch.no_grad()
def there_and_back(model: DDPM, pixels: Tensor, steps: int) -> Tensor:
    """uint8 pictures taken to noise by `ddim` and made from it again, uint8."""
    device = model.signal.device

    def trip(x: Tensor) -> Tensor:
        images = scaled(x.to(device))
        return to_levels(model.generate(model.invert(images, steps), steps))

    return in_batches(trip, pixels)


@torch.no_grad()
def sampling_times(model: DDPM, seed: int) -> list[dict[str, float]]:
    """Rows of `steps`, `seconds` for `TIMED` pictures and `first_step_seconds`, medians by the clock."""
    size, device = model.config.size, model.signal.device
    noise = draws.noise(seed, TIMED, 3 * size**2).view(TIMED, 3, size, size).to(device)
    rows = []
    for steps in COUNTS:
        runs = []
        for _ in range(REPEATS):
            started, marks = time.perf_counter(), []
            for state in model.denoise(noise, steps):
                float(state.x[0, 0, 0, 0])  # waits for a device that runs ahead
                marks.append(time.perf_counter() - started)
            runs.append(marks)
        first, last = (statistics.median(run[i] for run in runs) for i in (0, -1))
        rows.append({"steps": steps, "seconds": last, "first_step_seconds": first})
    return rows


def measure(name: str, options: Options) -> dict[str, Any]:
    """All figures; those that need the classifier or training pictures are None without.

    Raises `ValueError` when a folder is not one of pictures.
    """
    run: PictureRun[DDPM] = PictureRun(name, options)
    model, pixels = run.model, run.pixels
    figures: dict[str, Any] = {
        "prediction_error": prediction_error(model, pixels, seed=options.seed)
    }
    whole = run.sample_figures(lambda count, seed: draw(model, count, seed))
    swd, frechet = {str(STEPS): whole.pop("swd")}, {str(STEPS): whole.pop("frechet")}
    few = min(run.count, FEW)
    for steps in COUNTS:
        if steps != STEPS:
            options.report(f"{few} samples of {steps} steps")
            found = run.distances(draw(model, few, options.seed, steps))
            swd[str(steps)], frechet[str(steps)] = found["swd"], found["frechet"]
    options.report(f"{few} samples of the solver")
    solver = draw(model, few, options.seed, COUNTS[0], "dpm-solver++")
    figures |= {
        "swd": swd,
        "frechet": frechet,
        "solver": run.distances(solver),
        **whole,
    }
    options.report(f"time of {TIMED} samples")
    figures["sampling"] = sampling_times(model, options.seed)
    options.report("to noise and back")
    originals = pixels[:INVERTED]
    figures |= reconstruction_figures(originals, there_and_back(model, originals, COUNTS[-1]))
    figures["conditions"] = run.conditions(
        samples_at_other_steps=few,
        inverted=len(originals),
        timed=TIMED,
        threads=torch.get_num_threads(),
    )
    return rounded(figures)


BENCHMARK = Benchmark(names=("ddpm-*",), measure=measure, folders=True)
