"""Cuts as blocks: the sheet of all methods, where they differ, what a word changes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from core.tasks import segmentation
from core.tasks.segmentation import Cut, Segmentation
from demos._outcome import Block
from demos._tab import Scene
from demos._words import say

METHODS = {
    "crf": "CRF",
    "hmm-guessed": say("HMM 猜", "HMM guess"),
    "hmm-counted": say("HMM 数", "HMM count"),
    "hmm-baum-welch": "Baum-Welch",
    "forward": say("正向", "forward"),
    "backward": say("逆向", "backward"),
    "unigram": say("最大概率", "unigram"),
}
SHEET = 600  # characters drawn
SHOWN = 60  # differences listed


def sheet_block(found: Segmentation) -> Block:
    """All cuts of a text above each other."""
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


def differences_block(found: Segmentation) -> Block:
    """The places where the methods part."""
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


def changes_block(text: str, before: Sequence[Cut], after: Sequence[Cut]) -> Block:
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


def zh(method: str) -> str:
    """What a hidden Markov model is called in a Chinese sentence."""
    return {"hmm-guessed": "猜", "hmm-counted": "数", "hmm-baum-welch": "Baum-Welch"}[method]


def en(method: str) -> str:
    """The same in English."""
    return method.removeprefix("hmm-")


def words_input(scene: Scene, example: str) -> None:
    """A box for words of one's own."""
    scene.input(
        "words",
        gr.Textbox(
            "",
            label=say("自己的词（可空）", "Words of your own (optional)"),
            placeholder=say(f"每行一个，如 {example}", f"one a line, such as {example}"),
            lines=2,
        ),
    )
