"""Finished ablation runs as a table, for the terminal and for the model card."""

from collections.abc import Mapping
from statistics import fmean, stdev


def summary(done: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    """A table of finished runs `{"variant @ steps / seed": figures}`, its head first.

    F1 is the mean over a variant's seeds, with their standard deviation where there are several. The
    change compares with the first variant, seed by seed, at the same number of steps. Speeds stay out:
    variants run at different times, beside different neighbours.
    """
    runs: dict[tuple[str, str], dict[str, Mapping[str, float]]] = {}
    for key, figures in done.items():
        variant, _, conditions = key.rpartition(" @ ")
        steps, _, seed = conditions.partition(" / ")
        runs.setdefault((variant, steps), {})[seed] = figures
    rows = [["variant", "steps", "seeds", "precision", "recall", "F1", "change", "parameters"]]
    bases: dict[str, dict[str, Mapping[str, float]]] = {}
    for (variant, steps), by_seed in runs.items():
        base = bases.setdefault(steps, by_seed)
        mean = {
            key: fmean(r[key] for r in by_seed.values()) for key in next(iter(by_seed.values()))
        }
        f1 = [100 * run["f1"] for run in by_seed.values()]
        pairs = [100 * (r["f1"] - base[s]["f1"]) for s, r in by_seed.items() if s in base]
        rows.append(
            [
                variant,
                steps,
                str(len(by_seed)),
                f"{100 * mean['precision']:.1f}",
                f"{100 * mean['recall']:.1f}",
                f"{fmean(f1):.1f}" + (f" ± {stdev(f1):.1f}" if len(f1) > 1 else ""),
                f"{fmean(pairs):+.1f}" if by_seed is not base and pairs else "",
                f"{mean['parameters'] / 1e6:.1f} M",
            ]
        )
    return rows
