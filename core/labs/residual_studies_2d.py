r"""What an invertible residual network costs: iterations for its inverse, terms for its determinant.

Both studies take a trained `FlowTrainer` whose model is "i-resnet" and compare with answers that only
the plane allows: the points that were sent through the network, and the exact 2x2 determinants.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array, IntArray
from core.labs.flow_2d import FlowTrainer
from core.labs.residual_2d import ResidualBlocks, hutchinson, log_abs_det, roulette
from core.labs.training_2d import normal


@dataclass(frozen=True)
class Inversion:
    """Points on their way back through fixed-point iterations, in units of the data's spread.

    Errors are the largest Euclidean distances from the true points, inf where numbers overflow.
    """

    iterates: Array  # (iterations + 1, points, 2), of the last block alone
    targets: Array  # (points, 2), where they should end
    errors: Array  # (iterations + 1,), of the last block
    bounds: Array  # (iterations + 1,), c^n / (1 - c) times the first step; inf for c >= 1
    whole_errors: Array  # (iterations + 1,), of the whole network with n iterations per block
    lipschitz: float  # c, the product of the last block's spectral norms
    slopes: Array  # (blocks,), the largest norm of g's Jacobian met at the points


@dataclass(frozen=True)
class LogDetStudy:
    """Bias and spread of the estimators of ln det(I + J), summed over the blocks.

    All arrays are over the number of terms N = 1, 2, …; errors are means over data points.
    """

    terms: IntArray
    truncation: Array  # mean |series with exact traces - exact|
    deviation: Array  # standard deviation of the one-vector estimate, mean over points
    exact: float  # mean of ln det(I + J)
    roulette_bias: float  # mean of (roulette - exact)
    roulette_error: float  # standard error of that mean
    roulette_deviation: float  # of one estimate at one point, mean over points


@torch.no_grad()
def inversion(
    trainer: FlowTrainer, *, iterations: int = 20, count: int = 60, seed: int = 0
) -> Inversion:
    """Invert an i-ResNet at data points and compare with the points and with the theory."""
    flow = _residual(trainer)
    iterations = _inputs.integer("number of iterations", iterations, 1, 200, zh="迭代次数")
    count = _inputs.integer("number of points", count, 1, 2000, zh="点数")
    x = trainer.standardised(trainer.data(count, seed=seed))
    states = trainer.states(x)
    matrices = flow.matrices()
    last = flow.depth - 1
    iterates = torch.stack(flow.fixed_point(last, states[-1], iterations, matrices))
    errors = (iterates - states[-2]).norm(dim=2).amax(dim=1)
    c = math.prod(float(torch.linalg.matrix_norm(m[last], ord=2)) for m in matrices)
    first = float((iterates[1] - iterates[0]).norm(dim=1).max())
    whole = [(flow.inverse(states[-1], n) - x).norm(dim=1).max() for n in range(iterations + 1)]
    slopes = [
        torch.linalg.matrix_norm(
            flow.residual_and_jacobian(block, states[block], matrices)[1], ord=2
        ).max()
        for block in range(flow.depth)
    ]
    powers = c ** np.arange(iterations + 1)
    return Inversion(
        iterates.nan_to_num(nan=math.inf).numpy(),
        states[-2].numpy(),
        errors.nan_to_num(nan=math.inf).numpy(),
        # Compared with a margin, because c = 1 comes back from three roots as 1 - 1e-16.
        powers / (1 - c) * first if c < 1 - 1e-9 else np.full(iterations + 1, np.inf),
        torch.stack(whole).nan_to_num(nan=math.inf).numpy(),
        c,
        torch.stack(slopes).numpy(),
    )


@torch.no_grad()
def log_det_study(
    trainer: FlowTrainer, *, terms: int = 12, draws: int = 200, count: int = 100, seed: int = 0
) -> LogDetStudy:
    """Bias and spread of the i-ResNet's log-determinant estimators at data points."""
    flow = _residual(trainer)
    terms = _inputs.integer("number of terms", terms, 1, 60, zh="项数")
    draws = _inputs.integer("number of draws", draws, 2, 5000, zh="抽样数")
    count = _inputs.integer("number of points", count, 1, 500, zh="点数")
    generator = torch.Generator().manual_seed(_inputs.seed(seed))
    x = trainer.standardised(trainer.data(count, seed=seed))
    matrices = flow.matrices()
    exact = x.new_zeros(count)
    series = x.new_zeros(terms, count)
    estimates = x.new_zeros(terms, draws, count)
    gambles = x.new_zeros(draws, count)
    # The two unit vectors together give the exact trace.
    axes = torch.eye(2, dtype=torch.float64)[:, None].expand(2, count, 2)
    for block in range(flow.depth):
        g, jacobian = flow.residual_and_jacobian(block, x, matrices)
        exact = exact + log_abs_det(jacobian)
        series = series + hutchinson(jacobian, axes, terms).sum(dim=1)
        u = normal((draws, count, 2), generator)
        estimates = estimates + hutchinson(jacobian, u, terms)
        gambles = gambles + roulette(jacobian, u, generator)
        x = x + g
    miss = gambles.mean(dim=1) - exact.mean()
    return LogDetStudy(
        np.arange(1, terms + 1),
        (series - exact).abs().mean(dim=1).numpy(),
        estimates.std(dim=1).mean(dim=1).numpy(),
        float(exact.mean()),
        float(miss.mean()),
        float(miss.std() / math.sqrt(draws)),
        float(gambles.std(dim=0).mean()),
    )


def _residual(trainer: FlowTrainer) -> ResidualBlocks:
    if not isinstance(trainer.flow, ResidualBlocks):
        raise InputError(
            en='Only an i-ResNet is inverted by iteration. Train with model="i-resnet".',
            zh="只有 i-ResNet 用迭代求逆，请选用 i-resnet 模型训练。",
        )
    trainer.flow.eval()
    return trainer.flow
