"""The scene that encodes: a picture comes back exactly, and its likelihood is taken apart."""

import gradio as gr

from core.pictures import picture_url
from core.tasks import glow
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._pictures import photo_input
from demos._tab import Scene
from demos._words import say
from demos.glow_sampling.blocks import histogram
from demos.glow_sampling.names import (
    GROUPS,
    Model,
    exponential,
    model_input,
    source_input,
    source_name,
)
from demos.glow_sampling.photos import align_photo, photo_slots


def encode_scene(scene: Scene) -> None:
    """A picture, and how often its bits are drawn."""
    with scene.controls():
        source_input(scene, "source", "7", say("图片：种子或名称", "Picture: seed or name"))
        photo_input(scene)
        model_input(scene)
        scene.input(
            "draws",
            gr.Slider(1, 16, value=4, step=1, label=say("箱内抽样次数", "Draws inside the bins")),
        )
        with scene.more():
            scene.seed(0)
        scene.primary(say("编码再还原", "Encode and rebuild"), read_picture)
    scene.examples = [
        Example(say("另一张脸", "another face"), {"source": "21"}),
        Example(say("倒置的脸", "upside down"), {"source": "flipped:7"}, say(
                "照样精确还原，只是比特更多", "rebuilt just as exactly, at more bits")),
        Example(say("圆盘", "a disc"), {"source": "disc"}),
        Example(say("平均脸", "the mean face"), {"source": "mean"}, say(
                "比任何真脸都“更可能”", "likelier than any real face")),
        Example(say("16 次抽样", "16 draws"), {"draws": 16}, say(
                "箱内位置带来的起伏有多大", "how much the place inside the bins matters")),
        Example(say("失败：逐像素棋盘", "failure: pixel checkerboard"), {"source": "checkerboard"}, say(
                "比特远超均匀分布的 8，但仍可逆", "far above the 8 bits of plain storage, yet invertible")),
        Example(say("失败：不是图片", "failure: no picture"), {"source": "hello"}),
    ]  # fmt: skip
    scene.show(live={"align_photo": align_photo})


def read_picture(
    source: str = "7",
    photo: str = "",
    model: Model = "glow-faces",
    draws: int = 4,
    seed: int = 0,
) -> Outcome:
    """Encode a picture exactly: reconstruction error, bits per dimension and what they are made of.

    Args:
        source: a seed or the name of a test picture, such as disc or flipped:7
        photo: a picture as a data URL, instead of the source
        model: glow-faces or glow-2018-faces
        draws: places inside the grey levels' bins to average over, 1 to 32
        seed: of these draws
    """
    arguments = {"draws": int(draws), "seed": int(seed)}
    source = photo or source
    seen = glow.read(source, model, **arguments)
    return Outcome(
        result=seen,
        blocks=lambda: [
            _pictures(seen),
            photo_slots([("photo", say("编码这张", "Encode this one"), None, bool(photo))]),
            _ledger(seen),
            histogram(
                glow.bits_of_unseen(model),
                [(round(seen.bits_per_dim, 3), source_name(source), "seal")],
            ),
        ],
        timing=seen.timing,
        call=Call(glow.read, {"source": source, "model": model, **arguments}),
        how=lambda: _how(seen),
    )


def _how(seen: glow.Reading) -> list[str | Block]:
    total = sum(c.prior + c.log_det for c in seen.contributions)
    prior = sum(c.prior for c in seen.contributions)
    log_det = sum(c.log_det for c in seen.contributions)
    return [
        say(
            f"单精度下最大误差 {seen.error_single:.1e}，耦合里的网络用 {seen.half} 时 "
            f"{seen.error_half:.1e}（黑到白为 1，一个灰阶是 {1 / 255:.1e}）："
            f"变了的颜色值 {seen.changed_pixels[0]} 与 {seen.changed_pixels[1]} 个。",
            f"Largest error {seen.error_single:.1e} in single precision and {seen.error_half:.1e} with the "
            f"couplings' networks in {seen.half} (black to white is 1, a grey level {1 / 255:.1e}): "
            f"{seen.changed_pixels[0]} and {seen.changed_pixels[1]} colours came back changed.",
        ),
        formula(
            r"\max|f^{-1}(f(x))-x| = " + exponential(seen.error_single)
            + r"\ (\text{fp32}),\quad " + exponential(seen.error_half)
            + r"\ (\text{" + seen.half + "})"
        ),
        formula(
            r"\text{bits/dim} = \underbrace{\log_2\tfrac{n}{b-a}}_{" f"{seen.levels_bits:.2f}"
            r"}+\underbrace{\textstyle\sum_l -\frac{\ln N(z_l)}{D\ln2}}_{" f"{prior:.3f}"
            r"}+\underbrace{\textstyle\sum_l -\frac{\ln|\det f_l'|}{D\ln2}}_{" f"{log_det:.3f}"
            r"} = " f"{seen.levels_bits + total:.3f}"
        ),
        say(
            f"每个颜色在自己的灰阶箱里随机取位置，{seen.draws} 次的标准差 {seen.spread:.4f}；"
            f"都取箱中点则是 {seen.middle:.3f}，那不是上界，不能拿来比较。",
            f"Every colour lies at random inside its grey level's bin; {seen.draws} draws spread by "
            f"{seen.spread:.4f}. With all at the middle it would be {seen.middle:.3f}, which bounds "
            "nothing and compares with nothing.",
        ),
    ]  # fmt: skip


def _pictures(seen: glow.Reading) -> Block:
    """The picture, both reconstructions, and the numbers that count."""
    shown = [
        (say("原图", "as given"), seen.picture, ""),
        (say("还原 fp32", "rebuilt, fp32"), seen.rebuilt, f"{seen.error_single:.1e}"),
        (
            say(f"还原 {seen.half}", f"rebuilt, {seen.half}"),
            seen.rebuilt_half,
            f"{seen.error_half:.1e}",
        ),
    ]
    below = seen.below
    figures = [
        [f"{seen.bits_per_dim:.3f}", say("比特/维", "bits/dim")],
        [f"{seen.radius:.3f}", say("编码的均方根（噪声为 1）", "RMS of the code (noise: 1)")],
    ]
    if below is not None:
        figures.append(
            [
                f"{100 * below:.0f}%",
                say("没见过的脸比它更省比特", "of unseen faces take fewer bits"),
            ]
        )
    return {
        "kind": "rebuilt",
        "title": say("精确的往返", "There and back, exactly"),
        "hint": say("照片 → 噪声 → 照片", "picture → noise → picture"),
        "alt": say(
            f"还原的最大误差：单精度 {seen.error_single:.1e}，半精度 {seen.error_half:.1e}。",
            f"Largest error of the reconstruction: {seen.error_single:.1e} in single precision, "
            f"{seen.error_half:.1e} in half.",
        ),
        "figures": figures,
        "names": [name for name, _, _ in shown],
        "r": {
            "pictures": [picture_url(p.pixels[0], lossless=True) for _, p, _ in shown],
            "errors": [error for _, _, error in shown],
            "changed": [None, *seen.changed_pixels],
        },
    }


def _ledger(seen: glow.Reading) -> Block:
    """Bars of what every level contributes; they end at the number shown."""
    names = [
        say("灰阶箱", "grey levels"),
        *[
            say("第", "level ")
            + str(c.level)
            + say("层（", " (")
            + GROUPS[c.group]
            + say("）", ")")
            for c in seen.contributions
        ],
        say("合计", "sum"),
    ]
    prior = [0.0, *[c.prior for c in seen.contributions], 0.0]
    log_det = [0.0, *[c.log_det for c in seen.contributions], 0.0]
    rest = [seen.levels_bits, *[0.0 for _ in seen.contributions], seen.bits_per_dim]

    def bars(values: list[float], colour: str, what: str) -> Block:
        return {
            "type": "bar",
            "orientation": "h",
            "y": names[::-1],
            "x": [round(v, 4) for v in values[::-1]],
            "marker": {"color": colour},
            "hovertemplate": what + " %{x:.3f}<extra></extra>",
        }

    labels = []
    for name, a, b, c in zip(names, prior, log_det, rest, strict=True):
        text = f"{a + b + c:+.3f}" if name not in (names[0], names[-1]) else f"{c:.3f}"
        place = max(a, 0) + max(b, 0) + max(c, 0)
        labels.append(
            {
                "x": place,
                "y": name,
                "text": text,
                "showarrow": False,
                "xanchor": "left",
                "xshift": 6,
            }
        )
    return {
        "kind": "plot",
        "title": say("账目", "Ledger"),
        "hint": say(
            "比特/维；靛：先验 −ln N，赭：−ln|det|",
            "bits/dim; blue: prior −ln N, ochre: −ln|det|",
        ),
        "height": 90 + 38 * len(names),
        "alt": say(
            f"各项相加 {seen.bits_per_dim:.3f} 比特/维：", f"All parts add up to {seen.bits_per_dim:.3f}: "
        )
        + "; ".join(
            f"{name} {a + b + c:.3f}" for name, a, b, c in zip(names, prior, log_det, rest, strict=True)
        ),
        "figure": {
            "data": [
                bars(rest, "celadon", say("比特/维", "bits/dim")),
                bars(prior, "indigo", say("先验", "prior")),
                bars(log_det, "ochre", "log-det"),
            ],
            "layout": {
                "barmode": "relative",
                "bargap": 0.35,
                "xaxis": {"title": {"text": say("比特/维", "bits/dim")}, "zeroline": True},
                "yaxis": {"ticklabelposition": "outside"},
                "annotations": labels,
            },
        },
    }  # fmt: skip
