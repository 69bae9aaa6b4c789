"""The running app over HTTP: page, language, endpoints, health, metrics, embedding, errors."""

import json
import re
import shutil
import subprocess
import sys

import httpx
import pytest

from core import __version__
from demos import discover
from demos._server import assets_version
from scripts.examples import scenes_of
from tests.app.server import ROOT, free_port, running

SCENES = [scene for demo in discover()[0] for scene in scenes_of(demo)]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with running(log=tmp_path_factory.mktemp("app") / "log.txt") as url:
        yield url


@pytest.fixture(scope="module")
def client(address):
    with httpx.Client(base_url=address, timeout=60, verify=False) as opened:
        yield opened


def call(client, name, arguments):
    started = client.post(f"/gradio_api/call/v2/{name}", json=arguments)
    event = started.json()["event_id"]
    stream = client.get(f"/gradio_api/call/{name}/{event}").text
    kind = re.findall(r"^event: (\w+)$", stream, re.MULTILINE)[-1]
    data = re.findall(r"^data: (.*)$", stream, re.MULTILINE)[-1]
    return kind, json.loads(data)


def test_page_is_in_the_asked_language(client):
    zh = client.get("/", params={"lang": "zh"}).text
    en = client.get("/", params={"lang": "en"}).text
    assert "<title>科学空间画廊</title>" in zh
    assert "<title>Scientific Spaces Gallery</title>" in en
    for page in (zh, en):
        assert not re.search("[\ue000\ue001\ue002]", page) and "\\ue000" not in page


@pytest.mark.parametrize(
    ("header", "lang"),
    [("zh-TW,zh;q=0.9", "zh"), ("en-GB", "en"), ("fr-FR,en;q=0.5", "en"), ("fr", "zh"), ("", "zh")],
)
def test_language_follows_the_browser(client, header, lang):
    page = client.get("/", headers={"accept-language": header}).text
    assert f'<html\n\tlang="{lang}"' in page


def test_page_asks_no_other_host(client):
    page = client.get("/").text
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"', page)
    assert [url for url in loaded if "127.0.0.1" not in url] == []


def test_page_is_compressed(client):
    answer = client.get("/", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


def test_health(client):
    state = client.get("/gradio_api/health").json()
    assert state["version"] == __version__
    assert {"device", "models", "queue", "resident_bytes", "rss_bytes"} <= state.keys()


def test_metrics_are_in_prometheus_format(client):
    text = client.get("/gradio_api/metrics").text
    assert re.search(r"^gallery_requests_total \d", text, re.MULTILINE)
    assert re.search(r"^gallery_resident_bytes \d", text, re.MULTILINE)


def test_embedding_redirects_into_the_page(client):
    slug = SCENES[0].tab.slug
    answer = client.get(f"/embed/{slug}?seed=7&lang=en")
    assert answer.status_code == 307
    assert answer.headers["location"] == f"../?tab={slug}&embed=1&seed=7&lang=en"
    assert client.get("/embed/nothing").status_code == 404


def test_assets_are_cached_by_version_only(client):
    other = client.get("/gradio_api/gallery/assets/older/gallery.css")
    current = client.get(f"/gradio_api/gallery/assets/{assets_version()}/gallery.css")
    assert other.headers["cache-control"] == "no-cache"
    assert "immutable" in current.headers["cache-control"]


def test_assets_stay_in_their_folder(client):
    for path in ("..%2f..%2fapp.py", "../_server.py", "%2e%2e/%2e%2e/app.py"):
        answer = client.get(f"/gradio_api/gallery/assets/1/{path}", follow_redirects=True)
        assert answer.status_code == 404


@pytest.mark.parametrize("scene", SCENES, ids=lambda s: s.handler.__name__)
def test_endpoint_answers_its_defaults(client, scene):
    kind, data = call(client, scene.handler.__name__, {})
    assert kind == "complete", data
    assert isinstance(data[0], dict) and data[0]


def test_only_scene_handlers_are_public(client):
    info = client.get("/gradio_api/info").json()
    names = {name.strip("/") for name in info["named_endpoints"]}
    assert names == {scene.handler.__name__ for scene in SCENES}
    assert info["unnamed_endpoints"] == {}


def test_bad_input_gets_a_sentence(client):
    kind, data = call(client, "read_poem", {"text": "hello"})
    assert kind == "error"
    assert "Only Chinese characters" in data["error"] and "Traceback" not in str(data)


def test_model_card(client):
    for lang in ("zh", "en"):
        card = client.get(f"/gradio_api/gallery/card/poem-vae-2018?lang={lang}").json()
        assert card["facts"] and card["metrics"]
        assert not re.search("[\ue000\ue001\ue002]", json.dumps(card, ensure_ascii=False))
    missing = client.get("/gradio_api/gallery/card/no-such-model?lang=zh").json()
    assert missing["error"]


def test_twenty_five_tabs_stay_light():
    script = """
import dataclasses, sys
from demos import discover
from demos._server import assets_version
from demos._gallery import build, launch_options
demos = discover()[0]
def clone(i):
    demo = demos[i % len(demos)]
    return dataclasses.replace(demo, slug=f"{demo.slug}-{i}")
many = [clone(i) for i in range(25)]
gallery = build(many)
port = int(sys.argv[1])
gallery.page.launch(prevent_thread_lock=True, server_port=port, **launch_options(gallery, dict))
import urllib.request
for encoding in ("br", "gzip"):
    request = urllib.request.Request(gallery.page.local_url, headers={"accept-encoding": encoding})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["content-encoding"] == encoding
        print(encoding, len(answer.read()))
gallery.page.close()
"""
    made = subprocess.run(
        [sys.executable, "-c", script, str(free_port())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    sizes = dict(line.split() for line in made.stdout.splitlines() if line.startswith(("br", "gz")))
    assert int(sizes["br"]) <= 60_000


def test_scenes_are_tools_for_agents(tmp_path):
    slug = SCENES[0].tab.slug
    with running("--mcp", "--only", slug, log=tmp_path / "log.txt") as url:
        schema = httpx.get(f"{url}/gradio_api/mcp/schema", timeout=30, verify=False).json()
    assert {tool["name"] for tool in schema} == {
        scene.handler.__name__ for scene in SCENES if scene.tab.slug == slug
    }
    for tool in schema:
        for argument in tool["inputSchema"]["properties"].values():
            assert argument["description"]


def test_help_names_every_option():
    shown = subprocess.run(
        [sys.executable, "app.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for option in ("host", "port", "share", "only", "device", "offline", "backend", "mcp"):
        assert f"--{option}" in shown


def test_unknown_tab_is_refused():
    made = subprocess.run(
        [sys.executable, "app.py", "--only", "nothing"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode != 0
    assert "no tab named nothing" in made.stderr and SCENES[0].tab.slug in made.stderr


def test_missing_weights_leave_the_page_alive(tmp_path):
    """A checkout without its weights: the page opens, and the tab says what is missing."""
    checkout = tmp_path / "checkout"
    for part in ("core", "demos"):
        shutil.copytree(ROOT / part, checkout / part)
    shutil.copy(ROOT / "app.py", checkout)
    (checkout / "weights").mkdir()
    shutil.copy(ROOT / "weights" / "manifest.json", checkout / "weights")
    with (
        running(
            log=tmp_path / "log.txt", root=checkout, environment={"GALLERY_WEIGHTS": ""}
        ) as url,
        httpx.Client(base_url=url, timeout=30, verify=False) as client,
    ):
        assert client.get("/").status_code == 200
        assert client.get("/gradio_api/health").status_code == 200
        kind, data = call(client, "read_poem", {})
        assert kind == "error"
        assert "poem-vae" in data["error"] and "python -m train poem-vae" in data["error"]
