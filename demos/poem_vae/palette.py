"""The scene that blends: a square with a verse at each corner, and the verse under the pointer."""

from typing import Any

import gradio as gr

from core.tasks import poems
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.poem_vae.cards import lines_of
from demos.poem_vae.models import Model, model_input


def palette_scene(scene: Scene) -> None:
    """Four verses; the pointer, or two sliders, choose the point between them."""
    with scene.controls():
        for name, text, label in (
            ("top_left", "白日依山尽，黄河入海流。", say("左上", "Top left")),
            ("top_right", "明月松间照，清泉石上流。", say("右上", "Top right")),
            ("bottom_left", "大漠孤烟直，长河落日圆。", say("左下", "Bottom left")),
            ("bottom_right", "感时花溅泪，恨别鸟惊心。", say("右下", "Bottom right")),
        ):
            scene.input(name, gr.Textbox(text, label=label, max_length=20_000))
        with scene.more():
            model_input(scene)
            scene.input("x", gr.Slider(0, 1, value=0.5, step=0.01, label="x"))
            scene.input("y", gr.Slider(0, 1, value=0.5, step=0.01, label="y"))
        scene.primary(say("调色", "Blend"), blend_poems)
    scene.examples = [
        Example(say("中点", "the middle"), {}),
        Example(say("左上角", "top left corner"), {"x": 0.0, "y": 0.0}),
        Example(say("四季", "four seasons"), {"top_left": "春眠不觉晓，处处闻啼鸟。",
                "top_right": "小荷才露角，早有立蜻蜓。", "bottom_left": "空山新雨后，天气晚来秋。",
                "bottom_right": "千山鸟飞绝，万径人踪灭。"}),
        Example(say("七言", "sevens"), {"top_left": "两个黄鹂鸣翠柳，一行白鹭上青天。",
                "top_right": "朝辞白帝彩云间，千里江陵一日还。", "bottom_left": "黄河远上白云间，一片孤城万仞山。",
                "bottom_right": "月落乌啼霜满天，江枫渔火对愁眠。"}),
        Example(say("失败：2018 原版", "failure: the 2018 model"), {"model": "poem-vae-2018"}),
        Example(say("失败：混用体裁", "failure: mixed forms"), {"top_left": "两个黄鹂鸣翠柳，一行白鹭上青天。"}),
    ]  # fmt: skip
    scene.show(live={"blend_corners": blend_corners})


def blend_poems(
    top_left: str = "白日依山尽，黄河入海流。",
    top_right: str = "明月松间照，清泉石上流。",
    bottom_left: str = "大漠孤烟直，长河落日圆。",
    bottom_right: str = "感时花溅泪，恨别鸟惊心。",
    model: Model = "poem-vae",
    x: float = 0.5,
    y: float = 0.5,
) -> Outcome:
    """Blend four verses of one form: the verse at a point of the square between them.

    Args:
        top_left: verse at (0, 0)
        top_right: verse at (1, 0)
        bottom_left: verse at (0, 1)
        bottom_right: verse at (1, 1)
        model: poem-vae or poem-vae-2018
        x: 0 at the left, 1 at the right
        y: 0 at the top, 1 at the bottom
    """
    corners = poems.encode([top_left, top_right, bottom_left, bottom_right], model)
    form = corners[0].form
    codes = [list(corner.code) for corner in corners]
    made = poems.blend(codes, x, y, model, form=form)
    return Outcome(
        result=made,
        blocks=lambda: [
            {
                "kind": "palette",
                "title": say("四角调色板", "Palette of four"),
                "hint": say("在方块里移动", "move inside the square"),
                "corners": [corner.lines for corner in corners],
                "codes": codes,
                "form": form,
                "model": model,
                "x": x,
                "y": y,
                "poem": lines_of(made.poem),
            }
        ],
        timing=made.timing,
        call=Call(poems.blend, {"codes": codes, "x": x, "y": y, "model": model, "form": form}),
        how=lambda: [
            say(
                f"四首诗各有 {len(codes[0])} 个数，沿球面双线性混合：先在上边、下边各走一段，再在两点之间走一段。",
                f"The four codes, {len(codes[0])} numbers each, are mixed along spheres: first on the "
                "upper and lower edge, then between the two points found.",
            ),
            formula(
                r"z(x,y)=\mathrm{slerp}\bigl(\mathrm{slerp}(z_1,z_2;x),"
                r"\mathrm{slerp}(z_3,z_4;x);y\bigr),\quad x="
                f"{x:.2f},\\ y={y:.2f}"
            ),
        ],
    )


def blend_corners(value: Any) -> dict[str, Any]:
    """The verse at one point of the palette, for the pointer."""
    point = dict(value)
    made = poems.blend(
        point["codes"], float(point["x"]), float(point["y"]), point["model"], form=point["form"]
    )
    return {"poem": lines_of(made.poem)}
