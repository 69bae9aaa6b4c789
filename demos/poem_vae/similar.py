"""The button of a card: more poems close to this one."""

from collections.abc import Mapping
from typing import Any

from core.tasks import poems
from demos._outcome import Call, Outcome, formula
from demos._words import say
from demos.poem_vae.cards import verse_card, verses


def vary_poem(value: Any, inputs: Mapping[str, Any]) -> Outcome:
    """Six poems close to the one whose button was pressed."""
    poem = dict(value)
    model, form = str(poem["model"]), str(poem["form"])
    code, seed = [float(v) for v in poem["code"]], int(inputs.get("seed", 0))
    made = poems.vary(code, model, form=form, count=6, seed=seed, amount=0.35)
    cards = [verse_card(p, model) for p in made.poems]
    origin = poems.decode([code], model, form=form).poems[0]
    # Rules may have made the poem of the pressed button another one than its code alone gives.
    title = (
        say("出发点", "start")
        if origin.text == poem.get("text")
        else say("出发点：同一编码，不加规则", "start: the same code, without rules")
    )
    return Outcome(
        result=made,
        blocks=lambda: [
            verses(model, [verse_card(origin, model, title=title), *cards])
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
