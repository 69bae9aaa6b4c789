"""Models of several families, trained on the same pictures, beside each other in each one's card.

All numbers are what `python -m benchmarks quality` measured of the weights and stored with them; nothing
measured stands as "-". Samples are those of the model as it is defined: temperature 1, and for diffusion
25 steps of `ddim`. Distances are taken at the side of the smallest pictures, since they depend on it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.quality.image_samples import SIDE
from core import hub
from core.hub import WeightsError

HEAD = [
    "model",
    "pixels",
    "parameters",
    "bits/dim, unseen",
    "reconstruction PSNR",
    f"sliced Wasserstein, {SIDE} px",
    f"Fréchet, {SIDE} px",
    "samples",
]


def family_table(
    names: Sequence[str], data: str, known: Mapping[str, Mapping[str, Any]] | None = None
) -> list[list[str]]:
    """The head, a row for each of these weights, and one of real pictures; `data` is the set's name.

    `known` are metrics that are not stored yet, by name. Weights that are not there are left out.
    """
    rows, real = [], None
    for name in names:
        try:
            metrics = (known or {}).get(name) or hub.describe(name).metrics
        except WeightsError:
            continue
        figures = metrics.get("measured", {}).get(data, {})
        conditions = figures.get("conditions", {})
        small = figures if conditions.get("size") == SIDE else figures.get(f"at_{SIDE}_pixels", {})
        real = real or small.get("real")
        rows.append(
            [
                name,
                str(conditions.get("size", "-")),
                f"{metrics['parameters'] / 1e6:.1f} M",
                _bits(figures),
                _psnr(figures),
                *(_number(_sampled(small.get(key))) for key in ("swd", "frechet")),
                str(conditions.get("samples", "-")),
            ]
        )
    if real:
        distances = [_number(real.get(key)) for key in ("swd", "frechet")]
        rows.append(["real faces", str(SIDE), "", "", "", *distances, real.get("basis", "")])
    return [HEAD, *rows]


def _bits(figures: Mapping[str, Any]) -> str:
    """Exact for flows; for a VAE the importance bound."""
    if "importance_bits_per_dim" in figures:
        return f"≤ {figures['importance_bits_per_dim']:.3f}"
    return f"{figures['bits_per_dim']:.3f}" if "bits_per_dim" in figures else "-"


def _psnr(figures: Mapping[str, Any]) -> str:
    if "round_trip_max_error_fp32" in figures:
        return "exact"
    return f"{figures['reconstruction_psnr']:.1f} dB" if "reconstruction_psnr" in figures else "-"


def _sampled(found: float | Mapping[str, float] | None) -> float | None:
    """A figure, or its entry at temperature 1 or 25 steps."""
    if isinstance(found, Mapping):
        return found.get("1.0", found.get("25"))
    return found


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
