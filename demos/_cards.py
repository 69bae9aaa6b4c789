"""Model cards as the page shows them: facts from the manifest and the measured figures."""

from typing import Any

from core.tasks import models
from demos._tab import error_text
from demos._words import say


def card(name: str, lang: str) -> dict[str, Any]:
    """Facts and figures of a weights name as plain values; a sentence when there are none."""
    try:
        known = models.card(name)
    except Exception as error:
        return {"name": name, "error": error_text(error, lang)}
    source = (
        say("随项目附带的副本", "the copy embedded in the project")
        if known.source == "embedded"
        else f"https://huggingface.co/{known.source}"
    )
    facts = [
        [say("参数", "parameters"), f"{known.parameters:,}"],
        [say("大小", "size"), f"{known.bytes / 1e6:.1f} MB"],
        [say("哈希", "hash"), known.hash],
        [say("日期", "date"), known.date],
        [say("许可", "licence"), known.licence],
        *[[say("数据", "data"), row] for row in known.data],
        [say("来源", "source"), source],
        [say("制作", "made by"), known.recipe],
        [say("评测", "measured by"), known.measure],
    ]
    return {
        "name": name,
        "title": say(known.title_zh, known.title),
        "summary": say(known.summary_zh, known.summary),
        "facts": facts,
        "metrics": [
            {
                "label": figure.label,
                "value": None if figure.value is None else f"{figure.value:.4g}",
                "author": figure.author or None,
            }
            for figure in known.figures
        ],
        "limits": list(known.limits),
    }
