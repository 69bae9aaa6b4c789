"""What a model of verse brings along: forms, sizes, characters, their tones and rhymes, its corpus.

What lies beside the weights is read once per file, not once per name: a test or a notebook may put
other weights under the same name.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from core import hub
from core.decode import LEVEL, OBLIQUE, VerseTables
from core.errors import check_choice
from core.tasks.poems.rules import RHYME_GROUPS, level_groups
from core.text import rhyme_book
from core.text.forms import COUPLET5, FORMS, Form
from core.text.novelty import NoveltyFilter
from core.text.vocabulary import Vocabulary

MODELS = ("poem-vae", "poem-vae-2018")


def forms_of(model: str) -> tuple[Form, ...]:
    """Forms that a model writes."""
    return (COUPLET5,) if model == "poem-vae-2018" else FORMS


def config_of(model: str) -> Mapping[str, Any]:
    """The model's sizes."""
    return hub.locate(model).config


def theme_size(model: str) -> int:
    """How many of the code's numbers belong to the whole poem; all of them in the model of 2018."""
    config = config_of(model)
    return int(config["theme"] if "theme" in config else config["latent"])


def latent_size(model: str, form: Form) -> int:
    """How many Gaussian numbers make one poem of a form."""
    config = config_of(model)
    if "latent" in config:
        return int(config["latent"])
    return int(config["theme"] + config["local"] * form.length)


def vocabulary_of(model: str) -> Vocabulary:
    """The characters a model knows."""
    check_choice("model", model, MODELS, zh="模型")
    return _vocabulary(hub.locate(model).path("vocab.json"))


def novelty_of(model: str) -> NoveltyFilter:
    """The hashed runs of the training corpus; both models were trained on the same poems."""
    return _novelty(hub.locate("poem-vae").path("novelty.safetensors"))


def tables_of(model: str) -> VerseTables:
    """Tones and level rhyme groups of a model's characters."""
    return _tables(vocabulary_of(model))


@lru_cache(maxsize=8)
def _vocabulary(path: Path) -> Vocabulary:
    return Vocabulary.from_json(path)


@lru_cache(maxsize=2)
def _novelty(path: Path) -> NoveltyFilter:
    return NoveltyFilter.load(path)


@lru_cache(maxsize=8)
def _tables(vocabulary: Vocabulary) -> VerseTables:
    tones = torch.ones(3, len(vocabulary), dtype=torch.bool)
    rhymes = torch.zeros(len(RHYME_GROUPS), len(vocabulary), dtype=torch.bool)
    for i, char in enumerate(vocabulary.characters):
        tone = rhyme_book.usual_tone(char)
        tones[LEVEL, i], tones[OBLIQUE, i] = "level" in tone, "oblique" in tone
        for group in level_groups(char):
            rhymes[RHYME_GROUPS.index(group), i] = True
    return VerseTables(tones, rhymes)
