"""Fractions and series for pi against independent computations."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from core.errors import InputError
from core.labs import pi_digits


def reference(places: int) -> Fraction:
    with mpmath.workdps(places + 10):
        return Fraction(int(mpmath.floor(mpmath.pi * mpmath.mpf(10) ** places)), 10**places)


def test_digits() -> None:
    assert pi_digits.digits(10) == "3.1415926535"
    with mpmath.workdps(2020):
        assert pi_digits.digits(2000) == mpmath.nstr(mpmath.pi, 2010)[:2002]


def test_continued_fraction() -> None:
    found = pi_digits.continued_fraction(300)
    assert found.terms[:15] == (3, 7, 15, 1, 292, 1, 1, 1, 2, 1, 3, 1, 14, 2, 1)
    pairs = [(a.numerator, a.denominator) for a in found.convergents[:4]]
    assert pairs == [(3, 1), (22, 7), (333, 106), (355, 113)]
    pi = reference(900)
    for before, after in zip(found.convergents, found.convergents[1:], strict=False):
        assert before.above != after.above  # they lie on alternating sides
        assert after.log10_error < before.log10_error
        determinant = before.numerator * after.denominator - after.numerator * before.denominator
        assert abs(determinant) == 1
        assert before.scaled_error < 1
        error = abs(pi - Fraction(before.numerator, before.denominator))
        assert error < Fraction(1, before.denominator * after.denominator)
        assert before.log10_error == pytest.approx(
            math.log10(error.numerator) - math.log10(error.denominator), abs=1e-9
        )
    assert found.geometric_mean == pytest.approx(2.685, abs=0.3)  # Khinchin's constant


def test_stern_brocot_turns_are_the_continued_fraction() -> None:
    walk = pi_digits.stern_brocot(420)
    terms = pi_digits.continued_fraction(40).terms
    assert walk.runs[:-1] == terms[: len(walk.runs) - 1]
    assert walk.turns.startswith("RRRLLLLLLLR")
    assert (walk.fractions[2].numerator, walk.fractions[2].denominator) == (4, 1)
    seen = {(f.numerator, f.denominator) for f in walk.fractions}
    assert {(22, 7), (333, 106), (355, 113)} <= seen
    assert all(math.gcd(f.numerator, f.denominator) == 1 for f in walk.fractions)


def test_best_fractions_by_trying_every_denominator() -> None:
    pi, best, expected = reference(60), Fraction(10**9), []
    for q in range(1, 2000):
        candidate = Fraction(round(pi * q), q)
        if abs(candidate - pi) < abs(best - pi):
            best = candidate
            expected.append((best.numerator, best.denominator))
    found = pi_digits.best_fractions(1999)
    assert [(a.numerator, a.denominator) for a in found] == expected


def test_judgement() -> None:
    milu = pi_digits.judge(355, 113)
    assert milu.digits == 6 and milu.is_best and milu.fraction.above
    assert pi_digits.judge(710, 226).fraction == milu.fraction
    school = pi_digits.judge(314, 100)
    assert school.digits == 2 and not school.is_best
    assert (school.best.numerator, school.best.denominator) == (311, 99)
    assert pi_digits.judge(1, 1).digits == 0
    assert milu.text.startswith("3.1415929203539823") and len(milu.text) == 42
    assert pi_digits.judge(1, 16).text == "0.0625" + "0" * 36


def test_terms_are_distributed_as_gauss_and_kuzmin_say() -> None:
    found = pi_digits.term_statistics(1000, largest=1000)
    assert found.observed.sum() == pytest.approx(1, abs=0.005)
    assert found.expected.sum() == pytest.approx(1, abs=0.002)
    assert np.abs(found.observed - found.expected)[:10].max() < 0.03


def test_scatter() -> None:
    found = pi_digits.scatter(50_000)
    below = found.denominators[found.scaled_error < 0.07]
    assert set(below[:8]) <= {7, 113, 226, 339, 452}
    for q in (7, 113, 33102, 49999):
        exact = abs(reference(60) - Fraction(int(found.numerators[q - 1]), q)) * q * q
        assert found.scaled_error[q - 1] == pytest.approx(float(exact), rel=1e-6)


def test_race_gains_the_theoretical_digits_per_term() -> None:
    runs = {run.name: run for run in pi_digits.race(terms=60, precision=700)}
    assert tuple(runs) == pi_digits.SERIES
    for name in ("machin", "ramanujan", "chudnovsky"):
        assert runs[name].per_term == pytest.approx(runs[name].theory, rel=0.02)
    assert runs["machin"].theory == pytest.approx(1.398, abs=1e-3)
    assert runs["ramanujan"].theory == pytest.approx(7.98, abs=1e-2)
    assert runs["chudnovsky"].theory == pytest.approx(14.18, abs=1e-2)
    # Leibniz's error after n terms is close to 1/n.
    terms = np.arange(1, 61)
    np.testing.assert_allclose(runs["leibniz"].digits, np.log10(terms), atol=0.07)
    assert runs["ramanujan"].digits[0] == pytest.approx(7.1, abs=0.05)  # 3.1415927
    assert runs["chudnovsky"].digits[-1] == 700


def test_readouts_agree_as_far_as_the_race_says() -> None:
    runs = {run.name: run.digits for run in pi_digits.race(terms=6, precision=200)}
    pi = pi_digits.digits(120)
    for terms in (1, 3, 6):
        for found in pi_digits.readouts(terms=terms, places=120):
            assert found.text[: found.agreeing] == pi[: found.agreeing]
            assert len(found.text) == 122 and found.text[found.agreeing] != pi[found.agreeing]
            decimals = max(found.agreeing - 2, 0)
            assert decimals == pytest.approx(runs[found.name][terms - 1], abs=1.6)
    first = {found.name: found for found in pi_digits.readouts(terms=1, places=30)}
    assert first["ramanujan"].text.startswith("3.14159273")
    assert first["chudnovsky"].agreeing == 15


def test_identities() -> None:
    found = {identity.name: identity for identity in pi_digits.identities(60)}
    assert len(found) == 8
    for identity in found.values():
        if identity.exact:
            assert identity.log10_difference < -60, identity.name
            assert identity.left == identity.right
    assert found["rogers-ramanujan"].left.startswith("0.28407904")
    assert found["first-term"].left.startswith("3.1415927")
    assert found["heegner"].log10_difference == pytest.approx(-12.125, abs=1e-3)  # 7.5e-13
    assert found["heegner"].left.startswith("262537412640768743.99999999999925")


@pytest.mark.parametrize(
    "call",
    [
        lambda: pi_digits.digits(0),
        lambda: pi_digits.digits(10**9),
        lambda: pi_digits.continued_fraction(10**6),
        lambda: pi_digits.stern_brocot(0),
        lambda: pi_digits.best_fractions(10**30),
        lambda: pi_digits.judge(22, 0),
        lambda: pi_digits.judge(-22, 7),
        lambda: pi_digits.scatter(10**8),
        lambda: pi_digits.race(precision=10**6),
        lambda: pi_digits.identities(10**4),
    ],
)
def test_impossible_requests_get_a_sentence(call) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.text("zh").endswith("。")
