"""Prosody of regulated verse: tone patterns, rhyme, and what a poem does against them.

A line alternates pairs of level (平) and oblique (仄) characters and turns the last pair, so there
are four kinds of line; with five characters

    oblique start, unrhymed   仄仄平平仄        level start, unrhymed   平平平仄仄
    oblique start, rhymed     仄仄仄平平        level start, rhymed     平平仄仄平

and with seven the same behind one more pair of the opposite tone. The two lines of a couplet are
opposite (对) in their second, fourth and sixth characters, the next couplet begins as the last line
did (粘), even lines rhyme on a level tone, and other lines end on an oblique one, except that the
first may rhyme too.

Which places of a pattern are free follows Wang Li, 诗词格律 (1962). Tones are those of the Pingshui
book. A character that the book lacks is free everywhere, and one with two readings is given the
one that fits: these functions say what is certainly wrong.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise, product

from core.text.forms import FORMS, Form
from core.text.rhyme_book import (
    Reading,
    Tone,
    readings,
    rhyme_groups,
    rhymes,
    tone,
    usual_tone,
)

__all__ = [
    "FINDINGS",
    "Finding",
    "Pattern",
    "Prosody",
    "Reading",
    "Syllable",
    "Tone",
    "analyse",
    "has_repeat",
    "patterns",
    "readings",
    "repeats",
    "rhyme_groups",
    "rhyme_ok",
    "rhymes",
    "tone",
    "tone_ok",
    "usual_tone",
]

Place = tuple[int, int]  # line and character, both counted from 0

_BOTH: frozenset[Tone] = frozenset({"level", "oblique"})
_SIGNS: dict[str, Tone] = {"平": "level", "仄": "oblique"}

# The last five characters of a line by (second of them level, rhymed): the pattern, and the same
# with its free places as 中.
_LINES = {
    (False, False): ("仄仄平平仄", "中仄平平仄"),
    (False, True): ("仄仄仄平平", "中仄仄平平"),
    (True, False): ("平平平仄仄", "中平平仄仄"),
    # Its first character is not free: oblique, it would leave one level character before the rhyme.
    (True, True): ("平平仄仄平", "平平中仄平"),
}

# Groups that the first line may borrow its rhyme from, after Wang Li; half of 十三元 is in each of
# two.
_NEIGHBOURS = (
    {"一东", "二冬"},
    {"四支", "五微", "八齐"},
    {"六鱼", "七虞"},
    {"九佳", "十灰"},
    {"十一真", "十二文", "十三元"},
    {"十三元", "十四寒", "十五删", "一先"},
    {"二萧", "三肴", "四豪"},
    {"八庚", "九青", "十蒸"},
    {"十三覃", "十四盐", "十五咸"},
)

# kind: (Chinese, English)
FINDINGS = {
    "alternation": ("二四六同声", "neighbouring even places of a line have the same tone"),
    "opposition": ("失对", "the two lines of a couplet have the same tone in an even place"),
    "adhesion": ("失粘", "the second couplet does not begin with the tones the first one ended on"),
    "lone level": ("孤平", "only one level character is left in a rhymed line besides the rhyme"),
    "three level": ("三平调", "the line ends on three level tones"),
    "rhyme foot": ("韵脚用仄", "an even line ends on an oblique tone"),
    "plain foot": ("白脚用平", "a line that does not rhyme ends on a level tone"),
    "rhyme": ("落韵", "the even lines do not rhyme"),
    # Notes: worth knowing, but no fault.
    "three oblique": ("三仄尾", "the line ends on three oblique tones"),
    "licence": ("特拗", "level-oblique-level-oblique, a turn poets allowed themselves"),
    "borrowed": ("首句借邻韵", "the first line rhymes with a neighbouring group"),
    "oblique rhyme": ("押仄韵", "the even lines rhyme on an oblique tone"),
    "repeat": ("重字", "a character comes back"),
}
_NOTES = {"three oblique", "licence", "borrowed", "oblique rhyme", "repeat"}
_TONE_RULES = {"alternation", "opposition", "adhesion", "rhyme foot", "plain foot"}
_RHYME_RULES = {"rhyme foot", "rhyme"}


@dataclass(frozen=True)
class Pattern:
    """A standard tone pattern of a form."""

    form: Form
    level_start: bool  # whether the second character of the first line is level (平起)
    first_rhymes: bool
    tones: tuple[tuple[Tone, ...], ...]  # the full pattern
    required: tuple[tuple[Tone | None, ...], ...]  # the same, `None` where either tone will do

    @property
    def zh(self) -> str:
        """Its Chinese name, such as 仄起首句不入韵."""
        return (
            f"{'平' if self.level_start else '仄'}起首句{'入' if self.first_rhymes else '不入'}韵"
        )

    @property
    def en(self) -> str:
        """Its English name."""
        start = "level" if self.level_start else "oblique"
        return f"{start} start, first line {'rhymes' if self.first_rhymes else 'does not rhyme'}"

    @property
    def rhyming_lines(self) -> tuple[int, ...]:
        """Lines that end on the rhyme, counted from 0."""
        return tuple(i for i in range(self.form.lines) if i % 2 or (i == 0 and self.first_rhymes))


@dataclass(frozen=True)
class Syllable:
    """A character in its place."""

    char: str
    expected: Tone | None  # `None` where the pattern leaves the place free
    tones: frozenset[Tone]  # what the book knows; empty for a character it lacks
    ok: bool  # the place is free, the tone fits or is not known


@dataclass(frozen=True)
class Finding:
    """A rule that is broken, or a note; `FINDINGS` lists the kinds."""

    kind: str
    zh: str
    en: str
    places: tuple[Place, ...]  # the characters concerned


@dataclass(frozen=True)
class Prosody:
    """What a couplet or quatrain does: its nearest pattern, broken rules and notes."""

    form: Form
    pattern: Pattern
    lines: tuple[tuple[Syllable, ...], ...]
    rhyme: tuple[str, ...]  # level groups that all even lines share, in the order of the book
    violations: tuple[Finding, ...]
    notes: tuple[Finding, ...]

    @property
    def tone_ok(self) -> bool:
        """Equals the function `tone_ok` with the same licence."""
        return not any(finding.kind in _TONE_RULES for finding in self.violations)

    @property
    def rhyme_ok(self) -> bool:
        """Equals the function `rhyme_ok`."""
        return not any(finding.kind in _RHYME_RULES for finding in self.violations)

    @property
    def fit(self) -> float:
        """Share of characters that fit the pattern, 0 to 1."""
        syllables = [syllable.ok for line in self.lines for syllable in line]
        return sum(syllables) / len(syllables)


@cache
def patterns(form: Form) -> tuple[Pattern, ...]:
    """The four patterns of a form; those whose first line does not rhyme come first."""
    return tuple(
        _pattern(form, level_start, first_rhymes)
        for first_rhymes in (False, True)
        for level_start in (False, True)
    )


def tone_ok(lines: Sequence[str], *, licence: bool = False) -> bool:
    """Whether the tones are right where they must be (一三五不论, 二四六分明).

    The even places alternate inside each line, are opposite in the two lines of a couplet and the
    same in lines 2 and 3 of a quatrain. Even lines end on a level tone and odd lines on an oblique
    one, except a first line that rhymes with the second (a neighbouring group will do). Characters
    with two readings take one of them for all rules. With `licence` a line may end 平仄平仄 instead
    of 平平仄仄 (特拗), as Tang poets often have it. Raises `ValueError` as `analyse` does.
    """
    form = _form(lines)
    grid = _grid(lines, licence)
    feet = all(_foot_ok(lines, grid, i) for i in range(len(lines)))
    return feet and any(
        all(
            _tone_at(_level_start(start, line), i) in tones[i]
            for line, tones in enumerate(grid)
            for i in _even_places(form.width)
        )
        for start in (True, False)
    )


def rhyme_ok(lines: Sequence[str]) -> bool:
    """Whether the even lines end on a level tone and, in a quatrain, in one group.

    Unknown characters rhyme with everything. Raises `ValueError` as `analyse` does.
    """
    _form(lines)
    feet = [line[-1] for line in lines[1::2]]
    return all("level" in (tone(foot) or _BOTH) for foot in feet) and _may_rhyme(feet)


def repeats(lines: Sequence[str]) -> list[str]:
    """Characters that come back, each once, in order of first appearance.

    A character doubled on the spot (叠字: 悠悠) counts as one appearance, so 悠悠 is no repeat and
    悠悠…悠 is one. A doubling does not reach across the end of a line.
    """
    counts = Counter(char for line in lines for char, _ in groupby(line))
    return [char for char, count in counts.items() if count > 1]


def has_repeat(lines: Sequence[str], *, reduplication_ok: bool = True) -> bool:
    """Whether a character comes back; with `reduplication_ok=False`, whether any stands twice."""
    if reduplication_ok:
        return bool(repeats(lines))
    characters = "".join(lines)
    return len(set(characters)) < len(characters)


def analyse(lines: Sequence[str], *, licence: bool = False) -> Prosody:
    """Judge a couplet or quatrain of 5 or 7 characters a line, given without punctuation.

    `licence` is that of `tone_ok`; the turn is noted in any case. Raises `ValueError` when the
    lines are none of the four forms.
    """
    form = _form(lines)
    grid = _grid(lines, licence)
    heard = _heard(grid)
    pattern = _nearest(form, lines, grid)
    findings = [
        *_in_even_places(heard),
        *_at_feet(lines, grid),
        *_at_line_ends(_grid(lines, licence=False), heard),
        *_repeated(lines),
    ]
    syllables = tuple(
        tuple(
            Syllable(char, wanted, tone(char), wanted is None or wanted in tones)
            for char, wanted, tones in zip(*row, strict=True)
        )
        for row in zip(lines, pattern.required, grid, strict=True)
    )
    return Prosody(
        form=form,
        pattern=pattern,
        lines=syllables,
        rhyme=_shared_groups([line[-1] for line in lines[1::2]]),
        violations=tuple(f for f in findings if f.kind not in _NOTES),
        notes=tuple(f for f in findings if f.kind in _NOTES),
    )


def _form(lines: Sequence[str]) -> Form:
    for form in FORMS:
        if [len(line) for line in lines] == [form.width] * form.lines:
            return form
    raise ValueError(
        "expected 2 or 4 lines of 5 or of 7 characters without punctuation, got lines of "
        f"{[len(line) for line in lines]}"
    )


def _grid(lines: Sequence[str], licence: bool) -> list[list[frozenset[Tone]]]:
    """Tones that every character may be given; `licence` frees the place that the turn bends."""
    grid = [[tone(char) or _BOTH for char in line] for line in lines]
    if licence:
        for line in range(0, len(lines), 2):
            if _is_licensed(grid[line]):
                grid[line][-2] = _BOTH
    return grid


def _is_licensed(tones: Sequence[frozenset[Tone]]) -> bool:
    """Whether a line can end level-oblique-level-oblique, and only so."""
    second, third, fourth, last = tones[-4:]
    turn = "level" in second and "oblique" in third and fourth == {"level"}
    return turn and "oblique" in last


def _even_places(width: int) -> range:
    """The second, fourth and sixth character, counted from 0."""
    return range(1, width - 1, 2)


def _tone_at(level_start: bool, place: int) -> Tone:
    """Tone of an even place in a line whose second character is level or oblique."""
    return "level" if level_start == (place % 4 == 1) else "oblique"


def _level_start(first: bool, line: int) -> bool:
    """Whether the second character of a line is level, from that of the first line; or back."""
    return first != (line in (1, 2))


def _pattern(form: Form, level_start: bool, first_rhymes: bool) -> Pattern:
    tones, required = [], []
    for line in range(form.lines):
        level = _level_start(level_start, line)
        rhymed = line % 2 == 1 or (line == 0 and first_rhymes)
        if form.width == 5:
            full, fixed = _LINES[level, rhymed]
        else:
            full, fixed = _LINES[not level, rhymed]
            full, fixed = (
                ("平平" + full, "中平" + fixed) if level else ("仄仄" + full, "中仄" + fixed)
            )
        tones.append(tuple(_SIGNS[sign] for sign in full))
        required.append(tuple(_SIGNS.get(sign) for sign in fixed))
    return Pattern(form, level_start, first_rhymes, tuple(tones), tuple(required))


def _nearest(form: Form, lines: Sequence[str], grid: list[list[frozenset[Tone]]]) -> Pattern:
    """The pattern with the fewest misses, in even places and at line ends above all."""
    ends = grid[0][-1]
    rhymes_too = _first_line_may_rhyme(lines)

    def misses(pattern: Pattern) -> tuple[int, bool]:
        count = 0
        for row, tones in zip(pattern.required, grid, strict=True):
            for place, wanted in enumerate(row):
                weight = 8 if place in _even_places(form.width) or place == form.width - 1 else 1
                count += weight * (wanted is not None and wanted not in tones[place])
        # A first line of either tone is taken as rhymed exactly when it does rhyme.
        return count, ends == _BOTH and pattern.first_rhymes != rhymes_too

    return min(patterns(form), key=misses)


def _heard(grid: list[list[frozenset[Tone]]]) -> list[list[Tone]]:
    """One tone for each even place, `[line][0 for the second character ...]`.

    Characters with a choice get the tone with which the poem breaks the fewest rules.
    """
    places = _even_places(len(grid[0]))

    def faults(starts: tuple[bool, ...]) -> int:
        firsts = [_level_start(start, line) for line, start in enumerate(starts)]
        broken = sum(one != next_one for one, next_one in pairwise(firsts))
        return broken + sum(
            _tone_at(start, i) not in tones[i]
            for start, tones in zip(starts, grid, strict=True)
            for i in places
        )

    starts = min(product((True, False), repeat=len(grid)), key=faults)
    return [
        [_tone_at(start, i) if _tone_at(start, i) in tones[i] else min(tones[i]) for i in places]
        for start, tones in zip(starts, grid, strict=True)
    ]


def _finding(kind: str, places: Sequence[Place], zh: str | None = None) -> Finding:
    return Finding(kind, zh or FINDINGS[kind][0], FINDINGS[kind][1], tuple(places))


def _in_even_places(heard: list[list[Tone]]) -> Iterator[Finding]:
    for line, tones in enumerate(heard):
        for i, (one, next_one) in enumerate(pairwise(tones)):
            if one == next_one:
                zh = "二四六"[i : i + 2] + "同声"
                yield _finding("alternation", [(line, 2 * i + 1), (line, 2 * i + 3)], zh)
    for line, (upper, lower) in enumerate(pairwise(heard)):
        kind = "adhesion" if line % 2 else "opposition"
        alike = kind == "adhesion"
        wrong = [i for i, pair in enumerate(zip(upper, lower, strict=True)) if _same(pair) != alike]
        if wrong:
            yield _finding(kind, [(row, 2 * i + 1) for row in (line, line + 1) for i in wrong])


def _same(pair: tuple[Tone, Tone]) -> bool:
    return pair[0] == pair[1]


def _at_feet(lines: Sequence[str], grid: list[list[frozenset[Tone]]]) -> Iterator[Finding]:
    last = len(lines[0]) - 1
    even = range(1, len(lines), 2)
    for line in range(len(lines)):
        if not _foot_ok(lines, grid, line):
            yield _finding("rhyme foot" if line % 2 else "plain foot", [(line, last)])
    feet = [lines[line][-1] for line in even]
    places = [(line, last) for line in even]
    if all("level" in grid[line][-1] for line in even) and not _may_rhyme(feet):
        yield _finding("rhyme", places)
    if len(feet) > 1 and _shared_groups(feet, level=False) and not any(map(rhyme_groups, feet)):
        yield _finding("oblique rhyme", places)
    if "oblique" not in grid[0][-1] and _first_line_may_rhyme(lines):
        if tone(feet[0]) and not rhymes(lines[0][-1], feet[0]):
            yield _finding("borrowed", [(0, last), (1, last)])


def _foot_ok(lines: Sequence[str], grid: list[list[frozenset[Tone]]], line: int) -> bool:
    if line % 2:
        return "level" in grid[line][-1]
    return "oblique" in grid[line][-1] or (line == 0 and _first_line_may_rhyme(lines))


def _first_line_may_rhyme(lines: Sequence[str]) -> bool:
    first, second = lines[0][-1], lines[1][-1]
    if not tone(first) or not tone(second):
        return True
    ours, theirs = rhyme_groups(first), rhyme_groups(second)
    return bool(ours & theirs) or any(ours & near and theirs & near for near in _NEIGHBOURS)


def _may_rhyme(feet: Sequence[str]) -> bool:
    known = [foot for foot in feet if tone(foot)]
    return not known or bool(_shared_groups(known))


def _shared_groups(feet: Sequence[str], *, level: bool = True) -> tuple[str, ...]:
    """Groups in which all the given characters stand; those the book lacks are left out."""
    known = [foot for foot in feet if tone(foot)]
    common = [rhyme_groups(foot, level=level) for foot in known]
    return tuple(
        entry.group
        for entry in (readings(known[0]) if known else ())
        if all(entry.group in groups for groups in common)
    )


def _at_line_ends(grid: list[list[frozenset[Tone]]], heard: list[list[Tone]]) -> Iterator[Finding]:
    """Faults of single lines; a character with two readings is never held against them."""
    for line, (tones, even) in enumerate(zip(grid, heard, strict=True)):
        start = len(tones) - 5  # the first pair of seven characters does not matter here
        places = [(line, start + i) for i in range(5)]
        first, _, middle, _, last = tones[start:]
        before, after = even[-2:]
        turned = before == "level" and after == "oblique"  # 平仄 before the rhyme
        if turned and first == middle == {"oblique"} and (line % 2 or last == {"level"}):
            yield _finding("lone level", places)
        if all(tone_set == {"level"} for tone_set in tones[-3:]):
            yield _finding("three level", places[2:])
        if all(tone_set == {"oblique"} for tone_set in tones[-3:]):
            yield _finding("three oblique", places[2:])
        if line % 2 == 0 and before == "level" and _is_licensed(tones):
            yield _finding("licence", places[1:])


def _repeated(lines: Sequence[str]) -> Iterator[Finding]:
    for char in repeats(lines):
        yield _finding(
            "repeat",
            [
                (i, j)
                for i, line in enumerate(lines)
                for j, other in enumerate(line)
                if other == char
            ],
        )
