"""Squeeze: blocks of 2 x 2 pixels become channels, so that couplings can halve channels.

After Dinh et al. 2017, https://arxiv.org/abs/1605.08803. Nothing but a reordering: the log-determinant is
zero.
"""

from torch import Tensor


def squeeze(x: Tensor) -> Tensor:
    """`(batch, c, h, w)` to `(batch, 4c, h/2, w/2)`; channels of one place in the block lie together.

    In channels-last order, whatever the order of `x`.
    """
    batch, channels, height, width = x.shape
    blocks = x.permute(0, 2, 3, 1).reshape(batch, height // 2, 2, width // 2, 2, channels)
    return blocks.permute(0, 1, 3, 2, 4, 5).flatten(3).permute(0, 3, 1, 2)


def unsqueeze(y: Tensor) -> Tensor:
    """The inverse of `squeeze`."""
    batch, channels, height, width = y.shape
    blocks = y.permute(0, 2, 3, 1).reshape(batch, height, width, 2, 2, channels // 4)
    x = blocks.permute(0, 1, 3, 2, 4, 5).reshape(batch, 2 * height, 2 * width, channels // 4)
    return x.permute(0, 3, 1, 2)
