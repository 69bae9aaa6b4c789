"""From what a visitor types to a verse the models know: script, punctuation, form, vocabulary."""

import re
import unicodedata
from functools import lru_cache
from typing import Any

from core.errors import InputError
from core.text.forms import BY_LENGTH, FORMS, Form
from core.text.vocabulary import Vocabulary

MAX_TYPED = 200  # characters looked at; the longest form has 28 and its punctuation

_IGNORED = re.compile(
    r"[\s，。、；：？！·,.;:?!/|｜／\-—…“”\"'‘’「」『』（）()《》〈〉\u200b\ufeff]+"
)


@lru_cache(maxsize=4)
def _converter(direction: str) -> Any:
    import opencc

    return opencc.OpenCC(direction)


def simplified(text: str) -> str:
    """Traditional characters to simplified ones, the script of the training corpus."""
    return str(_converter("t2s").convert(text))


def traditional(text: str) -> str:
    """Simplified characters to traditional ones, for display."""
    return str(_converter("s2t").convert(text))


def pinyin(text: str) -> list[str]:
    """Modern Mandarin reading of every character, with tone marks; '' where there is none."""
    import pypinyin

    def silent(part: str) -> Any:  # the package takes a list, one entry for each character
        return [""] * len(part)

    readings = pypinyin.pinyin(text, style=pypinyin.Style.TONE, errors=silent)
    return [reading[0] for reading in readings]


def strip(text: str) -> str:
    """Characters without punctuation and white space, compatibility forms folded (NFKC)."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", text))


def parse(text: str, vocabulary: Vocabulary, forms: tuple[Form, ...] = FORMS) -> tuple[Form, str]:
    """Recognise a verse by its length.

    Returns the form and the characters in the models' script. Raises `InputError` when the text is
    empty, too long, of another length than the forms', or has characters outside the vocabulary.
    """
    characters = plain(text)
    form = BY_LENGTH.get(len(characters))
    if form is None or form not in forms:
        zh = "、".join(f"{f.zh}（{f.length} 字）" for f in forms)
        en = ", ".join(f"{f.en} ({f.length})" for f in forms)
        raise InputError(
            zh=f"数到 {len(characters)} 个字；这里能读的是：{zh}，标点不计。",
            en=f"This has {len(characters)} characters; accepted are: {en}, not counting punctuation.",
        )
    require_known(characters, vocabulary)
    return form, characters


def plain(text: str) -> str:
    """`text` stripped and simplified; raises `InputError` when empty, too long or not Chinese."""
    require_short(text)
    characters = strip(text)
    if not characters:
        raise InputError(
            zh="还没有诗句。请输入一联（10 或 14 字）或一首绝句（20 或 28 字）。",
            en="There is no verse yet. Type a couplet (10 or 14 characters) or a quatrain (20 or 28).",
        )
    foreign = list(dict.fromkeys(char for char in characters if not is_han(char)))
    if foreign:
        shown = " ".join(map(_visible, foreign[:5]))
        raise InputError(
            zh=f"只认得汉字，这里有：{shown}",
            en=f"Only Chinese characters can be read; this has: {shown}",
        )
    return simplified(characters)


def require_short(text: str) -> None:
    """Raise `InputError` when a text is longer than anything that could be read."""
    if len(text) > MAX_TYPED:
        raise InputError(
            zh=f"输入了 {len(text)} 个字符，最多 {MAX_TYPED} 个；一首绝句最长 28 字。",
            en=f"That is {len(text)} characters; at most {MAX_TYPED} are read, a quatrain has 28.",
        )


def require_known(characters: str, vocabulary: Vocabulary) -> None:
    """Raise `InputError` that names the characters the model has never seen."""
    unknown = vocabulary.unknown(characters)
    if unknown:
        shown = "、".join(unknown[:5])
        raise InputError(
            zh=f"模型没见过这些字：{shown}。它认得古诗中最常见的 {len(vocabulary)} 个字。",
            en=f"The model has never seen: {shown}. It knows the {len(vocabulary)} most common "
            "characters of classical verse.",
        )


def is_han(char: str) -> bool:
    """Whether a character is a Chinese ideograph."""
    return unicodedata.name(char, "").startswith("CJK UNIFIED IDEOGRAPH")


def _visible(char: str) -> str:
    """A character, or its code where it has no shape or cannot even be sent."""
    return char if char.isprintable() else f"U+{ord(char):04X}"


def punctuated(lines: list[str]) -> str:
    """Lines with the usual marks: comma after odd lines, full stop after even ones."""
    return "".join(line + ("。" if i % 2 else "，") for i, line in enumerate(lines))
