"""`manifest.json`: what every weights name is, where it comes from, and the hash of each file.

The document is `{"owner": null, "weights": {name: {...}}}`. `owner` is the account on the Hub, null
until somebody has published. An entry holds `class`, `files` (`{name: {sha256, bytes}}`),
`licence`, `data`, `recipe`, `parameters`, `date` and, once published, `repo` and the `revision`
that pins it. Keys that this module does not know are kept.
"""

import difflib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from core.hub.errors import WeightsCorrupt, WeightsNotFound

CHECKOUT = Path(__file__).resolve().parents[2]
WEIGHTS = CHECKOUT / "weights"  # the embedded copies
MANIFEST = "manifest.json"

MODEL = "model.safetensors"
CONFIG = "config.json"
GOLDEN = "golden.safetensors"
METRICS = "metrics.json"
CARD = "README.md"


@dataclass(frozen=True)
class FileFacts:
    """What a file must be."""

    sha256: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One name of a manifest."""

    name: str
    model_class: str  # "core.models.poem_vae:PoemVAE"
    files: Mapping[str, FileFacts]
    owner: str | None  # of the whole manifest
    repo: str | None  # "owner/name" as published
    revision: str | None  # the commit that pins it; null while nothing is published
    licence: str | None
    data: tuple[str, ...]
    recipe: str | None
    parameters: int | None
    date: str | None
    manifest: Path  # the file this was read from
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def repository(self) -> str | None:
        """`owner/name` on the Hub, None without an owner; `GALLERY_HUB_OWNER` replaces it."""
        owner, _, last = (self.repo or "").rpartition("/")
        owner = os.environ.get("GALLERY_HUB_OWNER") or owner or self.owner or ""
        return f"{owner}/{last or self.name}" if owner else None

    @property
    def source(self) -> tuple[str, str] | None:
        """Repository and revision on the Hub, or None while there is no such source."""
        if self.repository is None or self.revision is None:
            return None
        return self.repository, self.revision

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(facts.bytes for facts in self.files.values())


def names() -> list[str]:
    """All known weights names, sorted."""
    return sorted({name for path in manifests() for name in read(path)["weights"]})


def offered(models: Sequence[str]) -> tuple[str, ...]:
    """Those of a task's models that are registered; the first in any case, so that its lack is said."""
    known = names()
    return tuple(name for name in models if name in known or name == models[0])


def entry(name: str) -> Entry:
    """The entry of a name; `WeightsNotFound` lists the nearest names when there is none."""
    for path in manifests():
        document = read(path)
        if name in document["weights"]:
            return _parse(name, document, path)
    known = names()
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:10]
    raise WeightsNotFound(
        f"There are no weights called {name!r}. "
        + (f"The nearest names: {', '.join(near)}." if near else "The manifest lists none yet."),
        f"没有名为 {name!r} 的权重。"
        + (f"相近的名称：{'、'.join(near)}。" if near else "清单里还没有任何权重。"),
    )


def custom_root() -> Path | None:
    """The folder that `GALLERY_WEIGHTS` names, if set."""
    value = os.environ.get("GALLERY_WEIGHTS")
    return Path(value).expanduser() if value else None


def manifests() -> Iterator[Path]:
    """Manifests that exist, the first one that knows a name wins.

    `GALLERY_WEIGHTS` may be one folder as a recipe writes it (with its own manifest), a folder of
    such folders, or a folder with one manifest for all its subfolders.
    """
    root = custom_root()
    if root is not None and root.is_dir():
        for path in (root / MANIFEST, *sorted(root.glob(f"*/{MANIFEST}"))):
            if path.is_file():
                yield path
    if (WEIGHTS / MANIFEST).is_file():
        yield WEIGHTS / MANIFEST


def read(path: Path) -> dict[str, Any]:
    """The document with `owner` and `weights`; `WeightsCorrupt` when it is not one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document["weights"], dict):
            raise TypeError("`weights` is not an object")
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from error
    result: dict[str, Any] = {"owner": None} | document
    return result


def register(
    name: str, folder: Path, facts: Mapping[str, Any], *, manifest: Path | None = None
) -> Entry:
    """Enter a folder's files under a name, with `facts` (keys as in the file).

    Other keys of an entry that exists already are kept, but a revision pins files: when these have
    changed, it is forgotten until somebody publishes again. The file is replaced in one step.
    """
    path = manifest or WEIGHTS / MANIFEST
    document = read(path) if path.is_file() else {"owner": None, "weights": {}}
    old = document["weights"].get(name, {})
    files = {
        file.relative_to(folder).as_posix(): {
            "sha256": sha256(file),
            "bytes": file.stat().st_size,
        }
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and file.name != MANIFEST
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    }
    new = {"repo": None, "revision": None} | old | dict(facts) | {"files": files}
    if files != old.get("files"):
        new["revision"] = facts.get("revision")
    document["weights"][name] = new
    _write(path, document)
    return _parse(name, document, path)


def pin(known: Entry, repo: str, revision: str) -> Entry:
    """Note where an entry has been published, for the whole manifest if that has no owner yet."""
    document = read(known.manifest)
    document["owner"] = document["owner"] or repo.partition("/")[0]
    document["weights"][known.name] |= {"repo": repo, "revision": revision}
    _write(known.manifest, document)
    return _parse(known.name, document, known.manifest)


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def shown(path: Path) -> str:
    """A path for messages: relative to the checkout when inside it."""
    return str(path.relative_to(CHECKOUT)) if path.is_relative_to(CHECKOUT) else str(path)


KNOWN = frozenset("class files repo revision licence data recipe parameters date".split())


def _parse(name: str, document: dict[str, Any], path: Path) -> Entry:
    raw = document["weights"][name]
    try:
        data = raw.get("data") or ()
        files = {
            file: FileFacts(str(facts["sha256"]), int(facts["bytes"]))
            for file, facts in raw["files"].items()
        }
        if not {MODEL, CONFIG} <= files.keys():
            raise ValueError(f"`files` lacks {MODEL} or {CONFIG}")
        for part in (name, *files):  # they become parts of paths
            place = PurePosixPath(part)
            if place.is_absolute() or not place.parts or ".." in place.parts or "\\" in part:
                raise ValueError(f"{part!r} is not a plain relative path")
        return Entry(
            name=name,
            model_class=str(raw["class"]),
            files=files,
            owner=document["owner"],
            repo=raw.get("repo"),
            revision=raw.get("revision"),
            licence=raw.get("licence"),
            data=(data,) if isinstance(data, str) else tuple(data),
            recipe=raw.get("recipe"),
            parameters=raw.get("parameters"),
            date=raw.get("date"),
            manifest=path,
            extra={key: value for key, value in raw.items() if key not in KNOWN},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(path, error, name) from error


def _unreadable(path: Path, error: Exception, name: str | None = None) -> WeightsCorrupt:
    reason = f"{type(error).__name__}: {error}"
    where = f" at {name!r}" if name else ""
    where_zh = f"（条目 {name!r}）" if name else ""
    return WeightsCorrupt(
        f"The manifest {shown(path)} cannot be read{where} ({reason}). Restore it from git.",
        f"清单 {shown(path)} 无法读取{where_zh}（{reason}）。请用 git 恢复。",
    )


def _write(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8", newline="\n")
    os.replace(new, path)  # a reader sees the old file or the new one, never half of one
