"""The scene of single levels: one face, and what changes when one group of levels is drawn anew."""

import gradio as gr

from core.pictures import join
from core.tasks import glow
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import resolve, say
from demos.glow_sampling.blocks import part, rows
from demos.glow_sampling.names import GROUPS, Model, model_input


def levels_scene(scene: Scene) -> None:
    """A temperature for each group of levels, the seed of the face, and more."""
    with scene.controls():
        for name, label in GROUPS.items():
            scene.input(
                name,
                gr.Slider(0, 1.2, value=0.7, step=0.05, label=label + say("温度", " temperature")),
                live=True,
            )
        scene.seed(7)
        with scene.more():
            scene.input(
                "other",
                gr.Number(
                    1,
                    label=say("重抽用的种子", "Seed of what is drawn anew"),
                    precision=0,
                    minimum=0,
                    maximum=2**32 - 2,
                ),
            )
            scene.input(
                "variants", gr.Slider(3, 10, value=7, step=1, label=say("变体数", "Variants"))
            )
            model_input(scene)
        scene.primary(say("只换一层", "Redraw one level"), resample_levels)
    scene.examples = [
        Example(say("另一张脸", "another face"), {"seed": 21}),
        Example(say("粗层更热", "coarse hotter"), {"coarse": 1.0}),
        Example(say("只有粗层", "coarse alone"), {"middle": 0.0, "fine": 0.0}, say(
                "其余两层取均值：换它们什么也不变", "the others at their means: redrawing them changes nothing")),
        Example(say("只有细层", "fine alone"), {"coarse": 0.0, "middle": 0.0}, say(
                "平均脸上的颗粒", "grain on the mean face")),
        Example(say("别的重抽", "drawn anew otherwise"), {"other": 5}),
        Example(say("失败：全为零", "failure: all zero"), {"coarse": 0.0, "middle": 0.0, "fine": 0.0},
                say("没有噪声，就没有东西可换", "without noise there is nothing to redraw")),
        Example(say("失败：细层过热", "failure: fine too hot"), {"fine": 1.2}, say(
                "细节变成噪点", "detail turns into speckle")),
    ]  # fmt: skip
    scene.show()


def resample_levels(
    coarse: float = 0.7,
    middle: float = 0.7,
    fine: float = 0.7,
    seed: int = 7,
    other: int = 1,
    variants: int = 7,
    model: Model = "glow-faces",
) -> Outcome:
    """Draw one group of a flow's levels anew while all other levels keep their noise.

    Args:
        coarse: temperature of the last level
        middle: temperature of the levels between
        fine: temperature of the first level
        seed: of the face
        other: seed of the noise that replaces a group's
        variants: faces for each group, 1 to 12
        model: glow-faces or glow-2018-faces
    """
    arguments = {
        "seed": int(seed),
        "other": int(other),
        "variants": int(variants),
        "coarse": coarse,
        "middle": middle,
        "fine": fine,
    }
    made = glow.resample(model, **arguments)  # type: ignore[arg-type]
    return Outcome(
        result=made,
        blocks=lambda: [_rows(made)],
        timing=made.timing,
        call=Call(glow.resample, {"model": model, **arguments}),
        how=lambda: [
            say(
                "每一层结束时一半通道离开，成为这一层的噪声。换掉一层的 ε、留住其余的，平均每个颜色变动（满量程为 1）："
                + "，".join(
                    f"{resolve(GROUPS[g], 'zh')} {c:.3f}"
                    for g, c in zip(made.groups, made.changes, strict=True)
                )
                + "。",
                "At the end of each level half of the channels leave and become its noise. With one "
                "level's ε replaced, a colour changes on average (black to white is 1) by "
                + ", ".join(
                    f"{resolve(GROUPS[g], 'en')} {c:.3f}"
                    for g, c in zip(made.groups, made.changes, strict=True)
                )
                + ".",
            ),
            formula(
                r"x' = f^{-1}(\varepsilon_1,\dots,\varepsilon_l',\dots,\varepsilon_L),\qquad "
                r"\tfrac1D\|x'-x\|_1:\ "
                + r",\ ".join(
                    f"{c:.3f}" + r"\ (" + f"{100 * s:.0f}" + r"\%\ \text{of the numbers})"
                    for c, s in zip(made.changes, made.shares, strict=True)
                )
            ),
        ],
    )


def _rows(made: glow.Levels) -> Block:
    """A row for each group of levels: the face, then its variants."""
    names = [
        (
            say("只换", "only ") + GROUPS[group],
            say(
                f"{100 * share:.0f}% 的数，颜色平均变 {change:.3f}",
                f"{100 * share:.0f} % of the numbers; colours change by {change:.3f}",
            ),
        )
        for group, share, change in zip(made.groups, made.shares, made.changes, strict=True)
    ]
    parts = []
    for row in range(len(names)):
        first = row * made.variants
        parts += [made.original, part(made.pictures, first, first + made.variants)]
    return rows(
        join(*parts),
        names,
        captions=[say("这张脸", "the face"), *[f"{i + 1}" for i in range(made.variants)]],
        title=say("每行只重抽一层的噪声", "Each row redraws one level's noise alone"),
        hint=say("其余各层一个数也没动", "all other levels keep every number"),
        alt="; ".join(
            GROUPS[group] + say(f" 平均变动 {change:.3f}", f": mean change {change:.3f}")
            for group, change in zip(made.groups, made.changes, strict=True)
        ),
    )
