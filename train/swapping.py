"""Augmentation for triples: the same sentence about somebody else.

Every subject and object of a sentence may give way to another name of its kind, everywhere in the
text. The triples change with it, so the extractor cannot learn names by heart and has to read what
stands around them. Source: Su Jianlin, https://kexue.fm/archives/6671, who exchanges the two ends of
one triple for those of another with the same predicate; here every name is drawn by itself, from all
names of its type.
"""

import random
import re
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.triples_data import Annotated, Fact
from core.models.triples_decoding import Kind

LOOSE = frozenset({"Text", "Number", "Date"})  # what these hold depends on the predicate
PEOPLE = {"历史人物": "人物", "娱乐人物": "人物"}  # one type of name
Pools = Mapping[str, Sequence[str]]


class Swapper:
    """Draws other names for those of a sentence."""

    def __init__(
        self,
        sentences: Iterable[Annotated],
        kinds: Iterable[Kind],
        strangers: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """Pools from the triples of `sentences`; `strangers` are further names by type."""
        self.types = {predicate: (first, second) for first, predicate, second in kinds}
        pools: dict[str, set[str]] = {name: set(more) for name, more in (strangers or {}).items()}
        for _, facts in sentences:
            for fact in facts:
                for name, pool in self._pools_of(fact):
                    pools.setdefault(pool, set()).add(name)
        self.pools = {pool: sorted(names) for pool, names in pools.items()}

    def __call__(self, sentence: Annotated, share: float, draw: random.Random) -> Annotated:
        """The sentence with about `share` of its names exchanged; itself when that cannot be."""
        roles: dict[str, list[str]] = {}
        for fact in sentence.facts:
            for name, pool in self._pools_of(fact):
                roles.setdefault(name, []).append(pool)
        others = {}
        for name, pools in roles.items():
            if draw.random() < share:
                others[name] = draw.choice(self.pools[draw.choice(pools)])
        changed = {name: others.get(name, name) for name in roles}
        if not others or len(set(changed.values())) < len(changed):
            return sentence  # two of the sentence's people must not become one
        # Longest first, so that a name within a name is left alone there.
        pattern = "|".join(map(re.escape, sorted(roles, key=len, reverse=True)))
        text = re.sub(pattern, lambda match: changed[match[0]], sentence.text)
        facts = [Fact(changed[s], predicate, changed[o]) for s, predicate, o in sentence.facts]
        if any(fact.subject not in text or fact.object not in text for fact in facts):
            return sentence
        return Annotated(text, facts)

    def _pools_of(self, fact: Fact) -> list[tuple[str, str]]:
        """Both names of a triple, each with its pool."""
        names = (fact.subject, fact.object)
        return [
            (name, f"{kind} {fact.predicate}" if kind in LOOSE else PEOPLE.get(kind, kind))
            for name, kind in zip(names, self.types[fact.predicate], strict=True)
        ]
