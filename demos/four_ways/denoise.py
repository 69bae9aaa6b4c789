"""The scene of diffusion alone: noise becomes faces step by step, streamed, with a stop."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from core.pictures import Pictures
from core.tasks import families
from core.tasks.families import Film
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._packing import thinned
from demos._pictures import packed, pictures_block
from demos._tab import Scene
from demos._words import say
from demos.four_ways.names import steps_input
from demos.four_ways.sample import Scheduler, scheduler_input

SEED = 20200620
MOST = 110_000  # pixels of a film on the page; noise compresses badly


def denoise_scene(scene: Scene) -> None:
    """Steps, scheduler and seed."""
    with scene.controls():
        steps_input(scene, 25, label=say("步数", "Steps"))
        scheduler_input(scene)
        scene.input(
            "faces",
            gr.Radio([(str(n), n) for n in (1, 4, 16)], value=4, label=say("张数", "Faces")),
        )
        scene.seed(SEED)
        with scene.more():
            scene.input(
                "temperature",
                gr.Slider(
                    0,
                    1.5,
                    value=1,
                    step=0.05,
                    label=say("起始噪声的温度 T", "T of the first noise"),
                ),
            )
        scene.primary(say("去噪", "Denoise"), denoise_faces)
    scene.examples = [
        Example(say("10 步", "10 steps"), {"steps": 10}),
        Example(say("50 步", "50 steps"), {"steps": 50}),
        Example(say("10 步 DPM-Solver++", "10 steps of DPM-Solver++"), {"steps": 10, "scheduler": "dpm-solver++"}, say(
                "二阶方法：步数少时更接近终点", "second order: nearer to the end when steps are few")),
        Example(say("DDPM：每步加新噪声", "DDPM: fresh noise at every step"), {"scheduler": "ddpm", "steps": 100}, say(
                "同一个起点，走到别处", "the same start leads elsewhere")),
        Example(say("16 张", "16 faces"), {"faces": 16}, say("可随时停下", "may be stopped at any time")),
        Example(say("一张，细看", "one face, closely"), {"faces": 1, "steps": 50}),
        Example(say("失败：5 步 DDPM", "failure: 5 steps of DDPM"), {"steps": 5, "scheduler": "ddpm"}, say(
                "步子太大，每步加的噪声来不及去掉", "too few steps to remove what each of them adds")),
        Example(say("失败：从零开始", "failure: from zeros"), {"temperature": 0.0}, say(
                "没有噪声，每张都走到同一处", "without noise all faces go the same way")),
    ]  # fmt: skip
    scene.show()


def denoise_faces(
    steps: int = 25,
    scheduler: Scheduler = "ddim",
    faces: int = 4,
    seed: int = SEED,
    temperature: float = 1.0,
) -> Iterator[Outcome]:
    """Watch a diffusion model turn noise into faces: the state and the predicted picture at every step.

    Args:
        steps: denoising steps, 1 to 100
        scheduler: ddim, dpm-solver++ or ddpm
        faces: 1, 4, 9 or 16
        seed: of the noise
        temperature: factor of the first noise, 0 to 1.5
    """
    arguments: dict[str, Any] = {
        "seed": int(seed),
        "steps": int(steps),
        "scheduler": scheduler,
        "faces": int(faces),
        "temperature": temperature,
    }
    call = Call(families.film, arguments)
    for made in families.films(**arguments):
        yield Outcome(
            result=made,
            blocks=[_film(made), *([_result(made.result)] if made.result else [])],
            timing=made.timing,
            progress=made.done / made.total,
            call=call,
            how=_how(made),
        )


def _film(made: Film) -> Block:
    """All frames so far, the newest in sight; of many only some, evenly spread."""
    side = made.states.pixels.shape[-1]
    kept = thinned(range(len(made.states)), max(8, MOST // side**2))
    labels = [
        say(f"第 {i} 步 · 水平 {made.levels[i]}", f"step {i} · level {made.levels[i]}")
        for i in kept
    ]
    return {
        "kind": "film",
        "title": say("去噪", "Denoising"),
        "hint": say(
            f"{made.done} / {made.total} 步；左右拖动回看",
            f"{made.done} of {made.total} steps; drag to look back",
        ),
        "alt": say(
            f"{made.faces} 张脸从噪声里出来的 {len(kept)} 帧。",
            f"{len(kept)} frames of {made.faces} faces coming out of noise.",
        ),
        "films": [
            {
                "name": say("状态 x_t", "state x_t"),
                "note": say("各帧拉伸到全灰阶", "each frame stretched to its own range"),
                **packed(made.states.chosen(kept)),
            },
            {
                "name": say("网络以为的终点 x̂₀", "where it leads, as predicted: x̂₀"),
                "note": say("由左边这一帧预测", "predicted from the frame at the left"),
                **packed(made.guesses.chosen(kept)),
            },
        ],
        "values": [
            {
                "label": say("还剩的噪声 √(1−ᾱ)", "noise left, √(1−ᾱ)"),
                "y": [made.noise[i] for i in kept],
                "colour": "indigo",
            },
            {
                "label": say("预测的变化（级，均方根）", "change of the prediction (levels, RMS)"),
                "y": [made.changes[i] for i in kept],
                "colour": "seal",
                "digits": 1,
            },
        ],
        "ends": [say("噪声", "noise"), say("脸", "faces")],
        "labels": labels,
        "axis": {"label": say("步", "step"), "from": 0, "to": made.done},
        "at": len(kept) - 1,
    }


def _result(pictures: Pictures) -> Block:
    return pictures_block(
        pictures,
        title=say("结果", "The result"),
        shown=112,
        alt=say(f"{len(pictures)} 张做好的脸。", f"{len(pictures)} finished faces."),
    )


UPDATES = {
    "ddim": r"x_{s}=\sqrt{\bar\alpha_s}\,\hat x_0+\sqrt{1-\bar\alpha_s}\,\hat\varepsilon",
    "dpm-solver++": r"x_{s}=\tfrac{\sigma_s}{\sigma_t}x_t-\sqrt{\bar\alpha_s}\,(e^{-h}-1)"
    r"\bigl[\hat x_0+\tfrac1{2r}(\hat x_0-\hat x_0^{\,\text{before}})\bigr]",
    "ddpm": r"x_{s}=\tilde\mu(x_t,\hat x_0)+\tilde\sigma_t\,\varepsilon,\quad \varepsilon\sim\mathcal N(0,I)",
}


def _how(made: Film) -> list[str | Block]:
    middle = len(made.noise) // 2
    return [
        say(
            f"网络看着 x_t 说出 v，由它同时得到干净图和噪声；然后走到噪声更少的水平，共 {made.total} 步，"
            f"即网络用 {made.total} 次。走到第 {middle} 步时噪声的份额是 {made.noise[middle]:.3f}。",
            f"The network looks at x_t and says v, from which both the clean picture and the noise follow; "
            f"then on to a level with less noise, {made.total} steps and as many passes. At step {middle} the "
            f"share of noise is {made.noise[middle]:.3f}.",
        ),
        formula(
            r"\hat x_0=\sqrt{\bar\alpha_t}\,x_t-\sqrt{1-\bar\alpha_t}\,\hat v,\qquad "
            r"\hat\varepsilon=\sqrt{1-\bar\alpha_t}\,x_t+\sqrt{\bar\alpha_t}\,\hat v"
        ),
        formula(UPDATES[made.scheduler] + rf",\qquad N={made.total}"),
        say(
            f"预测的图最后一步变了 {made.changes[-1]:.1f} 级，其中最大的一步 {max(made.changes):.1f} 级"
            f"（第 {made.changes.index(max(made.changes))} 步）：轮廓先定，细节后来。",
            f"The prediction changed by {made.changes[-1]:.1f} levels in the last step and by "
            f"{max(made.changes):.1f} at most (step {made.changes.index(max(made.changes))}): outlines come "
            "first, detail later.",
        ),
    ]
