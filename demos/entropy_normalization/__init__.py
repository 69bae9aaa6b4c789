"""Entropy normalisation: drag a distribution, choose its entropy, and watch two solvers go for it."""

from demos import Demo, Reference
from demos._tab import Tab
from demos._words import say
from demos.entropy_normalization.attention import attention_scene
from demos.entropy_normalization.bars import bars_scene
from demos.entropy_normalization.failure_map import map_scene


def build(tab: Tab) -> None:
    """Three things to do."""
    with tab.several():
        with tab.scene("bars", say("调熵", "Bars")) as scene:
            bars_scene(scene)
        with tab.scene("map", say("失败地图", "Failure map")) as scene:
            map_scene(scene)
        with tab.scene("attention", say("注意力", "Attention")) as scene:
            attention_scene(scene)


DEMO = Demo(
    slug="entropy-normalization",
    section="mathematics",
    title=say("熵归一化", "Set the entropy"),
    heading=say("给分布定一个熵", "A distribution of any entropy you like"),
    summary=say(
        "拖柱子、定熵：同一个方程，牛顿法常常走丢，括住的解法从不失手。",
        "Drag bars, choose the entropy: one equation where Newton gets lost and a bracket never does.",
    ),
    references=(
        Reference(
            title="概率分布的熵归一化（Entropy Normalization）",
            url="https://kexue.fm/archives/8829",
            date="2021-12-24",
        ),
    ),
    build=build,
    order=30,
    keywords="熵 entropy normalization 温度 temperature 牛顿法 Newton bisection 注意力 attention softmax",
)
