"""Numbers as people type and paste them."""

import re

from core.errors import InputError
from core.labs import _inputs
from core.labs._inputs import Array

MAX_NUMBERS = 2000
MAX_TYPED = 40_000  # characters
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def parse_numbers(text: str) -> Array:
    """Numbers separated by spaces, commas, semicolons or new lines, as a vector."""
    if len(text) > MAX_TYPED:
        raise InputError(
            en=f"The text has {len(text)} characters; at most {MAX_TYPED} are read. Shorten it.",
            zh=f"文本有 {len(text)} 个字符，最多读 {MAX_TYPED} 个，请缩短。",
        )
    parts = [part for part in re.split(r"[\s,;，；、]+", text) if part]
    for place, part in enumerate(parts, start=1):
        if not _NUMBER.fullmatch(part):
            raise InputError(
                en=f"Entry {place}, {part!r:.20}, is not a number. Write numbers such as 0.25 or "
                f"1e-3, separated by spaces or commas.",
                zh=f"第 {place} 项 {part!r:.20} 不是数，请写 0.25 或 1e-3 这样的数，"
                "用空格或逗号隔开。",
            )
    return _inputs.vector(
        "list of numbers",
        [float(part) for part in parts],
        sizes=(2, MAX_NUMBERS),
        bounds=(-1e300, 1e300),
        zh="数列",
    )
