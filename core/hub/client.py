"""The only way to the network: the Hugging Face client, its errors in our words.

`huggingface_hub` is imported where it is needed, because an app with embedded weights never needs
it. `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_OFFLINE`, `HF_TOKEN` and the client's other settings work as
usual.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path

from core.hub.errors import (
    HubUnavailable,
    WeightsCorrupt,
    WeightsError,
    WeightsGated,
    WeightsNotFound,
    WeightsOffline,
)
from core.hub.manifest import Entry

PATIENCE = 5.0  # seconds to wait for the Hub's first answer; HF_HUB_ETAG_TIMEOUT replaces it

DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)

_offline = False


def set_offline(offline: bool) -> None:
    """Forbid downloads in this process (tests, servers with embedded weights), or allow them."""
    global _offline
    _offline = offline


def offline() -> bool:
    """Whether downloads are forbidden, by `set_offline` or by the client's own settings."""
    if _offline:
        return True
    from huggingface_hub import constants

    return constants.is_offline_mode()


def cached(entry: Entry) -> Path | None:
    """The folder of the Hub's cache that has all files of an entry; the network is not touched."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    repository, revision = _source(entry)
    with _in_our_words(entry.name, repository, revision):
        try:
            folder = Path(
                snapshot_download(
                    repository,
                    revision=revision,
                    allow_patterns=list(entry.files),
                    local_files_only=True,
                )
            )
        except LocalEntryNotFoundError:
            return None
    # The client returns a partial folder when it never saw the repository's list of files.
    return folder if all((folder / file).is_file() for file in entry.files) else None


def fetch(entry: Entry, again: Sequence[str] = ()) -> Path:
    """Download an entry's files into the cache, those in `again` even if they are there already."""
    from huggingface_hub import HfApi, constants, snapshot_download

    repository, revision = _source(entry)
    patience = constants.HF_HUB_ETAG_TIMEOUT if "HF_HUB_ETAG_TIMEOUT" in os.environ else PATIENCE
    with _in_our_words(entry.name, repository, revision):
        # The client retries a listing for 24 seconds when the Hub is down. One plain question first
        # says so at once, and gives the exact reason when the repository is closed or missing.
        HfApi().model_info(repository, revision=revision, timeout=patience)
        return Path(
            snapshot_download(
                repository,
                revision=revision,
                allow_patterns=list(again or entry.files),
                force_download=bool(again),
                etag_timeout=patience,
            )
        )


def upload(
    name: str, folder: Path, files: Sequence[str], repository: str, *, private: bool, message: str
) -> str:
    """Create the model repository if need be and commit files of a folder; returns the commit."""
    from huggingface_hub import HfApi

    if offline():
        raise WeightsOffline(
            f"Cannot publish {name!r}: the network is switched off (HF_HUB_OFFLINE).",
            f"无法发布 {name!r}：网络已关闭（HF_HUB_OFFLINE）。",
        )
    api = HfApi()
    with _in_our_words(name, repository, None):
        api.create_repo(repository, private=private or None, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            allow_patterns=list(files),
            commit_message=message,
        )
    return str(commit.oid)


def _source(entry: Entry) -> tuple[str, str]:
    if entry.source is None:
        raise ValueError(f"{entry.name!r} has no source on the Hub")
    return entry.source


@contextmanager
def _in_our_words(name: str, repository: str, revision: str | None) -> Iterator[None]:
    """Turn whatever the client raises into a `WeightsError`.

    The client speaks httpx2, whose time-outs and broken connections are not `HfHubHTTPError`, and
    it hides a failed request in the cause of a `LocalEntryNotFoundError`. Hence the wide net.
    """
    try:
        yield
    except WeightsError:
        raise
    except Exception as error:
        at = f"{repository}@{revision[:12]}" if revision else repository
        raise _translated(_root(error), name, at) from error


def _root(error: BaseException) -> BaseException:
    """What a "not in the cache either" of the client is really about."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    while isinstance(error, LocalEntryNotFoundError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def _translated(error: BaseException, name: str, at: str) -> WeightsError:
    """The error for a failed request about `name` in the repository `at`."""
    from huggingface_hub import constants, errors

    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = f"{type(error).__name__}: {lines[0] if lines else 'no details'}".rstrip(".")
    again = f"python -m core.hub pull {name}"
    if isinstance(error, errors.OfflineModeIsEnabled):
        return WeightsOffline(
            f"The weights {name!r} lie in {at} on the Hub, and the network is switched off "
            "(HF_HUB_OFFLINE).",
            f"权重 {name!r} 在 Hub 的 {at}，但网络已关闭（HF_HUB_OFFLINE）。",
        )
    if isinstance(error, errors.HfHubHTTPError):
        status, url = error.response.status_code, error.response.url
        if isinstance(error, errors.GatedRepoError) or status in (401, 403):
            return WeightsGated(
                f"The Hub refuses access to {at} for {name!r} (HTTP {status}). The repository is "
                "gated or private, or does not exist; ask for access on its page and set HF_TOKEN "
                "to a token that has the right.",
                f"Hub 拒绝访问 {name!r} 所在的 {at}（HTTP {status}）。"
                "仓库需要申请、是私有的或不存在；"
                "请在其页面申请访问，并把 HF_TOKEN 设为有权限的令牌。",
            )
        if status == 404:
            kinds = (
                (errors.RevisionNotFoundError, "revision", "版本"),
                (errors.RemoteEntryNotFoundError, "file", "文件"),
                (errors.HfHubHTTPError, "repository", "仓库"),
            )
            what, what_zh = next(words for kind, *words in kinds if isinstance(error, kind))
            return WeightsNotFound(
                f"The Hub does not have the {what} that the manifest names for {name!r}: {at} "
                f"({url}). Check GALLERY_HUB_OWNER and the manifest, or train it: "
                f"python -m train {name}",
                f"Hub 上没有清单为 {name!r} 指定的{what_zh}：{at}（{url}）。"
                f"请检查 GALLERY_HUB_OWNER 和清单，或自行训练：python -m train {name}",
            )
    elif isinstance(error, OSError) and "Consistency check failed" in str(error):
        return WeightsCorrupt(
            f"A file of {name!r} arrived incomplete from {at}: {reason}. Try again: {again}",
            f"从 {at} 下载的 {name!r} 有文件不完整：{reason}。请重试：{again}",
        )
    elif isinstance(error, OSError) and error.errno in DISK_TROUBLE:
        return WeightsError(
            f"Could not store the download of {name!r}: {reason}",
            f"无法保存下载的 {name!r}：{reason}",
        )
    elif isinstance(error, ValueError) and not isinstance(error, JSONDecodeError):
        # A malformed repository name, a card that the Hub rejects.
        return WeightsError(
            f"The Hub's client refuses {at} for {name!r}: {reason}",
            f"Hub 客户端拒绝了 {name!r} 的 {at}：{reason}",
        )
    return HubUnavailable(
        f"The Hub at {constants.ENDPOINT} does not answer properly for {name!r} ({at}): {reason}. "
        "Check the network and HF_ENDPOINT and try again.",
        f"Hub（{constants.ENDPOINT}）未能正常提供 {name!r}（{at}）：{reason}。"
        "请检查网络和 HF_ENDPOINT 后重试。",
    )
