"""Between a folder and a module: strict loading, half-precision saving, golden tensors.

Only safetensors and JSON are read, never pickle. torch is imported where it is needed, so that
listing and downloading weights does not wait for it.
"""

import importlib
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.hub import precision
from core.hub.errors import WeightsCorrupt, WeightsMismatch
from core.hub.manifest import CONFIG, GOLDEN, MODEL, shown
from core.hub.search import Weights, locate

if TYPE_CHECKING:
    from torch import Tensor, nn

NOTHING: Mapping[str, str | bytes] = {}


@dataclass(frozen=True)
class Verified:
    """What `verify` has found in order."""

    weights: Weights
    parameters: int
    golden: Mapping[str, float] | None  # largest difference per output; None without golden tensors


def load(name: str) -> "nn.Module":
    """The module of a name: verified files, strict tensors, eval mode, no gradients, on the CPU.

    Raises the errors of `core.hub.errors`; a missing, extra or mis-shaped tensor is a
    `WeightsMismatch` that names it.
    """
    weights = locate(name)
    return load_folder(weights.folder, model_class(weights.entry.model_class))


def load_folder(folder: Path, cls: "type[nn.Module]") -> "nn.Module":
    """Build `cls` from `config.json` and fill it from `model.safetensors` of a folder.

    Weights stored in half precision or eight bits are cast to the type of the parameter they fill;
    other integers must have exactly the type that the module expects.
    """
    import torch

    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    try:
        # JSON has no tuples, and a frozen config should hold nothing that can change.
        fields = {key: _frozen(value) for key, value in config.items()}
        built = cls.Config(**fields)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise WeightsMismatch(
            f"The {CONFIG} in {shown(folder)} does not fit {cls.__name__}: {error}",
            f"{shown(folder)} 中的 {CONFIG} 与 {cls.__name__} 不符：{error}",
        ) from error
    with torch.random.fork_rng(devices=[]):  # nobody's random numbers depend on what is loaded
        module = cls(built)
    found = precision.unpack(_read_tensors(folder / MODEL))
    expected = module.state_dict()
    if problems := _problems(expected, found):
        listed = "; ".join(problems[:5]) + (f"; {len(problems) - 5} more" * (len(problems) > 5))
        raise WeightsMismatch(
            f"The tensors in {shown(folder / MODEL)} do not fit {cls.__name__}: {listed}. "
            "The weights and the code are of different versions.",
            f"{shown(folder / MODEL)} 中的张量与 {cls.__name__} 不符：{listed}。"
            "权重与代码版本不一致。",
        )
    module.load_state_dict(found, strict=True)
    return module.eval().requires_grad_(False)


def model_class(path: str) -> "type[nn.Module]":
    """The class that `core.models.MODULE:CLASS` names; anything else is a `WeightsMismatch`."""
    from torch import nn

    reason = "it is not of the form core.models.MODULE:CLASS"
    if re.fullmatch(r"core\.models(\.\w+)+:\w+", path, re.ASCII):
        module, _, attribute = path.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            reason = str(error)
        else:
            if inspect.isclass(found) and issubclass(found, nn.Module) and hasattr(found, "Config"):
                return found
            reason = "it is not a module with a Config"
    raise WeightsMismatch(
        f"The manifest names the class {path!r}, which cannot be used: {reason}.",
        f"清单中的类 {path!r} 不可用：{reason}。",
    )


def save(
    folder: Path,
    module: "nn.Module",
    *,
    files: Mapping[str, str | bytes] = NOTHING,
    keep_float32: tuple[str, ...] = (),
    eight_bits: tuple[str, ...] = (),
) -> None:
    """Write `config.json`, `model.safetensors` and further files (name to content) into a folder.

    `core.hub.precision.pack` says how numbers are rounded, and what cannot be. The same module gives
    the same bytes.
    """
    from safetensors.torch import save_file

    tensors = precision.pack(module.state_dict(), keep_float32=keep_float32, eight_bits=eight_bits)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / MODEL, metadata={"format": "pt"})
    config = json.dumps(asdict(module.config), ensure_ascii=False, indent=2) + "\n"  # type: ignore[call-overload]
    for name, content in {CONFIG: config, **files}.items():
        data = content.encode("utf-8") if isinstance(content, str) else content
        (folder / name).write_bytes(data)


def save_golden(folder: Path, module: "nn.Module", inputs: "Mapping[str, Tensor]") -> None:
    """Write `golden.safetensors`: inputs (`input.*`) and what the module makes of them.

    The module's class says how with a method `golden(inputs) -> outputs` (names `output.*`).
    """
    from safetensors.torch import save_file

    inputs = {name: value.cpu().contiguous() for name, value in inputs.items()}
    outputs = _golden_outputs(module, inputs)
    save_file({**inputs, **outputs}, folder / GOLDEN)


def compare_golden(folder: Path, module: "nn.Module") -> dict[str, float] | None:
    """Recompute the outputs of a folder's golden tensors; largest absolute difference of each.

    None when the folder has no golden tensors or the class no method to recompute them. Raises
    `WeightsMismatch` when an output is missing or differs by more than `1e-4 + 1e-3 |expected|`
    (numbers), or at all (integers).
    """
    import torch

    if not (folder / GOLDEN).is_file() or not callable(getattr(module, "golden", None)):
        return None
    stored = _read_tensors(folder / GOLDEN)
    outputs = _golden_outputs(module, {k: v for k, v in stored.items() if k.startswith("input.")})
    expected = {k: v for k, v in stored.items() if k.startswith("output.")}
    if problems := _problems(expected, outputs):
        raise _not_golden(folder, "; ".join(problems))
    differences = {}
    for name, value in expected.items():
        rtol, atol = (1e-3, 1e-4) if value.is_floating_point() else (0.0, 0.0)
        want, got = value.double(), outputs[name].double()
        gaps = (got - want).abs().nan_to_num()  # equal infinities have no gap
        differences[name] = float(gaps.max()) if gaps.numel() else 0.0
        if not torch.allclose(got, want, rtol=rtol, atol=atol):
            raise _not_golden(folder, f"{name} differs by {differences[name]:.3g}")
    return differences


def verify(name: str) -> Verified:
    """Check hashes, load strictly, and compare golden outputs where the class offers them."""
    weights = locate(name)
    module = load_folder(weights.folder, model_class(weights.entry.model_class))
    return Verified(
        weights,
        sum(parameter.numel() for parameter in module.parameters()),
        compare_golden(weights.folder, module),
    )


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _read_tensors(path: Path) -> "dict[str, Tensor]":
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise WeightsCorrupt(
            f"{shown(path)} is not a readable safetensors file: {error}",
            f"{shown(path)} 不是可读的 safetensors 文件：{error}",
        ) from error


def _problems(expected: "Mapping[str, Tensor]", found: "Mapping[str, Tensor]") -> list[str]:
    """What keeps `found` from standing in for `expected`, one phrase for each tensor."""
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [f"{name} is not expected" for name in found if name not in expected]
    for name in expected:
        if name not in found:
            continue
        want, got = expected[name], found[name]
        if want.shape != got.shape:
            problems.append(f"{name} has shape {tuple(got.shape)}, expected {tuple(want.shape)}")
        elif want.dtype != got.dtype and not (want.is_floating_point() and got.is_floating_point()):
            problems.append(f"{name} has type {got.dtype}, expected {want.dtype}")
    return problems


def _golden_outputs(module: "nn.Module", inputs: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    import torch

    with torch.no_grad():
        outputs: dict[str, Tensor] = module.golden(inputs)  # type: ignore[operator]
    return {name: value.cpu().contiguous() for name, value in outputs.items()}


def _not_golden(folder: Path, reason: str) -> WeightsMismatch:
    return WeightsMismatch(
        f"The model in {shown(folder)} does not reproduce its golden tensors: {reason}. "
        "The code computes something else than when the weights were made.",
        f"{shown(folder)} 中的模型未能重现标准张量：{reason}。代码的计算结果与权重制作时不同。",
    )
