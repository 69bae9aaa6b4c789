r"""A Gaussian fitted to the codes of real pictures, as another source of codes than pure noise.

O-GAN makes pictures of :math:`z \sim \mathcal N(0, I)`. The codes of real pictures do not fill that
sphere evenly: they have a mean :math:`\mu` and a covariance :math:`\Sigma`. With :math:`n` numbers of
noise :math:`u`, scaled to length :math:`\sqrt n`,

.. math:: z = \frac{\lVert u\rVert}{\sqrt n}\,\mathcal N\big(\mu + \Sigma^{1/2} u\big)

are codes that point where those of real pictures do and are as long as the noise was.

Sources: Dai and Wipf 2019, https://arxiv.org/abs/1903.05789, and Ghosh et al. 2020,
https://arxiv.org/abs/1903.12436, who fit a density to codes after training an autoencoder. O-GAN's
author draws from the normal distribution.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from core.models.ogan_code import normalised

FILE = "prior.safetensors"  # beside the weights


@dataclass(frozen=True, eq=False)
class CodePrior:
    """Mean `(n,)` and symmetric root of the covariance `(n, n)` of normalised codes."""

    mean: Tensor
    root: Tensor

    @classmethod
    def fit(cls, codes: Tensor) -> "CodePrior":
        """From codes `(pictures, n)` of more pictures than codes have numbers.

        Raises `ValueError` for fewer.
        """
        codes = normalised(codes.double())
        if len(codes) <= codes.shape[1]:
            raise ValueError(f"expected more than {codes.shape[1]} codes, got {len(codes)}")
        values, vectors = torch.linalg.eigh(torch.cov(codes.T))
        root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
        return cls(codes.mean(dim=0).float(), root.float())

    def __call__(self, noise: Tensor) -> Tensor:
        """Codes of standard normal noise, `(rows, n)` both; a factor before the noise stays one."""
        length = noise.norm(dim=1, keepdim=True).clamp_min(1e-6) / noise.shape[1] ** 0.5
        mean, root = self.mean.to(noise), self.root.to(noise)
        codes: Tensor = length * normalised(mean + noise / length @ root)
        return codes

    def save(self, folder: Path) -> None:
        """Write it into a folder of weights, in half precision."""
        save_file({"mean": self.mean.half(), "root": self.root.half()}, folder / FILE)

    @classmethod
    def read(cls, path: Path) -> "CodePrior":
        """From the file that `save` wrote."""
        held = load_file(path)
        return cls(held["mean"].float(), held["root"].float())
