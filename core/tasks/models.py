"""What is known about a model: the facts and figures of its card."""

from dataclasses import dataclass
from typing import Any

from core import hub


@dataclass(frozen=True)
class Figure:
    """A measured number beside what the post's author reported, if anything."""

    label: str
    value: float | None
    author: str


@dataclass(frozen=True)
class ModelCard:
    """Facts of the card in both languages where the recipe gives both."""

    name: str
    title: str
    title_zh: str
    summary: str
    summary_zh: str
    parameters: int
    bytes: int
    hash: str
    date: str
    licence: str
    data: tuple[str, ...]
    recipe: str
    measure: str
    figures: tuple[Figure, ...]
    limits: tuple[str, ...]
    departures: tuple[str, ...]
    source: str  # where published copies come from, or that the embedded copy is the source


def card(name: str) -> ModelCard:
    """The card of a weights name; raises `hub.WeightsError` when there is none."""
    described = hub.describe(name)
    entry, metrics = described.entry, described.metrics
    facts: dict[str, Any] = dict(metrics.get("card", {}))
    values: dict[str, float] = dict(metrics.get("figures", {}))
    shown = facts.get("metrics") or [{"figure": key, "label": key} for key in values]
    digest = entry.files["model.safetensors"].sha256[:8]
    return ModelCard(
        name=name,
        title=facts.get("title", name),
        title_zh=facts.get("title_zh", facts.get("title", name)),
        summary=facts.get("summary", ""),
        summary_zh=facts.get("summary_zh", facts.get("summary", "")),
        parameters=int(metrics.get("parameters", 0)),
        bytes=entry.bytes,
        hash=digest,
        date=str(metrics.get("date", "")),
        licence=str(entry.licence or ""),
        data=tuple(
            f"{row['name']} ({row['source']}; {row['licence']})" for row in facts.get("data", [])
        ),
        recipe=str(metrics.get("command", "")),
        measure=facts.get("measure", f"python -m benchmarks quality {name}"),
        figures=tuple(
            Figure(row["label"], values.get(row["figure"]), str(row.get("author") or ""))
            for row in shown
        ),
        limits=tuple(facts.get("limits", ())),
        departures=tuple(facts.get("departures", ())),
        source=entry.repository or "embedded",
    )
