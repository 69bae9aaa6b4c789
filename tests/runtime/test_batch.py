"""Rows put together and cut up again."""

import pytest
import torch
from torch import nn

from core.runtime.batch import bucket, count_rows, fill, gather, join, scatter, signature, stack
from core.runtime.requests import Request, Slice
from core.runtime.residency import Resident

MODEL = Resident(nn.Identity(), "none", 0)


def whole(rows) -> Slice:
    count = count_rows(rows)
    return Slice(Request(rows, count, MODEL, double, {}, 64), 0, count)


def double(model, *, x):
    return {"y": 2 * x}


def test_rows_need_one_positive_length():
    assert count_rows({"a": torch.zeros(3, 2), "b": torch.zeros(3)}) == 3
    for rows in (
        {},
        {"a": torch.zeros(0, 2)},
        {"a": torch.zeros(2), "b": torch.zeros(3)},
        {"a": torch.tensor(1.0)},
    ):
        with pytest.raises(ValueError, match="one positive length"):
            count_rows(rows)


def test_padding_goes_to_the_right_of_every_ragged_dimension():
    a, b = torch.ones(1, 2, 1), 2 * torch.ones(2, 1, 3)
    assert stack([a, b]).tolist() == [
        [[1, 0, 0], [1, 0, 0]],
        [[2, 2, 2], [0, 0, 0]],
        [[2, 2, 2], [0, 0, 0]],
    ]
    assert stack([a]) is a
    assert stack([a, a]).shape == (2, 2, 1)


def test_a_signature_tells_what_may_share_a_batch():
    rows = {"x": torch.zeros(2, 3), "n": torch.zeros(2, dtype=torch.long)}
    same = {"n": torch.ones(5, dtype=torch.long), "x": torch.ones(5, 3)}
    wider = {**rows, "x": torch.zeros(2, 4)}
    typed = {**rows, "n": torch.zeros(2)}
    deeper = {**rows, "x": torch.zeros(2, 3, 1)}
    assert signature(rows, ()) == signature(same, ())
    assert len({signature(r, ()) for r in (rows, wider, typed, deeper)}) == 4
    assert signature(rows, ("x",)) == signature(wider, ("x",))
    assert len({signature(r, ("x",)) for r in (rows, typed, deeper)}) == 3
    with pytest.raises(ValueError, match="no rows named y"):
        signature(rows, ("y",))


def test_batches_grow_to_powers_of_two_within_the_limit():
    assert [bucket(n, 64) for n in (1, 2, 3, 5, 33, 64)] == [1, 2, 4, 8, 64, 64]
    assert [bucket(n, 10) for n in (5, 9, 10)] == [8, 10, 10]


def test_filling_repeats_the_last_row():
    filled = fill({"x": torch.tensor([[1], [2]]), "n": torch.tensor([3, 4])}, 4)
    assert filled["x"].tolist() == [[1], [2], [2], [2]] and filled["n"].tolist() == [3, 4, 4, 4]


def test_everyone_gets_their_own_rows():
    slices = [whole({"x": torch.tensor([[1.0], [2.0]])}), whole({"x": torch.tensor([[3.0]])})]
    outputs = double(None, **fill(gather(slices), 4))
    first, second = scatter(outputs, slices, 4, double)
    assert first["y"].tolist() == [[2], [4]] and second["y"].tolist() == [[6]]
    first["y"].zero_()
    assert outputs["y"][0].item() == 2


@pytest.mark.parametrize(
    ("outputs", "named"),
    [
        ({}, "none"),
        ({"y": torch.zeros(2, 1)}, r"y \(2, 1\)"),
        ({"y": torch.tensor(1.0)}, r"y \(\)"),
        ({"good": torch.zeros(3), "bad": 1.5}, "bad float"),
    ],
)
def test_outputs_must_be_rows(outputs, named):
    with pytest.raises(TypeError, match=f"double must return tensors of 3 rows, got {named}"):
        scatter(outputs, [whole({"x": torch.zeros(3)})], 3, double)


def test_the_parts_of_a_cut_request_are_joined():
    parts = [{"y": torch.ones(2, 2)}, {"y": torch.ones(1, 3)}]  # the second part met longer company
    assert join(parts)["y"].tolist() == [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    assert join(parts[:1]) is parts[0]
