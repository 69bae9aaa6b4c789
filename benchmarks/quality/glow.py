"""Quality of the flows over pictures: likelihood of unseen ones, exactness, samples at temperatures.

`python -m benchmarks quality NAME --data FOLDER [--split SPLIT] [--train FOLDER]`, folders as for the other
image models. `bits_per_dim` is the mean over all unseen pictures and `DRAWS` draws of the noise inside grey
levels; `bits_per_dim_draws` has each draw's own, `bits_per_dim_error` the standard error over pictures.
`contributions` add up to it. `round_trip_max_error_*` is the largest error of a colour after encoding and
decoding, black to white being 1; `sample_max_error_*` that of a sample in half precision against single.
`swd` and `frechet` have an entry a temperature; `real` and `memorisation` (at `COPIES` degrees) are those of
all image models.
"""

from typing import Any, cast

import torch

from benchmarks.image_data import read_images
from benchmarks.quality import Benchmark, Options
from benchmarks.quality import flows as measures
from benchmarks.quality.image_samples import distances, sample_figures
from benchmarks.quality.images import CLASSIFIER, SAMPLES, Classifier, rounded
from core import hub, runtime
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
    weights = hub.locate(name)
    device = options.device or runtime.choose_device()
    flow = cast(MultiScaleFlow, hub.load(name).to(device))
    unseen = read_images(options.data, options.split, size=flow.size, limit=options.limit)
    pixels = unseen.pixels.to(device)
    options.report(f"{len(unseen)} pictures of {unseen.size} pixels from {options.data.name}")
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

    classifier = Classifier.load(device)
    features = None if classifier is None else classifier.features
    train = [read_images(folder, "train", size=flow.size).pixels for folder in options.train]
    count, path = min(options.samples, SAMPLES), fused(flow)
    figures["swd"], figures["frechet"] = {}, {}
    for temperature in TEMPERATURES:
        options.report(f"{count} samples at temperature {temperature}")
        made = measures.draw(flow, count, options.seed, temperature, path)
        found = distances(made, pixels, features, seed=options.seed)
        figures["swd"][str(temperature)] = found["swd"]
        figures["frechet"][str(temperature)] = found["frechet"]
    whole = sample_figures(
        lambda count, seed: measures.draw(flow, count, seed, COPIES, path),
        pixels,
        torch.cat(train).to(device) if train else None,
        features,
        count=count,
        seed=options.seed,
        report=options.report,
    )
    figures |= {key: value for key, value in whole.items() if key not in ("swd", "frechet")}
    figures["conditions"] = {
        "weights": weights.hash,
        "data": options.data.name,
        "split": options.split or "all",
        "pictures": len(unseen),
        "size": flow.size,
        "train": [folder.name for folder in options.train],
        "samples": count,
        "draws": DRAWS,
        "features": None if classifier is None else hub.locate(CLASSIFIER).hash,
        "seed": options.seed,
        "device": str(device),
        "torch": str(torch.__version__),
    }
    return {key: rounded(value) for key, value in figures.items()}


BENCHMARK = Benchmark(names=("glow-*",), measure=measure, folders=True)
