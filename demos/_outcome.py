"""What a handler returns: blocks to draw, the run's timing, and how it all came about."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any

from core.runtime import Timing

Block = dict[str, Any]  # `kind` names the script in assets/blocks that draws it


@dataclass(frozen=True)
class Call:
    """A call of the library, shown as code with the current inputs and executed by the tests."""

    function: Callable[..., Any]
    arguments: Mapping[str, Any]

    def code(self) -> str:
        """A runnable snippet; arguments at their defaults are left out."""
        package, _, name = _home(self.function).rpartition(".")
        defaults = _defaults(self.function)
        given = [
            f"{key}={value!r}"
            for key, value in self.arguments.items()
            if key not in defaults or defaults[key] != value
        ]
        inside = ", ".join(given)
        call = f"{name}.{self.function.__name__}"
        if len(call) + len(inside) > 70:
            inside = "\n    " + ",\n    ".join(given) + ",\n"
        imported = f"from {package} import {name}" if package else f"import {name}"
        return f"{imported}\n\nresult = {call}({inside})\nprint(result)"


def _home(function: Callable[..., Any]) -> str:
    """The nearest public package that offers a function, else the module that defines it."""
    name, package = function.__name__, function.__module__.rpartition(".")[0]
    while package:
        public = not any(part.startswith("_") for part in package.split("."))
        if public and getattr(sys.modules.get(package), name, None) is function:
            return package
        package = package.rpartition(".")[0]
    return function.__module__


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    import inspect

    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One answer. `result` is what the API returns, the page draws `blocks`; either may be a function.

    `how` explains the run: paragraphs of text, and formulas made by `formula`. Both may be functions,
    which are only called for the page: a caller of the API does not wait for pictures.
    """

    blocks: Sequence[Block] | Callable[[], Sequence[Block]]
    result: Any = None
    timing: Timing | None = None
    how: Sequence[str | Block] | Callable[[], Sequence[str | Block]] = ()
    call: Call | None = None
    progress: float | None = None  # of a streamed answer, 0 to 1

    def payload(self) -> dict[str, Any]:
        """Plain values for the page."""
        return {
            "blocks": list(self.blocks() if callable(self.blocks) else self.blocks),
            "run": run_line(self.timing),
            "how": [
                part if isinstance(part, dict) else {"text": part}
                for part in (self.how() if callable(self.how) else self.how)
            ],
            "code": self.call.code() if self.call else "",
            "progress": self.progress,
        }


def run_line(timing: Timing | None) -> dict[str, Any] | None:
    """The figures under a result."""
    if timing is None:
        return None
    return {
        "compute_ms": round(timing.compute_ms, 1),
        "queue_ms": round(timing.queue_ms, 1),
        "device": timing.device,
        "batch": timing.batch,
        "weights": timing.weights,
    }


def formula(latex: str) -> Block:
    """A displayed formula; the browser sets it from MathML, no script needed."""
    from latex2mathml.converter import convert

    return {"math": convert(latex, display="block")}


def plain(value: Any) -> Any:
    """Dataclasses, tuples and arrays as JSON values, for the API; a function's answer as such."""
    if callable(value) and not isinstance(value, type):
        return plain(value())
    if is_dataclass(value) and not isinstance(value, type):
        return {key: plain(item) for key, item in asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value


@dataclass(frozen=True)
class Example:
    """A named set of inputs; `note` says what to look at, instructive failures included."""

    title: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
