"""One step of a flow: actnorm, channels mixed, a coupling."""

import torch
from torch import Tensor

from core.models.flows.actnorm import ActNorm
from core.models.flows.coupling import Coupling
from core.models.flows.layer import Layer, linear
from core.models.flows.lu_convolution import LUConvolution
from core.models.flows.permutation import Permutation


class Step(Layer):
    """The three layers one after the other; actnorm and a 1x1 convolution are computed as one."""

    def __init__(
        self, actnorm: ActNorm, mixing: LUConvolution | Permutation, coupling: Coupling
    ) -> None:
        super().__init__()
        self.actnorm, self.mixing, self.coupling = actnorm, mixing, coupling

    def affine(self) -> tuple[Tensor, Tensor]:
        """Actnorm and mixing as one map `weight @ x + bias` of the channels."""
        shift = self.actnorm.shift
        with torch.autocast(shift.device.type, enabled=False):
            matrix = self.mixing.matrix().to(shift.dtype)
            return matrix * self.actnorm.log_scale.exp(), matrix @ shift

    def mix(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Actnorm and mixing, with their log-determinant."""
        if isinstance(self.mixing, LUConvolution):
            log_det = self.actnorm.log_scale.sum() + self.mixing.log_diagonal.sum()
            return linear(x, *self.affine()), (x.shape[2] * x.shape[3] * log_det).expand(len(x))
        x, log_det = self.actnorm(x)
        return self.mixing(x)[0], log_det

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """From pictures to noise."""
        x, first = self.mix(x)
        x, second = self.coupling(x)
        return x, first + second

    def inverse(self, y: Tensor) -> Tensor:
        """From noise to pictures."""
        return self.actnorm.inverse(self.mixing.inverse(self.coupling.inverse(y)))

    def start(self, x: Tensor) -> Tensor:
        """Each layer on the image of the one before."""
        return self.coupling.start(self.mixing.start(self.actnorm.start(x)))
