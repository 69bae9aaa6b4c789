"""The error for a visitor's input."""

import pickle

import pytest

from core.errors import InputError, check_choice, check_range


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


def test_check_choice_lists_what_is_allowed() -> None:
    check_choice("kind", "a", ("a", "b"), zh="种类")
    with pytest.raises(InputError, match="one of: a, b"):
        check_choice("kind", "c", ("a", "b"), zh="种类")
