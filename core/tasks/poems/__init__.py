"""Verbs of the poem VAE: compose, read (encode and judge), walk between poems, blend four of them.

Every verb takes plain values and returns a frozen dataclass; noise comes from `seed` alone, so the
same call gives the same verse on any device, alone or among other visitors' requests.

Files in the order of a visit: `writing` (new verse: compose, vary, decode), `rules` (what it has to
keep), `reading` (a visitor's own verse), `paths` (between poems). Beside them `records` (what comes
back), `resources` (what a model brings along) and `checks` (of arguments that verbs share).
"""

from core.tasks.poems.checks import MAX_CODE, MAX_POEMS
from core.tasks.poems.paths import blend, interpolate
from core.tasks.poems.reading import BOUND_SAMPLES, READ_TEXTS, encode, read, runs
from core.tasks.poems.records import (
    RIVALS,
    Blend,
    Char,
    Composition,
    Poem,
    Reading,
    Rival,
    Walk,
)
from core.tasks.poems.resources import (
    MODELS,
    config_of,
    forms_of,
    latent_size,
    novelty_of,
    tables_of,
    theme_size,
    vocabulary_of,
)
from core.tasks.poems.rules import BLANKS, RHYME_GROUPS, TONE_PATTERNS
from core.tasks.poems.writing import (
    BATCH_TEXTS,
    MAX_RULED_POEMS,
    PARTICLES,
    compose,
    decode,
    vary,
)

__all__ = [
    "BATCH_TEXTS",
    "BLANKS",
    "BOUND_SAMPLES",
    "MAX_CODE",
    "MAX_POEMS",
    "MAX_RULED_POEMS",
    "MODELS",
    "PARTICLES",
    "READ_TEXTS",
    "RHYME_GROUPS",
    "RIVALS",
    "TONE_PATTERNS",
    "Blend",
    "Char",
    "Composition",
    "Poem",
    "Reading",
    "Rival",
    "Walk",
    "blend",
    "compose",
    "config_of",
    "decode",
    "encode",
    "forms_of",
    "interpolate",
    "latent_size",
    "novelty_of",
    "read",
    "runs",
    "tables_of",
    "theme_size",
    "vary",
    "vocabulary_of",
]
