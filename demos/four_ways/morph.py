"""The scene that interpolates: the same two pictures in every family, scrubbed together."""

from collections.abc import Iterator
from typing import Any, Literal

import gradio as gr

from core.tasks import families
from core.tasks.families import Morph, Morphs
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._pictures import end_of, packed, photo_block, photo_input, seed_input, slot_picture
from demos._tab import Scene
from demos._words import resolve, say
from demos.four_ways.names import NAMES, maker_input, passes, progress, reason, steps_input
from demos.four_ways.photo import Maker
from demos.four_ways.photos import align_photo

Way = Literal["slerp", "lerp", "mean"]
WAYS = [
    (say("球面 slerp", "sphere (slerp)"), "slerp"),
    (say("直线 lerp", "straight (lerp)"), "lerp"),
    (say("经过原点", "through the origin"), "mean"),
]


def morph_scene(scene: Scene) -> None:
    """Two ends and the way between them."""
    with scene.controls():
        seed_input(scene, "seed_a", 6421, say("A 的种子", "Seed of A"))
        seed_input(scene, "seed_b", 6468, say("B 的种子", "Seed of B"))
        scene.input("path", gr.Radio(WAYS, value="slerp", label=say("路径", "Path")))
        steps_input(scene)
        with scene.more():
            maker_input(scene)
            scene.input("frames", gr.Slider(5, 33, value=13, step=2, label=say("帧数", "Frames")))
        for slot in "ab":
            photo_input(scene, f"photo_{slot}")
        scene.primary(say("一起出发", "Walk together"), morph_four_ways)
    scene.examples = [
        Example(say("另外两张", "two others"), {"seed_a": 19, "seed_b": 2}),
        Example(say("Glow 画的两张", "two drawn by Glow"), {"seed_a": 7, "seed_b": 21, "made_by": "glow"}),
        Example(say("直线", "straight"), {"path": "lerp"}, say(
                "扩散的中点最受害：编码太短，反差消失", "diffusion suffers most: codes too short half-way, contrast fades")),
        Example(say("经过原点", "through the origin"), {"path": "mean"}, say(
                "中点是各家的“平均脸”", "half-way stands every family's mean face")),
        Example(say("扩散只走 10 步", "diffusion in 10 steps"), {"steps": 10}),
        Example(say("失败：两端相同", "failure: equal ends"), {"seed_a": 6421, "seed_b": 6421}, say(
                "路径只有一个点", "the path is a point")),
        Example(say("失败：5 步", "failure: 5 steps"), {"steps": 5}, say(
                "扩散连两端都还原不出来", "diffusion does not even reach the ends")),
        Example(say("失败：没有这个种子", "failure: no such seed"), {"seed_b": -1}, say(
                "种子从 0 开始", "seeds begin at 0")),
    ]  # fmt: skip
    scene.show(live={"align_photo": align_photo})


def morph_four_ways(
    seed_a: int = 6421,
    seed_b: int = 6468,
    path: Way = "slerp",
    steps: int = 25,
    made_by: Maker = "ogan",
    frames: int = 13,
    photo_a: str = "",
    photo_b: str = "",
) -> Iterator[Outcome]:
    """Interpolate between the same two pictures with a VAE, a GAN, a flow and a diffusion model.

    Args:
        seed_a: of the first face
        seed_b: of the last face
        path: slerp (along the sphere), lerp (straight) or mean (through the origin)
        steps: of the diffusion model, up and down, 1 to 100
        made_by: the family that draws the faces of seeds: vae, ogan, glow or diffusion
        frames: pictures on the way, 2 to 33
        photo_a: a photo as a data URL instead of the first seed; its largest face is aligned
        photo_b: the same for the last face
    """
    arguments: dict[str, Any] = {
        "a": end_of(seed_a, photo_a),
        "b": end_of(seed_b, photo_b),
        "made_by": made_by,
        "frames": int(frames),
        "path": path,
        "steps": int(steps),
    }
    used = (bool(photo_a.strip()), bool(photo_b.strip()))
    seeds = (int(seed_a), int(seed_b))
    call = Call(families.morph, arguments)
    for made in families.morphs(**arguments):
        yield Outcome(
            result=made,
            blocks=[_films(made), _slots(made, used, seeds)],
            timing=made.timing,
            progress=progress(made.rows, made.missing, int(steps), 2),
            call=call,
            how=_how(made, path),
        )


def _films(made: Morphs) -> Block:
    told = "; ".join(f"{NAMES[row.family]} {row.angle:.0f}°" for row in made.rows if row.angle)
    return {
        "kind": "film",
        "title": say("从 A 到 B，四条路", "From A to B, four ways"),
        "hint": say(
            "在图上左右拖动，四家一起走；空格播放",
            "drag over a picture: all four move; space plays",
        ),
        "alt": say(
            "同两张图之间的四段影片，编码夹角：",
            "Four films between the same two pictures; angles: ",
        )
        + told,
        "ends": ["A", "B"],
        "fps": 12,
        "films": [
            *(_film(row) for row in made.rows),
            *(
                {"name": NAMES[missing.family], "reason": reason(missing)}
                for missing in made.missing
            ),
        ],
    }


def _film(row: Morph) -> Block:
    if row.radii:
        note = say(f"夹角 {row.angle:.0f}°", f"angle {row.angle:.0f}°")
    else:
        note = say(
            "先把两端带到噪声；暂以淡入淡出代替", "taking both ends to noise; a fade stands in"
        )
    return {
        "name": NAMES[row.family],
        "note": note + " · " + passes(row.spent),
        **packed(row.pictures),
    }


def _slots(made: Morphs, used: tuple[bool, bool], seeds: tuple[int, int]) -> Block:
    slots = []
    for i, name in enumerate("ab"):
        caption = say("照片", "photo") if used[i] else say(f"种子 {seeds[i]}", f"seed {seeds[i]}")
        slots.append(
            {
                "input": f"photo_{name}",
                "label": name.upper(),
                "note": "" if used[i] else say("或用左边的种子", "or a seed at the left"),
                "used": used[i],
                "pictures": [slot_picture(made.ends, i, caption)],
            }
        )
    return photo_block(
        slots,
        title=say("两端", "Both ends"),
        hint=say("拖入、粘贴或选一张正面照片", "drop, paste or choose a photo from the front"),
        size=made.ends.pixels.shape[-1],
    )


def _how(made: Morphs, path: str) -> list[str | Block]:
    ways = {
        "lerp": r"z_t=(1-t)\,z_A+t\,z_B",
        "slerp": r"z_t=\frac{\sin(1-t)\theta}{\sin\theta}\,z_A+\frac{\sin t\theta}{\sin\theta}\,z_B",
        "mean": r"z_t=(1-2t)\,z_A\ (t\le\tfrac12),\quad (2t-1)\,z_B\ (t>\tfrac12)",
    }
    parts: list[str | Block] = [
        say(
            "四家的先验都是高斯，高维里的样本几乎都在球壳上，所以默认沿球面走；"
            f"两张图各自编码一次，{len(made.positions)} 帧一批解出。两端还原得多好，就是各家编码的精度。",
            "All four have a Gaussian prior, whose samples lie on a shell in many dimensions; hence the "
            f"path along the sphere. Both pictures are encoded once and {len(made.positions)} frames decoded "
            "as a batch. How well both ends come back is how exact a family's code is.",
        ),
        formula(ways[path]),
    ]
    for row in made.rows:
        if row.radii:
            name = resolve(NAMES[row.family], "en")
            middle = row.radii[len(row.radii) // 2]
            parts.append(
                formula(
                    rf"\text{{{name}}}:\ \theta={row.angle:.0f}^\circ,\quad \tfrac1{{\sqrt d}}\|z_t\|:\ "
                    rf"{row.radii[0]:.3f}\to{middle:.3f}\to{row.radii[-1]:.3f},\quad "
                    rf"\mathrm{{PSNR}}_A={row.psnr[0]:.1f},\ \mathrm{{PSNR}}_B={row.psnr[1]:.1f}\ \text{{dB}}"
                )
            )
    return parts
