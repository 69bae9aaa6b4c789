"""Layers of convolutional GANs: batch statistics by kind of batch, self-modulation, up and down."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class BatchNorm(nn.Module):
    """Batch normalisation whose running statistics are kept apart for each kind of batch.

    In training every batch is normalised by itself; a discriminator sees real and generated pictures
    in batches of their own, so what it has learned holds for statistics of one kind. In eval mode the
    running ones of the same kind take their place, and a row no longer depends on its company.
    """

    mean: Tensor
    var: Tensor

    def __init__(self, channels: int, kinds: int = 1, *, affine: bool = True) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(kinds, channels))
        self.register_buffer("var", torch.ones(kinds, channels))
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.momentum = 0.1  # share of the newest batch in the running statistics

    def forward(self, x: Tensor, kind: int = 0) -> Tensor:
        """`(batch, channels, height, width)` to the same shape."""
        mean, var = self.mean[kind], self.var[kind]
        return F.batch_norm(x, mean, var, self.weight, self.bias, self.training, self.momentum)


class SelfModulation(nn.Module):
    r"""Batch normalisation with scale and shift from the noise: :math:`(1+\gamma(z))\,h_0+\beta(z)`.

    :math:`\gamma` and :math:`\beta` are networks with one hidden layer. After Chen et al. 2018
    (https://arxiv.org/abs/1810.01365) and https://kexue.fm/archives/6549.
    """

    def __init__(self, channels: int, latent: int, hidden: int) -> None:
        super().__init__()
        self.norm = BatchNorm(channels, affine=False)
        self.scale = _perceptron(latent, hidden, channels)
        self.shift = _perceptron(latent, hidden, channels)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """`x` `(batch, channels, height, width)` modulated by `z` `(batch, latent)`."""
        scale, shift = self.scale(z)[:, :, None, None], self.shift(z)[:, :, None, None]
        modulated: Tensor = (1 + scale) * self.norm(x) + shift
        return modulated


def down(inputs: int, outputs: int, kernel: int, *, bias: bool = False) -> nn.Conv2d:
    """A convolution of stride 2 that halves the side; `kernel` is 4 or 5."""
    return nn.Conv2d(inputs, outputs, kernel, stride=2, padding=(kernel - 1) // 2, bias=bias)


def up(inputs: int, outputs: int, kernel: int, *, bias: bool = False) -> nn.ConvTranspose2d:
    """A transposed convolution of stride 2 that doubles the side; `kernel` is 4 or 5."""
    padding, extra = (kernel - 1) // 2, kernel % 2
    return nn.ConvTranspose2d(
        inputs, outputs, kernel, stride=2, padding=padding, output_padding=extra, bias=bias
    )


def initialise(module: nn.Module, std: float = 0.02) -> None:
    """Normal weights and zero biases for all linear and convolutional layers inside."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, std=std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _perceptron(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
