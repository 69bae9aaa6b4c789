"""Rows of several requests in one batch, and the batch's answers cut up again."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence

import torch
from torch import Tensor

from core.runtime.requests import Function, Rows, Slice


def count_rows(rows: Rows) -> int:
    """The common first dimension; `ValueError` when there is none or it is empty."""
    counts = {len(tensor) if tensor.ndim else 0 for tensor in rows.values()}
    if len(counts) != 1 or 0 in counts:
        raise ValueError(f"expected rows of one positive length, got {sorted(counts)}")
    return counts.pop()


def signature(rows: Rows, ragged: Collection[str]) -> Hashable:
    """What rows must have in common to be put together: names, types, and shapes unless `ragged`.

    Without the types, whole numbers would turn into fractions in some company and not in other.
    """
    unknown = set(ragged) - rows.keys()
    if unknown:
        raise ValueError(f"no rows named {', '.join(sorted(unknown))} to be ragged")
    return tuple(
        (name, tensor.dtype, tensor.ndim if name in ragged else tensor.shape[1:])
        for name, tensor in sorted(rows.items())
    )


def gather(slices: Sequence[Slice]) -> dict[str, Tensor]:
    """The batch of some slices; ragged rows are padded with zeros on the right."""
    return {
        name: stack([piece.request.rows[name][piece.start : piece.stop] for piece in slices])
        for name in slices[0].request.rows
    }


def stack(parts: Sequence[Tensor]) -> Tensor:
    """Rows below each other, padded with zeros on the right where they differ."""
    if len(parts) == 1:
        return parts[0]
    if len({part.shape[1:] for part in parts}) == 1:
        return torch.cat(list(parts))
    trailing = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    whole = parts[0].new_zeros((sum(map(len, parts)), *trailing))
    offset = 0
    for part in parts:
        window = (slice(offset, offset + len(part)), *(slice(0, n) for n in part.shape[1:]))
        whole[window] = part
        offset += len(part)
    return whole


def bucket(count: int, limit: int) -> int:
    """The size a batch of `count` rows is filled up to: a power of two, or the `limit` of rows.

    So a lane knows few shapes, and what the device keeps by shape (kernels, graphs) is found again.
    """
    return max(count, min(1 << (count - 1).bit_length(), limit))


def fill(batch: Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
    """The batch with its last row repeated up to `size`: rows that any function can digest."""
    return {
        name: torch.cat([tensor, tensor[-1:].expand(size - len(tensor), *tensor.shape[1:])])
        for name, tensor in batch.items()
    }


def scatter(
    outputs: Mapping[str, Tensor], slices: Sequence[Slice], size: int, function: Function
) -> list[dict[str, Tensor]]:
    """Each slice's own copy of its answers; rows past the last slice are dropped.

    Raises `TypeError` when the outputs are not tensors with one row for each of `size`.
    """
    wrong = [
        f"{name} {tuple(tensor.shape) if isinstance(tensor, Tensor) else type(tensor).__name__}"
        for name, tensor in outputs.items()
        if not isinstance(tensor, Tensor) or tensor.shape[:1] != (size,)
    ]
    if wrong or not outputs:
        raise TypeError(
            f"{function.__qualname__} must return tensors of {size} rows, got "
            f"{', '.join(wrong) or 'none'}"
        )
    parts, offset = [], 0
    for piece in slices:
        end = offset + len(piece)
        # A copy, so that no answer keeps its whole batch in memory or shares it with another's.
        parts.append({name: tensor[offset:end].clone() for name, tensor in outputs.items()})
        offset = end
    return parts


def join(parts: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The answers of a request that was cut."""
    if len(parts) == 1:
        return parts[0]
    return {name: stack([part[name] for part in parts]) for name in parts[0]}
