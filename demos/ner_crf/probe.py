"""How much of an entity hangs on each character of its sentence."""

from core.tasks import tagging
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.ner_crf.entities import (
    TYPES,
    listed,
    most_needed,
)
from demos.ner_crf.inputs import NEWS, SENTENCE, Model, model_input, offered_examples, text_input


def probe_entities(text: str = SENTENCE, model: Model = "ner-msra") -> Outcome:
    """Hide each character in turn, and see how much of every entity's probability hangs on it.

    Args:
        text: up to 120 characters
        model: ner-msra or ner-cluener
    """
    found = tagging.probe(text, model)
    types = list(tagging.types_of(model))
    strongest = [(one, most_needed(one)) for one in found.influences]
    outside = [
        (one, i)
        for one, i in strongest
        if not one.entity.start <= i < one.entity.end
        and one.without[i] < one.entity.confidence - 0.1
    ]
    how: list[str | Block] = [
        say(
            f"每个字轮流换成“不认识的字”，{len(text)} 句一批读完；颜色是实体概率的变化。",
            f"Each character in turn becomes “unknown”; the {len(text)} sentences are read as one batch. "
            "The colour is the change of an entity's probability.",
        ),
        formula(
            r"\Delta_i = P(\text{entity} \mid x_{i \to \mathrm{UNK}}) - P(\text{entity} \mid x)"
        ),
    ]
    if strongest:
        one, i = strongest[0]
        how.append(
            say(
                f"对“{one.entity.text}”最要紧的是第 {i} 个字“{text[i]}”：概率从 "
                f"{one.entity.confidence:.3f} 变成 {one.without[i]:.3f}。",
                f"Most matters for {one.entity.text} the character {text[i]} at {i}: the probability goes "
                f"from {one.entity.confidence:.3f} to {one.without[i]:.3f}.",
            )
        )
    if outside:
        one, i = outside[0]
        how.append(
            say(
                f"“{one.entity.text}”靠的是它外面的字“{text[i]}”。",
                f"{one.entity.text} hangs on a character outside of it: {text[i]}.",
            )
        )
    return Outcome(
        result=found,
        blocks=[
            {
                "kind": "probe",
                "title": say("敏感度", "Sensitivity"),
                "hint": say(
                    "赭色：藏起它，概率下降；靛色：上升",
                    "ochre: hiding it lowers the probability; indigo: raises it",
                ),
                "text": text,
                "rest": say("指着一个字看数字。", "Point at a character for its numbers."),
                "none": say("这段里没有实体。", "No entity in this text."),
                "influences": [
                    {
                        "s": one.entity.start,
                        "e": one.entity.end,
                        "label": TYPES.get(one.entity.type, one.entity.type),
                        "kind": types.index(one.entity.type),
                        "p": one.entity.confidence,
                        "without": [round(p, 4) for p in one.without],
                    }
                    for one in found.influences
                ],
                "flips": list(found.flips),
                "hidden": [
                    listed(each) if i in found.flips else "" for i, each in enumerate(found.hidden)
                ],
            }
        ],
        timing=found.timing,
        call=Call(tagging.probe, {"text": text, "model": model}),
        how=how,
    )


def probe_scene(scene: Scene) -> None:
    """A sentence and a model."""
    with scene.controls():
        text_input(scene, SENTENCE, 4, say("最多 120 个字符", "up to 120 characters"))
        model_input(scene)
        scene.primary(say("逐字试探", "Probe"), probe_entities)
    scene.examples = offered_examples(
        Example(say("姓氏", "surnames"), {"text": "记者高山从黄河边发来报道。"}, say(
                "“高山”靠“记者”成为人名", "高山 is a name because of 记者")),
        Example(say("机构的尾字", "the last character"), {"text": "南方电网公司与清华大学合作。"}),
        Example(say("两个地名", "two places"), {"text": "列车从武汉开往长沙，途经岳阳。"}),
        Example(say("外文译名", "foreign names"), {"text": "美国总统克林顿抵达白宫。"}),
        Example(say("十类", "ten types"), {"model": "ner-cluener", "text": "导演张艺谋执导的《英雄》在杭州首映。"}),
        Example(say("失败：没有实体", "failure: no entity"), {"text": "今天天气很好，我们去散步。"}, say(
                "没有可试探的", "nothing to probe")),
        Example(say("失败：太长", "failure: too long"), {"text": NEWS + NEWS}),
    )  # fmt: skip
    scene.show()
