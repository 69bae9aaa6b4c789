"""The scene that samples: a live grid of faces, a temperature and a seed for each group of levels."""

from typing import Any

import gradio as gr

from core.tasks import glow
from demos._outcome import Call, Example, Outcome, formula
from demos._pictures import pictures_block
from demos._tab import Scene
from demos._words import say
from demos.glow_sampling.names import GROUPS, Model, listed, model_input

SEED = 20180829
SAME = -1  # a level's seed that stands for the one of all


def sample_scene(scene: Scene) -> None:
    """One temperature and one seed in sight; those of the levels below."""
    with scene.controls():
        scene.input(
            "temperature",
            gr.Slider(0, 1.2, value=0.7, step=0.05, label=say("温度 T", "Temperature T")),
            live=True,
        )
        scene.input(
            "count",
            gr.Radio([("16", 16), ("64", 64)], value=16, label=say("张数", "Faces")),
        )
        scene.seed(SEED)
        with scene.more(say("更多：每层的温度与种子", "More: temperature and seed by level")):
            for name, label in GROUPS.items():
                scene.input(
                    name,
                    gr.Slider(0, 1.6, value=1, step=0.05, label=label + say("温度 × T", " × T")),
                    live=True,
                )
            for name, label in GROUPS.items():
                scene.input(
                    f"{name}_seed",
                    gr.Number(
                        SAME,
                        label=label + say("种子（−1：同上）", " seed (−1: the one above)"),
                        precision=0,
                        minimum=SAME,
                        maximum=2**32 - 2,
                    ),
                )
            model_input(scene)
        scene.primary(say("采样", "Sample"), sample_faces)
    scene.examples = [
        Example(say("T = 0.85", "T = 0.85"), {"temperature": 0.85}, say(
                "更杂，也更险", "more variety, more risk")),
        Example(say("64 张", "64 faces"), {"count": 64}),
        Example(say("只换粗层", "other coarse level"), {"coarse_seed": 1}, say(
                "中、细层的噪声没变，脸却换了人", "middle and fine noise stay, the person changes")),
        Example(say("只换细层", "other fine level"), {"fine_seed": 1}, say(
                "一半的数变了，几乎看不出", "half of the numbers change, hardly any of it shows")),
        Example(say("细层归零", "fine level at zero"), {"fine": 0.0}, say(
                "最细一层取均值：脸更光滑", "the finest level at its mean: smoother")),
        Example(say("失败：T = 0", "failure: T = 0"), {"temperature": 0.0}, say(
                "所有种子都是同一张平均脸", "every seed gives the one mean face")),
        Example(say("失败：T = 1.2", "failure: T = 1.2"), {"temperature": 1.2}, say(
                "噪声超出训练时的球壳，脸开始崩", "beyond the shell of training codes faces fall apart")),
    ]  # fmt: skip
    scene.show()


def sample_faces(
    temperature: float = 0.7,
    count: int = 16,
    seed: int = SEED,
    coarse: float = 1.0,
    middle: float = 1.0,
    fine: float = 1.0,
    coarse_seed: int = SAME,
    middle_seed: int = SAME,
    fine_seed: int = SAME,
    model: Model = "glow-faces",
) -> Outcome:
    """Draw faces from a normalizing flow (Glow); every level has its own temperature and seed.

    Args:
        temperature: factor of the noise, 0 (always the mean face) to 2; 1 is the model itself
        count: how many faces, 1 to 64
        seed: the same seed gives the same faces
        coarse: factor of the temperature of the last level
        middle: factor of the levels between
        fine: factor of the first level
        coarse_seed: another seed for the last level, -1 for the one of all
        middle_seed: another seed for the levels between, -1 for the one of all
        fine_seed: another seed for the first level, -1 for the one of all
        model: glow-faces (full) or glow-2018-faces (the blog's simplified one)
    """
    own = {"coarse_seed": coarse_seed, "middle_seed": middle_seed, "fine_seed": fine_seed}
    arguments: dict[str, Any] = {
        "count": int(count),
        "temperature": temperature,
        "seed": int(seed),
        "coarse": coarse,
        "middle": middle,
        "fine": fine,
        **{name: None if int(value) == SAME else int(value) for name, value in own.items()},
    }
    made = glow.sample(model, **arguments)
    layout = glow.layout_of(model)
    heat = listed(made.temperatures)
    # Another scene can be told of a face by its seed, place and one temperature, but not by levels.
    plainly = len(set(made.temperatures)) == 1 and len(set(made.seeds)) == 1
    return Outcome(
        result=made,
        blocks=lambda: [
            pictures_block(
                made.pictures,
                title=say("从噪声来的脸", "Faces from noise"),
                hint=say("点一张，带到别的场景", "click one to take it to another scene"),
                shown=88,
                alt=say(
                    f"{len(made.pictures)} 张脸，各层温度（由细到粗）{heat}。",
                    f"{len(made.pictures)} faces; temperatures from fine to coarse {heat}.",
                ),
                **(_senders(made, temperature) if plainly else {}),
            )
        ],
        timing=made.timing,
        call=Call(glow.sample, {"model": model, **arguments}),
        how=lambda: [
            say(
                f"一张 {layout.size}×{layout.size} 的彩图有 {layout.dimensions} 个数，噪声也正好这么多："
                f"由细到粗 {layout.levels} 层各 {', '.join(map(str, layout.parts))} 个，"
                f"各乘自己的温度 {heat}，再一层层精确地反解回来。",
                f"A colour picture of {layout.size}×{layout.size} has {layout.dimensions} numbers, and so "
                f"has its noise: {', '.join(map(str, layout.parts))} in {layout.levels} levels from fine to "
                f"coarse, each times its temperature ({heat}), then inverted exactly, layer by layer.",
            ),
            formula(
                r"x = f^{-1}(T_1\varepsilon_1,\dots,T_L\varepsilon_L),\quad "
                r"\varepsilon_l\sim\mathcal N(0,I),\quad (T_1,\dots,T_L)=(" + heat + ")"
            ),
            say(
                f"{layout.dimensions} 维高斯噪声几乎都落在半径 {layout.dimensions**0.5:.1f} 的薄球壳上；"
                "乘以 T 就是走到更小的球壳，那里密度更高、样子更平均。",
                f"Gaussian noise of {layout.dimensions} dimensions lies on a thin shell of radius "
                f"{layout.dimensions**0.5:.1f}; times T it moves to a smaller one, where density is higher "
                "and faces are more average.",
            ),
        ],
    )


def _senders(made: glow.Samples, temperature: float) -> dict[str, Any]:
    """Buttons that take a chosen face to other scenes."""
    places = (
        (say("编码", "encode"), "encode", "source"),
        (say("插值起点", "morph from"), "morph", "a"),
        (say("属性", "attributes"), "edit", "source"),
        (say("逐层看", "layers"), "film", "source"),
    )
    return {
        "values": [f"{made.seeds[0]}#{i}@{temperature:g}" for i in range(len(made.pictures))],
        "send": [
            {"label": label, "scene": scene, "inputs": {name: "$"}} for label, scene, name in places
        ],
    }
