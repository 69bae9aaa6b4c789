"""The scene of attribute directions: the shipped ones, and the difference of two groups of faces."""

from typing import Any, Literal

import gradio as gr

from core.tasks import glow
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._pictures import photo_input
from demos._tab import Scene
from demos._words import resolve, say
from demos.glow_sampling.blocks import rows
from demos.glow_sampling.names import Model, listed, model_input, source_input, sources_of
from demos.glow_sampling.photos import align_photo, photo_slots

Kind = Literal["shipped", "own"]
KINDS = [
    (say("随权重的四个", "four that ship with the weights"), "shipped"),
    (say("自己选两组", "two groups of your own"), "own"),
]
NAMES = {
    "age": say("年龄（每步十年）", "age (ten years a step)"),
    "smile": say("微笑", "smile"),
    "glasses": say("眼镜", "glasses"),
    "beard": say("胡须", "beard"),
    "group": say("你的方向", "your direction"),
}
CHOICES = 24  # faces to choose groups from


def edit_scene(scene: Scene) -> None:
    """A face, which directions, and how far."""
    with scene.controls():
        source_input(scene, "source", "7", say("脸：种子或名称", "Face: seed or name"))
        scene.input("kind", gr.Radio(KINDS, value="shipped", label=say("方向", "Directions")))
        scene.input(
            "strength",
            gr.Slider(0.5, 6, value=1.5, step=0.25, label=say("最大强度", "Greatest strength")),
            live=True,
        )
        with scene.more():
            scene.input(
                "orthogonal",
                gr.Checkbox(False, label=say("去掉方向间共有的部分", "Without what they share")),
            )
            source_input(scene, "group", "3, 5, 8, 11", say("有特征的一组", "Group with it"))
            source_input(scene, "others", "2, 4, 6, 9", say("没有的一组", "Group without"))
            model_input(scene)
        photo_input(scene)
        scene.primary(say("移动", "Move"), move_attributes)
    scene.examples = [
        Example(say("另一张脸", "another face"), {"source": "21"}),
        Example(say("更用力", "further"), {"strength": 5.0}),
        Example(say("正交化", "orthogonal"), {"orthogonal": True}, say(
                "看夹角表：年龄与胡须不再同行", "see the table of cosines")),
        Example(say("自己的两组", "groups of your own"), {"kind": "own", "strength": 1.0}, say(
                "在下面的脸上点选", "choose by clicking faces below")),
        Example(say("从平均脸出发", "from the mean face"), {"source": "mean"}),
        Example(say("失败：两组相同", "failure: equal groups"), {"kind": "own", "group": "3, 5", "others": "5, 3"}),
        Example(say("失败：一张对一张", "failure: one against one"), {"kind": "own", "group": "3", "others": "4"},
                say("不是特征，是整张脸的差别", "no attribute: the whole difference of two faces")),
    ]  # fmt: skip
    scene.show(live={"align_photo": align_photo})


def move_attributes(
    source: str = "7",
    kind: Kind = "shipped",
    strength: float = 1.5,
    orthogonal: bool = False,
    group: str = "3, 5, 8, 11",
    others: str = "2, 4, 6, 9",
    photo: str = "",
    model: Model = "glow-faces",
) -> Outcome:
    """Move a face along directions of its exact code: age, smile, glasses, beard, or your own.

    Args:
        source: a seed or a test picture's name
        kind: shipped (directions fitted to labels) or own (difference of two groups)
        strength: the greatest step to both sides, 0.1 to 8
        orthogonal: take out of each shipped direction what it shares with the others
        group: pictures with the attribute, between commas; for kind=own
        others: pictures without it; for kind=own
        photo: a picture as a data URL, instead of the source
        model: glow-faces or glow-2018-faces
    """
    source = photo or source
    arguments: dict[str, Any] = {"source": source, "model": model, "strength": strength}
    if kind == "own":
        arguments |= {"group": sources_of(group), "others": sources_of(others)}
        made = glow.group_direction(**arguments)
        call = Call(glow.group_direction, arguments)
    else:
        arguments |= {"orthogonal": orthogonal}
        made = glow.attributes(**arguments)
        call = Call(glow.attributes, arguments)
    return Outcome(
        result=made,
        blocks=lambda: [
            _rows(made),
            *([_chooser(model, group, others)] if kind == "own" else [_angles(made)]),
            photo_slots([("photo", say("移动这张", "Move this one"), made.source, bool(photo))]),
        ],
        timing=made.timing,
        call=call,
        how=lambda: [
            say(
                "编码是图片的精确坐标，加一个方向再解回来："
                + "；".join(
                    f"{resolve(NAMES[name], 'zh')} 一步是编码长度的 {100 * length:.0f}%"
                    for name, length in zip(made.names, made.lengths, strict=True)
                )
                + "。",
                "A code is the exact coordinates of a picture; add a direction and go back: "
                + "; ".join(
                    f"{resolve(NAMES[name], 'en')}: a step is {100 * length:.0f} % of the code's length"
                    for name, length in zip(made.names, made.lengths, strict=True)
                )
                + ".",
            ),
            formula(
                r"x_s=f^{-1}(f(x)+s\,b),\quad b="
                + (
                    r"\overline{f(x)}_{\text{with}}-\overline{f(x)}_{\text{without}}"
                    if kind == "own"
                    else r"\text{slope of }f(x)\text{ on the label, all others held}"
                )
                + r",\quad s\in\{" + listed(made.strengths) + r"\}"
            ),
        ],
    )  # fmt: skip


def _rows(made: glow.Edits) -> Block:
    """A row for each direction."""
    return rows(
        made.pictures,
        [
            (
                NAMES[name],
                say(
                    f"一步 {100 * length:.0f}% 的长度",
                    f"a step: {100 * length:.0f} % of the length",
                ),
            )
            for name, length in zip(made.names, made.lengths, strict=True)
        ],
        captions=[f"{s:+.1f}" if s else "0" for s in made.strengths],
        title=say("沿方向移动", "Along the directions"),
        hint=say("中间是原图，一个像素不差", "in the middle the original, to the pixel"),
        alt=", ".join(NAMES[name] for name in made.names)
        + say(f"，强度 {listed(made.strengths)}。", f"; strengths {listed(made.strengths)}."),
    )


def _angles(made: glow.Edits) -> Block:
    """Cosines between the directions."""
    return {
        "kind": "table",
        "title": say("方向之间的余弦", "Cosines between the directions"),
        "hint": say(
            "不为零就是数据里两个特征同行", "not zero: both go together in the data or its labels"
        ),
        "columns": ["", *[NAMES[name] for name in made.names]],
        "rows": [
            [NAMES[name], *[round(value, 2) + 0.0 for value in row]]
            for name, row in zip(made.names, made.cosines, strict=True)
        ],
    }


def _chooser(model: str, group: str, others: str) -> Block:
    """Faces to click into the group with it or the one without."""
    pictures = glow.pictures([str(seed) for seed in range(1, CHOICES + 1)], model)
    return {
        "kind": "groups",
        "title": say("点选两组", "Choose the groups"),
        "hint": say(
            "点一下：有；再点：没有；三点：不用", "one click: with; two: without; three: neither"
        ),
        "alt": say(f"{CHOICES} 张可选的脸。", f"{CHOICES} faces to choose from."),
        "seeds": list(range(1, CHOICES + 1)),
        "columns": 8,
        "size": pictures.pixels.shape[-1],
        "with": sources_of(group),
        "without": sources_of(others),
        "r": {"sprite": pictures.sprite(8)},
    }
