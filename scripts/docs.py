"""Write the generated tables of README.md: `python -m scripts.docs`; `--check` only compares."""

import argparse
import sys
from pathlib import Path

from core import hub
from demos import SECTIONS, discover
from demos._words import resolve

README = Path(__file__).resolve().parent.parent / "README.md"


def tabs_table() -> str:
    """One row per tab: where it stands, what it is, which post."""
    sections = {section.name: section.title for section in SECTIONS}
    rows = ["| tab | what one does there | post |", "| --- | --- | --- |"]
    for demo in discover()[0]:
        post = next(r for r in demo.references if r.kind == "post")
        title = " · ".join(resolve(demo.heading, lang) for lang in ("zh", "en"))
        group = resolve(sections[demo.section], "zh")
        summary = resolve(demo.summary, "en")
        number = post.url.rsplit("/", 1)[-1]
        rows.append(f"| {group} / `{demo.slug}` {title} | {summary} | [{number}]({post.url}) |")
    return "\n".join(rows)


def weights_table() -> str:
    """One row per trained model."""
    rows = ["| name | parameters | size | licence | card |", "| --- | --- | --- | --- | --- |"]
    for name in hub.names():
        entry = hub.entry(name)
        parameters = f"{entry.parameters or 0:,}"
        size = f"{entry.bytes / 1e6:.1f} MB"
        card = f"[card](weights/{name}/README.md)"
        rows.append(f"| `{name}` | {parameters} | {size} | {entry.licence} | {card} |")
    return "\n".join(rows)


def written(text: str) -> str:
    """README.md with its tables up to date."""
    for mark, table in (("tabs", tabs_table()), ("weights", weights_table())):
        start = f"<!-- {mark}: written by `python -m scripts.docs` -->"
        end = f"<!-- /{mark} -->"
        before, _, rest = text.partition(start)
        _, found, after = rest.partition(end)
        if found:
            text = f"{before}{start}\n{table}\n{end}{after}"
    return text


def main() -> int:
    """Write or compare; 1 when a comparison finds the file out of date."""
    parser = argparse.ArgumentParser(prog="python -m scripts.docs", description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    before = README.read_text(encoding="utf-8")
    after = written(before)
    if check:
        print("README.md is up to date" if before == after else "run `python -m scripts.docs`")
        return int(before != after)
    README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
