"""Word segmentation: seven ways to cut one text, the Markov trellis, and the graph of words."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import gradio as gr

from core.tasks import segmentation
from core.tasks.segmentation import Cut, Segmentation
from demos import Demo, Reference
from demos._lattice import explanation, lattice_block, matrix_block
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene, Tab
from demos._words import say, unmark

Tagger = Literal["hmm-guessed", "hmm-counted", "hmm-baum-welch", "crf"]

METHODS = {
    "crf": "CRF",
    "hmm-guessed": say("HMM 猜", "HMM guess"),
    "hmm-counted": say("HMM 数", "HMM count"),
    "hmm-baum-welch": "Baum-Welch",
    "forward": say("正向", "forward"),
    "backward": say("逆向", "backward"),
    "unigram": say("最大概率", "unigram"),
}
MODELS = [(METHODS[name], name) for name in ("hmm-guessed", "hmm-counted", "hmm-baum-welch", "crf")]

AMBIGUOUS = "结合成分子时，研究生命的起源；南京市长江大桥上，乒乓球拍卖完了。"
SENTENCE = "研究生命的起源"
GRAPH = "研究生命起源的人走上南京市长江大桥"
KINDS = (0, 2, 1, 3)  # colours of B, M, E, S
SHEET = 600  # characters drawn
SHOWN = 60  # differences listed


def segment_text(text: str = AMBIGUOUS, words: str = "", bonus: float = 4.0) -> Outcome:
    """Cut Chinese text into words in seven ways and show where they differ.

    Args:
        text: up to 20,000 characters; every answer is a list of exact slices
        words: words of your own, one a line
        bonus: what each of their characters adds to the score in the taggers, 0 to 20 nats
    """
    arguments: dict[str, Any] = {"text": text}
    if words.strip():
        arguments |= {"words": words, "bonus": bonus}
    found = segmentation.segment(**arguments)
    blocks: list[Block] = [_sheet(found), _differences(found)]
    if words.strip():
        blocks.insert(0, _changes(text, segmentation.segment(text).cuts, found.cuts))
    markov = {c.method: c.log_likelihood for c in found.cuts if c.log_likelihood is not None}
    how: list[str | Block] = [
        say(
            f"{len(text):,} 个字，{len(found.differences)} 处读法不一。四种方法给每个字标上 B、M、E、S "
            "（词首、词中、词尾、单字词），三种只查词典。",
            f"{len(text):,} characters, {len(found.differences)} places of disagreement. Four methods tag "
            "every character B, M, E or S (first, middle, last, single); three only use a dictionary.",
        ),
        formula(
            r"\text{HMM:}\ \operatorname*{argmax}_y \prod_t P(x_t \mid y_t)\,P(y_t \mid y_{t-1}),\qquad "
            r"\text{unigram:}\ \operatorname*{argmax}_w \prod_k P(w_k)"
        ),
    ]
    if markov:
        best = max(markov, key=lambda name: markov[name])
        how += [
            say(
                f"三个 HMM 中，这段文字在“{_zh(best)}”之下概率最大（对数 {markov[best]:.1f} nats）。"
                "Baum-Welch 就是在没有分词的语料上把这个数越推越高，可它并不因此更会分词。",
                f"Of the three HMMs the text is most probable under {_en(best)} (log {markov[best]:.1f} "
                "nats). Baum-Welch does nothing but raise this number on text without words, and does "
                "not segment better for it.",
            ),
            formula(
                r"\log p(x) = \log \sum_y p(x, y):\quad "
                + r",\ ".join(
                    rf"{value:.1f}\ (\text{{{name.removeprefix('hmm-')}}})"
                    for name, value in markov.items()
                )
            ),
        ]
    return Outcome(
        result=found,
        blocks=blocks,
        timing=found.timing,
        call=Call(segmentation.segment, arguments),
        how=how,
    )


def segmentation_lattice(
    text: str = SENTENCE,
    model: Tagger = "hmm-guessed",
    pins: str = "",
    steps: str = "",
    paths: int = 5,
) -> Outcome:
    """The trellis of a segmenter for one sentence: costs, marginals, best paths; and edits of it.

    Args:
        text: a sentence of up to 60 characters
        model: hmm-guessed, hmm-counted, hmm-baum-welch or crf
        pins: tags that are given, such as 2=S; positions count from 0
        steps: transitions to change, such as S>B=0.9 (a probability; for crf a score), x forbids
        paths: how many best paths, 1 to 10
    """
    arguments: dict[str, Any] = {
        "text": text,
        "model": model,
        "paths": int(paths),
        "pins": pins,
        "steps": steps,
    }
    found = segmentation.lattice(text, **{k: v for k, v in arguments.items() if k != "text"})
    share = found.scale == "probability"
    how = explanation(found)
    if share:
        how.append(
            say(
                "对 HMM，h 是 log P(字 | 标签)，g 是 log P(后一标签 | 前一标签)；改一格概率，"
                f"同一行的其余格按比例补足到 1。log Z = {found.log_partition:.2f} 就是这句话的对数似然。",
                "For a Markov model h is log P(character | tag) and g is log P(next tag | tag); when a "
                "probability changes, the rest of its row is scaled to make 1. log Z = "
                f"{found.log_partition:.2f} is the log-likelihood of the sentence.",
            )
        )
    return Outcome(
        result=found,
        blocks=[
            lattice_block(
                found,
                KINDS,
                {},
                hint=say(
                    "B 词首，M 词中，E 词尾，S 单字词；点一个圈固定标签",
                    "B first, M middle, E last, S single; click a circle to pin the tag",
                ),
            ),
            matrix_block(
                found,
                KINDS,
                legal=True,
                hint=say(
                    "拖动改概率，双击禁止", "drag to change a probability, double-click to forbid"
                )
                if share
                else say("拖动改分数，双击禁止", "drag to change a score, double-click to forbid"),
            ),
        ],
        timing=found.timing,
        call=Call(segmentation.lattice, arguments),
        how=how,
    )


def word_graph(text: str = GRAPH, words: str = "") -> Outcome:
    """All dictionary words that stand in a text, and the three ways to choose a path among them.

    Args:
        text: up to 120 characters
        words: words of your own, one a line
    """
    found = segmentation.graph(text, words=words)
    unigram = found.cuts[-1]
    counts = {cut.method: len(cut.words) for cut in found.cuts}
    known = [edge for edge in found.edges if edge.end - edge.start > 1]
    blocks: list[Block] = [
        {
            "kind": "wordgraph",
            "title": say("词图", "Word graph"),
            "hint": say(
                "弧是词典里的词，深色是选中的走法",
                "arcs are words of the dictionary, dark ones the chosen way",
            ),
            "text": text,
            "edges": [
                {
                    "s": edge.start,
                    "e": edge.end,
                    "p": edge.log_probability,
                    "known": edge.known,
                    "own": edge.own,
                }
                for edge in found.edges
            ],
            "ways": [
                {
                    "label": METHODS[cut.method],
                    "words": [[word.start, word.end] for word in cut.words],
                    "note": " / ".join(word.text for word in cut.words if word.text.strip()),
                }
                for cut in found.cuts
            ],
        }
    ]
    if words.strip():
        blocks.append(_changes(text, segmentation.graph(text).cuts, found.cuts))
    return Outcome(
        result=found,
        blocks=blocks,
        timing=found.timing,
        call=Call(segmentation.graph, {"text": text, "words": words}),
        how=[
            say(
                f"这句里有 {len(known)} 个两字以上的词，走法共 {found.ways:,.0f} 种。"
                f"正向最大匹配 {counts['forward']} 个词，逆向 {counts['backward']} 个；"
                f"最大概率 {counts['unigram']} 个，对数概率 {found.log_probability:.2f}。",
                f"{len(known)} words of two characters or more stand here, and {found.ways:,.0f} ways lead "
                f"through. Forward matching takes {counts['forward']} words, backward "
                f"{counts['backward']}; the most probable way takes {counts['unigram']}, with a log-"
                f"probability of {found.log_probability:.2f}.",
            ),
            formula(
                r"\hat w = \operatorname*{argmax}_{w_1 \dots w_K} \sum_k \log P(w_k) = "
                + f"{found.log_probability:.2f}"
                + r",\qquad K = "
                + str(len(unigram.words))
            ),
            say(
                "字典不认得的单字，概率按最罕见的词再减一个 nat。",
                "A character that the dictionary does not know counts as the rarest word, less one nat.",
            ),
        ],
    )


def adjust_lattice(value: Any) -> dict[str, Any]:
    """The trellis scene's answer without the queue, for pins and steps changed in the figure."""
    given = dict(value)
    return segmentation_lattice(
        text=unmark(str(given["text"])),
        model=given["model"],
        pins=unmark(str(given["pins"])),
        steps=unmark(str(given["steps"])),
        paths=int(given["paths"]),
    ).payload()


# -- blocks ---------------------------------------------------------------------------------------


def _sheet(found: Segmentation) -> Block:
    text = found.text[:SHEET]
    differ = [
        place
        for one in found.differences
        for place in range(one.start, one.end)
        if one.start < SHEET
    ]
    cut_off = len(found.text) > SHEET
    return {
        "kind": "sheet",
        "title": say("七种切法", "Seven ways to cut"),
        "hint": say(
            f"{len(found.differences)} 处不同；灰色一致，绿色同 CRF，赭色异于 CRF"
            + (f"；只画前 {SHEET} 个字" if cut_off else ""),
            f"{len(found.differences)} differences; grey: all agree, green: as the CRF, ochre: unlike it"
            + (f"; the first {SHEET} characters are drawn" if cut_off else ""),
        ),
        "text": text,
        "show": "characters",
        "differ": [place for place in differ if place < len(text)],
        "rows": _voices(found.cuts, len(text)),
    }


def _voices(cuts: Sequence[Cut], length: int) -> list[dict[str, Any]]:
    """Each method's words: grey where all agree, else green if the first method has the word too."""
    spans = [{(word.start, word.end) for word in cut.words} for cut in cuts]
    shared = set.intersection(*spans)
    voices = []
    for cut in cuts:
        words = [w for w in cut.words if w.start < length and w.text.strip()]
        tags = ["S"] * length
        for word in words:
            if word.end - word.start > 1:
                tags[word.start : word.end] = ["B", *["M"] * (word.end - word.start - 2), "E"]
        voices.append(
            {
                "label": METHODS[cut.method],
                "note": cut.weights,
                "tags": tags[:length],
                "illegal": [],
                "spans": [
                    [w.start, min(w.end, length), _tint((w.start, w.end), shared, spans[0]), ""]
                    for w in words
                ],
            }
        )
    return voices


def _tint(
    span: tuple[int, int], shared: set[tuple[int, int]], first: set[tuple[int, int]]
) -> int | str:
    if span in shared:
        return "none"
    return 1 if span in first else 2


def _differences(found: Segmentation) -> Block:
    rows = []
    for one in found.differences[:SHOWN]:
        groups: dict[tuple[str, ...], list[str]] = {}
        for method, words in one.readings.items():
            groups.setdefault(words, []).append(METHODS[method])
        ways = sorted(groups.items(), key=lambda item: -len(item[1]))
        rows.append(
            {
                "where": f"[{one.start}:{one.end}]",
                "ways": [{"words": list(words), "by": " · ".join(by)} for words, by in ways],
            }
        )
    more = len(found.differences) - SHOWN
    return {
        "kind": "readings",
        "title": say("分歧", "Differences"),
        "hint": say(f"另有 {more} 处在 JSON 里", f"{more} more in the JSON") if more > 0 else "",
        "rows": rows,
        "none": say("七种方法完全一致。", "All seven agree."),
    }


def _changes(text: str, before: Sequence[Cut], after: Sequence[Cut]) -> Block:
    """What the visitor's own words have changed: stretch by stretch, with the methods that agree."""
    found: dict[tuple[int, int], dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]]] = {}
    for old, new in zip(before, after, strict=True):
        pair = (replace(old, method="before"), replace(new, method="after"))
        for one in segmentation.differences(text, pair):
            change = (one.readings["before"], one.readings["after"])
            methods = found.setdefault((one.start, one.end), {}).setdefault(change, [])
            methods.append(METHODS[new.method])
    return {
        "kind": "readings",
        "title": say("加词前后", "Before and after"),
        "hint": say("划去的是原来的切法", "struck out: how it was cut before"),
        "rows": [
            {
                "where": f"[{start}:{end}]",
                "ways": [
                    {"was": list(was), "words": list(now), "by": " · ".join(methods)}
                    for (was, now), methods in changes.items()
                ],
            }
            for (start, end), changes in sorted(found.items())[:SHOWN]
        ],
        "none": say("没有变化。", "Nothing has changed."),
    }


def _zh(method: str) -> str:
    return {"hmm-guessed": "猜", "hmm-counted": "数", "hmm-baum-welch": "Baum-Welch"}[method]


def _en(method: str) -> str:
    return method.removeprefix("hmm-")


# -- layout ---------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Three things to do."""
    with tab.several():
        with tab.scene("segment", say("分词", "Segment")) as scene:
            _segment_scene(scene)
        with tab.scene("trellis", say("网格", "Trellis")) as scene:
            _trellis_scene(scene)
        with tab.scene("graph", say("词图", "Word graph")) as scene:
            _graph_scene(scene)


def _words(scene: Scene, example: str) -> None:
    scene.input(
        "words",
        gr.Textbox(
            "",
            label=say("自己的词（可空）", "Words of your own (optional)"),
            placeholder=say(f"每行一个，如 {example}", f"one a line, such as {example}"),
            lines=2,
        ),
    )


def _segment_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "text",
            gr.Textbox(
                AMBIGUOUS,
                label=say("文本", "Text"),
                info=say("最多 20,000 个字符；不保存", "up to 20,000 characters; nothing is kept"),
                lines=6,
            ),
        )
        _words(scene, "乒乓球拍")
        with scene.more():
            scene.input(
                "bonus",
                gr.Slider(
                    0,
                    20,
                    value=4,
                    step=0.5,
                    label=say("词每字加分（nats）", "Bonus per character (nats)"),
                ),
            )
        scene.primary(say("分词", "Segment"), segment_text)
    scene.examples = [
        Example(say("北京大学生", "北京大学生"), {"text": "北京大学生前来应聘，他从小学毕业后才学会开车。"}),
        Example(say("加一个词", "add a word"), {"text": "张无忌练成了九阳神功和乾坤大挪移。",
                "words": "张无忌\n九阳神功\n乾坤大挪移"}),
        Example(say("数字与外文", "digits and Latin"), {"text": "2018年5月，ＧＰＵ在Python里跑了3.5小时，提速12%。"}),
        Example(say("人名", "names"), {"text": "李四光和钱学森在中国科学院见到了华罗庚。"}),
        Example(say("表情与空格", "emoji and spaces"), {"text": "今天😀 天气真好👩‍🔬　我们\t去公园"}),
        Example(say("失败：最大匹配", "failure: maximum matching"), {"text": "他说的确实在理，这事的确定不下来。"},
                say("贪心一步就错到底", "one greedy step, and all is lost")),
        Example(say("失败：文言", "failure: classical Chinese"), {"text": "学而时习之不亦说乎有朋自远方来不亦乐乎"},
                say("报纸里没有这样的话", "no newspaper writes like this")),
        Example(say("失败：没有文字", "failure: empty"), {"text": ""}),
    ]  # fmt: skip
    scene.show()


def _trellis_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "text",
            gr.Textbox(
                SENTENCE,
                label=say("一句话", "A sentence"),
                info=say("最多 60 个字符", "up to 60 characters"),
                lines=2,
            ),
        )
        scene.input(
            "model",
            gr.Radio(MODELS, value="hmm-guessed", label=say("模型", "Model")),
            live=True,
        )
        scene.input(
            "pins",
            gr.Textbox(
                "",
                label=say("固定的标签", "Pinned tags"),
                placeholder=say("点图上的圈，或写 2=S", "click a circle, or write 2=S"),
                lines=1,
            ),
        )
        scene.input(
            "steps",
            gr.Textbox(
                "",
                label=say("改过的转移", "Changed transitions"),
                placeholder=say("S>B=0.9，x 是禁止", "S>B=0.9, x forbids"),
                lines=1,
            ),
        )
        with scene.more():
            scene.input(
                "paths",
                gr.Slider(1, 10, value=5, step=1, label=say("最优路径条数", "Best paths")),
                live=True,
            )
        scene.primary(say("展开网格", "Lay it open"), segmentation_lattice)
    scene.examples = [
        Example(say("结合成分子", "结合成分子"), {"text": "结合成分子时"}),
        Example(say("多用单字词", "more single words"), {"steps": "S>S=0.9 E>S=0.9"}, say(
                "把转移概率推向 S", "push the transitions towards S")),
        Example(say("不许三字词", "no words of three"), {"text": "结合成分子时", "steps": "B>M=x"}),
        Example(say("统计的转移", "counted transitions"), {"model": "hmm-counted", "text": "北京大学生前来应聘"}),
        Example("Baum-Welch", {"model": "hmm-baum-welch", "text": "北京大学生前来应聘"}),
        Example("CRF", {"model": "crf", "text": "北京大学生前来应聘"}),
        Example(say("失败：地名连用", "failure: a chain of places"), {"text": "广东省佛山市南海区狮山镇"}, say(
                "猜的转移太爱两字词", "guessed transitions love words of two")),
        Example(say("失败：无路可走", "failure: no path left"), {"pins": "0=E"}, say(
                "一句话不能从词尾开始", "no sentence begins with the end of a word")),
    ]  # fmt: skip
    scene.show(live={"adjust": adjust_lattice})


def _graph_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "text",
            gr.Textbox(
                GRAPH,
                label=say("文本", "Text"),
                info=say("最多 120 个字符", "up to 120 characters"),
                lines=3,
            ),
        )
        _words(scene, "江大桥")
        scene.primary(say("画词图", "Draw"), word_graph)
    scene.examples = [
        Example(say("南京市长江大桥", "南京市长江大桥"), {"text": "南京市长江大桥"}),
        Example(say("加一个词", "add a word"), {"text": "南京市长江大桥参加了会议", "words": "江大桥\n南京市长"}),
        Example(say("乒乓球拍卖", "乒乓球拍卖"), {"text": "乒乓球拍卖完了"}),
        Example(say("长句", "a long sentence"), {"text": "中华人民共和国国务院总理在人民大会堂会见了各国代表团团长。"}),
        Example(say("没有词典词", "no dictionary word"), {"text": "hello 世界"}),
        Example(say("失败：贪心", "failure: greed"), {"text": "他说的确实在理"}, say(
                "正向匹配先吃掉“的确”", "forward matching swallows 的确 first")),
        Example(say("失败：太长", "failure: too long"), {"text": AMBIGUOUS * 5}),
    ]  # fmt: skip
    scene.show()


def warmup() -> None:
    """One sentence by all methods."""
    segmentation.segment(SENTENCE)


DEMO = Demo(
    slug="segmentation",
    section="label",
    title=say("中文分词", "Segmentation"),
    heading=say("一句话的七种切法", "Seven ways to cut a sentence"),
    summary=say(
        "HMM、最大匹配、CRF 并排切同一句话；改一格转移概率，看网格里的路怎样改道。",
        "HMM, maximum matching and CRF cut one text side by side; change a transition, see the path turn.",
    ),
    references=(
        Reference(
            title="【中文分词系列】 3. 字标注法与HMM模型",
            url="https://kexue.fm/archives/3922",
            date="2016-08-19",
        ),
        Reference(
            title="简明条件随机场CRF介绍（附带纯Keras实现）",
            url="https://kexue.fm/archives/5542",
            date="2018-05-18",
        ),
    ),
    weights=("hmm-pku", "cws-pku"),
    build=build,
    warmup=warmup,
    order=20,
    keywords="中文分词 word segmentation HMM 隐马尔可夫 BMES viterbi 最大匹配 词典 Baum-Welch trellis",
)
