r"""Directions of attributes in the codes of pictures, by least squares.

Codes are taken as linear in the labels, :math:`z = b_0 + \sum_k a_k b_k + \text{noise}`; :math:`b_k` is what
attribute :math:`k` changes when all others stay. The difference of two group means would move along
everything that goes with an attribute: men for beards, age for glasses. Labels may be probabilities:
where these are calibrated, the slopes are those that the true labels would give.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor


def directions(
    encode: Callable[[Tensor], Tensor], parts: Iterable[tuple[Tensor, Tensor]]
) -> Tensor:
    """Slopes `(labels, dimensions)` from parts of pictures and their labels `(count, labels)`.

    `encode` gives the codes `(count, dimensions)` of a part. Only sums are kept, in double precision.
    Rows with a label that is not a number are left out. Raises `ValueError` when the labels do not
    determine the slopes.
    """
    gram = moment = torch.zeros(())
    for pictures, labels in parts:
        whole = labels.isfinite().all(dim=1)
        if not whole.any():
            continue
        codes = encode(pictures[whole.to(pictures.device)]).double().cpu()
        known = labels[whole].double().cpu()
        design = torch.cat([torch.ones(len(known), 1, dtype=torch.float64), known], dim=1)
        gram, moment = gram + design.T @ design, moment + design.T @ codes
    if gram.ndim == 0 or torch.linalg.matrix_rank(gram, hermitian=True) < len(gram):
        raise ValueError("the labels do not determine what each of them changes")
    slopes: Tensor = torch.linalg.solve(gram, moment)[1:]
    return slopes.float()
