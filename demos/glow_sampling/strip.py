"""The scene of temperatures: the same noise from cold to hot, by the full model and the author's."""

from typing import Any

import gradio as gr

from core.tasks import glow
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import resolve, say
from demos.glow_sampling.blocks import rows
from demos.glow_sampling.names import MODEL_NAMES, Model, listed, model_input

COLOURS = ("seal", "celadon")


def strip_scene(scene: Scene) -> None:
    """The hottest temperature is the one to drag."""
    both = len(glow.models()) > 1
    with scene.controls():
        scene.input(
            "high",
            gr.Slider(0.2, 1.6, value=1.2, step=0.05, label=say("最高温度", "Hottest T")),
            live=True,
        )
        scene.input(
            "faces", gr.Slider(1, 6, value=3, step=1, label=say("脸数", "Faces")), live=True
        )
        scene.input(
            "beside",
            gr.Checkbox(both, label=say("同样的噪声给 2018 版", "Same noise to the 2018 model")),
        )
        scene.seed(20180829)
        with scene.more():
            scene.input(
                "low", gr.Slider(0, 1, value=0, step=0.05, label=say("最低温度", "Coldest T"))
            )
            scene.input(
                "steps", gr.Slider(3, 13, value=7, step=1, label=say("温度个数", "Temperatures"))
            )
            model_input(scene)
        scene.primary(say("升温", "Heat"), heat_faces)
    scene.examples = [
        Example(say("细看 0.5–1", "0.5 to 1"), {"low": 0.5, "high": 1.0}),
        Example(say("一张脸，13 步", "one face, 13 steps"), {"faces": 1, "steps": 13}),
        Example(say("只看完整模型", "full model alone"), {"beside": False, "faces": 6}),
        Example(say("别的噪声", "other noise"), {"seed": 5}),
        Example(say("作者推荐的 0.8 附近", "around the post's 0.8"), {"low": 0.6, "high": 1.0, "steps": 9}),
        Example(say("失败：冷到底", "failure: all cold"), {"low": 0.0, "high": 0.2}, say(
                "不同的噪声，同一张平均脸", "different noise, the same mean face")),
        Example(say("失败：烧到 1.6", "failure: up to 1.6"), {"low": 1.0, "high": 1.6}, say(
                "离开了训练时的球壳，可逆但不像脸", "off the shell of training codes: invertible, no face")),
    ]  # fmt: skip
    scene.show()


def heat_faces(
    high: float = 1.2,
    faces: int = 3,
    beside: bool = False,
    seed: int = 20180829,
    low: float = 0.0,
    steps: int = 7,
    model: Model = "glow-faces",
) -> Outcome:
    """The same noise at rising temperatures, by one Glow model or by both side by side.

    Args:
        high: the hottest temperature, up to 2
        faces: rows, 1 to 8
        beside: give the same noise to the blog's simplified model as well
        seed: of the noise
        low: the coldest temperature
        steps: temperatures in a row, 2 to 13
        model: glow-faces or glow-2018-faces
    """
    others = [name for name in glow.models() if name != model] if beside else []
    arguments: dict[str, Any] = {
        "faces": int(faces),
        "steps": int(steps),
        "seed": int(seed),
        "low": low,
        "high": high,
        "beside": others[0] if others else "",
    }
    made = glow.strip(model, **arguments)
    return Outcome(
        result=made,
        blocks=lambda: [*_grids(made), _contrast(made)],
        timing=made.timing,
        call=Call(glow.strip, {"model": model, **arguments}),
        how=lambda: [
            say(
                f"每行是同一组 ε，只乘以不同的 T（{listed(made.temperatures)}）。T = 0 是所有层都取均值；"
                "T 越大越多样，也越容易出错。",
                f"Each row is one ε times different T ({listed(made.temperatures)}). At T = 0 every level "
                "takes its mean; the hotter, the more variety and the more mistakes.",
            ),
            formula(
                r"x_T=f^{-1}(T\varepsilon),\qquad \tfrac1D\mathbb E\|T\varepsilon\|^2=T^2:\quad "
                + r",\ ".join(f"{t * t:.2f}" for t in made.temperatures)
            ),
            say(
                "颜色的反差（一张图内像素的标准差，满量程为 1）："
                + "；".join(
                    f"{resolve(MODEL_NAMES[name], 'zh')} {values[0]:.3f} → {values[-1]:.3f}"
                    for name, values in zip(made.models, made.contrast, strict=True)
                )
                + "。",
                "Contrast (standard deviation of the pixels of a picture, black to white is 1): "
                + "; ".join(
                    f"{resolve(MODEL_NAMES[name], 'en')} {values[0]:.3f} → {values[-1]:.3f}"
                    for name, values in zip(made.models, made.contrast, strict=True)
                )
                + ".",
            ),
        ],
    )


def _grids(made: glow.Strip) -> list[Block]:
    """The rows of each model."""
    return [
        rows(
            pictures,
            [(say(f"噪声 {i + 1}", f"noise {i + 1}"), "") for i in range(made.faces)],
            captions=[f"T {t:.2f}" for t in made.temperatures],
            title=MODEL_NAMES[name],
            hint=say("每行同一组噪声，左冷右热", "the same noise along a row, cold to hot"),
            alt=MODEL_NAMES[name]
            + say(
                f"：{made.faces} 行脸，温度 {listed(made.temperatures)}。",
                f": {made.faces} rows of faces at temperatures {listed(made.temperatures)}.",
            ),
        )
        for name, pictures in zip(made.models, made.pictures, strict=True)
    ]


def _contrast(made: glow.Strip) -> Block:
    """How contrast grows with the temperature."""
    lines, labels = [], []
    for name, values, colour in zip(made.models, made.contrast, COLOURS, strict=False):
        lines.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": list(made.temperatures),
                "y": list(values),
                "line": {"color": colour},
                "hovertemplate": "T = %{x:.2f}: %{y:.3f}<extra></extra>",
            }
        )
        labels.append(
            {
                "x": made.temperatures[-1],
                "y": values[-1],
                "text": MODEL_NAMES[name],
                "showarrow": False,
                "xanchor": "right",
                "yshift": 12 if colour == COLOURS[0] else -12,
                "font": {"color": colour, "size": 12},
            }
        )
    return {
        "kind": "plot",
        "title": say("反差", "Contrast"),
        "hint": say(
            "一张图内像素的标准差，黑到白为 1",
            "standard deviation of a picture's pixels, black to white is 1",
        ),
        "height": 210,
        "alt": say("反差随温度变化：", "Contrast by temperature: ")
        + "; ".join(
            f"{MODEL_NAMES[name]} {listed(values, 3)}"
            for name, values in zip(made.models, made.contrast, strict=True)
        ),
        "figure": {
            "data": lines,
            "layout": {
                "xaxis": {"title": {"text": say("温度 T", "temperature T")}},
                "yaxis": {"title": {"text": say("反差", "contrast")}, "rangemode": "tozero"},
                "annotations": labels,
            },
        },
    }
