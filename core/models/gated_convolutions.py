r"""Dilated gated convolutions over characters, the encoder of the post's reading models.

A layer is :math:`Y = X + \mathrm{Conv}_1(X) \odot \sigma(\mathrm{Conv}_2(X))` with kernels of width 3;
a stack of them with dilations 1, 2, 5, 1, 2, 5, ... sees a whole sentence in a few layers.

Source: Su Jianlin, https://kexue.fm/archives/5409 and https://kexue.fm/archives/6671.
"""

import torch
from torch import Tensor, nn

DILATIONS = (1, 2, 5)


class GatedConvolution(nn.Module):
    """`x + Conv1(x) * sigmoid(Conv2(x))`, `(batch, width, time)` to the same."""

    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.both = nn.Conv1d(width, 2 * width, 3, padding=dilation, dilation=dilation)
        self.dropout = nn.Dropout1d(dropout)  # whole channels: far fewer random numbers

    def forward(self, x: Tensor) -> Tensor:
        """The same with some of it rewritten."""
        value, gate = self.both(x).chunk(2, dim=1)
        rewritten: Tensor = x + value * self.dropout(gate).sigmoid()
        return rewritten

    def gate(self, x: Tensor) -> Tensor:
        """How much is rewritten where, mean over the channels, `(batch, time)`."""
        share: Tensor = self.both(x).chunk(2, dim=1)[1].sigmoid().mean(dim=1)
        return share


class DGCNN(nn.Module):
    """Dilated gated convolutions, `(batch, time, inputs)` to `(batch, time, width)`.

    Dilations repeat 1, 2, 5; of twelve and more layers the last three have dilation 1 and put the
    details back in order.
    """

    def __init__(self, inputs: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.dilations = tuple(
            1 if layers >= 12 and i >= layers - 3 else DILATIONS[i % 3] for i in range(layers)
        )
        self.enter = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(GatedConvolution(width, d, dropout) for d in self.dilations)
        self.out_width = width

    @property
    def reach(self) -> int:
        """Characters that a feature sees, itself included."""
        return 1 + 2 * sum(self.dilations)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Features that see `reach` characters; the padding stays zero in every layer."""
        keep = mask.unsqueeze(1).to(x.dtype)
        x = self.enter(x).transpose(1, 2) * keep
        for block in self.blocks:
            x = block(x) * keep
        return x.transpose(1, 2)

    def gates(self, x: Tensor, mask: Tensor) -> Tensor:
        """Mean gate of every layer at every character, `(batch, layers, time)`, for looking in."""
        keep = mask.unsqueeze(1).to(x.dtype)
        x = self.enter(x).transpose(1, 2) * keep
        seen = []
        for block in self.blocks:
            assert isinstance(block, GatedConvolution)
            seen.append(block.gate(x) * keep.squeeze(1))
            x = block(x) * keep
        return torch.stack(seen, dim=1)
