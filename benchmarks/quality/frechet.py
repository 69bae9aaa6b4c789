"""Fréchet distance between two sets of features, each taken as a Gaussian (Heusel et al. 2017).

For means :math:`m` and covariances :math:`C` it is
:math:`|m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^{1/2})`. It depends on the features and on how many
examples there are, so only figures of the same network and the same counts can be compared.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Gaussian(NamedTuple):
    """Mean `(size,)` and covariance `(size, size)` of a set, in double precision."""

    mean: Tensor
    covariance: Tensor


def gaussian(features: Tensor) -> Gaussian:
    """Mean and unbiased covariance of features `(count, size)`; `ValueError` for fewer than two."""
    if len(features) < 2:
        raise ValueError(f"a covariance needs two examples at least, got {len(features)}")
    x = features.double()
    mean = x.mean(dim=0)
    return Gaussian(mean, (x - mean).T @ (x - mean) / (len(x) - 1))


def frechet(a: Gaussian, b: Gaussian) -> float:
    """Squared Fréchet (2-Wasserstein) distance of two Gaussians; 0 for equal ones.

    The trace of the root of `C1 C2` is that of the symmetric `C1^(1/2) C2 C1^(1/2)`, which has real
    eigenvalues whatever the ranks are.
    """
    root = _root(a.covariance)
    mixed = torch.linalg.eigvalsh(root @ b.covariance @ root).clamp_min(0).sqrt().sum()
    spread = a.covariance.trace() + b.covariance.trace() - 2 * mixed
    return max(0.0, float((a.mean - b.mean).square().sum() + spread))


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """Squared Fréchet distance of features `(count, size)` and `(other count, size)`."""
    return frechet(gaussian(a), gaussian(b))


def _root(matrix: Tensor) -> Tensor:
    """Symmetric root of a covariance; eigenvalues that rounding made negative count as zero."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    return root
