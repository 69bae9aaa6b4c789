"""Bilingual texts: both versions travel together, one arrives."""

import pytest

from demos._words import language, resolve, resolve_all, say, unmark


def test_each_language_gets_its_version():
    text = f"<b>{say('诗', 'verse')}</b> 7 {say('首', 'poems')}"
    assert resolve(text, "zh") == "<b>诗</b> 7 首"
    assert resolve(text, "en") == "<b>verse</b> 7 poems"


def test_resolves_inside_structures():
    value = {"a": [say("一", "one"), 2], "b": {"c": (say("三", "three"), None)}}
    assert resolve_all(value, "en") == {"a": ["one", 2], "b": {"c": ["three", None]}}


def test_versions_may_hold_anything_but_marks():
    zh, en = "含 | 竖线 \\1 与 {花括号}", 'quotes " and \\g<0>'
    assert resolve(say(zh, en), "zh") == zh
    assert resolve(say(zh, en), "en") == en


def test_a_visitor_cannot_forge_a_pair():
    typed = unmark(f"hello {say('甲', 'A')}")
    assert resolve(typed, "zh") == resolve(typed, "en") == typed


def test_what_cannot_be_sent_is_replaced_one_by_one():
    typed = "a\ud800\udfff\ue001b😀"
    assert unmark(typed) == "a\ufffd\ufffd\ufffdb😀"
    assert len(unmark(typed)) == len(typed)
    unmark(typed).encode()


@pytest.mark.parametrize(
    ("query", "cookies", "header", "expected"),
    [
        ({"lang": "en"}, {"lang": "zh"}, "zh", "en"),
        ({"lang": "xx"}, {"lang": "en"}, "zh", "en"),
        ({}, {}, "de,en-US;q=0.7", "en"),
        ({}, {}, "zh-HK", "zh"),
        ({}, {}, "de", "zh"),
    ],
)
def test_language_of_a_request(query, cookies, header, expected):
    assert language(query, {"accept-language": header}, cookies) == expected
