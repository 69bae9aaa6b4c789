"""What each model of the density laboratory shows besides its training, and how it explains a run."""

from collections.abc import Sequence
from math import log10
from typing import Any

from core.labs import density_lab
from core.labs.density_lab import Moment
from core.labs.energy_2d import EnergySettings, coverage
from core.labs.flow_2d import FlowSettings
from core.labs.residual_studies_2d import inversion, log_det_study
from demos._outcome import Block, formula
from demos._words import say
from demos.flow_2d.plane import film_block, inversion_block, langevin_block


def flow_blocks(settings: FlowSettings, moment: Moment) -> list[Block]:
    """What the layers of a RealNVP do to the plane."""
    return [film_block(density_lab.film(settings, moment.step), moment.step)]


def flow_how(settings: FlowSettings, moment: Moment) -> list[str | Block]:
    """The change of variables with numbers of this run, and what its settings entail."""
    own = density_lab.account(settings, moment.step)
    x, z = own.point, own.code
    parts: list[str | Block] = [
        say(
            f"{settings.depth} 层耦合把数据变成高斯噪声。每层只动一个坐标，另一个坐标决定怎么动，"
            "所以逆变换与行列式都是现成的。图上第一个数据点的账：",
            f"{settings.depth} couplings turn data into Gaussian noise. Each moves one coordinate as "
            "the other one says, so inverse and determinant come for free. The account of the first "
            "datum in the picture:",
        ),
        formula(
            r"x=(%.2f,\,%.2f)\;\mapsto\; z=(%.2f,\,%.2f)" % (x[0], x[1], z[0], z[1])  # noqa: UP031
        ),
        formula(
            r"\ln p(x)=\ln\mathcal{N}(z)+\ln\left|\det\frac{\partial z}{\partial x}\right|="
            f"{own.log_normal:.2f}{own.log_det:+.2f}={own.log_prob:.2f}"
        ),
    ]
    if settings.coupling == "additive":
        parts.append(
            say(
                "加性耦合不改变面积，ln|det J| 处处相同，全来自最后的缩放层；打开 ln|det J| 图可以看到。",
                "Additive couplings keep areas: ln|det J| is the same everywhere and comes from the "
                "last scaling alone, as its picture shows.",
            )
        )
    if not settings.volume:
        parts += [
            say(
                "损失里没有 ln|det J|，所以把一切压到 z = 0 就是最优："
                f"训练损失趋于 ln 2π ≈ 1.84，而真正的 NLL 是 {moment.nll:.2f}。",
                "Without ln|det J| in the loss it is best to press everything to z = 0: the training "
                f"loss goes to ln 2π ≈ 1.84, while the true NLL is {moment.nll:.2f}.",
            ),
            formula(r"-\ln\mathcal{N}(0)=\ln 2\pi\approx 1.84"),
        ]
    if settings.mixing == "none":
        parts.append(
            say(
                "不混合时，第一个坐标从不改变，只有最后的缩放；p(x₁) 永远是一个高斯。",
                "Without mixing the first coordinate is only ever scaled, so p(x₁) stays one Gaussian.",
            )
        )
    return parts


def residual_blocks(settings: FlowSettings, moment: Moment) -> list[Block]:
    """Inversion, estimators of the log-determinant, and the layers of an i-ResNet."""
    trainer = density_lab.flow_at(settings, moment.step)
    found = inversion(trainer, iterations=30)
    steepest = float(found.slopes.max())
    lines = [
        say(
            "每块的 g 在数据上实际的最大斜率："
            + "、".join(f"{slope:.2f}" for slope in found.slopes)
            + f"；上界 c = {found.lipschitz:.2f}。",
            "Largest slope of g met at the data, block by block: "
            + ", ".join(f"{slope:.2f}" for slope in found.slopes)
            + f"; the bound is c = {found.lipschitz:.2f}.",
        )
    ]
    if steepest >= 1:
        lines.append(
            say(
                f"有的斜率超过 1（{steepest:.2f}），压缩映射定理不再管用，迭代未必收敛。",
                f"A slope exceeds 1 ({steepest:.2f}): the contraction theorem is silent, and the "
                "iteration need not converge.",
            )
        )
    if moment.total > 1.05:
        lines.append(
            say(
                f"而且 x + g(x) 把平面折叠了：几个 x 对应同一个 z，“密度”重复计数，∫p = "
                f"{moment.total:.2f}，这时的 NLL 是假的。",
                "And x + g(x) folds the plane: several x share one z, the “density” counts it again "
                f"and again, ∫p = {moment.total:.2f}, and its NLL is a fake.",
            )
        )
    return [
        inversion_block(found, lines),
        _estimators(settings, moment),
        film_block(density_lab.film(settings, moment.step), moment.step),
    ]


def _estimators(settings: FlowSettings, moment: Moment) -> Block:
    trainer = density_lab.flow_at(settings, moment.step)
    study = log_det_study(trainer, draws=100, count=60)
    terms = [int(n) for n in study.terms]
    bias = [float(f"{v:.3g}") for v in study.truncation]
    spread = [float(f"{v:.3g}") for v in study.deviation]
    gamble = float(f"{study.roulette_deviation:.3g}")
    series = [
        (say("截断的偏差", "bias of truncation"), "seal", bias, "solid"),
        (say("一个随机向量的标准差", "deviation, one random vector"), "indigo", spread, "solid"),
        (say("轮盘的标准差（无偏）", "deviation of roulette (unbiased)"), "ochre",
         [gamble] * len(terms), "dash"),
    ]  # fmt: skip
    return {
        "kind": "plot",
        "title": say("对数行列式的估计", "Estimating the log-determinant"),
        "hint": say(
            f"级数取 N 项；精确值平均 {study.exact:.3f}，轮盘平均偏 "
            f"{study.roulette_bias:+.3f} ± {study.roulette_error:.3f}",
            f"N terms of the series; exact mean {study.exact:.3f}, roulette off by "
            f"{study.roulette_bias:+.3f} ± {study.roulette_error:.3f}",
        ),
        "height": 260,
        "alt": say(
            f"{terms[-1]} 项时截断偏差 {bias[-1]:.2g} nats，随机向量的标准差 {spread[-1]:.2g} nats。",
            f"With {terms[-1]} terms the truncation is off by {bias[-1]:.2g} nats, one random vector "
            f"spreads by {spread[-1]:.2g} nats.",
        ),
        "figure": {
            "data": [
                {
                    "type": "scatter",
                    "mode": "lines+markers" if dash == "solid" else "lines",
                    "x": terms,
                    "y": values,
                    "line": {"color": colour, "dash": dash},
                    "name": name,
                    "hovertemplate": "N = %{x}: %{y:.3g} nats<extra></extra>",
                }
                for name, colour, values, dash in series
            ],
            "layout": {
                "xaxis": {"title": {"text": say("项数 N", "terms N")}, "dtick": 1},
                "yaxis": {
                    "title": {"text": "nats"},
                    "type": "log",
                    "dtick": 1,
                    "exponentformat": "power",
                },
                "annotations": _labels(series, terms),
            },
        },
    }


def _labels(series: Sequence[tuple[str, str, list[float], str]], terms: list[int]) -> list[Block]:
    """Names beside the curves; two that end close together are set above and below."""
    places = [(terms[2], "left", 14), (terms[-1], "right", -12), (terms[2], "left", -12)]
    labels = []
    for (name, colour, values, _), (x, anchor, shift) in zip(series, places, strict=True):
        at = values[terms.index(x)]
        labels.append(
            {
                "x": x,
                "y": log10(max(at, 1e-12)),
                "text": name,
                "showarrow": False,
                "xanchor": anchor,
                "yshift": shift,
                "font": {"color": colour, "size": 12},
            }
        )
    return labels


def residual_how(settings: FlowSettings, moment: Moment) -> list[str | Block]:
    """Bound and series with numbers of this run."""
    trainer = density_lab.flow_at(settings, moment.step)
    found = inversion(trainer, iterations=20)
    c = settings.lipschitz
    parts: list[str | Block] = [
        say(
            f"每块是 y = x + g(x)；g 的三个矩阵都除以谱范数，乘积恰为 c = {c:g}。"
            "c < 1 时压缩映射定理给出逆和误差上界：",
            f"A block is y = x + g(x). The three matrices of g are divided by their spectral norms, "
            f"so that the product is c = {c:g}. For c < 1 the contraction theorem gives the inverse "
            "and bounds its error:",
        ),
        formula(r"x_{n+1}=y-g(x_n),\qquad \|x_n-x\|\le\frac{c^n}{1-c}\,\|x_1-x_0\|"),
    ]
    if c < 1:
        parts.append(
            formula(
                r"n=20:\quad %s\;\le\;%s" % (_power(found.errors[20]), _power(found.bounds[20]))  # noqa: UP031
            )
        )
    parts += [
        say(
            "平面上 det(I + J) 只是二阶行列式；高维里只能用级数，并用一个随机向量 u 估计迹：",
            "In the plane det(I + J) is a 2 × 2 determinant; in many dimensions the series is all one "
            "has, with traces estimated by one random vector u:",
        ),
        formula(
            r"\ln\det(I+J)=\sum_{n\ge1}\frac{(-1)^{n-1}}{n}\,\mathrm{tr}J^n\approx"
            r"\sum_{n=1}^{N}\frac{(-1)^{n-1}}{n}\,u^\top J^n u"
        ),
    ]
    return parts


def _power(value: float) -> str:
    mantissa, exponent = f"{value:.1e}".split("e")
    return rf"{mantissa}\times10^{{{int(exponent)}}}"


def energy_blocks(settings: EnergySettings, chain: dict[str, Any], moment: Moment) -> list[Block]:
    """A Langevin walk with the settings `chain`, and the energy as a surface."""
    found = density_lab.refine(settings, moment.step, **chain)
    near = density_lab.closeness(settings, found)
    lines = [
        say(
            f"离某个数据点不到 0.2 的样本：走之前 {100 * near.before:.0f}%，"
            f"之后 {100 * near.after:.0f}%。",
            f"Samples within 0.2 of some datum: {100 * near.before:.0f} % before the walk, "
            f"{100 * near.after:.0f} % after.",
        )
    ]
    if settings.data == "gaussians":
        before, after = coverage(found.before).modes, coverage(found.after).modes
        lines.append(
            say(
                f"25 个高斯中盖住的：{before} 个，走之后 {after} 个。",
                f"Of the 25 Gaussians {before} are covered, {after} after the walk.",
            )
        )
    accepted = f"{100 * found.acceptance:.1f}"
    hint = (
        say(f"Metropolis 接受率 {accepted}%", f"Metropolis accepts {accepted} %")
        if chain["metropolis"]
        else say("没有 Metropolis 检验", "without Metropolis' test")
    )
    return [
        langevin_block(
            found,
            moment,
            title=say("Langevin 精修", "Langevin refinement"),
            hint=hint,
            lines=lines,
        ),
        _landscape(settings, moment),
    ]


def _landscape(settings: EnergySettings, moment: Moment) -> Block:
    seen = density_lab.surface(settings, moment.step)
    top = 12.0
    return {
        "kind": "plot",
        "title": say("能量曲面", "Energy surface"),
        "hint": say(
            "U + ln Z = −ln q，单位 nats；球是生成器的样本；拖动旋转",
            "U + ln Z = −ln q in nats; balls are samples of the generator; drag to turn",
        ),
        "height": 420,
        "alt": say(
            f"能量曲面从 {seen.heights.min():.1f} 到 {seen.heights.max():.1f} nats，"
            f"样本平均高 {seen.sample_heights.mean():.1f}。",
            f"The surface runs from {seen.heights.min():.1f} to {seen.heights.max():.1f} nats; the "
            f"samples lie at {seen.sample_heights.mean():.1f} on average.",
        ),
        "figure": {
            "data": [
                {
                    "type": "surface",
                    "x": _short(seen.x),
                    "y": _short(seen.y),
                    "z": [_short(row) for row in seen.heights.clip(-5, top)],
                    "colorscale": [[0, "celadon"], [0.5, "pale-celadon"], [1, "paper"]],
                    "showscale": False,
                    "opacity": 0.95,
                    "hovertemplate": "(%{x:.1f}, %{y:.1f}): %{z:.2f} nats<extra></extra>",
                },
                {
                    "type": "scatter3d",
                    "mode": "markers",
                    "x": _short(seen.samples[:150, 0]),
                    "y": _short(seen.samples[:150, 1]),
                    "z": _short((seen.sample_heights[:150] + 0.15).clip(-5, top)),
                    "marker": {"size": 2.6, "color": "seal"},
                    "hoverinfo": "skip",
                },
            ],
            "layout": {
                "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
                "scene": {
                    "xaxis": {"title": {"text": "x₁"}, "range": [-4, 4], "gridcolor": "line"},
                    "yaxis": {"title": {"text": "x₂"}, "range": [-4, 4], "gridcolor": "line"},
                    "zaxis": {"title": {"text": "−ln q"}, "gridcolor": "line"},
                    "camera": {"eye": {"x": 0.9, "y": -1.3, "z": 1.1}},
                    "aspectratio": {"x": 1, "y": 1, "z": 0.5},
                },
            },
        },
    }


def _short(values: Any) -> list[float]:
    return [round(float(value), 2) for value in values]


def energy_how(settings: EnergySettings, moment: Moment) -> list[str | Block]:
    """Both losses and the likelihood with numbers of this run."""
    seen = density_lab.surface(settings, moment.step)
    last = {name: float(values[-1]) for name, values in moment.losses.items() if len(values)}
    recovered = last.get("reconstruction")
    parts: list[str | Block] = [
        say(
            "判别器就是能量：在数据处压低，在生成的点处抬高；生成器顺着能量往下走，同时保住自己的熵。",
            "The discriminator is an energy: pushed down at data, pushed up at generated points. The "
            "generator goes downhill and keeps its entropy.",
        ),
        formula(
            r"\min_U\ \mathbb{E}_pU(x)-\mathbb{E}_zU(G(z))+"
            f"{settings.penalty:g}"
            r"\,\mathbb{E}\|\nabla_xU\|^2"
        ),
        formula(
            r"\min_{G,E}\ \mathbb{E}_zU(G(z))+"
            f"{settings.entropy:g}"
            r"\,\mathbb{E}_z\|z-E(G(z))\|^2"
        ),
        say(
            f"平面上配分函数可以直接求和，所以似然是真的：ln Z = {seen.log_partition:.2f}，"
            f"没见过的数据每点 {moment.nll:.2f} nats。",
            "In the plane the partition function is a plain sum, so the likelihood is a true one: "
            f"ln Z = {seen.log_partition:.2f}, {moment.nll:.2f} nats per held-out point.",
        ),
    ]
    if recovered is not None:
        parts.append(
            say(
                f"从样本认回噪声的误差是 {recovered:.3f}；若样本全都一样，误差就是 2（z 的方差之和）。",
                f"The noise is recovered from samples up to {recovered:.3f}; were all samples alike, "
                "that error would be 2, the variance of z.",
            )
        )
    parts.append(formula(r"x\leftarrow x-\frac{\epsilon}{2}\nabla U(x)+\sqrt{\epsilon}\,\alpha"))
    return parts
