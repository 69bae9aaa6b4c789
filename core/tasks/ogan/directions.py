"""Directions between two groups of pictures, applied to a third, and kept as files."""

import json
import struct
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from core import hub
from core.errors import InputError, check_range, check_whole
from core.latent import direction
from core.pictures import Pictures
from core.runtime import Timing
from core.tasks.ogan.drawing import drawn
from core.tasks.ogan.ends import (
    BATCH,
    MODELS,
    End,
    check_strength,
    checked_code,
    codes_of,
    floats,
    latent_of,
    numbers_of,
    total,
)
from core.tasks.ogan.records import Direction, Push

MAX_GROUP = 64
MAX_PUSH = 5.0
MAX_FILE = 100_000  # bytes
NAME = "direction"  # of the tensor in a file


def find_direction(
    plus: Sequence[End],
    minus: Sequence[End],
    model: str = "ogan-faces",
    *,
    prior: str = "normal",
) -> tuple[Direction, Timing | None]:
    """From the average code of the group `minus` to that of `plus`; the time of encoding photos."""
    for name, zh, group in (("plus", "正组", plus), ("minus", "负组", minus)):
        if not 1 <= len(group) <= MAX_GROUP:
            raise InputError(
                en=f"The group {name} has {len(group)} pictures; 1 to {MAX_GROUP} are needed. Click "
                "some for each group.",
                zh=f"{zh}有 {len(group)} 张图，需要 1 到 {MAX_GROUP} 张，请给两组各点几张。",
            )
    codes, _, timing = codes_of([*plus, *minus], model, prior=prior)
    found = direction(codes[: len(plus)], codes[len(plus) :])
    return Direction(model, floats(found), len(plus), len(minus)), timing


def apply_direction(
    subject: End,
    along: Direction,
    strengths: Sequence[float] = (-1.0, -0.5, 0.0, 0.5, 1.0),
    *,
    truncation: float = 0.9,
    on_sphere: bool = True,
    prior: str = "normal",
) -> Push:
    """The picture with `strength` times the direction added to its code, for each strength.

    With `on_sphere` codes keep the length of the subject's, where those of the prior lie.
    """
    check_whole("the number of strengths", len(strengths), 1, BATCH, zh="强度个数")
    for strength in strengths:
        check_range("strength", strength, -MAX_PUSH, MAX_PUSH, zh="强度")
    check_strength(truncation)
    codes, _, timing = codes_of([subject], along.model, prior=prior)
    step = checked_code(along.values, along.model)
    z = codes + torch.tensor([[float(s)] for s in strengths]) * step
    if on_sphere:
        z = z * codes.norm() / z.norm(dim=1, keepdim=True).clamp_min(1e-6)
    out, drawing = drawn(truncation * z, along.model)
    return Push(
        along,
        Pictures(out["pixels"]),
        tuple(float(s) for s in strengths),
        numbers_of(out),
        total(timing, drawing),
    )


def push(
    subject: End,
    plus: Sequence[End] = (),
    minus: Sequence[End] = (),
    model: str = "ogan-faces",
    *,
    along: Sequence[float] | None = None,
    reach: float = 1.25,
    frames: int = 41,
    truncation: float = 0.9,
    on_sphere: bool = True,
    prior: str = "normal",
) -> Push:
    """`frames` pictures of `subject`, from minus to plus `reach` times the direction between two groups.

    `along` are the numbers of a direction in place of the groups.
    """
    check_range("reach", reach, 0, MAX_PUSH, zh="最大强度")
    check_whole("frames", frames, 2, BATCH, zh="帧数")
    finding: Timing | None = None
    if along is None:
        found, finding = find_direction(plus, minus, model, prior=prior)
    else:
        found = Direction(model, floats(checked_code(along, model)), len(plus), len(minus))
    strengths = [round(reach * (2 * i / (frames - 1) - 1), 4) for i in range(frames)]
    pushed = apply_direction(
        subject, found, strengths, truncation=truncation, on_sphere=on_sphere, prior=prior
    )
    return replace(pushed, timing=total(finding, pushed.timing))


def to_safetensors(along: Direction) -> bytes:
    """A direction as a file that any reader of safetensors opens: one tensor, facts beside it."""
    from safetensors.torch import save

    facts = {
        "model": along.model,
        "weights": hub.locate(along.model).hash,
        "plus": str(along.plus),
        "minus": str(along.minus),
    }
    return bytes(save({NAME: torch.tensor(along.values)}, facts))


def from_safetensors(data: bytes, model: str | None = None) -> Direction:
    """The direction in a file; `InputError` when it holds none that fits `model` (or its own)."""
    facts, values = _opened(data)
    found = str(facts.get("model", ""))
    if found not in MODELS or (model is not None and found != model):
        raise InputError(
            en=f"The direction is one of {found[:40] or 'an unknown model'!r}; "
            f"{model or ' or '.join(MODELS)} is needed.",
            zh=f"这个方向属于 {found[:40] or '未知模型'!r}，需要 {model or '、'.join(MODELS)} 的。",
        )
    if facts.get("weights") != (now := hub.locate(found).hash):
        raise InputError(
            en=f"The direction was found in other weights of {found} "
            f"({str(facts.get('weights') or 'unknown')[:8]}, not {now[:8]}), whose codes mean other "
            "things. Find it again.",
            zh=f"这个方向是在 {found} 的另一份权重（{str(facts.get('weights') or '未知')[:8]}，不是 "
            f"{now[:8]}）里求的，编码的含义不同，请重新求一次。",
        )
    if values.shape != (latent_of(found),):
        raise _unreadable(f"{tuple(values.shape)} numbers, {latent_of(found)} expected")
    code = checked_code(values.tolist(), found)
    counts = [
        int(v) if (v := str(facts.get(name, ""))).isdigit() else 0 for name in ("plus", "minus")
    ]
    return Direction(found, floats(code), *counts)


def _opened(data: bytes) -> tuple[dict[str, object], Tensor]:
    """Facts and the one tensor of a file."""
    if len(data) > MAX_FILE:
        raise _unreadable(f"{len(data)} bytes")
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(data)
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
    except (SafetensorError, struct.error, ValueError, KeyError) as error:
        raise _unreadable(str(error)[:80]) from None
    if set(tensors) != {NAME}:
        raise _unreadable(f"tensors {', '.join(tensors)[:60]}")
    return header.get("__metadata__") or {}, tensors[NAME].float()


def _unreadable(found: str) -> InputError:
    return InputError(
        en=f"This is no file of a direction ({found}). Choose one that was saved here.",
        zh=f"这不是方向文件（{found}），请选在这里保存过的文件。",
    )
