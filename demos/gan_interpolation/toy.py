"""O-GAN in the plane, trained live: the correlation of the post against a squared error, side by side."""

import time
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import gradio as gr

from core.labs import ogan_2d
from core.labs.ogan_2d import Moment, OGAN2DSettings
from core.runtime import Timing
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._packing import finite, packed_levels, packed_points, thinned
from demos._tab import Scene
from demos._words import say
from demos.gan_interpolation.shared import filled

Data = Literal["rings", "moons", "spirals", "gaussians", "checkerboard", "own"]
Against = Literal["mse", "none"]
CLOUDS = [
    (say("双环", "two rings"), "rings"),
    (say("双月", "two moons"), "moons"),
    (say("双螺旋", "two spirals"), "spirals"),
    (say("25 个高斯", "25 Gaussians"), "gaussians"),
    (say("棋盘", "checkerboard"), "checkerboard"),
    (say("自己的点", "points of your own"), "own"),
]
RIVALS = [
    (say("平方误差 MSE", "squared error (MSE)"), "mse"),
    (say("什么也不加", "nothing"), "none"),
]
NAMES = {
    "pearson": say("相关系数 ρ", "correlation ρ"),
    "mse": say("平方误差", "squared error"),
    "none": say("只有对抗", "adversarial only"),
}
SPAN = 8.0
FRAMES = 18
CURVE = 160  # points of one curve
PAUSE = 0.2  # seconds between pictures at least


def toy_scene(scene: Scene) -> None:
    """Data, the rival loss, how long."""
    with scene.controls():
        scene.input("data", gr.Dropdown(CLOUDS, value="moons", label=say("数据", "Data")))
        scene.input(
            "against", gr.Radio(RIVALS, value="mse", label=say("与谁相比", "Against which loss"))
        )
        scene.input(
            "weight", gr.Slider(0, 2, value=0.5, step=0.05, label=say("编码项的权重 λ", "Weight λ"))
        )
        scene.input(
            "steps",
            gr.Slider(
                0, ogan_2d.MAX_STEPS, value=500, step=10, label=say("训练步数", "Training steps")
            ),
        )
        with scene.more():
            scene.input(
                "latent",
                gr.Slider(3, 16, value=4, step=1, label=say("噪声维数 n", "Noise dimension n")),
            )
            scene.input(
                "rate",
                gr.Number(
                    0.002,
                    label=say("学习率", "Learning rate"),
                    minimum=1e-6,
                    maximum=0.1,
                    step=0.001,
                ),
            )
            scene.input(
                "own",
                gr.Textbox(
                    "",
                    label=say("自己的点 x,y x,y", "Points of your own, x,y x,y"),
                    max_length=40_000,
                ),
            )
            scene.input("seed", gr.Number(0, label=say("随机种子", "Seed"), precision=0, minimum=0))
        scene.primary(say("训练两个", "Train both"), train_ogan_2d)
    scene.examples = [
        Example(say("双环", "two rings"), {"data": "rings", "steps": 700}),
        Example(say("25 个高斯", "25 Gaussians"), {"data": "gaussians", "steps": 800}),
        Example(say("对照：不加编码项", "against nothing"), {"against": "none"}, say(
                "样本一样好，编码却读不出噪声", "samples are as good, but the noise cannot be read")),
        Example(say("λ 很小的 MSE", "a light MSE"), {"weight": 0.05}, say(
                "平方误差轻到几乎不起作用时，对抗才回来", "the game returns where MSE hardly counts")),
        Example(say("n = 8", "n = 8"), {"latent": 8}, say(
                "平面只有两个数，八个噪声读不全", "two numbers cannot carry eight")),
        Example(say("失败：λ = 2", "failure: λ = 2"), {"weight": 2.0}, say(
                "编码压过判断，两边都偏离数据", "the code outweighs the judgement")),
        Example(say("失败：学习率太大", "failure: too fast"), {"rate": 0.05, "steps": 200}, say(
                "两个玩家互相追逐，不收敛", "both players chase each other")),
        Example(say("失败：没有点", "failure: no points"), {"data": "own", "own": "0,0"}, say(
                "至少要八个点", "eight points at least")),
    ]  # fmt: skip
    scene.show()


def train_ogan_2d(
    data: Data = "moons",
    against: Against = "mse",
    weight: float = 0.5,
    steps: int = 500,
    latent: int = 4,
    rate: float = 0.002,
    seed: int = 0,
    own: str = "",
) -> Iterator[Outcome]:
    """Train O-GAN on points of the plane with the Pearson loss, beside the same with another loss.

    Args:
        data: rings, moons, spirals, gaussians, checkerboard or own
        against: mse (squared error of the code) or none (adversarial only)
        weight: lambda of the code's loss, the same for both
        steps: training steps, 0 to 3000; the same settings and step always give the same state
        latent: numbers of a code, 3 to 16
        rate: Adam's learning rate
        seed: draws weights, noise and batches
        own: points as x,y x,y with data=own, 8 to 2000 within -4 to 4
    """
    steps, losses = int(steps), ("pearson", str(against))
    arguments: dict[str, Any] = {
        "data": data,
        "own": own,
        "weight": weight,
        "latent": int(latent),
        "rate": rate,
        "seed": int(seed),
    }
    pair = ogan_2d.pair(losses=losses, **arguments)
    started = time.perf_counter()
    seen: tuple[list[Moment], list[Moment]] = ([], [])

    def outcome(done: bool, **more: Any) -> Outcome:
        at = seen[0][-1].step
        kept = (list(seen[0]), list(seen[1]))
        spent = 1000 * (time.perf_counter() - started)
        return Outcome(
            blocks=lambda: [_block(pair, kept, losses, steps, done)],
            timing=Timing(spent, 0.0, "cpu", 1, ""),
            progress=1.0 if done else at / max(steps, 1),
            **more,
        )

    shown = time.perf_counter() if all(ogan_2d.known(s, steps) for s in pair) else 0.0
    for both in zip(*(ogan_2d.moments(s, steps) for s in pair), strict=True):
        for list_, moment in zip(seen, both, strict=True):
            list_.append(moment)
        if time.perf_counter() - shown > PAUSE and both[0].step < steps:
            yield outcome(False, result={"step": both[0].step})
            shown = time.perf_counter()
    told = ogan_2d.comparison(losses, seen[0][-1], seen[1][-1])
    yield outcome(
        True,
        result=told,
        call=Call(ogan_2d.compare, {**arguments, "losses": losses, "steps": steps}),
        how=lambda: _how(seen[0][-1], seen[1][-1], against, weight, int(latent)),
    )


def _block(
    pair: Sequence[OGAN2DSettings],
    seen: Sequence[Sequence[Moment]],
    losses: Sequence[str],
    steps: int,
    done: bool,
) -> Block:
    ends = [moments[-1] for moments in seen]
    places = thinned(range(len(seen[0])), FRAMES) if done else [len(seen[0]) - 1]
    return {
        "kind": "toygan",
        "run": zlib.crc32(repr(pair).encode()),
        "title": say(
            "同样的数据与噪声，两种编码损失", "Same data and noise, two losses for the code"
        ),
        "hint": say("底色是判断：绿＝真，红＝假", "shade is the judgement: green real, red fake"),
        "alt": say(
            f"第 {ends[0].step} 步：左边样本离数据 {ends[0].stray:.2f}，右边 {ends[1].stray:.2f}。",
            f"After {ends[0].step} steps samples are {ends[0].stray:.2f} from the data on the left, "
            f"{ends[1].stray:.2f} on the right.",
        ),
        "names": [NAMES[loss] for loss in losses],
        "resolution": ogan_2d.RESOLUTION,
        "limit": ogan_2d.MAX_STEPS,
        "target": steps,
        "done": done,
        "frames": [{"r": _frame([moments[i] for moments in seen])} for i in places],
        "r": {"data": packed_points(ogan_2d.scenery(pair[0]), SPAN)},
        "curves": {"r": [_curve(end) for end in ends]},
    }


def _frame(both: Sequence[Moment]) -> Block:
    return {
        "step": both[0].step,
        "runs": [
            {
                "samples": packed_points(moment.samples, SPAN),
                # Shades are relative: from the lowest to the highest judgement in the window.
                "scores": packed_levels(moment.scores, _range(moment)),
                "correlation": finite(moment.correlation),
                "gap": finite(moment.gap),
                "stray": finite(moment.stray),
                "missed": finite(moment.missed),
            }
            for moment in both
        ],
    }


def _range(moment: Moment) -> tuple[float, float]:
    low, high = float(moment.scores.min()), float(moment.scores.max())
    return low, high + 1e-9


def _curve(moment: Moment) -> Block:
    values = moment.losses.get("correlation")
    if values is None:
        return {"x": [], "y": []}
    places = thinned(range(len(values)), CURVE)
    return {"x": [i + 1 for i in places], "y": [finite(float(values[i])) for i in places]}


def _how(
    left: Moment, right: Moment, against: str, weight: float, latent: int
) -> list[str | Block]:
    terms = {
        "mse": r"\quad\text{vs.}\quad +\lambda\,\tfrac1n\lVert z-E(G(z))\rVert^2",
        "none": r"\quad\text{vs.}\quad 0",
    }
    harmed = left.stray < right.stray
    words = {
        "mse": say(
            f"平方误差要求 E 的全部 {latent} 个数等于 z，平均值也被钉住；λ 越大，留给判断的余地越少。"
            f"这一次样本离数据：左边 {left.stray:.2f}，右边 {right.stray:.2f}"
            + ("。" if harmed else "，还看不出差别：λ 太小，或者步数太少。"),
            f"A squared error wants all {latent} numbers of E to equal z, their mean included; the larger "
            "λ, the less is left to judge with. This time samples are "
            f"{left.stray:.2f} from the data on the left, {right.stray:.2f} on the right"
            + (
                "."
                if harmed
                else ", which does not show here: λ is too small or the steps too few."
            ),
        ),
        "none": say(
            f"没有编码项时样本照样靠近数据（{right.stray:.2f}），但 ρ 只有 {right.correlation:.2f}：编码里什么也没有。",
            f"Without a term for the code samples come as near ({right.stray:.2f}), but ρ is "
            f"{right.correlation:.2f}: the code says nothing.",
        ),
    }
    return [
        say(
            "相关系数不看平均和标准差，所以两个自由度留给判断；这就是 O-GAN 用它而不用平方误差的理由。",
            "A correlation sees neither mean nor deviation, so two degrees of freedom are left for the "
            "judgement: the reason for O-GAN's loss.",
        ),
        formula(
            r"\bar E(x)-\bar E(G(z))+\dots\quad-\lambda\,\rho\big(z,E(G(z))\big)" + terms[against]
        ),
        filled(
            r"\lambda=@,\qquad \rho_{\text{left}}=@,\quad \rho_{\text{right}}=@",
            weight,
            left.correlation,
            right.correlation,
            digits=2,
        ),
        words[against],
    ]
