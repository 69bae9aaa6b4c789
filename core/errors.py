"""The one error for input that a visitor can put right, in both languages of the gallery."""

from collections.abc import Collection


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


def check_range(name: str, value: float, low: float, high: float, *, zh: str) -> None:
    """Raise `InputError` unless `low <= value <= high`; `zh` is the Chinese for `name`."""
    if not low <= value <= high:  # written so that nan is refused too
        raise InputError(
            en=f"{name} is {value:.6g}; it must be between {low:g} and {high:g}. "
            "Choose a value in that range.",
            zh=f"{zh}现在是 {value:.6g}，须在 {low:g} 到 {high:g} 之间，请在此范围内取值。",
        )


def check_choice(name: str, value: str, choices: Collection[str], *, zh: str) -> None:
    """Raise `InputError` unless `value` is one of `choices`; `zh` is the Chinese for `name`."""
    if value not in choices:
        options = ", ".join(choices)
        shown = repr(value)[:40]
        raise InputError(
            en=f"{name} {shown} is unknown. Choose one of: {options}.",
            zh=f"{zh}没有 {shown} 这一项，请从这些里选：{options}。",
        )
