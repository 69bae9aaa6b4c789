r"""The invertible 1x1 convolution: every pixel's channels times one matrix, kept as its LU factors.

.. math:: W = P L (U + \operatorname{diag}(\sigma e^{d})), \qquad \ln|\det J| = h w \sum_c d_c

with a fixed permutation :math:`P`, :math:`L` unit lower and :math:`U` strictly upper triangular and fixed
signs :math:`\sigma`. It begins as a random rotation. After Kingma and Dhariwal 2018,
https://arxiv.org/abs/1807.03039; it generalises the random shuffles of
https://kexue.fm/archives/5807.
"""

import torch
from torch import Tensor, nn

from core.models.flows.layer import Layer, linear


class LUConvolution(Layer):
    """`y = W x` at every pixel, `channels` to `channels`."""

    order: Tensor
    sign: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(channels, channels, dtype=torch.float64))[0]
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        # Row i of P M is row order[i] of M.
        self.register_buffer("order", permutation.argmax(dim=1))
        self.register_buffer("sign", diagonal.sign().float())
        self.lower = nn.Parameter(lower.tril(-1).float())
        self.upper = nn.Parameter(upper.triu(1).float())
        self.log_diagonal = nn.Parameter(diagonal.abs().log().float())

    def factors(self) -> tuple[Tensor, Tensor]:
        """The triangular factors without the permutation, `(channels, channels)` each."""
        identity = torch.eye(len(self.sign), dtype=self.lower.dtype, device=self.lower.device)
        lower = self.lower.tril(-1) + identity
        upper = self.upper.triu(1) + torch.diag(self.sign * self.log_diagonal.exp())
        return lower, upper

    def matrix(self) -> Tensor:
        """W, `(channels, channels)`, differentiable."""
        with torch.autocast(self.lower.device.type, enabled=False):
            lower, upper = self.factors()
            return (lower @ upper)[self.order]

    def inverse_matrix(self) -> Tensor:
        """The inverse of W by substitution in double precision, in the type of the parameters."""
        lower, upper = (factor.double() for factor in self.factors())
        unpermuted = torch.eye(len(lower), dtype=lower.dtype, device=lower.device)[:, self.order]
        middle = torch.linalg.solve_triangular(lower, unpermuted, upper=False, unitriangular=True)
        inverse: Tensor = torch.linalg.solve_triangular(upper, middle, upper=True)
        return inverse.to(self.lower.dtype)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Channels mixed."""
        pixels = x.shape[2] * x.shape[3]
        return linear(x, self.matrix()), (pixels * self.log_diagonal.sum()).expand(len(x))

    def inverse(self, y: Tensor) -> Tensor:
        """Channels as they were; `core.models.flows.fused` keeps the inverse matrix of a model."""
        return linear(y, self.inverse_matrix())
