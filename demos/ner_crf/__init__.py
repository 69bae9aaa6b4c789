"""NER with a CRF: mark names in text, and take the lattice behind them in hand."""

from collections.abc import Iterator
from typing import Any, Literal

import gradio as gr

from core.tasks import tagging
from core.tasks.lattices import Found
from demos import Demo, Reference
from demos._lattice import explanation, kinds_of, lattice_block, matrix_block
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene, Tab
from demos._words import say, unmark
from demos.ner_crf.entities import (
    DECODERS,
    TYPES,
    changes_block,
    how_annotated,
    listed,
    most_needed,
    spans_block,
    voice,
)

Model = Literal["ner-msra", "ner-cluener"]
LatticeDecoder = Literal["crf", "free", "softmax"]

MODELS = {
    "ner-msra": say("人名地名机构", "names, 3 types"),
    "ner-cluener": say("十类", "10 types"),
}
OFFERED = tagging.offered()
LATTICE_DECODERS = [
    ("CRF", "crf"),
    (say("不禁非法", "unconstrained"), "free"),
    (say("去掉转移", "no transitions"), "softmax"),
]

NEWS = (
    "鲁迅1902年从南京前往日本，后来进入仙台医学专门学校。1918年他在北京的《新青年》上发表小说，"
    "与陈独秀、钱玄同等人来往；1926年南下厦门大学，次年到广州的中山大学任教。"
)
SENTENCE = "一九一七年蔡元培出任北京大学校长。"
LONG_NAMES = "古巴共和国国务委员会主席菲德尔·卡斯特罗·鲁斯抵达哈瓦那何塞·马蒂国际机场。"
SHOWN_LINES = 60


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


def entity_lattice(
    text: str = SENTENCE,
    model: Model = "ner-msra",
    decoder: LatticeDecoder = "crf",
    pins: str = "",
    steps: str = "",
    paths: int = 5,
) -> Outcome:
    """Everything a CRF weighs in one sentence: scores, marginals, the k best paths; and edits of it.

    Args:
        text: a sentence of up to 60 characters
        model: ner-msra or ner-cluener
        decoder: crf (legal steps only), free (illegal ones too) or softmax (no transitions)
        pins: tags that are given, such as 5=B-PER 6=I-PER; positions count from 0
        steps: transition scores to change, such as O>B-PER=-3 S-LOC>O=x (x forbids)
        paths: how many best paths, 1 to 10
    """
    arguments: dict[str, Any] = {
        "text": text,
        "model": model,
        "decoder": decoder,
        "paths": int(paths),
        "pins": pins,
        "steps": steps,
    }
    found = tagging.lattice(**arguments)
    types = tagging.types_of(model)
    kinds = kinds_of(found.tags, types)
    return Outcome(
        result=found,
        blocks=[
            lattice_block(
                found,
                kinds,
                TYPES,
                hint=say(
                    "圈的大小是边缘概率；点一个圈固定标签，点字或路径拆开分数",
                    "a circle is as large as its tag is probable; click one to pin the tag, "
                    "a character or a path to take its score apart",
                ),
            ),
            matrix_block(
                found,
                kinds,
                legal=decoder == "crf",
                hint=say(
                    "拖动改分数，双击禁止；斜纹是标签体系不允许的",
                    "drag to change a score, double-click to forbid; hatched: not allowed",
                ),
            ),
        ],
        timing=found.timing,
        call=Call(tagging.lattice, arguments),
        how=explanation(found),
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


# -- quick answers for the blocks -----------------------------------------------------------------


def adjust_lattice(value: Any) -> dict[str, Any]:
    """The lattice scene's answer without the queue, for pins and steps changed in the figure."""
    given = dict(value)
    return entity_lattice(
        text=unmark(str(given["text"])),
        model=given["model"],
        decoder=given["decoder"],
        pins=unmark(str(given["pins"])),
        steps=unmark(str(given["steps"])),
        paths=int(given["paths"]),
    ).payload()


def export_entities(value: Any) -> dict[str, str]:
    """Entities of a text as BIO, BIOES, CoNLL or JSON, as the library writes them."""
    given = dict(value)
    text = unmark(str(given["text"]))
    entities = [
        Found(int(s), int(e), text[int(s) : int(e)], str(kind), float(p))
        for s, e, kind, p in given["entities"]
    ]
    return {"text": tagging.export(text, entities, str(given["form"]))}


# -- layout ---------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Five things to do."""
    with tab.several():
        with tab.scene("annotate", say("标注", "Tag")) as scene:
            _annotate_scene(scene)
        with tab.scene("lattice", say("网格", "Lattice")) as scene:
            _lattice_scene(scene)
        with tab.scene("compare", say("比较", "Compare")) as scene:
            _compare_scene(scene)
        with tab.scene("probe", say("敏感度", "Probe")) as scene:
            _probe_scene(scene)
        with tab.scene("batch", say("批量", "Batch")) as scene:
            _batch_scene(scene)


def _model(scene: Scene) -> None:
    choices = [(MODELS[name], name) for name in OFFERED]
    scene.input("model", gr.Radio(choices, value="ner-msra", label=say("模型", "Model")))


def _examples(*examples: Example) -> list[Example]:
    """Those whose model is there."""
    return [e for e in examples if e.inputs.get("model", "ner-msra") in OFFERED]


def _text(scene: Scene, value: str, lines: int, info: str) -> None:
    scene.input("text", gr.Textbox(value, label=say("文本", "Text"), info=info, lines=lines))


def _annotate_scene(scene: Scene) -> None:
    with scene.controls():
        _text(
            scene,
            NEWS,
            8,
            say(
                "最多 20,000 个字符，什么字都可以；不保存",
                "up to 20,000 characters of any kind; nothing is kept",
            ),
        )
        _model(scene)
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
    scene.examples = _examples(
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


def _lattice_scene(scene: Scene) -> None:
    with scene.controls():
        _text(
            scene,
            SENTENCE,
            2,
            say("一句，最多 60 个字符", "one sentence of up to 60 characters"),
        )
        _model(scene)
        scene.input(
            "decoder",
            gr.Radio(LATTICE_DECODERS, value="crf", label=say("转移分", "Transitions")),
            live=True,
        )
        scene.input(
            "pins",
            gr.Textbox(
                "",
                label=say("固定的标签", "Pinned tags"),
                placeholder=say("点图上的圈，或写 5=B-PER", "click a circle, or write 5=B-PER"),
                lines=1,
            ),
        )
        scene.input(
            "steps",
            gr.Textbox(
                "",
                label=say("改过的转移", "Changed transitions"),
                placeholder=say("O>B-PER=-3，x 是禁止", "O>B-PER=-3, x forbids"),
                lines=1,
            ),
        )
        with scene.more():
            scene.input(
                "paths",
                gr.Slider(1, 10, value=5, step=1, label=say("最优路径条数", "Best paths")),
                live=True,
            )
        scene.primary(say("展开网格", "Lay it open"), entity_lattice)
    scene.examples = _examples(
        Example(say("人名还是机构", "person or organisation"), {"text": "李宁公司在北京成立。"}),
        Example(say("嵌套的机构", "a name in a name"), {"text": "中国工商银行浙江省分行行长到会。"}),
        Example(say("固定一个标签", "a pinned tag"), {"pins": "5=O"}, say("“蔡”不许是人名，看别的字怎样让步",
                "蔡 may not begin a name: see how its neighbours give way")),
        Example(say("禁止一步", "a forbidden step"), {"steps": "I-ORG>E-ORG=x"}, say("四个字的机构名说不成了",
                "a name of four characters can no longer end")),
        Example(say("去掉转移", "no transitions"), {"decoder": "softmax", "text": "亚历山大·普希金生于莫斯科。"}),
        Example(say("十类标签", "ten types"), {"model": "ner-cluener", "text": "腾讯公司在深圳发布《王者荣耀》。"}),
        Example(say("失败：太长", "failure: too long"), {"text": NEWS}),
        Example(say("失败：无路可走", "failure: no path left"), {"pins": "5=E-PER 6=E-PER"}, say(
                "两个词尾不能相邻", "two last characters cannot stand side by side")),
    )  # fmt: skip
    scene.show(live={"adjust": adjust_lattice})


def _compare_scene(scene: Scene) -> None:
    with scene.controls():
        _text(scene, LONG_NAMES, 6, say("最多 1,000 个字符", "up to 1,000 characters"))
        _model(scene)
        scene.primary(say("比一比", "Compare"), compare_decoders)
    scene.examples = _examples(
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


def _probe_scene(scene: Scene) -> None:
    with scene.controls():
        _text(scene, SENTENCE, 4, say("最多 120 个字符", "up to 120 characters"))
        _model(scene)
        scene.primary(say("逐字试探", "Probe"), probe_entities)
    scene.examples = _examples(
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


def _batch_scene(scene: Scene) -> None:
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
        _model(scene)
        scene.primary(say("全部标注", "Tag all"), tag_entity_lines)
    scene.examples = _examples(
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


def warmup() -> None:
    """One sentence through the default model."""
    tagging.tag(SENTENCE)


DEMO = Demo(
    slug="ner-crf",
    section="label",
    title=say("命名实体 CRF", "NER / CRF"),
    heading=say("条件随机场找名字", "A CRF finds names"),
    summary=say(
        "贴一段中文，看名字被标出来；再打开网格，固定一个标签，看整句怎样重新想一遍。",
        "Paste Chinese text and see its names; then open the lattice, pin a tag, watch it think again.",
    ),
    references=(
        Reference(
            title="简明条件随机场CRF介绍（附带纯Keras实现）",
            url="https://kexue.fm/archives/5542",
            date="2018-05-18",
        ),
        Reference(
            title="你的CRF层的学习率可能不够大",
            url="https://kexue.fm/archives/7196",
            date="2020-02-07",
        ),
    ),
    weights=OFFERED,
    build=build,
    warmup=warmup,
    order=10,
    keywords="命名实体识别 NER entity CRF 条件随机场 viterbi lattice marginals BIO 标注 MEMM softmax",
)
