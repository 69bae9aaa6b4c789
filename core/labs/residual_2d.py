r"""Invertible residual networks in the plane: blocks x + g(x), their inverse and log-determinant.

A block :math:`y=x+g(x)` with :math:`\mathrm{Lip}(g)\le c<1` is inverted by the fixed point
:math:`x_{n+1}=y-g(x_n)` with error at most :math:`\frac{c^n}{1-c}\lVert x_1-x_0\rVert`
(https://kexue.fm/archives/6482; Behrmann et al. 2019, https://arxiv.org/abs/1811.00995). As in the
post every matrix is divided by its spectral norm; the product over the three layers of :math:`g` is
:math:`c` here, where the post writes :math:`c` for each layer.

In the plane :math:`\det(I+J)` is exact and cheap. The post's estimator with one random :math:`u`,

.. math:: \ln\det(I+J)\approx\sum_{n=1}^N\frac{(-1)^{n-1}}n u^\top J^nu,

and its unbiased Russian-roulette version (Chen et al. 2019, https://arxiv.org/abs/1906.02735) can be
trained with and studied instead. The Jacobian is carried forward through :math:`g` explicitly, which
gives the same numbers as vector-Jacobian products.
"""

import torch
from torch import Tensor, nn

from core.labs.training_2d import normal

LOG_DETS = ("exact", "series", "roulette")
ITERATIONS = 60  # fixed-point steps of a block's inverse
_STILL = 1e-14
_STOP = 0.5  # chance of the roulette to end after each term


class ResidualBlocks(nn.Module):
    """All blocks x + g(x) of an i-ResNet, their weights stacked along the first axis.

    g is a network with two hidden layers and ELU, whose slope never exceeds one. In training the
    spectral norms come from power iterations that go on from step to step; in evaluation they are
    exact.
    """

    def __init__(
        self,
        *,
        depth: int,
        width: int,
        lipschitz: float,
        log_det: str,
        terms: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.depth, self.lipschitz = depth, lipschitz
        self.log_det, self.terms = log_det, terms
        self.generator = generator
        shapes = [(depth, width, 2), (depth, width, width), (depth, 2, width)]
        # Norms near one, because a step changes a normalised matrix in proportion to rate / norm.
        self.weights = nn.ParameterList(
            [normal(s, generator) / (s[1] ** 0.5 + s[2] ** 0.5) for s in shapes]
        )
        self.biases = nn.ParameterList([0.5 * normal(s[:2], generator) for s in shapes])
        for i, shape in enumerate(shapes):
            direction = normal((depth, shape[2], 1), generator)
            self.register_buffer(f"direction{i}", direction / direction.norm(dim=1, keepdim=True))

    def matrices(self) -> list[Tensor]:
        """The three stacks of matrices, each of spectral norm c^(1/3)."""
        share = self.lipschitz ** (1 / 3)
        return [share * w / self._norms(i)[:, None, None] for i, w in enumerate(self.weights)]

    def _norms(self, i: int) -> Tensor:
        w = self.weights[i]
        if not self.training:
            exact: Tensor = torch.linalg.matrix_norm(w, ord=2)
            return exact
        with torch.no_grad():
            v = getattr(self, f"direction{i}")
            for _ in range(2):
                u = w @ v
                u = u / u.norm(dim=1, keepdim=True)
                v = w.mT @ u
                v = v / v.norm(dim=1, keepdim=True)
            getattr(self, f"direction{i}").copy_(v)
        norms: Tensor = (u * (w @ v)).sum(dim=(1, 2))
        return norms

    def residual(self, block: int, x: Tensor, matrices: list[Tensor]) -> Tensor:
        """g of one block, `(batch, 2)` to the same."""
        a, b, c = (m[block] for m in matrices)
        first, second, third = (bias[block] for bias in self.biases)
        hidden = nn.functional.elu(x @ a.T + first)
        g: Tensor = nn.functional.elu(hidden @ b.T + second) @ c.T + third
        return g

    def residual_and_jacobian(
        self, block: int, x: Tensor, matrices: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """g and its Jacobian `(batch, 2, 2)`, carried along through the layers."""
        a, b, c = (m[block] for m in matrices)
        first, second, third = (bias[block] for bias in self.biases)
        hidden = x @ a.T + first
        tangent = _elu_slope(hidden)[:, None, :] * a.T  # (batch, 2, width): one row per input
        hidden = nn.functional.elu(hidden) @ b.T + second
        tangent = _elu_slope(hidden)[:, None, :] * (tangent @ b.T)
        return nn.functional.elu(hidden) @ c.T + third, (tangent @ c.T).mT

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """`(batch, 2)` to noise and the log-determinant, estimated in training if so chosen."""
        matrices = self.matrices()
        total = x.new_zeros(len(x))
        for block in range(self.depth):
            g, jacobian = self.residual_and_jacobian(block, x, matrices)
            if not self.training or self.log_det == "exact":
                total = total + log_abs_det(jacobian)
            else:
                u = normal((len(x), 2), self.generator)
                if self.log_det == "series":
                    total = total + hutchinson(jacobian, u, self.terms)[-1]
                else:
                    total = total + roulette(jacobian, u, self.generator)
            x = x + g
        return x, total

    def inverse(self, z: Tensor, iterations: int = ITERATIONS) -> Tensor:
        """Noise `(batch, 2)` to data by at most `iterations` fixed-point steps per block."""
        matrices = self.matrices()
        for block in reversed(range(self.depth)):
            z = self.undo(block, z, iterations, matrices=matrices)
        return z

    def undo(
        self, block: int, y: Tensor, iterations: int = ITERATIONS, *, matrices: list[Tensor]
    ) -> Tensor:
        """The inverse of one block; it ends early once a step no longer changes anything."""
        x = y
        for _ in range(iterations):
            before, x = x, y - self.residual(block, x, matrices)
            if float((x - before).abs().max()) < _STILL:
                break
        return x

    def fixed_point(
        self, block: int, y: Tensor, iterations: int, matrices: list[Tensor]
    ) -> list[Tensor]:
        """The iterates of x = y - g(x), beginning with y."""
        iterates = [y]
        for _ in range(iterations):
            iterates.append(y - self.residual(block, iterates[-1], matrices))
        return iterates


def log_abs_det(jacobian: Tensor) -> Tensor:
    """ln |det(I + J)| of 2x2 matrices `(batch, 2, 2)`."""
    j = jacobian
    return ((1 + j[:, 0, 0]) * (1 + j[:, 1, 1]) - j[:, 0, 1] * j[:, 1, 0]).abs().log()


def hutchinson(jacobian: Tensor, u: Tensor, terms: int) -> Tensor:
    """Partial sums `(terms, ..., batch)` of the series for ln det(I + J), u^T J^n u for the traces.

    `jacobian` is `(batch, 2, 2)`, `u` is `(..., batch, 2)`.
    """
    v, total, sums = u, u.new_zeros(u.shape[:-1]), []
    for n in range(1, terms + 1):
        v = (jacobian @ v.unsqueeze(-1)).squeeze(-1)
        total = total + (-1) ** (n - 1) / n * (u * v).sum(dim=-1)
        sums.append(total)
    return torch.stack(sums)


def roulette(jacobian: Tensor, u: Tensor, generator: torch.Generator) -> Tensor:
    """An unbiased estimate `(..., batch)`: a random number of terms, each over its chance to occur.

    Two terms are always taken; then each further one with probability one half, with one number of
    terms for all rows of a batch. Shapes as for `hutchinson`.
    """
    draws = u.shape[:-2]
    chances = torch.rand((*draws, 60), generator=generator, dtype=torch.float64)
    alive = (chances > _STOP).cumprod(dim=-1)  # (..., 60): whether the n-th further term is taken
    extra = int(alive.sum(dim=-1).max())
    sums = hutchinson(jacobian, u, 2 + extra)
    total = sums[1]
    for n in range(extra):
        weight = alive[..., n, None] / (1 - _STOP) ** (n + 1)
        total = total + weight * (sums[2 + n] - sums[1 + n])
    return total


def _elu_slope(x: Tensor) -> Tensor:
    return x.clamp_max(0).exp()
