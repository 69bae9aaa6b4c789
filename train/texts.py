"""Running text from all the shared data that models may learn from, labels left out.

Only training parts are read, so that nothing measured later has been seen as text either.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.readers import read_jsonl
from benchmarks.tagging_data import read_word_list
from core.text.spans import normalise

LABELLED = (
    "ie/duie2",
    "ie/finre",
    "ie/sanwen",
    "ner/cluener",
    "ner/msra",
    "ner/weibo",
    "ner/resume",
    "generation/csl_title",
    "generation/headlines",
)
RUNNING = ("text/wiki", "text/news1998")


def read_texts(data: Path, limit: int | None = None) -> list[str]:
    """Normalised texts of a sentence or a paragraph, at most `limit` of each file.

    A file that is not there is passed over: less text makes a weaker model, not another one.
    """
    return [normalise(text) for part in _parts(data) for text in part[:limit] if text]


def _parts(data: Path) -> Iterator[list[str]]:
    for name in LABELLED:
        path = data / f"{name}.train.jsonl.xz"
        if path.is_file():
            yield [row["text"] for row in read_jsonl(path)]
    for name in RUNNING:
        path = data / f"{name}.txt.xz"
        if path.is_file():
            yield read_word_list(path)
