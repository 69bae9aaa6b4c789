"""Weights of a trained tagger as the start of an extractor: embeddings and the lowest LSTM.

A tagger has learned names and words from several times as many sentences as there are with triples.
Characters, bigrams and lexicons of the two need not agree: rows that the donor lacks are predicted
from their vectors (`train.vectors`), by ridge regression on the rows that both have.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core import hub
from core.models.character_features import FLAGS
from core.models.extractor import Extractor
from core.models.tagger import BiLSTM, Tagger
from core.text.characters import KNOWN, look_up
from core.text.vocabulary import Vocabulary

RIDGE = 0.1  # of the mean variance of the vectors


@dataclass(frozen=True)
class Donor:
    """A trained tagger and its characters."""

    model: Tagger
    vocabulary: Vocabulary

    @classmethod
    def load(cls, name: str) -> "Donor":
        """A tagger by the name of its weights."""
        model = hub.load(name)
        if not isinstance(model, Tagger):
            raise TypeError(f"expected the weights of a tagger, got {type(model).__name__}")
        return cls(model, Vocabulary.from_json(hub.locate(name).path("vocab.json")))

    @torch.no_grad()
    def plant(self, model: Extractor, vectors: list[Tensor]) -> None:
        """Copy what fits; `vectors` are those of the extractor's characters and bigrams, if any.

        The extractor's first characters must be the donor's. Raises `ValueError` when the widths
        differ.
        """
        features, encoder, trained = model.features, model.encoder, self.model.encoder
        if not isinstance(encoder, BiLSTM) or not isinstance(trained, BiLSTM):
            raise ValueError(f"a tagger's LSTM cannot start a {model.config.encoder}")
        theirs = self.model.inputs.characters.weight
        lowest = trained.right[0]
        if not isinstance(lowest, nn.LSTM) or features.out_width != lowest.input_size:
            raise ValueError("expected the widths of the donor's embeddings")
        known = torch.arange(len(features.characters.weight))
        known = torch.where(known < len(self.vocabulary) + KNOWN, known, len(theirs))
        _fill(features.characters.weight, theirs, known, vectors[0] if vectors else None)
        hashes = self.model.inputs.get_buffer("bigram_hashes")
        known = look_up(hashes, features.get_buffer("bigram_hashes"))
        known = torch.cat([known, torch.tensor([len(hashes)])])  # both end with "unknown"
        known[:-1][known[:-1] == len(hashes)] = len(hashes) + 1
        rows = self.model.inputs.bigrams.weight
        _fill(features.bigrams.weight, rows, known, vectors[1] if vectors else None)
        # The donor's lexicons are the extractor's last ones.
        own, given = features.words, self.model.inputs.words
        own.weight[:, : -given.in_features].normal_(std=0.02)
        own.weight[:, -given.in_features :] = given.weight
        own.bias.copy_(given.bias)
        for mine, their in zip(
            (encoder.right[0], encoder.left[0]),
            (trained.right[0], trained.left[0]),
            strict=True,
        ):
            mine.load_state_dict(their.state_dict())
        assert own.in_features % FLAGS == 0


def _fill(own: Tensor, given: Tensor, known: Tensor, vectors: Tensor | None) -> None:
    """Rows of `given` at the numbers `known`; the others (too large a number) are predicted."""
    shared = known < len(given)
    own[shared] = given[known[shared]].to(own.dtype)
    if vectors is None or shared.all():
        return
    x, y = vectors[shared], own[shared]
    centre, mean = x.mean(dim=0), y.mean(dim=0)
    x, y = x - centre, y - mean
    square = x.T @ x
    penalty = RIDGE * square.diagonal().mean() * torch.eye(len(square))
    own[~shared] = (vectors[~shared] - centre) @ torch.linalg.solve(
        square + penalty, x.T @ y
    ) + mean
