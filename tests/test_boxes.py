"""Number boxes and sliders: what cannot be used is answered in the page's language and names the box."""

import asyncio
import json

import gradio as gr
import pytest

from core.errors import InputError
from demos import discover
from demos._boxes import read
from demos._outcome import Outcome
from demos._tab import Tab, _answer, _stream, endpoint
from demos._words import LANGUAGES, resolve, say
from scripts.examples import scenes_of

SCENES = [scene for demo in discover()[0] for scene in scenes_of(demo)]


def scene_name(scene):
    return f"{scene.tab.slug}/{scene.name}"


def numbers(scene):
    kinds = gr.Number | gr.Slider
    return {name: part for name, part in scene.inputs.items() if isinstance(part, kinds)}


def never(**inputs):
    raise AssertionError("the handler was reached")


def refusals(scene, **changes):
    """The sentence of each language for the defaults with some changes."""
    inputs = {**scene.defaults, **changes}
    for lang in LANGUAGES:
        answer = json.loads(_answer(scene, never, inputs, lang))
        assert answer["lang"] == lang and answer["inputs"] == inputs  # nothing typed is lost
        yield lang, answer["error"]


@pytest.mark.parametrize("scene", SCENES, ids=scene_name)
class TestEveryScene:
    def test_an_empty_box_is_named(self, scene):
        for name, component in numbers(scene).items():
            for lang, sentence in refusals(scene, **{name: None}):
                assert resolve(component.label, lang) in sentence
                assert ("Type a number" if lang == "en" else "请填一个数") in sentence

    def test_the_range_is_told_where_gradio_would_have_raised(self, scene):
        for name, component in numbers(scene).items():
            bounds = ((component.minimum, -1), (component.maximum, 1))
            for value in (bound + step for bound, step in bounds if bound is not None):
                with pytest.raises(gr.Error):
                    component.preprocess(value)
                for lang, sentence in refusals(scene, **{name: value}):
                    assert sentence.startswith(resolve(component.label, lang))
                    assert ("must be" if lang == "en" else "须") in sentence or "至多" in sentence

    def test_defaults_and_examples_pass_but_for_failures(self, scene):
        assert read(scene.inputs, scene.defaults) == scene.defaults
        for example in scene.examples:
            if "failure" not in resolve(example.title, "en"):
                read(scene.inputs, example.inputs)

    def test_agents_get_the_sentence_too(self, scene):
        for name, component in numbers(scene).items():
            with pytest.raises(gr.Error, match="is empty") as caught:
                endpoint(scene)(**{name: None})
            assert resolve(component.label, "en") in str(caught.value)


def test_gradio_hands_every_value_over():
    """Its own check would end the event before the stage could answer."""

    def draw(seed: int = 1, share: float = 0.5, way: str = "a") -> Outcome:
        return Outcome(blocks=[], result=[seed, share, way])

    demo = discover()[0][0]
    with gr.Blocks(analytics_enabled=False) as page:
        tab = Tab(demo, version="")
        with tab.scene() as scene:
            scene.input("seed", gr.Number(1, label="S", precision=0, minimum=0), live=True)
            scene.input("share", gr.Slider(0, 1, value=0.5, label="H"))
            scene.input("way", gr.Radio(["a", "b"], value="a"))
            scene.primary("go", draw)
            scene.act("again", lambda value, inputs: draw(**inputs))
            scene.show()
    events = [fn for fn in page.fns.values() if len(fn.inputs) == 3 and fn.fn is not None]
    assert len(events) == 3  # a drag, a click, a block's request
    for fn in events:
        for typed in ([None, None, "a"], [-1, 7, "b"]):
            assert asyncio.run(page.preprocess_data(fn, typed, None)) == typed


def test_values_arrive_as_gradio_would_have_rounded_them():
    inputs = {
        "whole": gr.Number(1, label="W", precision=0),
        "tenths": gr.Slider(0, 1, value=0, step=0.1, precision=1, label="T"),
        "free": gr.Number(1, label="F"),
        "text": gr.Textbox("", label="X"),
    }
    typed = {"whole": 2.6, "tenths": 0.26, "free": 2.625, "text": "2.6"}
    assert read(inputs, typed) == {name: inputs[name].preprocess(typed[name]) for name in typed}


@pytest.mark.parametrize(
    ("bounds", "value", "en", "zh"),
    [
        ({"minimum": 0}, -3, "Rate is -3; it must be at least 0.", "率现在是 -3，至少须为 0"),
        ({"maximum": 2.5}, 3, "Rate is 3; it must be at most 2.5.", "率现在是 3，至多只能是 2.5"),
        ({"minimum": 0, "maximum": 2}, 3, "between 0 and 2", "须在 0 到 2 之间"),
    ],
)
def test_one_bound_is_enough(bounds, value, en, zh):
    box = {"rate": gr.Number(1, label=say("率", "Rate"), **bounds)}
    with pytest.raises(InputError) as caught:
        read(box, {"rate": value})
    assert en in caught.value.en and zh in caught.value.zh


def test_a_stream_refuses_before_it_begins():
    scene = next(scene for scene in SCENES if scene_name(scene) == "flow-2d/flow")

    class Request:
        session_hash, request, query_params, headers = "a", None, {"lang": "zh"}, {}

    payloads = list(_stream(scene, never, {**scene.defaults, "rate": None}, Request()))
    assert [json.loads(payload)["error"] for payload in payloads] == [
        "“学习率”是空的，请填一个数。"
    ]
