"""A photo through the encoder and back, and a search that shows what the encoder missed."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from core import pictures
from core.tasks import ogan
from core.tasks.ogan import Reading, Refined
from demos._lines import line, margins
from demos._outcome import Block, Call, Example, Outcome
from demos._pictures import (
    end_of,
    photo_aligner,
    photo_block,
    photo_input,
    pictures_block,
    seed_input,
    slot_picture,
)
from demos._tab import Scene
from demos._words import say
from demos.gan_interpolation.shared import (
    SIZE,
    Model,
    Prior,
    filled,
    model_input,
    offered_examples,
    prior_input,
    signed,
    truncation_input,
)


def encode_scene(scene: Scene) -> None:
    """A picture, and how long to search."""
    with scene.controls():
        model_input(scene)
        seed_input(scene, "seed", 6421, say("种子（没有照片时）", "Seed (without a photo)"))
        photo_input(scene, "photo")
        scene.input(
            "rounds",
            gr.Slider(
                0,
                ogan.MAX_ROUNDS,
                value=6,
                step=1,
                label=say("精修轮数（每轮 10 步）", "Refining rounds of ten steps"),
            ),
        )
        truncation_input(scene, least=0.05)
        with scene.more():
            prior_input(scene)
            scene.input(
                "drawn_at",
                gr.Slider(
                    0,
                    1.5,
                    value=0.9,
                    step=0.05,
                    label=say("画来源时的截断", "Source drawn at truncation"),
                ),
            )
            scene.input(
                "on_sphere",
                gr.Checkbox(True, label=say("编码留在球面上", "Keep the code on the sphere")),
            )
        scene.primary(say("编码并重构", "Encode and rebuild"), rebuild_face)
    scene.examples = offered_examples(
        Example(say("另一张脸", "another face"), {"seed": 17}),
        Example(say("动漫", "anime"), {"model": "ogan-anime", "seed": 6433}),
        Example(say("只重构", "rebuild only"), {"rounds": 0, "seed": 8}, say(
                "一次前馈就得到编码", "one pass gives the code")),
        Example(say("精修 100 步", "refine 100 steps"), {"rounds": 10, "seed": 8}),
        Example(say("截断 1", "truncation 1"), {"truncation": 1.0}, say(
                "0.9 是作者演示里的系数", "0.9 is the factor of the author's demo")),
        Example(say("自由的编码", "free code"), {"rounds": 10, "on_sphere": False}, say(
                "离开球面，像素更近，却不再是典型的脸", "off the sphere pixels fit better, faces less")),
        Example(say("失败：截断 0.3", "failure: truncation 0.3"), {"truncation": 0.3, "rounds": 0}, say(
                "编码缩得太短，只剩平均脸", "the code is too short: the mean face is left")),
        Example(say("失败：不是图片", "failure: no picture"), {"photo": "data:image/png;base64,AAAA"},
                say("坏文件会被一句话拒绝", "a broken file is refused with a sentence")),
    )  # fmt: skip
    scene.show(live={"align_photo": photo_aligner(SIZE)})


def rebuild_face(
    seed: int = 6421,
    photo: str = "",
    rounds: int = 6,
    truncation: float = 0.9,
    on_sphere: bool = True,
    drawn_at: float = 0.9,
    model: Model = "ogan-faces",
    prior: Prior = "normal",
) -> Iterator[Outcome]:
    """Encode a face with O-GAN's discriminator, rebuild it, and refine the code by gradient.

    Args:
        seed: a generated face as the source, without a photo
        photo: a photo as a data URL; its largest face is aligned
        rounds: rounds of ten steps of refinement, 0 to 20
        truncation: factor before the code in the reconstruction, 0.05 to 2 where it is refined
        on_sphere: keep the code's length while refining
        drawn_at: factor before the noise of the seed, 0 to 2
        model: ogan-faces (people) or ogan-anime (drawn faces)
        prior: what seeds are drawn from: normal or fitted (a Gaussian of real pictures' codes)
    """
    picture, rounds = end_of(seed, photo), int(rounds)
    arguments: dict[str, Any] = {"truncation": truncation, "drawn_at": drawn_at, "prior": prior}
    told = ogan.read(picture, model, **arguments)
    searched: dict[str, Any] = {"rounds": rounds, "on_sphere": on_sphere}
    call = Call(ogan.rebuild, {"picture": picture, "model": model, **arguments, **searched})
    note = say("照片", "photo") if photo else say(f"种子 {int(seed)}", f"seed {int(seed)}")

    def outcome(found: Refined | None, done: bool) -> Outcome:
        share = (
            None if not rounds else 1.0 if done else found.step / (10 * rounds) if found else 0.0
        )
        return Outcome(
            result={"reading": told, "refined": found},
            blocks=lambda: _blocks(told, found, note, bool(photo)),
            timing=told.timing if found is None else told.timing + found.timing,
            progress=share,
            call=call,
            how=lambda: _how(told, found, made=not photo, on_sphere=on_sphere),
        )

    if not rounds:
        yield outcome(None, True)
        return
    for found in ogan.refine(told, model, **searched):
        yield outcome(found, found.step == 10 * rounds)


def _blocks(told: Reading, found: Refined | None, note: str, used: bool) -> list[Block]:
    shown = [told.source, told.reconstruction]
    captions = [
        say("原图", "source"),
        say(f"重构 {told.psnr:.1f} dB", f"rebuilt {told.psnr:.1f} dB"),
    ]
    if found is not None:
        shown.append(found.picture)
        captions.append(
            say(f"精修 {found.psnr[-1]:.1f} dB", f"refined {found.psnr[-1]:.1f} dB"),
        )
    errors = [pictures.difference(told.source, other) for other in shown[1:]]
    captions += [say("重构的差 ×3", "difference ×3"), say("精修的差 ×3", "refined, ×3")][
        : len(errors)
    ]
    blocks: list[Block] = [
        pictures_block(
            pictures.join(*shown, *errors),
            title=say("原图与重构", "Source and reconstruction"),
            hint=say(f"ρ = {told.correlation:.3f}", f"ρ = {told.correlation:.3f}"),
            alt=say(
                f"原图、重构（{told.psnr:.1f} dB）、精修与差别。",
                f"Source, reconstruction ({told.psnr:.1f} dB), refinement and differences.",
            ),
            captions=captions,
            across=len(shown) + len(errors),
        ),
        photo_block(
            [
                {
                    "input": "photo",
                    "label": say("来源", "Source"),
                    "note": note,
                    "used": used,
                    "pictures": [slot_picture(told.source, 0, say("对齐后", "aligned"))],
                    "lines": [
                        [say("真实度", "realism"), -told.score],
                        [say("散布 std", "spread"), told.spread],
                        ["ρ", told.correlation],
                    ],
                }
            ],
            title=say("换成你的照片", "Use a photo of yours"),
            size=SIZE,
        ),
    ]
    if found is not None:
        blocks.insert(1, _curve(found))
    blocks.append(_bars(told))
    return blocks


def _curve(found: Refined) -> Block:
    levels = [round(v, 3) for v in found.psnr]
    gain = levels[-1] - levels[0]
    return {
        "kind": "plot",
        "title": say("精修编码", "Refining the code"),
        "hint": say(
            f"{found.step} 步，增益 {gain:.2f} dB", f"{found.step} steps gain {gain:.2f} dB"
        ),
        "height": 210,
        "alt": say(
            f"PSNR 从 {levels[0]:.2f} 升到 {levels[-1]:.2f} dB。",
            f"PSNR rises from {levels[0]:.2f} to {levels[-1]:.2f} dB.",
        ),
        "figure": {
            "data": [line(list(range(len(levels))), levels, "seal")],
            "layout": {
                "xaxis": {
                    "title": {"text": say("梯度步", "gradient steps")},
                    "rangemode": "tozero",
                },
                "yaxis": {"title": {"text": "PSNR / dB"}},
                "margin": margins(16),
            },
        },
    }


def _bars(told: Reading) -> Block:
    code = [round(v, 3) for v in told.code]
    return {
        "kind": "plot",
        "title": say("编码", "The code"),
        "hint": say(
            f"{len(code)} 个数，平均 0，标准差 1", f"{len(code)} numbers of mean 0, deviation 1"
        ),
        "height": 170,
        "alt": say(
            f"编码的 {len(code)} 个分量，从 {min(code):.1f} 到 {max(code):.1f}。",
            f"The {len(code)} components of the code, from {min(code):.1f} to {max(code):.1f}.",
        ),
        "figure": {
            "data": [
                {
                    "type": "bar",
                    "x": list(range(len(code))),
                    "y": code,
                    "marker": {"color": "indigo"},
                    "hovertemplate": "%{x}: %{y}<extra></extra>",
                }
            ],
            "layout": {
                "xaxis": {"title": {"text": say("分量", "component")}},
                "yaxis": {"title": {"text": "N(E(x))"}},
                "bargap": 0.15,
                "margin": margins(16),
            },
        },
    }


def _how(told: Reading, found: Refined | None, *, made: bool, on_sphere: bool) -> list[str | Block]:
    parts: list[str | Block] = [
        say(
            "判别器的输出拆成三样互不相干的东西：平均是判断，标准差不用，方向是编码。重构只是把编码送回生成器。",
            "The discriminator's output is taken apart in three independent things: its mean judges, "
            "its deviation is free, its direction is the code. A reconstruction sends the code back.",
        ),
        filled(
            r"\hat x=G\big(@\,\mathcal N(E(x))\big),\quad \bar E(x)=@,\quad \mathrm{std}\,E(x)=@",
            told.truncation,
            told.score,
            told.spread,
        ),
        filled(
            r"\rho\big(z,E(G(z))\big)=@,\qquad \mathrm{PSNR}(x,\hat x)=@\ \mathrm{dB}",
            told.correlation,
            told.psnr,
        ),
        say(
            "训练里 ρ 只在生成图上最大化；照片也能重构，首先是因为生成图够像照片。我们还让一部分生成图由训练照片的编码画出，"
            "并要求它们的粗像素接近原照片（论文里没有，比例和权重写在模型卡里）。",
            "In training ρ is maximised on generated pictures alone; photographs are rebuilt too, first "
            "of all as far as generated pictures resemble them. Beyond the paper, some of these pictures "
            "were made from codes of training photographs and their coarse pixels held to the original; "
            "the model card says how many and how strongly.",
        ),
    ]
    if found is not None and found.step:
        gain = found.psnr[-1] - found.psnr[0]
        left = (
            say(
                "这张图本来就是生成器画的，有一个误差为零的编码，这几步没走到那里。",
                "The generator painted this picture, so some code leaves no error; the search has not "
                "come that far.",
            )
            if made
            else say(
                "剩下的误差，至多是生成器画不出的部分。",
                "What is left bounds what the generator cannot paint.",
            )
        )
        sphere = rf"\lVert z\rVert={told.truncation:g}\sqrt{{n}}" if on_sphere else "z"
        parts += [
            say(
                f"再用梯度搜索 {found.step} 步：多 {gain:.2f} dB。",
                f"A search of {found.step} gradient steps gains {gain:.2f} dB. ",
            )
            + left
            + say(
                f"新编码与前馈编码的相关系数是 {found.drift:.3f}，真实度 {signed(-found.score)}。",
                f" The new code correlates with the encoder's by {found.drift:.3f}; realism "
                f"{signed(-found.score)}.",
            ),
            filled(
                r"z^\ast=\mathrm{arg}\,\min_{"
                + sphere
                + r"}\ \lVert G(z)-x\rVert^2,\qquad \rho(z^\ast,z_0)=@",
                found.drift,
            ),
        ]
    return parts
