"""Names of the families, and what every scene says of them in the same words."""

from collections.abc import Sequence

import gradio as gr

from core.tasks import families
from core.tasks.families import Missing, Morph, Rebuilt, Sampled, Spent
from demos._outcome import Block
from demos._tab import Scene
from demos._words import say

NAMES = {
    "vae": "VAE",
    "ogan": "O-GAN",
    "glow": "Glow",
    "diffusion": say("扩散", "Diffusion"),
}
Row = Sampled | Rebuilt | Morph
SCHEDULERS = [("DDIM", "ddim"), ("DPM-Solver++", "dpm-solver++"), ("DDPM", "ddpm")]


def known_names() -> list[tuple[str, str]]:
    """The families that the gallery has weights of, as choices."""
    return [(NAMES[family], family) for family in families.known()]


def steps_input(scene: Scene, value: int = 25, *, label: str = "") -> None:
    """How many steps a diffusion takes."""
    scene.input(
        "steps",
        gr.Slider(5, 100, value=value, step=5, label=label or say("扩散步数", "Diffusion steps")),
    )


def maker_input(scene: Scene) -> None:
    """Who draws the face that a seed stands for."""
    choices = known_names()
    names = [name for _, name in choices]
    value = "ogan" if "ogan" in names else names[0]
    scene.input(
        "made_by",
        gr.Dropdown(choices, value=value, label=say("种子的脸由谁画", "A seed's face is drawn by")),
    )


def passes(spent: Spent) -> str:
    """Evaluations of a network so far, and their time."""
    many = f"{spent.evaluations}/{spent.total}" if not spent.done else str(spent.total)
    text = say(f"网络 {many} 次", f"passes {many}")
    if spent.timing is None:
        return text + say(" · 载入中", " · loading")
    return text + f" · {spent.timing.compute_ms:.0f} ms"


def share(spent: Spent) -> float | None:
    """How far a family has come; None once it is there."""
    return None if spent.done else round(spent.evaluations / spent.total, 3)


def reason(missing: Missing) -> str:
    """Why a family is not here."""
    return say(missing.zh, missing.en)


def reason_row(missing: Missing) -> Block:
    """A row of a block `rows` for a family that is not here."""
    return {"name": NAMES[missing.family], "reason": reason(missing)}


def progress(rows: Sequence[Row], missing: Sequence[Missing], steps: int, each: int = 1) -> float:
    """How far all families together have come, by passes through networks.

    `each` is how many one of a single pass makes, diffusion as many for each of its steps.
    """
    absent = {one.family for one in missing}
    total = sum(
        each * (steps if family == "diffusion" else 1)
        for family in families.FAMILIES
        if family not in absent
    )
    return min(1.0, sum(row.spent.evaluations for row in rows) / max(1, total))
