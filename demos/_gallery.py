"""The whole page: masthead, five groups of tabs, the endpoints; everything else is in the tabs."""

import inspect
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.events import api
from gradio.routes import App

from demos import SECTIONS, Broken, Demo
from demos._server import assets_version, middleware, routes
from demos._tab import Scene, Tab, endpoint
from demos._theme import theme
from demos._words import resolve, say

log = logging.getLogger(__name__)

TITLE = say("科学空间画廊", "Scientific Spaces Gallery")


@dataclass(frozen=True)
class Gallery:
    """The page with what the server has to know about it."""

    page: gr.Blocks
    demos: tuple[Demo, ...]
    scenes: tuple[Scene, ...]


class BuildFailed(Exception):
    """A tab that could not build its page."""

    def __init__(self, demo: Demo, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.demo = demo


def build(demos: Sequence[Demo], broken: Sequence[Broken] = ()) -> Gallery:
    """All tabs in one page; those that could not be imported or built are named on it instead."""
    try:
        with _no_drafts():
            return _build(demos, broken)
    except BuildFailed as failure:
        log.exception("the tab %s is left out", failure.demo.slug)
        # From the start: what a half-built tab has put into the page cannot be taken out again.
        others = [demo for demo in demos if demo is not failure.demo]
        return build(others, [*broken, Broken(failure.demo.slug, str(failure))])


def _remember_signatures(kind: type = Block) -> None:
    """Keep the signatures of all component classes where `inspect` looks first.

    Gradio inspects the class of every component when it is made and each time that it writes the
    page's configuration, which took a tenth of the start-up.
    """
    for child in (kind, *kind.__subclasses__()):
        function = inspect.unwrap(vars(child).get("__init__", object.__init__))
        if inspect.isfunction(function):  # a class may have none of its own
            vars(function).setdefault("__signature__", inspect.signature(function))
        if child is not kind:
            _remember_signatures(child)


@contextmanager
def _no_drafts() -> Iterator[None]:
    """Leave out the three web apps that Gradio makes of a page before the one that `launch` serves.

    Each costs as much as that one: together a tenth of the whole start-up.
    """
    create = App.create_app
    App.create_app = staticmethod(lambda *args, **kwargs: None)  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        App.create_app = create  # type: ignore[method-assign]


def _build(demos: Sequence[Demo], broken: Sequence[Broken]) -> Gallery:
    _remember_signatures()
    version = assets_version()
    with gr.Blocks(
        title="科学空间画廊 · Scientific Spaces Gallery", analytics_enabled=False
    ) as page:
        page.queue(max_size=256, default_concurrency_limit=8)
        gr.HTML(masthead(), apply_default_css=False)
        trouble = gr.HTML("", visible=False, apply_default_css=False)
        scenes: list[Scene] = []
        with gr.Tabs(overflow_behavior="wrap", elem_classes=["groups"], elem_id="groups"):
            for section in SECTIONS:
                members = [demo for demo in demos if demo.section == section.name]
                if not members:
                    continue
                with (
                    gr.Tab(section.title, id=section.name, elem_id=f"section-{section.name}"),
                    gr.Tabs(
                        overflow_behavior="wrap",
                        elem_classes=["chips"],
                        elem_id=f"chips-{section.name}",
                    ),
                ):
                    for demo in members:
                        tab = Tab(demo, version)
                        with gr.Tab(demo.title, id=demo.slug, elem_id=f"tab-{demo.slug}"):
                            gr.HTML(heading(demo), apply_default_css=False)
                            try:
                                demo.build(tab)
                            except Exception as error:
                                raise BuildFailed(demo, error) from error
                        scenes += tab.scenes
        for scene in scenes:
            call = endpoint(scene)
            api(call, api_name=call.__name__, concurrency_limit=None)
        if broken:
            trouble.value, trouble.visible = failures(broken), True
    return Gallery(page, tuple(demos), tuple(scenes))


def masthead() -> str:
    """Seal, name, search, language, theme."""
    return f"""
<header class="masthead">
  <span class="seal" aria-hidden="true">科</span>
  <span class="name">{TITLE}</span>
  <span class="other">{say("Scientific Spaces Gallery", "科学空间画廊")}</span>
  <span class="space"></span>
  <div class="finder">
    <button type="button" class="finder-open" data-gallery="search"
      aria-label="{say("搜索页签", "search the tabs")}"
      ><span class="word">{say("搜索", "Search")} </span>⌘K</button>
    <div class="finder-panel" hidden>
      <input type="search" placeholder="{say("模型、文章、关键词", "model, post, keyword")}"
        aria-label="{say("搜索页签", "search the tabs")}">
      <ul role="listbox"></ul>
    </div>
  </div>
  <button type="button" data-gallery="lang"
    aria-label="{say("switch to English", "切换到中文")}">{say("EN", "中")}</button>
  <button type="button" data-gallery="theme"
    aria-label="{say("明暗", "light or dark")}">◐</button>
</header>"""


def heading(demo: Demo) -> str:
    """Title, links and the sentence under it."""
    links = "".join(
        f'<a href="{escape(r.url)}" target="_blank" rel="noopener">'
        f"{say('原文', 'post') if r.kind == 'post' else say('论文', 'paper')}"
        f"{' ' + escape(r.date) if r.date else ''}</a>"
        for r in demo.references[:3]
    )
    card = f'<button type="button" data-gallery="card">{say("模型卡", "model card")}</button>'
    return f"""
<div class="heading">
  <h2>{demo.heading}</h2>{links}
  {card if demo.weights else ""}
  <button type="button" data-gallery="code">{say("代码", "code")}</button>
  <button type="button" data-gallery="copy-link">{say("复制链接", "copy link")}</button>
</div>
<p class="summary">{demo.summary}</p>"""


def failures(broken: Sequence[Broken]) -> str:
    """Names the tabs that could not be opened."""
    items = "".join(
        f"<div class='broken'>{say('这个页签打不开', 'This tab could not be opened')}: "
        f"<b>{escape(b.module)}</b> <small>{escape(b.error)}</small></div>"
        for b in broken
    )
    return items


def head(demos: Sequence[Demo]) -> str:
    """What the server puts in the page's head: style, scripts, and the list that search looks in."""
    version = assets_version()
    listed = [
        {
            "slug": demo.slug,
            "section": demo.section,
            "title": demo.title,
            "summary": demo.summary,
            "search": " ".join(
                [
                    demo.slug,
                    *(resolve(text, lang) for text in (demo.title, demo.heading, demo.summary)
                      for lang in ("zh", "en")),
                    demo.keywords,
                    *(r.title for r in demo.references),
                    *(r.url for r in demo.references),
                ]
            ).lower(),
        }
        for demo in demos
    ]  # fmt: skip
    data = json.dumps(listed, ensure_ascii=False).replace("<", "\\u003c")
    return f"""
<title>{TITLE}</title>
<link rel="stylesheet" href="gradio_api/gallery/assets/{version}/gallery.css">
<script>window.galleryLang = "{say("zh", "en")}"; window.galleryTabs = {data};</script>
<script type="module" src="gradio_api/gallery/assets/{version}/gallery.js"></script>
"""


def launch_options(gallery: Gallery, status: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """Arguments for `Blocks.launch` that make Gradio's server ours."""
    return {
        "theme": theme(),
        "app_kwargs": {
            "routes": routes(gallery.demos, gallery.scenes, status),
            "middleware": middleware(head(gallery.demos)),
        },
        "footer_links": ["api"],
        "show_error": True,
        "max_file_size": "16mb",
        "ssr_mode": False,
        "quiet": True,
    }
