r"""Poem VAE of 2018: a couplet of ten characters decoded in parallel from 64 Gaussian numbers.

Encoder: character embedding, two gated convolutions, mean over the ten positions, two linear maps to
:math:`\mu, \log\sigma^2`. Decoder: one linear map to ten positions, one gated convolution, a softmax
over the characters at every position. The gated convolution (width 3, no bias) is

.. math:: \mathrm{GCNN}(X) = X + (X * W_a) \odot \sigma(X * W_b)

and the loss is the negative evidence lower bound with KL weight 1,

.. math:: -\sum_t \log p(x_t \mid z) + \tfrac12 \sum_i (\mu_i^2 + \sigma_i^2 - \log\sigma_i^2 - 1).

Source: Su Jianlin, https://kexue.fm/archives/5332 (2018). Kept exactly, weak points included: the mean
pool makes the code nearly blind to order, and independent positions repeat characters.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from core.nn import DiagonalGaussian, Terms


@dataclass(frozen=True, kw_only=True)
class PoemVAE2018Config:
    """Sizes; the defaults are the post's, with the vocabulary of this project's corpus."""

    vocab_size: int = 8000
    length: int = 10  # characters of a couplet
    channels: int = 64
    latent: int = 64


class GatedConv(nn.Module):
    """Residual gated convolution over positions: `(batch, length, channels)` to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, 2 * channels, kernel_size=3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Add the gated features to `x`."""
        value, gate = self.conv(x.transpose(1, 2)).transpose(1, 2).chunk(2, dim=-1)
        gated: Tensor = x + value * gate.sigmoid()
        return gated


class PoemVAE2018(nn.Module):
    """The post's model; all verbs take and return batches.

    It knows one form, the five-character couplet, so `form` arguments exist for the shared interface
    with `PoemVAE` and are not looked at.
    """

    Config = PoemVAE2018Config

    def __init__(self, config: PoemVAE2018Config) -> None:
        super().__init__()
        self.config = c = config
        self.embedding = nn.Embedding(c.vocab_size, c.channels)
        self.encoder = nn.Sequential(GatedConv(c.channels), GatedConv(c.channels))
        self.mean = nn.Linear(c.channels, c.latent)
        self.log_var = nn.Linear(c.channels, c.latent)
        self.unfold = nn.Linear(c.latent, c.length * c.channels)
        self.decoder = GatedConv(c.channels)
        self.output = nn.Linear(c.channels, c.vocab_size)

    def latent_size(self, form: int = 0) -> int:
        """Number of Gaussian numbers that make one couplet."""
        return self.config.latent

    def encode(self, tokens: Tensor, form: int = 0) -> DiagonalGaussian:
        """Posterior of couplets `(batch, length)`; mean and log-variance `(batch, latent)`."""
        pooled = self.encoder(self.embedding(tokens)).mean(dim=1)
        return DiagonalGaussian(self.mean(pooled), self.log_var(pooled))

    def decode(self, z: Tensor) -> Tensor:
        """Logits `(batch, length, vocab_size)` of codes `(batch, latent)`, all positions at once."""
        c = self.config
        x = self.unfold(z).view(-1, c.length, c.channels)
        logits: Tensor = self.output(self.decoder(x))
        return logits

    def terms(self, z: Tensor, tokens: Tensor, form: int = 0) -> Terms:
        """What the joint density is made of; no position looks at another one's character."""
        return Terms(self.decode(z), noise=z, log_det=z.new_zeros((len(z), 1)))

    def golden(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Posterior and part of the logits at its mean, for the tokens in `input.tokens`."""
        tokens = inputs["input.tokens"]
        posterior = self.encode(tokens)
        return {
            "output.mean": posterior.mean,
            "output.log_var": posterior.log_var,
            "output.logits": self.decode(posterior.mean)[:, :, :64],
        }

    def begin(self, z: Tensor, form: int = 0) -> "Decoding2018":
        """Start to decode codes `(batch, latent)` character by character, in reading order."""
        return Decoding2018(self.decode(z))


class Decoding2018:
    """A batch of poems being written; here every position was decided before the first choice."""

    def __init__(self, logits: Tensor) -> None:
        self._logits = logits  # (batch, length, vocab_size)
        self._position = 0

    def logits(self) -> Tensor:
        """Logits of the next character, `(batch, vocab_size)`."""
        return self._logits[:, self._position]

    def append(self, tokens: Tensor) -> None:
        """Fix the next character of every row; it changes nothing about the later ones."""
        self._position += 1

    def select(self, rows: Tensor) -> None:
        """Keep the given rows, in the given order; a row may be named several times."""
        self._logits = self._logits[rows]
