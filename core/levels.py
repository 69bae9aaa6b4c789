"""Pictures as grey levels and as numbers: 0 to 255 in uint8, and the [-1, 1] that networks read."""

import torch
from torch import Tensor


def scaled(pixels: Tensor) -> Tensor:
    """Levels 0 to 255 as floats in [-1, 1]."""
    return pixels.float() / 127.5 - 1


def to_levels(images: Tensor) -> Tensor:
    """Numbers in [-1, 1] as the nearest levels 0 to 255, uint8; what lies outside is clipped."""
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
