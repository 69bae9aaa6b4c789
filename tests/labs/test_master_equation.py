"""Jumps, their exact distribution, and what stays in the end."""

import math

import numpy as np
import pytest
from scipy.linalg import null_space
from scipy.stats import binom, poisson

from core.errors import InputError
from core.labs import master_equation as me
from core.labs import rate_graphs as rg


@pytest.mark.parametrize("name", rg.PRESETS)
def test_generator_conserves_probability(name: str) -> None:
    graph = rg.preset(name, size=12)
    matrix = me.generator(graph)
    np.testing.assert_allclose(matrix.sum(axis=0), 0, atol=1e-12)
    evolution = me.evolve(graph, time=5.0, count=21)
    np.testing.assert_allclose(evolution.distribution.sum(axis=1), 1, rtol=1e-12)
    assert evolution.distribution.min() >= 0
    finer = me.evolve(graph, time=0.1, count=201).distribution
    central = (finer[101] - finer[99]) / (2 * 0.1 / 200)
    np.testing.assert_allclose(central, matrix @ finer[100], atol=1e-3)


def test_two_states_have_a_closed_form() -> None:
    graph = rg.from_edges([("a", "b", 2.0), ("b", "a", 0.5)])
    found = me.evolve(graph, time=3.0, count=31)
    expected = 0.2 + 0.8 * np.exp(-2.5 * found.times)
    np.testing.assert_allclose(found.distribution[:, 0], expected, rtol=1e-10)
    assert me.stationary(graph).relaxation_time == pytest.approx(1 / 2.5)


def test_immigration_and_death_stays_poisson() -> None:
    """From nobody: Poisson with mean b (1 - exp(-t)), which is also the deterministic equation."""
    graph = rg.preset("birth-death", size=60)
    found = me.evolve(graph, time=2.0, count=11)
    for time, row, mean in zip(found.times, found.distribution, found.mean, strict=True):
        expected = poisson.pmf(np.arange(61), 20 * -math.expm1(-time))
        np.testing.assert_allclose(row, expected, atol=1e-9)
        assert mean[0] == pytest.approx(20 * -math.expm1(-time), abs=1e-6)
    assert found.mean_field is not None
    np.testing.assert_allclose(found.mean_field, found.mean, atol=1e-4)


@pytest.mark.parametrize("name", rg.PRESETS)
def test_gillespie_agrees_with_the_matrix_exponential(name: str) -> None:
    """Total variation under 1 % with 10^5 paths (the largest graph is kept small)."""
    graph = rg.preset(name, size={"predator-prey": 6}.get(name, 12))
    found = me.gillespie(graph, time=2.0, paths=100_000, seed=1)
    assert found.total_variation < 0.01
    assert found.end_distribution.sum() == pytest.approx(1)
    for times, states in zip(found.jump_times, found.jump_states, strict=True):
        assert times[0] == 0 and (np.diff(times) > 0).all() and times[-1] <= 2.0
        assert states[0] == graph.start
        assert (graph.rates[states[1:], states[:-1]] > 0).all()  # only along edges


def test_waiting_times_are_exponential() -> None:
    graph = rg.from_edges([("a", "b", 3.0), ("b", "a", 3.0)])
    found = me.gillespie(graph, time=400.0, paths=5, shown=5, seed=2)
    waits = np.concatenate([np.diff(t) for t in found.jump_times])
    assert waits.mean() == pytest.approx(1 / 3, rel=0.05)
    assert waits.std() == pytest.approx(1 / 3, rel=0.08)


@pytest.mark.parametrize("name", ["birth-death", "gene-switch", "predator-prey"])
def test_stationary_state_solves_the_balance(name: str) -> None:
    graph = rg.preset(name, size=10)
    found = me.stationary(graph)
    assert found.unique
    assert found.residual < 1e-12
    kernel = null_space(me.generator(graph), rcond=1e-10)[:, 0]
    np.testing.assert_allclose(found.distribution, kernel / kernel.sum(), atol=1e-9)
    late = me.evolve(graph, time=40 * found.relaxation_time, count=2)
    np.testing.assert_allclose(late.distribution[-1], found.distribution, atol=1e-9)


def test_detailed_balance_and_entropy_production() -> None:
    chain = me.stationary(rg.preset("birth-death", size=20))
    assert chain.detailed_balance and chain.entropy_production == pytest.approx(0, abs=1e-12)
    switch = me.stationary(rg.preset("gene-switch", size=10))
    assert not switch.detailed_balance and switch.entropy_production > 0.1
    # A ring with rates p and q: current (p - q) / 3, entropy production (p - q) ln(p / q).
    ring = rg.from_edges(rg.parse_edges("a<->b: 2/0.5; b<->c: 2/0.5; c<->a: 2/0.5"))
    found = me.stationary(ring)
    np.testing.assert_allclose(found.distribution, 1 / 3)
    assert found.largest_current == pytest.approx(1.5 / 3)
    assert found.entropy_production == pytest.approx(1.5 * math.log(4))
    one_way = rg.from_edges([("a", "b", 1.0), ("b", "c", 1.0), ("c", "a", 1.0)])
    assert me.stationary(one_way).entropy_production == math.inf


def test_kolmogorov_s_criterion_decides_random_graphs() -> None:
    """Rates W_xy = s_xy / pi_y with symmetric s are in balance; one changed cycle is not."""
    rng = np.random.default_rng(0)
    pi = rng.dirichlet(np.ones(6))
    s = rng.uniform(0.5, 2, (6, 6))
    rates = (s + s.T) / pi
    np.fill_diagonal(rates, 0)
    edges = [(str(y), str(x), rates[x, y]) for x in range(6) for y in range(6) if x != y]
    found = me.stationary(rg.from_edges(edges))
    assert found.detailed_balance
    np.testing.assert_allclose(sorted(found.distribution), sorted(pi))
    edges[0] = (edges[0][0], edges[0][1], 3 * edges[0][2])
    assert not me.stationary(rg.from_edges(edges)).detailed_balance


def test_the_strongest_cycle_is_kolmogorov_s() -> None:
    ring = rg.from_edges(rg.parse_edges("a<->b: 2/0.5; b<->c: 2/0.5; c<->a: 2/0.5; c<->d: 1/9"))
    cycle = me.strongest_cycle(ring)
    assert cycle is not None
    assert sorted(cycle.states) == [0, 1, 2] and cycle.there == 8 and cycle.back == 0.125
    assert cycle.affinity == pytest.approx(3 * math.log(4))
    walk = [*cycle.states, cycle.states[0]]
    assert math.prod(ring.rates[b, a] for a, b in zip(walk, walk[1:], strict=False)) == 8
    # The current round the ring times the affinity is the entropy production.
    found = me.stationary(ring)
    assert found.largest_current * cycle.affinity == pytest.approx(found.entropy_production)
    assert me.strongest_cycle(rg.from_edges(rg.parse_edges("a<->b: 1/2; b<->c: 3/4"))) is None


def test_affinities_are_zero_exactly_in_detailed_balance() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        pi, s = rng.dirichlet(np.ones(5)), rng.uniform(0.5, 2, (5, 5))
        rates = (s + s.T) / pi
        edges = [(str(y), str(x), rates[x, y]) for x in range(5) for y in range(5) if x != y]
        cycle = me.strongest_cycle(rg.from_edges(edges))
        assert cycle is not None and cycle.affinity == pytest.approx(0, abs=1e-12)
        edges[3] = (*edges[3][:2], 2 * edges[3][2])
        cycle = me.strongest_cycle(rg.from_edges(edges))
        assert cycle is not None and cycle.affinity == pytest.approx(math.log(2))


def test_study_reads_and_solves_a_graph() -> None:
    found = me.study("A <-> B: 1 / 2; B -> C: 0.5", start="B", time=2.0)
    assert found.start == 1 and found.cycle is None
    assert found.evolution.distribution[0, 1] == 1
    assert found.stationary.distribution[2] == pytest.approx(1)


def test_total_variation_falls_with_the_root_of_the_paths() -> None:
    found = me.experiment("birth-death", size=20, time=3.0, paths=40_000, seed=5).paths
    assert found.sizes[0] == 10 and found.sizes[-1] == 40_000
    assert found.distances[-1] == found.total_variation
    slope = np.polyfit(np.log(found.sizes), np.log(found.distances), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.12)


def test_strength_turns_a_preset() -> None:
    """Immigration: Poisson with mean strength * size; an epidemic below R0 = 1 dies at once."""
    found = me.stationary(rg.preset("birth-death", size=60, strength=0.2))
    np.testing.assert_allclose(found.distribution, poisson.pmf(np.arange(61), 12), atol=1e-9)
    weak = me.stationary(rg.preset("epidemic", size=30, strength=0.5)).relaxation_time
    strong = me.stationary(rg.preset("epidemic", size=30, strength=2.5)).relaxation_time
    assert weak < 3 < 1000 < strong


def test_divergence_from_the_stationary_state_never_rises() -> None:
    for name in ("birth-death", "gene-switch", "predator-prey"):
        found = me.evolve(rg.preset(name, size=10), time=8.0)
        assert (np.diff(found.divergence) <= 1e-9).all()
        assert (found.production >= -1e-12).all()


def test_absorption_weights_the_closed_classes() -> None:
    """Gambler's ruin on 0..4 from 1 with equal chances: ends at 4 with probability 1/4."""
    edges = [(str(i), str(i + d), 1.0) for i in (1, 2, 3) for d in (-1, 1)]
    graph = rg.from_edges(edges)
    found = me.stationary(graph, start=graph.labels.index("1"))
    assert not found.unique and len(found.closed_classes) == 2
    assert found.distribution[graph.labels.index("4")] == pytest.approx(0.25)
    assert found.distribution[graph.labels.index("0")] == pytest.approx(0.75)
    simulated = me.gillespie(graph, time=200.0, paths=40_000, start=graph.labels.index("1"), seed=3)
    assert simulated.end_distribution[graph.labels.index("4")] == pytest.approx(0.25, abs=0.01)


def test_the_epidemic_dies_out_but_takes_its_time() -> None:
    found = me.stationary(rg.preset("epidemic", size=30))
    assert found.distribution[0] == 1 and found.relaxation_time > 100


def test_independent_switches_are_binomial() -> None:
    edges = [(f"{n}", f"{n + 1}", 0.5 * (6 - n)) for n in range(6)]
    edges += [(f"{n + 1}", f"{n}", 1.5 * (n + 1)) for n in range(6)]
    graph = rg.from_edges(edges)
    order = [graph.labels.index(str(n)) for n in range(7)]
    np.testing.assert_allclose(
        me.stationary(graph).distribution[order], binom.pmf(np.arange(7), 6, 0.25), rtol=1e-10
    )


def test_diffusion_limit_closes_in() -> None:
    gaps = [me.diffusion_limit(size=size).total_variation for size in (5, 20, 80, 320)]
    assert all(b < 0.4 * a for a, b in zip(gaps, gaps[1:], strict=False))
    exact = me.diffusion_limit(size=20.0)
    np.testing.assert_allclose(exact.exact, poisson.pmf(exact.counts, 20.0), atol=1e-9)


def test_typed_graphs() -> None:
    edges = rg.parse_edges("A -> B: 1.5\n\n B<->C 1/2 ;易感 → 感染：.3")
    assert edges == [("A", "B", 1.5), ("B", "C", 1.0), ("C", "B", 2.0), ("易感", "感染", 0.3)]


def test_graphs_are_written_as_they_are_read() -> None:
    graph = rg.from_edges(rg.parse_edges("B -> A: 1.5; A <-> C: 1 / 2; C -> B: 3"))
    again = rg.from_edges(rg.parse_edges(rg.format_edges(graph)))
    order = [again.labels.index(label) for label in graph.labels]
    np.testing.assert_array_equal(again.rates[np.ix_(order, order)], graph.rates)


@pytest.mark.parametrize(
    "call",
    [
        lambda: rg.preset("ising"),
        lambda: rg.preset("predator-prey", size=50),
        lambda: rg.parse_edges("A B 1"),
        lambda: rg.parse_edges("A -> B: -1"),
        lambda: rg.parse_edges("A <-> B: 1"),
        lambda: rg.parse_edges("A -> B: 1/2"),
        lambda: rg.parse_edges("A -> B: 1; __import__('os')"),
        lambda: rg.parse_edges("A -> B" + " " * 19_000 + "x"),
        lambda: rg.parse_edges("x" * 30_000),
        lambda: rg.from_edges([]),
        lambda: rg.from_edges([("a", "a", 1.0)]),
        lambda: rg.from_edges([("a", "b", float("inf"))]),
        lambda: rg.from_edges([(str(i), str(i + 1), 1.0) for i in range(500)]),
        lambda: me.evolve(rg.preset("epidemic"), time=-1),
        lambda: rg.preset("epidemic", strength=-1),
        lambda: me.study("A -> B: 1", start="C"),
        lambda: me.study("; ".join(f"{i} -> {i + 1}: 1" for i in range(30))),
        lambda: me.evolve(rg.preset("epidemic"), start=99),
        lambda: me.gillespie(rg.preset("birth-death"), time=1e5, paths=100_000),
        lambda: me.gillespie(rg.preset("birth-death"), paths=0),
        lambda: me.diffusion_limit(size=0),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
