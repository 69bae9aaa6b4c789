"""Numbers as people paste them, and what is no number."""

import numpy as np
import pytest

from core.errors import InputError
from core.labs.typed_numbers import parse_numbers


def test_numbers_are_read_as_people_paste_them() -> None:
    np.testing.assert_array_equal(
        parse_numbers("1, 2;3\n.5  -4e-1，+6、7."), [1, 2, 3, 0.5, -0.4, 6, 7]
    )


@pytest.mark.parametrize(
    "text",
    ["1 two", "1 nan", "1 inf", "1 1_0", "1 ٣", "1", "", "1 " * 30_000, "1 1e999", "1 " * 2001],
)
def test_what_is_no_list_of_numbers_gets_a_sentence(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_numbers(text)
    assert caught.value.text("zh").endswith("。")
