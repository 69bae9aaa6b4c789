"""Compute the first picture of every scene: `python -m scripts.examples [SLUG ...]`.

A visitor sees a result before the first click because the answer to each scene's default inputs lies
ready as a file. Run this when weights, defaults or drawings change; a test compares the files with
live answers.
"""

import argparse
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from demos import Demo, discover
from demos._outcome import Outcome
from demos._tab import Scene, Tab, last, payload_of
from demos._words import LANGUAGES

FOLDER = Path(__file__).resolve().parent.parent / "demos" / "assets" / "examples"


def scenes_of(demo: Demo) -> list[Scene]:
    """The scenes of a demo, built in a page of its own."""
    tab = Tab(demo, version="")
    with gr.Blocks(analytics_enabled=False):
        demo.build(tab)
    return tab.scenes


@cache
def first_outcome(scene: Scene) -> Outcome:
    """The answer to a scene's defaults, computed once; the last one of a stream."""
    assert scene.handler is not None
    return last(scene.handler(**scene.defaults))


def stored(scene: Scene) -> dict[str, dict[str, Any]]:
    """The payload of a scene's first picture in each language."""
    outcome = first_outcome(scene)
    return {
        lang: payload_of(outcome, dict(scene.defaults), lang) | {"stored": True}
        for lang in LANGUAGES
    }


def path_of(scene: Scene, lang: str) -> Path:
    """Where a scene's first picture lies."""
    return FOLDER / f"{scene.tab.slug}.{scene.name}.{lang}.json"


def main() -> int:
    """Write the files of the named tabs, or of all."""
    parser = argparse.ArgumentParser(prog="python -m scripts.examples", description=__doc__)
    parser.add_argument("slugs", metavar="SLUG", nargs="*")
    wanted = parser.parse_args().slugs
    demos, broken = discover()
    for trouble in broken:
        print(f"{trouble.module}: {trouble.error}", file=sys.stderr)
    FOLDER.mkdir(exist_ok=True)
    for demo in demos:
        if wanted and demo.slug not in wanted:
            continue
        for scene in scenes_of(demo):
            for lang, payload in stored(scene).items():
                path = path_of(scene, lang)
                path.write_text(json.dumps(payload, ensure_ascii=False) + "\n", encoding="utf-8")
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
