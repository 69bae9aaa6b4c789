"""CRF, MEMM and softmax on the scores of one encoder, side by side."""

from core.tasks import tagging
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.ner_crf.entities import (
    DECODERS,
    voice,
)
from demos.ner_crf.inputs import (
    LONG_NAMES,
    NEWS,
    SENTENCE,
    Model,
    model_input,
    offered_examples,
    text_input,
)


def compare_decoders(text: str = LONG_NAMES, model: Model = "ner-msra") -> Outcome:
    """Read tags off one encoder in four ways, and flag the steps that no span can explain.

    Args:
        text: up to 1,000 characters
        model: ner-msra or ner-cluener
    """
    found = tagging.compare(text, model)
    types = tagging.types_of(model)
    borrowed = [
        r for r in found.readings if r.decoder in ("memm", "softmax") and r.weights == model
    ]
    illegal = {r.decoder: len(r.illegal) for r in found.readings}
    blocks: list[Block] = [
        {
            "kind": "sheet",
            "title": say("四种读法", "Four readings"),
            "hint": say(
                "红色划线：标签体系不允许的一步", "struck in red: a step the tag scheme forbids"
            ),
            "text": text,
            "show": "tags",
            "differ": list(found.disagreements),
            "rows": [voice(reading, types) for reading in found.readings],
        },
        {
            "kind": "table",
            "title": say("小结", "Summary"),
            "hint": "",
            "columns": [
                say("解码", "decoder"),
                say("分数来自", "scores from"),
                say("实体", "entities"),
                say("非法步", "illegal steps"),
                say("与 CRF 不同的字", "unlike CRF"),
            ],
            "rows": [
                [
                    DECODERS[r.decoder],
                    r.weights
                    if r not in borrowed
                    else say(f"{r.weights}（借用）", f"{r.weights} (borrowed)"),
                    len(r.entities),
                    len(r.illegal),
                    sum(a != b for a, b in zip(r.tags, found.readings[0].tags, strict=True)),
                ]
                for r in found.readings
            ],
        },
    ]
    if borrowed:
        blocks.append(
            {
                "kind": "text",
                "title": say("比的是什么", "What is compared"),
                "lines": [
                    say(
                        "四种读法用同一个编码器、同一组分数，它们是随 CRF 一起训练的。softmax 一行是去掉转移分的"
                        "逐字取大，MEMM 一行是把同样的分数逐步归一化；单独训练的 softmax 会比这里好一些，"
                        "公平的差距见评测表。",
                        "All four use one encoder and one set of scores, learned together with the CRF. "
                        "The softmax row drops the transitions and takes the best tag of every character; "
                        "the MEMM row normalises the same scores step by step. A softmax trained by itself "
                        "does somewhat better than this; the benchmarks have the fair difference.",
                    )
                ],
            }
        )
    return Outcome(
        result=found,
        blocks=blocks,
        timing=found.timing,
        call=Call(tagging.compare, {"text": text, "model": model}),
        how=[
            say(
                f"{len(text)} 个字里有 {len(found.disagreements)} 个字读法不一；"
                f"softmax 有 {illegal['softmax']} 处非法，MEMM {illegal['memm']} 处，"
                f"CRF 最优路径 {illegal['crf']} 处。",
                f"Of {len(text)} characters {len(found.disagreements)} are read differently; softmax "
                f"makes {illegal['softmax']} illegal steps, the MEMM {illegal['memm']}, the CRF's best "
                f"path {illegal['crf']}.",
            ),
            formula(r"\text{softmax:}\quad p(y) = \prod_t \operatorname{softmax}(h_t)_{y_t}"),
            formula(
                r"\text{MEMM:}\quad p(y) \propto \prod_t \operatorname{softmax}_j\bigl(\tfrac12(h_t(j) + "
                r"g_{y_{t-1} j})\bigr)_{y_t}\ \text{(both directions)}"
            ),
            formula(
                r"\text{CRF:}\quad p(y) = \frac1Z \exp\Bigl(\sum_t h_t(y_t) + g_{y_{t-1}y_t}\Bigr)"
            ),
        ],
    )


def compare_scene(scene: Scene) -> None:
    """A text and a model."""
    with scene.controls():
        text_input(scene, LONG_NAMES, 6, say("最多 1,000 个字符", "up to 1,000 characters"))
        model_input(scene)
        scene.primary(say("比一比", "Compare"), compare_decoders)
    scene.examples = offered_examples(
        Example(say("一段新闻", "a piece of news"), {"text": NEWS}),
        Example(say("容易的一句", "an easy sentence"), {"text": SENTENCE}, say(
                "编码器很有把握时，四种读法几乎没有区别", "where the encoder is sure, all four agree")),
        Example(say("外文译名", "foreign names"), {"text": "亚历山大·谢尔盖耶维奇·普希金生于莫斯科。"}),
        Example(say("顿号排列", "an enumeration"), {
                "text": "出席的有北京、天津、上海三市和广东、浙江两省的代表王刚、李敏、赵建国。"}),
        Example(say("十类", "ten types"), {"model": "ner-cluener", "text": "招商银行田公司总经理在上海外滩谈《红楼梦》电影。"}),
        Example(say("失败：softmax 断名", "failure: softmax breaks names"), {
                "text": "中国国际贸易促进委员会浙江省分会会长会见了联合国教科文组织驻华代表处官员。"},
                say("找红色的划线", "look for red strokes")),
        Example(say("失败：没有文字", "failure: empty"), {"text": ""}),
    )  # fmt: skip
    scene.show()
