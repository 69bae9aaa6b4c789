"""The scene of latent surgery: coarse levels of one picture, fine levels of another."""

import gradio as gr

from core.tasks import glow
from demos._outcome import Call, Example, Outcome, formula
from demos._pictures import photo_input, pictures_block
from demos._tab import Scene
from demos._words import say
from demos.glow_sampling.blocks import part
from demos.glow_sampling.names import GROUPS, Model, model_input, source_input, source_name
from demos.glow_sampling.photos import align_photo, photo_slots


def exchange_scene(scene: Scene) -> None:
    """Two pictures, and how far the exchange goes."""
    with scene.controls():
        source_input(scene, "a", "7", say("A：种子或名称", "A: seed or name"))
        source_input(scene, "b", "21", say("B：种子或名称", "B: seed or name"))
        scene.input(
            "amount",
            gr.Slider(0, 1, value=1, step=0.05, label=say("换多少", "How far")),
            live=True,
        )
        photo_input(scene, "photo_a")
        photo_input(scene, "photo_b")
        model_input(scene)
        scene.primary(say("换层", "Exchange"), exchange_levels)
    scene.examples = [
        Example(say("别的两张", "two others"), {"a": "3", "b": "12"}),
        Example(say("换一半", "half way"), {"amount": 0.5}),
        Example(say("冷与热", "cold and hot"), {"a": "cold:7", "b": "hot:7"}, say(
                "同一噪声的两种温度", "one noise at two temperatures")),
        Example(say("脸与倒脸", "face and upside down"), {"b": "flipped:7"}),
        Example(say("脸与圆盘", "face and disc"), {"b": "disc"}),
        Example(say("失败：自己换自己", "failure: with itself"), {"b": "7"}, say(
                "八张全一样", "all eight are the same")),
        Example(say("失败：与棋盘", "failure: with a checkerboard"), {"b": "checkerboard"}, say(
                "棋盘的细层压过一切", "the fine level of a checkerboard drowns everything")),
    ]  # fmt: skip
    scene.show(live={"align_photo": align_photo})


def exchange_levels(
    a: str = "7",
    b: str = "21",
    amount: float = 1.0,
    photo_a: str = "",
    photo_b: str = "",
    model: Model = "glow-faces",
) -> Outcome:
    """Combine two pictures in every way: coarse, middle and fine levels of their codes from A or B.

    Args:
        a: a seed or a test picture's name
        b: the other picture
        amount: how far the exchanged levels go from A towards B, 0 to 1
        photo_a: a picture as a data URL, instead of a
        photo_b: a picture as a data URL, instead of b
        model: glow-faces or glow-2018-faces
    """
    a, b = photo_a or a, photo_b or b
    made = glow.exchange(a, b, model, amount=amount)
    names = [GROUPS[group] for group in made.groups]
    layout = glow.layout_of(model)
    captions = []
    for which in made.taken:
        if len(set(which)) == 1 and (which[0] == "A" or amount == 1):
            captions.append(say("全是 ", "all of ") + which[0])
        else:
            captions.append(" · ".join(which))
    return Outcome(
        result=made,
        blocks=lambda: [
            pictures_block(
                made.pictures,
                across=4,
                captions=captions,
                title=say("每层取自 A 还是 B", "Each level from A or B"),
                hint=say("依次：", "in turn: ") + " · ".join(names),
                alt=say("A 是", "A is ")
                + source_name(a)
                + say("，B 是", ", B is ")
                + source_name(b)
                + say(
                    f"；{len(made.taken)} 种换法：{'、'.join(made.taken)}。",
                    f"; {len(made.taken)} ways to combine them: {', '.join(made.taken)}.",
                ),
            ),
            photo_slots(
                [
                    ("photo_a", "A", part(made.ends, 0), bool(photo_a)),
                    ("photo_b", "B", part(made.ends, 1), bool(photo_b)),
                ]
            ),
        ],
        timing=made.timing,
        call=Call(glow.exchange, {"a": a, "b": b, "model": model, "amount": amount}),
        how=lambda: [
            say(
                f"编码的 {layout.dimensions} 个数由细到粗分成 {', '.join(map(str, layout.parts))}；"
                f"三组各取 A 或 B，共 {len(made.taken)} 种。全取 A 就是 A 本身，一个像素不差。",
                f"The {layout.dimensions} numbers of a code divide into "
                f"{', '.join(map(str, layout.parts))} from fine to coarse; each group is A's or B's, in "
                f"{len(made.taken)} ways. All of A gives A itself, to the pixel.",
            ),
            formula(
                r"x=f^{-1}\bigl(\varepsilon^{A\text{ or }B}_{\text{coarse}},"
                r"\varepsilon^{A\text{ or }B}_{\text{middle}},\varepsilon^{A\text{ or }B}_{\text{fine}}\bigr),"
                r"\quad \varepsilon^B\to\mathrm{slerp}(\varepsilon^A,\varepsilon^B;"
                + f"{amount:g})"
            ),
        ],
    )
