"""What recipes on pictures share: two splits of one set, kept where the model is trained."""

import math
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from core.levels import scaled
from train.image_sets import ImageSet
from train.loop import run_folder
from train.picture_grid import save_grid
from train.recipe import Batch, Recipe


@dataclass(kw_only=True)
class PictureRecipe(Recipe):
    """`images` is the training part of the set, `dev` the part that figures are measured on."""

    pictures: ClassVar[str]  # folder below images/
    tensor_float: ClassVar[bool] = (
        True  # on a GPU: products of single precision with 10-bit mantissas
    )

    size: int = 64  # side in pixels

    images: ImageSet = field(init=False, repr=False)
    dev: ImageSet = field(init=False, repr=False)

    def prepare(self) -> None:
        """Training pictures, and those of `val` for the figures."""
        limit = 64 if self.smoke else None
        self.images = ImageSet.read(self.data, self.pictures, "train", size=self.size, limit=limit)
        self.dev = ImageSet.read(self.data, self.pictures, "val", size=self.size, limit=limit)

    def place(self, device: torch.device) -> None:
        """All pictures to the device, whose arithmetic is set for shapes that never change."""
        self.images.place(device)
        self.dev.place(device)
        if device.type == "cuda":
            torch.backends.cudnn.benchmark = True
            torch.backends.cuda.matmul.allow_tf32 = self.tensor_float
            torch.backends.cudnn.allow_tf32 = self.tensor_float

    def batch(self, step: int) -> Batch:
        """Row numbers of training pictures, and which are mirrored."""
        return self.images.batch(step, self.batch_size, self.seed)

    def show(self, made: Tensor, *pairs: Tensor) -> None:
        """`runs/NAME/pictures.png`: 48 samples, then two rows of each of `pairs` in turn, 12 a row."""
        rows = [made[:48], *(pictures[i : i + 12] for i in (0, 12) for pictures in pairs)]
        save_grid(run_folder(self) / "pictures.png", torch.cat(rows), columns=12)

    def golden_pictures(self) -> dict[str, Tensor]:
        """`input.images`: the made-up pictures as numbers in [-1, 1]."""
        return {"input.images": scaled(self.made_up_pictures())}

    def made_up_pictures(self) -> Tensor:
        """Two smooth coloured ones, uint8, for golden tensors: no person's face goes with weights."""
        waves = torch.linspace(0, math.tau, self.size)
        phases = torch.arange(6.0).view(2, 3, 1, 1)
        light = torch.sin(waves[:, None] + phases) * torch.cos(waves + 2 * phases)
        return (127.5 + 100 * light).to(torch.uint8)


def channels_last(model: nn.Module) -> nn.Module:
    """The model with its weights channels last in memory, which convolutions are faster with."""
    moved: nn.Module = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return moved
