"""Made-up picture sets in the format of the real ones: discs of random colour, place and size."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

GRID = 32


def discs(count: int, size: int, seed: int = 0) -> np.ndarray:
    """uint8 `(count, size, size, 3)`."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    made = np.empty((count, size, size, 3), dtype=np.uint8)
    for picture in made:
        row, column, radius = draw.uniform([0.3, 0.3, 0.15], [0.7, 0.7, 0.4])
        inside = (y - row) ** 2 + (x - column) ** 2 < radius**2
        picture[:] = np.where(
            inside[..., None], draw.integers(120, 256, 3), draw.integers(0, 120, 3)
        )
    return made


def write_set(
    folder: Path, splits: dict[str, np.ndarray], columns: dict[str, list[str]], seed: int = 0
) -> Path:
    """One zip of sheets and its `labels.csv`; every label is drawn from the words of its column."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(seed)
    with zipfile.ZipFile(folder / "pictures.zip", "w") as file:
        for split, pictures in splits.items():
            size = pictures.shape[1]
            for number in range(-(-len(pictures) // GRID**2)):
                part = pictures[number * GRID**2 : (number + 1) * GRID**2]
                tiles = np.zeros((GRID**2, size, size, 3), dtype=np.uint8)
                tiles[: len(part)] = part
                sheet = tiles.reshape(GRID, GRID, size, size, 3).swapaxes(1, 2)
                data = io.BytesIO()
                Image.fromarray(sheet.reshape(GRID * size, GRID * size, 3)).save(
                    data, "JPEG", quality=98, subsampling=0
                )
                file.writestr(f"{split}_{number:03d}.jpg", data.getvalue())
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["split", "index", *columns])
        for split, pictures in splits.items():
            for i in range(len(pictures)):
                rows.writerow([split, i, *(str(draw.choice(words)) for words in columns.values())])
    return folder


def write_sets(data: Path) -> Path:
    """The sets that the image recipes read, with a few pictures each; returns the data folder."""
    binary = ["0", "1"]
    sets: dict[str, tuple[int, dict[str, list[str]]]] = {
        "utkface64": (64, {"age": ["1", "30"], "female": binary}),
        "anime64": (64, {"hair": ["", "blue"]}),
        "celeba64": (64, {n: binary for n in ("Eyeglasses", "Male", "Mouth_Slightly_Open", "No_Beard", "Smiling")}),
        "cifar10": (32, {"label": ["0", "9"]}),
    }  # fmt: skip
    for seed, (name, (size, columns)) in enumerate(sets.items()):
        splits = {"train": discs(64, size, seed), "val": discs(40, size, 100 + seed)}
        write_set(data / "images" / name, splits, columns, seed)
    return data
