"""Pictures on the page: grids, films and photo slots as blocks, and the function that aligns photos.

Sprites stand under the key "r" with everything else that differs in its last digits between processors.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr

from core.errors import InputError
from core.pictures import MAX_BYTES, MAX_PIXELS, MIN_SIDE, Pictures, columns_of, picture_url
from core.tasks import photos
from demos._outcome import Block
from demos._tab import Scene
from demos._words import say

MAX_PHOTO = 30_000_000  # characters of a picture as a data URL, more than any file that is accepted
MAX_SEED = 2**32 - 1
LIMITS = say(
    f"最大 {MAX_BYTES // 10**6} MB、{MAX_PIXELS // 10**4} 万像素，每边至少 {MIN_SIDE} 像素；照片不会被保存。",
    f"Up to {MAX_BYTES // 10**6} MB and {MAX_PIXELS // 10**6} million pixels, each side at least "
    f"{MIN_SIDE}; photos are not kept.",
)


def pictures_block(
    pictures: Pictures,
    *,
    title: str,
    hint: str = "",
    alt: str,
    captions: Sequence[str | float] | None = None,
    shown: int = 96,
    across: int | None = None,
    **more: Any,
) -> Block:
    """A grid of pictures; `more` are the keys that `assets/blocks/pictures.js` names."""
    return {
        "kind": "pictures",
        "title": title,
        "hint": hint,
        "alt": alt,
        "captions": list(captions) if captions is not None else None,
        "shown": shown,
        "across": across,
        **packed(pictures),
        **more,
    }


def film_block(
    pictures: Pictures,
    *,
    title: str,
    hint: str = "",
    alt: str,
    values: Sequence[Block] = (),
    ends: tuple[str, str] = ("", ""),
    labels: Sequence[str] | None = None,
    fps: int = 12,
    axis: Block | None = None,
) -> Block:
    """A film; `values` are curves `{"label", "y", "colour", "digits"}` with a number for each frame.

    `axis` `{"label", "from", "to"}` is what runs along it; t from 0 to 1 if left out.
    """
    return {
        "kind": "film",
        "title": title,
        "hint": hint,
        "alt": alt,
        "values": list(values),
        "ends": list(ends),
        "labels": list(labels) if labels is not None else None,
        "fps": fps,
        "axis": axis,
        **packed(pictures),
    }


def photo_input(scene: Scene, name: str = "photo") -> None:
    """The aligned picture as a data URL; filled by a slot on the stage, never typed."""
    scene.input(name, gr.Textbox("", visible=False, max_length=MAX_PHOTO))


def seed_input(scene: Scene, name: str, value: int, label: str) -> None:
    """A seed that names a picture."""
    scene.input(name, gr.Number(value, label=label, precision=0, minimum=0, maximum=MAX_SEED))


def end_of(seed: int, photo: str) -> int | str:
    """What stands for a picture: the photo if there is one, else the seed."""
    return photo.strip() or int(seed)


def photo_block(slots: Sequence[Block], *, title: str, hint: str = "", size: int) -> Block:
    """Slots for photos, see `assets/blocks/photo.js`; the scene has to have `live={"align_photo": …}`.

    What is accepted and that nothing is kept stands below every `hint`.
    """
    return {
        "kind": "photo",
        "title": title,
        "hint": hint or say("拖入、粘贴或选择", "drop, paste or choose"),
        "limits": LIMITS,
        "most": MAX_BYTES,
        "slots": list(slots),
        "size": size,
        "live": "align_photo",
    }


def slot_picture(pictures: Pictures, index: int, caption: str) -> Block:
    """One picture for a slot of a `photo_block`."""
    return {"r": {"url": picture_url(pictures.pixels[index])}, "caption": caption}


def photo_aligner(size: int, template: str = "tight") -> Callable[[Any], dict[str, Any]]:
    """The live function of a scene with a `photo_block`, for pictures of `size` pixels."""

    def align_photo(value: Any) -> dict[str, Any]:
        given = value if isinstance(value, Mapping) else {}
        photo = given.get("photo")
        if not isinstance(photo, str) or not photo:
            raise InputError(
                en="No photo arrived. Choose the file again.", zh="没有收到照片，请重新选择文件。"
            )
        square = given.get("square")
        cut = photos.portrait(photo, size=size, template=template, square=square, anything=True)
        height, width = cut.photo.pixels.shape[2:]
        return {
            "picture": cut.url,
            "faces": cut.faces,
            "square": cut.square,
            "preview": {"url": picture_url(cut.photo.pixels[0]), "size": [width, height]},
            "message": _message(cut, by_hand=square is not None),
        }

    return align_photo


def _message(cut: photos.Portrait, *, by_hand: bool) -> str:
    """What happened to a photo, in a sentence; empty when there is nothing to say."""
    if by_hand:
        return ""
    if cut.face is None:
        return say(
            "没有找到人脸：请手动框出额头到下巴的方块（歪头、侧脸、遮挡、动漫都可能找不到）。",
            "No face was found: draw a square from forehead to chin by hand (tilted, turned, covered "
            "and drawn faces are often missed).",
        )
    parts = []
    if cut.faces > 1:
        parts.append(
            say(
                f"找到 {cut.faces} 张脸，取最大的一张。",
                f"{cut.faces} faces were found; the largest is used. ",
            )
        )
    if abs(cut.face.tilt) > 3:
        parts.append(
            say(
                f"已转正 {abs(cut.face.tilt):.0f}°。",
                f"Turned upright by {abs(cut.face.tilt):.0f}°.",
            )
        )
    return "".join(parts)


def packed(pictures: Pictures) -> dict[str, Any]:
    """The sprite of some pictures and how it is laid out, for any block that shows them."""
    columns = columns_of(len(pictures))
    height, width = pictures.pixels.shape[2:]
    return {
        "r": {"sprite": pictures.sprite(columns)},
        "count": len(pictures),
        "columns": columns,
        "size": width if width == height else [width, height],
    }
