"""Reader for sets of small pictures: one zip of JPEG sheets and a table of labels; see `docs/data.md`.

A sheet `SPLIT_NNN.jpg` is a grid of 32 x 32 tiles, row by row: picture `i` of a split is tile `i % 1024`
of sheet `i // 1024`. The last sheet is padded, so `labels.csv` (a row a picture, keyed by
`split,index`) says how many pictures a split has.
"""

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

GRID = 32  # tiles in a row and in a column of a sheet
SHEET = re.compile(r"(?P<split>.+)_(?P<number>\d+)\.jpe?g", re.ASCII)
LABELS = "labels.csv"


@dataclass(frozen=True)
class Images:
    """Pictures and what is known about them, in the same order."""

    pixels: Tensor  # uint8 (count, 3, size, size)
    labels: dict[str, list[str]]  # a column of labels.csv to its texts; "" where nothing is known

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def size(self) -> int:
        """Pixels of a side."""
        return self.pixels.shape[-1]

    def numbers(self, *columns: str) -> Tensor:
        """Columns of labels as numbers, float32 `(count, columns)`; nan where there is none.

        Raises `ValueError` for a column that is not there or holds words.
        """
        rows = []
        for column in columns:
            if column not in self.labels:
                raise ValueError(f"there is no label {column!r}; known: {', '.join(self.labels)}")
            rows.append([float(text) if text else float("nan") for text in self.labels[column]])
        return torch.tensor(rows, dtype=torch.float32).T

    def first(self, count: int | None) -> "Images":
        """The first pictures, all when None."""
        labels = {column: texts[:count] for column, texts in self.labels.items()}
        return Images(self.pixels[:count], labels)


def read_images(
    folder: Path, split: str | None = None, *, size: int | None = None, limit: int | None = None
) -> Images:
    """Pictures of one split, or of all splits one after the other (in the order of their names).

    `size` averages them down to that side; `limit` keeps the first ones and reads no further sheet.
    Raises `ValueError` that says what is wrong with the folder.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}; docs/data.md says what lies where")
    table = _read_labels(folder / LABELS)
    if split is not None and split not in table:
        raise ValueError(f"{folder.name} has no split {split!r}; known: {', '.join(sorted(table))}")
    chosen = sorted(table) if split is None else [split]
    zips = sorted(folder.glob("*.zip"))
    if len(zips) != 1:
        raise ValueError(f"expected one zip of sheets in {folder}, found {len(zips)}")
    parts: list[Tensor] = []
    labels: list[dict[str, str]] = []
    try:
        with zipfile.ZipFile(zips[0]) as file:
            for name in chosen:
                left = None if limit is None else limit - len(labels)
                rows = table[name][:left]
                if rows:
                    pixels = _read_sheets(file, name, len(rows))
                    parts.append(pixels if size is None else average_down(pixels, size))
                    labels += rows
    except (zipfile.BadZipFile, UnidentifiedImageError, OSError) as error:
        raise ValueError(f"{zips[0].name} is not a readable zip of sheets: {error}") from error
    if not parts:
        raise ValueError(f"{folder.name} has no pictures in {', '.join(chosen)}")
    columns = [column for column in labels[0] if column not in ("split", "index")]
    return Images(torch.cat(parts), {c: [row[c] or "" for row in labels] for c in columns})


def average_down(pixels: Tensor, size: int) -> Tensor:
    """uint8 pictures `(count, 3, s, s)` at a smaller side, every pixel the exact average of its area.

    Raises `ValueError` when `size` is larger than `s`: pictures are never blown up.
    """
    side = pixels.shape[-1]
    if not 1 <= size <= side:
        raise ValueError(
            f"pictures of {side} pixels cannot become {size}: 1 to {side} are possible"
        )
    if size == side:
        return pixels
    # Row o of the matrix: how much of each input pixel lies in the interval of output pixel o.
    edges = torch.arange(size + 1, dtype=torch.float64) * side / size
    start = torch.arange(side, dtype=torch.float64)
    overlap = torch.minimum(edges[1:, None], start + 1) - torch.maximum(edges[:-1, None], start)
    share = (overlap.clamp_min(0) * size / side).float().to(pixels.device)
    parts = [
        (share @ part.float() @ share.T).round().clamp(0, 255).to(torch.uint8)
        for part in pixels.split(1024)
    ]
    return torch.cat(parts)


def _read_labels(path: Path) -> dict[str, list[dict[str, str]]]:
    """Rows of every split in the order of their index, which runs from 0."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        table: dict[str, list[dict[str, str]]] = {}
        for row in sorted(rows, key=lambda row: int(row["index"])):
            table.setdefault(row["split"], []).append(row)
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} is not a table with columns split and index: {error!r}"
        ) from error
    for split, part in table.items():
        if [int(row["index"]) for row in part] != list(range(len(part))):
            raise ValueError(f"{path}: the indices of {split} do not run from 0 without a gap")
    return table


def _read_sheets(file: zipfile.ZipFile, split: str, count: int) -> Tensor:
    """The first `count` pictures of a split, `(count, 3, s, s)`."""
    found = {}
    for name in file.namelist():
        match = SHEET.fullmatch(name)
        if match and match["split"] == split:
            found[int(match["number"])] = name
    parts: list[np.ndarray] = []
    for number in range(-(-count // GRID**2)):
        if number not in found:
            raise ValueError(
                f"labels name {count} pictures of {split}, but sheet {number} is missing"
            )
        with Image.open(io.BytesIO(file.read(found[number]))) as image:
            sheet = np.asarray(image.convert("RGB"))
        height, width = sheet.shape[:2]
        if height != width or height % GRID:
            raise ValueError(
                f"{found[number]}: {width} x {height} is no grid of {GRID} x {GRID} tiles"
            )
        s = height // GRID
        tiles = sheet.reshape(GRID, s, GRID, s, 3).transpose(0, 2, 4, 1, 3)
        parts.append(tiles.reshape(-1, 3, s, s))
    return torch.from_numpy(np.concatenate(parts)[:count].copy())
