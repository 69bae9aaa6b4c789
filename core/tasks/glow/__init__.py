"""Verbs of the Glow models: sample by level, read a picture exactly, walk, edit, watch the layers work.

Every verb takes plain values and returns a frozen dataclass; noise comes from seeds alone, so the same
call gives the same pictures on any device, alone or among other visitors' requests. Where a verb takes
a picture it takes a *source*: a whole number (the face made from that seed), the name of a test picture
(`TESTS`), or a photograph as a data URL.

Files: `sampling` (noise in, faces out), `reading` (exact codes, bits per dimension and what they are
made of), `paths` (between pictures, and their levels exchanged), `edits` (directions of attributes),
`films` (layer by layer). Beside them `sources` (pictures by their names), `resources` (what a model
brings along), `records` (what comes back) and `checks` (of arguments that verbs share).
"""

from core.tasks.glow.edits import ATTRIBUTES, attributes, group_direction
from core.tasks.glow.films import film, films
from core.tasks.glow.paths import blend, exchange, interpolate
from core.tasks.glow.reading import judge, read
from core.tasks.glow.records import (
    Contribution,
    Edits,
    Exchange,
    Film,
    Judged,
    Judgement,
    Levels,
    Path,
    Reading,
    Samples,
    Sheet,
    Strip,
)
from core.tasks.glow.resources import MODELS, bits_of_unseen, layout_of, models
from core.tasks.glow.sampling import resample, sample, strip
from core.tasks.glow.sources import TESTS, pictures

__all__ = [
    "ATTRIBUTES",
    "MODELS",
    "TESTS",
    "Contribution",
    "Edits",
    "Exchange",
    "Film",
    "Judged",
    "Judgement",
    "Levels",
    "Path",
    "Reading",
    "Samples",
    "Sheet",
    "Strip",
    "attributes",
    "bits_of_unseen",
    "blend",
    "exchange",
    "film",
    "films",
    "group_direction",
    "interpolate",
    "judge",
    "layout_of",
    "models",
    "pictures",
    "read",
    "resample",
    "sample",
    "strip",
]
