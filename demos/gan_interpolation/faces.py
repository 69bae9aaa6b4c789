"""The first scene: faces of consecutive seeds; any of them may be sent on to the other scenes."""

from statistics import mean

import gradio as gr

from core.tasks import ogan
from demos._outcome import Call, Example, Outcome, formula
from demos._pictures import pictures_block
from demos._tab import Scene
from demos._words import say
from demos.gan_interpolation.shared import (
    FITTED,
    NOISE,
    Model,
    Prior,
    filled,
    model_input,
    offered_examples,
    prior_input,
    signed,
    truncation_input,
)

ORDERS = [
    (say("按种子", "by seed"), "seed"),
    (say("最像真的在前", "most real first"), "score"),
    (say("最难认回的在前", "least recoverable first"), "correlation"),
]
# Label, scene, inputs, and that scene's name for the factor that the face was drawn with.
SEND: list[tuple[str, str, dict[str, str], str]] = [
    ("→ A", "path", {"seed_a": "$", "photo_a": ""}, "truncation"),
    ("→ B", "path", {"seed_b": "$", "photo_b": ""}, "truncation"),
    (say("→ 重构", "→ encode"), "encode", {"seed": "$", "photo": ""}, "drawn_at"),
    (say("→ 加减", "→ arithmetic"), "arithmetic", {"seed": "$", "photo": ""}, "truncation"),
]


def faces_scene(scene: Scene) -> None:
    """How many, how typical, from which seed."""
    with scene.controls():
        model_input(scene)
        prior_input(scene)
        truncation_input(scene, live=True)
        scene.input("count", gr.Slider(1, 64, value=24, step=1, label=say("张数", "How many")))
        scene.input("order", gr.Dropdown(ORDERS, value="seed", label=say("排列", "Order")))
        scene.seed(6409)
        scene.primary(say("抽样", "Draw"), draw_faces)
    scene.examples = offered_examples(
        Example(say("另一批", "another batch"), {"seed": 100}),
        Example(say("动漫", "anime"), {"model": "ogan-anime"}),
        Example(say("照片的编码", "codes of pictures"), {"prior": "fitted"}, say(
                "从拟合的高斯分布里抽：彼此更像", "from a fitted Gaussian: more alike")),
        Example(say("64 张", "sixty-four"), {"seed": 2019, "count": 64}),
        Example(say("截断 0.5", "truncation 0.5"), {"truncation": 0.5}, say(
                "更平均，更像彼此", "more average, more alike")),
        Example(say("判别器最信的", "most trusted"), {"count": 48, "order": "score"}, say(
                "前面的分数最低，判别器最当真", "the first are taken for real most")),
        Example(say("失败：截断 1.5", "failure: truncation 1.5"), {"truncation": 1.5}, say(
                "离开了训练时噪声所在的球面", "off the sphere on which noise lay in training")),
        Example(say("失败：截断 0", "failure: truncation 0"), {"truncation": 0.0}, say(
                "所有种子都是同一张“平均脸”", "every seed gives the same mean face")),
        Example(say("编码最难认回的", "hardest to read back"), {"count": 48, "order": "correlation"},
                say("前面几张的 ρ 最低", "the first have the lowest ρ")),
    )  # fmt: skip
    scene.show()


def draw_faces(
    seed: int = 6409,
    count: int = 24,
    truncation: float = 0.9,
    order: str = "seed",
    model: Model = "ogan-faces",
    prior: Prior = "normal",
) -> Outcome:
    """Draw faces from Gaussian noise with O-GAN, with the discriminator's score of each.

    Args:
        seed: the first picture's seed; the next have seed + 1, seed + 2, ...
        count: how many, 1 to 100
        truncation: factor before the noise, 0 to 2; smaller is more typical and less varied
        order: seed, score (most real first) or correlation (least recoverable first)
        model: ogan-faces (people) or ogan-anime (drawn faces)
        prior: what seeds are drawn from: normal or fitted (a Gaussian of real pictures' codes)
    """
    seed, count = int(seed), int(count)
    made = ogan.sample(seed, count, model, truncation=truncation, prior=prior)
    scores, rhos = made.numbers.score, made.numbers.correlation
    keys = {"score": scores, "correlation": rhos}.get(order, made.seeds)
    places = sorted(range(count), key=lambda i: keys[i])
    return Outcome(
        result=made,
        blocks=lambda: [
            pictures_block(
                made.pictures.chosen(places),
                title=say("由噪声生成的人脸", "Faces from noise"),
                hint=say("点一张，送进别的实验", "click one to take it further"),
                alt=say(
                    f"{count} 张生成的人脸，种子从 {seed} 开始，截断 {truncation:g}。",
                    f"{count} generated faces, seeds from {seed}, truncation {truncation:g}.",
                ),
                captions=[str(made.seeds[i]) for i in places],
                values=[made.seeds[i] for i in places],
                shown=84,
                send=[
                    {
                        "label": label,
                        "scene": scene,
                        "inputs": {
                            **inputs,
                            "model": model,
                            "prior": prior,
                            factor: truncation,
                        },
                    }
                    for label, scene, inputs, factor in SEND
                ],
                sendHint=say("种子 $", "seed $"),
                sendIdle=say("图下是种子", "below each picture its seed"),
            )
        ],
        timing=made.timing,
        call=Call(
            ogan.sample,
            {
                "seed": seed,
                "count": count,
                "model": model,
                "truncation": truncation,
                "prior": prior,
            },
        ),
        how=lambda: [
            say(
                f"每个种子给出 {ogan.latent_of(model)} 个数作编码，乘以截断系数 {truncation:g} 后由"
                f"生成器画成 {ogan.size_of(model)}×{ogan.size_of(model)} 的图。",
                f"Each seed gives the {ogan.latent_of(model)} numbers of a code; times the truncation "
                f"{truncation:g} the generator paints them as {ogan.size_of(model)}×"
                f"{ogan.size_of(model)} pixels.",
            ),
            formula(r"x = G(" + f"{truncation:g}" + r"\,z),\qquad " + NOISE[prior]),
            *([FITTED] if prior == "fitted" else []),
            say(
                f"判别器 E 输出同样多的数：平均值是判断（低＝真），这一批平均 {signed(mean(scores))}；"
                f"方向是编码，与 z 的相关系数平均 {mean(rhos):.3f}，最低 {min(rhos):.3f}。",
                "The discriminator E returns as many numbers: their mean is the judgement (low is "
                f"real), {signed(mean(scores))} on average here; their direction is the code, which "
                f"correlates with z by {mean(rhos):.3f} on average, {min(rhos):.3f} at least.",
            ),
            filled(
                r"E(x)=\underbrace{\bar E}_{@}+\mathrm{std}(E)\,"
                r"\underbrace{\mathcal N(E(x))}_{\rho=@}",
                mean(scores),
                mean(rhos),
            ),
        ],
    )
