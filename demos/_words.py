"""Words in both languages of the gallery, chosen when they reach the reader.

A bilingual text is one string that carries both versions between private-use characters. Widgets take it
like any other label; the server resolves the page's configuration before sending it (`demos._server`),
the wiring resolves what handlers return, so no tab ever asks which language is on.
"""

import re
from collections.abc import Mapping
from typing import Any

LANGUAGES = ("zh", "en")
DEFAULT = "zh"

_OPEN, _MIDDLE, _CLOSE = "\ue000", "\ue001", "\ue002"
_PAIR = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_MIDDLE}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
# The marks, and halves of surrogate pairs, which no answer could carry back as UTF-8.
_UNSAFE = re.compile(f"[{_OPEN}{_MIDDLE}{_CLOSE}\ud800-\udfff]")


def say(zh: str, en: str) -> str:
    """A text in both languages."""
    return f"{_OPEN}{zh}{_MIDDLE}{en}{_CLOSE}"


def resolve(text: str, lang: str) -> str:
    """Replace every bilingual part of `text` by the version of one language."""
    if _OPEN not in text:
        return text
    return _PAIR.sub(r"\1" if lang == "zh" else r"\2", text)


def resolve_all(value: Any, lang: str) -> Any:
    """`resolve` for all strings inside lists, tuples and dictionaries."""
    if isinstance(value, str):
        return resolve(value, lang)
    if isinstance(value, Mapping):
        return {key: resolve_all(item, lang) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve_all(item, lang) for item in value]
    return value


def unmark(text: str) -> str:
    """Text from a visitor without characters that would be taken for a pair, or could not be sent.

    Each becomes the replacement character, so that offsets stay those of what was typed.
    """
    return _UNSAFE.sub("\ufffd", text)


def language(
    query: Mapping[str, str], headers: Mapping[str, str], cookies: Mapping[str, str] | None = None
) -> str:
    """The language of a request: `?lang=`, else the cookie, else the browser's first known one."""
    for chosen in (query.get("lang"), (cookies or {}).get("lang")):
        if chosen in LANGUAGES:
            return str(chosen)
    for part in headers.get("accept-language", "").split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return DEFAULT
