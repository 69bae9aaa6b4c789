"""Directions from groups that the visitor makes, applied to another face, saved and loaded."""

import base64
import re
from typing import Any

import gradio as gr

from core.errors import InputError
from core.tasks import ogan
from core.tasks.ogan import Direction
from demos._outcome import Block, Call, Example, Outcome
from demos._pictures import (
    end_of,
    film_block,
    packed,
    photo_aligner,
    photo_block,
    photo_input,
    seed_input,
    slot_picture,
)
from demos._tab import Scene
from demos._words import say
from demos.gan_interpolation.shared import (
    SIZE,
    Model,
    Prior,
    correlation_curve,
    filled,
    model_input,
    offered_examples,
    prior_input,
    realism_curve,
    truncation_input,
)

CANDIDATES = 36
FIRST = 6409  # seed of the first candidate
FRAMES = 41
PLUS = "6412 6417 6421 6429 6433 6434"  # open smiles, of several complexions, so that these cancel
MINUS = "6409 6413 6422 6431 6443 6444"  # closed mouths
LIGHT = "6418 6424 6448 6453 6470 6478"  # drawn faces with light hair
DARK = "6422 6435 6447 6451 6466 6471"


def arithmetic_scene(scene: Scene) -> None:
    """Two groups, a subject, how far to push it."""
    with scene.controls():
        model_input(scene)
        scene.input(
            "plus",
            gr.Textbox(PLUS, label=say("正组的种子", "Seeds of the group +"), max_length=2000),
        )
        scene.input(
            "minus",
            gr.Textbox(MINUS, label=say("负组的种子", "Seeds of the group −"), max_length=2000),
        )
        seed_input(scene, "seed", 6442, say("推动哪张脸（种子）", "Face to push (seed)"))
        photo_input(scene, "photo")
        scene.input("direction", gr.Textbox("", visible=False, max_length=200_000))
        scene.input(
            "reach",
            gr.Slider(0.25, 5, value=1.25, step=0.25, label=say("最大强度", "Largest strength")),
        )
        with scene.more():
            prior_input(scene)
            truncation_input(scene)
            scene.input(
                "on_sphere",
                gr.Checkbox(True, label=say("编码留在球面上", "Keep the code on the sphere")),
            )
            scene.input(
                "first",
                gr.Number(
                    FIRST,
                    label=say("候选图从哪个种子开始", "Candidates begin at seed"),
                    precision=0,
                    minimum=0,
                    maximum=ogan.MAX_SEED - CANDIDATES,
                ),
            )
        scene.primary(say("求方向并推动", "Find and push"), push_face)
    scene.examples = offered_examples(
        Example(say("换一张脸", "another face"), {"seed": 77}),
        Example(say("反过来", "reversed"), {"plus": MINUS, "minus": PLUS}),
        Example(say("动漫：发色", "anime: hair"), {"model": "ogan-anime", "plus": LIGHT, "minus": DARK,
                "seed": 6433}, say("浅发减深发", "light hair minus dark hair")),
        Example(say("推得更远", "further"), {"reach": 3}),
        Example(say("一对一", "one against one"), {"plus": "6410", "minus": "6411"}, say(
                "方向里全是两张脸的个性", "the direction is all about these two")),
        Example(say("失败：相同的组", "failure: equal groups"), {"minus": PLUS}, say(
                "差是零，什么也不变", "the difference is zero, nothing changes")),
        Example(say("失败：组里没有图", "failure: an empty group"), {"minus": ""}, say(
                "两组都要有图", "both groups need pictures")),
        Example(say("失败：离开球面", "failure: off the sphere"), {"on_sphere": False, "reach": 5}, say(
                "编码越推越长，脸散了", "codes grow longer and faces dissolve")),
    )  # fmt: skip
    scene.show(live={"align_photo": photo_aligner(SIZE), "read_direction": read_direction})


def read_direction(value: Any) -> dict[str, Any]:
    """Check a file of a direction that the visitor chose; its content in base64 comes back."""
    along = _loaded(str(value))
    return {
        "direction": str(value),
        "model": along.model,
        "norm": along.norm,
        "plus": along.plus,
        "minus": along.minus,
    }


def push_face(
    plus: str = PLUS,
    minus: str = MINUS,
    seed: int = 6442,
    reach: float = 1.25,
    truncation: float = 0.9,
    on_sphere: bool = True,
    photo: str = "",
    direction: str = "",
    first: int = FIRST,
    model: Model = "ogan-faces",
    prior: Prior = "normal",
) -> Outcome:
    """Find the direction between two groups of faces and push another face along it with O-GAN.

    Args:
        plus: seeds of the faces that have more of something, separated by spaces
        minus: seeds of the faces that have less of it
        seed: the face that is pushed
        reach: the film runs from minus to plus this strength; 1 is the distance of the groups
        truncation: factor before all codes, 0 to 2
        on_sphere: keep the length of the pushed face's code
        photo: a photo as a data URL instead of the seed
        direction: a safetensors file saved here, in base64, instead of the two groups
        first: seed of the first candidate shown for making groups
        model: ogan-faces (people) or ogan-anime (drawn faces)
        prior: what seeds are drawn from: normal or fitted (a Gaussian of real pictures' codes)
    """
    groups = (_seeds(plus), _seeds(minus))
    loaded = _loaded(direction, model) if direction.strip() else None
    arguments: dict[str, Any] = {"plus": groups[0], "minus": groups[1]}
    if loaded is not None:
        arguments = {"along": list(loaded.values)}
    arguments |= {
        "subject": end_of(seed, photo),
        "model": model,
        "reach": reach,
        "frames": FRAMES,
        "truncation": truncation,
        "on_sphere": on_sphere,
        "prior": prior,
    }
    pushed = ogan.push(**arguments)
    along = loaded or pushed.direction
    sphere = r"\frac{\lVert z\rVert}{\lVert z+s\,d\rVert}" if on_sphere else ""
    return Outcome(
        result={"direction": along, "push": pushed},
        blocks=lambda: _blocks(pushed, along, groups, int(first), reach, photo, direction, prior),
        timing=pushed.timing,
        call=Call(ogan.push, arguments),
        how=lambda: [
            say(
                f"正组 {along.plus} 张、负组 {along.minus} 张的平均编码之差就是方向，长 {along.norm:.2f}。"
                "组越大，个性越互相抵消，留下的才是共性。",
                f"The direction is the difference of the average codes of {along.plus} and {along.minus} "
                f"faces; its length is {along.norm:.2f}. The larger the groups, the better what is "
                "particular cancels and what is common stays.",
            ),
            filled(
                r"d=\frac1{|P|}\sum_{i\in P}z_i-\frac1{|M|}\sum_{j\in M}z_j,\qquad \|d\|=@",
                along.norm,
            ),
            filled(
                r"x(s)=G\Big(@" + sphere + r"\,(z+s\,d)\Big),\quad |s|\le @",
                truncation,
                reach,
                digits=2,
            ),
            say(
                f"纯噪声的两组，差的长度约为 {_chance(along):.2f}：比它长不了多少的方向多半是偶然。",
                f"Groups of pure chance differ by about {_chance(along):.2f}: a direction not much "
                "longer says little.",
            ),
        ],
    )


def _chance(along: Direction) -> float:
    """The expected length for groups drawn at random."""
    return float((len(along.values) * (1 / max(along.plus, 1) + 1 / max(along.minus, 1))) ** 0.5)


def _blocks(
    pushed: ogan.Push,
    along: Direction,
    groups: tuple[list[int], list[int]],
    first: int,
    reach: float,
    photo: str,
    direction: str,
    prior: str,
) -> list[Block]:
    middle = len(pushed.strengths) // 2
    seeds = list(range(first, first + CANDIDATES))
    seeds += [s for s in (*groups[0], *groups[1]) if s not in seeds][:24]
    codes = ogan.codes_of(seeds, along.model, prior=prior)[0]
    shown = ogan.draw([code.tolist() for code in codes], along.model, truncation=0.9)
    return [
        film_block(
            pushed.pictures,
            title=say("沿方向推动", "Pushed along the direction"),
            hint=say("中间是原来的脸", "the face itself is in the middle"),
            alt=say(
                f"强度从 −{reach:g} 到 {reach:g} 的 {FRAMES} 帧。",
                f"{FRAMES} frames of strength −{reach:g} to {reach:g}.",
            ),
            values=[
                realism_curve(pushed.numbers.score),
                correlation_curve(pushed.numbers.correlation),
            ],
            ends=("−", "+"),
            axis={"label": "s", "from": -reach, "to": reach},
        ),
        {
            "kind": "groups",
            "title": say("给两组挑脸", "Choose faces for both groups"),
            "hint": say("点一下是 +，再点是 −", "a click for +, another for −"),
            "alt": say(f"{len(seeds)} 张候选脸。", f"{len(seeds)} candidate faces."),
            "seeds": seeds,
            "with": [str(s) for s in groups[0]],
            "without": [str(s) for s in groups[1]],
            "inputs": {"with": "plus", "without": "minus"},
            "also": {"direction": ""},
            **packed(shown.pictures),
        },
        {
            "kind": "direction",
            "title": say("方向", "The direction"),
            "hint": say("从文件读入", "from a file")
            if direction
            else say(f"+{along.plus} / −{along.minus}", f"+{along.plus} / −{along.minus}"),
            "loaded": bool(direction),
            "name": f"direction-{along.model}.safetensors",
            "alt": say(
                f"方向的 {len(along.values)} 个分量，长 {along.norm:.2f}。",
                f"The direction's {len(along.values)} components, length {along.norm:.2f}.",
            ),
            "r": {
                "values": [round(v, 3) for v in along.values],
                "file": base64.b64encode(ogan.to_safetensors(along)).decode("ascii"),
            },
        },
        photo_block(
            [
                {
                    "input": "photo",
                    "label": say("推动谁", "Who is pushed"),
                    "note": say("照片", "photo") if photo else "",
                    "used": bool(photo),
                    "pictures": [
                        slot_picture(pushed.pictures, middle, say("强度 0", "strength 0"))
                    ],
                    "lines": [[say("真实度", "realism"), -pushed.numbers.score[middle]]],
                }
            ],
            title=say("推动你的照片", "Push a photo of yours"),
            size=SIZE,
        ),
    ]


def _seeds(text: str) -> list[int]:
    """Seeds written with anything but digits between them; `InputError` for too long ones."""
    words = re.findall(r"\d+", text)
    if any(len(word) > 10 for word in words) or len(words) > ogan.MAX_GROUP:
        raise InputError(
            en=f"A group is at most {ogan.MAX_GROUP} seeds of ten digits, separated by spaces.",
            zh=f"一组最多 {ogan.MAX_GROUP} 个种子，每个至多十位，用空格隔开。",
        )
    return [int(word) for word in words]


def _loaded(text: str, model: str | None = None) -> Direction:
    """The direction in a file given in base64, of `model` or of any."""
    try:
        data = base64.b64decode(text.strip()[:200_000], validate=True)
    except ValueError:
        data = b""
    return ogan.from_safetensors(data, model)
