"""Weights by name: `locate`, verify, `load`; `save`, `register` and `publish` new ones.

One name ties together `weights/NAME/`, its entry in `weights/manifest.json`, the recipe
`train/recipes/NAME.py` and the repository on the Hugging Face Hub. On the command line:
`python -m core.hub list|pull|verify|publish`.

Environment: `GALLERY_WEIGHTS` (a folder searched before `weights/`), `GALLERY_HUB_OWNER` (the
account on the Hub), and everything that `huggingface_hub` itself knows.
"""

from core.hub.checkpoint import (
    Verified,
    compare_golden,
    load,
    load_folder,
    model_class,
    save,
    save_golden,
    verify,
)
from core.hub.client import offline, set_offline
from core.hub.errors import (
    HubUnavailable,
    WeightsCorrupt,
    WeightsError,
    WeightsGated,
    WeightsMismatch,
    WeightsNotFound,
    WeightsOffline,
)
from core.hub.manifest import Entry, FileFacts, entry, names, offered, register
from core.hub.publication import Publication, publish
from core.hub.search import Description, Weights, describe, locate, pull, whereabouts

__all__ = [
    "Description",
    "Entry",
    "FileFacts",
    "HubUnavailable",
    "Publication",
    "Verified",
    "Weights",
    "WeightsCorrupt",
    "WeightsError",
    "WeightsGated",
    "WeightsMismatch",
    "WeightsNotFound",
    "WeightsOffline",
    "compare_golden",
    "describe",
    "entry",
    "load",
    "load_folder",
    "locate",
    "model_class",
    "names",
    "offered",
    "offline",
    "publish",
    "pull",
    "register",
    "save",
    "save_golden",
    "set_offline",
    "verify",
    "whereabouts",
]
