"""The film between two faces, each a seed or a photo."""

from typing import Any, Literal

import gradio as gr

from core.tasks import ogan
from core.tasks.ogan import Walk
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._pictures import (
    end_of,
    film_block,
    photo_aligner,
    photo_block,
    photo_input,
    seed_input,
    slot_picture,
)
from demos._tab import Scene
from demos._words import say
from demos.gan_interpolation.shared import (
    SIZE,
    Model,
    Prior,
    correlation_curve,
    filled,
    model_input,
    offered_examples,
    prior_input,
    realism_curve,
    signed,
    truncation_input,
)

Kind = Literal["lerp", "slerp", "mean"]
KINDS = [
    (say("球面 slerp", "sphere (slerp)"), "slerp"),
    (say("直线 lerp", "straight (lerp)"), "lerp"),
    (say("经过平均脸", "through the mean"), "mean"),
]


def path_scene(scene: Scene) -> None:
    """Two ends and the way between them."""
    with scene.controls():
        model_input(scene)
        seed_input(scene, "seed_a", 6421, say("A 的种子", "Seed of A"))
        seed_input(scene, "seed_b", 6468, say("B 的种子", "Seed of B"))
        photo_input(scene, "photo_a")
        photo_input(scene, "photo_b")
        scene.input("kind", gr.Radio(KINDS, value="slerp", label=say("路径", "Path")))
        truncation_input(scene)
        with scene.more():
            prior_input(scene)
            scene.input(
                "steps",
                gr.Slider(2, ogan.MAX_STEPS, value=60, step=1, label=say("帧数", "Frames")),
            )
        scene.primary(say("走一遍", "Walk"), walk_faces)
    scene.examples = offered_examples(
        Example(say("另外两张", "two others"), {"seed_a": 19, "seed_b": 2}),
        Example(say("动漫", "anime"), {"model": "ogan-anime", "seed_a": 6433, "seed_b": 6460}),
        Example(say("直线", "straight"), {"kind": "lerp"}, say(
                "中途离原点更近，脸更平均", "nearer to the origin half-way, where faces are average")),
        Example(say("经过平均脸", "through the mean"), {"kind": "mean"}, say(
                "先忘掉 A，再长出 B", "first A is forgotten, then B grows")),
        Example(say("五步", "five steps"), {"steps": 5, "seed_a": 4, "seed_b": 12}),
        Example(say("几乎同一张", "nearly the same"), {"seed_a": 6421, "seed_b": 6421}, say(
                "两端相同：路径只有一个点", "equal ends: the path is a point")),
        Example(say("失败：截断 1.5", "failure: truncation 1.5"), {"truncation": 1.5}, say(
                "两端都在训练噪声之外，真实度下降", "both ends lie outside the noise of training")),
        Example(say("失败：没有这个种子", "failure: no such seed"), {"seed_b": -1}, say(
                "种子从 0 开始", "seeds begin at 0")),
    )  # fmt: skip
    scene.show(live={"align_photo": photo_aligner(SIZE)})


def walk_faces(
    seed_a: int = 6421,
    seed_b: int = 6468,
    kind: Kind = "slerp",
    truncation: float = 0.9,
    steps: int = 60,
    photo_a: str = "",
    photo_b: str = "",
    model: Model = "ogan-faces",
    prior: Prior = "normal",
) -> Outcome:
    """Walk from one face to another in O-GAN's latent space: a film as one sprite, realism per frame.

    Args:
        seed_a: seed of the first face
        seed_b: seed of the last face
        kind: slerp (along the sphere), lerp (straight) or mean (through the mean face)
        truncation: factor before all codes, 0 to 2
        steps: frames, 2 to 64
        photo_a: a photo as a data URL instead of the first seed; its largest face is aligned
        photo_b: the same for the last face
        model: ogan-faces (people) or ogan-anime (drawn faces)
        prior: what seeds are drawn from: normal or fitted (a Gaussian of real pictures' codes)
    """
    slots = ((int(seed_a), photo_a), (int(seed_b), photo_b))
    ends = [end_of(seed, photo) for seed, photo in slots]
    arguments: dict[str, Any] = {
        "a": ends[0],
        "b": ends[1],
        "model": model,
        "kind": kind,
        "steps": int(steps),
        "prior": prior,
    }
    made = ogan.walk(**arguments, truncation=truncation)
    names_zh = ["照片" if photo else f"种子 {seed}" for seed, photo in slots]
    names_en = ["photo" if photo else f"seed {seed}" for seed, photo in slots]
    names = [say(zh, en) for zh, en in zip(names_zh, names_en, strict=True)]
    scores = made.numbers.score
    worst = max(range(len(scores)), key=lambda i: scores[i])
    return Outcome(
        result=made,
        blocks=lambda: [
            film_block(
                made.pictures,
                title=say("从 A 走到 B", "From A to B"),
                hint=say("在图上左右拖动，或按空格播放", "drag over the picture, or press space"),
                alt=say(
                    f"从{names_zh[0]}到{names_zh[1]}的 {len(made.positions)} 帧，"
                    f"真实度最低在 t = {made.positions[worst]:.2f}。",
                    f"{len(made.positions)} frames from {names_en[0]} to {names_en[1]}; realism is lowest "
                    f"at t = {made.positions[worst]:.2f}.",
                ),
                values=[realism_curve(scores), correlation_curve(made.numbers.correlation)],
                ends=("A", "B"),
                fps=24,
            ),
            photo_block(
                [
                    _slot(made, 0, "a", "A", names[0], bool(photo_a)),
                    _slot(made, -1, "b", "B", names[1], bool(photo_b)),
                ],
                title=say("两端", "Both ends"),
                hint=say(
                    "拖入、粘贴或选一张正面照片",
                    "drop, paste or choose a photo from the front",
                ),
                size=SIZE,
            ),
        ],
        timing=made.timing,
        call=Call(ogan.walk, {**arguments, "truncation": truncation}),
        how=lambda: _how(made, kind, truncation),
    )


def _slot(made: Walk, place: int, name: str, label: str, note: str, used: bool) -> Block:
    index = place % len(made.pictures)
    caption = say("重构", "rebuilt") if used else say("生成", "generated")
    shown = [slot_picture(made.pictures, index, caption)]
    if used and made.sources is not None:
        shown.insert(0, slot_picture(made.sources, 0 if index == 0 else 1, say("照片", "photo")))
    return {
        "input": f"photo_{name}",
        "label": label,
        "note": note,
        "used": used,
        "pictures": shown,
        "lines": [
            ["ρ", made.numbers.correlation[index]],
            [say("真实度", "realism"), -made.numbers.score[index]],
        ],
    }


def _how(made: Walk, kind: str, truncation: float) -> list[str | Block]:
    ways = {
        "lerp": r"z_t=(1-t)\,z_A+t\,z_B",
        "slerp": r"z_t=\frac{\sin(1-t)\theta}{\sin\theta}\,z_A+\frac{\sin t\theta}{\sin\theta}\,z_B",
        "mean": r"z_t=(1-2t)\,z_A\ (t\le\tfrac12),\quad (2t-1)\,z_B\ (t>\tfrac12)",
    }
    scores = made.numbers.score
    return [
        say(
            f"一张照片的编码是判别器输出的方向 N(E(x))，一个种子的编码是随机抽的。两端夹角 "
            f"{made.angle:.0f}°（高维里随机两点几乎总是 90°）；全部 {len(scores)} 帧是一个批次。",
            "A photo's code is the direction of the discriminator's output N(E(x)), a seed's code is "
            f"drawn at random. The ends are {made.angle:.0f}° apart (random points of many dimensions "
            f"nearly always 90°); all {len(scores)} frames are one batch.",
        ),
        formula(ways[kind] + r",\qquad x_t=G(" + f"{truncation:g}" + r"\,z_t)"),
        filled(
            r"\|z_A\|=@,\quad \|z_{1/2}\|=@,\quad \|z_B\|=@",
            made.norms[0],
            made.middle,
            made.norms[-1],
            digits=2,
        ),
        say(
            f"判别器对每一帧都有看法：E̅ 从 {signed(scores[0])} 到 {signed(scores[-1])}，"
            f"最不像真的一帧是 {signed(max(scores))}（低＝真）。",
            f"The discriminator judges every frame: E̅ from {signed(scores[0])} to "
            f"{signed(scores[-1])}, {signed(max(scores))} where it looks least real (low is real).",
        ),
    ]
