"""Four faces at the corners of a square; the face under the pointer is computed as it moves."""

from collections.abc import Mapping
from typing import Any

from core.errors import InputError
from core.tasks import ogan
from demos._outcome import Call, Example, Outcome, formula
from demos._pictures import seed_input
from demos._tab import Scene
from demos._words import say
from demos.gan_interpolation.shared import (
    OFFERED,
    Model,
    Prior,
    filled,
    model_input,
    offered_examples,
    prior_input,
    signed,
    truncation_input,
)

SHEET = 7  # pictures each way behind the pointer
CORNERS = (
    ("seed_a", 6421, say("左上", "Top left")),
    ("seed_b", 6468, say("右上", "Top right")),
    ("seed_c", 6417, say("左下", "Bottom left")),
    ("seed_d", 6429, say("右下", "Bottom right")),
)


def plane_scene(scene: Scene) -> None:
    """Four seeds."""
    with scene.controls():
        model_input(scene)
        for name, value, label in CORNERS:
            seed_input(scene, name, value, label)
        with scene.more():
            prior_input(scene)
            truncation_input(scene)
        scene.primary(say("铺开", "Spread out"), spread_faces)
    scene.examples = offered_examples(
        Example(say("另外四张", "four others"), {"seed_a": 1, "seed_b": 2, "seed_c": 3, "seed_d": 4}),
        Example(say("动漫", "anime"), {"model": "ogan-anime", "seed_a": 6433, "seed_b": 6460, "seed_c": 6461, "seed_d": 6435}),
        Example(say("一条边", "one edge"), {"seed_c": 6421, "seed_d": 6468}, say(
                "上下相同：只有左右在变", "top and bottom agree: only left and right matter")),
        Example(say("三个角", "a triangle"), {"seed_d": 6417}),
        Example(say("更典型", "more typical"), {"truncation": 0.6}),
        Example(say("失败：四个相同的角", "failure: four equal corners"), {"seed_b": 6421, "seed_c": 6421,
                "seed_d": 6421}, say("整个平面是一张脸", "the whole plane is one face")),
        Example(say("失败：太远", "failure: too far out"), {"truncation": 1.5}, say(
                "四角都不像真的", "no corner looks real")),
    )  # fmt: skip
    scene.show(live={"face_at": face_at})


def face_at(value: Any) -> dict[str, Any]:
    """The face at a point of the square, for the pointer."""
    if not isinstance(value, Mapping):
        raise InputError(en="The place is missing. Move again.", zh="缺少位置，请再移动一下。")
    frame = ogan.blend(
        list(value.get("codes") or []),
        _number(value.get("x")),
        _number(value.get("y")),
        str(value.get("model") or OFFERED[0]),
        truncation=_number(value.get("truncation")),
    )
    return {
        "picture": frame.picture.sprite(1),
        "realism": -frame.score,
        "correlation": frame.correlation,
        "compute_ms": round(frame.timing.compute_ms, 1),
    }


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")  # refused by the verb, with the range that is accepted


def spread_faces(
    seed_a: int = 6421,
    seed_b: int = 6468,
    seed_c: int = 6417,
    seed_d: int = 6429,
    truncation: float = 0.9,
    model: Model = "ogan-faces",
    prior: Prior = "normal",
) -> Outcome:
    """Spread faces over a square between four seeds, seven by seven, with the discriminator's score.

    Args:
        seed_a: seed of the top left corner
        seed_b: seed of the top right corner
        seed_c: seed of the bottom left corner
        seed_d: seed of the bottom right corner
        truncation: factor before all codes, 0 to 2
        model: ogan-faces (people) or ogan-anime (drawn faces)
        prior: what seeds are drawn from: normal or fitted (a Gaussian of real pictures' codes)
    """
    arguments: dict[str, Any] = {
        "corners": [int(seed_a), int(seed_b), int(seed_c), int(seed_d)],
        "model": model,
        "prior": prior,
        "truncation": truncation,
    }
    made = ogan.sheet(**arguments, rows=SHEET, columns=SHEET)
    scores = made.numbers.score
    middle = len(scores) // 2
    return Outcome(
        result=made,
        blocks=lambda: [
            {
                "kind": "faceplane",
                "title": say("平面上的脸", "Faces on a plane"),
                "hint": say(
                    "在左边移动指针，右边随之而变；方向键也行",
                    "move over the left, the right follows; arrow keys too",
                ),
                "alt": say(
                    f"四个种子之间 {SHEET}×{SHEET} 张脸，以及指针所在处的一张。",
                    f"{SHEET} by {SHEET} faces between four seeds, and the one under the pointer.",
                ),
                "rows": made.rows,
                "columns": made.columns,
                "size": made.pictures.pixels.shape[-1],
                "truncation": truncation,
                "model": model,
                "r": {
                    "sprite": made.pictures.sprite(SHEET),
                    "codes": [[round(v, 4) for v in code] for code in made.corners],
                    "realism": [round(-v, 3) for v in scores],
                    "correlation": [round(v, 3) for v in made.numbers.correlation],
                },
            }
        ],
        timing=made.timing,
        call=Call(ogan.sheet, arguments),
        how=lambda: [
            say(
                "上边和下边各走一段球面，再在两点之间走一段；所以处处的编码都和四角一样长，一样典型。"
                f"最像真的一格真实度 {signed(-min(scores))}，最差 {signed(-max(scores))}。",
                "Along the upper and the lower edge we walk on the sphere, then between the two points: "
                "codes are as long, and as typical, as those of the corners everywhere. Realism is "
                f"{signed(-min(scores))} at best and {signed(-max(scores))} at worst.",
            ),
            formula(
                r"z(x,y)=\mathrm{slerp}\big(\mathrm{slerp}(z_A,z_B;x),\ \mathrm{slerp}(z_C,z_D;x);\ y\big)"
            ),
            filled(
                r"G(@\,z(\tfrac12,\tfrac12)):\quad \bar E=@,\quad \rho=@",
                truncation,
                scores[middle],
                made.numbers.correlation[middle],
            ),
        ],
    )
