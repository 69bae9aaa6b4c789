"""Random numbers of a request, drawn from its own seed on the CPU in single precision.

So a seed means the same on every device and in any company. Row `i` of a result depends only on the
seed and `i`, not on how many rows are asked for: the first poems stay when a visitor wants more.
"""

import torch
from torch import Tensor

_OTHER_STREAM = 0x5DEECE66D  # keeps `uniform` apart from `noise` of the same seed


def noise(seed: int, *shape: int) -> Tensor:
    """Standard normal numbers."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randn(shape[1:], generator=generator) for _ in range(shape[0])])


def uniform(seed: int, *shape: int) -> Tensor:
    """Uniform numbers in [0, 1), another stream than `noise` of the same seed."""
    generator = torch.Generator().manual_seed(seed ^ _OTHER_STREAM)
    return torch.stack([torch.rand(shape[1:], generator=generator) for _ in range(shape[0])])
