"""Triples as visitors write them: one a line, or the JSON of a data set."""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from core.errors import InputError
from core.models.triples_decoding import Kind

MAX_FACTS = 200
MAX_NAME = 100  # characters
_BARS = re.compile(r"\s*[|｜\t]\s*")
_COMMAS = re.compile(r"\s*[,，]\s*")


class Fact(NamedTuple):
    """A triple as strings."""

    subject: str
    predicate: str
    object: str


def parse_facts(written: str) -> list[Fact]:
    """Triples of `subject | predicate | object` lines, of a `spo_list`, or of JSON lines with one.

    Bars, tabs, or else commas stand between the three. Each triple once; blank lines are skipped.
    Raises `InputError` for a line that is none of these.
    """
    stripped = written.strip()
    facts: list[Fact] = []
    if stripped.startswith(("{", "[")):
        facts = _parse_json(stripped)
    else:
        for number, line in enumerate(stripped.split("\n"), start=1):
            if not line.strip():
                continue
            parts = _BARS.split(line.strip())
            if len(parts) == 1:
                parts = _COMMAS.split(line.strip())
            if len(parts) != 3 or not all(parts):
                raise InputError(
                    en=f"Line {number} is {line.strip()[:40]}; write subject | predicate | object.",
                    zh=f"第 {number} 行是“{line.strip()[:40]}”，请写成：主语 | 谓词 | 宾语。",
                )
            facts.append(Fact(*parts))
    facts = list(dict.fromkeys(facts))
    if len(facts) > MAX_FACTS:
        raise InputError(
            en=f"There are {len(facts)} triples; at most {MAX_FACTS} are accepted. Remove some.",
            zh=f"共有 {len(facts)} 个三元组，最多 {MAX_FACTS} 个，请删去一些。",
        )
    for fact in facts:
        if longest := next((name for name in fact if len(name) > MAX_NAME), ""):
            raise InputError(
                en=f"{longest[:12]}… has {len(longest)} characters; at most {MAX_NAME} are accepted.",
                zh=f"“{longest[:12]}…”有 {len(longest)} 个字符，最多 {MAX_NAME} 个。",
            )
    return facts


def check_facts(facts: Sequence[Fact], kinds: Sequence[Kind]) -> list[Fact]:
    """The same triples; raises `InputError` for a predicate that is not among the kinds."""
    known = [predicate for _, predicate, _ in kinds]
    for fact in facts:
        if fact.predicate not in known:
            raise InputError(
                en=f"The model has no predicate {fact.predicate}. It knows: {', '.join(known)}.",
                zh=f"模型没有谓词“{fact.predicate}”。它认识：{'、'.join(known)}。",
            )
    return list(facts)


def parse_subjects(written: str) -> list[str]:
    """Strings, one a line, each once."""
    names = dict.fromkeys(line.strip() for line in written.split("\n"))
    return [name for name in names if name]


def text_of(line: str) -> str:
    """A line's text: what a JSON object names so, else the line itself."""
    if line.startswith("{"):
        try:
            text = json.loads(line).get("text")
        except (ValueError, RecursionError):
            return line
        if isinstance(text, str):
            return text
    return line


def _parse_json(written: str) -> list[Fact]:
    """Triples of one JSON value, or of JSON lines."""
    try:
        values = [json.loads(written)]
    except (ValueError, RecursionError):
        try:
            values = [json.loads(line) for line in written.split("\n") if line.strip()]
        except (ValueError, RecursionError) as error:
            raise InputError(
                en=f"This looks like JSON but cannot be read: {error}.",
                zh=f"看起来是 JSON，但读不出来：{error}。",
            ) from error
    return [fact for value in values for fact in _facts_of(value)]


def _facts_of(value: Any) -> list[Fact]:
    """Triples anywhere in a JSON value that a data set may use."""
    if isinstance(value, dict):
        for keys in (("s", "p", "o"), ("subject", "predicate", "object")):
            if all(isinstance(value.get(key), str) and value[key].strip() for key in keys):
                return [Fact(*(value[key].strip() for key in keys))]
        inner = value.get("spo_list", value.get("triples"))
        if isinstance(inner, list):
            return [fact for each in inner for fact in _facts_of(each)]
    if isinstance(value, list):
        if len(value) == 3 and all(isinstance(each, str) and each.strip() for each in value):
            return [Fact(*(each.strip() for each in value))]
        return [fact for each in value for fact in _facts_of(each)]
    raise InputError(
        en="A JSON triple has s, p, o (or subject, predicate, object) as strings.",
        zh="JSON 三元组须有字符串 s、p、o（或 subject、predicate、object）。",
    )
