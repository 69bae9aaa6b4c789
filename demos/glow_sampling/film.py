"""The scene of layers: noise becomes a face step by step, streamed, with a stop."""

from collections.abc import Iterator

import gradio as gr

from core.tasks import glow
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._pictures import film_block, pictures_block
from demos._tab import Scene
from demos._words import say
from demos.glow_sampling.names import Model, model_input, source_input


def film_scene(scene: Scene) -> None:
    """A seed and a temperature; a picture of one's own below."""
    with scene.controls():
        scene.seed(7)
        scene.input(
            "temperature",
            gr.Slider(0, 1.2, value=0.7, step=0.05, label=say("温度 T", "Temperature T")),
        )
        model_input(scene)
        with scene.more():
            source_input(
                scene,
                "source",
                "",
                say("从这张图的编码开始（可空）", "Start from the code of (optional)"),
            )
        scene.primary(say("放映", "Roll"), film_layers)
    scene.examples = [
        Example(say("另一个种子", "another seed"), {"seed": 21}),
        Example(say("T = 1", "T = 1"), {"temperature": 1.0}),
        Example(say("T = 0：从零开始", "T = 0: from zeros"), {"temperature": 0.0}, say(
                "没有噪声，脸从各层的均值里长出来", "no noise: a face grows out of the levels' means")),
        Example(say("从圆盘的编码", "from the code of a disc"), {"source": "disc"}, say(
                "终点是那个圆盘，一个像素不差", "it ends in that disc, to the pixel")),
        Example(say("倒置的脸", "upside-down face"), {"source": "flipped:7"}),
        Example(say("失败：T = 1.2", "failure: T = 1.2"), {"temperature": 1.2}),
        Example(say("失败：从棋盘", "failure: from a checkerboard"), {"source": "checkerboard"}, say(
                "编码远在球壳之外", "its code lies far off the shell")),
    ]  # fmt: skip
    scene.show()


def film_layers(
    seed: int = 7, temperature: float = 0.7, model: Model = "glow-faces", source: str = ""
) -> Iterator[Outcome]:
    """Watch a flow turn noise into a face, layer by layer.

    Args:
        seed: of the noise
        temperature: factor of the noise, 0 to 2
        model: glow-faces or glow-2018-faces
        source: start from this picture's exact code instead: a seed, a name or a data URL
    """
    arguments = {"source": source, "model": model, "seed": int(seed), "temperature": temperature}
    for made in glow.films(source, model, seed=int(seed), temperature=temperature):
        whole = made.growth is not None
        yield Outcome(
            result=made,
            blocks=[_film(made), *([_end(made, model)] if whole else [])],
            timing=made.timing,
            progress=made.done / made.total,
            call=Call(glow.film, arguments),
            how=_how(made, model) if whole else (),
        )


def _film(made: glow.Film) -> Block:
    """All frames so far, the newest in sight."""
    film = film_block(
        made.frames,
        title=say("逐层反解", "Inverted layer by layer"),
        hint=say(
            f"{made.done} / {made.total} 层；每帧各自拉伸到全灰阶",
            f"{made.done} of {made.total} layers; each frame stretched to its own range",
        ),
        values=[{"label": say("数的标准差", "spread of the numbers"), "y": list(made.spreads)}],
        ends=(say("噪声 z", "noise z"), say("图片 x", "picture x")),
        labels=made.labels,
        alt=say(
            f"噪声变成脸的 {len(made.frames)} 帧。",
            f"{len(made.frames)} frames of noise that becomes a face.",
        ),
    )
    return {**film, "at": len(made.frames) - 1}


def _end(made: glow.Film, model: str) -> Block:
    """What the noise of the levels makes, from none to all."""
    assert made.growth is not None
    layout = glow.layout_of(model)
    names = [say("无噪声", "no noise")]
    for level in range(layout.levels, 0, -1):
        names.append(
            say(f"第 {level} 层起", f"from level {level}")
            if level < layout.levels
            else say(f"只有第 {level} 层", f"level {level} alone")
        )
    names[-1] = say("全部", "all levels")
    return pictures_block(
        made.growth,
        title=say("一层层加上噪声", "Noise added level by level"),
        hint=say("还没加的层取均值", "levels still without it take their means"),
        shown=112,
        captions=names,
        alt=say("从平均脸到完成的图。", "From the mean face to the finished picture."),
    )


def _how(made: glow.Film, model: str) -> list[str | Block]:
    layout = glow.layout_of(model)
    return [
        say(
            f"{layout.levels} 层各 {layout.steps} 步，外加每层开头补上噪声，共 {made.total} 帧。"
            f"每一步把耦合、1×1 混合、缩放依次反解；数的标准差从 {made.spreads[0]:.2f} 到 {made.spreads[-1]:.2f}。",
            f"{layout.levels} levels of {layout.steps} steps, and noise joined at the start of each: "
            f"{made.total} frames. A step undoes the coupling, the mixing of channels and the scaling; the "
            f"spread of the numbers goes from {made.spreads[0]:.2f} to {made.spreads[-1]:.2f}.",
        ),
        formula(
            r"y\ \mapsto\ \Bigl(y_1,\ \tfrac{y_2-t(y_1)}{s(y_1)}\Bigr)\ \mapsto\ W^{-1}(\cdot)\ \mapsto\ "
            r"e^{-a}(\cdot-b),\qquad \times " + f"{layout.levels * layout.steps}"
        ),
    ]
