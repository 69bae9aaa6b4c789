"""Attention at constant entropy: every length has it, and the exponent grows with the logarithm."""

import math

import numpy as np
import pytest

from core.errors import InputError
from core.labs import constant_entropy as ce


def test_every_length_has_the_wanted_entropy() -> None:
    found = ce.attention(1.2, spread=2.0, shortest=4, longest=700, queries=5, seed=3)
    assert found.lengths.tolist() == [4, 8, 16, 32, 64, 128, 256, 512]
    assert found.worst < 1e-9
    for before, after in (found.short, found.long):
        assert before.sum() == pytest.approx(1) and after.sum() == pytest.approx(1)
        assert (np.diff(before) <= 0).all() and (np.diff(after) <= 0).all()
        positive = after[after > 0]
        assert -(positive * np.log(positive)).sum() == pytest.approx(1.2, abs=1e-9)


def test_the_plain_softmax_spreads_with_the_length() -> None:
    """ln n - sigma^2 / 2 for many keys and small sigma."""
    found = ce.attention(1.0, spread=0.8, shortest=64, longest=2000, queries=64)
    np.testing.assert_allclose(found.entropy, np.log(found.lengths) - 0.32, atol=0.05)


def test_the_exponent_is_close_to_a_line_in_the_logarithm() -> None:
    found = ce.attention(1.5, shortest=8, longest=2000, queries=64)
    line = found.intercept + found.slope * np.log(found.lengths)
    assert found.slope > 0.5
    assert np.abs(line - found.gamma).max() < 0.15 * found.gamma.max()
    assert ce.attention(1.0, shortest=8, longest=8).slope == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: ce.attention(math.log(8)),
        lambda: ce.attention(0),
        lambda: ce.attention(spread=0),
        lambda: ce.attention(shortest=100, longest=50),
        lambda: ce.attention(longest=10**9),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
