"""Rows of numbers as distributions: softmax and entropy, for the laboratories."""

import numpy as np

from core.labs._inputs import Array


def softmax(scores: Array) -> Array:
    """Of the last axis, safe from overflow; same shape."""
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    normalised: Array = weights / weights.sum(axis=-1, keepdims=True)
    return normalised


def entropies(p: Array) -> Array:
    """In nats, of the last axis; 0 ln 0 is 0, and what is not a number stays so."""
    with np.errstate(all="ignore"):
        result: Array = -np.where(p == 0, 0.0, p * np.log(p)).sum(axis=-1)
    return result
