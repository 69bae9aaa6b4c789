"""Servers that only the benchmarks start: `python -m benchmarks.speed.stand_in --port PORT ...`.

With `--noop` an empty gallery with one endpoint that does nothing, behind the same middleware as the
real ones: what it reaches is the ceiling of the transport. With `--tabs N` a gallery of N tabs, the
real ones repeated until there are enough.
"""

import argparse
import dataclasses
from itertools import cycle, islice

from demos import Demo, discover
from demos._gallery import build, launch_options
from demos._status import status


def noop(seed: int = 0) -> dict:  # type: ignore[type-arg] # as the real endpoints say it
    """Nothing, with a number to tell calls apart.

    Args:
        seed: comes back
    """
    return {"seed": seed}


def repeated(demos: list[Demo], count: int) -> list[Demo]:
    """As many tabs as asked for, each with a slug and a title of its own."""
    chosen = islice(cycle(demos), count)
    return [
        demo
        if i < len(demos)
        else dataclasses.replace(demo, slug=f"{demo.slug}-{i}", title=f"{demo.title} {i}")
        for i, demo in enumerate(chosen)
    ]


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.stand_in")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tabs", type=int, default=0)
    parser.add_argument("--noop", action="store_true")
    options = parser.parse_args()
    demos = repeated(discover()[0], options.tabs)
    gallery = build(demos)
    if options.noop:
        from gradio.events import api

        with gallery.page:
            api(noop, api_name="noop")
    gallery.page.launch(
        server_name="127.0.0.1", server_port=options.port, **launch_options(gallery, status)
    )


if __name__ == "__main__":
    main()
