"""How entities are shown: marked in their text, as changes, as one voice among several; and why so sure."""

import math
from collections.abc import Sequence
from typing import Any

from core.tasks import tagging
from core.tasks.lattices import Found
from core.tasks.tagging import Influence, Tagging
from demos._outcome import Block, formula
from demos._words import say

TYPES = {
    "PER": say("人名", "person"),
    "LOC": say("地名", "place"),
    "ORG": say("机构", "organisation"),
    "address": say("地址", "address"),
    "book": say("书名", "book"),
    "company": say("公司", "company"),
    "game": say("游戏", "game"),
    "government": say("政府", "government"),
    "movie": say("电影", "film"),
    "name": say("姓名", "name"),
    "organization": say("组织", "organisation"),
    "position": say("职位", "position"),
    "scene": say("景点", "sight"),
}
DECODERS = {
    "crf": "CRF",
    "marginal": say("CRF 逐字", "marginals"),
    "memm": "MEMM",
    "softmax": "softmax",
}
DOUBTFUL = 0.9  # a tag less probable than this is shown as a doubt


def spans_block(found: Tagging) -> Block:
    """A text with its entities and the characters that the model doubts."""
    types = tagging.types_of(found.model)
    pieces = (
        say(f" · 分 {found.pieces} 段读", f" · read in {found.pieces} pieces")
        if found.pieces > 1
        else ""
    )
    return {
        "kind": "spans",
        "title": say("标注", "Annotation"),
        "hint": say(
            f"{len(found.entities)} 个实体，{len(found.text):,} 个字符",
            f"{len(found.entities)} entities in {len(found.text):,} characters",
        )
        + pieces,
        "text": found.text,
        "model": found.model if found.model != "ner-msra" else "",
        "types": [{"name": name, "label": TYPES.get(name, name)} for name in types],
        "spans": [[e.start, e.end, e.type, e.confidence] for e in found.entities],
        "doubts": [
            [i, c.probability, [[r.tag, r.probability] for r in c.rivals]]
            for i, c in enumerate(found.characters)
            if c.probability < DOUBTFUL
        ],
    }


def changes_block(change: tagging.Change, bonus: float) -> Block:
    """Entities that came and went with the visitor's names."""
    types = tagging.types_of(change.after.model)

    def row(sign: str, entity: Found) -> dict[str, Any]:
        return {
            "sign": sign,
            "text": entity.text,
            "label": TYPES.get(entity.type, entity.type),
            "kind": types.index(entity.type),
            "where": f"[{entity.start}:{entity.end}]",
            "p": entity.confidence,
        }

    rows = [row("-", e) for e in change.removed] + [row("+", e) for e in change.added]
    rows.sort(key=lambda one: (int(one["where"][1:].partition(":")[0]), one["sign"] == "+"))
    return {
        "kind": "changes",
        "title": say("加词前后", "Before and after"),
        "hint": say(
            f"名字在文中 {change.places} 处，每字 +{bonus:g}",
            f"names at {change.places} places, +{bonus:g} per character",
        ),
        "rows": rows[:80],
        "none": say("没有变化。", "Nothing has changed."),
    }


def voice(reading: Tagging, types: Sequence[str]) -> dict[str, Any]:
    """One decoder's line in the sheet of readings."""
    return {
        "label": DECODERS[reading.decoder],
        "note": say(f"分数来自 {reading.weights}", f"scores from {reading.weights}"),
        "tags": list(reading.tags),
        "illegal": list(reading.illegal),
        "spans": [
            [e.start, e.end, types.index(e.type), TYPES.get(e.type, e.type)]
            for e in reading.entities
        ],
    }


def most_needed(one: Influence) -> int:
    """The character whose hiding costs an entity most."""
    return min(range(len(one.without)), key=one.without.__getitem__)


def listed(entities: Sequence[Found]) -> str:
    """Entities in one line."""
    return "、".join(e.text for e in entities)


def how_annotated(found: Tagging) -> list[str | Block]:
    """Where tags and confidence come from, with the least sure entity of this text."""
    tags = len({c.tag for c in found.characters})
    parts: list[str | Block] = [
        say(
            f"双向 LSTM 给 {len(found.text):,} 个字各打一组分，CRF 在整句的标签序列里选最优；"
            f"这里用到了 {tags} 种标签。",
            f"A bidirectional LSTM scores the tags of {len(found.text):,} characters, and the CRF picks "
            f"the best sequence as a whole; {tags} different tags occur here.",
        ),
        formula(
            r"\hat y = \operatorname*{argmax}_y \sum_t h_t(y_t) + g_{y_{t-1}y_t},\qquad "
            r"P(y_{s..e}) = \frac{e^{\alpha_s(y_s) + \sum_{s<t\le e}(g_{y_{t-1}y_t} + h_t(y_t)) "
            r"+ \beta_e(y_e)}}{Z}"
        ),
    ]
    if found.entities:
        least = min(found.entities, key=lambda e: e.confidence)
        mean = math.fsum(e.confidence for e in found.entities) / len(found.entities)
        parts.append(
            say(
                f"可信度就是这个区段概率：平均 {mean:.3f}；最没把握的是“{least.text[:20]}”，"
                f"{least.confidence:.3f}。",
                f"Confidence is this probability of a segment: {mean:.3f} on average; least sure is "
                f"{least.text[:20]} with {least.confidence:.3f}.",
            )
        )
    return parts
