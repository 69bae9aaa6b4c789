"""O-GAN: one network judges and encodes, so photographs are reconstructed, mixed and walked between.

A file for each scene: `faces` (a grid of seeds), `path` (a film between two), `encode` (a photo through
the code and back), `plane` (four corners under the pointer), `arithmetic` (directions from groups),
`judge` (the discriminator's numbers) and `toy` (training in the plane); `shared` has what they share.
"""

from core.tasks import ogan
from demos import Demo, Reference
from demos._tab import Tab
from demos._words import say
from demos.gan_interpolation.arithmetic import arithmetic_scene
from demos.gan_interpolation.encode import encode_scene
from demos.gan_interpolation.faces import faces_scene
from demos.gan_interpolation.judge import judge_scene
from demos.gan_interpolation.path import path_scene
from demos.gan_interpolation.plane import plane_scene
from demos.gan_interpolation.shared import OFFERED
from demos.gan_interpolation.toy import toy_scene


def build(tab: Tab) -> None:
    """Seven things to do; the grid of seeds comes first."""
    with tab.several():
        with tab.scene("faces", say("抽样", "Faces")) as scene:
            faces_scene(scene)
        with tab.scene("path", say("路径", "Path")) as scene:
            path_scene(scene)
        with tab.scene("encode", say("重构", "Encode")) as scene:
            encode_scene(scene)
        with tab.scene("plane", say("四角", "Plane")) as scene:
            plane_scene(scene)
        with tab.scene("arithmetic", say("加减", "Arithmetic")) as scene:
            arithmetic_scene(scene)
        with tab.scene("judge", say("判别器", "Discriminator")) as scene:
            judge_scene(scene)
        with tab.scene("toy", say("平面实验", "In the plane")) as scene:
            toy_scene(scene)


def warmup() -> None:
    """One path: loads the model, and the kernels of full batches."""
    ogan.walk(1, 2, steps=60).pictures.sprite()


DEMO = Demo(
    slug="gan-interpolation",
    section="generate",
    order=2,
    title=say("GAN 插值", "GAN faces"),
    heading=say("判别器就是编码器", "The discriminator is the encoder"),
    summary=say(
        "放一张照片，看它被编码、重构，再一步步走成另一张脸：生成与编码只用两个网络。",
        "Drop in a photo, see it encoded and rebuilt, then walk it step by step into another face.",
    ),
    keywords="gan o-gan ogan 插值 编码器 判别器 人脸 face interpolation latent dcgan self-mod",
    references=(
        Reference(
            title="O-GAN：简单修改，让GAN的判别器变成一个编码器！",
            url="https://kexue.fm/archives/6409",
            date="2019-03-06",
        ),
        Reference(
            title="O-GAN: Extremely Concise Approach for Auto-Encoding Generative Adversarial Networks",
            url="https://arxiv.org/abs/1903.01931",
            date="2019",
            kind="paper",
        ),
        Reference(
            title="从DCGAN到SELF-MOD：GAN的模型架构发展一览",
            url="https://kexue.fm/archives/6549",
            date="2019-04-19",
        ),
    ),
    weights=OFFERED,
    build=build,
    warmup=warmup,
)
