"""Pictures side by side in one PNG, to look at during a run."""

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor


def save_grid(path: Path, pictures: Tensor, columns: int) -> None:
    """Write uint8 pictures `(count, 3, size, size)` in rows of `columns`, the last filled up with black."""
    size = pictures.shape[-1]
    missing = -len(pictures) % columns
    tiles = torch.cat([pictures.cpu(), torch.zeros(missing, 3, size, size, dtype=torch.uint8)])
    rows = tiles.unflatten(0, (-1, columns))  # (rows, columns, 3, size, size)
    sheet = rows.permute(0, 3, 1, 4, 2).reshape(-1, columns * size, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet.numpy()).save(path)
