"""The scene that writes: noise in, verse out, under rules if wanted."""

from math import log
from typing import Any, Literal

import gradio as gr

from core.tasks import poems
from core.text import verse
from core.text.forms import BY_NAME, FORMS
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.poem_vae.cards import verse_card, verses
from demos.poem_vae.models import Model, model_input
from demos.poem_vae.similar import vary_poem

FormName = Literal["couplet5", "couplet7", "quatrain5", "quatrain7"]
FORM_CHOICES = [(say(form.zh, form.en), form.name) for form in FORMS]
TONES = [
    (say("不限", "any"), ""),
    (say("合律（四式轮换）", "regulated, all four in turn"), "auto"),
    (say("仄起首句不入韵", "oblique start, first line free"), "oblique-plain"),
    (say("平起首句不入韵", "level start, first line free"), "level-plain"),
    (say("仄起首句入韵", "oblique start, first line rhymes"), "oblique-rhymed"),
    (say("平起首句入韵", "level start, first line rhymes"), "level-rhymed"),
]
RHYMES = [(say("不限", "any"), ""), (say("押韵即可", "any that rhymes"), "auto")] + [
    (group, group) for group in poems.RHYME_GROUPS
]


def compose_scene(scene: Scene) -> None:
    """Form and rules on the left, the poems on the right."""
    with scene.controls():
        model_input(scene)
        scene.input("form", gr.Dropdown(FORM_CHOICES, value="couplet5", label=say("诗体", "Form")))
        scene.input(
            "acrostic",
            gr.Textbox("", label=say("藏头（可空）", "Acrostic (optional)"), max_length=200),
        )
        scene.input("count", gr.Slider(1, 24, value=4, step=1, label=say("首数", "How many")))
        scene.seed()
        with scene.more(say("更多：温度与约束", "More: temperature and rules")):
            scene.input(
                "spread",
                gr.Slider(0, 1.5, value=0.8, step=0.05, label=say("先验尺度 s", "Spread s")),
            )
            scene.input(
                "temperature",
                gr.Slider(
                    0,
                    1.5,
                    value=0,
                    step=0.05,
                    label=say("采样温度（0 取最大）", "Temperature (0: best)"),
                ),
            )
            scene.input("top_p", gr.Slider(0.05, 1, value=0.9, step=0.05, label="top-p"))
            scene.input(
                "no_repeat",
                gr.Checkbox(True, label=say("不重字（叠字除外）", "No character twice")),
            )
            scene.input("tones", gr.Dropdown(TONES, value="", label=say("平仄", "Tones")))
            scene.input("rhyme", gr.Dropdown(RHYMES, value="", label=say("韵部", "Rhyme")))
            scene.input(
                "fixed",
                gr.Textbox(
                    "",
                    label=say("固定的字（空位写 ?）", "Fixed characters (? is free)"),
                    placeholder="春????，????天",
                    max_length=200,
                ),
            )
        scene.primary(say("作诗", "Write"), compose_poem)
    scene.act("vary", vary_poem)
    scene.examples = [
        Example(say("七言绝句", "quatrain of sevens"), {"form": "quatrain7", "count": 3, "tones": "auto",
                "rhyme": "auto"}, say("合律押韵的七绝", "tones and rhyme kept")),
        Example(say("藏头“科学”", "acrostic 科学"), {"acrostic": "科学", "count": 6}),
        Example(say("春…夜", "spring … night"), {"fixed": "春????夜????", "count": 6}),
        Example(say("押一东韵", "rhyme 一东"), {"form": "quatrain5", "rhyme": "一东", "tones": "auto",
                "count": 4}),
        Example(say("2018 原版", "the 2018 model"), {"model": "poem-vae-2018", "count": 8,
                "no_repeat": False}, say("每个位置各选各的字，常有重字",
                "every position chooses alone: characters repeat")),
        Example(say("失败：温度太高", "failure: too hot"), {"temperature": 1.5, "top_p": 1.0,
                "spread": 1.3}, say("离先验太远、采样太散，句子就散了",
                "far from the prior and drawn too freely, lines fall apart")),
        Example(say("失败：尺度为零", "failure: zero spread"), {"spread": 0.0}, say(
                "编码恒为零，四首是同一首：最平均的诗", "the code is zero: four times the most average verse")),
    ]  # fmt: skip
    scene.show()


def compose_poem(
    model: Model = "poem-vae",
    form: FormName = "couplet5",
    acrostic: str = "",
    count: int = 4,
    seed: int = 20180324,
    spread: float = 0.8,
    temperature: float = 0.0,
    top_p: float = 0.9,
    no_repeat: bool = True,
    fixed: str = "",
    tones: str = "",
    rhyme: str = "",
) -> Outcome:
    """Write classical Chinese verse with a variational autoencoder.

    Args:
        model: poem-vae (new) or poem-vae-2018 (the blog's, five-character couplets only)
        form: couplet5, couplet7, quatrain5 or quatrain7
        acrostic: first characters of the lines, may be empty
        count: how many poems, 1 to 64 (12 under rules)
        seed: the same seed gives the same poems
        spread: scale of the Gaussian code, 0 (always the same) to 2; 1 is the prior
        temperature: 0 takes the best character at every step, more draws
        top_p: nucleus that drawing is limited to
        no_repeat: no character twice, except doubled ones
        fixed: a whole poem with ? at the free places, may be empty
        tones: "", auto, oblique-plain, level-plain, oblique-rhymed or level-rhymed
        rhyme: "", auto, or a Pingshui group such as 一东
    """
    arguments: dict[str, Any] = {
        "form": form,
        "count": int(count),
        "seed": int(seed),
        "spread": spread,
        "temperature": temperature,
        "top_p": top_p,
        "no_repeat": no_repeat,
        "acrostic": acrostic,
        "fixed": fixed,
        "tones": tones or "",
        "rhyme": rhyme or "",
    }
    made = poems.compose(model, **arguments)
    given = _given_places(form, acrostic, fixed)
    first = made.poems[0]
    nats = -sum(_log(c.probability) for c in first.chars)
    return Outcome(
        result=made,
        blocks=lambda: [
            verses(
                model,
                [
                    verse_card(poem, model, given=given, satisfied=ok)
                    for poem, ok in zip(made.poems, made.satisfied, strict=True)
                ],
            )
        ],
        timing=made.timing,
        call=Call(poems.compose, {"model": model, **arguments}),
        how=lambda: [
            say(
                f"种子 {seed} 给出 {len(first.code)} 个高斯随机数，解码器把它们读成一首诗；"
                "换一个种子就是另一首。",
                f"Seed {seed} gives {len(first.code)} Gaussian numbers, and the decoder reads them "
                "as a poem; another seed is another poem.",
            ),
            formula(r"z \sim \mathcal{N}(0,\, s^2 I),\qquad s=" + f"{spread:g}"),
            formula(_decoder_formula(model)),
            say(
                f"第一首里模型给每个字的概率连乘，负对数是 {nats:.1f} nats，"
                f"平均每字 {nats / len(first.chars):.2f}。点一个字看它的对手。",
                f"The probabilities of the first poem's characters multiply to {nats:.1f} nats of "
                f"surprise, {nats / len(first.chars):.2f} per character. Click one to see its rivals.",
            ),
        ],
    )


def _given_places(form: str, acrostic: str, fixed: str) -> frozenset[int]:
    """Positions that the visitor prescribed."""
    shape = BY_NAME[form]
    places = {line * shape.width for line in range(min(len(verse.strip(acrostic)), shape.lines))}
    kept = [c for c in fixed if c in poems.BLANKS or verse.strip(c)]
    places |= {i for i, c in enumerate(kept) if c not in poems.BLANKS}
    return frozenset(places)


def _decoder_formula(model: str) -> str:
    if model == "poem-vae-2018":
        return r"x_t = \operatorname*{argmax}_x p(x \mid z),\quad t = 1 \dots 10"
    return r"p(x \mid g, z) = \prod_t p(x_t \mid x_{<t},\, z_{\le t},\, g)"


def _log(value: float) -> float:
    return log(max(value, 1e-9))
