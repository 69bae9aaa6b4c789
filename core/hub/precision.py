"""How numbers are stored: half precision, single where asked, eight bits a number where that will do."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SCALE = ".row_scale"  # after the name of a tensor in eight bits: its steps, float32 `(rows, 1, …)`


def pack(
    tensors: "Mapping[str, Tensor]",
    *,
    keep_float32: tuple[str, ...] = (),
    eight_bits: tuple[str, ...] = (),
) -> "dict[str, Tensor]":
    """What is stored of a state dict: new, contiguous tensors on the CPU.

    Floating tensors become float16, or float32 if their name starts with a prefix in
    `keep_float32`. Matrices and kernels whose name starts with a prefix in `eight_bits` become int8
    with a step for each row (output), so that no number is off by more than 1/254 of the largest of
    its row. Other types stay. Raises `ValueError` naming a tensor that half precision cannot hold.
    """
    import torch

    stored: dict[str, Tensor] = {}
    for name, value in tensors.items():
        # Clones, because two names may share one storage, which the format does not know.
        tensor = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        if tensor.is_floating_point():
            if tensor.ndim >= 2 and name.startswith(eight_bits):
                stored[name], stored[name + SCALE] = _rounded_rows(tensor.float())
                continue
            given = tensor
            tensor = given.to(torch.float32 if name.startswith(keep_float32) else torch.float16)
            if not torch.equal(tensor.isfinite(), given.isfinite()):
                raise ValueError(
                    f"half precision cannot hold {name!r}, whose largest value is "
                    f"{float(given.abs().max()):.3g}; name it in keep_float32"
                )
        stored[name] = tensor
    return stored


def unpack(stored: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """The state dict again: tensors of eight bits as float32, all others as they are."""
    import torch

    return {
        name: value * stored[name + SCALE]
        if value.dtype == torch.int8 and name + SCALE in stored
        else value
        for name, value in stored.items()
        if not (name.endswith(SCALE) and name.removesuffix(SCALE) in stored)
    }


def _rounded_rows(table: "Tensor") -> "tuple[Tensor, Tensor]":
    """Whole numbers from -127 to 127 `(rows, …)` and the steps that they count `(rows, 1, …)`."""
    import torch

    step = table.abs().amax(dim=tuple(range(1, table.ndim)), keepdim=True) / 127
    rounded = (table / step.clamp_min(torch.finfo(torch.float32).tiny)).round()
    return rounded.to(torch.int8), step
