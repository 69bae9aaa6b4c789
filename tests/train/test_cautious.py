"""The cautious optimizer: AdamW on usual steps, nothing at all on exploding ones."""

import pytest
import torch

from train.cautious import CautiousAdamW
from train.directions import directions


def run(gradients, **numbers):
    weight = torch.nn.Parameter(torch.zeros(10))
    optimizer = CautiousAdamW([weight], lr=1e-2, weight_decay=0.0, **numbers)
    track = []
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
        track.append(weight.detach().clone())
    return track, optimizer


def usual_steps(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(10, generator=generator) for _ in range(count)]


def test_on_usual_steps_it_is_adamw():
    gradients = usual_steps(80)
    track, optimizer = run(gradients, clip=1e6)
    weight = torch.nn.Parameter(torch.zeros(10))
    plain = torch.optim.AdamW([weight], lr=1e-2, weight_decay=0.0)
    for gradient in gradients:
        weight.grad = gradient.clone()
        plain.step()
    torch.testing.assert_close(track[-1], weight.detach())
    assert float(optimizer.skipped) == 0


@pytest.mark.parametrize("bad", (1e4, float("inf"), float("nan")))
def test_an_exploding_step_changes_nothing(bad):
    gradients = usual_steps(100)
    gradients[70] = torch.full((10,), bad)
    track, optimizer = run(gradients)
    assert torch.equal(track[70], track[69])
    assert not torch.equal(track[71], track[70])
    assert track[-1].isfinite().all() and float(optimizer.skipped) == 1
    assert optimizer.state_dict()["state"][0]["step"] == 99


def test_a_large_step_is_cut_down():
    gradients = usual_steps(100)
    cut = [*gradients[:70], 5 * gradients[70]]
    track, optimizer = run(cut, clip=2.0)
    usual = optimizer.param_groups[0]["caution"][0].exp()
    norm = (5 * gradients[70]).norm()
    expected, _ = run([*gradients[:70], 5 * gradients[70] * (2 * usual / norm)], clip=1e6)
    assert float(optimizer.skipped) == 0
    torch.testing.assert_close(track[-1], expected[-1])


def test_a_lasting_change_is_accepted_in_time():
    gradients = [*usual_steps(80), *(100 * g for g in usual_steps(500, seed=1))]
    track, optimizer = run(gradients)
    assert 0 < float(optimizer.skipped) < 400
    assert not torch.equal(track[-1], track[-2])


def test_what_is_remembered_travels_with_the_state():
    gradients = usual_steps(60)
    _, optimizer = run(gradients)
    other = CautiousAdamW([torch.nn.Parameter(torch.zeros(10))], lr=1e-2)
    other.load_state_dict(optimizer.state_dict())
    assert torch.equal(other.param_groups[0]["caution"], optimizer.param_groups[0]["caution"])


# Directions


def test_directions_are_found_when_labels_go_together():
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(400, 1, generator=generator)
    labels = torch.cat([first, 0.7 * first + 0.3 * torch.rand(400, 1, generator=generator)], dim=1)
    slopes = torch.randn(2, 6, generator=generator)
    codes = 3 + labels @ slopes + 0.01 * torch.randn(400, 6, generator=generator)
    labels[7, 0] = float("nan")
    found = directions(lambda x: x, zip(codes.split(64), labels.split(64), strict=True))
    torch.testing.assert_close(found, slopes, atol=0.05, rtol=0)


def test_directions_need_labels_that_differ():
    with pytest.raises(ValueError, match="determine"):
        directions(lambda x: x, [(torch.randn(9, 4), torch.ones(9, 2))])
    with pytest.raises(ValueError, match="determine"):
        directions(lambda x: x, [(torch.randn(2, 4), torch.full((2, 1), float("nan")))])
