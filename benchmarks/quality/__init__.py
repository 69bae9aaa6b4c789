"""Quality of models on data they have not seen; one module per family.

A module here that ends with `BENCHMARK = Benchmark(...)` answers `python -m benchmarks quality` for
the weights names it lists; the folder is the registry. Other modules are its building blocks.
"""

import difflib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says; a family uses what makes sense for it."""

    data: Path  # examples to measure on
    train: tuple[Path, ...] = ()  # what the model was trained on, for measures that compare
    limit: int | None = None  # only the first examples of `data`
    samples: int = 10_000  # to draw from a generative model
    seed: int = 0
    device: str | None = None  # chosen by `core.runtime` when None
    split: str | None = None  # part of a folder of pictures, all of it when None
    folders: bool = False  # whether `data` and `train` are folders
    decoder: str | None = None  # how a tagger's scores are read
    report: Callable[[str], None] = lambda line: None  # takes a line of progress

    def __post_init__(self) -> None:
        for path in (self.data, *self.train):
            if not (path.is_dir() if self.folders else path.is_file()):
                kind = "folder" if self.folders else "file"
                raise ValueError(
                    f"there is no {kind} {path}; docs/data.md says where data comes from"
                )
        for name, value in (("--limit", self.limit), ("--samples", self.samples)):
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; give a positive number")


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """How one family is measured."""

    names: tuple[str, ...]  # of weights; a pattern such as "ner-*" is fine
    measure: Callable[[str, Options], dict[str, Any]]  # a weights name to figures for JSON
    folders: bool = False  # whether its data are folders, as pictures are, and not files


def benchmarks() -> list[Benchmark]:
    """All families, in the order of their files."""
    modules = [
        import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    ]
    return [module.BENCHMARK for module in modules if hasattr(module, "BENCHMARK")]


def find(name: str) -> Benchmark:
    """The benchmark of a weights name; `ValueError` lists the names there are."""
    known = benchmarks()
    for benchmark in known:
        if any(fnmatchcase(name, pattern) for pattern in benchmark.names):
            return benchmark
    patterns = [pattern for benchmark in known for pattern in benchmark.names]
    near = difflib.get_close_matches(name, patterns, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ValueError(f"nothing measures {name!r}.{hint} Known: {', '.join(patterns)}")
