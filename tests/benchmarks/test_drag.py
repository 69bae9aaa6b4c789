"""Which scenes have a picture that follows the pointer is known from their stored first answers."""

import json

from benchmarks.speed import drag
from demos import discover
from scripts.examples import path_of, scenes_of


def test_scenes_with_a_following_picture():
    demos, _ = discover()
    for demo in demos:
        for scene in scenes_of(demo):
            path = path_of(scene, "en")
            kinds = set()
            if path.is_file():
                kinds = {block["kind"] for block in json.loads(path.read_text("utf-8"))["blocks"]}
            assert drag.follows(scene) == bool(kinds & drag.FOLLOWING)


def test_nothing_is_measured_where_nothing_follows():
    demos, _ = discover()
    other = next(demo for demo in demos if demo.slug == "catenary")
    assert drag.measure_drags(1, other, print) == {}
