"""From a weights name to a folder of files that are what the manifest says.

Search order: the folder in `GALLERY_WEIGHTS`, `weights/` of the checkout, the Hub's cache with no
network, the Hub at the pinned revision. The first place that has a `model.safetensors` is taken and
every file of the manifest is checked there: a damaged copy is an error, never a reason to look on.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.hub import client, manifest
from core.hub.errors import WeightsCorrupt, WeightsNotFound, WeightsOffline
from core.hub.manifest import CARD, CONFIG, METRICS, MODEL, Entry, FileFacts, shown


@dataclass(frozen=True)
class Weights:
    """Verified files of one name."""

    entry: Entry
    folder: Path
    config: Mapping[str, Any]
    source: str  # "folder", "embedded", "cache" or "hub"

    @property
    def name(self) -> str:
        """The weights name."""
        return self.entry.name

    @property
    def hash(self) -> str:
        """First eight hex digits of the sha256 of `model.safetensors`."""
        return self.entry.files[MODEL].sha256[:8]

    def path(self, filename: str) -> Path:
        """A file beside the weights; `WeightsNotFound` when the manifest does not list it."""
        if filename not in self.entry.files:
            listed = sorted(self.entry.files)
            raise WeightsNotFound(
                f"The weights {self.name!r} have no file {filename!r}, only {', '.join(listed)}.",
                f"权重 {self.name!r} 没有文件 {filename!r}，只有 {'、'.join(listed)}。",
            )
        return self.folder / filename


@dataclass(frozen=True)
class Description:
    """What the model card panel shows."""

    entry: Entry
    card: str  # Markdown without the front matter
    metrics: Mapping[str, Any]


@dataclass(frozen=True)
class Damage:
    """A file that is not what the manifest says."""

    file: str
    expected: FileFacts
    found: FileFacts | None  # None when it is missing; no hash when the size is wrong already

    @property
    def en(self) -> str:
        """The comparison in words."""
        if self.found is None:
            return f"{self.file} is missing"
        if self.found.bytes != self.expected.bytes:
            return f"{self.file} has {self.found.bytes} bytes, expected {self.expected.bytes}"
        return (
            f"{self.file} has the sha256 {self.found.sha256[:16]}…, "
            f"expected {self.expected.sha256[:16]}…"
        )

    @property
    def zh(self) -> str:
        """The same in Chinese."""
        if self.found is None:
            return f"缺少 {self.file}"
        if self.found.bytes != self.expected.bytes:
            return f"{self.file} 有 {self.found.bytes} 字节，应为 {self.expected.bytes} 字节"
        return (
            f"{self.file} 的 sha256 是 {self.found.sha256[:16]}…，应为 {self.expected.sha256[:16]}…"
        )


def locate(name: str, *, download_missing: bool = True) -> Weights:
    """Find and verify the files of a name.

    With `download_missing=False` the network is left alone, as it is offline. Raises the errors of
    `core.hub.errors`; each says where it looked and what to do.
    """
    entry = manifest.entry(name)
    looked = []
    for folder, source in _folders(entry):
        if (folder / MODEL).is_file():
            return opened(entry, folder, source)
        looked.append(shown(folder))
    if entry.source is None:
        raise _not_found(entry, looked)
    cached = client.cached(entry)
    if cached is not None:
        return opened(entry, cached, "cache")
    if not download_missing or client.offline():
        raise _would_need_the_network(entry)
    return opened(entry, client.fetch(entry), "hub")


def pull(name: str, *, embed: bool = False) -> Weights:
    """Bring a name from the Hub into its cache, replacing damaged files there, and verify it.

    `embed` also copies the files to the folder beside the manifest, where they are found first.
    """
    entry = manifest.entry(name)
    if entry.source is None:
        raise _not_found(entry, [])
    folder = client.cached(entry)
    if folder is None or damages(entry, folder):
        if client.offline():
            raise _would_need_the_network(entry)
        folder = client.fetch(entry)
        if bad := damages(entry, folder):
            folder = client.fetch(entry, again=[damage.file for damage in bad])
    weights = opened(entry, folder, "hub")
    if not embed:
        return weights
    target = entry.manifest.parent
    if target.name != name:
        target = target / name
    for file in entry.files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file, target / file)
    return locate(name)


def describe(name: str) -> Description:
    """Card and metrics of weights that are on this machine; the network is left alone."""
    weights = locate(name, download_missing=False)
    card, metrics = "", {}
    if CARD in weights.entry.files:
        card = _without_front_matter(weights.path(CARD).read_text(encoding="utf-8"))
    if METRICS in weights.entry.files:
        metrics = json.loads(weights.path(METRICS).read_text(encoding="utf-8"))
    return Description(weights.entry, card, metrics)


def whereabouts(entry: Entry) -> str:
    """Where a name would come from, without checking it: a source of `Weights`, or "missing"."""
    for folder, source in _folders(entry):
        if (folder / MODEL).is_file():
            return source
    if entry.source is None:
        return "missing"
    return "cache" if client.cached(entry) else "hub"


def opened(entry: Entry, folder: Path, source: str) -> Weights:
    """The verified weights in a folder; `WeightsCorrupt` names every file that is wrong."""
    if bad := damages(entry, folder):
        cure_en, cure_zh = _cure(entry, source)
        raise WeightsCorrupt(
            f"The weights {entry.name!r} in {shown(folder)} are damaged: "
            f"{'; '.join(damage.en for damage in bad)}. {cure_en}",
            f"{shown(folder)} 中的权重 {entry.name!r} 已损坏："
            f"{'；'.join(damage.zh for damage in bad)}。{cure_zh}",
        )
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsCorrupt(
            f"The {CONFIG} of {entry.name!r} in {shown(folder)} cannot be read: {error}",
            f"{shown(folder)} 中 {entry.name!r} 的 {CONFIG} 无法读取：{error}",
        ) from error
    return Weights(entry, folder, config, source)


def damages(entry: Entry, folder: Path) -> list[Damage]:
    """Files of the manifest that are missing in a folder or differ from what it says."""
    found = []
    for name, expected in entry.files.items():
        path = folder / name
        if not path.is_file():
            found.append(Damage(name, expected, None))
            continue
        size = path.stat().st_size
        digest = _digest(path) if size == expected.bytes else ""
        if FileFacts(digest, size) != expected:
            found.append(Damage(name, expected, FileFacts(digest, size)))
    return found


_digests: dict[tuple[Path, int, int], str] = {}


def _digest(path: Path) -> str:
    """sha256 of a file, computed once per process for each path, time stamp and size."""
    path = path.resolve()  # a file of the cache is a link to a blob
    stat = path.stat()
    key = (path, stat.st_mtime_ns, stat.st_size)
    if key not in _digests:
        _digests[key] = manifest.sha256(path)
    return _digests[key]


def _folders(entry: Entry) -> Iterator[tuple[Path, str]]:
    """Folders on this machine that may hold an entry's files, best first."""
    embedded = entry.manifest == manifest.WEIGHTS / manifest.MANIFEST
    if (root := manifest.custom_root()) is not None:
        yield root / entry.name, "folder"
        if not embedded and entry.manifest.parent != root / entry.name:
            yield entry.manifest.parent, "folder"
    if embedded:
        yield manifest.WEIGHTS / entry.name, "embedded"


def _not_found(entry: Entry, looked: list[str]) -> WeightsNotFound:
    places = f"Looked in {', '.join(looked)}. " if looked else ""
    places_zh = f"已查找：{'、'.join(looked)}。" if looked else ""
    return WeightsNotFound(
        f"The weights {entry.name!r} are missing. {places}Nobody has published them on the Hub "
        f"yet, so the copy embedded in weights/{entry.name} is the only source. "
        f"To make them: python -m train {entry.name}",
        f"缺少权重 {entry.name!r}。{places_zh}它尚未发布到 Hub，"
        f"weights/{entry.name} 中内置的副本是唯一来源。"
        f"重新训练：python -m train {entry.name}",
    )


def _would_need_the_network(entry: Entry) -> WeightsOffline:
    return WeightsOffline(
        f"The weights {entry.name!r} are not on this machine, and downloads are off. They lie in "
        f"{entry.repository} on the Hub: run `python -m core.hub pull {entry.name}` with a network "
        f"and without HF_HUB_OFFLINE, or train them: python -m train {entry.name}",
        f"本机没有权重 {entry.name!r}，且下载已关闭。它在 Hub 的 {entry.repository}："
        f"请联网并取消 HF_HUB_OFFLINE 后运行 `python -m core.hub pull {entry.name}`，"
        f"或自行训练：python -m train {entry.name}",
    )


def _cure(entry: Entry, source: str) -> tuple[str, str]:
    """What to do about damaged files from a source, in both languages."""
    if source == "folder":
        return (
            "Repair or remove this copy in GALLERY_WEIGHTS; weights of your own need the "
            f"{manifest.MANIFEST} that `python -m train` writes beside them.",
            "请修复或删除 GALLERY_WEIGHTS 中的这份副本；"
            f"自己的权重需要 `python -m train` 写在旁边的 {manifest.MANIFEST}。",
        )
    if source == "embedded":
        restore = f"git checkout -- weights/{entry.name}"
        return (
            f"Restore it with `{restore}`, or delete the folder and train it again: "
            f"python -m train {entry.name}",
            f"请用 `{restore}` 恢复，或删除该文件夹后重新训练：python -m train {entry.name}",
        )
    command = f"python -m core.hub pull {entry.name}"
    return (
        f"Fetch it from {entry.repository} again: {command}",
        f"请从 {entry.repository} 重新下载：{command}",
    )


def _without_front_matter(text: str) -> str:
    if text.startswith("---\n"):
        _, _, text = text[4:].partition("\n---\n")
    return text.strip() + "\n"
