"""Names in a text: exact spans, confidences, names of one's own, exports."""

from typing import Any

import gradio as gr

from core.tasks import tagging
from core.tasks.lattices import Found
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say, unmark
from demos.ner_crf.entities import (
    changes_block,
    how_annotated,
    spans_block,
)
from demos.ner_crf.inputs import NEWS, Model, model_input, offered_examples, text_input


def annotate_entities(
    text: str = NEWS,
    model: Model = "ner-msra",
    names: str = "",
    bonus: float = 4.0,
) -> Outcome:
    """Find names in Chinese text: exact offsets, types, and how sure the model is of each.

    Args:
        text: up to 20,000 characters; long texts are read in overlapping pieces
        model: ner-msra (persons, places, organisations) or ner-cluener (ten types)
        names: names of your own, one a line, with a type behind (张三丰 PER) or without
        bonus: what every character of such a name adds to the score, 0 to 20 nats
    """
    arguments: dict[str, Any] = {"text": text, "model": model}
    if not names.strip():
        found = tagging.tag(**arguments)
        return Outcome(
            result=found,
            blocks=[spans_block(found)],
            timing=found.timing,
            call=Call(tagging.tag, arguments),
            how=how_annotated(found),
        )
    arguments |= {"names": names, "bonus": bonus}
    change = tagging.add_names(**arguments)
    return Outcome(
        result=change,
        blocks=[changes_block(change, bonus), spans_block(change.after)],
        timing=change.before.timing + change.after.timing,
        call=Call(tagging.add_names, arguments),
        how=[
            say(
                f"你的名字在文中出现 {change.places} 次。在那里，名字会带来的标签每个字加 {bonus:g} nats，"
                "其余照旧：模型仍可以不同意。",
                f"Your names stand at {change.places} places of the text. There the tags that a name "
                f"would have gain {bonus:g} nats per character; the model may still disagree.",
            ),
            formula(
                r"h'_t(y) = h_t(y) + "
                + f"{bonus:g}"
                + r"\cdot [\,y = \text{tag of the name at } t\,]"
            ),
            *how_annotated(change.after),
        ],
    )


def export_entities(value: Any) -> dict[str, str]:
    """Entities of a text as BIO, BIOES, CoNLL or JSON, as the library writes them."""
    given = dict(value)
    text = unmark(str(given["text"]))
    entities = [
        Found(int(s), int(e), text[int(s) : int(e)], str(kind), float(p))
        for s, e, kind, p in given["entities"]
    ]
    return {"text": tagging.export(text, entities, str(given["form"]))}


def annotate_scene(scene: Scene) -> None:
    """A text and names of one's own."""
    with scene.controls():
        text_input(
            scene,
            NEWS,
            8,
            say(
                "最多 20,000 个字符，什么字都可以；不保存",
                "up to 20,000 characters of any kind; nothing is kept",
            ),
        )
        model_input(scene)
        scene.input(
            "names",
            gr.Textbox(
                "",
                label=say("自己加名字（可空）", "Names of your own (optional)"),
                placeholder=say(
                    "每行一个，可带类型：\n新青年 ORG", "one a line, type optional:\n新青年 ORG"
                ),
                lines=2,
            ),
        )
        with scene.more():
            scene.input(
                "bonus",
                gr.Slider(
                    0,
                    20,
                    value=4,
                    step=0.5,
                    label=say("名字每字加分（nats）", "Bonus per character (nats)"),
                ),
            )
        scene.primary(say("标注", "Annotate"), annotate_entities)
    scene.examples = offered_examples(
        Example(say("十类实体", "ten types"), {"model": "ner-cluener", "text": "北京大学教授周其仁在南京路的星巴克谈《国富论》，"
                "随后与腾讯公司的马经理玩《王者荣耀》。"}),
        Example(say("加一个名字", "add a name"), {"text": "侠客令狐一剑昨夜在黑木崖与东方未明相见。",
                "names": "令狐一剑 PER\n黑木崖 LOC\n东方未明 PER"},
                say("对照加词前后", "compare before and after")),
        Example(say("表情与全角", "emoji and full width"), {
                "text": "👨‍👩‍👧 张伟在ＵＫ的伦敦😀，和　李娜\t去了Ｇｏｏｇｌｅ公司。"},
                say("偏移仍是 Python 切片", "offsets are still Python slices")),
        Example(say("网页代码", "HTML"), {"text": "<p>王芳在<b>上海</b>&nbsp;复旦大学读书</p><script>alert('北京')</script>"},
                say("尖括号只是字符", "angle brackets are mere characters")),
        Example(say("外文译名", "foreign names"), {"text": "亚历山大·谢尔盖耶维奇·普希金生于莫斯科，列夫·托尔斯泰生于图拉省。"}),
        Example(say("失败：流行语", "failure: slang"), {"text": "今天和小王吃了老干妈，阿里爸爸又发红包啦。"},
                say("九十年代的新闻里没有这些", "news of the 1990s knew none of these")),
        Example(say("失败：没有文字", "failure: empty"), {"text": "   "}, say(
                "提示会说接受什么", "the notice says what is accepted")),
    )  # fmt: skip
    scene.show(live={"export_entities": export_entities})
