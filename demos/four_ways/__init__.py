"""Four ways to make a face: VAE, O-GAN, Glow and diffusion answer the same seed and the same photograph.

A file for each scene: `sample` (one seed), `photo` (one picture through each), `morph` (between two,
scrubbed together), `denoise` (the film of diffusion) and `compare` (what each offers); `names` and
`photos` have what they share. diffusers is loaded when diffusion is asked for first, and not by the warm-up.
"""

from core.tasks import families
from demos import Demo, Reference
from demos._tab import Tab
from demos._words import say
from demos.four_ways.compare import compare_scene
from demos.four_ways.denoise import denoise_scene
from demos.four_ways.morph import morph_scene
from demos.four_ways.photo import photo_scene
from demos.four_ways.sample import sample_scene

SCENES = (
    ("sample", say("采样", "Sample"), sample_scene),
    ("photo", say("照片", "Photo"), photo_scene),
    ("morph", say("插值", "Morph"), morph_scene),
    ("denoise", say("去噪", "Denoise"), denoise_scene),
    ("compare", say("对照", "Compare"), compare_scene),
)


def build(tab: Tab) -> None:
    """Five things to do; the film of diffusion only where the gallery has such a model."""
    with tab.several():
        for name, title, make in SCENES:
            if name == "denoise" and "diffusion" not in families.known():
                continue
            with tab.scene(name, title) as scene:
                make(scene)


def warmup() -> None:
    """A row of each family of one pass; diffusion waits until somebody wants it."""
    families.sample(only=families.ONE_PASS)


DEMO = Demo(
    slug="four-ways",
    section="generate",
    order=4,
    title=say("四种画法", "Four ways"),
    heading=say("画一张脸的四种办法", "Four ways to make a face"),
    summary=say(
        "VAE、O-GAN、Glow、扩散：同一个种子，同一张照片，看谁模糊、谁精确、谁慢。",
        "One seed, one photo, four models: see who blurs, who is exact and who is slow.",
    ),
    keywords="vae gan o-gan glow flow diffusion ddpm ddim dpm-solver 扩散模型 变分自编码器 流模型 对比 人脸 "
    "反演 inversion denoising comparison likelihood",
    references=(
        Reference(
            title="变分自编码器（一）：原来是这么一回事",
            url="https://kexue.fm/archives/5253",
            date="2018-03-18",
        ),
        Reference(
            title="O-GAN：简单修改，让GAN的判别器变成一个编码器！",
            url="https://kexue.fm/archives/6409",
            date="2019-03-06",
        ),
        Reference(
            title="细水长flow之RealNVP与Glow：流模型的传承与升华",
            url="https://kexue.fm/archives/5807",
            date="2018-08-26",
        ),
        Reference(
            title="生成扩散模型漫谈（一）：DDPM = 拆楼 + 建楼",
            url="https://kexue.fm/archives/9119",
            date="2022-06-13",
        ),
        Reference(
            title="Denoising Diffusion Implicit Models",
            url="https://arxiv.org/abs/2010.02502",
            date="2020",
            kind="paper",
        ),
    ),
    weights=tuple(families.MODELS[family] for family in families.known()),
    build=build,
    warmup=warmup,
)
