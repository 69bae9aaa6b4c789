"""From `weights/` to a model repository on the Hub, and the commit back into the manifest."""

import os
from dataclasses import dataclass, replace

from core.hub import client, manifest
from core.hub.checkpoint import verify
from core.hub.errors import WeightsError, WeightsNotFound
from core.hub.search import Weights, locate


@dataclass(frozen=True)
class Publication:
    """What has been uploaded, or would be."""

    weights: Weights
    repository: str
    revision: str | None  # None after a dry run


def publish(
    name: str, *, owner: str | None = None, private: bool = False, dry_run: bool = False
) -> Publication:
    """Upload the local copy of a name with its card and pin the new commit in the manifest.

    The owner is the argument, else `GALLERY_HUB_OWNER`, else the manifest's. Only files that the
    manifest lists are uploaded, and only when the model loads and reproduces its golden tensors.
    """
    weights = locate(name, download_missing=False)
    if weights.source not in ("folder", "embedded"):
        raise WeightsNotFound(
            f"Only a local copy can be published, and {name!r} comes from the Hub's cache. "
            f"Run `python -m core.hub pull {name} --embed` first.",
            f"只能发布本地副本，而 {name!r} 来自 Hub 缓存。"
            f"请先运行 `python -m core.hub pull {name} --embed`。",
        )
    entry = weights.entry
    owner = owner or os.environ.get("GALLERY_HUB_OWNER") or entry.owner
    if not owner:
        raise WeightsError(
            "Publishing needs an owner on the Hub: give --owner NAME or set GALLERY_HUB_OWNER.",
            "发布需要 Hub 上的所有者：请用 --owner 指定，或设置 GALLERY_HUB_OWNER。",
        )
    verify(name)
    last = (entry.repo or name).rpartition("/")[2]
    repository = f"{owner}/{last}"
    if dry_run:
        return Publication(weights, repository, None)
    revision = client.upload(
        name,
        weights.folder,
        sorted(entry.files),
        repository,
        private=private,
        message=f"{name} {weights.hash}",
    )
    entry = manifest.pin(entry, repository, revision)
    return Publication(replace(weights, entry=entry), repository, revision)
