"""Glow: a model that inverts exactly; sample by level, take pictures apart, watch the layers work.

A file for each scene (`sample`, `levels`, `strip`, `encode`, `judge`, `morph`, `exchange`, `edit`, `film`,
`plane`); they share `blocks` (grids and the histogram), `photos` (a visitor's own) and `names`.
"""

from core.tasks import glow
from demos import Demo, Reference
from demos._tab import Tab
from demos._words import say
from demos.glow_sampling.edit import edit_scene
from demos.glow_sampling.encode import encode_scene
from demos.glow_sampling.exchange import exchange_scene
from demos.glow_sampling.film import film_scene
from demos.glow_sampling.judge import judge_scene
from demos.glow_sampling.levels import levels_scene
from demos.glow_sampling.morph import morph_scene
from demos.glow_sampling.plane import plane_scene
from demos.glow_sampling.sample import sample_scene
from demos.glow_sampling.strip import strip_scene

SCENES = (
    ("sample", say("采样", "Sample"), sample_scene),
    ("strip", say("升温", "Heat"), strip_scene),
    ("levels", say("单换一层", "One level"), levels_scene),
    ("encode", say("编码", "Encode"), encode_scene),
    ("judge", say("似然", "Likelihood"), judge_scene),
    ("morph", say("插值", "Morph"), morph_scene),
    ("exchange", say("换层", "Exchange"), exchange_scene),
    ("edit", say("属性", "Attributes"), edit_scene),
    ("film", say("逐层", "Layers"), film_scene),
    ("plane", say("平面", "In the plane"), plane_scene),
)


def build(tab: Tab) -> None:
    """Ten things to do."""
    with tab.several():
        for name, title, make in SCENES:
            with tab.scene(name, title) as scene:
                make(scene)


def warmup() -> None:
    """One face: loads the full model and works out its fast path."""
    glow.sample(count=1)


DEMO = Demo(
    slug="glow-sampling",
    section="generate",
    order=3,
    title=say("Glow 采样", "Glow sampling"),
    heading=say("严格可逆的人脸", "Faces, exactly invertible"),
    summary=say(
        "每张图对应唯一的噪声，一个像素不差地来回。调每层的温度，看它变成谁。",
        "Every picture is one noise, there and back to the pixel. Turn the heat of its levels.",
    ),
    keywords="glow flow 流模型 可逆 normalizing flow realnvp nice 似然 likelihood bits per dim 人脸 插值 温度",
    references=(
        Reference(
            title="细水长flow之RealNVP与Glow：流模型的传承与升华",
            url="https://kexue.fm/archives/5807",
            date="2018-08-26",
        ),
        Reference(
            title="Glow: Generative Flow with Invertible 1×1 Convolutions",
            url="https://arxiv.org/abs/1807.03039",
            date="2018",
            kind="paper",
        ),
    ),
    weights=glow.models(),
    build=build,
    warmup=warmup,
)
