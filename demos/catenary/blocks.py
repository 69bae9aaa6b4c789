"""Pictures and explanations of hanging chains: handles, tensions, what went wrong in 2011."""

import math
from typing import Any

from core.labs.catenary import PlanetChain, Spiral
from demos._numbers import rounded
from demos._outcome import Block, formula
from demos._words import say

END_LEFT, END_RIGHT = say("左端", "Left end"), say("右端", "Right end")
SLIDE = say("链长", "Length")


def handles(ends: tuple[Any, Any], lowest: Any) -> list[Block]:
    """Grips of both ends and, when there is one, of the point that changes the length."""
    grips: list[Block] = [
        {
            "id": "a",
            "what": "end",
            "x": ends[0][0],
            "y": ends[0][1],
            "inputs": ["x1", "y1"],
            "label": END_LEFT,
        },
        {
            "id": "b",
            "what": "end",
            "x": ends[1][0],
            "y": ends[1][1],
            "inputs": ["x2", "y2"],
            "label": END_RIGHT,
        },
    ]
    if lowest is not None:
        grips.append(
            {
                "id": "l",
                "what": "length",
                "x": float(lowest[0]),
                "y": float(lowest[1]),
                "label": SLIDE,
            }
        )
    return grips


def tinted(points: Any, tension: Any, label: str) -> Block:
    span = float(tension.max() - tension.min()) or 1.0
    return {
        "points": rounded(points),
        "tension": rounded((tension - tension.min()) / span, 3),
        "colour": "seal",
        "width": 5,
        "label": label,
    }


def tension_plot(arc: Any, tension: Any, axis: str, hint: str) -> Block:
    return {
        "kind": "plot",
        "title": say("沿链的张力", "Tension along the chain"),
        "hint": hint,
        "height": 220,
        "alt": hint,
        "figure": {
            "data": [
                {
                    "x": rounded(arc),
                    "y": rounded(tension),
                    "mode": "lines",
                    "line": {"color": "seal"},
                    "hovertemplate": "s = %{x:.2f}<br>T = %{y:.3f}<extra></extra>",
                }
            ],
            "layout": {
                "xaxis": {"title": {"text": say("弧长 s", "arc length s")}},
                "yaxis": {"title": {"text": axis}, "rangemode": "tozero"},
            },
        },
    }


def planet_tension(chain: PlanetChain, spiral: Spiral | None) -> Block:
    """T = lambda - k/r along both curves; the spiral's lambda is zero."""
    traces = [
        {
            "x": rounded(chain.arc),
            "y": rounded(chain.tension),
            "mode": "lines",
            "line": {"color": "seal"},
            "hovertemplate": "s = %{x:.2f}<br>T = %{y:.3f}<extra></extra>",
        }
    ]
    notes = [
        _direct(
            float(chain.arc[-1]) / 2,
            float(chain.tension.min()),
            say("悬链：受拉", "chain: pulled"),
            "seal",
            -16,
        )
    ]
    if spiral:
        steps = (spiral.points[1:] - spiral.points[:-1]) ** 2
        arc = [0.0]
        for step in steps.sum(axis=1) ** 0.5:
            arc.append(arc[-1] + float(step))
        pushed = [-1 / math.hypot(x, y) for x, y in spiral.points]
        traces.append(
            {
                "x": rounded(arc),
                "y": rounded(pushed),
                "mode": "lines",
                "line": {"color": "indigo", "dash": "dash"},
                "hovertemplate": "s = %{x:.2f}<br>T = %{y:.3f}<extra></extra>",
            }
        )
        notes.append(
            _direct(
                arc[-1] / 5,
                pushed[len(pushed) // 5],
                say("螺线：受压", "spiral: pushed"),
                "indigo",
                -16,
            )
        )
    return {
        "kind": "plot",
        "title": say("沿链的张力", "Tension along the chain"),
        "hint": say("T = λ − k/r；螺线的 λ 是 0", "T = λ − k/r; the spiral's λ is 0"),
        "height": 240,
        "alt": say(
            f"悬链的张力在 {chain.tension.min():.3f} 到 {chain.tension.max():.3f} 之间，都为正；螺线的为负。",
            f"The chain's tension lies between {chain.tension.min():.3f} and {chain.tension.max():.3f}, "
            "all positive; the spiral's is negative.",
        ),
        "figure": {
            "data": traces,
            "layout": {
                "xaxis": {"title": {"text": say("弧长 s", "arc length s")}},
                "yaxis": {
                    "title": {"text": say("张力 T（k / 长度）", "tension T (k / length)")},
                    "zerolinecolor": "soft",
                },
                "annotations": notes,
            },
        },
    }


def _direct(x: float, y: float, text: str, colour: str, lift: float) -> Block:
    """A label beside its curve instead of a legend."""
    return {
        "x": x,
        "y": y,
        "text": text,
        "showarrow": False,
        "yshift": lift,
        "font": {"color": colour},
    }


def dips(chain: PlanetChain) -> bool:
    """Whether the lowest point of the curve lies between the ends."""
    radius = [math.hypot(x, y) for x, y in chain.points]
    return min(radius) < min(radius[0], radius[-1]) - 1e-6


def parabola_text(chain: float, parabola: float | None) -> str:
    if parabola is None:
        return say(
            "张力最小处在最低点，等于 ρga。",
            "Tension is least at the lowest point, where it is ρga.",
        )
    return say(
        f"伽利略以为是抛物线：同样两端、同样长度，抛物线的能量是 {signed(parabola, 5)}，"
        f"比悬链线的 {signed(chain, 5)} 高 {parabola - chain:.1e}。",
        f"Galileo took it for a parabola: with the same ends and length its energy is {signed(parabola, 5)}, "
        f"{parabola - chain:.1e} above the catenary's {signed(chain, 5)}.",
    )


def planet_story(chain: PlanetChain, spiral: Spiral | None, length: float) -> list[Any]:
    m = chain.ratio
    if m < 0.999:
        shape, name = r"\frac{\lambda\,(k-C\cosh\omega\theta)}{k^2-C^2}", "C < k"
        omega = math.sqrt(1 / m**2 - 1)
    elif m > 1.001:
        shape, name = r"\frac{\lambda\,(C\cos\omega\theta-k)}{C^2-k^2}", "C > k"
        omega = math.sqrt(1 - 1 / m**2)
    else:
        shape, name, omega = r"\frac{\lambda}{2C}(1-\theta^2)", "C = k", 0.0
    parts: list[Any] = [
        say(
            f"带着长度约束（乘子 λ）求极小：张力 T = λ − k/r，力矩 T r sin φ = C 处处相同。这次 k = 1，"
            f"C = {chain.torque:.4f}，λ = {chain.multiplier:.4f}，属于 {name}：",
            "Minimise with the length as a constraint (multiplier λ): the tension is T = λ − k/r, the "
            f"torque T r sin φ = C is the same everywhere. Here k = 1, C = {chain.torque:.4f}, "
            f"λ = {chain.multiplier:.4f}, the case {name}:",
        ),
        formula(
            r"\left(\frac{du}{d\theta}\right)^2=\frac{(\lambda-ku)^2}{C^2}-u^2,\ u=\frac1r\quad"
            r"\Rightarrow\quad\frac1r=" + shape + r",\ \omega=" + f"{omega:.4f}"
        ),
        formula(r"E=-k\int\frac{ds}{r}=" + f"{chain.energy:.5f}" + r",\qquad L=" + f"{length:g}"),
    ]
    if spiral:
        parts += [
            say(
                "2011 年的文章漏了长度约束（λ = 0），得到对数螺线。同样两端和长度下它的能量高 "
                f"{spiral.energy - chain.energy:.4f}，它的张力 −k/r 处处为负，最低处还有一个尖角：那是拱，不是链。",
                "The 2011 post leaves the length out (λ = 0) and finds a logarithmic spiral. With the "
                f"same ends and length its energy is {spiral.energy - chain.energy:.4f} higher, its "
                "tension −k/r is negative everywhere and it has a kink at the bottom: an arch, no chain.",
            ),
            formula(
                r"r=Ae^{B|\theta-\theta_0|},\quad A="
                + f"{spiral.a:.4f}"
                + r",\ B="
                + f"{spiral.b:.4f}"
                r",\ E=-k\sqrt{1+B^2}\,\Delta\theta=" + f"{spiral.energy:.5f}"
            ),
        ]
    else:
        parts.append(
            say(
                "这样的两端和长度，没有对数螺线能满足。",
                "No logarithmic spiral has these ends and this length.",
            )
        )
    return parts


def signed(value: float, digits: int = 4) -> str:
    """A number with a real minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")
