"""The scene that reads: a visitor's verse, its code, what comes back, and what the model thinks of it."""

import gradio as gr

from core.tasks import poems
from core.tasks.poems import Poem, Reading
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene
from demos._words import say
from demos.poem_vae.cards import verse_card, verses
from demos.poem_vae.models import Model, model_input
from demos.poem_vae.similar import vary_poem


def read_scene(scene: Scene) -> None:
    """A box for the verse; both it and its reconstruction lead on to similar poems."""
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
        model_input(scene)
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
