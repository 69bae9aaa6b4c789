"""Density laboratory: flows, invertible residual networks and energy models learn points of the plane."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal

import gradio as gr

from core.labs import density_lab, points_2d
from core.labs.density_lab import Moment, Settings
from core.labs.energy_2d import EnergySettings, check_walk
from core.labs.flow_2d import FlowSettings
from core.runtime import Timing
from demos import Demo, Reference
from demos._outcome import Block, Call, Example, Outcome
from demos._tab import Scene, Tab
from demos._words import say
from demos.flow_2d import density
from demos.flow_2d.plane import run_block

Data = Literal["moons", "rings", "spirals", "gaussians", "checkerboard", "own"]
Coupling = Literal["affine", "tanh", "additive"]
Mixing = Literal["reverse", "permutation", "rotation", "lu", "none"]
LogDet = Literal["exact", "series", "roulette"]
Space = Literal["data", "latent"]

CLOUDS = [
    (say("双月", "two moons"), "moons"),
    (say("双环", "two rings"), "rings"),
    (say("双螺旋", "two spirals"), "spirals"),
    (say("25 个高斯", "25 Gaussians"), "gaussians"),
    (say("棋盘", "checkerboard"), "checkerboard"),
    (say("自己画的点", "points of your own"), "own"),
]
COUPLINGS = [
    (say("仿射", "affine"), "affine"),
    (say("仿射 + tanh", "affine, tanh"), "tanh"),
    (say("加性", "additive"), "additive"),
]
MIXINGS = [
    (say("反转", "reversal"), "reverse"),
    (say("随机打乱", "random permutation"), "permutation"),
    (say("随机旋转", "random rotation"), "rotation"),
    (say("可学的 1×1 矩阵（LU）", "learned 1×1 matrix (LU)"), "lu"),
    (say("不混合", "none"), "none"),
]
LOG_DETS = [
    (say("精确", "exact"), "exact"),
    (say("截断级数", "truncated series"), "series"),
    (say("俄罗斯轮盘", "Russian roulette"), "roulette"),
]
SPACES = [(say("数据 x", "data x"), "data"), (say("噪声 z", "noise z"), "latent")]
PAUSE = 0.12  # seconds between pictures at least
HEART = (
    "0,-2.5 0.6,-1.9 1.2,-1.3 1.8,-0.7 2.3,0 2.6,0.7 2.5,1.4 2,1.9 1.3,2 0.6,1.6 0,1 -0.6,1.6 "
    "-1.3,2 -2,1.9 -2.5,1.4 -2.6,0.7 -2.3,0 -1.8,-0.7 -1.2,-1.3 -0.6,-1.9"
)


def train_realnvp_2d(
    data: Data = "moons",
    coupling: Coupling = "affine",
    mixing: Mixing = "reverse",
    steps: int = 300,
    seed: int = 0,
    depth: int = 8,
    width: int = 32,
    rate: float = 0.01,
    volume: bool = True,
    own: str = "",
) -> Iterator[Outcome]:
    """Train a RealNVP flow on points of the plane; density, samples, losses and likelihood.

    Args:
        data: moons, rings, spirals, gaussians, checkerboard or own
        coupling: affine, tanh (scales within e^-2 and e^2) or additive
        mixing: between couplings: reverse, permutation, rotation, lu (a learned matrix) or none
        steps: training steps, 0 to 2000; the same settings and step always give the same state
        seed: draws weights, noise and batches
        depth: couplings, 1 to 16
        width: hidden units of their networks, 2 to 128
        rate: Adam's learning rate
        volume: false leaves ln |det J| out of the loss
        own: points as x,y x,y with data=own, 8 to 2000 within -4 to 4
    """
    arguments: dict[str, Any] = {
        "data": data,
        "own": own,
        "coupling": coupling,
        "mixing": mixing,
        "depth": depth,
        "width": width,
        "volume": volume,
        "rate": rate,
        "seed": seed,
    }
    settings = FlowSettings(model="realnvp", **arguments | {"own": _own(data, own)})
    yield from _stream(
        settings,
        steps,
        title=say("RealNVP", "RealNVP"),
        extra=partial(density.flow_blocks, settings),
        how=partial(density.flow_how, settings),
        call=Call(density_lab.train_realnvp, {**arguments, "steps": steps}),
    )


def train_iresnet_2d(
    data: Data = "moons",
    lipschitz: float = 0.9,
    depth: int = 6,
    steps: int = 200,
    seed: int = 0,
    log_det: LogDet = "exact",
    terms: int = 5,
    width: int = 24,
    rate: float = 0.01,
    own: str = "",
) -> Iterator[Outcome]:
    """Train an invertible residual network on points of the plane and invert it by fixed points.

    Args:
        data: moons, rings, spirals, gaussians, checkerboard or own
        lipschitz: the bound c on the slope of every residual branch; from 1 on nothing is promised
        depth: residual blocks, 1 to 16
        steps: training steps, 0 to 2000
        seed: draws weights, noise and batches
        log_det: what training takes for ln det(I + J): exact, series or roulette
        terms: terms of the series, 1 to 30
        width: hidden units, 2 to 128
        rate: Adam's learning rate
        own: points as x,y x,y with data=own, 8 to 2000 within -4 to 4
    """
    arguments: dict[str, Any] = {
        "data": data,
        "own": own,
        "lipschitz": lipschitz,
        "depth": depth,
        "width": width,
        "log_det": log_det,
        "terms": terms,
        "rate": rate,
        "seed": seed,
    }
    settings = FlowSettings(model="i-resnet", **arguments | {"own": _own(data, own)})
    yield from _stream(
        settings,
        steps,
        title="i-ResNet",
        extra=partial(density.residual_blocks, settings),
        how=partial(density.residual_how, settings),
        call=Call(density_lab.train_residual, {**arguments, "steps": steps}),
    )


def train_energy_2d(
    data: Data = "gaussians",
    entropy: float = 3.0,
    step_size: float = 0.02,
    steps: int = 400,
    seed: int = 0,
    penalty: float = 0.03,
    space: Space = "data",
    metropolis: bool = True,
    walk: int = 50,
    rate: float = 0.002,
    own: str = "",
) -> Iterator[Outcome]:
    """Train an energy model with a generator (a GAN seen from energy) and refine by Langevin steps.

    Args:
        data: moons, rings, spirals, gaussians, checkerboard or own
        entropy: weight of the generator's entropy term, 0 switches it off
        step_size: epsilon of the Langevin steps, in squared units of the space
        steps: training steps, 0 to 2000
        seed: draws weights, noise and batches
        penalty: weight of the energy's squared slope at data and samples
        space: where Langevin walks: data or latent
        metropolis: accept or refuse each step, which makes the walk exact
        walk: Langevin steps, 1 to 400
        rate: Adam's learning rate
        own: points as x,y x,y with data=own, 8 to 2000 within -4 to 4
    """
    arguments: dict[str, Any] = {
        "data": data,
        "own": own,
        "entropy": entropy,
        "penalty": penalty,
        "rate": rate,
        "seed": seed,
    }
    settings = EnergySettings(**arguments | {"own": _own(data, own)})
    chain = {"walk": walk, "step_size": step_size, "space": space, "metropolis": metropolis}
    check_walk(walk, step_size, space)
    yield from _stream(
        settings,
        steps,
        title=say("能量与生成器", "Energy and generator"),
        extra=partial(density.energy_blocks, settings, chain),
        how=partial(density.energy_how, settings),
        call=Call(density_lab.train_energy, {**arguments, "steps": steps}),
    )


def _own(data: str, own: str) -> tuple[tuple[float, float], ...]:
    return points_2d.parsed(own) if data == "own" else ()


def _stream(
    settings: Settings,
    steps: int,
    *,
    title: str,
    extra: Callable[[Moment], Sequence[Block]],
    how: Callable[[Moment], Sequence[str | Block]],
    call: Call,
) -> Iterator[Outcome]:
    """Pictures while training goes on, then the whole history with what belongs to it."""
    started = time.perf_counter()
    scenery = density_lab.scenery(settings)
    flow = isinstance(settings, FlowSettings)
    energy = {
        "energy": say("能量的损失", "loss of the energy"),
        "generator": say("样本的平均 U", "mean U of samples"),
        "reconstruction": "‖z − E(G(z))‖²",
    }
    draw = partial(
        run_block,
        settings,
        scenery,
        title=title,
        hint=say("拖动滑块看训练经过", "drag the slider through the training"),
        base_title=say("噪声空间：数据编码成 z", "noise space: the data as z")
        if flow
        else say("噪声空间：从样本认回的 z", "noise space: z recovered from samples"),
        loss_names={"loss": say("训练损失", "training loss")} if flow else energy,
        slack=0.06 if flow else 1.0,
    )

    def outcome(seen: list[Moment], done: bool, **more: Any) -> Outcome:
        spent = 1000 * (time.perf_counter() - started)
        target = seen[-1].step if done else steps
        return Outcome(
            blocks=lambda: [
                draw(seen, target=target, done=done),
                *(extra(seen[-1]) if done else ()),
            ],
            timing=Timing(spent, 0.0, "cpu", 1, "none"),
            progress=1.0 if done else seen[-1].step / max(steps, 1),
            **more,
        )

    seen: list[Moment] = []
    # A run that lies ready is shown at once: its pictures would only flicker by.
    shown = time.perf_counter() if density_lab.known(settings, steps) else 0.0
    for moment in density_lab.moments(settings, steps):
        seen.append(moment)
        if time.perf_counter() - shown > PAUSE:
            yield outcome(list(seen), False, result={"step": moment.step, "nll": moment.nll})
            shown = time.perf_counter()
    yield outcome(
        seen,
        True,
        result=density_lab.summary(seen),
        how=list(how(seen[-1])),
        call=call,
    )


# -- layout -----------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Three kinds of model on the same data."""
    with tab.several():
        with tab.scene("flow", "RealNVP") as scene:
            _flow_scene(scene)
        with tab.scene("residual", "i-ResNet") as scene:
            _residual_scene(scene)
        with tab.scene("energy", say("能量 GAN", "Energy GAN")) as scene:
            _energy_scene(scene)


def _data(scene: Scene, value: str) -> None:
    scene.input("data", gr.Dropdown(CLOUDS, value=value, label=say("数据", "Data")))


def _steps(scene: Scene, value: int) -> None:
    scene.input(
        "steps",
        gr.Slider(
            0,
            density_lab.MAX_STEPS,
            value=value,
            step=1,
            label=say("训练步数", "Training steps"),
        ),
    )


def _rate(scene: Scene, value: float) -> None:
    scene.input(
        "rate",
        gr.Number(
            value, label=say("学习率", "Learning rate"), minimum=1e-6, maximum=0.1, step=0.001
        ),
    )


def _points(scene: Scene) -> None:
    scene.input(
        "own",
        gr.Textbox(
            "",
            label=say("自己的点", "Points of your own"),
            info=say("在图上画，或在这里写 x,y x,y", "draw on the picture, or write x,y x,y here"),
            placeholder="1.2,0.5 -0.3,2",
            lines=2,
            max_length=40_000,
        ),
    )


def _whole(scene: Scene, name: str, low: int, high: int, value: int, label: str) -> None:
    scene.input(name, gr.Slider(low, high, value=value, step=1, label=label))


def _flow_scene(scene: Scene) -> None:
    with scene.controls():
        _data(scene, "moons")
        scene.input("coupling", gr.Radio(COUPLINGS, value="affine", label=say("耦合", "Coupling")))
        scene.input(
            "mixing", gr.Dropdown(MIXINGS, value="reverse", label=say("混合坐标", "Mixing"))
        )
        _steps(scene, 300)
        scene.seed(0)
        with scene.more():
            _whole(scene, "depth", 1, 16, 8, say("耦合层数", "Couplings"))
            _whole(scene, "width", 2, 128, 32, say("隐层宽度", "Hidden units"))
            _rate(scene, 0.01)
            scene.input(
                "volume",
                gr.Checkbox(True, label=say("损失包含 ln|det J|", "ln|det J| in the loss")),
            )
            _points(scene)
        scene.primary(say("训练", "Train"), train_realnvp_2d)
    scene.examples = [
        Example(say("双螺旋", "two spirals"), {"data": "spirals", "mixing": "rotation"},
                say("旋转让每层都动两个坐标", "rotations let every coupling move both coordinates")),
        Example(say("棋盘", "checkerboard"), {"data": "checkerboard", "mixing": "lu", "steps": 200},
                say("光滑的可逆映射画不出直角", "a smooth map draws no corners")),
        Example(say("NICE：加性", "NICE: additive"), {"coupling": "additive", "steps": 200},
                say("体积处处不变：看 ln|det J|", "volume is kept: see ln|det J|")),
        Example(say("画一颗心", "a heart"), {"data": "own", "own": HEART, "steps": 200},
                say("二十个点也能学；点“自己画数据”换成你的", "twenty points suffice; draw your own")),
        Example(say("双环有丝", "rings, with threads"), {"data": "rings", "mixing": "rotation", "steps": 200},
                say("拓扑不同：圆盘变不成环，总留下一根丝", "a disc is no ring: threads remain")),
        Example(say("失败：不算行列式", "failure: no determinant"), {"volume": False, "steps": 100},
                say("全部压到一点，损失却很漂亮", "everything goes to one point, and the loss looks fine")),
        Example(say("失败：不混合", "failure: no mixing"), {"mixing": "none", "steps": 150},
                say("第一个坐标永远是高斯", "the first coordinate stays a Gaussian")),
        Example(say("失败：没有点", "failure: no points"), {"data": "own", "own": "1,1 2,2"},
                say("至少要八个点", "eight points at least")),
    ]  # fmt: skip
    scene.show()


def _residual_scene(scene: Scene) -> None:
    with scene.controls():
        _data(scene, "moons")
        scene.input(
            "lipschitz",
            gr.Slider(
                0.1, 3, value=0.9, step=0.05, label=say("Lipschitz 上界 c", "Lipschitz bound c")
            ),
        )
        _whole(scene, "depth", 1, 16, 6, say("残差块数", "Residual blocks"))
        _steps(scene, 200)
        scene.seed(0)
        with scene.more():
            scene.input(
                "log_det",
                gr.Radio(
                    LOG_DETS, value="exact", label=say("训练用的 ln det", "ln det in training")
                ),
            )
            _whole(scene, "terms", 1, 30, 5, say("级数项数 N", "Terms N of the series"))
            _whole(scene, "width", 2, 64, 24, say("隐层宽度", "Hidden units"))
            _rate(scene, 0.01)
            _points(scene)
        scene.primary(say("训练", "Train"), train_iresnet_2d)
    scene.examples = [
        Example(say("双环", "two rings"), {"data": "rings", "depth": 8, "steps": 120},
                say("块越多，越能弯", "more blocks bend further")),
        Example(say("c = 0.5", "c = 0.5"), {"lipschitz": 0.5, "steps": 100},
                say("求逆飞快，但学得慢", "inverts at once, learns little")),
        Example(say("俄罗斯轮盘", "Russian roulette"), {"log_det": "roulette", "steps": 100},
                say("无偏而嘈杂的梯度", "unbiased, noisy gradients")),
        Example(say("一项的级数", "one term of the series"), {"log_det": "series", "terms": 1, "steps": 100},
                say("只用迹代替 ln det", "the trace instead of ln det")),
        Example(say("画一颗心", "a heart"), {"data": "own", "own": HEART, "steps": 100}),
        Example(say("失败：c = 3", "failure: c = 3"), {"lipschitz": 3.0, "steps": 150},
                say("平面被折叠：∫p 超过 1，求逆失败", "the plane folds: ∫p exceeds 1, inversion fails")),
        Example(say("失败：只有一块", "failure: one block"), {"depth": 1, "steps": 150},
                say("斜率小于 1 的一块几乎动不了什么", "one block of slope below 1 can hardly move anything")),
    ]  # fmt: skip
    scene.show()


def _energy_scene(scene: Scene) -> None:
    with scene.controls():
        _data(scene, "gaussians")
        scene.input(
            "entropy",
            gr.Slider(0, 6, value=3, step=0.1, label=say("熵项权重 μ", "Entropy weight μ")),
        )
        scene.input(
            "step_size",
            gr.Slider(
                0.002, 1, value=0.02, step=0.002, label=say("Langevin 步长 ε", "Langevin step ε")
            ),
            live=True,
        )
        _steps(scene, 400)
        scene.seed(0)
        with scene.more():
            scene.input(
                "penalty",
                gr.Slider(0, 1, value=0.03, step=0.01, label=say("梯度惩罚 λ", "Slope penalty λ")),
            )
            scene.input(
                "space",
                gr.Radio(SPACES, value="data", label=say("Langevin 走在", "Langevin walks in")),
            )
            scene.input(
                "metropolis",
                gr.Checkbox(True, label=say("Metropolis 检验", "Metropolis' test")),
            )
            _whole(scene, "walk", 1, 400, 50, say("Langevin 步数", "Langevin steps"))
            _rate(scene, 0.002)
            _points(scene)
        scene.primary(say("训练", "Train"), train_energy_2d)
    scene.examples = [
        Example(say("双月", "two moons"), {"data": "moons", "steps": 200}),
        Example(say("双环", "two rings"), {"data": "rings", "steps": 200}),
        Example(say("在噪声空间走", "walk in the noise"), {"space": "latent", "steps": 200, "step_size": 0.1},
                say("样本留在生成器的曲面上", "samples stay on the generator's surface")),
        Example(say("惩罚太大", "heavy penalty"), {"penalty": 1.0, "steps": 200},
                say("能量几乎是平的", "the energy is almost flat")),
        Example(say("失败：没有熵项", "failure: no entropy"), {"entropy": 0.0, "steps": 200},
                say("生成器塌进几个深谷，认不回噪声", "the generator falls into a few valleys")),
        Example(say("失败：步长太大", "failure: steps too long"), {"steps": 200, "step_size": 0.9, "metropolis": False},
                say("没有检验的大步子把样本炸散；打开 Metropolis 就原地不动",
                    "unchecked long steps scatter the samples; with the test they stand still")),
    ]  # fmt: skip
    scene.show()


def warmup() -> None:
    """The first picture of a run; a whole one would take the processor from other tabs."""
    next(iter(train_energy_2d()))


DEMO = Demo(
    slug="flow-2d",
    section="generate",
    order=40,
    title=say("密度实验室", "Density lab"),
    heading=say("看模型学会一片点", "Watch a model learn a cloud of points"),
    summary=say(
        "画几个点，看流、可逆残差网络和能量模型一步步学会它们；可以暂停、倒带、弄坏。",
        "Draw points; watch flows, invertible residual networks and energy models learn them: pause, "
        "rewind, break.",
    ),
    keywords="flow realnvp nice glow i-resnet invertible energy gan langevin 流模型 可逆 残差 能量 密度",
    references=(
        Reference(
            title="细水长flow之RealNVP与Glow：流模型的传承与升华",
            url="https://kexue.fm/archives/5807",
            date="2018-08-26",
        ),
        Reference(
            title="细水长flow之可逆ResNet：极致的暴力美学",
            url="https://kexue.fm/archives/6482",
            date="2019-03-21",
        ),
        Reference(
            title="能量视角下的GAN模型（二）：GAN＝“分析”＋“采样”",
            url="https://kexue.fm/archives/6331",
            date="2019-02-15",
        ),
        Reference(
            title="Density Estimation Using Real NVP",
            url="https://arxiv.org/abs/1605.08803",
            date="2016",
            kind="paper",
        ),
        Reference(
            title="Invertible Residual Networks",
            url="https://arxiv.org/abs/1811.00995",
            date="2018",
            kind="paper",
        ),
        Reference(
            title="Maximum Entropy Generators for Energy-Based Models",
            url="https://arxiv.org/abs/1901.08508",
            date="2019",
            kind="paper",
        ),
    ),
    build=build,
    warmup=warmup,
)
