"""Verbs of O-GAN: draw from seeds, encode and refine photos, walk, blend, push along directions, judge.

A picture is named by an *end*: a seed (its noise is that seed's alone) or a data URL. Noise comes from
seeds only, so the same call gives the same pictures in any company. Scores are the author's: low is
real.

Files: `ends` (from seeds and photos to codes), `drawing` (pictures of seeds and codes), `reading` (a
photo's code, its reconstruction and the search for a better one), `paths` (between two or four),
`directions` (what two groups differ by), `judging` (the discriminator's numbers), `records` (what comes
back).
"""

from core.tasks.ogan.directions import (
    MAX_GROUP,
    apply_direction,
    find_direction,
    from_safetensors,
    push,
    to_safetensors,
)
from core.tasks.ogan.drawing import MAX_PICTURES, draw, sample
from core.tasks.ogan.ends import MAX_SEED, MODELS, PRIORS, codes_of, latent_of, offered, size_of
from core.tasks.ogan.judging import judge, stored_judgements
from core.tasks.ogan.paths import MAX_STEPS, PATHS, blend, sheet, walk
from core.tasks.ogan.reading import MAX_ROUNDS, read, rebuild, refine
from core.tasks.ogan.records import (
    Direction,
    Frame,
    Judgements,
    Numbers,
    Portraits,
    Push,
    Reading,
    Rebuilt,
    Refined,
    Sheet,
    Walk,
)

__all__ = [
    "MAX_GROUP",
    "MAX_PICTURES",
    "MAX_ROUNDS",
    "MAX_SEED",
    "MAX_STEPS",
    "MODELS",
    "PATHS",
    "PRIORS",
    "Direction",
    "Frame",
    "Judgements",
    "Numbers",
    "Portraits",
    "Push",
    "Reading",
    "Rebuilt",
    "Refined",
    "Sheet",
    "Walk",
    "apply_direction",
    "blend",
    "codes_of",
    "draw",
    "find_direction",
    "from_safetensors",
    "judge",
    "latent_of",
    "offered",
    "push",
    "read",
    "rebuild",
    "refine",
    "sample",
    "sheet",
    "size_of",
    "stored_judgements",
    "to_safetensors",
    "walk",
]
