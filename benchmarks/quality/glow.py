"""Quality of the flows over pictures: likelihood of unseen ones, exactness, samples at temperatures.

`python -m benchmarks quality NAME --data FOLDER [--split SPLIT] [--train FOLDER]`, folders as for the other
image models. `bits_per_dim` is the mean over all unseen pictures and `DRAWS` draws of the noise inside grey
levels; `bits_per_dim_draws` has each draw's own, `bits_per_dim_error` the standard error over pictures.
`contributions` add up to it. `round_trip_max_error_*` is the largest error of a colour after encoding and
decoding, black to white being 1; `sample_max_error_*` that of a sample in half precision against single.
`swd` and `frechet` have an entry a temperature; `swd_levels`, `real` and `memorisation` (at `COPIES` degrees)
are those of all image models.
"""

from typing import Any

import torch

from benchmarks.quality import Benchmark, Options
from benchmarks.quality import flows as measures
from benchmarks.quality.picture_run import PictureRun, rounded
from core.models.flows.fused import fused
from core.models.flows.multi_scale import MultiScaleFlow

DRAWS = 3
TEMPERATURES = (0.6, 0.7, 0.8, 0.9, 1.0)
COPIES = 0.8  # the temperature at which samples are compared with training pictures
TRIPS = 256  # pictures that go there and back
HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def measure(name: str, options: Options) -> dict[str, Any]:
    """All figures; those that need the classifier or training pictures are None without.

    Raises `ValueError` when a folder is not one of pictures.
    """
    run: PictureRun[MultiScaleFlow] = PictureRun(name, options)
    flow, pixels = run.model, run.pixels
    bits = measures.bits_per_dim(flow, pixels, repeats=DRAWS, seed=options.seed)
    figures: dict[str, Any] = {
        "bits_per_dim": float(bits.mean()),
        "bits_per_dim_error": float(bits.mean(dim=0).std() / len(pixels) ** 0.5),
        "bits_per_dim_draws": bits.mean(dim=1).tolist(),
        "contributions": measures.contributions(flow, pixels, seed=options.seed),
    }
    options.report("there and back")
    few = pixels[:TRIPS]
    figures["round_trip_max_error_fp32"] = measures.round_trip_error(flow, few)
    for label, dtype in HALVES.items():
        figures[f"round_trip_max_error_{label}"] = measures.round_trip_error(flow, few, dtype)
        error = measures.precision_error(flow, dtype, min(64, options.samples), options.seed)
        figures[f"sample_max_error_{label}"] = error

    path = fused(flow)
    whole = run.sample_figures(lambda count, seed: measures.draw(flow, count, seed, COPIES, path))
    degrees = {COPIES: {key: whole.pop(key) for key in ("swd", "frechet")}}
    for temperature in (degree for degree in TEMPERATURES if degree != COPIES):
        options.report(f"{run.count} samples at temperature {temperature}")
        made = measures.draw(flow, run.count, options.seed, temperature, path)
        degrees[temperature] = run.distances(made)
    for key in ("swd", "frechet"):
        figures[key] = {str(degree): degrees[degree][key] for degree in sorted(degrees)}
    figures |= whole
    figures["conditions"] = run.conditions(draws=DRAWS)
    return rounded(figures)


BENCHMARK = Benchmark(names=("glow-*",), measure=measure, folders=True)
