"""The frame every tab shares: scenes with controls and a stage, links, examples, errors, endpoints.

A *scene* is one thing to do: named inputs, one handler, one stage that shows the answer. Most tabs have
one; a tab with several shows them as a row of switches. The handler is a plain typed function whose
parameters carry the names of the inputs; the frame makes of it the click, the link, the restored
page, the example chips, the public endpoint and the MCP tool.
"""

import inspect
import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import gradio as gr

from core.errors import InputError
from core.runtime import Cancel, Cancelled, stopping
from core.tasks import WeightsError
from demos import Demo
from demos._boxes import read, refuse_empty
from demos._outcome import Example, Outcome, plain
from demos._words import language, resolve, resolve_all, say, unmark

log = logging.getLogger(__name__)

LONGEST_TEXT = 200_000  # characters put back into a box; far more than any handler accepts

Handler = Callable[..., Outcome] | Callable[..., Iterator[Outcome]]

MOUNT = """
import(new URL(`gradio_api/gallery/assets/${props.version}/stage.js`, document.baseURI))
  .then(stage => stage.mount({element, props, trigger, server, watch}));
'restore'; 'act';
"""


def stage_of(slug: str, scene: str, live: Sequence[Callable[..., Any]], **props: Any) -> gr.HTML:
    """Where a scene's answer appears; drawn in the browser by `assets/stage.js` from plain values.

    Not a subclass of Gradio's component: for those it writes stub files beside the module.
    """
    return gr.HTML(
        value="",
        html_template='<div class="stage" aria-live="polite"></div>',
        js_on_load=MOUNT,
        apply_default_css=False,
        elem_id=f"stage-{slug}-{scene}",
        elem_classes=["stage-box"],
        server_functions=list(live),
        slug=slug,
        scene=scene,
        **props,
    )


class Scene:
    """One thing to do in a tab; made by `Tab.scene`."""

    def __init__(self, tab: "Tab", name: str) -> None:
        self.tab, self.name = tab, name
        self.inputs: dict[str, gr.components.Component] = {}
        self.defaults: dict[str, Any] = {}
        self.live_inputs: list[gr.components.Component] = []
        self.examples: list[Example] = []
        self.handler: Handler | None = None
        self.stage: gr.HTML | None = None
        self.actions: dict[str, Handler] = {}
        self._runs: dict[str, Cancel] = {}  # by visitor

    # -- layout -----------------------------------------------------------------------------------

    @contextmanager
    def controls(self) -> Iterator[None]:
        """The left column: inputs in reading order, the primary button last."""
        with gr.Column(elem_classes=["controls"], min_width=0):
            yield
            gr.HTML("", elem_id=f"notice-{self.tab.slug}-{self.name}", elem_classes=["notice-slot"])

    @contextmanager
    def more(self, label: str = say("更多", "More")) -> Iterator[None]:
        """Inputs that most visitors leave alone."""
        with gr.Accordion(label, open=False, elem_classes=["more"]):
            yield

    def input(
        self, name: str, component: gr.components.Component, *, live: bool = False
    ) -> gr.components.Component:
        """Name a component: it becomes the handler's argument and part of the link.

        With `live` the scene answers while the value changes, during a drag as well: only for
        handlers that take less than a tenth of a second.
        """
        self.inputs[name] = component
        self.defaults[name] = component.value
        component.elem_id = f"in-{self.tab.slug}-{self.name}-{name}"
        if live:
            self.live_inputs.append(component)
        return component

    def seed(self, value: int = 20180324, *, name: str = "seed") -> gr.components.Component:
        """A visible seed with buttons for another one and for the one of the shown result."""
        with gr.Row(elem_classes=["seed"]):
            number = self.input(
                name,
                gr.Number(
                    value,
                    label=say("随机种子", "Seed"),
                    precision=0,
                    minimum=0,
                    maximum=2**32 - 2,
                    min_width=0,
                    scale=3,
                ),
            )
            again = gr.Button(say("沿用", "Reuse"), min_width=0, scale=1, elem_classes=["quiet"])
            other = gr.Button(
                say("换一个", "Another"), min_width=0, scale=1, elem_classes=["quiet"]
            )
        key = json.dumps([self.tab.slug, self.name, name])
        again.click(None, number, number, js=f"(now) => window.gallery.shownInput({key}) ?? now")
        self._other = (other, number)
        return number

    def primary(self, label: str, handler: Handler) -> None:
        """The scene's one important button, and what it runs."""
        self.handler = handler
        self._button = gr.Button(label, variant="primary", elem_classes=["primary"])
        if inspect.isgeneratorfunction(handler):
            self._stop = gr.Button(say("停止", "Stop"), elem_classes=["quiet", "stop"])
        parameters = set(inspect.signature(handler).parameters)
        if parameters != set(self.inputs):
            raise ValueError(
                f"{self.tab.slug}/{self.name}: the handler takes {sorted(parameters)}, "
                f"the inputs are {sorted(self.inputs)}"
            )

    def show(self, *, live: Mapping[str, Callable[..., Any]] | None = None, **props: Any) -> None:
        """The right column, and all wiring. `live` functions answer drags without the queue.

        A live function gets the plain value that its block sends and returns plain values.
        """
        assert self.handler is not None, "call primary() before show()"
        servers = []
        for name, function in (live or {}).items():
            servers.append(_live(function, name))
        self.stage = stage_of(
            self.tab.slug,
            self.name,
            servers,
            version=self.tab.version,
            **props,
        )
        self._wire()

    def facts(self) -> dict[str, Any]:
        """What the stage fetches when it is first seen, so that the page itself stays light."""
        assert self.handler is not None
        return {
            "examples": [
                {"title": e.title, "inputs": dict(e.inputs), "note": e.note} for e in self.examples
            ],
            "card": list(self.tab.demo.weights),
            "endpoint": self.handler.__name__,
            "defaults": self.defaults,
        }

    def act(self, name: str, handler: Handler) -> None:
        """A block may ask for `name` with a plain value; the handler's outcome goes on the stage.

        The handler gets the value and the scene's inputs as one mapping.
        """
        self.actions[name] = handler

    # -- wiring -----------------------------------------------------------------------------------

    def _wire(self) -> None:
        stage, handler = self.stage, self.handler
        assert stage is not None and handler is not None
        components = list(self.inputs.values())
        run = _wrap(self, handler)
        triggers = [self._button.click]
        triggers += [c.submit for c in components if isinstance(c, gr.Textbox) and c.lines == 1]
        drags = [c.input for c in self.live_inputs]  # type: ignore[attr-defined]  # while dragging, too
        common: dict[str, Any] = {
            "outputs": stage,
            "show_progress": "minimal",
            "api_visibility": "private",
            "concurrency_limit": None,
            "preprocess": False,  # `_boxes` reads the values, and refuses them in the page's language
        }
        latest: dict[str, Any] = common | {"trigger_mode": "always_last"}
        if inspect.isgeneratorfunction(handler):
            # A newer run ends the one before (see `run`), so nobody has to wait for a stream to end.
            common |= {"trigger_mode": "multiple"}
        if drags:
            # One request instead of Gradio's queue and its stream of events: a picture a drag earlier.
            # Of a handler that answers little by little only the end, since drags have to be quick.
            gr.on(drags, _wrap(self, handler, whole=True), components, queue=False, **latest)
        gr.on(triggers, run, components, **{**latest, **common})
        if hasattr(self, "_other"):
            button, number = self._other
            draw = "() => Math.floor(Math.random() * 2 ** 31)"
            button.click(None, None, number, js=draw).then(run, components, **common)
        restore: dict[str, Any] = common | {"outputs": [*components, stage]}
        stage.restore(_restore(self, handler), None, **restore)
        if inspect.isgeneratorfunction(handler):
            # Not Gradio's `cancels`, which drops the answer and lets the computation go on.
            self._stop.click(self.stop, queue=False, api_visibility="private")
        if self.actions:
            stage.act(_act(self), components, **common)

    @contextmanager
    def run(self, visitor: str) -> Iterator[Cancel]:
        """A streamed run of a visitor, which the stop button ends; a newer one ends it as well."""
        cancel = Cancel()
        before = self._runs.pop(visitor, None)
        if before is not None:
            before.set()
        self._runs[visitor] = cancel
        try:
            yield cancel
        finally:
            if self._runs.get(visitor) is cancel:
                del self._runs[visitor]

    def superseded(self, visitor: str, cancel: Cancel) -> bool:
        """Whether a newer run of the visitor has ended this one, and not the stop button."""
        return self._runs.get(visitor) is not cancel

    def stop(self, request: gr.Request) -> None:
        """End the visitor's streamed run, if there is one."""
        cancel = self._runs.get(request.session_hash or "")
        if cancel is not None:
            cancel.set()


class Tab:
    """Builds one demo's page inside a `gr.Tab`."""

    def __init__(self, demo: Demo, version: str) -> None:
        self.demo, self.slug, self.version = demo, demo.slug, version
        self.scenes: list[Scene] = []

    @contextmanager
    def scene(self, name: str = "main", title: str = "") -> Iterator[Scene]:
        """One thing to do; give a title when the tab has several (inside `scenes()`)."""
        scene = Scene(self, name)
        self.scenes.append(scene)
        if title:
            with (
                gr.Tab(title, id=name, elem_id=f"scene-{self.slug}-{name}"),
                gr.Row(elem_classes=["scene"]),
            ):
                yield scene
        else:
            with gr.Row(elem_classes=["scene"]):
                yield scene

    @contextmanager
    def several(self) -> Iterator[None]:
        """A row of switches between the scenes made inside."""
        with gr.Tabs(
            overflow_behavior="wrap", elem_classes=["scenes"], elem_id=f"scenes-{self.slug}"
        ):
            yield


def last(answer: Outcome | Iterator[Outcome]) -> Outcome:
    """A handler's answer; of a stream the last one."""
    if isinstance(answer, Outcome):
        return answer
    *_, final = answer
    return final


def stoppable(outcomes: Outcome | Iterator[Outcome], cancel: Cancel) -> Iterator[Outcome]:
    """A stream that raises `Cancelled` once `cancel` is set, between outcomes or inside the runtime.

    Each outcome may be asked for in another thread, so the wish is put up anew for each.
    """
    assert not isinstance(outcomes, Outcome)
    while True:
        with stopping(cancel):
            outcome = next(outcomes, None)
        if cancel.is_set():
            raise Cancelled
        if outcome is None:
            return
        yield outcome


def endpoint(scene: Scene) -> Callable[..., Any]:
    """The scene's handler as a public function: same name, types and docstring, plain values out."""
    handler = scene.handler
    assert handler is not None
    signature = inspect.signature(handler)

    @wraps(handler)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = _cleaned(signature.bind(*args, **kwargs).arguments)
        try:
            refuse_empty(scene.inputs, given)
            answer = last(handler(**given))
        except (InputError, WeightsError) as error:
            raise gr.Error(str(error), print_exception=False) from error
        return plain(answer.result)

    call.__signature__ = signature.replace(return_annotation=dict)  # type: ignore[attr-defined]
    call.__annotations__ = {**handler.__annotations__, "return": dict}
    return call


# -- handlers as Gradio sees them -----------------------------------------------------------------


def _wrap(scene: Scene, handler: Handler, *, whole: bool = False) -> Callable[..., Any]:
    """A handler with positional inputs, the page's language, and errors as part of the answer.

    A stream of answers stays one, unless `whole` asks for its last alone.

    Gradio puts the request at its place among the arguments, so it has to stand before `*values`.
    """
    names = list(scene.inputs)
    if inspect.isgeneratorfunction(handler) and not whole:

        def stream(request: gr.Request, *values: Any) -> Iterator[str]:
            inputs = _cleaned(dict(zip(names, values, strict=True)))
            yield from _stream(scene, handler, inputs, request)

        return stream

    def once(request: gr.Request, *values: Any) -> str:
        if whole:
            scene.stop(request)  # a stream that still runs would end on top of this answer
        inputs = _cleaned(dict(zip(names, values, strict=True)))
        return _answer(scene, handler, inputs, language_of(request))

    return once


def _stream(
    scene: Scene, handler: Handler, inputs: dict[str, Any], request: gr.Request
) -> Iterator[str]:
    """Payloads of a handler that answers little by little, until it ends or is stopped."""
    lang, visitor = language_of(request), request.session_hash or ""
    with scene.run(visitor) as cancel:
        try:
            inputs = read(scene.inputs, inputs)
            for outcome in stoppable(handler(**inputs), cancel):
                yield _payload(outcome, inputs, lang)
        except Exception as error:
            if isinstance(error, Cancelled) and scene.superseded(visitor, cancel):
                return  # the newer run answers
            yield _failure(error, inputs, lang)


def _answer(scene: Scene, handler: Handler, inputs: dict[str, Any], lang: str) -> str:
    try:
        inputs = read(scene.inputs, inputs)
        return _payload(last(handler(**inputs)), inputs, lang)
    except Exception as error:
        return _failure(error, inputs, lang)


def _restore(scene: Scene, handler: Handler) -> Callable[..., Any]:
    """Set the inputs from a link or an example and run; what the link leaves out is at its default."""

    def wanted(event: gr.EventData) -> dict[str, Any]:
        given = event._data.get("inputs") if isinstance(event._data, dict) else None
        return {
            name: coerce(component, (given or {}).get(name), scene.defaults[name])
            for name, component in scene.inputs.items()
        }

    def stream(event: gr.EventData, request: gr.Request) -> Iterator[list[Any]]:
        inputs = wanted(event)
        values = list(inputs.values())
        for payload in _stream(scene, handler, _cleaned(inputs), request):
            yield [*values, payload]
            values = [gr.skip()] * len(values)  # what is typed meanwhile stays

    def once(event: gr.EventData, request: gr.Request) -> list[Any]:
        inputs = wanted(event)
        payload = _answer(scene, handler, _cleaned(inputs), language_of(request))
        return [*inputs.values(), payload]

    return stream if inspect.isgeneratorfunction(handler) else once


def _act(scene: Scene) -> Callable[..., str]:
    names = list(scene.inputs)

    def act(event: gr.EventData, request: gr.Request, *values: Any) -> str:
        inputs = _cleaned(dict(zip(names, values, strict=True)))
        lang = language_of(request)
        data = event._data if isinstance(event._data, dict) else {}
        handler = scene.actions.get(str(data.get("name")))
        if handler is None:
            return _failure(KeyError("unknown action"), inputs, lang)
        try:
            inputs = read(scene.inputs, inputs)
            outcome = handler(data.get("value"), inputs)
            assert isinstance(outcome, Outcome)
            return _payload(outcome, inputs, lang)
        except Exception as error:
            return _failure(error, inputs, lang)

    return act


def _live(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    def live(message: Any) -> Any:
        lang = "zh" if message.get("lang") == "zh" else "en"
        try:
            return resolve_all(plain(function(message["value"])), lang)
        except Exception as error:
            return {"error": error_text(error, lang)}

    live.__name__ = name
    return live


def payload_of(outcome: Outcome, inputs: dict[str, Any], lang: str) -> dict[str, Any]:
    """What the stage draws, in one language."""
    resolved: dict[str, Any] = resolve_all(outcome.payload(), lang)
    return resolved | {"inputs": inputs, "lang": lang}


def _payload(outcome: Outcome, inputs: dict[str, Any], lang: str) -> str:
    return json.dumps(payload_of(outcome, inputs, lang), ensure_ascii=False, allow_nan=False)


def _failure(error: Exception, inputs: dict[str, Any], lang: str) -> str:
    """The error as an answer: the page shows the sentence and keeps the result it had."""
    if isinstance(error, Cancelled):
        text = resolve(say("已停止。", "Stopped."), lang)
    else:
        text = error_text(error, lang)
    return json.dumps({"error": text, "inputs": inputs, "lang": lang}, ensure_ascii=False)


def error_text(error: Exception, lang: str) -> str:
    """One sentence for the visitor; what only helps a developer goes to the log."""
    text = getattr(error, "text", None)
    if callable(text):  # InputError, WeightsError
        return str(text(lang))
    ticket = secrets.token_hex(3)
    log.exception("unexpected error %s", ticket, exc_info=error)
    return resolve(
        say(
            f"这里出了意料之外的错，输入没有丢。记录编号 {ticket}。",
            f"Something unexpected went wrong; your input is kept. It is logged as {ticket}.",
        ),
        lang,
    )


def language_of(request: gr.Request) -> str:
    """The page's language of an event; Gradio's client sends the page's query along."""
    cookies = dict(request.request.cookies) if request.request else {}
    return language(request.query_params, request.headers, cookies)


def _cleaned(inputs: dict[str, Any]) -> dict[str, Any]:
    return {
        name: unmark(value) if isinstance(value, str) else value for name, value in inputs.items()
    }


def coerce(component: gr.components.Component, text: Any, default: Any) -> Any:
    """A link's text as the component's kind of value; the default where it makes no sense.

    What a visitor typed comes back as typed, even when it is not acceptable: the handler says why.
    """
    if text is None:
        return default
    if isinstance(component, gr.Checkbox):
        return str(text).lower() in ("1", "true")
    if isinstance(component, gr.Number | gr.Slider):
        try:
            number = float(text)
        except (TypeError, ValueError):
            return default
        if number != number or abs(number) == float("inf"):
            return default
        if isinstance(component, gr.Slider):
            number = min(max(number, component.minimum), component.maximum)
            whole = float(component.step or 0).is_integer() and component.step
        else:
            whole = component.precision == 0
        return int(number) if whole else number
    if isinstance(component, gr.Radio | gr.Dropdown):
        values = [value for _, value in component.choices]
        if isinstance(text, list):
            return [value for value in values if value in text]
        return next((value for value in values if str(value) == str(text)), default)
    return str(text)[:LONGEST_TEXT]
