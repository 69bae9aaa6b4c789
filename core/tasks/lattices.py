"""One sentence's lattice laid open: every tag, every step, the best paths, and what edits do to them.

The scores of a sentence come from an encoder or from tables and are kept, so that an edit (a pinned tag,
another transition score, a forbidden step) is answered by decoding alone. Edits are written as text, the
same in a link, in the API and in code:

    pins   3=B-LOC 4=E-LOC              the character text[3] is B-LOC
    steps  O>B-PER=-2.5  S>S=x  ^>O=1   score of a step; x forbids it; ^ is the start, $ the end
"""

import math
import re
import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from core.errors import InputError, check_whole
from core.models.chain import FREE, Chain, Messages
from core.runtime import Timing
from core.text.tags import TagSet

MAX_CHARACTERS = 60
MAX_PATHS = 10
MAX_SCORE = 50.0  # nats, of an edited step
MAX_WRITTEN = 4000  # characters of pins or steps
CACHED = 256  # sentences whose scores are kept
START, END = "^", "$"

Row = tuple[float | None, ...]  # None stands for minus infinity: impossible


@dataclass(frozen=True)
class Found:
    """A span: `text` is the slice `[start:end]` of what was handed in."""

    start: int
    end: int
    text: str
    type: str
    confidence: float


@dataclass(frozen=True)
class Path:
    """A tag sequence, and the summands of its score."""

    tags: tuple[str, ...]
    score: float
    probability: float
    emissions: tuple[float, ...]  # of every character
    transitions: tuple[float, ...]  # of the step into every character; the first is the start's
    end: float
    illegal: tuple[int, ...]  # characters whose tag may not follow; the length for an illegal end
    spans: tuple[Found, ...]


@dataclass(frozen=True)
class Lattice:
    """Everything about one sentence. Tables are by character and tag, or from tag to tag."""

    text: str
    tags: tuple[str, ...]
    scale: str  # what transitions are: "score", or "probability" when they are its logarithms
    emissions: tuple[Row, ...]
    transitions: tuple[Row, ...]
    start: Row
    end: Row
    legal: tuple[tuple[bool, ...], ...]
    legal_start: tuple[bool, ...]
    legal_end: tuple[bool, ...]
    edited: Mapping[str, float | None]  # steps that the visitor changed, such as "O>B-PER"
    pinned: Mapping[int, str]
    marginals: tuple[tuple[float, ...], ...]
    forward: tuple[Row, ...]  # log-sum of all beginnings that stand in a tag
    backward: tuple[Row, ...]  # log-sum of all endings after it
    best: tuple[Row, ...]  # score of the best beginning that stands in a tag
    previous: tuple[tuple[int, ...], ...]  # the tag that this beginning comes from, -1 for none
    paths: tuple[Path, ...]  # best first
    log_partition: float
    entropy: float  # over paths, in nats
    cached: bool  # the scores were at hand; only decoding was needed
    timing: Timing


@dataclass(frozen=True)
class Scores:
    """What a model says about one sentence before any decoding, in double precision."""

    emissions: Tensor  # (time, tags)
    transitions: Tensor  # (tags, tags)
    start: Tensor  # (tags,)
    end: Tensor  # (tags,)
    timing: Timing

    @classmethod
    def of(cls, out: Mapping[str, Tensor], timing: Timing, length: int) -> "Scores":
        """From the one row that a model's function returned."""
        return cls(
            out["emissions"][0, :length].double(),
            out["transitions"][0].double(),
            out["start"][0].double(),
            out["end"][0].double(),
            timing,
        )


class Cache:
    """The scores of the sentences asked for last."""

    def __init__(self, size: int = CACHED) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Scores] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Scores]) -> tuple[Scores, bool]:
        """The scores of a key, made if need be, and whether they were there."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found, True
        made = make()  # outside the lock: others' sentences need not wait for this one
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return made, False

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()


@dataclass(frozen=True)
class Edits:
    """Pinned tags and changed steps; None forbids a step."""

    pins: Mapping[int, str] = field(default_factory=dict)
    steps: Mapping[tuple[str, str], float | None] = field(default_factory=dict)


_PIN = re.compile(r"(\d+)=(\S+)")
_STEP = re.compile(r"([^\s>=]+)>([^\s>=]+)=([^\s=]+)")


def parse_edits(pins: str, steps: str, tags: Sequence[str], length: int) -> Edits:
    """Read written edits; `InputError` names the first item that makes no sense."""
    pinned = {}
    for item in _items(pins):
        match = _PIN.fullmatch(item)
        if match is None or match[2] not in tags or int(match[1]) >= length:
            raise InputError(
                en=f"The pin {item[:30]!r} cannot be read. Write 3={tags[0]} for the character 3, "
                f"counted from 0 to {length - 1}; tags are {', '.join(tags)}.",
                zh=f"看不懂固定项 {item[:30]!r}。请写成 3={tags[0]}，数字是字的位置（0 到 {length - 1}），"
                f"标签有 {'、'.join(tags)}。",
            )
        pinned[int(match[1])] = match[2]
    changed: dict[tuple[str, str], float | None] = {}
    for item in _items(steps):
        match = _STEP.fullmatch(item)
        if match is None or match[1] not in (START, *tags) or match[2] not in (END, *tags):
            raise _unreadable_step(item, tags)
        if (match[1], match[2]) == (START, END):
            raise _unreadable_step(item, tags)
        changed[match[1], match[2]] = None if match[3] in "xX×" else _number(match[3], item, tags)
    return Edits(pinned, changed)


def _items(written: str) -> list[str]:
    """Items between white space and commas; full-width signs count as half-width ones."""
    if len(written) > MAX_WRITTEN:
        raise InputError(
            en=f"The edits have {len(written):,} characters; at most {MAX_WRITTEN:,} are accepted. "
            "Remove some.",
            zh=f"修改项共 {len(written):,} 个字符，最多 {MAX_WRITTEN:,} 个，请删去一些。",
        )
    return [item for item in re.split(r"[\s,;、]+", unicodedata.normalize("NFKC", written)) if item]


def _number(text: str, item: str, tags: Sequence[str]) -> float:
    try:
        value = float(text)
    except ValueError:
        raise _unreadable_step(item, tags) from None
    if not abs(value) <= MAX_SCORE:  # written so that nan is refused too
        raise InputError(
            en=f"The score in {item[:40]!r} must be between -{MAX_SCORE:g} and {MAX_SCORE:g}; "
            "write x to forbid the step.",
            zh=f"{item[:40]!r} 中的分数须在 -{MAX_SCORE:g} 到 {MAX_SCORE:g} 之间；禁止这一步请写 x。",
        )
    return value


def _unreadable_step(item: str, tags: Sequence[str]) -> InputError:
    first, last = tags[0], tags[-1]
    return InputError(
        en=f"The step {item[:40]!r} cannot be read. Write {first}>{last}=-2.5 for its score, "
        f"{first}>{last}=x to forbid it; tags are {', '.join(tags)}, ^ (start) and $ (end).",
        zh=f"看不懂转移 {item[:40]!r}。请写成 {first}>{last}=-2.5（分数）或 {first}>{last}=x（禁止）；"
        f"标签有 {'、'.join(tags)}，^ 是开头，$ 是结尾。",
    )


def check_size(text: str, paths: int) -> None:
    """Raise `InputError` for a text that cannot be drawn, or for too many paths."""
    if not text.strip():
        raise InputError(
            en=f"There is no text yet. Type a sentence of 1 to {MAX_CHARACTERS} characters.",
            zh=f"还没有文字，请输入一句 1 到 {MAX_CHARACTERS} 个字符的话。",
        )
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            en=f"The lattice draws at most {MAX_CHARACTERS} characters; this text has "
            f"{len(text):,}. Keep one sentence of it.",
            zh=f"网格最多画 {MAX_CHARACTERS} 个字符，这段有 {len(text):,} 个，请只留一句。",
        )
    check_whole("paths", paths, 1, MAX_PATHS, zh="路径条数")


def explore(
    text: str,
    tag_set: TagSet,
    scores: Scores,
    edits: Edits,
    *,
    paths: int,
    legal: bool = True,
    probabilities: bool = False,
    cached: bool = False,
) -> Lattice:
    """Decode scores under edits in every way there is.

    `legal` excludes steps that the tag scheme excludes. With `probabilities` edited steps are
    probabilities, and the untouched steps from the same tag share what is left of 1.
    """
    started = time.perf_counter()
    chain = edited_chain(tag_set, scores, edits, legal=legal, probabilities=probabilities)
    messages = chain.messages()
    posterior = chain.posterior(messages)
    log_z = float(messages.log_partition)
    if log_z == -math.inf:
        raise InputError(
            en="No tag sequence is left under these pins and forbidden steps. Take one back.",
            zh="在这些固定和禁止之下没有任何标签序列可走，请撤掉一项。",
        )
    best, previous = _best_beginnings(chain)
    found = chain.k_best(min(paths, MAX_PATHS))
    kept = [row for row, score in enumerate(found.scores[0].tolist()) if score > -math.inf]
    drawn = _paths(text, tag_set, chain, messages, found.tags[0][kept])
    compute_ms = 1000 * (time.perf_counter() - started)
    if not cached:
        compute_ms += scores.timing.compute_ms
    return Lattice(
        text=text,
        tags=tag_set.tags,
        scale="probability" if probabilities else "score",
        emissions=_table(chain.emissions[0]),
        transitions=_table(chain.transitions),
        start=_row(chain.start),
        end=_row(chain.end),
        legal=tuple(tuple(row) for row in tag_set.legal.transitions),
        legal_start=tuple(tag_set.legal.start),
        legal_end=tuple(tag_set.legal.end),
        edited={f"{before}>{after}": score for (before, after), score in edits.steps.items()},
        pinned=dict(edits.pins),
        marginals=_table(posterior.unary[0].clamp(0, 1)),
        forward=_table(messages.forward[0]),
        backward=_table(messages.backward[0]),
        best=_table(best),
        previous=tuple(map(tuple, previous.tolist())),
        paths=drawn,
        log_partition=round(log_z, 5),
        entropy=round(max(0.0, float(chain.entropy(posterior))), 5),
        cached=cached,
        timing=replace(
            scores.timing,
            compute_ms=compute_ms,
            queue_ms=0.0 if cached else scores.timing.queue_ms,
        ),
    )


def edited_chain(
    tag_set: TagSet,
    scores: Scores,
    edits: Edits,
    *,
    legal: bool = True,
    probabilities: bool = False,
) -> Chain:
    """The chain of one sentence after all edits; an edit overrules the scores, `legal` the edits."""
    start, end = scores.start.clone(), scores.end.clone()
    transitions = scores.transitions.clone()
    if probabilities:
        _set_probabilities(transitions, start, end, edits, tag_set)
    else:
        for (before, after), value in edits.steps.items():
            score = -math.inf if value is None else value
            if before == START:
                start[tag_set.index[after]] = score
            elif after == END:
                end[tag_set.index[before]] = score
            else:
                transitions[tag_set.index[before], tag_set.index[after]] = score
    chain = Chain.of(scores.emissions.unsqueeze(0), transitions, None, start, end)
    if legal:
        chain = chain.forbid(*(~torch.tensor(part) for part in tag_set.legal))
    if edits.pins:
        pins = torch.full((1, len(scores.emissions)), FREE)
        for place, tag in edits.pins.items():
            pins[0, place] = tag_set.index[tag]
        chain = chain.pin(pins)
    return chain


def _set_probabilities(
    transitions: Tensor, start: Tensor, end: Tensor, edits: Edits, tag_set: TagSet
) -> None:
    """Set edited steps to log-probabilities; the others of the row keep their proportions."""
    rows: dict[str, dict[int, float]] = {}
    for (before, after), value in edits.steps.items():
        p = 0.0 if value is None else value
        if after == END:  # the end has no probability of its own: it is possible or not
            end[tag_set.index[before]] = math.log(p) if p > 0 else -math.inf
            continue
        if not 0 <= p <= 1:
            raise InputError(
                en=f"The probability of {before}>{after} is {p:g}; it must be between 0 and 1.",
                zh=f"{before}>{after} 的概率是 {p:g}，须在 0 到 1 之间。",
            )
        rows.setdefault(before, {})[tag_set.index[after]] = p
    for before, given in rows.items():
        row = start if before == START else transitions[tag_set.index[before]]
        probabilities = row.exp()
        free = torch.ones(len(row), dtype=torch.bool)
        free[list(given)] = False
        rest, left = float(probabilities[free].sum()), max(0.0, 1.0 - sum(given.values()))
        probabilities[free] *= left / rest if rest > 0 else 0.0
        for tag, p in given.items():
            probabilities[tag] = p
        total = probabilities.sum()
        row.copy_((probabilities / total if total > 0 else probabilities).log())


def _best_beginnings(chain: Chain) -> tuple[Tensor, Tensor]:
    """Viterbi's table and its back-pointers, `(time, tags)` each."""
    best = chain.start + chain.emissions[0, 0]
    scores, previous = [best], [torch.full_like(best, -1).long()]
    for t in range(1, chain.emissions.shape[1]):
        ways, came_from = (best.unsqueeze(1) + chain.transitions).max(dim=0)
        best = ways + chain.emissions[0, t]
        scores.append(best)
        previous.append(came_from.masked_fill(best == -math.inf, -1))
    return torch.stack(scores), torch.stack(previous)


def _paths(
    text: str, tag_set: TagSet, chain: Chain, messages: Messages, tags: Tensor
) -> tuple[Path, ...]:
    """Paths `(k, time)` of the one sentence with their terms and spans."""
    count, log_z = len(tags), float(messages.log_partition)
    many = replace(
        chain,
        emissions=chain.emissions.expand(count, -1, -1),
        lengths=chain.lengths.expand(count),
    )
    shared = Messages(*(part.expand(count, *part.shape[1:]) for part in messages))
    terms, along = many.decompose(tags), many.along(tags, shared)
    scores = terms.total()
    made = []
    for i, row in enumerate(tags.tolist()):
        names = tuple(tag_set.tags[tag] for tag in row)
        spans = tuple(
            Found(s, e, text[s:e], kind, confidence(along.alone[i], along.chained[i], s, e))
            for s, e, kind in tag_set.decode(names)
        )
        made.append(
            Path(
                tags=names,
                score=round(float(scores[i]), 5),
                probability=_probability(float(scores[i]) - log_z),
                emissions=tuple(round(v, 5) for v in terms.emissions[i].tolist()),
                transitions=tuple(round(v, 5) for v in terms.transitions[i].tolist()),
                end=round(float(terms.end[i]), 5),
                illegal=illegal_steps(tag_set, row),
                spans=spans,
            )
        )
    return tuple(made)


def confidence(alone: Tensor, chained: Tensor, start: int, end: int) -> float:
    """Probability of a path's tags in `[start:end]`, from its row of `Chain.along`."""
    return _probability(float(alone[start] + chained[end - 1] - chained[start]))


def illegal_steps(tag_set: TagSet, tags: Sequence[int]) -> tuple[int, ...]:
    """Places whose tag may not stand behind the one before; the length where the end is illegal."""
    allowed = tag_set.legal
    wrong = [0] if tags and not allowed.start[tags[0]] else []
    wrong += [
        t
        for t, (before, after) in enumerate(zip(tags, tags[1:], strict=False), start=1)
        if not allowed.transitions[before][after]
    ]
    if tags and not allowed.end[tags[-1]]:
        wrong.append(len(tags))
    return tuple(wrong)


def _probability(log_p: float) -> float:
    return round(min(1.0, math.exp(log_p)), 6)


def _row(values: Tensor) -> Row:
    row: Row = _table(values.unsqueeze(0))[0]
    return row


def _table(values: Tensor) -> tuple[Any, ...]:
    """Rows of numbers with five places and None for minus infinity; rounded as a whole, for speed."""
    rows = values.round(decimals=5).tolist()
    return tuple(tuple(None if v == -math.inf else v for v in row) for row in rows)
