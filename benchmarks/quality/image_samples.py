"""How good pictures of any sampler are: distances from unseen real ones, and whether they are copies.

Every family of image models is measured alike: a sampler makes pictures, a network gives features,
held-out pictures are what samples should look like. The same distances between real pictures and the
held-out ones stand beside the model's: no sampler of this size can be expected below them.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks.image_data import average_down
from benchmarks.quality.frechet import frechet_distance
from benchmarks.quality.sliced_wasserstein import sliced_wasserstein

Sampler = Callable[[int, int], Tensor]  # count and seed to uint8 (count, 3, size, size)
Features = Callable[[Tensor], Tensor]  # uint8 (count, 3, size, size) to (count, numbers)
NEAREST = 1000  # samples, and unseen pictures, whose nearest training picture is looked for
SIDE = 32  # pixels that pictures of models of different sizes are compared at
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95)


def sample_figures(
    sampler: Sampler,
    unseen: Tensor,
    train: Tensor | None = None,
    features: Features | None = None,
    *,
    count: int = 5000,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """`swd`, `frechet`, the same of real pictures in `real`; those of `memorisation` with `train`.

    `at_32_pixels` has these distances of pictures averaged down to that side, for comparisons with
    smaller models; pictures of that side go without. `unseen` and `train` are uint8
    `(pictures, 3, size, size)`. What cannot be had is None. The reference in `real` is made of as many
    training pictures as there are samples, or of the two halves of `unseen` when there are none, which
    makes it larger than it should be.
    """
    report(f"{count} samples")
    made = sampler(count, seed)
    figures: dict[str, Any] = distances(made, unseen, features, seed=seed, report=report)
    if train is not None:
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
        reference, against = train[order[:count].to(train.device)], unseen
        basis = f"{len(reference)} training pictures"
    else:
        half = len(unseen) // 2
        reference, against, basis = unseen[:half], unseen[half:], "the other half of the data"
    report("the same of real pictures")
    real = distances(reference, against, features, seed=seed, report=report)
    figures["real"] = {**real, "basis": basis}
    if unseen.shape[-1] > SIDE:
        report(f"the same at {SIDE} pixels")
        small, *sets = (average_down(x, SIDE) for x in (unseen, made, reference, against))
        figures[f"at_{SIDE}_pixels"] = {
            **distances(sets[0], small, features, seed=seed),
            "real": {**distances(sets[1], sets[2], features, seed=seed), "basis": basis},
        }
    if train is not None:
        report("nearest training pictures")
        figures |= memorisation(made, unseen, train, features)
    return figures


def distances(
    made: Tensor,
    unseen: Tensor,
    features: Features | None,
    *,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """`swd` (mean over levels), `swd_levels`, and `frechet` in the features, None without any."""
    report("sliced Wasserstein distance")
    levels = sliced_wasserstein(unseen, made, seed=seed)
    mean = levels.pop("mean")
    found = None
    if features is not None:
        report("Fréchet distance")
        found = frechet_distance(features(made), features(unseen))
    return {"swd": mean, "swd_levels": levels, "frechet": found}


def memorisation(
    made: Tensor, unseen: Tensor, train: Tensor, features: Features | None
) -> dict[str, Any]:
    """Distances to the nearest training picture, of samples and of unseen pictures, as quantiles.

    `nearest_pixels` are root mean squares in levels of 255, `nearest_features` Euclidean; mirrored
    training pictures count too. `memorisation` is the share of samples nearer to one than the nearest
    hundredth of unseen pictures: 0.01 when samples are no closer than unseen pictures are.
    """
    known = torch.cat([train, train.flip(-1)])
    spaces = {"pixels": (made.flatten(1), unseen.flatten(1), known.flatten(1))}
    if features is not None:
        spaces["features"] = (features(made[:NEAREST]), features(unseen[:NEAREST]), features(known))
    figures: dict[str, Any] = {"memorisation": {}}
    for space, (a, b, known) in spaces.items():
        samples, others = (nearest(x[:NEAREST], known).distance for x in (a, b))
        if space == "pixels":
            samples, others = (x / known.shape[1] ** 0.5 for x in (samples, others))
        closer = (samples < others.quantile(0.01)).float().mean()
        figures["memorisation"][space] = float(closer)
        figures[f"nearest_{space}"] = [
            {
                "quantile": q,
                "samples": float(samples.quantile(q)),
                "unseen": float(others.quantile(q)),
            }
            for q in QUANTILES
        ]
    return figures


class Nearest:
    """For every row the nearest known one: Euclidean `distance` and `index`, `(rows,)` each."""

    def __init__(self, distance: Tensor, index: Tensor) -> None:
        self.distance, self.index = distance, index


def nearest(rows: Tensor, known: Tensor, *, part: int = 4096) -> Nearest:
    """The nearest of `known` `(count, size)` for every row of `(rows, size)`; any number type.

    Found by the matrix product, then measured by the difference itself, so a copy has distance 0.
    """
    rows = rows.float()
    centre = known[:part].float().mean(dim=0)  # small numbers keep their digits in the product
    best = torch.full((len(rows),), torch.inf, device=rows.device)
    index = torch.zeros(len(rows), dtype=torch.long, device=rows.device)
    moved = rows - centre
    for first in range(0, len(known), part):
        some = known[first : first + part].float() - centre
        squared = some.square().sum(dim=1) - 2 * moved @ some.T  # without |row|^2, equal for all
        value, place = squared.min(dim=1)
        better = value < best
        best, index = torch.where(better, value, best), torch.where(better, place + first, index)
    distance = torch.cat(
        [
            (a - known[i].float()).norm(dim=1)
            for a, i in zip(rows.split(256), index.split(256), strict=True)
        ]
    )
    return Nearest(distance, index)


def in_batches(function: Callable[[Tensor], Tensor], rows: Tensor, size: int = 256) -> Tensor:
    """A function of batches over any number of rows, without gradients."""
    with torch.no_grad():
        return torch.cat([function(part) for part in rows.split(size)])
