"""The error for a visitor's input."""

import pickle

import pytest

from core.errors import InputError, check_choice, check_range, check_whole


def test_both_languages_survive_pickling() -> None:
    error = pickle.loads(pickle.dumps(InputError(en="Too long.", zh="太长。")))
    assert isinstance(error, ValueError)
    assert (str(error), error.text("en"), error.text("zh-CN")) == (
        "Too long.",
        "Too long.",
        "太长。",
    )


def test_check_range_names_value_and_bounds() -> None:
    check_range("rate", 0.5, 0, 1, zh="学习率")
    for value in (-0.1, 1.1, float("nan"), float("inf")):
        with pytest.raises(InputError, match=r"rate is .*between 0 and 1") as caught:
            check_range("rate", value, 0, 1, zh="学习率")
        assert "学习率" in caught.value.text("zh")


def test_check_range_takes_either_bound_alone() -> None:
    check_range("rate", 1e9, 0, None, zh="学习率")
    check_range("rate", -1e9, None, 1, zh="学习率")
    check_range("rate", 7, None, None, zh="学习率")
    with pytest.raises(InputError, match="rate is -1; it must be at least 0") as below:
        check_range("rate", -1, 0, None, zh="学习率")
    with pytest.raises(InputError, match="rate is 2; it must be at most 1") as above:
        check_range("rate", 2, None, 1, zh="学习率")
    assert "至少" in below.value.text("zh") and "至多" in above.value.text("zh")
    for bounds in ((0, None), (None, 1)):
        with pytest.raises(InputError, match="rate is nan"):
            check_range("rate", float("nan"), *bounds, zh="学习率")


def test_check_range_shows_numbers_of_any_size() -> None:
    for value, shown in ((4294967295, "4294967295"), (-(10**5000), "-1e"), (1e300, "1e\\+300")):
        with pytest.raises(InputError, match=rf"seed is {shown}.*between 0 and 4294967294"):
            check_range("seed", value, 0, 2**32 - 2, zh="随机种子")


def test_check_whole_refuses_fractions() -> None:
    check_whole("count", 3, 1, 4, zh="首数")
    for value in (2.5, 3.0, float("nan"), "3", None):
        with pytest.raises(
            InputError, match=r"count is .*whole number. Choose one between 1 and 4"
        ):
            check_whole("count", value, 1, 4, zh="首数")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="count is 5"):
        check_whole("count", 5, 1, 4, zh="首数")


def test_check_choice_lists_what_is_allowed() -> None:
    check_choice("kind", "a", ("a", "b"), zh="种类")
    with pytest.raises(InputError, match="one of: a, b"):
        check_choice("kind", "c", ("a", "b"), zh="种类")
