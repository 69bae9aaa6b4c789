"""Verbs of four families of generative models on the same faces: VAE, O-GAN, Glow and diffusion.

Every verb answers with a row for each family whose weights are there, and a reason for each that is not;
those that take long are iterators that yield what there is so far. Noise comes from seeds alone, so the
same call gives the same pictures. The libraries of diffusion are loaded when it is asked for first.

Files: `members` (who takes part), `passes` (codes to pictures and back in one pass), `diffusion` (in
pieces), `sources` (the picture that all are given), `sampling`, `reading`, `paths`, `denoising` and
`comparison` (the verbs), `records` (what comes back).
"""

from core.tasks.families.comparison import compare
from core.tasks.families.denoising import FACES, film, films
from core.tasks.families.diffusion import MAX_STEPS
from core.tasks.families.members import FAMILIES, MODELS, ONE_PASS, USUAL, known, largest_size
from core.tasks.families.paths import MAX_FRAMES, PATHS, morph, morphs
from core.tasks.families.reading import ERROR_LEVELS, read, readings
from core.tasks.families.records import (
    Column,
    Comparison,
    Fact,
    Film,
    Missing,
    Morph,
    Morphs,
    Readings,
    Rebuilt,
    Sampled,
    Samples,
    Spent,
)
from core.tasks.families.sampling import MAX_PICTURES, MAX_SEED, MAX_TEMPERATURE, sample, samples
from core.tasks.families.sources import fitted

__all__ = [
    "ERROR_LEVELS",
    "FACES",
    "FAMILIES",
    "MAX_FRAMES",
    "MAX_PICTURES",
    "MAX_SEED",
    "MAX_STEPS",
    "MAX_TEMPERATURE",
    "MODELS",
    "ONE_PASS",
    "PATHS",
    "USUAL",
    "Column",
    "Comparison",
    "Fact",
    "Film",
    "Missing",
    "Morph",
    "Morphs",
    "Readings",
    "Rebuilt",
    "Sampled",
    "Samples",
    "Spent",
    "compare",
    "film",
    "films",
    "fitted",
    "known",
    "largest_size",
    "morph",
    "morphs",
    "read",
    "readings",
    "sample",
    "samples",
]
