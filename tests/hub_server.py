"""A small server that speaks the Hub's protocol on the loopback, with faults to order.

It knows what `huggingface_hub` 2.4 asks when it downloads a snapshot, creates a repository and
uploads a folder without Xet: repository info, trees, files with ranges, YAML validation, preupload,
LFS batches and commits. HTTP/1.0 closes every connection, so that a stopped server answers nobody.
"""

import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Repository:
    """Commits of a model repository; the last one is `main`."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    token: str | None = None  # without it the Hub answers 401
    gated: bool = False  # 403 for files, whatever the token
    private: bool = False

    def commit(self, files: dict[str, bytes]) -> str:
        """Add a commit with these files on top of the last one; returns its name."""
        tree = {**(list(self.commits.values())[-1] if self.commits else {}), **files}
        seed = repr((len(self.commits), sorted((k, sha256(v)) for k, v in tree.items())))
        sha = hashlib.sha1(seed.encode()).hexdigest()
        self.commits[sha] = tree
        return sha

    def tree(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """Commit and files of a revision."""
        if revision == "main" and self.commits:
            revision = list(self.commits)[-1]
        return (revision, self.commits[revision]) if revision in self.commits else None


@dataclass
class Faults:
    """What goes wrong; file faults are keyed by file name."""

    status: dict[str, int] = field(default_factory=dict)  # part of "METHOD /path" -> HTTP status
    cut: dict[str, int] = field(default_factory=dict)  # close after so many bytes, once
    flip: set[str] = field(default_factory=set)  # one wrong byte, same size
    short: set[str] = field(default_factory=set)  # a GET that announces and sends half
    hang: float = 0.0  # seconds before any answer


class HubServer:
    """Use as a context manager; `endpoint` is what HF_ENDPOINT should be."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}  # uploaded LFS files by sha256
        self.faults = Faults()
        self.requests: list[str] = []  # "METHOD /path range"
        self.write_token = "hf_writer"

    def __enter__(self) -> "HubServer":
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Answer nobody any more; a second call does nothing."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


def sha256(data: bytes) -> str:
    """Hex digest, the name of an LFS object."""
    return hashlib.sha256(data).hexdigest()


def is_lfs(path: str) -> bool:
    """Binary files go through LFS, as on the Hub."""
    return path.endswith((".safetensors", ".bin"))


def blob_id(data: bytes) -> str:
    """Git's name of a regular file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer

    def log_message(self, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.requests.append(f"{self.command} {path} {self.headers.get('Range', '')}".strip())
        time.sleep(self.hub.faults.hang)
        for part, status in self.hub.faults.status.items():
            if part in f"{self.command} {path}":
                return self._error(status, "EntryNotFound" if status == 404 else None)
        parts = path.strip("/").split("/")
        if self.command in ("HEAD", "GET") and len(parts) > 4 and parts[2] == "resolve":
            return self._file("/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        if self.command == "GET" and parts[:2] == ["api", "models"] and len(parts) >= 4:
            return self._api("/".join(parts[2:4]), parts[4:])
        if self.command == "PUT" and parts[0] == "lfs-objects":
            if sha256(body) != parts[1]:
                return self._error(400)
            self.hub.objects[parts[1]] = body
            return self._json({})
        if self.command == "POST":
            return self._write(parts, body)
        self._error(404)

    def _repository(self, name: str) -> Repository | None:
        """The repository if the request may see it; otherwise the refusal has been sent."""
        repository = self.hub.repositories.get(name)
        if repository is None:
            self._error(404, "RepoNotFound")
            return None
        if repository.token and self.headers.get("Authorization") != f"Bearer {repository.token}":
            self._error(401)
            return None
        return repository

    def _api(self, name: str, rest: list[str]) -> None:
        if (repository := self._repository(name)) is None:
            return None
        found = repository.tree(rest[1] if len(rest) > 1 else "main")
        if found is None:
            return self._error(404, "RevisionNotFound")
        sha, files = found
        if not rest or rest[0] == "revision":
            siblings = [{"rfilename": path} for path in files]
            return self._json({"id": name, "modelId": name, "sha": sha, "siblings": siblings})
        entries: list[dict[str, Any]] = []
        for path, data in files.items():
            entry = {"type": "file", "path": path, "size": len(data), "oid": blob_id(data)}
            if is_lfs(path):
                entry["lfs"] = {"oid": sha256(data), "size": len(data), "pointerSize": 134}
            entries.append(entry)
        return self._json(entries)

    def _file(self, name: str, revision: str, path: str) -> None:
        if (repository := self._repository(name)) is None:
            return None
        if repository.gated:
            return self._error(403, "GatedRepo")
        found = repository.tree(revision)
        if found is None:
            return self._error(404, "RevisionNotFound")
        sha, files = found
        if path not in files:
            return self._error(404, "EntryNotFound")
        data = files[path]
        faults = self.hub.faults
        headers = {
            "X-Repo-Commit": sha,
            "Accept-Ranges": "bytes",
            "ETag": f'"{sha256(data) if is_lfs(path) else blob_id(data)}"',
        }
        if is_lfs(path):
            headers |= {"X-Linked-Size": str(len(data)), "X-Linked-Etag": headers["ETag"]}
        if path in faults.flip:
            data = data[:-1] + bytes([data[-1] ^ 1])
        if path in faults.short and self.command == "GET":
            data = data[: len(data) // 2]
        status, start = 200, 0
        if (wanted := self.headers.get("Range")) and wanted.startswith("bytes="):
            status, start = 206, int(wanted[len("bytes=") :].split("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        data = data[start:]
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[: faults.cut.pop(path, len(data))])

    def _write(self, parts: list[str], body: bytes) -> None:
        if self.headers.get("Authorization") != f"Bearer {self.hub.write_token}":
            return self._error(401)
        if parts == ["api", "validate-yaml"]:
            return self._json({"errors": [], "warnings": []})
        if parts == ["api", "repos", "create"]:
            wanted = json.loads(body)
            name = f"{wanted['organization']}/{wanted['name']}"
            answer = {"url": f"{self.hub.endpoint}/{name}", "name": name}
            if name in self.hub.repositories:
                return self._json(answer, 409)
            private = wanted.get("visibility") == "private"
            self.hub.repositories[name] = Repository(private=private)
            return self._json(answer)
        if parts[2:] == ["info", "lfs", "objects", "batch"]:
            return self._batch(json.loads(body))
        if parts[:2] == ["api", "models"] and len(parts) > 4:
            if (repository := self._repository("/".join(parts[2:4]))) is None:
                return None
            if parts[4] == "preupload":
                return self._preupload(repository, json.loads(body))
            if parts[4] == "commit":
                return self._commit("/".join(parts[2:4]), repository, body)
        self._error(404)

    def _preupload(self, repository: Repository, wanted: dict[str, Any]) -> None:
        tree = repository.tree("main")
        files = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if is_lfs(file["path"]) else "regular",
                "shouldIgnore": False,
                "oid": blob_id(tree[1][file["path"]]) if tree and file["path"] in tree[1] else None,
            }
            for file in wanted["files"]
        ]
        self._json({"files": files})

    def _batch(self, wanted: dict[str, Any]) -> None:
        objects = []
        for item in wanted["objects"]:
            href = f"{self.hub.endpoint}/lfs-objects/{item['oid']}"
            known = item["oid"] in self.hub.objects
            objects.append({**item, **({} if known else {"actions": {"upload": {"href": href}}})})
        self._json({"transfer": "basic", "objects": objects})

    def _commit(self, name: str, repository: Repository, body: bytes) -> None:
        files = {}
        for line in body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
        sha = repository.commit(files)
        url = f"{self.hub.endpoint}/{name}/commit/{sha}"
        self._json({"success": True, "commitOid": sha, "commitUrl": url})

    def _json(self, value: object, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _error(self, status: int, code: str | None = None) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()
