"""Triples: text to a knowledge graph, grounded in exact offsets, with the probabilities behind it."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from core.tasks import WeightsError, extraction, triple_files
from demos import Demo, Reference
from demos._outcome import Block, Call, Outcome, formula
from demos._tab import Scene, Tab
from demos._words import say
from demos.triples import examples
from demos.triples.blocks import (
    MOST_CELLS,
    cells_of,
    change_row,
    how_checked,
    how_extracted,
    plain_of,
    result_of,
    sent,
    triples_block,
)

SHOWN_LINES = 200


def _levels() -> tuple[float, float, float]:
    """The thresholds stored with the weights; those of the post where there are none."""
    try:
        own = extraction.thresholds_of()
    except WeightsError:
        return 0.5, 0.5, 0.0
    return round(own.subject_start, 2), round(own.object_start, 2), int(1000 * own.triple) / 1000


SUBJECT, OBJECT, TRIPLE = _levels()


def extract_triples(
    text: str = examples.BOOK,
    subject: float = SUBJECT,
    object: float = OBJECT,
    triple: float = TRIPLE,
    prior: bool = True,
    subjects: str = "",
    predicates: str = "",
) -> Outcome:
    """Find subject, predicate, object triples of 47 kinds in Chinese text, with exact offsets.

    Args:
        text: up to 5,000 characters
        subject: threshold of stage one, of a subject's start; its end needs four fifths of it
        object: threshold of stage two, of an object's start; its end needs four fifths of it
        triple: the least product of all four probabilities
        prior: whether the training triples raise what they recognise
        subjects: strings of the text that count as subjects in any case, one a line
        predicates: keep only these, separated by spaces; all when empty
    """
    arguments: dict[str, Any] = {
        "text": text,
        "subject": subject,
        "object": object,
        "triple": triple,
        "prior": prior,
        "subjects": subjects,
        "predicates": predicates.replace("，", " ").replace(",", " ").split(),
    }
    found = extraction.extract(**arguments)
    return Outcome(
        result=result_of(found),
        blocks=[triples_block(found, arguments["predicates"])],
        timing=found.timing,
        call=Call(extraction.extract, arguments),
        how=lambda: how_extracted(found),
    )


def teach_triples(
    text: str = examples.TAUGHT,
    facts: str = examples.TAUGHT_FACTS,
) -> Outcome:
    """Add triples of your own to the distant-supervision prior, and see what they change.

    Args:
        text: up to 5,000 characters
        facts: one subject | predicate | object a line
    """
    taught = extraction.add_facts(text, facts, subject=SUBJECT, object=OBJECT, triple=TRIPLE)
    found = taught.after
    old = {each.key: each for each in taught.before.triples}
    rows = [change_row("-", each, 0.0) for each in taught.removed]
    rows += [change_row("+", each, each.probability) for each in taught.added]
    rows += [
        change_row(f"{old[each.key].probability:.3f} →", each, each.probability)
        for each in found.triples
        if each.key in old and abs(each.probability - old[each.key].probability) >= 0.005
    ]
    blocks: list[Block] = []
    if rows:
        blocks.append(
            {
                "kind": "table",
                "title": say("加入先验之后", "What joining the prior did"),
                "hint": say(
                    "先验只提高对数几率，模型仍可不同意",
                    "the prior raises log-odds; the model may still disagree",
                ),
                "columns": [
                    say("变化", "change"),
                    say("主语", "subject"),
                    say("谓词", "predicate"),
                    say("宾语", "object"),
                    "P",
                ],
                "rows": rows,
            }
        )
    else:
        blocks.append(
            {
                "kind": "text",
                "title": say("加入先验之后", "What joining the prior did"),
                "lines": [
                    say(
                        "没有变化：主语和宾语两个字符串都要在文中出现，先验才认得出来。",
                        "Nothing: the prior only recognises a triple whose subject and object both "
                        "stand in the text.",
                    )
                ],
            }
        )
    return Outcome(
        result={
            "added": [plain_of(each) for each in taught.added],
            "removed": [plain_of(each) for each in taught.removed],
            "triples": [plain_of(each) for each in found.triples],
        },
        blocks=[*blocks, triples_block(found, facts=facts)],
        timing=taught.before.timing + found.timing,
        call=Call(extraction.add_facts, {"text": text, "facts": facts}),
        how=lambda: [
            say(
                f"先验在这段文字里认出 {len(found.remembered)} 处（不加自己的三元组时 "
                f"{len(taught.before.remembered)} 处）。认出的位置，指针的对数几率各加一个学来的数。",
                f"The prior recognises {len(found.remembered)} places of this text "
                f"({len(taught.before.remembered)} without your triples). There the log-odds of the "
                "pointers gain a learned number.",
            ),
            formula(r"\operatorname{logit} P(s)_{t,k} \mathrel{+}= w_k\,[\,t \in \text{prior}\,]"),
            say(
                "训练三元组只以散列值存放：模型认得出见过的，却列不出来。",
                "The training triples are kept as hashes: the model recognises what it has seen and "
                "cannot list it.",
            ),
        ],
    )


def check_triples(
    text: str = examples.SONG,
    expected: str = examples.SONG_FACTS,
    subject: float = SUBJECT,
    object: float = OBJECT,
    triple: float = TRIPLE,
) -> Outcome:
    """Precision, recall and F1 of a text's triples against the ones you expect, with the differences.

    Args:
        text: up to 5,000 characters
        expected: one subject | predicate | object a line, or the JSON of a spo_list
        subject: threshold of stage one
        object: threshold of stage two
        triple: the least product of all four probabilities
    """
    arguments = {
        "text": text,
        "expected": expected,
        "subject": subject,
        "object": object,
        "triple": triple,
    }
    compared = extraction.compare(**arguments)  # type: ignore[arg-type]
    found = compared.extraction
    block = triples_block(found)
    block["expected"] = [
        [v.subject, v.predicate, v.object] for v in compared.verdicts if v.expected
    ]
    block["near"] = [
        [v.subject, v.predicate, v.object, round(v.probability, 4)]
        for v in compared.verdicts
        if v.expected and not v.found
    ]
    return Outcome(
        result={
            "precision": compared.precision,
            "recall": compared.recall,
            "f1": compared.f1,
            "verdicts": compared.verdicts,
        },
        blocks=[block],
        timing=found.timing,
        call=Call(extraction.compare, arguments),
        how=lambda: how_checked(compared),
    )


def extract_triple_lines(lines: str = examples.LINES, prior: bool = True) -> Iterator[Outcome]:
    """Find the triples of many lines and merge them into one knowledge graph.

    Args:
        lines: up to 1,000 lines and 100,000 characters; a line may be a JSON object with a "text"
        prior: whether the training triples raise what they recognise
    """
    for share, found in extraction.extract_lines_in_parts(lines, prior=prior):
        documents = [triple_files.Document(line.text, line.triples) for line in found.lines]
        nodes, edges = triple_files.graph(documents)
        count = sum(len(line.triples) for line in found.lines)
        yield Outcome(
            result={
                "lines": [
                    {
                        "line": line.line,
                        "text": line.text,
                        "triples": [plain_of(each) for each in line.triples],
                    }
                    for line in found.lines
                ],
                "characters": found.characters,
            },
            blocks=[
                {
                    "kind": "tripleset",
                    "figures": [
                        [say("行", "lines"), f"{len(found.lines):,}"],
                        [say("三元组", "triples"), f"{count:,}"],
                        [say("名字", "names"), f"{len(nodes):,}"],
                        [say("关系", "relations"), f"{len(edges):,}"],
                        [say("字/秒", "characters/s"), f"{found.characters_per_second:,.0f}"],
                    ],
                    "lines": [
                        {
                            "line": line.line,
                            "text": line.text,
                            "triples": [sent(each) for each in line.triples],
                        }
                        for line in found.lines[:SHOWN_LINES]
                    ],
                    "left": max(0, len(found.lines) - SHOWN_LINES),
                }
            ],
            timing=found.timing,
            progress=share if share < 1 else None,
            call=Call(extraction.extract_lines, {"lines": lines, "prior": prior}),
            how=[
                say(
                    f"长度相近的行排成一批。{found.characters:,} 个字，每秒 "
                    f"{found.characters_per_second:,.0f} 个；同名的字符串在图里合成一个点。",
                    f"Lines of similar length share a batch. {found.characters:,} characters at "
                    f"{found.characters_per_second:,.0f} a second; equal strings become one node.",
                ),
                formula(
                    rf"\frac{{{found.characters}\ \text{{chars}}}}{{{found.characters_per_second:.0f}"
                    rf"\ \text{{chars/s}}}} = "
                    rf"{found.characters / max(1e-9, found.characters_per_second):.2f}\ \text{{s}},"
                    r"\qquad P(\text{edge}) = \max_{\text{lines}} P(s,p,o)"
                ),
            ],
        )


# -- live answers ---------------------------------------------------------------------------------


def export_triples(value: dict[str, Any]) -> dict[str, Any]:
    """The shown triples as a file."""
    documents = triple_files.documents_of(value.get("documents"))
    return {"text": triple_files.write(documents, str(value.get("form", "jsonl")))}


def ask_subject(value: dict[str, Any]) -> dict[str, Any]:
    """Stage two for one more span, whatever stage one said of it."""
    start, end = (int(each) for each in value["place"])
    found = extraction.ask_subject(
        str(value["text"]),
        (start, end),
        prior=bool(value.get("prior", True)),
        facts=str(value.get("facts", "")),
    )
    return {
        "pieces": [
            {"start": piece.start, "subjects": piece.subjects, "cells": cells_of(piece, MOST_CELLS)}
            for piece in found
        ]
    }


# -- layout ---------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Four things to do."""
    with tab.several():
        with tab.scene("extract", say("抽取", "Extract")) as scene:
            _extract_scene(scene)
        with tab.scene("prior", say("教它", "Teach")) as scene:
            _prior_scene(scene)
        with tab.scene("check", say("对照", "Check")) as scene:
            _check_scene(scene)
        with tab.scene("batch", say("批量", "Batch")) as scene:
            _batch_scene(scene)


LIVE = {"export_triples": export_triples, "ask_subject": ask_subject}


def _text(scene: Scene, value: str, lines: int) -> None:
    info = say(
        "最多 5,000 个字符，什么字都可以；不保存",
        "up to 5,000 characters of any kind; nothing is kept",
    )
    scene.input("text", gr.Textbox(value, label=say("文本", "Text"), info=info, lines=lines))


def _sliders(scene: Scene) -> None:
    for name, value, step, label in (
        ("subject", SUBJECT, 0.01, say("主语阈值（第一级）", "Subject threshold (stage one)")),
        ("object", OBJECT, 0.01, say("宾语阈值（第二级）", "Object threshold (stage two)")),
        ("triple", TRIPLE, 0.001, say("乘积阈值", "Product threshold")),
    ):
        low = 0.02 if name != "triple" else 0
        scene.input(name, gr.Slider(low, 1, value=value, step=step, label=label))


def _extract_scene(scene: Scene) -> None:
    with scene.controls():
        _text(scene, examples.BOOK, 7)
        _sliders(scene)
        with scene.more():
            scene.input(
                "prior",
                gr.Checkbox(True, label=say("用远程监督先验", "use the distant-supervision prior")),
            )
            scene.input(
                "subjects",
                gr.Textbox(
                    "",
                    label=say("一定当作主语的字符串", "Strings that are subjects in any case"),
                    placeholder=say("每行一个，须在文中", "one a line, from the text"),
                    lines=2,
                ),
            )
            scene.input(
                "predicates",
                gr.Textbox(
                    "",
                    label=say("只看这些谓词", "Only these predicates"),
                    placeholder="作者 导演 主演",
                    lines=1,
                ),
            )
        scene.primary(say("抽取", "Extract"), extract_triples)
    scene.examples = examples.EXTRACT
    scene.show(live=LIVE)


def _prior_scene(scene: Scene) -> None:
    with scene.controls():
        _text(scene, examples.TAUGHT, 5)
        scene.input(
            "facts",
            gr.Textbox(
                examples.TAUGHT_FACTS,
                label=say("你知道的三元组", "Triples that you know"),
                info=say("每行：主语 | 谓词 | 宾语", "one a line: subject | predicate | object"),
                lines=5,
            ),
        )
        scene.primary(say("教它", "Teach"), teach_triples)
    scene.examples = examples.TEACH
    scene.show(live=LIVE)


def _check_scene(scene: Scene) -> None:
    with scene.controls():
        _text(scene, examples.SONG, 4)
        scene.input(
            "expected",
            gr.Textbox(
                examples.SONG_FACTS,
                label=say("期望的三元组", "Expected triples"),
                info=say("每行一条，或 spo_list 的 JSON", "one a line, or the JSON of a spo_list"),
                lines=5,
            ),
        )
        _sliders(scene)
        scene.primary(say("对照", "Check"), check_triples)
    scene.examples = examples.CHECK
    scene.show(live=LIVE)


def _batch_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "lines",
            gr.Textbox(
                examples.LINES,
                label=say("每行一条", "One text a line"),
                info=say(
                    "最多 1,000 行、100,000 个字符；JSON 行取 text",
                    "up to 1,000 lines and 100,000 characters; of JSON lines their text",
                ),
                lines=9,
            ),
        )
        scene.input(
            "prior",
            gr.Checkbox(True, label=say("用远程监督先验", "use the distant-supervision prior")),
        )
        scene.primary(say("全部抽取", "Extract all"), extract_triple_lines)
    scene.examples = examples.BATCH
    scene.show(live={"export_triples": export_triples})


def warmup() -> None:
    """One sentence through the model."""
    extraction.extract(examples.SONG)


DEMO = Demo(
    slug="triples",
    section="label",
    title=say("三元组抽取", "Triples"),
    heading=say("从文字到知识图谱", "From text to knowledge"),
    summary=say(
        "贴一段中文，谁写了什么、谁演了什么、谁是谁的父亲，各就各位；每条都能追到概率和字符位置。",
        "Paste Chinese text: who wrote, who starred, whose father. Every triple leads back to its "
        "probabilities and characters.",
    ),
    references=(
        Reference(
            title="基于DGCNN和概率图的轻量级信息抽取模型",
            url="https://kexue.fm/archives/6671",
            date="2019-06-03",
        ),
        Reference(
            title="基于Conditional Layer Normalization的条件文本生成",
            url="https://kexue.fm/archives/7124",
            date="2019-12-14",
        ),
    ),
    weights=("ie-duie",),
    build=build,
    warmup=warmup,
    order=20,
    keywords="信息抽取 三元组 知识图谱 information extraction SPO relation knowledge graph DGCNN DuIE 关系抽取 远程监督",
)
