"""Discrete distributions: scores, a noise, the largest wins. Which noise gives which probabilities?"""

from demos import Demo, Reference
from demos._tab import Tab
from demos._words import say
from demos.discrete_distributions.race import race_scene
from demos.discrete_distributions.simplex import simplex_scene
from demos.discrete_distributions.tails import tails_scene
from demos.discrete_distributions.train import pulls, train_scene


def build(tab: Tab) -> None:
    """Four things to do."""
    with tab.several():
        with tab.scene("noise", say("赛跑", "Race")) as scene:
            race_scene(scene)
        with tab.scene("simplex", say("单纯形", "Simplex")) as scene:
            simplex_scene(scene)
        with tab.scene("tails", say("尾巴", "Tails")) as scene:
            tails_scene(scene)
        with tab.scene("train", say("输出层", "Train")) as scene:
            train_scene(scene)


def warmup() -> None:
    """The curve that all visitors share."""
    pulls()


DEMO = Demo(
    slug="discrete-distributions",
    section="mathematics",
    title=say("离散分布", "Noise and argmax"),
    heading=say(
        "加噪声，取最大：不止一个 softmax", "Add noise, take the largest: more than one softmax"
    ),
    summary=say(
        "拖动分数、换一种噪声：Gumbel 给出 softmax，正态、均匀、Cauchy 各给出另一个分布。",
        "Drag the scores, choose a noise: Gumbel gives softmax; normal, uniform, Cauchy give others.",
    ),
    references=(
        Reference(
            title="从重参数的角度看离散概率分布的构建",
            url="https://kexue.fm/archives/9085",
            date="2022-05-25",
        ),
    ),
    build=build,
    warmup=warmup,
    order=40,
    keywords="离散概率 softmax gumbel argmax reparameterization 重参数 噪声 noise simplex 单纯形 probit sparsity",
)
