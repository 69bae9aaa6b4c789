"""Calls of the gallery's endpoints as any program makes them: plain HTTP, one kept connection."""

import json
from http.client import HTTPConnection
from typing import Any

TIMEOUT_S = 120.0


class CallFailed(RuntimeError):
    """The endpoint answered with an error."""


class Client:
    """One visitor."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """The result of an endpoint; arguments that are left out have their defaults."""
        body = json.dumps(arguments).encode()
        path = f"/gradio_api/call/v2/{name}"
        started = self._request("POST", path, body, {"Content-Type": "application/json"})
        event = json.loads(started)["event_id"]
        kind, data = last_event(self._request("GET", f"/gradio_api/call/{name}/{event}").decode())
        if kind != "complete":
            raise CallFailed(message_of(data))
        return data[0]

    def health(self) -> dict[str, Any]:
        """The server's own account: device, models, memory."""
        state: dict[str, Any] = json.loads(self._request("GET", "/gradio_api/health"))
        return state

    def page(self, path: str) -> str:
        """A page as text, not compressed."""
        return self._request("GET", path).decode()

    def wire_bytes(self, path: str, encodings: str) -> int:
        """Bytes of a page's body as it travels to a browser that accepts some encodings."""
        return len(self._request("GET", path, None, {"Accept-Encoding": encodings}))

    def _request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> bytes:
        self._connection.request(method, path, body, headers or {})
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            text = content.decode(errors="replace")[:200]
            raise CallFailed(f"{method} {path}: HTTP {response.status} {text}")
        return content


def last_event(stream: str) -> tuple[str, Any]:
    """Kind and data of the last event of a finished stream."""
    blocks = [block for block in stream.split("\n\n") if block.strip()]
    if not blocks:
        raise CallFailed("the event stream was empty")
    fields = dict(line.partition(": ")[::2] for line in blocks[-1].splitlines())
    return fields.get("event", ""), json.loads(fields.get("data", "null"))


def message_of(data: Any) -> str:
    """The sentence in an error's data."""
    if isinstance(data, dict) and data.get("error"):
        return str(data["error"])
    return str(data) if data else "the endpoint failed without saying why"
