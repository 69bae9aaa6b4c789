"""What every tab promises; a new tab inherits all of it from the registry."""

import contextlib
import inspect
import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from core import hub
from core.errors import InputError
from demos import SECTIONS, Broken, Demo, discover
from demos._gallery import build, failures
from demos._outcome import Outcome, plain
from demos._tab import Scene, coerce, endpoint, payload_of
from demos._words import LANGUAGES, resolve
from scripts.examples import first_outcome, path_of, scenes_of, stored

DEMOS, BROKEN = discover()
SCENES = [scene for demo in DEMOS for scene in scenes_of(demo)]
MARKS = re.compile("[\ue000\ue001\ue002]")


def name(item: Demo | Scene) -> str:
    return item.slug if isinstance(item, Demo) else f"{item.tab.slug}/{item.name}"


def test_no_tab_is_broken():
    assert BROKEN == []
    assert DEMOS


@pytest.mark.parametrize("demo", DEMOS, ids=name)
class TestDemo:
    def test_texts_are_in_both_languages(self, demo):
        for text in (demo.title, demo.heading, demo.summary):
            zh, en = (resolve(text, lang) for lang in LANGUAGES)
            assert zh and en and zh != en
            assert not MARKS.search(zh + en)
        assert len(resolve(demo.title, "zh")) <= 10
        assert len(resolve(demo.summary, "en")) <= 160

    def test_section_and_references(self, demo):
        assert demo.section in [section.name for section in SECTIONS]
        assert any(r.url.startswith("https://kexue.fm/archives/") for r in demo.references)

    def test_weights_are_known(self, demo):
        assert set(demo.weights) <= set(hub.names())

    def test_warms_up(self, demo):
        demo.warmup()


@pytest.mark.parametrize("scene", SCENES, ids=name)
class TestScene:
    def test_answers_its_defaults(self, scene):
        outcome = first_outcome(scene)
        assert outcome.payload()["blocks"] and outcome.result is not None
        json.dumps(plain(outcome.result), allow_nan=False)
        if scene.tab.demo.weights:
            assert outcome.timing is not None and outcome.timing.weights != "none"

    def test_payload_is_bilingual(self, scene):
        outcome = first_outcome(scene)
        zh, en = (json.dumps(payload_of(outcome, scene.defaults, lang)) for lang in LANGUAGES)
        assert zh != en
        assert not MARKS.search(json.loads(f'"{zh[:0]}"') + zh + en)
        assert "\\ue000" not in zh + en

    def test_explains_this_run(self, scene):
        how = first_outcome(scene).payload()["how"]
        assert any("<math" in part.get("math", "") for part in how)
        assert any(re.search(r"\d", part.get("text", "")) for part in how)

    def test_code_snippet_runs(self, scene):
        outcome = first_outcome(scene)
        assert outcome.call is not None
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(outcome.call.code(), "snippet", "exec"), {})  # noqa: S102 (our own)
        assert printed.getvalue().strip()

    def test_has_six_examples_two_of_them_failures(self, scene):
        titles = [resolve(example.title, "en") for example in scene.examples]
        assert len(titles) >= 6
        assert len(set(titles)) == len(titles)
        assert sum("failure" in title for title in titles) >= 2

    def test_examples_answer_or_explain(self, scene):
        for example in scene.examples:
            assert set(example.inputs) <= set(scene.inputs)
            try:
                answer = scene.handler(**{**scene.defaults, **example.inputs})
                if inspect.isgenerator(answer):
                    *_, answer = answer
                assert isinstance(answer, Outcome)
            except InputError as error:
                assert "failure" in resolve(example.title, "en")
                assert error.text("zh") and error.text("en") and error.zh != error.en

    def test_link_brings_defaults_back(self, scene):
        for key, component in scene.inputs.items():
            value = scene.defaults[key]
            assert coerce(component, str(value), None) == value, key

    def test_link_survives_nonsense(self, scene):
        for key, component in scene.inputs.items():
            value = coerce(component, "\ue000<img src=x onerror=alert(1)>", scene.defaults[key])
            if not isinstance(component, gr.Textbox):
                assert value == scene.defaults[key] or value is False

    def test_endpoint_is_documented(self, scene):
        function = endpoint(scene)
        assert function.__name__ == scene.handler.__name__ and "<" not in function.__name__
        document = inspect.getdoc(function)
        signature = inspect.signature(function)
        assert document and len(document.splitlines()[0]) > 20
        for parameter in signature.parameters.values():
            assert parameter.annotation is not inspect.Parameter.empty
            assert parameter.default is not inspect.Parameter.empty
            assert f"{parameter.name}:" in document, f"{parameter.name} is not described"

    def test_first_picture_is_what_a_run_gives(self, scene):
        live = stored(scene)
        for lang in LANGUAGES:
            kept = json.loads(path_of(scene, lang).read_text(encoding="utf-8"))
            assert kept["run"]["weights"] == live[lang]["run"]["weights"]
            was, now = (dict(leaves(payload["blocks"])) for payload in (kept, live[lang]))
            assert was.keys() == now.keys()
            assert {k: v for k, v in was.items() if not isinstance(v, float)} == {
                k: v for k, v in now.items() if not isinstance(v, float)
            }
            numbers = [(v, now[k]) for k, v in was.items() if isinstance(v, float)]
            near = [math.isclose(a, b, rel_tol=0.02, abs_tol=0.06) for a, b in numbers]
            # A run next to divergence is chaotic: its end differs between processors.
            assert sum(near) >= 0.95 * len(near)


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    """Where and what every leaf of a payload is: numbers as floats, words without their digits.

    A gap in a curve counts as a number: the point at which a run diverges can move by one.
    """
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            if key not in ("r", "code"):
                yield from leaves(item, (*path, key))
    elif isinstance(value, str):
        yield path, re.sub(r"[-−]?\d+(,\d{3})*(\.\d+)?", "#", value)
    elif value is None:
        yield path, math.inf
    elif isinstance(value, bool):
        yield path, value
    else:
        yield path, float(value)


def test_endpoints_have_names_of_their_own():
    names = [scene.handler.__name__ for scene in SCENES]
    assert len(set(names)) == len(names)


def test_page_with_a_broken_tab_still_builds():
    broken = Broken("bad_tab", "ImportError: <img src=x onerror=alert(1)>")
    gallery = build(DEMOS[:1], [broken])
    assert any(isinstance(block, gr.Tab) for block in gallery.page.blocks.values())
    shown = failures([broken])
    assert "bad_tab" in shown and "<img" not in shown


def test_tab_that_cannot_build_leaves_the_others_whole(caplog):
    def fails(tab):
        with tab.scene():
            gr.Textbox("half a tab")
            raise RuntimeError("no such model")

    bad = replace(DEMOS[1], slug="bad-tab", build=fails)
    gallery = build([DEMOS[0], bad, DEMOS[2]])
    assert gallery.demos == (DEMOS[0], DEMOS[2])
    assert {scene.tab.slug for scene in gallery.scenes} == {DEMOS[0].slug, DEMOS[2].slug}
    shown = [block.value for block in gallery.page.blocks.values() if isinstance(block, gr.HTML)]
    assert any("bad-tab" in str(value) and "no such model" in str(value) for value in shown)
    assert "half a tab" not in json.dumps(gallery.page.get_config_file(), default=str)
    assert "bad-tab" in caplog.text


def test_all_tabs_build_together():
    assert build(DEMOS).demos == tuple(DEMOS)
