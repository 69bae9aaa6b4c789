"""Verse as set on the page: a card per poem with marks, badges, and panels behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.tasks import poems
from core.tasks.poems import Char, Poem
from core.text import prosody, verse
from core.text.forms import BY_NAME
from demos._outcome import Block
from demos._words import say
from demos.poem_vae.panels import novelty_panel, prosody_panel


def verses(model: str, cards: Sequence[Block]) -> Block:
    """Cards of poems with a button for poems close by."""
    return {
        "kind": "verse",
        "poems": list(cards),
        "actions": [{"name": "vary", "label": say("近似", "similar")}],
    }


def verse_card(
    poem: Poem,
    model: str,
    *,
    title: str = "",
    given: frozenset[int] = frozenset(),
    satisfied: bool = True,
    compare: str = "",
) -> Block:
    """A poem as set on the page, with badges and the panels that open when it is chosen."""
    lines = poem.lines
    judged = prosody.analyse(lines, licence=True)
    runs = poems.runs(lines, model)
    marks = {}
    for i, char in enumerate(poem.text):
        if compare and char != compare[i]:
            marks[i] = "changed"
        elif i in given:
            marks[i] = "given"
    badges = []
    if not satisfied:
        badges.append(
            {
                "kind": "bad",
                "text": say("约束冲突", "rules clash"),
                "title": say(
                    "某处没有合乎全部约束的字", "no character meets all rules at some place"
                ),
            }
        )
    if judged.tone_ok:
        badges.append({"kind": "good", "text": say("合律", "tones kept"), "title": ""})
    if BY_NAME[poem.form].lines == 4 and judged.rhyme_ok:
        badges.append({"kind": "good", "text": say("押韵", "rhymes"), "title": ""})
    longest = max((run.length for run in runs), default=0)
    if longest >= 5:
        badges.append(
            {
                "kind": "bad",
                "text": say(f"{longest} 字同语料", f"{longest} in corpus"),
                "title": say(
                    "连续这么多字出现在训练语料里", "a run this long stands in the corpus"
                ),
            }
        )
    return {
        "title": title,
        **lines_of(poem, marks),
        "badges": badges,
        "value": {
            "form": poem.form,
            "model": model,
            "code": list(poem.code),
            "text": poem.text,
        },
        "details": [prosody_panel(judged), novelty_panel(lines, runs)],
    }


def lines_of(poem: Poem, marks: Mapping[int, str] | None = None) -> dict[str, Any]:
    """The characters line by line, with pinyin, traditional form and rivals; `marks` by position."""
    readings = verse.pinyin(poem.text)
    old = verse.traditional(poem.text)
    form = BY_NAME[poem.form]
    chars = [
        _char(c, readings[i], old[i] if len(old) == len(readings) else c.char, (marks or {}).get(i))
        for i, c in enumerate(poem.chars)
    ]
    return {"lines": [chars[i : i + form.width] for i in range(0, len(chars), form.width)]}


def _char(c: Char, reading: str, old: str, mark: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"c": c.char, "py": reading, "t": old}
    if c.rivals:
        shown["p"] = round(c.probability, 4)
        shown["r"] = [[r.char, round(r.probability, 4)] for r in c.rivals]
    if mark:
        shown["mark"] = mark
    return shown
