"""The reader of picture sets against made-up ones, right and wrong."""

import zipfile

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from benchmarks.image_data import average_down, read_images
from tests.pictures import discs, write_set


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    splits = {"train": discs(1030, 16), "val": discs(3, 16, seed=1)}
    path = tmp_path_factory.mktemp("sets") / "discs"
    return write_set(path, splits, {"age": ["7"], "hair": ["", "red"]})


def test_pictures_are_in_order_over_several_sheets(folder):
    images = read_images(folder, "train")
    assert images.pixels.shape == (1030, 3, 16, 16) and images.pixels.dtype == torch.uint8
    expected = discs(1030, 16).transpose(0, 3, 1, 2).astype(int)
    gaps = np.abs(images.pixels.numpy().astype(int) - expected)
    assert gaps.mean() < 3  # what JPEG does to the edges
    assert (np.abs(images.pixels.numpy().mean((2, 3)) - expected.mean((2, 3))) < 4).all()


def test_labels_belong_to_the_pictures(folder):
    images = read_images(folder, "val")
    assert set(images.labels) == {"age", "hair"} and images.labels["age"] == ["7"] * 3
    assert images.numbers("age").tolist() == [[7.0]] * 3
    with pytest.raises(ValueError, match="no label 'smile'; known: age, hair"):
        images.numbers("smile")


def test_all_splits_or_the_first_pictures(folder):
    assert len(read_images(folder)) == 1033
    assert len(read_images(folder, limit=1031)) == 1031
    first = read_images(folder, "train", limit=5)
    assert len(first) == 5 == len(first.labels["hair"])
    assert torch.equal(first.pixels, read_images(folder, "train").pixels[:5])
    assert len(first.first(2)) == 2


def test_averages_are_exact():
    pixels = torch.randint(256, (3, 3, 12, 12), dtype=torch.uint8)
    torch.testing.assert_close(
        average_down(pixels, 6).float(), F.avg_pool2d(pixels.float(), 2).round()
    )
    uneven = average_down(pixels, 8)  # pixels of one and a half
    row = pixels[0, 0].double()
    corner = (row[0, 0] + (row[0, 1] + row[1, 0]) / 2 + row[1, 1] / 4) / 2.25
    assert abs(float(uneven[0, 0, 0, 0]) - float(corner)) <= 0.5
    flat = torch.full((1, 3, 12, 12), 77, dtype=torch.uint8)
    for size in range(1, 13):
        assert (average_down(flat, size) == 77).all()
    with pytest.raises(ValueError, match="1 to 12"):
        average_down(pixels, 13)


def test_reading_at_a_smaller_side(folder):
    small = read_images(folder, "val", size=8)
    assert small.size == 8
    assert torch.equal(small.pixels, average_down(read_images(folder, "val").pixels, 8))


def test_what_is_wrong_is_said(folder, tmp_path):
    with pytest.raises(ValueError, match="there is no folder"):
        read_images(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no split 'dev'; known: train, val"):
        read_images(folder, "dev")
    broken = write_set(tmp_path / "broken", {"val": discs(2, 16)}, {})
    (broken / "pictures.zip").write_bytes(b"PK but not much more")
    with pytest.raises(ValueError, match="not a readable zip"):
        read_images(broken)
    (broken / "pictures.zip").unlink()
    with pytest.raises(ValueError, match="one zip of sheets"):
        read_images(broken)
    (broken / "labels.csv").write_text("index\n0\n", encoding="utf-8")
    with pytest.raises(ValueError, match="columns split and index"):
        read_images(broken)
    (broken / "labels.csv").write_text("split,index\nval,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="from 0"):
        read_images(broken)


def test_sheets_that_do_not_fit(tmp_path):
    folder = write_set(tmp_path / "few", {"val": discs(2, 16)}, {})
    lines = ["split,index", *(f"val,{i}" for i in range(1025))]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="sheet 1 is missing"):
        read_images(folder)
    (folder / "labels.csv").write_text("split,index\nval,0\n", encoding="utf-8")
    with zipfile.ZipFile(folder / "pictures.zip", "w") as file:
        file.writestr("val_000.jpg", b"no picture")
    with pytest.raises(ValueError, match="not a readable zip"):
        read_images(folder)
