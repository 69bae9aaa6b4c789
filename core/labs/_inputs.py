"""Bounds on what a visitor may ask for: each check returns the value or raises a full sentence."""

import math
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from core.errors import InputError, check_choice, check_range

Array: TypeAlias = npt.NDArray[np.floating[Any]]  # always float64
IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

Choice = TypeVar("Choice", bound=str)


def number(name: str, value: float, low: float, high: float, *, zh: str) -> float:
    """`value` as a float within `[low, high]`; `name` and `zh` name it in the sentence."""
    try:
        checked = float(value)
    except (TypeError, ValueError, OverflowError):
        checked = math.nan
    check_range(name, checked, low, high, zh=zh)
    return checked


def integer(name: str, value: int, low: int, high: int, *, zh: str) -> int:
    """`value` as a whole number within `[low, high]`."""
    checked = number(name, value, low, high, zh=zh)
    if checked != int(checked):
        raise InputError(
            en=f"{name} is {checked:g}; it must be a whole number. Try {int(checked)}.",
            zh=f"{zh}现在是 {checked:g}，须为整数，可以试试 {int(checked)}。",
        )
    return int(checked)


def choice(name: str, value: str, choices: Sequence[Choice], *, zh: str) -> Choice:
    """The member of `choices` that equals `value`."""
    check_choice(name, value, choices, zh=zh)
    return choices[choices.index(value)]


def vector(
    name: str,
    values: npt.ArrayLike,
    *,
    sizes: tuple[int, int],
    bounds: tuple[float, float],
    zh: str,
) -> Array:
    """`values` as a float64 vector whose length and entries lie within the given bounds."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty((0, 0))
    if array.ndim != 1 or not sizes[0] <= array.size <= sizes[1]:
        same = sizes[0] == sizes[1]
        raise InputError(
            en=f"{name} has shape {array.shape}; it must be a list of "
            f"{sizes[0] if same else f'{sizes[0]} to {sizes[1]}'} numbers. Give that many.",
            zh=f"{zh}现在的形状是 {array.shape}，须为 "
            f"{sizes[0] if same else f'{sizes[0]} 到 {sizes[1]}'} 个数的列表，请按个数给出。",
        )
    outside = ~((array >= bounds[0]) & (array <= bounds[1]))  # nan is outside too
    if outside.any():
        raise InputError(
            en=f"{name} has {array[outside][0]:g}; every number must be between {bounds[0]:g} "
            f"and {bounds[1]:g}. Change that number.",
            zh=f"{zh}里有 {array[outside][0]:g}，每个数须在 {bounds[0]:g} 到 {bounds[1]:g} 之间，"
            "请改掉它。",
        )
    return array


def seed(value: int) -> int:
    """A seed for a random generator."""
    return integer("seed", value, 0, 2**53, zh="随机种子")
