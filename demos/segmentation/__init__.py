"""Word segmentation: seven ways to cut one text, the Markov trellis, and the graph of words."""

from core.tasks import segmentation
from demos import Demo, Reference
from demos._tab import Tab
from demos._words import say
from demos.segmentation.graph import graph_scene
from demos.segmentation.segment import segment_scene
from demos.segmentation.trellis import SENTENCE, trellis_scene


def build(tab: Tab) -> None:
    """Three things to do."""
    with tab.several():
        with tab.scene("segment", say("分词", "Segment")) as scene:
            segment_scene(scene)
        with tab.scene("trellis", say("网格", "Trellis")) as scene:
            trellis_scene(scene)
        with tab.scene("graph", say("词图", "Word graph")) as scene:
            graph_scene(scene)


def warmup() -> None:
    """One sentence by all methods."""
    segmentation.segment(SENTENCE)


DEMO = Demo(
    slug="segmentation",
    section="label",
    title=say("中文分词", "Segmentation"),
    heading=say("一句话的七种切法", "Seven ways to cut a sentence"),
    summary=say(
        "HMM、最大匹配、CRF 并排切同一句话；改一格转移概率，看网格里的路怎样改道。",
        "HMM, maximum matching and CRF cut one text side by side; change a transition, see the path turn.",
    ),
    references=(
        Reference(
            title="【中文分词系列】 3. 字标注法与HMM模型",
            url="https://kexue.fm/archives/3922",
            date="2016-08-19",
        ),
        Reference(
            title="简明条件随机场CRF介绍（附带纯Keras实现）",
            url="https://kexue.fm/archives/5542",
            date="2018-05-18",
        ),
    ),
    weights=("hmm-pku", "cws-pku"),
    build=build,
    warmup=warmup,
    order=20,
    keywords="中文分词 word segmentation HMM 隐马尔可夫 BMES viterbi 最大匹配 词典 Baum-Welch trellis",
)
