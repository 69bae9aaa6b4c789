"""Master equation: draw a rate graph, watch its probability flow, and check it against single paths."""

from functools import partial
from typing import Any, Literal

import gradio as gr

from core.labs import master_equation
from core.labs.master_equation import Experiment, GraphStudy
from demos import Demo, Reference
from demos._numbers import finite, rounded, thinned, timed
from demos._outcome import Call, Example, Outcome, formula
from demos._tab import Scene, Tab
from demos._words import say
from demos.master_equation.jump_plots import (
    balance_story,
    convergence_plot,
    end_plot,
    graph_block,
    mean_story,
    paths_plot,
    probability_plot,
    relaxation_plot,
)

Model = Literal["birth-death", "epidemic", "gene-switch", "predator-prey"]

RING = "A <-> B: 2 / 0.5\nB <-> C: 2 / 0.5\nC <-> A: 2 / 0.5"
MODELS = [
    (say("生灭（移民与死亡）", "birth and death"), "birth-death"),
    (say("传染病", "epidemic"), "epidemic"),
    (say("基因开关", "gene switch"), "gene-switch"),
    (say("捕食者与猎物", "predator and prey"), "predator-prey"),
]


def solve_rate_graph(edges: str = RING, start: str = "A", time: float = 4.0) -> Outcome:
    """Solve the master equation of a small graph: evolution, stationary state, detailed balance.

    Args:
        edges: one jump a line, A -> B: 1.5, or A <-> B: 1.5 / 0.2 for both directions
        start: state that has all probability at time 0; empty takes the first
        time: how long to follow, in units of 1 / rate
    """
    arguments = {"edges": edges, "start": start, "time": float(time), "count": 61}
    found, timing = timed(master_equation.study, **arguments)
    return Outcome(
        result=partial(finite, _shareable(found)),
        timing=timing,
        call=Call(master_equation.study, arguments),
        blocks=lambda: [graph_block(found), probability_plot(found), relaxation_plot(found)],
        how=balance_story(found),
    )


def simulate_jumps(
    model: Model = "gene-switch",
    size: int = 24,
    strength: float = 0.15,
    time: float = 12.0,
    paths: int = 10_000,
    seed: int = 4598,
) -> Outcome:
    """Simulate a model by Gillespie's algorithm, against the exact distribution and the mean equation.

    Args:
        model: birth-death, epidemic, gene-switch or predator-prey
        size: largest number counted, 2 to 100 (18 for predator-prey)
        strength: the model's own number: immigration, R0, switching rate or meeting rate
        time: how long to follow
        paths: simulated paths, 10 to 100000
        seed: the same seed gives the same paths
    """
    arguments: dict[str, Any] = {
        "name": model,
        "size": int(size),
        "strength": float(strength),
        "time": float(time),
        "paths": int(paths),
        "shown": 4,
        "seed": int(seed),
    }
    found, timing = timed(master_equation.experiment, **arguments)
    walk = found.paths
    last = found.evolution.distribution[-1]
    return Outcome(
        result=partial(finite, _shareable(found)),
        timing=timing,
        call=Call(master_equation.experiment, arguments),
        blocks=lambda: [paths_plot(found), end_plot(found), convergence_plot(found)],
        how=[
            say(
                f"{len(last)} 个状态，{walk.events:,} 次跳转。在状态 y 等待的时间是指数分布，平均 1 / ΣW；"
                "然后按速率的比例选下一个状态。",
                f"{len(last)} states, {walk.events:,} jumps. The wait in state y is exponential with "
                "mean 1 / ΣW; then the next state is drawn in proportion to its rate.",
            ),
            formula(
                r"P(\tau>t)=e^{-t\sum_xW_{xy}},\qquad P(y\to x)=\frac{W_{xy}}{\sum_{x'}W_{x'y}}"
            ),
            say(
                f"{int(paths):,} 条路径的直方图与矩阵指数的总变差距离是 {walk.total_variation:.4f}；"
                "它按路径数的平方根缩小，不是算法的误差。",
                f"The histogram of {int(paths):,} paths is {walk.total_variation:.4f} in total variation "
                "from the matrix exponential; it shrinks with the root of the number of paths and is "
                "no error of the algorithm.",
            ),
            formula(
                r"p(t)=e^{\tilde Wt}p(0),\qquad\mathrm{TV}=\frac12\sum_x|\hat p_x-p_x|="
                + f"{walk.total_variation:.4f}"
            ),
            mean_story(found),
        ],
    )


def approach_diffusion(birth: float = 1.0, death: float = 1.0, size: float = 20.0) -> Outcome:
    """Compare a birth-death process with its Fokker-Planck diffusion as the system grows.

    Args:
        birth: births per unit of size and time
        death: deaths per individual and time
        size: of the system; the mean number is birth * size / death
    """
    arguments = {"birth": float(birth), "death": float(death), "size": float(size)}
    found, timing = timed(master_equation.diffusion_limit, **arguments)
    mean = float(birth) * float(size) / float(death)
    sizes = [2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 400.0]
    line = [
        master_equation.diffusion_limit(
            birth=float(birth), death=float(death), size=s
        ).total_variation
        for s in sizes
    ]
    kept = (found.exact > 1e-5) | (found.fokker_planck > 1e-5)
    counts, exact, density = found.counts[kept], found.exact[kept], found.fokker_planck[kept]
    return Outcome(
        result=partial(finite, found),
        timing=timing,
        call=Call(master_equation.diffusion_limit, arguments),
        blocks=lambda: [
            {
                "kind": "plot",
                "title": say("稳态分布", "Stationary distribution"),
                "hint": say(
                    "柱：主方程（泊松）；线：Fokker–Planck",
                    "bars: master equation (Poisson); line: Fokker–Planck",
                ),
                "height": 300,
                "alt": say(
                    f"平均数 {mean:g}，两个分布的总变差距离 {found.total_variation:.4f}。",
                    f"Mean {mean:g}; the two distributions are {found.total_variation:.4f} apart in total variation.",
                ),
                "figure": {
                    "data": [
                        {
                            "type": "bar",
                            "x": thinned(counts, 400),
                            "y": rounded(thinned(exact, 400), 6),
                            "marker": {"color": "celadon"},
                            "opacity": 0.55,
                            "hovertemplate": "n = %{x}<br>%{y:.4f}<extra></extra>",
                        },
                        {
                            "x": thinned(counts, 400),
                            "y": rounded(thinned(density, 400), 6),
                            "mode": "lines",
                            "line": {"color": "seal"},
                            "hovertemplate": "n = %{x}<br>%{y:.4f}<extra></extra>",
                        },
                    ],
                    "layout": {
                        "bargap": 0.1,
                        "xaxis": {"title": {"text": say("个体数 n", "number n")}},
                        "yaxis": {"title": {"text": say("概率", "probability")}},
                    },
                },
            },
            {
                "kind": "plot",
                "title": say("系统越大，越像扩散", "The larger, the more like diffusion"),
                "hint": say("总变差距离，双对数", "total variation, log-log"),
                "height": 250,
                "alt": say("距离随规模下降。", "The distance falls with the size."),
                "figure": {
                    "data": [
                        {
                            "x": sizes,
                            "y": rounded(line, 6),
                            "mode": "lines+markers",
                            "line": {"color": "celadon"},
                            "hovertemplate": "Ω = %{x}<br>TV = %{y:.2e}<extra></extra>",
                        },
                        {
                            "x": [float(size)],
                            "y": [found.total_variation],
                            "mode": "markers+text",
                            "marker": {"color": "seal", "size": 11},
                            "text": [f"{found.total_variation:.4f}"],
                            "textposition": "top right",
                            "cliponaxis": False,
                            "hoverinfo": "skip",
                        },
                    ],
                    "layout": {
                        "xaxis": {
                            "type": "log",
                            "dtick": 1,
                            "title": {"text": say("规模 Ω", "size Ω")},
                        },
                        "yaxis": {
                            "type": "log",
                            "dtick": 1,
                            "exponentformat": "power",
                            "title": {"text": say("距离", "distance")},
                        },
                    },
                },
            },
        ],
        how=[
            say(
                f"跳转换成漂移和噪声：a(x) = b − dx，D(x) = b + dx，"
                f"b = {float(birth) * float(size):g}，d = {float(death):g}。",
                "Jumps become drift and noise: a(x) = b − dx, D(x) = b + dx, "
                f"b = {float(birth) * float(size):g}, d = {float(death):g}.",
            ),
            formula(
                r"\partial_tp=-\partial_x(ap)+\frac12\partial_x^2(Dp)\quad\Rightarrow\quad"
                r"p_\infty\propto\frac{e^{-2x}}{b+dx}(b+dx)^{4b/d}"
            ),
            formula(
                r"\text{exact: }p_n=e^{-\mu}\frac{\mu^n}{n!},\qquad\mu=\frac{b}{d}=" + f"{mean:.4g}"
            ),
        ],
    )


def _adjust_graph(value: Any) -> dict[str, Any]:
    return solve_rate_graph(**dict(value)).payload()


# -- what the API gives ----------------------------------------------------------------------------


def _shareable(found: GraphStudy | Experiment) -> dict[str, Any]:
    """The result without the function inside the graph."""
    graph = found.graph
    parts: dict[str, Any] = {"labels": graph.labels, "evolution": found.evolution}
    if isinstance(found, GraphStudy):
        return parts | {"rates": graph.rates, "stationary": found.stationary, "cycle": found.cycle}
    return {
        "labels": graph.labels,
        "times": found.evolution.times,
        "mean": found.evolution.mean,
        "mean_field": found.evolution.mean_field,
        "exact": found.evolution.distribution[-1],
        "simulated": found.paths.end_distribution,
        "total_variation": found.paths.total_variation,
        "sizes": found.paths.sizes,
        "distances": found.paths.distances,
        "events": found.paths.events,
        "jump_times": found.paths.jump_times,
        "jump_states": found.paths.jump_states,
    }


# -- layout -----------------------------------------------------------------------------------------


def build(tab: Tab) -> None:
    """Three things to do."""
    with tab.several():
        with tab.scene("graph", say("速率图", "Rate graph")) as scene:
            _graph_scene(scene)
        with tab.scene("paths", say("随机路径", "Random paths")) as scene:
            _paths_scene(scene)
        with tab.scene("diffusion", say("扩散极限", "Diffusion limit")) as scene:
            _diffusion_scene(scene)


def _graph_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "edges",
            gr.Textbox(
                RING,
                label=say("跳转与速率（每行一条）", "Jumps and rates (one a line)"),
                info=say(
                    "A -> B: 1.5，双向 A <-> B: 1.5 / 0.2",
                    "A -> B: 1.5, both ways A <-> B: 1.5 / 0.2",
                ),
                lines=6,
                max_length=20_000,
            ),
        )
        scene.input("start", gr.Textbox("A", label=say("起点", "Start"), max_length=20))
        scene.input(
            "time", gr.Slider(0.5, 40, value=4, step=0.5, label=say("时间", "Time")), live=True
        )
        scene.primary(say("求解", "Solve"), solve_rate_graph)
    scene.examples = [
        Example(say("细致平衡", "detailed balance"), {"edges": "A <-> B: 2 / 1\nB <-> C: 1 / 3\nC <-> A: 3 / 2"},
                say("两个方向的乘积都是 6", "both products are 6")),
        Example(say("单向循环", "a one-way ring"), {"edges": "A -> B: 1\nB -> C: 1\nC -> D: 1\nD -> A: 1", "time": 8.0},
                say("稳态均匀，熵产生无穷大", "uniform in the end, infinite entropy production")),
        Example(say("赌徒破产", "gambler's ruin"),
                {"edges": "1 -> 0: 1\n1 -> 2: 1\n2 -> 1: 1\n2 -> 3: 1\n3 -> 2: 1\n3 -> 4: 1",
                "start": "1", "time": 20.0}, say("从 1 出发，四分之一的机会到 4", "from 1 a quarter ends at 4")),
        Example(say("化学循环", "enzyme cycle"),
                {"edges": "E <-> ES: 3 / 1\nES <-> EP: 2 / 0.5\nEP <-> E: 4 / 0.1", "start": "E"},
                say("底物变产物，环流不停", "substrate to product: the current never stops")),
        Example(say("瓶颈", "a bottleneck"), {"edges": "A <-> B: 5 / 5\nB <-> C: 0.05 / 0.05\nC <-> D: 5 / 5", "time": 40.0},
                say("两对各自先平衡，再慢慢互通", "each pair settles at once, the whole takes long")),
        Example(say("立方体", "a cube"), {"edges": "\n".join(
                f"{a:03b} <-> {a | 1 << b:03b}: 1 / 1" for a in range(8) for b in range(3) if not a >> b & 1), "start": "000"}),
        Example(say("失败：读不懂", "failure: unreadable"), {"edges": "A goes to B"}),
        Example(say("失败：没有这个起点", "failure: no such start"), {"start": "Z"}),
        Example(say("失败：状态太多", "failure: too many states"),
                {"edges": "\n".join(f"{i} -> {i + 1}: 1" for i in range(30)),
                "start": ""}),
    ]  # fmt: skip
    scene.show(live={"adjust": _adjust_graph})


def _paths_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input("model", gr.Dropdown(MODELS, value="gene-switch", label=say("模型", "Model")))
        scene.input(
            "strength",
            gr.Slider(
                0.01,
                20,
                value=0.15,
                step=0.01,
                label=say(
                    "强度（移民率 / R0 / 开关 / 相遇）",
                    "Strength (immigration / R0 / switching / meeting)",
                ),
            ),
        )
        scene.input("time", gr.Slider(0.5, 60, value=12, step=0.5, label=say("时间", "Time")))
        scene.input(
            "paths", gr.Slider(10, 100_000, value=10_000, step=10, label=say("路径数", "Paths"))
        )
        scene.seed(4598)
        with scene.more():
            scene.input(
                "size",
                gr.Slider(
                    2,
                    100,
                    value=24,
                    step=1,
                    label=say("规模（捕食最多 18）", "Size (predators: up to 18)"),
                ),
            )
        scene.primary(say("模拟", "Simulate"), simulate_jumps)
    scene.examples = [
        Example(say("生灭", "birth and death"), {"model": "birth-death", "strength": 0.33, "size": 30}, say(
                "速率线性：平均场就是平均", "linear rates: the mean-field equation is the mean")),
        Example(say("基因快开关", "a fast gene switch"), {"strength": 10.0},
                say("开关快了，双峰并成单峰", "fast switching: two peaks become one")),
        Example(say("传染病", "an epidemic"), {"model": "epidemic", "strength": 2.0, "size": 40, "time": 20.0}, say(
                "有些路径一开始就断了，平均场看不见", "some paths die out early, which the equation cannot see")),
        Example(say("捕食者与猎物", "predator and prey"),
                {"model": "predator-prey", "strength": 3.0, "size": 12, "time": 20.0}),
        Example(say("十万条路径", "100,000 paths"), {"paths": 100_000},
                say("总变差小于百分之一", "total variation below one per cent")),
        Example(say("失败：只有 30 条路径", "failure: only 30 paths"), {"paths": 30},
                say("直方图还看不出形状", "the histogram shows no shape yet")),
        Example(say("失败：平均场说不会灭绝", "failure: the mean field says it stays"), {"model": "epidemic", "strength": 1.5,
                "size": 20, "time": 60.0}, say("小社区里疫情迟早断绝", "in a small town it dies out all the same")),
        Example(say("失败：规模太大", "failure: too large"), {"model": "predator-prey", "strength": 3.0, "size": 60}),
    ]  # fmt: skip
    scene.show()


def _diffusion_scene(scene: Scene) -> None:
    with scene.controls():
        scene.input(
            "size",
            gr.Slider(0.5, 400, value=20, step=0.5, label=say("规模 Ω", "Size Ω")),
            live=True,
        )
        scene.input(
            "birth",
            gr.Slider(0.1, 5, value=1, step=0.1, label=say("出生率", "Birth rate")),
            live=True,
        )
        scene.input(
            "death",
            gr.Slider(0.1, 5, value=1, step=0.1, label=say("死亡率", "Death rate")),
            live=True,
        )
        scene.primary(say("比较", "Compare"), approach_diffusion)
    scene.examples = [
        Example(say("中等", "middling"), {"size": 50.0}),
        Example(say("很大", "large"), {"size": 300.0}, say("几乎是高斯", "almost Gaussian")),
        Example(say("出生快", "many births"), {"birth": 4.0, "size": 10.0}),
        Example(say("死亡快", "many deaths"), {"death": 4.0, "size": 40.0}),
        Example(say("同一平均，不同规模", "same mean, other rates"), {"birth": 0.5, "death": 0.1, "size": 4.0}, say(
                "只有平均数起作用", "only the mean matters")),
        Example(say("失败：平均不到一个", "failure: less than one"), {"size": 0.5}, say(
                "个位数的系统不是扩散", "with so few individuals it is no diffusion")),
        Example(say("失败：三个个体", "failure: three individuals"), {"size": 3.0}, say(
                "峰的偏斜就已经不同", "even the skewness of the peak differs")),
    ]  # fmt: skip
    scene.show()


DEMO = Demo(
    slug="master-equation",
    section="mathematics",
    order=5,
    title=say("主方程", "Master equation"),
    heading=say("从随机跳转到主方程", "From random jumps to the master equation"),
    summary=say(
        "画几个状态、几支箭头，概率就流动起来；再放一万条随机路径去验证。",
        "Draw some states and arrows and probability begins to flow; check it with 10,000 random paths.",
    ),
    keywords="马尔可夫 主方程 细致平衡 熵产生 markov gillespie master equation detailed balance",
    references=(
        Reference(
            title="从马尔科夫过程到主方程", url="https://kexue.fm/archives/4598", date="2017"
        ),
    ),
    build=build,
)
