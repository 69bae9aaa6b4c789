"""The table of several families: whose figures stand in it, and that all cards agree on it."""

import json

import pytest

from core.hub.manifest import CARD, METRICS, WEIGHTS
from train.__main__ import find
from train.family_table import HEAD, family_table
from train.image_sets import FACE_FAMILIES
from train.publish import model_card

SHIPPED = [name for name in FACE_FAMILIES if (WEIGHTS / name / METRICS).is_file()]


def column(name):
    return HEAD.index(name)


@pytest.fixture(scope="module")
def table():
    return family_table(FACE_FAMILIES, "utkface64")


def test_every_shipped_family_has_a_row_of_its_own_figures(table):
    assert table[0] == HEAD and all(len(row) == len(HEAD) for row in table)
    rows = {row[0]: row for row in table[1:]}
    assert [name for name in rows if name in FACE_FAMILIES] == SHIPPED
    for name in SHIPPED:
        metrics = json.loads((WEIGHTS / name / METRICS).read_text(encoding="utf-8"))
        assert rows[name][column("parameters")] == f"{metrics['parameters'] / 1e6:.1f} M"
        figures = metrics.get("measured", {}).get("utkface64")
        if figures is None:
            assert rows[name][column("samples")] == "-"
        else:
            assert rows[name][column("samples")] == str(figures["conditions"]["samples"])


def test_distances_of_larger_pictures_are_those_at_the_common_side():
    measured = {"swd": 9.0, "frechet": 8.0, "conditions": {"size": 64, "samples": 5}}
    row = family_table(["a"], "d", {"a": {"parameters": 1, "measured": {"d": measured}}})[1]
    assert row[column("sliced Wasserstein, 32 px")] == row[column("Fréchet, 32 px")] == "-"
    measured["at_32_pixels"] = {"swd": 2.0, "frechet": 3.0, "real": {"swd": 1.0, "frechet": 0.5}}
    _, row, real = family_table(["a"], "d", {"a": {"parameters": 1, "measured": {"d": measured}}})
    assert row[column("sliced Wasserstein, 32 px")] == "2.0" and real[0] == "real faces"
    assert row[column("Fréchet, 32 px")] == "3.0" and real[column("Fréchet, 32 px")] == "0.5"


def test_nothing_is_invented_for_what_was_not_measured():
    for row in family_table(FACE_FAMILIES, "no such set")[1:]:
        assert set(row[column("bits/dim, unseen") :]) == {"-"}
    assert family_table(["no-such-weights"], "utkface64") == [HEAD]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_card_shows_the_table_as_it_is_now(name):
    facts = json.loads((WEIGHTS / name / METRICS).read_text(encoding="utf-8"))
    written = (WEIGHTS / name / CARD).read_text(encoding="utf-8")
    assert written == model_card(name, facts["card"], facts)


def test_the_recipes_agree_on_who_stands_beside_whom():
    for name in FACE_FAMILIES:
        assert find(name)(smoke=True).card()["beside"] == FACE_FAMILIES
