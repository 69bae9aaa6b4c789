"""The four families: which weights each has, its sizes, and what stands in for one that is missing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from core import hub
from core.errors import check_choice
from core.hub import WeightsError, WeightsNotFound
from core.runtime import Timing
from core.tasks.families.records import Missing

MODELS = {
    "vae": "vae-faces",
    "ogan": "ogan-faces",
    "glow": "glow-faces",
    "diffusion": "ddpm-faces",
}
FAMILIES = tuple(MODELS)
ONE_PASS = tuple(family for family in FAMILIES if family != "diffusion")
# At which each family draws a face that stands for a seed: 1 is the model itself, less is more typical.
USUAL = {"vae": 0.8, "ogan": 0.9, "glow": 0.7, "diffusion": 1.0}

Row = TypeVar("Row")


@dataclass(frozen=True)
class Member:
    """A family with its weights on this machine."""

    family: str
    model: str  # weights name
    size: int  # pixels of a side
    code: int  # numbers that a picture is made from
    parameters: int
    hash: str


def member(family: str) -> Member:
    """One family; `WeightsError` when its weights are missing."""
    check_choice("family", family, FAMILIES, zh="模型")
    found = hub.locate(MODELS[family])
    size = int(found.config["size"])
    code = int(found.config.get("latent", 3 * size**2))
    return Member(family, found.name, size, code, int(found.entry.parameters or 0), found.hash)


def known() -> tuple[str, ...]:
    """The families whose weights the gallery has."""
    names = hub.names()
    return tuple(family for family, model in MODELS.items() if model in names)


def largest_size() -> int:
    """Side of the largest pictures that a family here makes; photos are cut to it."""
    return Roll().size


class Roll:
    """Who takes part: families are asked one after the other, and one that fails leaves a reason."""

    def __init__(self, families: Sequence[str] = FAMILIES) -> None:
        self.missing: list[Missing] = []
        self.members: list[Member] = []
        for family in families:
            with self.excusing(family):
                self.members.append(member(family))

    @contextmanager
    def excusing(self, family: str) -> Iterator[None]:
        """Trouble with weights inside the block is written down, and the others go on."""
        try:
            yield
        except WeightsNotFound:
            self._note(
                family,
                f"{MODELS[family]} has not been trained yet: python -m train {MODELS[family]}",
                f"{MODELS[family]} 还没有训练好的权重：python -m train {MODELS[family]}",
            )
        except WeightsError as error:
            self._note(family, error.text("en"), error.text("zh"))
        except ImportError as error:
            self._note(
                family,
                f"A package is missing: {error}. Install it with `pip install -r requirements.txt`.",
                f"缺少软件包：{error}。请运行 `pip install -r requirements.txt`。",
            )

    def answers(self, answer: Callable[[Member], Iterator[Row]]) -> Iterator[tuple[Row, ...]]:
        """The rows so far whenever a family has more to show; `answer` yields its row anew each time.

        Raises the first `WeightsError` when no family can answer.
        """
        rows: list[Row] = []
        told = len(self.missing)
        for one in list(self.members):
            place = len(rows)
            with self.excusing(one.family):
                try:
                    for row in answer(one):
                        rows[place:] = [row]
                        told = len(self.missing)
                        yield tuple(rows)
                except (WeightsError, ImportError):
                    del rows[place:]
                    raise
        if not self.members:
            raise WeightsError(self.missing[0].en, self.missing[0].zh)
        if told < len(self.missing):
            yield tuple(rows)

    @property
    def size(self) -> int:
        """Side of the largest pictures among those present."""
        return max((one.size for one in self.members), default=64)

    def _note(self, family: str, en: str, zh: str) -> None:
        self.missing = [*self.missing, Missing(family, MODELS[family], en, zh)]
        self.members = [other for other in self.members if other.family != family]


def overall(timings: Sequence[Timing | None]) -> Timing | None:
    """All families' calls as one: times add up, and the weights of all are named."""
    spent = [timing for timing in timings if timing is not None]
    if not spent:
        return None
    return Timing(
        compute_ms=sum(timing.compute_ms for timing in spent),
        queue_ms=sum(timing.queue_ms for timing in spent),
        device=spent[0].device,
        batch=max(timing.batch for timing in spent),
        weights="+".join(dict.fromkeys(timing.weights for timing in spent)),
    )


def added(*timings: Timing | None) -> Timing | None:
    """The sum of those that there are, of one family."""
    spent = [timing for timing in timings if timing is not None]
    return sum(spent[1:], spent[0]) if spent else None
