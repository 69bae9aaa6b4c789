"""How well pictures survive their codes: correlation of the noise, retrieval, PSNR, attributes.

A reconstruction should be *this* picture and no other: `retrieval_top1` is the share of pictures whose
reconstruction is nearer to them than to any other unseen picture, in root mean square of pixels.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from benchmarks.quality.image_samples import nearest

Probabilities = Callable[[Tensor], Tensor]  # uint8 pictures to (count, attributes) in 0..1


def reconstruction_figures(originals: Tensor, rebuilt: Tensor) -> dict[str, float]:
    """Figures of uint8 pictures `(count, 3, size, size)` and their reconstructions, row by row.

    `retrieval_top1`, and `reconstruction_psnr` in dB (mean over pictures). `blind_psnr` is that of the
    average picture in place of every reconstruction: what knowing nothing about a picture gives.
    """
    found = nearest(rebuilt.flatten(1), originals.flatten(1)).index
    right = found == torch.arange(len(originals), device=found.device)
    average = originals.float().mean(dim=0).expand(originals.shape)
    return {
        "retrieval_top1": float(right.float().mean()),
        "reconstruction_psnr": psnr(originals, rebuilt),
        "blind_psnr": psnr(originals, average),
    }


def psnr(originals: Tensor, others: Tensor) -> float:
    """Peak signal-to-noise ratio in dB, of levels 0 to 255, averaged over pictures.

    The error counts as half a level at least, so equal pictures have 54.2 dB and no infinity.
    """
    error = (originals.float() - others.float()).flatten(1).square().mean(dim=1).clamp_min(0.25)
    return float((10 * (math.log10(255**2) - error.log10())).mean())


def attribute_agreement(
    originals: Tensor, rebuilt: Tensor, classify: Probabilities, names: Sequence[str]
) -> dict[str, Any]:
    """How often the classifier says the same of a picture and of its reconstruction.

    `attribute_agreement` is the mean over attributes; `by_attribute` has each, beside the
    shares of pictures that have it and the agreement of unrelated pictures with these shares, which a
    rare attribute makes high by itself.
    """
    a, b = classify(originals) > 0.5, classify(rebuilt) > 0.5
    rows = []
    for i, name in enumerate(names):
        share = float(a[:, i].float().mean())
        made = float(b[:, i].float().mean())
        rows.append(
            {
                "attribute": name,
                "agreement": float((a[:, i] == b[:, i]).float().mean()),
                "unrelated": share * made + (1 - share) * (1 - made),
                "share_originals": share,
                "share_rebuilt": made,
            }
        )
    mean = float((a == b).float().mean())
    return {"attribute_agreement": mean, "by_attribute": rows}
