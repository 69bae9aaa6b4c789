"""From typed text to a verse: scripts, marks, forms, and what is refused."""

import pytest

from core.errors import InputError
from core.text import verse
from core.text.forms import BY_LENGTH, BY_NAME, COUPLET5, COUPLET7, FORMS, QUATRAIN5, QUATRAIN7
from core.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary("白日依山尽黄河入海流欲穷千里目更上一层楼")
STORK_TOWER = "白日依山尽黄河入海流欲穷千里目更上一层楼"


def test_forms():
    assert [form.length for form in FORMS] == [10, 14, 20, 28]
    assert BY_NAME["quatrain7"] is QUATRAIN7 and BY_LENGTH[14] is COUPLET7
    assert QUATRAIN5.split(STORK_TOWER) == ["白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼"]


@pytest.mark.parametrize(
    "text",
    [
        STORK_TOWER,
        "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。",
        "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。",
        "  白日依山尽\n黄河入海流\r\n欲穷千里目\t更上一层楼\u3000",
        "“白日依山尽”、《黄河入海流》；欲穷千里目——更上（一层）楼……",
        "白 日 依 山 尽 / 黄 河 入 海 流 | 欲穷千里目 · 更上一层楼!?",
        "白日依山尽\u200b黄河入海流\ufeff欲穷千里目更上一层楼",
        "白\u2f47依⼭尽黄河入海流欲穷千⾥⽬更上⼀层楼",  # radicals that look like the characters
    ],
)
def test_all_ways_to_type_it(text):
    assert verse.parse(text, VOCABULARY) == (QUATRAIN5, STORK_TOWER)


def test_forms_that_are_read():
    assert verse.parse(STORK_TOWER[:10], VOCABULARY) == (COUPLET5, STORK_TOWER[:10])
    with pytest.raises(InputError, match=r"has 20 characters; accepted are: couplet, 5 characters"):
        verse.parse(STORK_TOWER, VOCABULARY, (COUPLET5,))
    with pytest.raises(InputError) as caught:
        verse.parse(STORK_TOWER[:9], VOCABULARY)
    assert all(f"{form.zh}（{form.length} 字）" in caught.value.text("zh") for form in FORMS)


@pytest.mark.parametrize("text", ["", "   ", "，。！？", "\u200b\n"])
def test_nothing(text):
    with pytest.raises(InputError, match="no verse yet") as caught:
        verse.plain(text)
    assert "还没有诗句" in caught.value.text("zh")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hello world", "h e l o w"),
        ("白日🌙依山", "🌙"),
        ("白日の依山", "の"),
        ("白日1依山", "1"),
        ("白日\ud800依山", "U+D800"),
        ("白日\x00依山", "U+0000"),
        ("한글", "한 글"),
        ("〇", "〇"),
    ],
)
def test_what_is_not_chinese(text, shown):
    with pytest.raises(InputError) as caught:
        verse.plain(text)
    assert caught.value.text("zh") == f"只认得汉字，这里有：{shown}"
    assert caught.value.text("en").endswith(f"this has: {shown}")


@pytest.mark.parametrize("length", [201, 10_000, 1_000_000])
def test_what_is_too_long(length):
    with pytest.raises(InputError, match=f"That is {length} characters; at most 200"):
        verse.plain("白" * length)
    assert verse.plain("白" * 200) == "白" * 200


def test_unknown_characters_are_named_once_and_not_all():
    with pytest.raises(
        InputError, match="never seen: 春、夏、秋、冬、东. It knows the 20"
    ) as caught:
        verse.require_known("春夏秋冬春东南西北白", VOCABULARY)
    assert "春、夏、秋、冬、东" in caught.value.text("zh")
    verse.require_known(STORK_TOWER, VOCABULARY)


def test_ideographs():
    assert all(map(verse.is_han, "春𠮷㐀龘"))
    assert not any(map(verse.is_han, "aあ🌸，〇 \ud800"))


def test_scripts():
    assert verse.simplified("萬里長征人未還") == "万里长征人未还"
    assert verse.traditional("万里长征人未还") == "萬里長征人未還"
    assert verse.simplified("春") == verse.traditional("春") == "春"


def test_readings_stand_one_by_one():
    assert verse.pinyin("春眠，不a觉") == ["chūn", "mián", "", "bù", "", "jué"]
    assert verse.pinyin("") == []
    assert len(verse.pinyin("🌸🌸春ab12")) == 7


def test_punctuation():
    assert verse.punctuated(QUATRAIN5.split(STORK_TOWER)) == (
        "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
    )
    assert verse.strip(verse.punctuated(["白日", "依山"])) == "白日依山"
