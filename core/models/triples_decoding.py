r"""From probabilities to triples: half pointer, half tag, with thresholds as plain arguments.

Every prediction of the extractor is a pair of probabilities per character, *starts here* and *ends
here*. A span is read off as a start that reaches its threshold and the first end at or after it that
reaches its own. Stage one gives subjects in this way; stage two gives, for one subject, the objects
of every predicate. A triple's probability is the product of the four numbers that it was read from,

.. math:: P(s) \, P(o, p \mid s) = s_1 s_2 \cdot o_1 o_2 .

Nothing here needs the model. Stage two is run once, for all spans that any thresholds down to some
*floor* could take for subjects (`candidates`), and whoever stores its probabilities can read them
again with other thresholds as often as he likes (`read_triples`).

Positions count code points, ends are exclusive: `text[start:end]` is the subject or object,
whatever the text holds.

Source: Su Jianlin, https://kexue.fm/archives/6671.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

from torch import Tensor

Place = tuple[int, int]  # start, end
Kind = tuple[str, str, str]  # type of the subject, predicate, type of the object
TITLE_MARKS = "《》"


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The least probability of each pointer, and of a whole triple."""

    subject_start: float = 0.5
    subject_end: float = 0.4
    object_start: float = 0.5
    object_end: float = 0.4
    triple: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"expected {field.name} between 0 and 1, got {value}")


@dataclass(frozen=True, eq=False)
class Stages:
    """Probabilities of both stages for one text of `n` characters, on the CPU."""

    subject_start: Tensor  # (n,)
    subject_end: Tensor  # (n,), at the last character
    subjects: tuple[Place, ...]  # spans that stage two was asked about
    object_start: Tensor  # (subjects, n, kinds)
    object_end: Tensor  # (subjects, n, kinds)


@dataclass(frozen=True)
class Triple:
    """A triple with everything it rests on."""

    subject: str
    predicate: str
    object: str
    subject_type: str
    object_type: str
    subject_place: Place  # the mention that the model read
    object_place: Place
    subject_places: tuple[Place, ...]  # all places of this string in the text
    object_places: tuple[Place, ...]
    subject_probability: float
    object_probability: float  # of the object and the predicate, given the subject
    inferred: bool = False  # read backwards off its inverse, as a wife's husband is

    @property
    def probability(self) -> float:
        """Of the whole triple."""
        return self.subject_probability * self.object_probability

    @property
    def key(self) -> tuple[str, str, str]:
        """What is compared when triples are counted as right or wrong."""
        return comparable(self.subject), self.predicate, comparable(self.object)


def comparable(name: str) -> str:
    """A subject or object as it is compared: lower case, without title marks around it."""
    return name.strip().strip(TITLE_MARKS).strip().lower()


def pairs(start: Tensor, end: Tensor, least_start: float, least_end: float) -> list[Place]:
    """Spans of pointer probabilities `(n,)`: every start with the first end at or after it."""
    begins = (start >= least_start).nonzero().flatten().tolist()
    stops = (end >= least_end).nonzero().flatten().tolist()
    spans = []
    for begin in begins:
        at = bisect_left(stops, begin)
        if at < len(stops):
            spans.append((begin, stops[at] + 1))
    return spans


def candidates(start: Tensor, end: Tensor, floor: Thresholds, limit: int) -> list[Place]:
    """Every span that `pairs` could return for some thresholds not below `floor`.

    With a higher threshold the first end moves to the right, and only to an end that is more
    probable than all since the start. At most `limit` spans, the most probable ones, in order.
    """
    begins = (start >= floor.subject_start).nonzero().flatten().tolist()
    stops = (end >= floor.subject_end).nonzero().flatten().tolist()
    starts, ends = start.tolist(), end.tolist()
    spans = []
    for begin in begins:
        highest = -1.0
        for stop in stops[bisect_left(stops, begin) :]:
            if ends[stop] > highest:
                highest = ends[stop]
                spans.append((starts[begin] * highest, (begin, stop + 1)))
    spans.sort(key=lambda pair: (-pair[0], pair[1]))
    return sorted(span for _, span in spans[:limit])


def most_probable(start: Tensor, end: Tensor, longest: int = 30) -> Place:
    """The span of pointer probabilities `(n,)` whose product is highest."""
    best, place = -1.0, (0, 1)
    for begin, chance in enumerate(start.tolist()):
        high, stop = end[begin : begin + longest].max(dim=0)
        if chance * float(high) > best:
            best, place = chance * float(high), (begin, begin + int(stop) + 1)
    return place


def read_triples(
    text: str,
    stages: Stages,
    thresholds: Thresholds,
    kinds: Sequence[Kind],
    inverses: Iterable[tuple[str, str]] = (),
    forced: Iterable[Place] = (),
) -> list[Triple]:
    """The triples of a text, each once, the most probable first.

    Two mentions with the same strings and predicate are one triple; the more probable mention is
    the one it names. Subjects in `forced` are taken for certain, as long as stage two was asked
    about them. For the two predicates of a pair in `inverses` every triple is also read backwards.
    """
    certain = set(forced)
    wanted = certain | set(
        pairs(
            stages.subject_start,
            stages.subject_end,
            thresholds.subject_start,
            thresholds.subject_end,
        )
    )
    best: dict[tuple[str, str, str], Triple] = {}
    for row, place in enumerate(stages.subjects):
        if place in wanted:
            begin, stop = place
            read = float(stages.subject_start[begin]) * float(stages.subject_end[stop - 1])
            sure = 1.0 if place in certain else read
            found = _objects(stages.object_start[row], stages.object_end[row], thresholds)
            for kind, span, probability in found:
                triple = _triple(text, kinds[kind], place, span, sure, probability)
                _keep(best, triple, thresholds)
    opposite = dict(inverses) | {second: first for first, second in inverses}
    for triple in list(best.values()):
        if triple.predicate in opposite:
            _keep(best, _turned(triple, opposite[triple.predicate]), thresholds)
    return sorted(best.values(), key=lambda triple: -triple.probability)


def likeliest_triples(text: str, stages: Stages, kinds: Sequence[Kind]) -> list[Triple]:
    """For every subject that stage two was asked about and every kind the likeliest object, if any.

    No thresholds: the start and the end after it with the highest product. What `read_triples` leaves
    out can be named in this way.
    """
    found = []
    for row, (begin, stop) in enumerate(stages.subjects):
        sure = float(stages.subject_start[begin]) * float(stages.subject_end[stop - 1])
        start, end = stages.object_start[row], stages.object_end[row]
        for kind in ((start > 0).any(dim=0) & (end > 0).any(dim=0)).nonzero().flatten().tolist():
            span = most_probable(start[:, kind], end[:, kind])
            chance = float(start[span[0], kind]) * float(end[span[1] - 1, kind])
            if chance > 0:
                found.append(_triple(text, kinds[kind], (begin, stop), span, sure, chance))
    return sorted(found, key=lambda triple: -triple.probability)


def _objects(start: Tensor, end: Tensor, thresholds: Thresholds) -> list[tuple[int, Place, float]]:
    """Kinds, spans and probabilities of one subject's objects, from `(n, kinds)` pointers."""
    stops: dict[int, list[int]] = {}
    for position, kind in (end >= thresholds.object_end).nonzero().tolist():
        stops.setdefault(kind, []).append(position)
    found = []
    for begin, kind in (start >= thresholds.object_start).nonzero().tolist():
        ends = stops.get(kind, [])
        at = bisect_left(ends, begin)
        if at < len(ends):
            probability = float(start[begin, kind]) * float(end[ends[at], kind])
            found.append((kind, (begin, ends[at] + 1), probability))
    return found


def _triple(text: str, kind: Kind, subject: Place, obj: Place, sure: float, given: float) -> Triple:
    subject_type, predicate, object_type = kind
    first, second = text[slice(*subject)], text[slice(*obj)]
    return Triple(
        subject=first,
        predicate=predicate,
        object=second,
        subject_type=subject_type,
        object_type=object_type,
        subject_place=subject,
        object_place=obj,
        subject_places=tuple(places(text, first)),
        object_places=tuple(places(text, second)),
        subject_probability=sure,
        object_probability=given,
    )


def _turned(triple: Triple, predicate: str) -> Triple:
    """The same fact told from the other end."""
    return replace(
        triple,
        subject=triple.object,
        predicate=predicate,
        object=triple.subject,
        subject_type=triple.object_type,
        object_type=triple.subject_type,
        subject_place=triple.object_place,
        object_place=triple.subject_place,
        subject_places=triple.object_places,
        object_places=triple.subject_places,
        inferred=True,
    )


def _keep(best: dict[tuple[str, str, str], Triple], triple: Triple, thresholds: Thresholds) -> None:
    key = (triple.subject, triple.predicate, triple.object)
    known = best.get(key)
    if triple.probability >= thresholds.triple and (
        known is None or known.probability < triple.probability
    ):
        best[key] = triple


def places(text: str, name: str) -> list[Place]:
    """All places of a string in a text, those that overlap included; none of an empty one."""
    spans, start = [], text.find(name) if name else -1
    while start >= 0:
        spans.append((start, start + len(name)))
        start = text.find(name, start + 1)
    return spans
