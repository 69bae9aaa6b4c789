"""Poem VAE: Gaussian numbers in, verse out; encode, walk, blend, and write under rules."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import gradio as gr

from core.tasks import poems
from core.tasks.poems import Char, Poem, Reading
from core.text import prosody, verse
from core.text.forms import BY_NAME, FORMS
from core.text.novelty import Run
from demos import Demo, Reference
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene, Tab
from demos._words import say

Model = Literal["poem-vae", "poem-vae-2018"]
FormName = Literal["couplet5", "couplet7", "quatrain5", "quatrain7"]

MODELS = [(say("新版", "new"), "poem-vae"), (say("2018 原版", "2018"), "poem-vae-2018")]
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


def read_poem(
    text: str = "白日依山尽，黄河入海流。",
    model: Model = "poem-vae",
    seed: int = 0,
    samples: int = 100,
) -> Outcome:
    """Encode a verse of your own: posterior, reconstruction, evidence lower bound, prosody, novelty.

    Args:
        text: a couplet or quatrain of 5 or 7 characters a line; punctuation is ignored
        model: poem-vae or poem-vae-2018 (five-character couplets only)
        seed: draws the samples of the estimate
        samples: codes that estimate the bound, 1 to 500
    """
    seen = poems.read(text, model, seed=int(seed), samples=int(samples))
    own = Poem(seen.form, seen.chars, seen.mean)
    pair = [
        verse_card(own, model, title=say("你的诗", "yours")),
        verse_card(
            seen.reconstruction,
            model,
            title=say("重构", "reconstruction"),
            compare=own.text,
        ),
    ]
    percent = round(100 * seen.accuracy)
    return Outcome(
        result=seen,
        blocks=lambda: [
            verses(model, pair),
            _ledger(seen),
            _posterior_plot(seen, model),
        ],
        timing=seen.timing,
        call=Call(poems.read, {"text": text, "model": model, "seed": seed, "samples": samples}),
        how=lambda: [
            say(
                f"编码器把这首诗变成 {len(seen.mean)} 维高斯分布，均值解码回来有 {percent}% 的字相同。",
                f"The encoder turns the verse into a Gaussian of {len(seen.mean)} dimensions; its mean "
                f"decodes to the same character at {percent} % of the places.",
            ),
            formula(
                r"\mathrm{ELBO} = \underbrace{\mathbb{E}\log p(x|z)}_{"
                f"{-seen.reconstruction_nats:.2f}"
                r"} - \underbrace{\mathrm{KL}(q(z|x)\,\|\,p(z))}_{"
                f"{seen.kl_nats:.2f}"
                r"} = " + f"{seen.elbo:.2f}"
            ),
            formula(
                r"\log p(x) \ge \mathbb{E}\log\frac1M\sum_{m=1}^{M}"
                r"\frac{p(x|z_m)p(z_m)}{q(z_m|x)} \approx "
                f"{seen.bound:.2f}" + r",\quad M=" + f"{seen.samples}"
            ),
            say(
                f"{seen.samples} 个样本里有效的约 {seen.effective_samples:.1f} 个；"
                "这个下界一定不低于 ELBO（样本足够时）。",
                f"About {seen.effective_samples:.1f} of the {seen.samples} samples carry the weight; "
                "with enough samples this bound is never below the ELBO.",
            ),
        ],
    )


def walk_poems(
    a: str = "白日依山尽，黄河入海流。",
    b: str = "明月松间照，清泉石上流。",
    model: Model = "poem-vae",
    steps: int = 9,
) -> Outcome:
    """Interpolate between two verses of one form, in a straight line and along the sphere.

    Args:
        a: verse at the start
        b: verse at the end, of the same form
        model: poem-vae or poem-vae-2018
        steps: poems on each path, 3 to 21
    """
    made = poems.interpolate(a, b, model, steps=int(steps))
    paths = [
        (say("直线 lerp", "straight line (lerp)"), made.straight),
        (say("球面 slerp", "great circle (slerp)"), made.spherical),
    ]
    middle = len(made.positions) // 2
    dot = sum(x * y for x, y in zip(made.a.code, made.b.code, strict=True))
    norm_a, norm_b = _norm(made.a.code), _norm(made.b.code)
    return Outcome(
        result=made,
        blocks=lambda: [
            {
                "kind": "walk",
                "title": say("从一首走到另一首", "From one verse to the other"),
                "hint": say(
                    "红字是与上一步不同的字；拖动滑块",
                    "changed characters are red; drag the slider",
                ),
                "paths": [
                    {
                        "title": title,
                        "positions": made.positions,
                        "poems": _marked_changes(path, model),
                    }
                    for title, path in paths
                ],
            }
        ],
        timing=made.timing,
        call=Call(poems.interpolate, {"a": a, "b": b, "model": model, "steps": int(steps)}),
        how=lambda: [
            say(
                f"{len(made.positions)} 步里直线路径有 {_distinct(made.straight)} 首不同的诗，"
                f"球面路径有 {_distinct(made.spherical)} 首。直线的中点离原点更近，那里的诗更“平均”；"
                "球面上处处像先验的样本。",
                f"In {len(made.positions)} steps the straight line meets {_distinct(made.straight)} "
                f"different verses, the great circle {_distinct(made.spherical)}. The line passes "
                "nearer to the origin, where verse is more average; the circle keeps the length that "
                "samples of the prior have.",
            ),
            formula(
                r"\|z_a\|=" + f"{norm_a:.2f}" + r",\ \|z_b\|=" + f"{norm_b:.2f}"
                r",\ \cos\theta=" + f"{dot / max(norm_a * norm_b, 1e-9):.2f}"
            ),
            formula(
                r"\|z^{\mathrm{lerp}}_{1/2}\|=" + f"{_norm(made.straight[middle].code):.2f}"
                r",\quad \|z^{\mathrm{slerp}}_{1/2}\|="
                + f"{_norm(made.spherical[middle].code):.2f}"
            ),
        ],
    )


def blend_poems(
    top_left: str = "白日依山尽，黄河入海流。",
    top_right: str = "明月松间照，清泉石上流。",
    bottom_left: str = "大漠孤烟直，长河落日圆。",
    bottom_right: str = "感时花溅泪，恨别鸟惊心。",
    model: Model = "poem-vae",
    x: float = 0.5,
    y: float = 0.5,
) -> Outcome:
    """Blend four verses of one form: the verse at a point of the square between them.

    Args:
        top_left: verse at (0, 0)
        top_right: verse at (1, 0)
        bottom_left: verse at (0, 1)
        bottom_right: verse at (1, 1)
        model: poem-vae or poem-vae-2018
        x: 0 at the left, 1 at the right
        y: 0 at the top, 1 at the bottom
    """
    corners = poems.encode([top_left, top_right, bottom_left, bottom_right], model)
    form = corners[0].form
    codes = [list(corner.code) for corner in corners]
    made = poems.blend(codes, x, y, model, form=form)
    return Outcome(
        result=made,
        blocks=lambda: [
            {
                "kind": "palette",
                "title": say("四角调色板", "Palette of four"),
                "hint": say("在方块里移动", "move inside the square"),
                "corners": [corner.lines for corner in corners],
                "codes": codes,
                "form": form,
                "model": model,
                "x": x,
                "y": y,
                "poem": _lines(made.poem),
            }
        ],
        timing=made.timing,
        call=Call(poems.blend, {"codes": codes, "x": x, "y": y, "model": model, "form": form}),
        how=lambda: [
            say(
                f"四首诗各有 {len(codes[0])} 个数，沿球面双线性混合：先在上边、下边各走一段，再在两点之间走一段。",
                f"The four codes, {len(codes[0])} numbers each, are mixed along spheres: first on the "
                "upper and lower edge, then between the two points found.",
            ),
            formula(
                r"z(x,y)=\mathrm{slerp}\bigl(\mathrm{slerp}(z_1,z_2;x),"
                r"\mathrm{slerp}(z_3,z_4;x);y\bigr),\quad x="
                f"{x:.2f},\\ y={y:.2f}"
            ),
        ],
    )


# -- drags and buttons ------------------------------------------------------------------------------


def blend_corners(value: Any) -> dict[str, Any]:
    """The verse at one point of the palette, for the pointer."""
    point = dict(value)
    made = poems.blend(
        point["codes"], float(point["x"]), float(point["y"]), point["model"], form=point["form"]
    )
    return {"poem": _lines(made.poem)}


def vary_poem(value: Any, inputs: Mapping[str, Any]) -> Outcome:
    """Six poems close to the one whose button was pressed."""
    poem = dict(value)
    model, form = str(poem["model"]), str(poem["form"])
    code, seed = [float(v) for v in poem["code"]], int(inputs.get("seed", 0))
    made = poems.vary(code, model, form=form, count=6, seed=seed, amount=0.35)
    cards = [verse_card(p, model) for p in made.poems]
    origin = poems.decode([code], model, form=form).poems[0]
    return Outcome(
        result=made,
        blocks=lambda: [
            verses(model, [verse_card(origin, model, title=say("出发点", "start")), *cards])
        ],
        timing=made.timing,
        call=Call(
            poems.vary,
            {"code": code, "model": model, "form": form, "count": 6, "seed": seed, "amount": 0.35},
        ),
        how=lambda: [
            say(
                "在这首诗的编码上加一点噪声再缩回原来的长度：",
                "A little noise is added to the poem's code, and its length restored:",
            ),
            formula(r"z' = \frac{z + 0.35\,\varepsilon}{\sqrt{1+0.35^2}},\quad "
                    r"\varepsilon\sim\mathcal{N}(0,I)"),
        ],
    )  # fmt: skip


# -- blocks -----------------------------------------------------------------------------------------


def verses(model: str, cards: Sequence[Block]) -> Block:
    """Cards of poems with a button for poems close by."""
    return {
        "kind": "verse",
        "poems": list(cards),
        "actions": [{"name": "vary", "label": say("近似", "similar")}],
    }


def verse_card(
    poem: Poem,
    model: str,
    *,
    title: str = "",
    given: frozenset[int] = frozenset(),
    satisfied: bool = True,
    compare: str = "",
) -> Block:
    """A poem as set on the page, with badges and the panels that open when it is chosen."""
    lines = poem.lines
    judged = prosody.analyse(lines, licence=True)
    runs = poems.runs(lines, model)
    marks = {}
    for i, char in enumerate(poem.text):
        if compare and char != compare[i]:
            marks[i] = "changed"
        elif i in given:
            marks[i] = "given"
    badges = []
    if not satisfied:
        badges.append(
            {
                "kind": "bad",
                "text": say("约束冲突", "rules clash"),
                "title": say(
                    "某处没有合乎全部约束的字", "no character meets all rules at some place"
                ),
            }
        )
    if judged.tone_ok:
        badges.append({"kind": "good", "text": say("合律", "tones kept"), "title": ""})
    if BY_NAME[poem.form].lines == 4 and judged.rhyme_ok:
        badges.append({"kind": "good", "text": say("押韵", "rhymes"), "title": ""})
    longest = max((run.length for run in runs), default=0)
    if longest >= 5:
        badges.append(
            {
                "kind": "bad",
                "text": say(f"{longest} 字同语料", f"{longest} in corpus"),
                "title": say(
                    "连续这么多字出现在训练语料里", "a run this long stands in the corpus"
                ),
            }
        )
    return {
        "title": title,
        **_lines(poem, marks),
        "badges": badges,
        "value": {"form": poem.form, "model": model, "code": list(poem.code)},
        "details": [_prosody_block(judged), _runs_block(lines, runs)],
    }


def _lines(poem: Poem, marks: Mapping[int, str] | None = None) -> dict[str, Any]:
    readings = verse.pinyin(poem.text)
    old = verse.traditional(poem.text)
    form = BY_NAME[poem.form]
    chars = [
        _char(c, readings[i], old[i] if len(old) == len(readings) else c.char, (marks or {}).get(i))
        for i, c in enumerate(poem.chars)
    ]
    return {"lines": [chars[i : i + form.width] for i in range(0, len(chars), form.width)]}


def _char(c: Char, reading: str, old: str, mark: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"c": c.char, "py": reading, "t": old}
    if c.rivals:
        shown["p"] = round(c.probability, 4)
        shown["r"] = [[r.char, round(r.probability, 4)] for r in c.rivals]
    if mark:
        shown["mark"] = mark
    return shown


def _prosody_block(judged: prosody.Prosody) -> Block:
    def sign(tones: frozenset[str]) -> str:
        return "both" if len(tones) == 2 else next(iter(tones), "unknown")

    group = "、".join(judged.rhyme)
    return {
        "kind": "prosody",
        "title": say("格律", "Prosody"),
        "hint": say(
            f"平水韵 · 最近的谱：{judged.pattern.zh}" + (f" · 韵部 {group}" if group else ""),
            f"Pingshui rhymes · nearest pattern: {judged.pattern.en}"
            + (f" · rhyme {group}" if group else ""),
        ),
        "lines": [
            [
                {
                    "c": s.char,
                    "ok": s.ok,
                    "expected": s.expected,
                    "tone": sign(s.tones),
                    "title": s.char,
                }
                for s in line
            ]
            for line in judged.lines
        ],
        "notes": [{"kind": "fault", "text": say(f.zh, f.en)} for f in judged.violations]
        + [{"kind": "remark", "text": say(f.zh, f.en)} for f in judged.notes],
        "fine": say("平仄、对、粘都合。", "Tones, opposition and adhesion are all kept."),
    }


def _runs_block(lines: Sequence[str], runs: Sequence[Run]) -> Block:
    longest = max((run.length for run in runs), default=0)
    verdict = (
        say(
            f"最长有 {longest} 个连续的字在训练语料里出现过。",
            f"The longest run that stands in the training corpus has {longest} characters.",
        )
        if longest
        else say(
            "没有四个以上连续的字出现在训练语料里。",
            "No run of four or more characters stands in the training corpus.",
        )
    )
    return {
        "kind": "runs",
        "title": say("新旧", "Novelty"),
        "hint": say("与训练语料相同的连续字", "runs shared with the training corpus"),
        "lines": list(lines),
        "runs": [{"line": r.line, "start": r.start, "length": r.length} for r in runs],
        "verdict": verdict,
    }


def _ledger(seen: Reading) -> Block:
    count = len(seen.chars)
    return {
        "kind": "table",
        "title": say("账目", "Ledger"),
        "hint": say("单位 nats", "in nats"),
        "columns": [
            "",
            say("整首", "whole verse"),
            say("每字", "per character"),
        ],
        "rows": [
            [name, round(value, 2), round(value / count, 3)]
            for name, value in (
                (
                    say("重构 −E log p(x|z)", "reconstruction −E log p(x|z)"),
                    seen.reconstruction_nats,
                ),
                ("KL", seen.kl_nats),
                ("−ELBO", -seen.elbo),
                (
                    say(
                        f"−重要性下界（{seen.samples} 样本）", f"−importance bound ({seen.samples})"
                    ),
                    -seen.bound,
                ),
            )
        ],
    }


def _posterior_plot(seen: Reading, model: str) -> Block:
    theme = poems.theme_size(model)
    size = len(seen.mean)
    colours = ["indigo" if i < theme else "celadon" for i in range(size)]
    label = [
        f"{'theme' if i < theme else 'local'} {i}<br>μ {m:.2f}, σ {s:.2f}, KL {k:.2f}"
        for i, (m, s, k) in enumerate(zip(seen.mean, seen.std, seen.kl, strict=True))
    ]
    bars = {
        "type": "bar",
        "y": [round(m, 3) for m in seen.mean],
        "error_y": {
            "type": "data",
            "array": [round(s, 3) for s in seen.std],
            "thickness": 1,
            "width": 0,
            "color": "soft",
        },
        "marker": {"color": colours},
        "hovertext": label,
        "hoverinfo": "text",
    }
    divergence = {
        "type": "bar",
        "y": [round(k, 3) for k in seen.kl],
        "marker": {"color": colours},
        "yaxis": "y2",
        "hovertext": label,
        "hoverinfo": "text",
    }
    active = sum(k > 0.1 for k in seen.kl)
    parts_zh = f"前 {theme} 维是整首的主题，其余每字 {(size - theme) // len(seen.chars)} 维"
    parts_en = (
        f"the first {theme} are the theme, then {(size - theme) // len(seen.chars)} per character"
    )
    if theme == size:
        parts_zh, parts_en = "所有维度属于整首", "all dimensions belong to the whole verse"
    return {
        "kind": "plot",
        "title": say("后验", "Posterior"),
        "hint": say(
            f"上：μ ± σ；下：每维 KL（nats）；{parts_zh}",
            f"above: μ ± σ; below: KL per dimension (nats); {parts_en}",
        ),
        "height": 320,
        "alt": say(
            f"{size} 维后验，{active} 维的 KL 大于 0.1，合计 {seen.kl_nats:.1f} nats。",
            f"Posterior of {size} dimensions, {active} with a KL above 0.1, {seen.kl_nats:.1f} nats "
            "in all.",
        ),
        "figure": {
            "data": [bars, divergence],
            "layout": {
                "bargap": 0.15,
                "xaxis": {"title": {"text": say("维度", "dimension")}, "anchor": "y2"},
                "yaxis": {"title": {"text": "μ ± σ"}, "domain": [0.42, 1]},
                "yaxis2": {"title": {"text": "KL"}, "domain": [0, 0.34]},
            },
        },
    }


# -- small helpers ------------------------------------------------------------------------------------


def _marked_changes(path: Sequence[Poem], model: str) -> list[dict[str, Any]]:
    shown = []
    for before, poem in zip([path[0], *path], path, strict=False):
        marks = {
            i: "changed"
            for i, (x, y) in enumerate(zip(before.text, poem.text, strict=True))
            if x != y
        }
        shown.append(_lines(poem, marks))
    return shown


def _distinct(path: Sequence[Poem]) -> int:
    return len({poem.text for poem in path})


def _given_places(form: str, acrostic: str, fixed: str) -> frozenset[int]:
    """Positions that the visitor prescribed."""
    shape = BY_NAME[form]
    places = {line * shape.width for line in range(min(len(verse.strip(acrostic)), shape.lines))}
    kept = [c for c in fixed if c in "?？〇□_＿○*" or verse.strip(c)]
    places |= {i for i, c in enumerate(kept) if c not in "?？〇□_＿○*"}
    return frozenset(places)


def _decoder_formula(model: str) -> str:
    if model == "poem-vae-2018":
        return r"x_t = \arg\max_x p(x \mid z),\quad t = 1 \dots 10"
    return r"p(x \mid g, z) = \prod_t p(x_t \mid x_{<t},\, z_{\le t},\, g)"


def _log(value: float) -> float:
    from math import log

    return log(max(value, 1e-9))


def _norm(code: Sequence[float]) -> float:
    return float(sum(v * v for v in code) ** 0.5)


# -- layout -----------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Four things to do."""
    with tab.several():
        with tab.scene("compose", say("作诗", "Compose")) as scene:
            _compose_scene(scene)
        with tab.scene("read", say("编码", "Encode")) as scene:
            _read_scene(scene)
        with tab.scene("walk", say("插值", "Walk")) as scene:
            _walk_scene(scene)
        with tab.scene("palette", say("调色板", "Palette")) as scene:
            _palette_scene(scene)


def _model(scene: Scene) -> None:
    scene.input("model", gr.Radio(MODELS, value="poem-vae", label=say("模型", "Model")))


def _compose_scene(scene: Scene) -> None:
    with scene.controls():
        _model(scene)
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


def _read_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "text",
            gr.Textbox(
                "白日依山尽，黄河入海流。",
                label=say("你的诗句", "Your verse"),
                info=say(
                    "一联或一首绝句，五言或七言，简繁皆可",
                    "a couplet or quatrain, 5 or 7 characters a line, either script",
                ),
                lines=3,
                max_length=20_000,
            ),
        )
        _model(scene)
        scene.seed(0)
        with scene.more():
            scene.input(
                "samples", gr.Slider(1, 500, value=100, step=1, label=say("样本数 M", "Samples M"))
            )
        scene.primary(say("编码", "Encode"), read_poem)
    scene.act("vary", vary_poem)
    scene.examples = [
        Example(say("登鹳雀楼", "On the Stork Tower"), {"text": "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"}),
        Example(say("江雪", "River Snow"), {"text": "千山鸟飞绝，万径人踪灭。孤舟蓑笠翁，独钓寒江雪。"},
                say("押仄声韵：格律面板会指出", "it rhymes on an oblique tone: see the prosody panel")),
        Example(say("七言联", "couplet of sevens"), {"text": "两个黄鹂鸣翠柳，一行白鹭上青天。"}),
        Example(say("2018 原版读它", "read by the 2018 model"), {"text": "白日依山尽，黄河入海流。",
                "model": "poem-vae-2018"}, say("平均池化几乎忘了顺序", "the mean pool nearly forgets order")),
        Example(say("失败：白话", "failure: plain speech"), {"text": "今天天气好，我们去公园。"},
                say("不像诗：看它的 ELBO 低多少", "not verse: see how much lower its ELBO is")),
        Example(say("失败：字数不对", "failure: wrong length"), {"text": "床前明月光，疑是地上"},
                say("提示会说接受什么", "the notice says what is accepted")),
    ]  # fmt: skip
    scene.show()


def _walk_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "a",
            gr.Textbox(
                "白日依山尽，黄河入海流。", label=say("起点", "From"), lines=2, max_length=20_000
            ),
        )
        scene.input(
            "b",
            gr.Textbox(
                "明月松间照，清泉石上流。", label=say("终点", "To"), lines=2, max_length=20_000
            ),
        )
        scene.input("steps", gr.Slider(3, 21, value=9, step=1, label=say("步数", "Steps")))
        _model(scene)
        scene.primary(say("出发", "Walk"), walk_poems)
    scene.examples = [
        Example(say("山水", "mountains and rivers"), {}),
        Example(say("春到秋", "spring to autumn"), {"a": "春眠不觉晓，处处闻啼鸟。", "b": "空山新雨后，天气晚来秋。"}),
        Example(say("七言", "sevens"), {"a": "两个黄鹂鸣翠柳，一行白鹭上青天。", "b": "朝辞白帝彩云间，千里江陵一日还。"}),
        Example(say("绝句", "quatrains"), {"a": "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
                "b": "床前明月光，疑是地上霜。举头望明月，低头思故乡。"}),
        Example(say("失败：2018 原版", "failure: the 2018 model"), {"model": "poem-vae-2018"}, say(
                "起点和终点都没能重构", "neither end is reconstructed")),
        Example(say("失败：体裁不同", "failure: two forms"), {"b": "两个黄鹂鸣翠柳，一行白鹭上青天。"}),
    ]  # fmt: skip
    scene.show()


def _palette_scene(scene: Scene) -> None:
    with scene.controls():
        for name, text, label in (
            ("top_left", "白日依山尽，黄河入海流。", say("左上", "Top left")),
            ("top_right", "明月松间照，清泉石上流。", say("右上", "Top right")),
            ("bottom_left", "大漠孤烟直，长河落日圆。", say("左下", "Bottom left")),
            ("bottom_right", "感时花溅泪，恨别鸟惊心。", say("右下", "Bottom right")),
        ):
            scene.input(name, gr.Textbox(text, label=label, max_length=20_000))
        with scene.more():
            _model(scene)
            scene.input("x", gr.Slider(0, 1, value=0.5, step=0.01, label="x"))
            scene.input("y", gr.Slider(0, 1, value=0.5, step=0.01, label="y"))
        scene.primary(say("调色", "Blend"), blend_poems)
    scene.examples = [
        Example(say("中点", "the middle"), {}),
        Example(say("左上角", "top left corner"), {"x": 0.0, "y": 0.0}),
        Example(say("四季", "four seasons"), {"top_left": "春眠不觉晓，处处闻啼鸟。",
                "top_right": "小荷才露角，早有立蜻蜓。", "bottom_left": "空山新雨后，天气晚来秋。",
                "bottom_right": "千山鸟飞绝，万径人踪灭。"}),
        Example(say("七言", "sevens"), {"top_left": "两个黄鹂鸣翠柳，一行白鹭上青天。",
                "top_right": "朝辞白帝彩云间，千里江陵一日还。", "bottom_left": "黄河远上白云间，一片孤城万仞山。",
                "bottom_right": "月落乌啼霜满天，江枫渔火对愁眠。"}),
        Example(say("失败：2018 原版", "failure: the 2018 model"), {"model": "poem-vae-2018"}),
        Example(say("失败：混用体裁", "failure: mixed forms"), {"top_left": "两个黄鹂鸣翠柳，一行白鹭上青天。"}),
    ]  # fmt: skip
    scene.show(live={"blend_corners": blend_corners})


def warmup() -> None:
    """One couplet: loads the new model and its tables."""
    poems.compose(count=1)


DEMO = Demo(
    slug="poem-vae",
    section="generate",
    order=1,
    title=say("诗歌 VAE", "Poem VAE"),
    heading=say("随机成诗", "Verse from noise"),
    summary=say(
        "一串高斯随机数，就是一首诗。拖动它们，看一首诗怎样一点点变成另一首。",
        "A string of Gaussian numbers is a poem. Move them, and watch one verse turn into another.",
    ),
    keywords="vae 变分自编码 诗 唐诗 绝句 对联 平仄 poetry latent",
    references=(
        Reference(
            title="变分自编码器：随机成诗", url="https://kexue.fm/archives/5332", date="2018-03-24"
        ),
        Reference(
            title="Auto-Encoding Variational Bayes",
            url="https://arxiv.org/abs/1312.6114",
            date="2013",
            kind="paper",
        ),
    ),
    weights=("poem-vae", "poem-vae-2018"),
    build=build,
    warmup=warmup,
)
