"""The scene that interpolates: a film between two pictures, or a sheet between four."""

from collections.abc import Mapping
from typing import Literal

import gradio as gr

from core.pictures import Pictures
from core.tasks import glow
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._pictures import film_block, photo_input, pictures_block
from demos._tab import Scene
from demos._words import resolve, say
from demos.glow_sampling.blocks import part
from demos.glow_sampling.names import Model, listed, model_input, source_input, source_name
from demos.glow_sampling.photos import align_photo, photo_slots

Way = Literal["slerp", "lerp", "mean"]
WAYS = [
    (say("球面", "sphere"), "slerp"),
    (say("直线", "straight"), "lerp"),
    (say("经平均脸", "over the mean"), "mean"),
]


def morph_scene(scene: Scene) -> None:
    """Two pictures in sight, two more below."""
    with scene.controls():
        source_input(scene, "a", "7", say("A：种子或名称", "A: seed or name"))
        source_input(scene, "b", "21", say("B：种子或名称", "B: seed or name"))
        scene.input("path", gr.Radio(WAYS, value="slerp", label=say("路径", "Path")))
        scene.input("steps", gr.Slider(5, 33, value=17, step=2, label=say("步数", "Steps")))
        with scene.more(say("更多：四张图之间", "More: between four")):
            source_input(scene, "c", "", say("C（可空）", "C (optional)"))
            source_input(scene, "d", "", say("D（可空）", "D (optional)"))
            model_input(scene)
        for corner in "abcd":
            photo_input(scene, f"photo_{corner}")
        scene.primary(say("出发", "Walk"), morph_pictures)
    scene.examples = [
        Example(say("四张之间", "between four"), {"c": "3", "d": "12"}),
        Example(say("直线", "straight line"), {"path": "lerp"}, say(
                "中点离原点近，脸更平均", "nearer to the origin in the middle: more average")),
        Example(say("经平均脸", "over the mean"), {"path": "mean"}),
        Example(say("脸翻过来", "turned over"), {"b": "flipped:7"}, say(
                "两头都精确，中间不是旋转", "exact at both ends, no rotation between")),
        Example(say("到圆盘", "to a disc"), {"b": "disc"}),
        Example(say("失败：到白噪声", "failure: to white noise"), {"b": "noise"}, say(
                "噪声的编码离球壳太远", "the code of noise is far off the shell")),
        Example(say("失败：只有三张", "failure: three of four"), {"c": "3"}, say(
                "四张缺一，提示会说", "one of four is missing, and the notice says so")),
    ]  # fmt: skip
    scene.show(live={"align_photo": align_photo})


def morph_pictures(
    a: str = "7",
    b: str = "21",
    path: Way = "slerp",
    steps: int = 17,
    c: str = "",
    d: str = "",
    photo_a: str = "",
    photo_b: str = "",
    photo_c: str = "",
    photo_d: str = "",
    model: Model = "glow-faces",
) -> Outcome:
    """Interpolate between two pictures in a flow's exact codes, or make the sheet between four.

    Args:
        a: a seed or a test picture's name
        b: the other end
        path: slerp (along the sphere), lerp (straight) or mean (over the mean picture)
        steps: pictures on the way, 2 to 33
        c: third corner of the sheet, empty for a path
        d: fourth corner of the sheet, empty for a path
        photo_a: a picture as a data URL, instead of a
        photo_b: a picture as a data URL, instead of b
        photo_c: a picture as a data URL, instead of c
        photo_d: a picture as a data URL, instead of d
        model: glow-faces or glow-2018-faces
    """
    photos = {"photo_a": photo_a, "photo_b": photo_b, "photo_c": photo_c, "photo_d": photo_d}
    a, b, c, d = (own or seed for own, seed in zip(photos.values(), (a, b, c, d), strict=True))
    if c.strip() or d.strip():
        return _sheet(a, b, c, d, model, photos)
    made = glow.interpolate(a, b, model, steps=int(steps), path=path)
    middle = len(made.radii) // 2
    return Outcome(
        result=made,
        blocks=lambda: [
            film_block(
                made.pictures,
                title=say("从 A 到 B", "From A to B"),
                hint=say("两端与原图逐像素相同", "both ends equal the originals pixel by pixel"),
                values=[
                    {
                        "label": say("编码的均方根 ‖z‖/√D", "RMS of the code, ‖z‖/√D"),
                        "y": [round(r, 4) for r in made.radii],
                        "digits": 3,
                    }
                ],
                ends=(source_name(a), source_name(b)),
                alt=say(
                    f"从一张图到另一张的 {len(made.pictures)} 步，编码夹角 {made.angle:.0f}°。",
                    f"{len(made.pictures)} steps from one picture to the other; their codes are "
                    f"{made.angle:.0f}° apart.",
                ),
            ),
            _slots(photos, made.ends),
        ],
        timing=made.timing,
        call=Call(
            glow.interpolate,
            {"a": a, "b": b, "model": model, "steps": int(steps), "path": path},
        ),
        how=lambda: [
            say(
                f"两个编码的夹角 {made.angle:.1f}°（高维里互不相干就是 90° 左右）；均方根 "
                f"{made.radii[0]:.3f} → {made.radii[middle]:.3f} → {made.radii[-1]:.3f}。",
                f"The codes are {made.angle:.1f}° apart (about 90° when unrelated, in so many dimensions); "
                f"their RMS goes {made.radii[0]:.3f} → {made.radii[middle]:.3f} → {made.radii[-1]:.3f}.",
            ),
            formula(
                r"x_t=f^{-1}\!\left(\frac{\sin(1-t)\theta}{\sin\theta}f(x_A)+"
                r"\frac{\sin t\theta}{\sin\theta}f(x_B)\right),\quad \theta="
                f"{made.angle:.1f}" + r"^\circ"
                if path == "slerp"
                else r"x_{1/2}=f^{-1}(z_{1/2}),\quad \tfrac{1}{\sqrt D}\|z_{1/2}\|="
                f"{made.radii[middle]:.3f}"
            ),
        ],
    )


def _slots(photos: Mapping[str, str], ends: Pictures) -> Block:
    """Two slots with what is at the ends, or four; C and D make a path a sheet."""
    return photo_slots(
        [
            (name, name[-1].upper(), part(ends, i) if i < len(ends) else None, bool(url))
            for i, (name, url) in enumerate(photos.items())
        ],
        hint=say("C 与 D 也放上，就是四张之间", "with C and D as well it is a sheet between four"),
    )


def _sheet(a: str, b: str, c: str, d: str, model: str, photos: Mapping[str, str]) -> Outcome:
    made = glow.blend(a, b, c, d, model)
    names = [source_name(source) for source in (a, b, c, d)]
    blocks: list[Block] = [
        pictures_block(
            made.pictures,
            across=made.columns,
            title=say("四张之间", "Between four"),
            hint=say("四角与原图逐像素相同", "the corners equal the originals pixel by pixel"),
            alt=say(
                f"{made.rows}×{made.columns} 的图，四角是 {'、'.join(resolve(name, 'zh') for name in names)}。",
                f"A sheet of {made.rows}×{made.columns}; its corners are {', '.join(resolve(name, 'en') for name in names)}.",
            ),
        )
    ]
    return Outcome(
        result=made,
        blocks=lambda: [*blocks, _slots(photos, made.corners)],
        timing=made.timing,
        call=Call(glow.blend, {"a": a, "b": b, "c": c, "d": d, "model": model}),
        how=lambda: [
            say(
                f"先沿上下两边走，再在两点之间走，一共 {made.rows * made.columns} 个编码一批解出。",
                "Along the upper and the lower side first, then between these two points: "
                f"{made.rows * made.columns} codes decoded as one batch.",
            ),
            formula(
                r"z_{x,y}=\mathrm{slerp}_y\bigl(\mathrm{slerp}_x(z_A,z_B),\mathrm{slerp}_x(z_C,z_D)\bigr),"
                r"\quad x,y\in\{" + listed([i / (made.rows - 1) for i in range(made.rows)]) + r"\}"
            ),
        ],
    )
