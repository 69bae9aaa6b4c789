"""The scene that rebuilds: one picture through the code of each family, and what is lost on the way."""

from collections.abc import Iterator
from typing import Any, Literal

from core.pictures import join
from core.tasks import families
from core.tasks.families import Readings, Rebuilt
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._pictures import end_of, photo_block, photo_input, seed_input, slot_picture
from demos._tab import Scene
from demos._words import resolve, say
from demos.four_ways.names import (
    NAMES,
    maker_input,
    passes,
    progress,
    reason_row,
    share,
    steps_input,
)
from demos.four_ways.photos import align_photo

SEED = 6429
Maker = Literal["vae", "ogan", "glow", "diffusion"]


def photo_scene(scene: Scene) -> None:
    """A picture, and how many steps diffusion takes up and down again."""
    with scene.controls():
        seed_input(scene, "seed", SEED, say("种子（没有照片时）", "Seed (without a photo)"))
        maker_input(scene)
        steps_input(
            scene, 50, label=say("扩散步数（上行、下行各）", "Diffusion steps, up and down each")
        )
        photo_input(scene, "photo")
        scene.primary(say("编码再还原", "Encode and rebuild"), rebuild_four_ways)
    scene.examples = [
        Example(say("另一张脸", "another face"), {"seed": 17}),
        Example(say("Glow 画的脸", "a face drawn by Glow"), {"seed": 7, "made_by": "glow"}, say(
                "O-GAN 没有主场之利时误差更大", "without home advantage O-GAN errs more")),
        Example(say("VAE 画的脸", "a face drawn by the VAE"), {"seed": 3, "made_by": "vae"}, say(
                "本来就模糊，VAE 丢得最少", "blurred from the start: little for a VAE to lose")),
        Example(say("100 步反演", "inversion in 100 steps"), {"steps": 100}, say(
                "步子越小，DDIM 来回越准", "the smaller the steps, the more exact DDIM's round trip")),
        Example(say("25 步反演", "inversion in 25 steps"), {"steps": 25}),
        Example(say("失败：5 步反演", "failure: inversion in 5 steps"), {"steps": 5}, say(
                "反演的近似误差累积起来", "the errors of inverting add up")),
        Example(say("失败：没有这个种子", "failure: no such seed"), {"seed": -1}, say(
                "种子从 0 开始", "seeds begin at 0")),
    ]  # fmt: skip
    # A face can be drawn only by a family that is here.
    scene.examples = [
        e for e in scene.examples if e.inputs.get("made_by", "ogan") in families.known()
    ]
    scene.show(live={"align_photo": align_photo})


def rebuild_four_ways(
    seed: int = SEED,
    made_by: Maker = "ogan",
    steps: int = 50,
    photo: str = "",
) -> Iterator[Outcome]:
    """Encode and rebuild one picture with a VAE, a GAN, a flow and a diffusion model: error maps, PSNR.

    Args:
        seed: of the face that is rebuilt when there is no photo
        made_by: the family that draws the seed's face: vae, ogan, glow or diffusion
        steps: of the diffusion model, up to noise and down again, 1 to 100
        photo: a photo as a data URL instead; its largest face is aligned
    """
    arguments: dict[str, Any] = {
        "picture": end_of(seed, photo),
        "made_by": made_by,
        "steps": int(steps),
    }
    call = Call(families.read, arguments)
    for seen in families.readings(**arguments):
        yield Outcome(
            result=seen,
            blocks=[_rows(seen), _slot(seen, bool(photo.strip()), made_by)],
            timing=seen.timing,
            progress=progress(seen.rows, seen.missing, int(steps), 2),
            call=call,
            how=_how(seen, int(steps)),
        )


def _rows(seen: Readings) -> Block:
    told = "; ".join(
        f"{NAMES[row.family]} {row.psnr:.1f} dB" for row in seen.rows if row.spent.done
    )
    return {
        "kind": "rows",
        "title": say("一张图，四种编码", "One picture, four codes"),
        "hint": say(
            "各家按自己的边长看图；误差图同一色标",
            "each sees the picture at its own size; error maps share one scale",
        ),
        "alt": say("各家的还原：", "Reconstructions: ") + told,
        "captions": [
            say("它看到的", "as it sees it"),
            say("还原", "rebuilt"),
            say("误差", "error"),
        ],
        "rows": [
            *(_row(row) for row in seen.rows),
            *(reason_row(missing) for missing in seen.missing),
        ],
        "columns": 3,
        "shown": 118,
        "foot": say(
            f"误差：黑 = 一样，白 = 平均差 {families.ERROR_LEVELS} 级以上（共 255 级）。PSNR 越高越像，"
            "54.2 dB 为逐级相同。",
            f"Error: black is none, white a mean difference of {families.ERROR_LEVELS} levels of 255 or more. "
            "PSNR: higher is nearer, 54.2 dB is equal level by level.",
        ),
    }


def _row(row: Rebuilt) -> Block:
    lines = [passes(row.spent)]
    if row.spent.done:
        lines = [
            f"PSNR {row.psnr:.1f} dB",
            say(f"最大误差 {row.largest} 级", f"largest error {row.largest}"),
            *lines,
        ]
    else:
        lines.append(
            say("上行：图 → 噪声", "up: picture → noise")
            if row.stage == "encode"
            else say("下行：噪声 → 图", "down: noise → picture")
        )
    shown = join(row.seen, row.pictures, row.error)
    return {
        "name": NAMES[row.family],
        "lines": lines,
        "share": share(row.spent),
        "columns": 3,
        "size": row.size,
        "r": {"sprite": shown.sprite(3)},
    }


def _slot(seen: Readings, used: bool, made_by: str) -> Block:
    name = NAMES[made_by]
    caption = say("照片", "photo") if used else say("原图", "the picture")
    note = "" if used else say("现在是 ", "now a face by ") + name + say(" 画的脸", "")
    return photo_block(
        [
            {
                "input": "photo",
                "label": say("还原自己的照片", "Rebuild a photo of your own"),
                "note": note,
                "used": used,
                "pictures": [slot_picture(seen.source, 0, caption)],
            }
        ],
        title=say("图片", "The picture"),
        hint=say("拖入、粘贴或选一张正面照片", "drop, paste or choose a photo from the front"),
        size=seen.source.pixels.shape[-1],
    )


WAYS = {
    "vae": r"\hat x=g(\mu(x))",
    "ogan": r"\hat x=G(0.9\,\mathcal N(E(x)))",
    "glow": r"\hat x=f^{-1}(f(x))",
    "diffusion": r"\hat x=\mathrm{DDIM}_{N}(\mathrm{DDIM}_{N}^{-1}(x))",
}


def _how(seen: Readings, steps: int) -> list[str | Block]:
    parts: list[str | Block] = [
        say(
            "VAE 只留后验的均值，O-GAN 只留判别器输出的方向：都比图小得多，必有所失。"
            "Glow 与扩散的编码和图一样大：Glow 按层精确反解；扩散把 DDIM 的每一步倒过来，"
            f"但倒着走时用的是前一点的预测，只在步数趋于无穷时才精确，这次是 {steps} 步。"
            "图若由某一家画成，那一家有主场之利。",
            "A VAE keeps the mean of its posterior, O-GAN the direction of its discriminator's output: far "
            "fewer numbers than the picture, so something is lost. The codes of Glow and of diffusion are as "
            "large as the picture. Glow inverts layer by layer, exactly; diffusion takes each step of DDIM "
            "backwards with the prediction of the point before, which is exact only in the limit of many "
            f"steps; here there were {steps}. Whoever drew the picture has home advantage.",
        )
    ]
    for row in seen.rows:
        if row.spent.done:
            name = resolve(NAMES[row.family], "en")
            parts.append(
                formula(
                    rf"\text{{{name}}}:\ {WAYS[row.family]},\quad d={row.code},\quad "
                    rf"\tfrac1{{\sqrt d}}\|z\|={row.radius:.3f},\quad "
                    rf"10\log_{{10}}\tfrac{{255^2}}{{\mathrm{{MSE}}}}={row.psnr:.2f}\ \text{{dB}}"
                )
            )
            parts.append(
                say(
                    f"{row.size}×{row.size} 像素里有 {100 * row.changed:.1f}% 的颜色值变了，最多差 {row.largest} 级。",
                    f"{100 * row.changed:.1f}% of the colours of {row.size}×{row.size} pixels changed, by "
                    f"{row.largest} levels at most.",
                )
            )
    return parts
