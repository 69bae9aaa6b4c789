"""Pictures as training data: read once, kept where the model is, dealt out by the step number.

A batch is only its row numbers and which of them are mirrored, a few hundred bytes, so the loop is
never bound by its input: `ImageSet.place` moves all pictures to the training device as bytes, and
`ImageSet.take` picks and scales them there.

    self.images = ImageSet.read(self.data, "utkface64", "train", size=self.size)   # in prepare
    self.images.place(device)                                                      # in place
    return self.images.batch(step, self.batch_size, self.seed)                     # in batch
    x = self.images.take(batch)                                                    # in loss
"""

from pathlib import Path

import torch
from torch import Tensor

from benchmarks.image_data import Images, read_images
from core.levels import scaled
from train.recipe import Batch, DataSet, shuffled

FOLDER = "images"  # of all picture sets inside the data folder
FACES: DataSet = {
    "name": "UTKFace, aligned faces of 64 pixels (train part, 13,523)",
    "source": "susanqq.github.io/UTKFace, by github.com/mattans/AgeProgression 2d937c6",
    "licence": "research, non-commercial",
}
SAMPLE_OF_WEB = (  # what every card of a model of FACES says
    "The data is a sample of web photographs, with the imbalances of one; people in it did not agree to "
    "this use. Research only."
)
FACE_FAMILIES = ("vae-faces", "ogan-faces", "glow-faces", "ddpm-faces")  # all trained on FACES
ANIME: DataSet = {
    "name": "anime faces of 64 pixels (train part, 18,000)",
    "source": "github.com/antoncoding/Deep_Learning_GAN c0a6947",
    "licence": "none stated; research use",
}


class ImageSet:
    """The pictures of one split and their labels."""

    def __init__(self, images: Images) -> None:
        self.pixels = images.pixels  # uint8 (count, 3, size, size)
        self.labels = images.labels

    @classmethod
    def read(
        cls,
        data: Path | None,
        name: str,
        split: str = "train",
        *,
        size: int | None = None,
        limit: int | None = None,
    ) -> "ImageSet":
        """A split of the set `images/NAME` in the data folder, averaged down to `size` if given.

        Raises `ValueError` that says what is wrong with the folder.
        """
        if data is None:
            raise ValueError("no data folder: give --data DIR; docs/data.md says what lies in it")
        return cls(read_images(data / FOLDER / name, split, size=size, limit=limit))

    def __len__(self) -> int:
        return len(self.pixels)

    def numbers(self, *columns: str) -> Tensor:
        """Columns of labels as numbers, float32 `(count, columns)`; nan where there is none."""
        return Images(self.pixels, self.labels).numbers(*columns)

    def place(self, device: torch.device | str) -> None:
        """Move all pictures to the device, as bytes: 13,523 faces of 64 pixels are 166 MB."""
        self.pixels = self.pixels.to(device)

    def batch(self, step: int, batch_size: int, seed: int, *, flip: bool = True) -> Batch:
        """What batch `step` consists of: `rows` `(batch_size,)` and which are mirrored, `flip`.

        A pure function of its arguments; every epoch is shuffled anew, every picture mirrored half
        of the time.
        """
        rows = shuffled(len(self), batch_size, step, seed)
        generator = torch.Generator().manual_seed(seed * 2_000_003 + step)
        mirrored = torch.rand(batch_size, generator=generator) < (0.5 if flip else 0.0)
        return {"rows": rows, "flip": mirrored}

    def levels(self, batch: Batch) -> Tensor:
        """The pictures of a batch, uint8 `(batch, 3, size, size)`."""
        return mirror(self.pixels[batch["rows"].to(self.pixels.device)], batch["flip"])

    def take(self, batch: Batch) -> Tensor:
        """The pictures of a batch as numbers in [-1, 1], `(batch, 3, size, size)`."""
        return scaled(self.levels(batch))


def mirror(pictures: Tensor, flip: Tensor) -> Tensor:
    """Pictures `(batch, 3, size, size)`, those where `flip` `(batch,)` is true left to right."""
    return torch.where(flip.to(pictures.device)[:, None, None, None], pictures.flip(-1), pictures)
