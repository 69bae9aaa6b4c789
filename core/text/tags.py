"""Tag schemes: spans of characters written as one tag per character, and back.

A scheme names how the characters of a span are marked, a `TagSet` is a scheme with its span types:

| scheme  | one character | first | middle | last | none |
| ------- | ------------- | ----- | ------ | ---- | ---- |
| `BIO`   | `B`           | `B`   | `I`    | `I`  | `O`  |
| `BIOES` | `S`           | `B`   | `I`    | `E`  | `O`  |
| `BMES`  | `S`           | `B`   | `M`    | `E`  | `O`  |

Word segmentation is `BMES` with the one type `""` and without `O`: words cover the text, the tags
are plain `B`, `M`, `E`, `S`. Some tag sequences say nothing a span could say (`O` then `I-PER`):
the legal steps are listed as masks, and `decode` repairs what is illegal:

* a tag that continues or ends a span of a type that is not open begins a new span of that type;
* an open span ends before a tag that does not continue it, and at the end of the text.

So every sequence decodes to disjoint spans in order, and legal ones without loss.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Span(NamedTuple):
    """A typed piece of a text: the Python slice `text[start:end]`."""

    start: int
    end: int
    type: str


class Legal(NamedTuple):
    """What may stand where; indices are those of `TagSet.tags`."""

    transitions: list[list[bool]]  # [from][to]
    start: list[bool]  # may be the first tag of a text
    end: list[bool]  # may be the last


class Scheme(NamedTuple):
    """The letters of a scheme for a span's characters."""

    single: str
    first: str
    middle: str
    last: str


SCHEMES = {
    "BIO": Scheme("B", "B", "I", "I"),
    "BIOES": Scheme("S", "B", "I", "E"),
    "BMES": Scheme("S", "B", "M", "E"),
}
OUTSIDE = "O"


@dataclass(frozen=True)
class TagSet:
    """The tags of a scheme for given span types.

    With `outside=False` every character belongs to a span and there is no `O`. Raises `ValueError`
    for an unknown scheme, for no or doubled types, and for a type-less set among several types.
    """

    scheme: str
    types: tuple[str, ...]
    outside: bool = True

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise ValueError(f"expected one of {', '.join(SCHEMES)}, got {self.scheme!r}")
        if not self.types or len(set(self.types)) < len(self.types):
            raise ValueError(f"expected at least one type and each once, got {self.types}")
        if "" in self.types and len(self.types) > 1:
            raise ValueError("a nameless type stands alone")

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """All tags in their fixed order: `O` first, then type by type."""
        letters = dict.fromkeys(SCHEMES[self.scheme]._asdict().values())
        order = sorted(letters, key="BIMES".index)
        named = [_join(letter, name) for name in self.types for letter in order]
        return (OUTSIDE, *named) if self.outside else tuple(named)

    @cached_property
    def index(self) -> dict[str, int]:
        """The number of every tag."""
        return {tag: i for i, tag in enumerate(self.tags)}

    @cached_property
    def legal(self) -> Legal:
        """Which tags may follow each other, begin a text and end it."""
        return Legal(
            [[self._follows(before, after) for after in self.tags] for before in self.tags],
            [self._begins(tag) for tag in self.tags],
            [self._ends(tag) for tag in self.tags],
        )

    def _begins(self, tag: str) -> bool:
        letters = SCHEMES[self.scheme]
        return tag == OUTSIDE or _split(tag)[0] in (letters.first, letters.single)

    def _ends(self, tag: str) -> bool:
        letters = SCHEMES[self.scheme]
        return tag == OUTSIDE or _split(tag)[0] in (letters.last, letters.single)

    def _follows(self, before: str, after: str) -> bool:
        letters = SCHEMES[self.scheme]
        if self._begins(after):
            return self._ends(before)
        (letter, name), (_, wanted) = _split(before), _split(after)
        opened = before != OUTSIDE and letter in (letters.first, letters.middle)
        return opened and name == wanted

    def is_legal(self, tags: Sequence[str]) -> bool:
        """True when `decode` has nothing to repair."""
        if not tags:
            return True
        return (
            self._begins(tags[0])
            and self._ends(tags[-1])
            and all(self._follows(a, b) for a, b in zip(tags, tags[1:], strict=False))
        )

    def encode(self, length: int, spans: Iterable[Span]) -> list[str]:
        """One tag per character for disjoint spans of a text with `length` characters.

        Raises `ValueError` for a span that is empty, outside the text, of an unknown type or
        overlapping another, and for uncovered characters in a set without `O`.
        """
        letters = SCHEMES[self.scheme]
        tags = [OUTSIDE] * length
        for start, end, name in spans:
            if not 0 <= start < end <= length:
                raise ValueError(f"expected 0 <= start < end <= {length}, got {start} and {end}")
            if name not in self.types:
                raise ValueError(f"expected a type among {', '.join(self.types)}, got {name!r}")
            if any(tag != OUTSIDE for tag in tags[start:end]):
                raise ValueError(f"the span {start}:{end} overlaps another one")
            if end - start == 1:
                marks = [letters.single]
            else:
                marks = [letters.first, *[letters.middle] * (end - start - 2), letters.last]
            tags[start:end] = [_join(mark, name) for mark in marks]
        if not self.outside and OUTSIDE in tags:
            raise ValueError(f"the character {tags.index(OUTSIDE)} is in no span")
        return tags

    def decode(self, tags: Sequence[str]) -> list[Span]:
        """The spans of a tag sequence, in order; illegal steps are repaired as said at the top."""
        letters = SCHEMES[self.scheme]
        spans: list[Span] = []
        start, opened = 0, None
        for i, tag in enumerate(tags):
            name = _split(tag)[1]
            continues = tag != OUTSIDE and opened == name and not self._begins(tag)
            if opened is not None and not continues:
                spans.append(Span(start, i, opened))
                opened = None
            if tag != OUTSIDE and opened is None:
                start, opened = i, name
            # In BIO the letter of the last character is also the middle's, so it closes nothing.
            if opened is not None and self._ends(tag) and letters.last != letters.middle:
                spans.append(Span(start, i + 1, opened))
                opened = None
        if opened is not None:
            spans.append(Span(start, len(tags), opened))
        return spans


def segmentation_tags() -> TagSet:
    """Tags of word segmentation: `B`, `M`, `E`, `S`, all characters inside words."""
    return TagSet("BMES", ("",), outside=False)


def disjoint(spans: Iterable[Span]) -> list[Span]:
    """Spans without overlaps, in order: of those that overlap the longest stays, then the first.

    One tag per character cannot say that a name stands in a name.
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept)


def word_spans(words: Iterable[str]) -> list[Span]:
    """Words as the spans of the text that they make when joined; empty words are skipped."""
    spans, start = [], 0
    for word in words:
        if word:
            spans.append(Span(start, start + len(word), ""))
            start += len(word)
    return spans


def split_words(text: str, spans: Iterable[Span]) -> list[str]:
    """The texts of spans: for the spans of a segmentation, the words."""
    return [text[start:end] for start, end, _ in spans]


def convert(tags: Sequence[str], source: TagSet, target: TagSet) -> list[str]:
    """The same spans in another scheme; illegal steps are repaired on the way."""
    return target.encode(len(tags), source.decode(tags))


def export(text: str, spans: Iterable[Span], scheme: str = "BIO") -> list[str]:
    """Tags of entities in `BIO`, `BIOES` or `BMES`, one per character of `text`."""
    spans = list(spans)
    types = tuple(dict.fromkeys(span.type for span in spans)) or ("ENTITY",)
    return TagSet(scheme, types).encode(len(text), spans)


def conll(text: str, spans: Iterable[Span], scheme: str = "BIO") -> str:
    r"""CoNLL columns: a line `character TAB tag` per character, ended by an empty line.

    White space and control characters are written as escapes (`\n`, `\u3000`), so that the n-th
    line is always the n-th character.
    """
    lines = [
        f"{_visible(char)}\t{tag}"
        for char, tag in zip(text, export(text, spans, scheme), strict=True)
    ]
    return "\n".join(lines) + "\n\n"


def _visible(char: str) -> str:
    if char.isprintable() and not char.isspace():
        return char
    return char.encode("unicode_escape").decode("ascii") if char != " " else "\\u0020"


def _join(letter: str, name: str) -> str:
    return f"{letter}-{name}" if name else letter


def _split(tag: str) -> tuple[str, str]:
    letter, _, name = tag.partition("-")
    return letter, name
