"""What every poem model offers, whatever it is inside; tasks and measurements rely on nothing else."""

from collections.abc import Iterator
from typing import Protocol

from torch import Tensor, nn

from core.nn import DiagonalGaussian, Terms


class Writing(Protocol):
    """A batch of poems being written in reading order."""

    def logits(self) -> Tensor:
        """Logits of the next character, `(batch, vocab_size)`; call once per character."""

    def append(self, tokens: Tensor) -> None:
        """Write the next character `(batch,)` of every row."""

    def select(self, rows: Tensor) -> None:
        """Keep the given rows, in the given order; a row may be named several times."""


class PoemModel(Protocol):
    """A variational autoencoder of poems; `form` is an index of `core.text.forms.FORMS`."""

    def encode(self, tokens: Tensor, form: int) -> DiagonalGaussian:
        """Posterior of poems `(batch, length)`."""

    def terms(self, z: Tensor, tokens: Tensor, form: int) -> Terms:
        """The parts of `p(x, z)`, with the standard normal noise that stands for `z`."""

    def begin(self, noise: Tensor, form: int) -> Writing:
        """Start to decode noise `(batch, latent)`."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """All parameters, as of any module."""
