"""Rules that a visitor sets for new verse: fixed characters, an acrostic, tones, a rhyme."""

import unicodedata

import torch
from torch import Tensor

from core.decode import ANY_RHYME, FREE, FREE_PLACE, LEVEL, NO_RHYME, OBLIQUE, Rules
from core.errors import InputError, check_choice
from core.text import prosody, rhyme_book, verse
from core.text.forms import Form
from core.text.vocabulary import Vocabulary

BLANKS = "?？〇□_＿○*"  # each marks a free place of a pattern
# The thirty level-tone groups of the Pingshui book; verse rhymes on these.
RHYME_GROUPS = tuple(
    "一东 二冬 三江 四支 五微 六鱼 七虞 八齐 九佳 十灰 十一真 十二文 十三元 十四寒 十五删 "
    "一先 二萧 三肴 四豪 五歌 六麻 七阳 八庚 九青 十蒸 十一尤 十二侵 十三覃 十四盐 十五咸".split()
)
# The four standard patterns, in the order of `core.text.prosody.patterns`: the tone of the second
# character, and whether the first line rhymes.
TONE_PATTERNS = ("oblique-plain", "level-plain", "oblique-rhymed", "level-rhymed")


def rules_of(
    form: Form,
    vocabulary: Vocabulary,
    count: int,
    seed: int,
    no_repeat: bool,
    acrostic: str,
    fixed: str,
    tones: str,
    rhyme: str,
) -> tuple[Rules, bool]:
    """Rules for `count` poems, and whether they ask for more than not to repeat."""
    places = _fixed_places(fixed, form, vocabulary)
    _add_acrostic(places, acrostic, form, vocabulary)
    tone = [[FREE] * form.length for _ in range(count)]
    if tones:
        check_choice("tones", tones, ("auto", *TONE_PATTERNS), zh="平仄谱")
        patterns = dict(zip(TONE_PATTERNS, prosody.patterns(form), strict=True))
        choices = list(patterns.values()) if tones == "auto" else [patterns[tones]]
        code = {None: FREE, "level": LEVEL, "oblique": OBLIQUE}
        for i in range(count):
            chosen = choices[(seed + i) % len(choices)]
            tone[i] = [code[t] for line in chosen.required for t in line]
    rhyme_group, rhyme_with = _rhyming(rhyme, places, form, vocabulary)
    rules = Rules(
        fixed=torch.tensor([places] * count),
        tone=torch.tensor(tone),
        rhyme=torch.tensor([rhyme_group] * count),
        rhyme_with=torch.tensor([rhyme_with] * count),
        unique=torch.full((count,), no_repeat),
    )
    demanding = any(p != FREE_PLACE for p in places) or bool(tones) or bool(rhyme)
    return rules, demanding


def _fixed_places(fixed: str, form: Form, vocabulary: Vocabulary) -> list[int]:
    """Tokens of the prescribed characters, `FREE_PLACE` elsewhere."""
    if not fixed.strip():
        return [FREE_PLACE] * form.length
    verse.require_short(fixed)
    kept = unicodedata.normalize("NFKC", "".join("?" if c in BLANKS else c for c in fixed))
    marked = [c for c in kept if c == "?" or verse.strip(c)]
    if len(marked) != form.length:
        raise InputError(
            en=f"The pattern has {len(marked)} places; {form.en} has {form.length}. "
            "Write ? for a free place.",
            zh=f"格子里有 {len(marked)} 个位置，{form.zh}有 {form.length} 个；空着的位置写“?”。",
        )
    given = "".join(c for c in marked if c != "?")
    if not given:
        return [FREE_PLACE] * form.length
    characters = verse.plain(given)
    verse.require_known(characters, vocabulary)
    tokens = iter(vocabulary.encode(characters))
    return [FREE_PLACE if c == "?" else next(tokens) for c in marked]


def _add_acrostic(places: list[int], acrostic: str, form: Form, vocabulary: Vocabulary) -> None:
    """Write the first characters of the lines into `places`."""
    if not acrostic.strip():
        return
    head = verse.plain(acrostic)
    verse.require_known(head, vocabulary)
    if len(head) > form.lines:
        raise InputError(
            en=f"The acrostic has {len(head)} characters; {form.en} has {form.lines} lines. "
            "Shorten it, or choose a longer form.",
            zh=f"藏头有 {len(head)} 个字，{form.zh}只有 {form.lines} 句，请删短或换一种诗体。",
        )
    for line, char in enumerate(head):
        place, token = line * form.width, vocabulary.index[char]
        if places[place] not in (FREE_PLACE, token):
            other = vocabulary.characters[places[place]]
            raise InputError(
                en=f"Line {line + 1} should begin with {char} by the acrostic and with {other} by "
                "the pattern. Change one of them.",
                zh=f"第 {line + 1} 句的首字，藏头要“{char}”，格子里是“{other}”，请改掉一处。",
            )
        places[place] = token


def _rhyming(
    rhyme: str, places: list[int], form: Form, vocabulary: Vocabulary
) -> tuple[list[int], list[int]]:
    """Which rhyme group each position needs, and with which earlier position it has to rhyme.

    Fixed characters decide when they stand in a rhyming place, and have to fit.
    """
    group, partner = [NO_RHYME] * form.length, [NO_RHYME] * form.length
    if not rhyme:
        return group, partner
    check_choice("rhyme", rhyme, ("auto", *RHYME_GROUPS), zh="韵部")
    rhyming = [line * form.width - 1 for line in range(2, form.lines + 1, 2)]
    given = {
        char: level_groups(char)
        for char in (vocabulary.characters[places[p]] for p in rhyming if places[p] != FREE_PLACE)
    }
    possible = frozenset(RHYME_GROUPS) if rhyme == "auto" else frozenset({rhyme})
    shared = possible.intersection(*given.values())
    if not shared:
        characters = "、".join(given)
        raise InputError(
            en=f"The fixed rhyme {characters} does not fit "
            f"{'a level-tone rhyme' if rhyme == 'auto' else rhyme}. Change the character or the rhyme.",
            zh=f"固定的韵脚“{characters}”不合{'平声韵' if rhyme == 'auto' else rhyme}，请改字或改韵。",
        )
    if given or rhyme != "auto":
        for place in rhyming:
            group[place] = min(map(RHYME_GROUPS.index, shared))
    else:
        group[rhyming[0]] = ANY_RHYME
        for place in rhyming[1:]:
            partner[place] = rhyming[0]
    return group, partner


def level_groups(char: str) -> frozenset[str]:
    """Level groups of a character that verse uses as level: 梦 rhymes on nothing."""
    usual = rhyme_book.usual_tone(char)
    return rhyme_book.rhyme_groups(char) if "level" in usual else frozenset()


def rule_rows(rules: Rules) -> dict[str, Tensor]:
    """Rules as the rows of a request, by the names that the batch function gives them."""
    return {
        "fixed": rules.fixed,
        "tone": rules.tone,
        "rhyme": rules.rhyme,
        "rhyme_with": rules.rhyme_with,
        "unique": rules.unique,
    }
