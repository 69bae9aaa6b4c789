"""The scene that walks from one verse to another, in a straight line and along the sphere."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from core.tasks import poems
from core.tasks.poems import Poem
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.poem_vae.cards import lines_of
from demos.poem_vae.models import Model, model_input


def walk_scene(scene: Scene) -> None:
    """Two verses and the number of steps between them."""
    with scene.controls():
        scene.input(
            "a",
            gr.Textbox(
                "白日依山尽，黄河入海流。", label=say("起点", "From"), lines=2, max_length=20_000
            ),
        )
        scene.input(
            "b",
            gr.Textbox(
                "明月松间照，清泉石上流。", label=say("终点", "To"), lines=2, max_length=20_000
            ),
        )
        scene.input("steps", gr.Slider(3, 21, value=9, step=1, label=say("步数", "Steps")))
        model_input(scene)
        scene.primary(say("出发", "Walk"), walk_poems)
    scene.examples = [
        Example(say("山水", "mountains and rivers"), {}),
        Example(say("春到秋", "spring to autumn"), {"a": "春眠不觉晓，处处闻啼鸟。", "b": "空山新雨后，天气晚来秋。"}),
        Example(say("七言", "sevens"), {"a": "两个黄鹂鸣翠柳，一行白鹭上青天。", "b": "朝辞白帝彩云间，千里江陵一日还。"}),
        Example(say("绝句", "quatrains"), {"a": "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
                "b": "床前明月光，疑是地上霜。举头望明月，低头思故乡。"}),
        Example(say("失败：2018 原版", "failure: the 2018 model"), {"model": "poem-vae-2018"}, say(
                "起点和终点都没能重构", "neither end is reconstructed")),
        Example(say("失败：体裁不同", "failure: two forms"), {"b": "两个黄鹂鸣翠柳，一行白鹭上青天。"}),
    ]  # fmt: skip
    scene.show()


def walk_poems(
    a: str = "白日依山尽，黄河入海流。",
    b: str = "明月松间照，清泉石上流。",
    model: Model = "poem-vae",
    steps: int = 9,
) -> Outcome:
    """Interpolate between two verses of one form, in a straight line and along the sphere.

    Args:
        a: verse at the start
        b: verse at the end, of the same form
        model: poem-vae or poem-vae-2018
        steps: poems on each path, 3 to 21
    """
    made = poems.interpolate(a, b, model, steps=int(steps))
    paths = [
        (say("直线 lerp", "straight line (lerp)"), made.straight),
        (say("球面 slerp", "great circle (slerp)"), made.spherical),
    ]
    middle = len(made.positions) // 2
    dot = sum(x * y for x, y in zip(made.a.code, made.b.code, strict=True))
    norm_a, norm_b = _norm(made.a.code), _norm(made.b.code)
    return Outcome(
        result=made,
        blocks=lambda: [
            {
                "kind": "walk",
                "title": say("从一首走到另一首", "From one verse to the other"),
                "hint": say(
                    "红字是与上一步不同的字；拖动滑块",
                    "changed characters are red; drag the slider",
                ),
                "paths": [
                    {
                        "title": title,
                        "positions": made.positions,
                        "poems": _marked_changes(path, model),
                    }
                    for title, path in paths
                ],
            }
        ],
        timing=made.timing,
        call=Call(poems.interpolate, {"a": a, "b": b, "model": model, "steps": int(steps)}),
        how=lambda: [
            say(
                f"{len(made.positions)} 步里直线路径有 {_distinct(made.straight)} 首不同的诗，"
                f"球面路径有 {_distinct(made.spherical)} 首。直线的中点离原点更近，那里的诗更“平均”；"
                "球面上处处像先验的样本。",
                f"In {len(made.positions)} steps the straight line meets {_distinct(made.straight)} "
                f"different verses, the great circle {_distinct(made.spherical)}. The line passes "
                "nearer to the origin, where verse is more average; the circle keeps the length that "
                "samples of the prior have.",
            ),
            formula(
                r"\|z_a\|=" + f"{norm_a:.2f}" + r",\ \|z_b\|=" + f"{norm_b:.2f}"
                r",\ \cos\theta=" + f"{dot / max(norm_a * norm_b, 1e-9):.2f}"
            ),
            formula(
                r"\|z^{\mathrm{lerp}}_{1/2}\|=" + f"{_norm(made.straight[middle].code):.2f}"
                r",\quad \|z^{\mathrm{slerp}}_{1/2}\|="
                + f"{_norm(made.spherical[middle].code):.2f}"
            ),
        ],
    )


def _marked_changes(path: Sequence[Poem], model: str) -> list[dict[str, Any]]:
    shown = []
    for before, poem in zip([path[0], *path], path, strict=False):
        marks = {
            i: "changed"
            for i, (x, y) in enumerate(zip(before.text, poem.text, strict=True))
            if x != y
        }
        shown.append(lines_of(poem, marks))
    return shown


def _distinct(path: Sequence[Poem]) -> int:
    return len({poem.text for poem in path})


def _norm(code: Sequence[float]) -> float:
    return float(sum(v * v for v in code) ** 0.5)
