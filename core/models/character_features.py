"""What a character brings along before any context: itself, its two bigrams, the words it is in.

Bigrams and words are known by their hashes only: the model can tell whether it
knows a string, and nobody can read a word list out of it. A word is a soft hint and not a cut: all
known words around a character are marked, those that overlap too, by the character's place in them
(first, inside, last) and by their length.

Bigrams replace much of what a word would say and are worth several points of F1 in Chinese. Words
are flags and not vectors, since their vectors would be larger than the models.

Sources: Zhang and Yang 2018, https://arxiv.org/abs/1805.02023 (bigrams); Ma et al. 2020,
https://arxiv.org/abs/1908.05969 (words by the place in them).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.text.characters import hash_strings, look_up

LONGEST_WORD = 8  # characters; longer lexicon words are not looked for
FLAGS = 3 * 4  # begin, inside, end x lengths 2, 3, 4, 5 and more


class CharacterFeatures(nn.Module):
    """Character numbers `(batch, time)`, 0 at the padding, to `(batch, time, out_width)`."""

    def __init__(
        self,
        *,
        vocab_size: int,
        bigrams: int,
        lexicons: Sequence[int],
        character_width: int,
        bigram_width: int,
        lexicon_width: int,
    ) -> None:
        super().__init__()
        self.lexicons = tuple(lexicons)
        self.known_bigrams = bigrams
        self.characters = nn.Embedding(vocab_size, character_width)
        nn.init.normal_(self.characters.weight, std=0.1)
        self.out_width = character_width
        if bigrams:
            self.bigrams = nn.Embedding(bigrams + 1, bigram_width)  # the last is "unknown"
            nn.init.normal_(self.bigrams.weight, std=0.1)
            self.register_buffer("bigram_hashes", torch.zeros(bigrams, dtype=torch.int32))
            self.out_width += 2 * bigram_width
        if lexicons:
            self.words = nn.Linear(FLAGS * len(lexicons), lexicon_width)
            for i, size in enumerate(lexicons):
                self.register_buffer(f"lexicon{i}_hashes", torch.zeros(size, dtype=torch.int32))
            self.out_width += lexicon_width

    def know(self, bigrams: Tensor, lexicons: Sequence[Tensor]) -> None:
        """Store the short hashes of known bigrams and lexicon words; once, before training."""
        if self.known_bigrams:
            self.get_buffer("bigram_hashes").copy_(bigrams.sort().values)
        for i, hashes in enumerate(lexicons):
            self.get_buffer(f"lexicon{i}_hashes").copy_(hashes.sort().values)

    def forward(self, characters: Tensor) -> Tensor:
        """All features side by side."""
        parts = [self.characters(characters)]
        if self.known_bigrams:
            pair = self.bigrams(self._bigram_numbers(characters))  # (batch, time + 1, bigram_width)
            parts += [pair[:, :-1], pair[:, 1:]]
        if self.lexicons:
            parts.append(self.words(self.flags(characters)))
        return torch.cat(parts, dim=2)

    def _bigram_numbers(self, characters: Tensor) -> Tensor:
        """Numbers of the pairs (t - 1, t) for t = 0 .. time, `(batch, time + 1)`."""
        edge = F.pad(characters, (1, 1))
        return look_up(self.get_buffer("bigram_hashes"), hash_strings(edge.unfold(1, 2, 1)))

    def flags(self, characters: Tensor) -> Tensor:
        """Which lexicon words begin, go on, end at a character: 0 or 1, `(batch, time, flags)`."""
        batch, time = characters.shape
        marks = torch.zeros(batch, time, len(self.lexicons), 4, 3, device=characters.device)
        for length in range(2, min(LONGEST_WORD, time) + 1):
            hashes = hash_strings(characters.unfold(1, length, 1))  # (batch, time - length + 1)
            starts = time - length + 1
            for i, size in enumerate(self.lexicons):
                if not size:
                    continue
                found = look_up(self.get_buffer(f"lexicon{i}_hashes"), hashes) < size
                here = marks[:, :, i, min(length, 5) - 2]
                for offset in range(length):
                    part = 0 if offset == 0 else 2 if offset == length - 1 else 1
                    view = here[:, offset : offset + starts, part]
                    torch.maximum(view, found.to(view.dtype), out=view)
        return marks.flatten(2).to(self.words.weight.dtype)
