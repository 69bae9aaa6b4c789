"""A visitor's photos in the scenes that take pictures: hidden inputs, slots, and what they stand for."""

from collections.abc import Sequence
from typing import Any

from core.pictures import Pictures
from core.tasks import glow
from demos._outcome import Block
from demos._pictures import photo_aligner, photo_block, slot_picture
from demos._words import say

MODEL = "glow-faces"  # whose size photos are cut to; other models average them


def align_photo(value: Any) -> dict[str, Any]:
    """Find the face of a photo, or cut the square that was drawn by hand."""
    return photo_aligner(glow.layout_of(MODEL).size)(value)


def photo_slots(
    slots: Sequence[tuple[str, str, Pictures | None, bool]], *, title: str = "", hint: str = ""
) -> Block:
    """Slots `(input, label, picture in use, whether it is a photo)` for photos of one's own."""
    return photo_block(
        [
            {
                "input": name,
                "label": label,
                "note": "" if used else say("或用左边的种子", "or a seed at the left"),
                "pictures": [slot_picture(picture, 0, say("模型看到的", "as the model sees it"))]
                if picture is not None
                else [],
                "used": used,
            }
            for name, label, picture, used in slots
        ],
        title=title or say("放自己的照片", "Photos of your own"),
        hint=hint
        or say(
            "拖入、粘贴或选择；找到的脸会摆正",
            "drop, paste or choose; the face is found and set upright",
        ),
        size=glow.layout_of(MODEL).size,
    )
