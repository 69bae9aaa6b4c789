"""NER with a CRF: mark names in text, and take the lattice behind them in hand."""

from core.tasks import tagging
from demos import Demo, Reference
from demos._tab import Tab
from demos._words import say
from demos.ner_crf.annotate import annotate_scene
from demos.ner_crf.batch import batch_scene
from demos.ner_crf.compare import compare_scene
from demos.ner_crf.inputs import OFFERED, SENTENCE
from demos.ner_crf.lattice import lattice_scene
from demos.ner_crf.probe import probe_scene
from demos.ner_crf.rates import rates_scene


def build(tab: Tab) -> None:
    """Six things to do."""
    with tab.several():
        with tab.scene("annotate", say("标注", "Tag")) as scene:
            annotate_scene(scene)
        with tab.scene("lattice", say("网格", "Lattice")) as scene:
            lattice_scene(scene)
        with tab.scene("compare", say("比较", "Compare")) as scene:
            compare_scene(scene)
        with tab.scene("probe", say("敏感度", "Probe")) as scene:
            probe_scene(scene)
        with tab.scene("batch", say("批量", "Batch")) as scene:
            batch_scene(scene)
        with tab.scene("rates", say("学习率", "Learning rate")) as scene:
            rates_scene(scene)


def warmup() -> None:
    """One sentence through the default model."""
    tagging.tag(SENTENCE)


DEMO = Demo(
    slug="ner-crf",
    section="label",
    title=say("命名实体 CRF", "NER / CRF"),
    heading=say("条件随机场找名字", "A CRF finds names"),
    summary=say(
        "贴一段中文，看名字被标出来；再打开网格，固定一个标签，看整句怎样重新想一遍。",
        "Paste Chinese text and see its names; then open the lattice, pin a tag, watch it think again.",
    ),
    references=(
        Reference(
            title="简明条件随机场CRF介绍（附带纯Keras实现）",
            url="https://kexue.fm/archives/5542",
            date="2018-05-18",
        ),
        Reference(
            title="你的CRF层的学习率可能不够大",
            url="https://kexue.fm/archives/7196",
            date="2020-02-07",
        ),
    ),
    weights=OFFERED,
    build=build,
    warmup=warmup,
    order=10,
    keywords="命名实体识别 NER entity CRF 条件随机场 viterbi lattice marginals BIO 标注 MEMM softmax",
)
