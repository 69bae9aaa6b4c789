"""Entries of a dictionary sorted into kinds, by lines of the file's form written for this test."""

from train.cedict import KINDS, read_cedict, short_of, sort_entries

LINES = """# a remark
北辰縣 北辰县 [Bei3 chen2 xian4] /Beichen county in Nowhere, Sichuan/
飛流 飞流 [Fei1 liu2] /Feiliu, river in Nowhere/
甲乙丙 甲乙丙 [Jia3 Yi3 bing3] /Jia Yibing (1900-1999), painter/
晨光社 晨光社 [Chen2 guang1 she4] /Morning Light Society/
桌子 桌子 [zhuo1 zi5] /table/desk/
李 李 [Li3] /surname Li/
nonsense""".splitlines()


def test_pinyin_and_english_tell_the_kinds() -> None:
    assert sort_entries(LINES) == {
        "place": {"北辰县", "北辰", "飞流"},
        "person": {"甲乙丙"},
        "name": {"晨光社"},
        "word": {"桌子"},
    }


def test_a_rank_is_taken_off_once() -> None:
    assert [short_of(place) for place in ("某某自治州", "某市", "县", "某某")] == [
        "某某",
        "某",
        "",
        "某某",
    ]


def test_the_dictionary_is_read() -> None:
    found = read_cedict()
    assert tuple(found) == KINDS
    assert "上海" in found["place"] and "李白" in found["person"] and "苹果" in found["word"]
    assert all(len(word) > 1 for words in found.values() for word in words)
    assert len(found["place"]) > 8000 and len(found["word"]) > 80_000
