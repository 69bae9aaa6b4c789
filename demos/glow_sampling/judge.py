"""The scene of likelihood: what the model finds likely, and why that is not what it finds typical."""

import gradio as gr

from core.pictures import Pictures
from core.tasks import glow
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._pictures import photo_input, pictures_block
from demos._tab import Scene
from demos._words import resolve, say
from demos.glow_sampling.blocks import histogram
from demos.glow_sampling.names import Model, model_input, source_name, sources_of
from demos.glow_sampling.photos import align_photo, photo_slots

DEFAULT = "7, flipped:7, inverted:7, mean, cold:7, hot:7, grey, gradient, disc, checkers, shuffled:7, noise"


def judge_scene(scene: Scene) -> None:
    """The pictures to judge, in one line."""
    with scene.controls():
        scene.input(
            "sources",
            gr.Textbox(
                DEFAULT,
                label=say("图片：种子与名称", "Pictures: seeds and names"),
                info=say("名称有 ", "names: ") + ", ".join(glow.TESTS),
                lines=4,
                max_length=30_000_000,
            ),
        )
        photo_input(scene)
        model_input(scene)
        scene.input(
            "draws",
            gr.Slider(1, 8, value=2, step=1, label=say("箱内抽样次数", "Draws in the bins")),
        )
        with scene.more():
            scene.seed(0)
        scene.primary(say("评判", "Judge"), judge_pictures)
    scene.examples = [
        Example(say("八张新脸", "eight new faces"), {"sources": "1, 2, 3, 4, 5, 6, 7, 8"}),
        Example(say("越来越冷", "colder and colder"), {"sources": "hot:7, 7, cold:7, mean"}, say(
                "越冷比特越少，却越不像样本", "the colder the fewer bits, the less like a sample")),
        Example(say("同样的像素", "the same pixels"), {"sources": "7, flipped:7, inverted:7, shuffled:7"}, say(
                "直方图相同，似然天差地别", "equal histograms, very different likelihoods")),
        Example(say("简单的图", "plain pictures"), {"sources": "7, grey, disc, gradient"}),
        Example(say("棋盘两种", "two checkerboards"), {"sources": "7, checkers, checkerboard"}),
        Example(say("失败：灰板胜过人脸", "failure: grey beats faces"), {"sources": "grey, mean, 1, 2, 3"}, say(
                "似然不是典型性：它不是“像不像脸”的分数",
                "likelihood is not typicality: no score of being a face")),
        Example(say("失败：没有这张图", "failure: no such picture"), {"sources": "7, unicorn"}),
    ]  # fmt: skip
    scene.show(live={"align_photo": align_photo})


def judge_pictures(
    sources: str = DEFAULT,
    photo: str = "",
    model: Model = "glow-faces",
    draws: int = 2,
    seed: int = 0,
) -> Outcome:
    """Bits per dimension of any pictures beside those of unseen faces: likelihood is not typicality.

    Args:
        sources: seeds, names of test pictures and data URLs between commas or spaces, up to 24
        photo: one more picture as a data URL, judged upright and upside down
        model: glow-faces or glow-2018-faces
        draws: places inside the grey levels' bins to average over
        seed: of these draws
    """
    own = [photo, f"flipped:{photo}"] if photo else []
    arguments = {"sources": [*own, *sources_of(sources)], "model": model}
    more = {"draws": int(draws), "seed": int(seed)}
    made = glow.judge(**arguments, **more)  # type: ignore[arg-type]
    order = sorted(range(len(made.entries)), key=lambda i: made.entries[i].bits_per_dim)
    return Outcome(
        result=made,
        blocks=lambda: [
            _ranking(made, order),
            _plane(made, order),
            _marks(made, order),
            photo_slots([("photo", say("也评判这张", "Judge this one too"), None, bool(photo))]),
        ],
        timing=made.timing,
        call=Call(glow.judge, {**arguments, **more}),
        how=lambda: _how(made, order),
    )


def _how(made: glow.Judged, order: list[int]) -> list[str | Block]:
    best, worst = made.entries[order[0]], made.entries[order[-1]]
    size = made.pictures.pixels.shape[-1]
    count = 3 * size**2
    low, high = made.typical
    return [
        say(
            f"{resolve(source_name(best.source), 'zh')}只要 {best.bits_per_dim:.2f} 比特/维，没见过的脸的中位数是 "
            f"{_median(made.unseen):.2f}。密度高不等于常出现：{count} 维里高密度的地方体积小得可怜。",
            f"The {resolve(source_name(best.source), 'en')} takes {best.bits_per_dim:.2f} bits/dim, the median unseen face "
            f"{_median(made.unseen):.2f}. High density is not high probability: of {count} dimensions the "
            "dense parts have hardly any volume.",
        ),
        formula(
            r"\tfrac1{\sqrt D}\|\varepsilon\|\in[" + f"{low:.3f},\\ {high:.3f}" + r"]\ "
            r"\text{for 99.9\% of noise},\quad \tfrac1{\sqrt D}\|f(x)\|="
            + f"{best.radius:.3f}" + r"\ \dots\ " + f"{worst.radius:.3f}"
        ),
        say(
            f"所以还要看编码的长度：典型的样本在 1 附近。{resolve(source_name(worst.source), 'zh')}是 {worst.radius:.2f}。",
            "So look at the length of the code as well: typical samples lie near 1. For the "
            f"{resolve(source_name(worst.source), 'en')} it is {worst.radius:.2f}.",
        ),
    ]  # fmt: skip


def _ranking(made: glow.Judged, order: list[int]) -> Block:
    """The pictures by their bits, likeliest first."""
    return pictures_block(
        Pictures(made.pictures.pixels[order]),
        across=min(6, len(order)),
        captions=[
            f"{place + 1} · {made.entries[i].bits_per_dim:.2f} {source_name(made.entries[i].source)}"
            for place, i in enumerate(order)
        ],
        title=say("从“最可能”到“最不可能”", "From the likeliest to the least likely"),
        hint=say(
            "第二个数是比特/维，越小密度越高", "the second number is bits/dim; fewer is denser"
        ),
        alt="; ".join(
            f"{source_name(made.entries[i].source)} {made.entries[i].bits_per_dim:.2f}"
            for i in order
        ),
    )


def _plane(made: glow.Judged, order: list[int]) -> Block:
    """Bits against the length of the code, with the band of typical noise."""
    low, high = made.typical
    entries = [made.entries[i] for i in order]
    return {
        "kind": "plot",
        "title": say("似然与典型性", "Likelihood and typicality"),
        "hint": say(
            "号码同上；竖带：没见过的脸；横带：99.9% 的噪声",
            "numbered as above; upright band: unseen faces; level band: 99.9 % of noise",
        ),
        "height": 330,
        "alt": "; ".join(
            f"{source_name(e.source)}: {e.bits_per_dim:.2f} bits/dim, |z|/√D {e.radius:.2f}"
            for e in entries
        ),
        "figure": {
            "data": [
                {
                    "type": "scatter",
                    "mode": "markers+text",
                    "x": [round(e.bits_per_dim, 3) for e in entries],
                    "y": [round(e.radius, 3) for e in entries],
                    "text": [str(place + 1) for place in range(len(entries))],
                    "customdata": [source_name(e.source) for e in entries],
                    "textposition": "top center",
                    "textfont": {"size": 12, "color": "ink"},
                    "marker": {"color": "seal", "size": 8},
                    "cliponaxis": False,
                    "hovertemplate": "%{text} %{customdata}: %{x:.2f}, |z|/√D %{y:.2f}<extra></extra>",
                }
            ],
            "layout": {
                "xaxis": {"title": {"text": say("比特/维", "bits/dim")}},
                "yaxis": {"title": {"text": "‖z‖/√D"}, "rangemode": "tozero"},
                "shapes": [
                    {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": low, "y1": high,
                     "fillcolor": "indigo", "opacity": 0.16, "line": {"width": 0}},
                    {"type": "rect", "yref": "paper", "y0": 0, "y1": 1,
                     "x0": made.unseen[0], "x1": made.unseen[-1],
                     "fillcolor": "celadon", "opacity": 0.16, "line": {"width": 0}},
                ],
            },
        },
    }  # fmt: skip


def _marks(made: glow.Judged, order: list[int]) -> Block:
    """The stored histogram with the likeliest, the middle and the least likely picture."""
    chosen = sorted({order[0], order[len(order) // 2], order[-1]}, key=order.index)
    colours = ("celadon", "ochre", "seal")
    return histogram(
        made.unseen,
        [
            (
                round(made.entries[i].bits_per_dim, 3),
                source_name(made.entries[i].source),
                colours[n],
            )
            for n, i in enumerate(chosen)
        ],
    )


def _median(values: tuple[float, ...]) -> float:
    return values[len(values) // 2] if values else float("nan")
