"""What opens under a chosen poem: its prosody, and its runs that the training corpus has too."""

from collections.abc import Sequence

from core.text import prosody
from core.text.novelty import Run
from demos._outcome import Block
from demos._words import say


def prosody_panel(judged: prosody.Prosody) -> Block:
    """Tones, rhyme and faults against the nearest standard pattern."""

    def sign(tones: frozenset[str]) -> str:
        return "both" if len(tones) == 2 else next(iter(tones), "unknown")

    group = "、".join(judged.rhyme)
    return {
        "kind": "prosody",
        "title": say("格律", "Prosody"),
        "hint": say(
            f"平水韵 · 最近的谱：{judged.pattern.zh}" + (f" · 韵部 {group}" if group else ""),
            f"Pingshui rhymes · nearest pattern: {judged.pattern.en}"
            + (f" · rhyme {group}" if group else ""),
        ),
        "lines": [
            [
                {
                    "c": s.char,
                    "ok": s.ok,
                    "expected": s.expected,
                    "tone": sign(s.tones),
                    "title": s.char,
                }
                for s in line
            ]
            for line in judged.lines
        ],
        "notes": [{"kind": "fault", "text": say(f.zh, f.en)} for f in judged.violations]
        + [{"kind": "remark", "text": say(f.zh, f.en)} for f in judged.notes],
        "fine": say("平仄、对、粘都合。", "Tones, opposition and adhesion are all kept."),
    }


def novelty_panel(lines: Sequence[str], runs: Sequence[Run]) -> Block:
    """The lines with the runs marked, and the length of the longest in words."""
    longest = max((run.length for run in runs), default=0)
    verdict = (
        say(
            f"最长有 {longest} 个连续的字在训练语料里出现过。",
            f"The longest run that stands in the training corpus has {longest} characters.",
        )
        if longest
        else say(
            "没有四个以上连续的字出现在训练语料里。",
            "No run of four or more characters stands in the training corpus.",
        )
    )
    return {
        "kind": "runs",
        "title": say("新旧", "Novelty"),
        "hint": say("与训练语料相同的连续字", "runs shared with the training corpus"),
        "lines": list(lines),
        "runs": [{"line": r.line, "start": r.start, "length": r.length} for r in runs],
        "verdict": verdict,
    }
