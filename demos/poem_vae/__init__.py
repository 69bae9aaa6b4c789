"""Poem VAE: Gaussian numbers in, verse out; encode, walk, blend, and write under rules.

A file for each scene (`compose`, `read`, `walk`, `palette`); they share `cards` (verse as set on the
page), `panels` (what opens under a card), `similar` (a card's button) and `models` (which one writes).
"""

from core.tasks import poems
from demos import Demo, Reference
from demos._tab import Tab
from demos._words import say
from demos.poem_vae.compose import compose_scene
from demos.poem_vae.palette import palette_scene
from demos.poem_vae.read import read_scene
from demos.poem_vae.walk import walk_scene


def build(tab: Tab) -> None:
    """Four things to do."""
    with tab.several():
        with tab.scene("compose", say("作诗", "Compose")) as scene:
            compose_scene(scene)
        with tab.scene("read", say("编码", "Encode")) as scene:
            read_scene(scene)
        with tab.scene("walk", say("插值", "Walk")) as scene:
            walk_scene(scene)
        with tab.scene("palette", say("调色板", "Palette")) as scene:
            palette_scene(scene)


def warmup() -> None:
    """One couplet: loads the new model and its tables."""
    poems.compose(count=1)


DEMO = Demo(
    slug="poem-vae",
    section="generate",
    order=1,
    title=say("诗歌 VAE", "Poem VAE"),
    heading=say("随机成诗", "Verse from noise"),
    summary=say(
        "一串高斯随机数，就是一首诗。拖动它们，看一首诗怎样一点点变成另一首。",
        "A string of Gaussian numbers is a poem. Move them, and watch one verse turn into another.",
    ),
    keywords="vae 变分自编码 诗 唐诗 绝句 对联 平仄 poetry latent",
    references=(
        Reference(
            title="变分自编码器：随机成诗", url="https://kexue.fm/archives/5332", date="2018-03-24"
        ),
        Reference(
            title="Auto-Encoding Variational Bayes",
            url="https://arxiv.org/abs/1312.6114",
            date="2013",
            kind="paper",
        ),
    ),
    weights=("poem-vae", "poem-vae-2018"),
    build=build,
    warmup=warmup,
)
