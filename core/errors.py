"""The one error for input that a visitor can put right, in both languages of the gallery."""

from collections.abc import Collection
from typing import SupportsIndex


class InputError(ValueError):
    """A value that the library cannot use, explained in English and in Chinese.

    Each sentence names the value, what is allowed and the next step. `str(error)` is the English
    one, so the class behaves like any `ValueError` in code; a page asks for its own language:

    >>> error = InputError(en="Depth 99 is above 10; choose less.", zh="深度 99 超过 10，请减小。")
    >>> error.text("zh")
    '深度 99 超过 10，请减小。'
    """

    def __init__(self, *, en: str, zh: str) -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh

    def text(self, lang: str) -> str:
        """The sentence in a language; every code that starts with `zh` means Chinese."""
        return self.zh if lang.lower().startswith("zh") else self.en

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions travel between processes by pickle, which cannot pass keywords by itself.
        return _rebuild, (self.en, self.zh)


def _rebuild(en: str, zh: str) -> InputError:
    return InputError(en=en, zh=zh)


def check_range(name: str, value: float, low: float | None, high: float | None, *, zh: str) -> None:
    """Raise `InputError` unless `low <= value <= high`; `zh` is the Chinese for `name`.

    A bound that is None is none.
    """
    # Comparisons are written so that nan is refused too.
    if (low is None or low <= value) and (high is None or value <= high):
        return
    shown = _shown(value)
    if low is not None and high is not None:
        least, most = _shown(low), _shown(high)
        raise InputError(
            en=f"{name} is {shown}; it must be between {least} and {most}. "
            "Choose a value in that range.",
            zh=f"{zh}现在是 {shown}，须在 {least} 到 {most} 之间，请在此范围内取值。",
        )
    if low is not None:
        raise InputError(
            en=f"{name} is {shown}; it must be at least {_shown(low)}. Choose a larger one.",
            zh=f"{zh}现在是 {shown}，至少须为 {_shown(low)}，请取大一点。",
        )
    if high is not None:
        raise InputError(
            en=f"{name} is {shown}; it must be at most {_shown(high)}. Choose a smaller one.",
            zh=f"{zh}现在是 {shown}，至多只能是 {_shown(high)}，请取小一点。",
        )


def check_whole(name: str, value: int, low: int, high: int, *, zh: str) -> None:
    """Raise `InputError` unless `value` is an integer in `[low, high]`; 4.0 is none."""
    if not isinstance(value, SupportsIndex):
        raise InputError(
            en=f"{name} is {str(value)[:20]}; it must be a whole number. "
            f"Choose one between {low} and {high}.",
            zh=f"{zh}现在是 {str(value)[:20]}，须为整数，请在 {low} 到 {high} 之间取值。",
        )
    check_range(name, value, low, high, zh=zh)


def _shown(value: float) -> str:
    if isinstance(value, SupportsIndex):
        whole = int(value)  # of any size, and so perhaps too large for a float or for printing
        return str(whole) if abs(whole) < 10**15 else f"{'-' * (whole < 0)}1e{_digits(whole)}"
    return f"{value:.6g}"


def _digits(whole: int) -> int:
    return int(whole.bit_length() * 0.30103)


def check_choice(name: str, value: str, choices: Collection[str], *, zh: str) -> None:
    """Raise `InputError` unless `value` is one of `choices`; `zh` is the Chinese for `name`."""
    if value not in choices:
        options = ", ".join(choices)
        shown = repr(value)[:40]
        raise InputError(
            en=f"{name} {shown} is unknown. Choose one of: {options}.",
            zh=f"{zh}没有 {shown} 这一项，请从这些里选：{options}。",
        )
