"""The graph of words, and the paths through it."""

import gradio as gr

from core.tasks import segmentation
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.segmentation.cuts import METHODS, changes_block, words_input
from demos.segmentation.segment import AMBIGUOUS

GRAPH = "研究生命起源的人走上南京市长江大桥"


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
        blocks.append(changes_block(text, segmentation.graph(text).cuts, found.cuts))
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


def graph_scene(scene: Scene) -> None:
    """A short text and words of one's own."""
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
        words_input(scene, "江大桥")
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
