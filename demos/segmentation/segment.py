"""Seven ways to cut one text."""

from typing import Any

import gradio as gr

from core.tasks import segmentation
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.segmentation.cuts import (
    changes_block,
    differences_block,
    en,
    sheet_block,
    words_input,
    zh,
)

AMBIGUOUS = "结合成分子时，研究生命的起源；南京市长江大桥上，乒乓球拍卖完了。"


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
    blocks: list[Block] = [sheet_block(found), differences_block(found)]
    if words.strip():
        blocks.insert(0, changes_block(text, segmentation.segment(text).cuts, found.cuts))
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
                f"三个 HMM 中，这段文字在“{zh(best)}”之下概率最大（对数 {markov[best]:.1f} nats）。"
                "Baum-Welch 就是在没有分词的语料上把这个数越推越高，可它并不因此更会分词。",
                f"Of the three HMMs the text is most probable under {en(best)} (log {markov[best]:.1f} "
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


def segment_scene(scene: Scene) -> None:
    """A text and words of one's own."""
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
        words_input(scene, "乒乓球拍")
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
