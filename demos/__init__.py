"""The gallery: every public module or package in here is one tab, found by its name alone."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demos._words import say

if TYPE_CHECKING:
    from demos._tab import Tab


@dataclass(frozen=True)
class Section:
    """A group of tabs; the order of `SECTIONS` is the order of the page."""

    name: str
    title: str


SECTIONS = (
    Section("generate", say("生成", "Generate")),
    Section("label", say("序列标注", "Label sequences")),
    Section("meaning", say("语义", "Meaning")),
    Section("training", say("优化与训练", "Optimise and train")),
    Section("mathematics", say("数学小品", "Mathematics")),
)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A post or paper that a tab is about."""

    title: str
    url: str
    date: str = ""  # ISO date or year
    kind: str = "post"  # or "paper"

    def __post_init__(self) -> None:
        if not self.url.startswith("https://"):
            raise ValueError(f"a reference needs an https address, got {self.url!r}")


@dataclass(frozen=True, kw_only=True)
class Demo:
    """One tab. Title, summary and section texts are bilingual, see `demos._words.say`."""

    slug: str  # the module's name with dashes; names the tab in links and the API
    section: str
    title: str  # the chip, a few characters
    heading: str  # the page title
    summary: str  # one sentence that makes one want to try
    references: tuple[Reference, ...]
    build: Callable[["Tab"], None]
    warmup: Callable[[], None] = lambda: None
    weights: tuple[str, ...] = ()
    order: int = 100  # place within the section
    keywords: str = ""  # more words for the search box

    def __post_init__(self) -> None:
        sections = [section.name for section in SECTIONS]
        if self.section not in sections:
            raise ValueError(f"{self.slug}: section is {self.section!r}, choose one of {sections}")
        if not self.references:
            raise ValueError(f"{self.slug}: name at least the post it comes from")


@dataclass(frozen=True)
class Broken:
    """A module that could not be imported; the gallery names it and goes on without it."""

    module: str
    error: str


def discover() -> tuple[list[Demo], list[Broken]]:
    """All tabs in page order, and the modules that failed to import."""
    found: list[Demo] = []
    broken: list[Broken] = []
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        try:
            demo = importlib.import_module(f"demos.{module.name}").DEMO
            if demo.slug != module.name.replace("_", "-"):
                raise ValueError(f"its slug is {demo.slug!r}, its module's name says otherwise")
            found.append(demo)
        except Exception as error:  # one broken tab must not take the others with it
            broken.append(Broken(module.name, f"{type(error).__name__}: {error}"))
    sections = [section.name for section in SECTIONS]
    found.sort(key=lambda demo: (sections.index(demo.section), demo.order, demo.slug))
    return found, broken
