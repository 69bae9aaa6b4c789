"""Pi: can it be a fraction? Best fractions, the walk among all of them, series in a race, identities."""

from functools import partial
from typing import Any

import gradio as gr

from core.labs import pi_digits
from demos import Demo, Reference
from demos._numbers import finite, timed
from demos._outcome import Block, Call, Example, Outcome, formula
from demos._tab import Scene, Tab
from demos._words import say
from demos.pi.plots import (
    NAMES,
    approach_plot,
    as_fraction,
    as_power,
    cloud_plot,
    exponent_plot,
    ford_block,
    power_of_ten,
    race_plot,
    statistics_plot,
    terms_plot,
    turn,
)

SERIES = {
    "leibniz": r"\pi=4\sum\frac{(-1)^k}{2k+1}",
    "machin": r"\pi=16\arctan\tfrac15-4\arctan\tfrac1{239}",
    "ramanujan": r"\frac1\pi=\frac{2\sqrt2}{99^2}\sum\frac{(4k)!}{k!^4}\frac{1103+26390k}{396^{4k}}",
    "chudnovsky": r"\frac1\pi=12\sum\frac{(-1)^k(6k)!}{(3k)!\,k!^3}\frac{13591409+545140134k}{640320^{3k+3/2}}",
}
FORMULAS = {
    "rogers-ramanujan": say("拉马努金的连分数", "Ramanujan's continued fraction"),
    "ramanujan": say("拉马努金级数", "Ramanujan's series"),
    "chudnovsky": say("楚德诺夫斯基级数", "the Chudnovsky series"),
    "machin": say("马青公式", "Machin's formula"),
    "log-sine": say("对数正弦积分", "a log-sine integral"),
    "log-sine-squared": say("对数正弦平方积分", "its square"),
    "heegner": say("差一点是整数", "almost an integer"),
    "first-term": say("只取第一项", "the first term alone"),
}


def judge_fraction(numerator: int = 355, denominator: int = 113, largest: int = 2000) -> Outcome:
    """Judge a fraction for pi: correct digits, error against 1/q^2, the best with its denominator.

    Args:
        numerator: p, up to 10^15
        denominator: q, up to 10^15
        largest: denominators up to this one are shown for comparison, up to 20000
    """
    arguments = {"numerator": numerator, "denominator": denominator}
    found, timing = timed(pi_digits.judge, **arguments)
    cloud = pi_digits.scatter(int(largest))
    own, best = found.fraction, found.best
    pi = pi_digits.digits(len(found.text) - 2)
    agree = next(
        (i for i, (a, b) in enumerate(zip(found.text, pi, strict=False)) if a != b), len(pi)
    )
    verdict = (
        say(
            "分母不超过它的分数里，没有更近的",
            "no fraction with a denominator up to its own is closer",
        )
        if found.is_best
        else say(
            f"{as_fraction(best)} 更近，分母还不大于它",
            f"{as_fraction(best)} is closer with no larger denominator",
        )
    )
    return Outcome(
        result=partial(finite, found),
        timing=timing,
        call=Call(pi_digits.judge, arguments),
        blocks=lambda: [
            {
                "kind": "digits",
                "title": f"{as_fraction(own)}",
                "hint": verdict,
                "rows": [
                    {"title": "π", "text": pi, "agree": len(pi)},
                    {
                        "title": as_fraction(own),
                        "text": found.text,
                        "agree": agree,
                        "note": say(
                            f"{found.digits} 位小数正确，比 π {'大' if own.above else '小'} {as_power(own.log10_error)}",
                            f"{found.digits} decimals right, {'above' if own.above else 'below'} π by "
                            f"{as_power(own.log10_error)}",
                        ),
                        "tone": "good" if found.is_best else "bad",
                    },
                ],
            },
            cloud_plot(cloud, own),
        ],
        how=[
            say(
                f"π 是无理数，所以没有 p/q 等于它；能问的只是多近。这里 |π − {as_fraction(own)}| = {as_power(own.log10_error)}，"
                f"乘上 q² 是 {own.scaled_error:.4g}。",
                f"π is irrational, so no p/q equals it; one can only ask how near. Here |π − {as_fraction(own)}| = "
                f"{as_power(own.log10_error)}, times q² it is {own.scaled_error:.4g}.",
            ),
            formula(
                r"\left|\pi-\frac pq\right|<\frac1{2q^2}\ \Rightarrow\ \frac pq\text{ : convergent},"
                r"\qquad q^2\left|\pi-\frac pq\right|=" + f"{own.scaled_error:.4g}"
            ),
            say(
                "随便取分母 q，最近的分数平均差 1/4q，乘 q² 就随 q 增长；图里落到 1 以下的点才是好分数，"
                f"它们是连分数截出来的。分母不超过 {own.denominator:,} 的最好分数是 {as_fraction(best)}。",
                "For an ordinary q the nearest fraction is 1/4q away on average, which times q² grows with q. Only "
                "the points below 1 are good fractions, and those come from the continued fraction. The best with "
                f"a denominator up to {own.denominator:,} is {as_fraction(best)}.",
            ),
        ],
    )


def walk_fractions(steps: int = 330, at: int = 11) -> Outcome:
    """Walk from 1/1 towards pi in the Stern-Brocot tree of all fractions.

    Args:
        steps: turns to take, 5 to 400
        at: the turn that is shown first
    """
    arguments = {"steps": int(steps)}
    found, timing = timed(pi_digits.stern_brocot, **arguments)
    at = min(max(int(at), 0), int(steps))
    last = found.fractions[-1]
    return Outcome(
        result=partial(finite, found),
        timing=timing,
        call=Call(pi_digits.stern_brocot, arguments),
        blocks=lambda: [ford_block(found, at), approach_plot(found)],
        how=[
            say(
                "从 1/1 出发，每步问一句：π 在右边（R）还是左边（L）？新的分数是两个最近邻居的“中间数”，"
                "分子分母各自相加。"
                f"走 {steps} 步到 {as_fraction(last)}。",
                "From 1/1 each step asks: is π to the right (R) or to the left (L)? The next fraction is the mediant of "
                f"the two nearest neighbours, numerators and denominators added. {steps} steps lead to {as_fraction(last)}.",
            ),
            formula(
                r"\frac ab<\pi<\frac cd\ \to\ \frac{a+c}{b+d},\qquad bc-ad=1,\qquad"
                r"\text{turns: }"
                + r"\,".join(f"{turn(i)}^{{{run}}}" for i, run in enumerate(found.runs[:8]))
                + r"\cdots"
            ),
            say(
                "同向连走的步数正是连分数的项 "
                + ", ".join(map(str, found.runs[:-1][:12]))
                + "；每次转向之前的那个分数就是渐近分数。福特圆的直径是 1/q²：竖线 π 穿过谁的圆，谁的误差就小于 1/2q²。",
                "The lengths of equal turns are the terms of the continued fraction, "
                + ", ".join(map(str, found.runs[:-1][:12]))
                + "; the fraction before each change of direction is a convergent. A Ford circle has "
                "diameter 1/q²: where the line at π cuts it, the error is below 1/2q².",
            ),
        ],
    )


def expand_pi(terms: int = 40) -> Outcome:
    """The continued fraction of pi: terms, convergents, their statistics, the irrationality measure.

    Args:
        terms: how many, 3 to 600
    """
    arguments = {"terms": int(terms)}
    found, timing = timed(pi_digits.continued_fraction, **arguments)
    counted = pi_digits.term_statistics(int(terms))
    exponents = [c.exponent for c in found.convergents if c.denominator > 1]
    return Outcome(
        result=partial(finite, {"continued_fraction": found, "statistics": counted}),
        timing=timing,
        call=Call(pi_digits.continued_fraction, arguments),
        blocks=lambda: [
            terms_plot(found),
            exponent_plot(found),
            statistics_plot(counted, int(terms)),
        ],
        how=[
            formula(
                r"\pi=3+\cfrac1{7+\cfrac1{15+\cfrac1{1+\cfrac1{292+\cdots}}}},\qquad"
                r"\left|\pi-\frac{p_n}{q_n}\right|<\frac1{a_{n+1}q_n^2}"
            ),
            say(
                f"前 {terms} 项里最大的是 {max(found.terms[1:]):,}；大项之前的渐近分数特别好，355/113 就在 292 之前。"
                f"各项的几何平均是 {found.geometric_mean:.4f}，对几乎所有的数它趋于辛钦常数 2.6854。",
                f"The largest of the first {terms} terms is {max(found.terms[1:]):,}; the convergent before a large term is "
                f"very good, as 355/113 is before 292. The geometric mean is {found.geometric_mean:.4f}; for almost every "
                "number it tends to Khinchin's constant 2.6854.",
            ),
            say(
                f"无理测度是误差写成 1/q^μ 时 μ 的上极限：这里的 μ 最后是 {exponents[-1]:.4f}。"
                "几乎所有的数是 2，π 是不是 2 还没有人能证明。",
                "The irrationality measure is the upper limit of μ in error = 1/q^μ; here μ ends at "
                f"{exponents[-1]:.4f}. It is 2 for almost every number, and nobody has proved it for π.",
            ),
            formula(
                r"\mu_n=-\frac{\log|\pi-p_n/q_n|}{\log q_n}\to2\ (?),\qquad\left(\prod a_k\right)^{1/n}="
                + f"{found.geometric_mean:.4f}"
            ),
        ],
    )


def race_series(terms: int = 5, precision: int = 120) -> Outcome:
    """Race four series for pi in exact integer arithmetic: digits after each number of terms.

    Args:
        terms: terms of each series, 2 to 60
        precision: digits that are computed and shown, 20 to 400
    """
    arguments = {"terms": int(terms), "precision": int(precision)}
    found, timing = timed(pi_digits.race, **arguments)
    texts = pi_digits.readouts(terms=int(terms), places=int(precision))
    return Outcome(
        result=partial(finite, {"race": found, "readouts": texts}),
        timing=timing,
        call=Call(pi_digits.race, arguments),
        blocks=lambda: [
            {
                "kind": "digits",
                "title": say(f"{terms} 项之后", f"After {terms} terms"),
                "hint": say(
                    "深色是对的，红色是第一个错的",
                    "dark digits are right, the red one is the first wrong",
                ),
                "rows": [
                    {
                        "title": NAMES[row.name],
                        "math": formula(SERIES[row.name])["math"],
                        "text": row.text,
                        "agree": row.agreeing,
                        "note": say(
                            f"{max(row.agreeing - 2, 0)} 位", f"{max(row.agreeing - 2, 0)} decimals"
                        ),
                    }
                    for row in texts
                ],
            },
            race_plot(found, int(precision)),
        ],
        how=[
            say(
                f"全部用整数计算：π 乘 {power_of_ten(int(precision) + 15)}，除法向零取整，因此没有浮点误差。"
                "每加一项多出的位数，由相邻两项之比决定：",
                f"All in integers: π times {power_of_ten(int(precision) + 15)}, divisions truncated, so there is no "
                "floating-point error. The digits that each term adds follow from the ratio of neighbouring terms:",
            ),
            formula(
                r"\text{Machin: }\log_{10}25=1.398,\quad\text{Ramanujan: }\log_{10}99^4=7.983,\quad"
                r"\text{Chudnovsky: }\log_{10}\frac{640320^3}{1728}=14.182"
            ),
            say(
                "这次量到的（每项位数）："
                + "，".join(f"{run.name.capitalize()} {run.per_term:.3f}" for run in found[1:])
                + "。莱布尼茨级数要十倍的项才多一位。",
                "Measured here (digits per term): "
                + ", ".join(f"{run.name.capitalize()} {run.per_term:.3f}" for run in found[1:])
                + ". Leibniz needs ten times the terms for one more digit.",
            ),
        ],
    )


def check_identities(places: int = 40) -> Outcome:
    """Check identities and near misses around pi to many digits, both sides computed on their own.

    Args:
        places: digits, 10 to 100
    """
    arguments = {"places": int(places)}
    found, timing = timed(pi_digits.identities, **arguments)
    right = [i for i in found if i.exact]
    near = next(i for i in found if i.name == "heegner")

    def row(item: Any) -> Block:
        agree = next(
            (i for i, (a, b) in enumerate(zip(item.left, item.right, strict=False)) if a != b),
            min(len(item.left), len(item.right)),
        )
        if item.exact:
            note = say(
                f"恒等，差小于 {power_of_ten(-int(places))}",
                f"identical, differs by less than {power_of_ten(-int(places))}",
            )
        else:
            note = say(
                f"只是接近，差 {as_power(item.log10_difference)}",
                f"only close, off by {as_power(item.log10_difference)}",
            )
        return {
            "title": FORMULAS[item.name],
            "math": formula(item.latex)["math"],
            "text": item.left,
            "agree": len(item.left) if item.exact else agree,
            "note": note,
            "tone": "good" if item.exact else "bad",
        }

    return Outcome(
        result=partial(finite, {"identities": found}),
        timing=timing,
        call=Call(pi_digits.identities, arguments),
        blocks=lambda: [
            {
                "kind": "digits",
                "title": say(f"恒等式，{int(places)} 位", f"Identities, {int(places)} digits"),
                "hint": say(
                    "左边算出的值；右边另行计算",
                    "values of the left sides; the right sides are computed on their own",
                ),
                "rows": [row(item) for item in found],
            }
        ],
        how=[
            say(
                f"两边各自用 {int(places) + 10} 位精度计算再相减。{len(right)} 个恒等式的差都小于 {power_of_ten(-int(places))}；"
                "数值检查不是证明，但能立刻揭穿假的。",
                f"Both sides are computed with {int(places) + 10} digits and subtracted. {len(right)} identities differ by less "
                f"than {power_of_ten(-int(places))}; a check is no proof, but it unmasks an impostor at once.",
            ),
            formula(
                r"e^{\pi\sqrt{163}}-(640320^3+744)=-10^{"
                + f"{near.log10_difference:.3f}"
                + r"},\qquad j\!\left(\tfrac{1+\sqrt{-163}}2\right)=-640320^3"
            ),
            say(
                "e^(π√163) 几乎是整数，是因为二次域 Q(√−163) 的类数是 1，j 函数在那里恰是整数；"
                "同一个 640320 就在楚德诺夫斯基级数里。",
                "e^(π√163) is almost an integer because Q(√−163) has class number 1 and the j-function is an integer "
                "there; the same 640320 stands in the Chudnovsky series.",
            ),
        ],
    )


# -- layout -----------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Five things to do."""
    with tab.several():
        with tab.scene("walk", say("走向 π", "Walk to π")) as scene:
            _walk_scene(scene)
        with tab.scene("fraction", say("你的分数", "Your fraction")) as scene:
            _fraction_scene(scene)
        with tab.scene("terms", say("连分数", "Continued fraction")) as scene:
            _terms_scene(scene)
        with tab.scene("race", say("级数赛跑", "Race of series")) as scene:
            _race_scene(scene)
        with tab.scene("identities", say("恒等式", "Identities")) as scene:
            _identity_scene(scene)


def _walk_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "steps", gr.Slider(5, 400, value=330, step=1, label=say("走多少步", "Steps")), live=True
        )
        scene.input(
            "at",
            gr.Slider(0, 400, value=11, step=1, label=say("先看第几步", "Show step")),
            live=True,
        )
        scene.primary(say("出发", "Walk"), walk_fractions)
    scene.examples = [
        Example(say("22/7", "22/7"), {"at": 9}, say("走完 R³L⁶：约率", "after R³L⁶")),
        Example(say("355/113", "355/113"), {"at": 25}, say("祖冲之的密率", "Zu Chongzhi's fraction")),
        Example(say("长跑", "the long run"), {"at": 180},
                say("连走 292 步几乎没有进展", "292 equal turns gain almost nothing")),
        Example(say("长跑之后", "after the long run"), {"at": 317}),
        Example(say("四百步", "four hundred steps"), {"steps": 400, "at": 400}),
        Example(say("失败：五步太少", "failure: too few steps"), {"steps": 5, "at": 5},
                say("五步只到 7/2", "five steps lead to 7/2")),
        Example(say("失败：停在半路", "failure: half way"), {"at": 100}, say(
                "一百步还不如第 25 步：好分数都在转弯前", "step 100 is worse than step 25: good fractions stand before turns")),
    ]  # fmt: skip
    scene.show()


def _fraction_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "numerator", gr.Number(355, label=say("分子 p", "Numerator p"), precision=0), live=True
        )
        scene.input(
            "denominator",
            gr.Number(113, label=say("分母 q", "Denominator q"), precision=0),
            live=True,
        )
        with scene.more():
            scene.input(
                "largest",
                gr.Slider(
                    100,
                    20_000,
                    value=2000,
                    step=100,
                    label=say("图里的最大分母", "Denominators shown"),
                ),
            )
        scene.primary(say("评一评", "Judge"), judge_fraction)
    scene.examples = [
        Example(say("约率 22/7", "22/7"), {"numerator": 22, "denominator": 7}),
        Example(say("密率 355/113", "355/113"), {}),
        Example("103993/33102", {"numerator": 103993, "denominator": 33102, "largest": 20_000}),
        Example(say("半路分数 179/57", "between convergents: 179/57"), {"numerator": 179, "denominator": 57}, say(
                "不是渐近分数，却是最好的", "no convergent, but the best up to 57")),
        Example(say("没有约分 710/226", "not reduced: 710/226"), {"numerator": 710, "denominator": 226}),
        Example(say("失败：3.14", "failure: 3.14"), {"numerator": 314, "denominator": 100}, say(
                "50 以内就有更好的", "there is better with a smaller denominator")),
        Example(say("失败：小数截断", "failure: cut decimals"), {"numerator": 314159265, "denominator": 100_000_000}, say(
                "分母一亿，不如 103993/33102 划算", "a hundred million for eight digits")),
        Example(say("失败：除以零", "failure: division by zero"), {"denominator": 0}),
    ]  # fmt: skip
    scene.show()


def _terms_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "terms", gr.Slider(3, 600, value=40, step=1, label=say("项数", "Terms")), live=True
        )
        scene.primary(say("展开", "Expand"), expand_pi)
    scene.examples = [
        Example(say("前五项", "five terms"), {"terms": 5}, say("3, 7, 15, 1, 292", "3, 7, 15, 1, 292")),
        Example(say("二十二项", "22 terms"), {"terms": 22}, say("末项 84", "the last is 84")),
        Example(say("一百项", "100 terms"), {"terms": 100}),
        Example(say("遇到 20776", "the term 20776"), {"terms": 440}, say("第 432 项是 20776", "number 431 is 20776")),
        Example(say("六百项", "600 terms"), {"terms": 600}, say("频率已接近理论", "frequencies close to the law")),
        Example(say("失败：几何平均太高", "failure: mean too high"), {"terms": 6}, say(
                "292 一项就把平均拉到 6 以上", "the term 292 alone pulls the mean far up")),
        Example(say("失败：三项看不出规律", "failure: three terms"), {"terms": 3}),
    ]  # fmt: skip
    scene.show()


def _race_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "terms", gr.Slider(2, 60, value=5, step=1, label=say("项数", "Terms")), live=True
        )
        scene.input(
            "precision",
            gr.Slider(20, 400, value=120, step=10, label=say("精度（位）", "Precision (digits)")),
            live=True,
        )
        scene.primary(say("开跑", "Race"), race_series)
    scene.examples = [
        Example(say("两项", "two terms"), {"terms": 2}),
        Example(say("十项", "ten terms"), {"terms": 10, "precision": 200}),
        Example(say("三十项四百位", "30 terms, 400 digits"), {"terms": 30, "precision": 400}),
        Example(say("马青六十项", "60 terms of Machin"), {"terms": 60, "precision": 100}),
        Example(say("拉马努金到头", "Ramanujan at the end"), {"terms": 25, "precision": 200}),
        Example(say("失败：莱布尼茨六十项", "failure: 60 terms of Leibniz"), {"terms": 60, "precision": 40}, say(
                "第二位小数还不对", "not even two decimals")),
        Example(say("失败：精度不够", "failure: precision too low"), {"terms": 20, "precision": 20}, say(
                "都顶到了 20 位，分不出高下", "all at the ceiling of 20: no winner")),
    ]  # fmt: skip
    scene.show()


def _identity_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "places", gr.Slider(10, 100, value=40, step=5, label=say("位数", "Digits")), live=True
        )
        scene.primary(say("检验", "Check"), check_identities)
    scene.examples = [
        Example(say("二十位", "20 digits"), {"places": 20}),
        Example(say("三十位", "30 digits"), {"places": 30}),
        Example(say("五十位", "50 digits"), {"places": 50}),
        Example(say("七十五位", "75 digits"), {"places": 75}),
        Example(say("一百位", "100 digits"), {"places": 100}),
        Example(say("失败：十位看不出", "failure: ten digits"), {"places": 10}, say(
                "e^(π√163) 看上去就是整数", "e^(π√163) looks like an integer")),
        Example(say("失败：十五位还不够", "failure: fifteen are too few"), {"places": 15}, say(
                "要三十位才看见 0.999999999999250…", "thirty show the 0.999999999999250…")),
    ]  # fmt: skip
    scene.show()


DEMO = Demo(
    slug="pi",
    section="mathematics",
    order=6,
    title=say("圆周率", "Pi"),
    heading=say("π 能是分数吗", "Can π be a fraction?"),
    summary=say(
        "不能，但可以很近：在所有分数里走向 π，看谁的圆被它穿过，再让四个级数赛跑。",
        "No, but it comes close: walk to π among all fractions, and let four series race for its digits.",
    ),
    keywords="圆周率 连分数 渐近分数 拉马努金 祖冲之 pi continued fraction stern brocot ford ramanujan",
    references=(Reference(title="圆周率节", url="https://kexue.fm/archives/6469", date="2019"),),
    build=build,
)
