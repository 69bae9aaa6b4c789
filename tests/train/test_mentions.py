"""Laws of exchanging mentions: what stands around them stays, types stay, same seed = same row."""

import pytest
import torch

from core.text.characters import encode_texts
from core.text.tags import Span, TagSet
from core.text.vocabulary import Vocabulary
from train.mentions import MentionReplacer

TAGS = TagSet("BIOES", ("LOC", "PER"))
SENTENCES = [
    ("张三去了北京市", [Span(0, 2, "PER"), Span(4, 7, "LOC")]),
    ("今天天气很好", []),
    ("李去过沪和欧阳小云", [Span(0, 1, "PER"), Span(3, 4, "LOC"), Span(5, 9, "PER")]),
]
VOCABULARY = Vocabulary(sorted(set("".join(text for text, _ in SENTENCES))))


@pytest.fixture
def rows():
    characters = [encode_texts([text], VOCABULARY)[0].int() for text, _ in SENTENCES]
    tags = [
        torch.tensor([TAGS.index[t] for t in TAGS.encode(len(text), spans)]).int()
        for text, spans in SENTENCES
    ]
    return characters, tags


def spans_of(characters, tags):
    spans = TAGS.decode([TAGS.tags[i] for i in tags.tolist()])
    return [(span.type, tuple(characters[span.start : span.end].tolist())) for span in spans]


def outside(characters, tags):
    return characters[tags == TAGS.index["O"]].tolist()


@pytest.mark.parametrize("seed", range(8))
def test_contexts_and_types_stay(rows, seed):
    characters, tags = rows
    known = {pair for row in zip(*rows, strict=True) for pair in spans_of(*row)}
    replacer = MentionReplacer(characters, tags, TAGS)
    for row in range(len(SENTENCES)):
        generator = torch.Generator().manual_seed(seed)
        new = replacer(row, characters[row], tags[row], 1.0, generator)
        assert outside(*new) == outside(characters[row], tags[row])
        before, after = spans_of(characters[row], tags[row]), spans_of(*new)
        assert [kind for kind, _ in after] == [kind for kind, _ in before]
        assert set(after) <= known


def test_names_do_change(rows):
    characters, tags = rows
    replacer = MentionReplacer(characters, tags, TAGS)
    seen = {
        tuple(
            replacer(0, characters[0], tags[0], 1.0, torch.Generator().manual_seed(i))[0].tolist()
        )
        for i in range(50)
    }
    assert len(seen) == 3 * 2  # persons x places


def test_same_seed_same_row_and_no_share_no_change(rows):
    characters, tags = rows
    replacer = MentionReplacer(characters, tags, TAGS)

    def draw(share):
        generator = torch.Generator().manual_seed(5)
        return replacer(2, characters[2], tags[2], share, generator)

    assert all(map(torch.equal, draw(0.7), draw(0.7)))
    assert all(map(torch.equal, draw(0.0), (characters[2], tags[2])))
