r"""O-GAN: a GAN whose discriminator is the encoder, so real pictures can be reconstructed and mixed.

The encoder :math:`E` maps a picture to :math:`n` numbers. Their mean is the discriminator's judgement
(low for real), their direction :math:`\mathcal N(E(x))` is the code, from which the generator makes the
picture again: :math:`\hat x = G(0.9\,\mathcal N(E(x)))`. With noise :math:`z` and the correlation
:math:`\rho` over components both networks are trained on

.. math::
    E = \arg\min\ \overline{E(x)} - \overline{E(G(z))} + \lambda_1
        \frac{[\overline{E(x)} - \overline{E(G(z))}]^2}{\lVert x - G(z)\rVert^2} - \lambda_2\,\rho(z, E(G(z)))

    G = \arg\min\ \overline{E(G(z))} - \lambda_2\,\rho(z, E(G(z)))

`core.models.ogan_code` has the decomposition and the losses. Two generators: `dcgan` (5 x 5 kernels,
batch normalisation) and `selfmod` (4 x 4 kernels, normalisation modulated by the noise). With the
correlation left out the same class is a plain DCGAN, the baseline.

Source: Su Jianlin, https://kexue.fm/archives/6409, https://arxiv.org/abs/1903.01931 and
https://kexue.fm/archives/6549. Departures: sides of 32 and 64 pixels beside 128 (one layer less for
each halving, the last feature map is always 4 x 4); running statistics of the encoder are kept apart
for real and for generated pictures, as its batches in training are, and `calibrate` computes them anew
for finished weights.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.models.ogan_code import Decomposition, decompose
from core.models.ogan_layers import BatchNorm, SelfModulation, down, initialise, up
from core.nn import single_or_double

TRUNCATION = 0.9  # factor of the code in a reconstruction, from the author's demo
REAL, GENERATED = 0, 1  # kinds of batches that the encoder sees
_SIZES = {32: 3, 64: 4, 128: 5}  # side in pixels to the number of halvings down to 4
_KERNELS = {"dcgan": 5, "selfmod": 4}


@dataclass(frozen=True, kw_only=True)
class OGANConfig:
    """Sizes; the defaults are those of full width at 64 pixels."""

    size: int = 64  # side of the pictures in pixels
    latent: int = 64  # numbers of a code
    width: int = 64  # channels at half the side; they double with every halving
    generator: str = "dcgan"  # or "selfmod"
    modulation: int = 128  # hidden units of a self-modulation

    def __post_init__(self) -> None:
        if self.size not in _SIZES:
            raise ValueError(f"size is one of {list(_SIZES)}, got {self.size}")
        if self.generator not in _KERNELS:
            raise ValueError(f"generator is one of {list(_KERNELS)}, got {self.generator!r}")

    @property
    def kernel(self) -> int:
        """Side of all convolution kernels."""
        return _KERNELS[self.generator]

    @property
    def channels(self) -> list[int]:
        """Channels after each halving of the side, largest side first."""
        return [self.width * 2**i for i in range(_SIZES[self.size])]


class Encoder(nn.Module):
    """Discriminator and encoder in one: pictures to `latent` numbers."""

    def __init__(self, config: OGANConfig) -> None:
        super().__init__()
        channels = config.channels
        inputs = [3, *channels[:-1]]
        self.convolutions = nn.ModuleList(
            down(i, o, config.kernel, bias=i == 3) for i, o in zip(inputs, channels, strict=True)
        )
        self.norms = nn.ModuleList(BatchNorm(c, kinds=2) for c in channels[1:])
        self.output = nn.Linear(16 * channels[-1], config.latent)

    def forward(self, x: Tensor, kind: int) -> Tensor:
        """`(batch, 3, size, size)` to `(batch, latent)`; `kind` chooses the batch statistics."""
        for i, convolution in enumerate(self.convolutions):
            x = convolution(x)
            if i:
                x = self.norms[i - 1](x, kind)
            x = F.leaky_relu(x, 0.2)
        embedded: Tensor = self.output(x.flatten(1))
        return embedded


class Generator(nn.Module):
    """Noise to pictures."""

    def __init__(self, config: OGANConfig) -> None:
        super().__init__()
        channels = config.channels[::-1]
        self.modulated = config.generator == "selfmod"
        self.input = nn.Linear(config.latent, 16 * channels[0], bias=False)
        self.norms = nn.ModuleList(
            SelfModulation(c, config.latent, config.modulation) if self.modulated else BatchNorm(c)
            for c in channels
        )
        outputs = [*channels[1:], 3]
        self.convolutions = nn.ModuleList(
            up(i, o, config.kernel, bias=o == 3) for i, o in zip(channels, outputs, strict=True)
        )

    def forward(self, z: Tensor) -> Tensor:
        """`(batch, latent)` to `(batch, 3, size, size)` in [-1, 1]."""
        x: Tensor = self.input(z).unflatten(1, (-1, 4, 4))
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = norm(x, z) if self.modulated else norm(x)
            x = convolution(F.relu(x))
        # Half precision has too few steps near 1 for 256 levels.
        return torch.tanh(single_or_double(x))


class OGAN(nn.Module):
    """Both networks; pictures are `(batch, 3, size, size)` in [-1, 1], codes `(batch, latent)`."""

    Config = OGANConfig

    def __init__(self, config: OGANConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.generator = Generator(config)
        initialise(self)

    def generate(self, z: Tensor) -> Tensor:
        """Pictures of noise or of codes."""
        made: Tensor = self.generator(z)
        return made

    def embed(self, images: Tensor, *, generated: bool = False) -> Tensor:
        """The encoder's numbers as they are; `generated` says what kind of pictures these are."""
        embedded: Tensor = self.encoder(images, GENERATED if generated else REAL)
        return embedded

    def encode(self, images: Tensor, *, generated: bool = False) -> Decomposition:
        """Score (low is real), spread and normalised code of pictures."""
        return decompose(self.embed(images, generated=generated))

    def reconstruct(self, images: Tensor, truncation: float = TRUNCATION) -> Tensor:
        """Real pictures through their codes and back."""
        return self.generate(truncation * self.encode(images).code)

    @torch.no_grad()
    def calibrate(self, noise: Iterable[Tensor], images: Iterable[Tensor]) -> None:
        """Compute all running statistics anew: averages over batches of noise and of real pictures.

        Averaged weights are no network that has ever been trained, so the statistics gathered on
        the way are not theirs; these are. The module is in eval mode afterwards.
        """
        norms = [layer for layer in self.modules() if isinstance(layer, BatchNorm)]
        usual = [norm.momentum for norm in norms]
        self.train()
        try:
            for count, z in enumerate(noise, 1):
                for norm in norms:
                    norm.momentum = 1 / count  # so that the running value is the plain average
                self.embed(self.generate(z), generated=True)
            for count, x in enumerate(images, 1):
                for norm in norms:
                    norm.momentum = 1 / count
                self.embed(x)
        finally:
            for norm, momentum in zip(norms, usual, strict=True):
                norm.momentum = momentum
            self.eval()

    def golden(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Pictures of `input.z`; score, spread and code of `input.images` and their reconstruction."""
        parts = self.encode(inputs["input.images"])
        return {
            "output.images": self.generate(inputs["input.z"]),
            "output.score": parts.score,
            "output.spread": parts.spread,
            "output.code": parts.code,
            "output.reconstruction": self.reconstruct(inputs["input.images"]),
        }
