"""Catenary: a chain to take in hand over flat ground, above a planet, among several, and let fall."""

import math
from functools import partial
from typing import Any

import gradio as gr

from core.labs import catenary, chain_of_links
from demos import Demo, Reference
from demos._numbers import finite, rounded, thinned, timed
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene, Tab
from demos._words import say
from demos.catenary.blocks import (
    END_LEFT,
    END_RIGHT,
    SLIDE,
    dips,
    handles,
    parabola_text,
    planet_story,
    planet_tension,
    signed,
    tension_plot,
    tinted,
)

LONGEST = 12.0


def hang_chain(
    x1: float = -1.0,
    y1: float = 0.0,
    x2: float = 1.2,
    y2: float = 0.4,
    length: float = 3.6,
    compare: bool = True,
) -> Outcome:
    """Hang a chain of a given length between two points under uniform gravity: the catenary.

    Args:
        x1: horizontal place of one end
        y1: height of one end
        x2: horizontal place of the other end
        y2: height of the other end
        length: of the chain, at least the distance of the ends, in the same units
        compare: also the parabola with the same ends and length, and its energy
    """
    ends = (float(x1), float(y1)), (float(x2), float(y2))
    chain, timing = timed(catenary.uniform, *ends, float(length))
    other = catenary.parabola(*ends, float(length)) if compare else None
    low = min(range(len(chain.points)), key=lambda i: float(chain.points[i, 1]))
    curves = [
        tinted(
            chain.points,
            chain.tension,
            say(f"悬链线，能量 {signed(chain.energy)}", f"catenary, energy {signed(chain.energy)}"),
        )
    ]
    if other:
        curves.append(
            {
                "points": rounded(thinned(other.points, 80)),
                "colour": "ochre",
                "dash": True,
                "label": say(
                    f"抛物线，能量 {signed(other.energy)}",
                    f"parabola, energy {signed(other.energy)}",
                ),
            }
        )
    rise, width = abs(ends[1][1] - ends[0][1]), abs(ends[1][0] - ends[0][0])
    return Outcome(
        result=partial(finite, {"catenary": chain, "parabola": other}),
        timing=timing,
        call=Call(catenary.uniform, {"left": ends[0], "right": ends[1], "length": float(length)}),
        blocks=lambda: [
            {
                "kind": "chain",
                "title": say("两端与链长", "Two ends and a length"),
                "hint": say(
                    "拖两端；拖最低点改链长；方向键也行",
                    "drag the ends; drag the lowest point to "
                    "change the length; arrow keys work too",
                ),
                "alt": say(
                    f"长 {length:g} 的悬链，参数 a = {chain.a:.4f}，最低张力 {chain.tension.min():.3f}。",
                    f"A chain of length {length:g} with a = {chain.a:.4f} and least tension "
                    f"{chain.tension.min():.3f}.",
                ),
                "live": True,
                "length": float(length),
                "longest": LONGEST,
                "curves": curves,
                "handles": handles(ends, chain.points[low]),
            },
            tension_plot(
                chain.arc,
                chain.tension,
                say("张力 T / ρg（长度单位）", "tension T / ρg (lengths)"),
                say(
                    f"最小 {chain.tension.min():.3f}，两端 {chain.tension[0]:.3f} 与 {chain.tension[-1]:.3f}",
                    f"least {chain.tension.min():.3f}, at the ends {chain.tension[0]:.3f} and "
                    f"{chain.tension[-1]:.3f}",
                ),
            ),
        ],
        how=[
            say(
                "整条链的重心最低、长度给定，得到双曲余弦；两端和长度定出三个数。水平距离 "
                f"d = {width:.3f}，高差 v = {rise:.3f}，L = {length:g}：",
                "Lowest centre of mass at a given length gives the hyperbolic cosine; ends and length "
                f"fix its three numbers. With width d = {width:.3f}, rise v = {rise:.3f}, L = {length:g}:",
            ),
            formula(
                r"2a\sinh\frac{d}{2a}=\sqrt{L^2-v^2}="
                + f"{math.sqrt(float(length) ** 2 - rise**2):.4f}"
                + r"\quad\Rightarrow\quad a="
                + f"{chain.a:.4f}"
            ),
            formula(
                r"y=a\cosh\frac{x-b}{a}+c,\qquad b="
                + f"{chain.b:.4f}"
                + r",\ c="
                + f"{chain.c:.4f}"
            ),
            formula(
                r"T=\rho g\,(y-c)=\rho g\sqrt{a^2+s^2},\qquad E=\rho g\int y\,ds="
                + f"{chain.energy:.4f}"
            ),
            parabola_text(chain.energy, other.energy if other else None),
        ],
    )


def chain_above_planet(
    x1: float = 1.651,
    y1: float = 1.129,
    x2: float = -1.651,
    y2: float = 1.129,
    length: float = 3.8,
    compare: bool = True,
) -> Outcome:
    """Hang a chain in the field of a point mass at the origin, beside the log-spiral of 2011.

    Args:
        x1: one end, the planet is at (0, 0)
        y1: one end
        x2: the other end
        y2: the other end
        length: between the distance of the ends and the sum of their distances from the planet
        compare: also the spiral of the 2011 post with the same ends and length
    """
    ends = (float(x1), float(y1)), (float(x2), float(y2))
    chain, timing = timed(catenary.point_mass, *ends, float(length))
    spiral = catenary.log_spiral(*ends, float(length)) if compare else None
    lowest = (chain.lowest * math.cos(chain.angle), chain.lowest * math.sin(chain.angle))
    curves = [
        tinted(
            chain.points,
            chain.tension,
            say(
                f"悬链，能量 {signed(chain.energy)}",
                f"hanging chain, energy {signed(chain.energy)}",
            ),
        )
    ]
    if spiral:
        curves.append(
            {
                "points": rounded(thinned(spiral.points, 120)),
                "colour": "indigo",
                "dash": True,
                "label": say(
                    f"2011 年的对数螺线，能量 {signed(spiral.energy)}",
                    f"log-spiral of 2011, energy {signed(spiral.energy)}",
                ),
            }
        )
    return Outcome(
        result=partial(finite, {"chain": chain, "spiral": spiral}),
        timing=timing,
        call=Call(
            catenary.point_mass, {"first": ends[0], "second": ends[1], "length": float(length)}
        ),
        blocks=lambda: [
            {
                "kind": "chain",
                "title": say("行星上空", "Above a planet"),
                "hint": say(
                    "引力指向行星中心；拖两端与最低点",
                    "gravity points to the planet's centre; drag the ends and the lowest point",
                ),
                "alt": say(
                    f"行星上空的悬链，最低点离中心 {chain.lowest:.3f}，能量 {signed(chain.energy)}。",
                    f"A chain above a planet, lowest at {chain.lowest:.3f} from the centre, energy "
                    f"{chain.energy:.4f}.",
                ),
                "live": True,
                "length": float(length),
                "longest": LONGEST,
                "curves": curves,
                "planets": [{"id": "sun", "x": 0, "y": 0, "r": 0.12}],
                "handles": handles(ends, lowest if dips(chain) else chain.points[100]),
            },
            planet_tension(chain, spiral),
        ],
        how=planet_story(chain, spiral, float(length)),
    )


def let_chain_fall(
    planets: str = "-0.9, -1, 1\n0.9, -1, 1",
    length: float = 3.4,
    links: int = 40,
    x1: float = -1.2,
    y1: float = 0.5,
    x2: float = 1.2,
    y2: float = 0.5,
    seed: int = 20110609,
) -> Outcome:
    """Let a chain of rigid links fall until it rests: a film, its energy, and the exact rest position.

    Args:
        planets: x, y, k of each planet, one a line; empty means uniform gravity
        length: of the chain
        links: number of links, 2 to 100
        x1: one end
        y1: one end
        x2: the other end
        y2: the other end
        seed: shakes the chain a little before it falls
    """
    arguments: dict[str, Any] = {
        "first": (float(x1), float(y1)),
        "second": (float(x2), float(y2)),
        "length": float(length),
        "planets": chain_of_links.parse_planets(planets),
        "links": int(links),
        "frames": 70,
        "seed": int(seed),
    }
    fall, timing = timed(chain_of_links.relax, **arguments)
    masses = arguments["planets"]
    rest = {
        "points": rounded(fall.beads),
        "colour": "celadon",
        "dash": True,
        "label": say(
            f"静止位置，能量 {signed(fall.energy, 5)}", f"at rest, energy {signed(fall.energy, 5)}"
        ),
    }
    slack = fall.tension.min() < 0
    return Outcome(
        result=partial(finite, fall),
        timing=timing,
        call=Call(chain_of_links.relax, arguments),
        blocks=lambda: [
            {
                "kind": "chain",
                "title": say("放手", "Let go"),
                "hint": say(
                    "拖两端和行星，松手重放", "drag ends and planets; letting go plays again"
                ),
                "alt": say(
                    f"{links} 节链从折线落到静止，能量从 {fall.energies[0]:.3f} 降到 {fall.energy:.4f}。",
                    f"A chain of {links} links falls from a bent wire to rest; its energy goes from "
                    f"{fall.energies[0]:.3f} to {fall.energy:.4f}.",
                ),
                "live": False,
                "length": float(length),
                "curves": [rest],
                "planets": [
                    {
                        "id": f"p{i}",
                        "x": x,
                        "y": y,
                        "r": 0.05 + 0.05 * min(k, 4.0) ** 0.5,
                        "label": f"k = {k:g}",
                    }
                    for i, (x, y, k) in enumerate(masses)
                ],
                "handles": [
                    *handles((arguments["first"], arguments["second"]), None),
                    *(
                        {
                            "id": f"p{i}",
                            "what": "planet",
                            "x": x,
                            "y": y,
                            "k": k,
                            "label": say(f"行星 {i + 1}", f"planet {i + 1}"),
                        }
                        for i, (x, y, k) in enumerate(masses)
                    ),
                ],
                "film": {
                    "frames": [rounded(frame.ravel(), 3) for frame in fall.frames],
                    "energies": rounded(fall.energies, 5),
                    "rest": round(fall.energy, 5),
                },
            },
            tension_plot(
                [(i + 0.5) * float(length) / int(links) for i in range(int(links))],
                fall.tension,
                say("每节的张力", "tension of each link"),
                say(
                    f"最小 {fall.tension.min():.3f}，最大 {fall.tension.max():.3f}",
                    f"least {fall.tension.min():.3f}, greatest {fall.tension.max():.3f}",
                ),
            ),
        ],
        how=[
            say(
                f"{links} 节刚性链节带摩擦下落：每一步先按力移动，再解一个三对角方程组把每节拉回原长。"
                f"70 帧之后用牛顿法同时解位置和张力，剩余的不平衡力是 {fall.residual:.1e}。",
                f"{links} rigid links fall with friction: each step moves them by the force, then one "
                "tridiagonal system restores every length. After 70 frames Newton's method solves for "
                f"positions and tensions together; the unbalanced force left is {fall.residual:.1e}.",
            ),
            formula(
                r"T_{i+1}\frac{e_{i+1}}{\ell}-T_i\frac{e_i}{\ell}=\frac{\ell}{2}"
                r"(\nabla V_i+\nabla V_{i+1}),\qquad |e_i|=\ell="
                + f"{float(length) / int(links):.4f}"
            ),
            say(
                "有的链节张力为负：这个静止位置靠链节的刚性撑着，软绳会垮掉。"
                if slack
                else "所有链节都受拉，软绳也会停在这里。多个行星没有封闭解，这正是要数值解的理由。",
                "Some links are under compression: only their stiffness keeps this rest position, a "
                "rope would collapse."
                if slack
                else "Every link is pulled, so a rope would rest here too. For several planets there is "
                "no closed form, which is why links are needed.",
            ),
        ],
    )


def grow_planet(radius: float = 4.0, length: float = 1.3) -> Outcome:
    """Compare the chain above a planet of growing radius with the hyperbolic cosine of flat ground.

    Args:
        radius: of the planet, for ends one apart and gravity one at the surface; 1 to 64
        length: of the chain, more than 1
    """
    sizes = [2.0, 4.0, 8.0, 16.0, 32.0, 64.0]
    own, timing = timed(catenary.radius_limit, length=float(length), radii=(float(radius),))
    line = catenary.radius_limit(length=float(length), radii=sizes)
    deviation = float(own.deviation[0])
    guide = [float(line.deviation[-1]) * sizes[-1] / size for size in sizes]
    return Outcome(
        result=partial(finite, {"here": own, "radii": line.radii, "deviation": line.deviation}),
        timing=timing,
        call=Call(catenary.radius_limit, {"length": float(length), "radii": (float(radius),)}),
        blocks=lambda: [
            {
                "kind": "chain",
                "title": say("行星越大，地越平", "The larger the planet, the flatter the ground"),
                "hint": say(f"半径 {radius:g}，两端相距 1", f"radius {radius:g}, ends one apart"),
                "alt": say(
                    f"半径 {radius:g} 时行星上的悬链与双曲余弦最多相差 {deviation:.2e}。",
                    f"At radius {radius:g} the planet's chain and the hyperbolic cosine differ by at "
                    f"most {deviation:.2e}.",
                ),
                "gravity": True,
                "curves": [
                    {
                        "points": rounded(thinned(own.curved[0], 120)),
                        "colour": "ochre",
                        "width": 4,
                        "label": say("行星上", "on the planet"),
                    },
                    {
                        "points": rounded(thinned(own.flat, 120)),
                        "colour": "ink",
                        "dash": True,
                        "label": say("双曲余弦", "hyperbolic cosine"),
                    },
                ],
            },
            {
                "kind": "plot",
                "title": say("最大偏差", "Largest deviation"),
                "hint": say("双对数；虚线斜率 −1", "log-log; the dashed line has slope −1"),
                "height": 260,
                "alt": say("偏差随半径按 1/R 下降。", "The deviation falls like 1/R."),
                "figure": {
                    "data": [
                        {
                            "x": sizes,
                            "y": guide,
                            "mode": "lines",
                            "line": {"color": "soft", "dash": "dot", "width": 1.5},
                            "hoverinfo": "skip",
                        },
                        {
                            "x": sizes,
                            "y": rounded(line.deviation, 8),
                            "mode": "lines+markers",
                            "line": {"color": "celadon"},
                            "hovertemplate": "R = %{x}<br>%{y:.2e}<extra></extra>",
                        },
                        {
                            "x": [float(radius)],
                            "y": [deviation],
                            "mode": "markers+text",
                            "marker": {"color": "seal", "size": 11},
                            "text": [f"{deviation:.2e}"],
                            "textposition": "top right",
                            "cliponaxis": False,
                            "hoverinfo": "skip",
                        },
                    ],
                    "layout": {
                        "xaxis": {
                            "type": "log",
                            "dtick": "D2",
                            "title": {
                                "text": say(
                                    "行星半径 R（两端距离）",
                                    "planet radius R (distance of the ends)",
                                )
                            },
                        },
                        "yaxis": {
                            "type": "log",
                            "dtick": 1,
                            "exponentformat": "power",
                            "title": {"text": say("偏差", "deviation")},
                        },
                    },
                },
            },
        ],
        how=[
            say(
                f"让表面重力恒为一（k = R²），行星从 R = 2 长到 64，同一条链的偏差每翻一倍半径就约减半："
                f"R = {radius:g} 时是 {deviation:.3e}，R = 64 时是 {line.deviation[-1]:.3e}。",
                "Gravity at the surface is kept at one (k = R²). Each doubling of the radius about "
                f"halves the deviation: {deviation:.3e} at R = {radius:g}, {line.deviation[-1]:.3e} at "
                "R = 64.",
            ),
            formula(
                r"\frac{k}{r}=\frac{R^2}{R+y}=R-y+\frac{y^2}{R}-\cdots,\qquad"
                r"\max|y_R-y_\infty|\approx\frac{" + f"{line.deviation[-1] * 64:.4f}" + r"}{R}"
            ),
        ],
    )


# -- quick answers for drags ------------------------------------------------------------------------


def _adjust_flat(value: Any) -> dict[str, Any]:
    return hang_chain(**dict(value)).payload()


def _adjust_planet(value: Any) -> dict[str, Any]:
    return chain_above_planet(**dict(value)).payload()


# -- layout -----------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Four things to do."""
    with tab.several():
        with tab.scene("flat", say("均匀重力", "Flat ground")) as scene:
            _flat_scene(scene)
        with tab.scene("planet", say("行星", "Planet")) as scene:
            _planet_scene(scene)
        with tab.scene("fall", say("放手", "Let go")) as scene:
            _fall_scene(scene)
        with tab.scene("limit", say("大行星", "Large planet")) as scene:
            _limit_scene(scene)


def _length(scene: Scene, value: float) -> None:
    scene.input("length", gr.Slider(0.2, LONGEST, value=value, step=0.01, label=SLIDE), live=True)


def _ends(scene: Scene, x1: float, y1: float, x2: float, y2: float) -> None:
    with scene.more(say("两端的坐标", "Coordinates of the ends")):
        for names, label, (x, y) in (
            (("x1", "y1"), END_LEFT, (x1, y1)),
            (("x2", "y2"), END_RIGHT, (x2, y2)),
        ):
            with gr.Row():
                for name, value in zip(names, (x, y), strict=True):
                    scene.input(name, gr.Number(value, label=f"{label} {name[0]}", min_width=0))


def _flat_scene(scene: Scene) -> None:
    with scene.controls():
        _length(scene, 3.6)
        scene.input(
            "compare", gr.Checkbox(True, label=say("比较抛物线", "Compare the parabola")), live=True
        )
        _ends(scene, -1.0, 0.0, 1.2, 0.4)
        scene.primary(say("挂起来", "Hang it"), hang_chain)
    scene.examples = [
        Example(say("等高", "level"), {"x1": -1.0, "y1": 0.0, "x2": 1.0, "y2": 0.0, "length": 3.0}),
        Example(say("很长", "very long"), {"x1": -0.5, "x2": 0.5, "y2": 0.0, "length": 6.0}, say("两边几乎竖直，抛物线差得远",
                "nearly vertical sides: the parabola is far off")),
        Example(say("几乎绷直", "nearly taut"), {"x1": -1.0, "y1": 0.0, "x2": 1.0, "y2": 0.0, "length": 2.01},
                say("与抛物线几乎重合，张力很大", "almost a parabola, and the tension is large")),
        Example(say("没有最低点", "no lowest point inside"), {"x1": -1.0, "y1": 0.0, "x2": 0.5, "y2": 2.0, "length": 2.6},
                say("整条链都在上坡", "all of the chain goes uphill")),
        Example(say("圣路易斯拱门的倒影", "the Gateway Arch upside down"),
                {"x1": -1.0, "y1": 0.0, "x2": 1.0, "y2": 0.0, "length": 4.69},
                say("宽与高约相等；实物是加权的悬链", "about as wide as high; the real one is a weighted catenary")),
        Example(say("失败：太短", "failure: too short"), {"length": 1.0},
                say("短于两端距离，挂不住", "shorter than the distance of its ends")),
        Example(say("失败：上下正对", "failure: one above the other"), {"x1": 0.0, "x2": 0.001, "y2": 1.0, "length": 3.0},
                say("水平距离为零时两股重叠，余弦失去意义", "with no width both strands coincide and a goes to zero")),
    ]  # fmt: skip
    scene.show(live={"adjust": _adjust_flat})


def _planet_scene(scene: Scene) -> None:
    with scene.controls():
        _length(scene, 3.8)
        scene.input(
            "compare",
            gr.Checkbox(True, label=say("2011 年的螺线", "The spiral of 2011")),
            live=True,
        )
        _ends(scene, 1.651, 1.129, -1.651, 1.129)
        scene.primary(say("挂起来", "Hang it"), chain_above_planet)
    scene.examples = [
        Example(say("验证用的算例", "the case that was checked"),
                {"x1": 1.651, "y1": -1.129, "x2": 1.651, "y2": 1.129, "length": 2.597},
                say("能量 −1.8770 对 −1.7626", "energies −1.8770 and −1.7626")),
        Example(say("半周", "half way round"), {"x1": 2.0, "y1": 0.3, "x2": -2.0, "y2": 0.3, "length": 4.02}),
        Example(say("高低不同", "one end higher"), {"x1": 2.4, "y1": 1.2, "x2": -0.8, "y2": 0.9, "length": 3.7}),
        Example(say("贴近行星", "close to the planet"), {"length": 3.97},
                say("越长越贴近中心，能量没有下界", "longer chains come close, where energy has no lower bound")),
        Example(say("几乎绷直", "nearly taut"), {"length": 3.31}, say("C > k 的一类", "of the kind C > k")),
        Example(say("失败：落到行星上", "failure: it reaches the planet"), {"length": 4.2}, say(
                "长过两端到行星的距离之和", "longer than both distances to the planet")),
        Example(say("失败：隔着行星", "failure: across the planet"), {"x1": 2.0, "y1": 0.0, "x2": -2.0, "y2": 0.0}, say(
                "两端正对行星，向哪边绕不确定", "the ends face each other: which way round?")),
    ]  # fmt: skip
    scene.show(live={"adjust": _adjust_planet})


def _fall_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "planets",
            gr.Textbox(
                "-0.9, -1, 1\n0.9, -1, 1",
                label=say(
                    "行星 x, y, k（每行一个，空为均匀重力）",
                    "Planets x, y, k (one a line; none: flat)",
                ),
                lines=3,
                max_length=1000,
            ),
        )
        scene.input("length", gr.Slider(0.2, LONGEST, value=3.4, step=0.01, label=SLIDE))
        scene.input("links", gr.Slider(2, 100, value=40, step=1, label=say("链节数", "Links")))
        scene.seed(20110609)
        _ends(scene, -1.2, 0.5, 1.2, 0.5)
        scene.primary(say("放手", "Let go"), let_chain_fall)
    scene.examples = [
        Example(say("均匀重力", "flat ground"), {"planets": ""}, say("落成双曲余弦", "it falls into a hyperbolic cosine")),
        Example(say("一个行星", "one planet"), {"planets": "0, -1.2, 1"}),
        Example(say("大小不同", "a large and a small one"), {"planets": "-0.8, -1.2, 3\n1.0, -0.6, 0.6"}),
        Example(say("三个行星", "three planets"), {"planets": "-1.4, -0.8, 1\n0, -1.6, 1\n1.4, -0.8, 1", "length": 3.8}),
        Example(say("只有五节", "five links"), {"links": 5, "planets": ""},
                say("粗糙的链也落到多边形的静止位置", "a coarse chain rests as a polygon")),
        Example(say("行星在上方", "planets above"), {"planets": "0, 2.2, 1", "length": 2.8},
                say("链条向上垂", "the chain hangs upwards")),
        Example(say("失败：够到行星", "failure: it reaches a planet"), {"planets": "0, 0, 1", "length": 3.4}, say(
                "会落进引力中心，能量没有下界", "it would fall into the centre")),
        Example(say("失败：读不懂", "failure: unreadable"), {"planets": "0 1"}),
    ]  # fmt: skip
    scene.show()


def _limit_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "radius",
            gr.Slider(1, 64, value=4, step=0.5, label=say("行星半径 R", "Planet radius R")),
            live=True,
        )
        scene.input("length", gr.Slider(1.01, 2.5, value=1.3, step=0.01, label=SLIDE), live=True)
        scene.primary(say("比较", "Compare"), grow_planet)
    scene.examples = [
        Example(say("小行星", "a small planet"), {"radius": 1.0}),
        Example(say("中等", "middling"), {"radius": 16.0}),
        Example(say("几乎是平地", "almost flat ground"), {"radius": 64.0}),
        Example(say("长链", "a long chain"), {"radius": 4.0, "length": 2.2}),
        Example(say("绷紧", "taut"), {"radius": 2.0, "length": 1.05}),
        Example(say("失败：够到中心", "failure: it reaches the centre"), {"radius": 1.0, "length": 2.2}, say(
                "小行星挂不住长链", "a small planet cannot carry a long chain")),
        Example(say("失败：差得最多", "failure: the worst match"), {"radius": 1.5, "length": 2.4}, say(
                "链长与半径相当时，平地近似完全不行", "as long as the planet is large: flat ground is no approximation")),
    ]  # fmt: skip
    scene.show()


DEMO = Demo(
    slug="catenary",
    section="mathematics",
    order=4,
    title=say("悬链线", "Catenary"),
    heading=say("悬链线", "The hanging chain"),
    summary=say(
        "拿起链条的两端：平地上是双曲余弦，行星上空是什么？看 2011 年的答案错在哪里。",
        "Take a chain by its ends: cosh on flat ground, but above a planet? See where 2011 went wrong.",
    ),
    keywords="悬链线 双曲余弦 变分法 万有引力 catenary cosh variational gravity spiral",
    references=(
        Reference(title="均匀重力下的悬链线", url="https://kexue.fm/archives/1128"),
        Reference(title="质点引力下的悬链线", url="https://kexue.fm/archives/1361", date="2011"),
    ),
    build=build,
)
