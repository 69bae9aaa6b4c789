"""Random changes: alike for pairs, with gradients, and each what its name says."""

import pytest
import torch

from train.augmentation import KINDS, Augmentation, Change


def pictures(count=6, size=16):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0)).double()


def drawn(*kinds):
    torch.manual_seed(1)
    return Augmentation(kinds).draw(6, 16)


@pytest.mark.parametrize("kinds", [(k,) for k in KINDS] + [KINDS])
def test_pairs_are_changed_alike(kinds):
    change, x = drawn(*kinds), pictures()
    assert torch.equal(change(x), change(x.clone()))
    assert not torch.equal(change(x), x)
    one = Change(
        *(p if p is None else p[:, 2:3] for p in (change.colour, change.shift, change.cutout))
    )
    torch.testing.assert_close(one(x[2:3]), change(x)[2:3])  # rows do not see each other


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_the_change(kind):
    change = drawn(kind)
    assert torch.autograd.gradcheck(change, pictures(6, 16).requires_grad_(True), fast_mode=True)
    x = pictures().requires_grad_(True)
    (gradient,) = torch.autograd.grad(change(x).square().sum(), x)
    assert gradient.flatten(1).any(1).all()


def test_no_kinds_change_nothing():
    x = pictures()
    assert drawn()(x) is x
    with pytest.raises(ValueError, match="known: colour"):
        Augmentation(("zoom",))


def test_neutral_amounts_change_nothing():
    half = torch.full((3, 6), 0.5).double()
    torch.testing.assert_close(Change(half, None, None)(pictures()), pictures())
    still = torch.zeros(2, 6, dtype=torch.long)
    assert torch.equal(Change(None, still, None)(pictures()), pictures())


def test_shifts_move_whole_pixels():
    shift = torch.tensor([[2, -1, 0, 0, 1, 0], [0, 0, 3, -2, 1, 0]])
    out, x = Change(None, shift, None)(pictures()), pictures()
    assert torch.equal(out[0, :, 2:], x[0, :, :-2]) and not out[0, :, :2].any()
    assert torch.equal(out[1, :, :-1], x[1, :, 1:]) and not out[1, :, -1:].any()
    assert torch.equal(out[2, :, :, 3:], x[2, :, :, :-3]) and not out[2, :, :, :3].any()
    assert torch.equal(out[4, :, 1:, 1:], x[4, :, :-1, :-1])
    assert Augmentation(("shift",)).draw(1000, 16).shift.abs().max() == 2  # an eighth


def test_colours():
    amounts = torch.full((3, 6), 0.5).double()
    amounts[0, 0], amounts[1, 1], amounts[2, 2] = 0.9, 0.0, 0.0
    out, x = Change(amounts, None, None)(pictures()), pictures()
    torch.testing.assert_close(out[0], x[0] + 0.4)
    torch.testing.assert_close(out[1], x[1].mean(0, keepdim=True).expand(3, -1, -1))
    torch.testing.assert_close(out[2] - out[2].mean(), 0.5 * (x[2] - x[2].mean()))


def test_holes_are_half_the_side_and_cut_off_at_the_border():
    centre = torch.tensor([[8, 0, 16, 8, 4, 8], [8, 0, 16, 0, 8, 8]])
    out = Change(None, None, centre)(torch.ones(6, 3, 16, 16))
    empty = (out[:, 0] == 0).sum((1, 2)).tolist()
    assert empty == [64, 16, 16, 32, 64, 64]
    assert torch.equal(out[:, 0], out[:, 2]) and not out[0, 0, 4:12, 4:12].any()
