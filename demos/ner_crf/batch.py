"""Many lines at once, to JSON lines."""

from collections.abc import Iterator

import gradio as gr

from core.tasks import tagging
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.ner_crf.entities import TYPES
from demos.ner_crf.inputs import (
    NEWS,
    Model,
    model_input,
    offered_examples,
)

SHOWN_LINES = 60


def tag_entity_lines(
    lines: str = "\n".join(NEWS.replace("。", "。\n").replace("；", "；\n").split()),
    model: Model = "ner-msra",
) -> Iterator[Outcome]:
    """Tag many lines at once and return them as JSON lines.

    Args:
        lines: up to 1,000 lines and 20,000 characters; a line may be a JSON object with a "text"
        model: ner-msra or ner-cluener
    """
    types = list(tagging.types_of(model))
    for share, found in tagging.tag_lines_in_parts(lines, model):
        entities = sum(len(line.entities) for line in found.lines)
        yield Outcome(
            result={
                "jsonl": found.jsonl,
                "lines": len(found.lines),
                "characters": found.characters,
            },
            blocks=[
                {
                    "kind": "batch",
                    "title": say("批量", "Batch"),
                    "hint": say(
                        "文件可以拖进来：每行一条，读成文本后提交，不保存",
                        "drop a file of lines here: it is read as text and sent like typed text",
                    ),
                    "figures": [
                        [say("行", "lines"), f"{len(found.lines):,}"],
                        [say("字符", "characters"), f"{found.characters:,}"],
                        [say("实体", "entities"), f"{entities:,}"],
                        [say("字/秒", "characters/s"), f"{found.characters_per_second:.0f}"],
                    ],
                    "jsonl": found.jsonl,
                    "rows": [
                        {
                            "line": line.line,
                            "text": line.text,
                            "spans": [
                                [e.start, e.end, types.index(e.type), TYPES[e.type], e.confidence]
                                for e in line.entities
                            ],
                        }
                        for line in found.lines[:SHOWN_LINES]
                    ],
                    "more": say(
                        f"另有 {len(found.lines) - SHOWN_LINES} 行在 JSONL 里。",
                        f"{len(found.lines) - SHOWN_LINES} more lines are in the JSONL.",
                    )
                    if len(found.lines) > SHOWN_LINES
                    else "",
                }
            ],
            timing=found.timing,
            progress=share if share < 1 else None,
            call=Call(tagging.tag_lines, {"lines": lines, "model": model}),
            how=[
                say(
                    f"长度相近的行排在一起读，一批最多 {tagging.BATCH} 段；"
                    f"这次 {found.characters:,} 个字，每秒 {found.characters_per_second:,.0f} 个。",
                    f"Lines of similar length are read together, at most {tagging.BATCH} pieces a batch; "
                    f"this time {found.characters:,} characters, {found.characters_per_second:,.0f} a "
                    "second.",
                ),
                formula(
                    r"\text{work} \propto \sum_{\text{batches}} (\text{rows} \times \text{longest row}),"
                    r"\qquad \text{text} = " + f"{found.characters:,}".replace(",", "{,}")
                ),
            ],
        )


def batch_scene(scene: Scene) -> None:
    """Lines, typed or dropped."""
    with scene.controls():
        scene.input(
            "lines",
            gr.Textbox(
                "\n".join(NEWS.replace("。", "。\n").replace("；", "；\n").split()),
                label=say("每行一条", "One text a line"),
                info=say(
                    "最多 1,000 行、20,000 个字符；JSON 行取 text",
                    "up to 1,000 lines and 20,000 characters; of JSON lines their text",
                ),
                lines=9,
            ),
        )
        model_input(scene)
        scene.primary(say("全部标注", "Tag all"), tag_entity_lines)
    scene.examples = offered_examples(
        Example(say("标题", "headlines"), {"lines": "长江三峡工程通过验收\n中国女排夺得世界杯冠军\n香港特别行政区政府成立"}),
        Example(say("JSON 行", "JSON lines"), {
                "lines": '{"id": 1, "text": "王安石生于临川。"}\n{"id": 2, "text": "苏轼被贬黄州。"}'}),
        Example(say("空行与空格", "blank lines"), {"lines": "老舍写北京。\n\n   \n沈从文写湘西。"}),
        Example(say("十类", "ten types"), {"model": "ner-cluener", "lines": "微软公司发布《帝国时代》\n故宫博物院院长到任"}),
        Example(say("表情", "emoji"), {"lines": "😀张伟到了成都\n李娜👩‍🔬在中国科学院"}),
        Example(say("失败：没有文字", "failure: empty"), {"lines": "\n\n"}),
        Example(say("失败：认不出的名字", "failure: unknown names"), {"lines": "卡卡西和鸣人回到木叶村\n甄嬛进了碎玉轩"}),
    )  # fmt: skip
    scene.show()
