"""The scene that samples: one seed, a row of faces from each family, with what each has cost."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import gradio as gr

from core.errors import InputError
from core.tasks import families
from core.tasks.families import Sampled, Samples
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import resolve, say
from demos.four_ways.names import (
    NAMES,
    SCHEDULERS,
    passes,
    progress,
    reason_row,
    share,
    steps_input,
)

SEED = 20180324
Scheduler = Literal["ddim", "dpm-solver++", "ddpm"]


def sample_scene(scene: Scene) -> None:
    """One temperature for all, and the steps of diffusion."""
    with scene.controls():
        scene.input(
            "temperature",
            gr.Slider(
                0,
                1.5,
                value=0.8,
                step=0.05,
                label=say("温度 T（四家相同）", "Temperature T, for all four"),
            ),
        )
        steps_input(scene)
        scene.input("count", gr.Slider(2, 16, value=6, step=1, label=say("张数", "Faces")))
        scene.seed(SEED)
        with scene.more():
            scheduler_input(scene)
        scene.primary(say("四种画法", "Draw, four ways"), sample_four_ways)
    scene.examples = [
        Example(say("T = 1", "T = 1"), {"temperature": 1.0}, say(
                "四个模型本来的样子", "the four models as they are")),
        Example(say("只走 10 步", "10 steps"), {"steps": 10}, say(
                "扩散快了一倍多，细节少一点", "diffusion in less than half of the time, with less detail")),
        Example(say("10 步，DPM-Solver++", "10 steps of DPM-Solver++"), {"steps": 10, "scheduler": "dpm-solver++"}),
        Example(say("另一个种子", "another seed"), {"seed": 7}),
        Example(say("16 张", "16 faces"), {"count": 16}),
        Example(say("失败：T = 0", "failure: T = 0"), {"temperature": 0.0}, say(
                "没有噪声：每家只剩一张脸", "without noise every family has one face left")),
        Example(say("失败：T = 1.5", "failure: T = 1.5"), {"temperature": 1.5}, say(
                "噪声比训练时大，四家各有各的坏法", "more noise than in training: each breaks in its own way")),
        Example(say("失败：5 步", "failure: 5 steps"), {"steps": 5}, say(
                "步子太大，扩散只给出模糊的平均", "strides too long: diffusion ends in a blur")),
    ]  # fmt: skip
    scene.show(live={"warm_rows": warm_rows})


def scheduler_input(scene: Scene) -> None:
    """Which way down diffusion takes."""
    scene.input("scheduler", gr.Radio(SCHEDULERS, value="ddim", label=say("调度器", "Scheduler")))


def sample_four_ways(
    temperature: float = 0.8,
    steps: int = 25,
    count: int = 6,
    seed: int = SEED,
    scheduler: Scheduler = "ddim",
) -> Iterator[Outcome]:
    """Draw faces from one seed with a VAE, a GAN, a flow and a diffusion model, with time and passes.

    Args:
        temperature: factor of the starting noise in all four, 0 to 1.5
        steps: denoising steps of the diffusion model, 1 to 100
        count: faces of each family, 1 to 16
        seed: the same seed gives the same faces
        scheduler: ddim, dpm-solver++ or ddpm
    """
    arguments: dict[str, Any] = {
        "seed": int(seed),
        "count": int(count),
        "temperature": temperature,
        "steps": int(steps),
        "scheduler": scheduler,
    }
    call = Call(families.sample, arguments)
    for made in families.samples(**arguments):
        yield Outcome(
            result=made,
            blocks=[_rows(made)],
            timing=made.timing,
            progress=progress(made.rows, made.missing, int(steps)),
            call=call,
            how=_how(made),
        )


def warm_rows(value: Any) -> dict[str, Any]:
    """While the temperature is dragged: the rows of the families that need one pass only."""
    given = value if isinstance(value, Mapping) else {}
    try:
        seed, count = int(given.get("seed", SEED)), int(given.get("count", 6))
        temperature = float(given.get("temperature", 0.8))
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            en="Seed, temperature and number of faces are numbers. Move the slider again.",
            zh="种子、温度、张数都应是数，请再动一下滑杆。",
        ) from None
    made = families.sample(seed, count=count, temperature=temperature, only=families.ONE_PASS)
    return {"rows": [_row(row) for row in made.rows]}


def _rows(made: Samples) -> Block:
    count = len(made.rows[0].pictures) if made.rows else 1
    lines = [
        *(_row(row) for row in made.rows),
        *(reason_row(missing) for missing in made.missing),
    ]
    told = "; ".join(f"{NAMES[row.family]} {passes(row.spent)}" for row in made.rows)
    return {
        "kind": "rows",
        "title": say("同一个种子，四种画法", "One seed, four ways"),
        "hint": say(
            "第 i 列用同一个种子，但四家的编码互不相干：不会是同一个人",
            "each column has one seed, but codes of different families have nothing in common: "
            "no four of one person",
        ),
        "alt": say("每家一行脸：", "A row of faces of each family: ") + told,
        "rows": lines,
        "columns": count,
        "shown": 104,
        "follows": {"input": "temperature", "live": "warm_rows"},
    }


def _row(row: Sampled) -> Block:
    count = len(row.pictures)
    return {
        "name": NAMES[row.family],
        "lines": [
            passes(row.spent),
            say(f"{row.parameters / 1e6:.1f} M 参数", f"{row.parameters / 1e6:.1f} M parameters"),
            say(f"{row.code} 个数 → {row.size} 像素", f"{row.code} numbers → {row.size} px"),
        ],
        "share": share(row.spent),
        "columns": count,
        "size": row.size,
        "r": {"sprite": row.pictures.sprite(count)},
    }


def _how(made: Samples) -> list[str | Block]:
    heat = f"{made.temperature:g}"
    parts: list[str | Block] = [
        say(
            f"四家都从标准正态噪声 ε 出发，这次都乘以 T = {heat}，典型长度是 T√d。含义却不同："
            "VAE 的先验就是 N(0, I)，T 小就更接近平均脸；O-GAN 的噪声只有方向重要，"
            "T 即原文演示里的截断系数；Glow 可逆，T 是走向更小的球壳，密度更高；"
            "扩散里 T 只缩放起点，网络仍按满噪声去噪，所以 T 小时反差变弱。",
            f"All four start from standard normal noise ε, here times T = {heat}; its typical length is "
            "T√d. What it means differs. A VAE's prior is N(0, I): a small T is nearer to the mean face. "
            "O-GAN cares for the direction of its noise; T is the truncation factor of the post's demo. "
            "Glow is invertible: T moves to a smaller shell, where density is higher. Diffusion scales "
            "its start alone and still removes full noise, so a small T costs contrast.",
        )
    ]
    for row in made.rows:
        length = made.temperature * row.code**0.5
        start = rf"\|T\varepsilon\|\approx {heat}\sqrt{{{row.code}}}={length:.1f}"
        parts.append(formula(_formula(row) + r",\qquad " + start))
    spent = {row.family: row.spent for row in made.rows}
    quick = [s.timing.compute_ms for f, s in spent.items() if f != "diffusion" and s.timing]
    slow = spent.get("diffusion")
    if slow is not None and slow.done and slow.timing is not None and quick:
        ratio = slow.timing.compute_ms / (sum(quick) / len(quick))
        parts.append(
            say(
                f"扩散把同一个网络用了 {slow.total} 次，这次花的时间是另外几家平均的 {ratio:.0f} 倍。",
                f"Diffusion used one network {slow.total} times and took {ratio:.0f} times as long as the "
                "others on average in this run.",
            )
        )
    return parts


def _formula(row: Sampled) -> str:
    name = resolve(NAMES[row.family], "en")
    ways = {
        "vae": r"x=g(T\varepsilon)",
        "ogan": r"x=G(T\varepsilon)",
        "glow": r"x=f^{-1}(T\varepsilon)",
        "diffusion": rf"x_1=T\varepsilon\ \to\ \cdots\ \to\ x_0\ ({row.spent.total}\ \text{{passes}})",
    }
    return rf"\text{{{name}}}:\ " + ways[row.family]
