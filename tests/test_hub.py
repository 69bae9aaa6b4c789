"""`core.hub`: search order, checks, strict loading, and the real Hub client over the loopback."""

import dataclasses
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from torch import nn

from core import hub
from core.hub import client as client_module
from core.hub import manifest
from core.hub.__main__ import main
from core.hub.precision import pack, unpack
from core.models.poem_vae import PoemVAE, PoemVAEConfig
from core.models.poem_vae_2018 import PoemVAE2018, PoemVAE2018Config
from tests.hub_server import HubServer, Repository

ROOT = Path(__file__).resolve().parents[1]
CLASS = "core.models.poem_vae_2018:PoemVAE2018"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `weights/` of the test's own, no custom folder, no owner, no network."""
    for variable in ("GALLERY_WEIGHTS", "GALLERY_HUB_OWNER"):
        monkeypatch.delenv(variable, raising=False)
    weights = tmp_path / "weights"
    weights.mkdir()
    monkeypatch.setattr(manifest, "WEIGHTS", weights)
    monkeypatch.setattr(client_module, "_offline", True)
    return weights


def tiny(seed: int = 0) -> PoemVAE2018:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PoemVAE2018(PoemVAE2018Config(vocab_size=12, channels=8, latent=4))


def write(folder: Path, seed: int = 0, **extra: str | bytes) -> None:
    """A complete weights folder."""
    files = {"README.md": "---\nlicense: mit\n---\n\n# Tiny\n", "metrics.json": '{"score": 1.5}'}
    hub.save(folder, tiny(seed), files={**files, **extra})
    module = hub.load_folder(folder, PoemVAE2018)
    hub.save_golden(folder, module, {"input.tokens": torch.arange(20).view(2, 10) % 12})


def add(weights: Path, name: str = "tiny", seed: int = 0) -> hub.Entry:
    write(weights / name, seed)
    facts = {"class": CLASS, "licence": "mit"}
    return hub.register(name, weights / name, facts, manifest=weights / "manifest.json")


# Search order and checks


def test_embedded_weights_are_found_and_loaded(home: Path) -> None:
    add(home)
    weights = hub.locate("tiny")
    assert (weights.source, weights.folder) == ("embedded", home / "tiny")
    assert weights.hash == manifest.sha256(home / "tiny" / "model.safetensors")[:8]
    assert weights.config["vocab_size"] == 12
    assert weights.path("metrics.json") == home / "tiny" / "metrics.json"
    module = hub.load("tiny")
    assert not module.training
    assert not any(parameter.requires_grad for parameter in module.parameters())
    for name, value in tiny().state_dict().items():
        assert module.state_dict()[name].dtype == torch.float32
        assert torch.equal(module.state_dict()[name], value.half().float())


def test_loading_leaves_random_numbers_alone(home: Path) -> None:
    add(home)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    hub.load("tiny")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("layout", ["one folder", "folder of folders", "common manifest"])
def test_a_custom_folder_wins(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    add(home, seed=0)
    custom = tmp_path / "custom"
    folder = custom if layout == "one folder" else custom / "tiny"
    write(folder, seed=1)
    place = custom if layout == "common manifest" else folder
    hub.register("tiny", folder, {"class": CLASS}, manifest=place / "manifest.json")
    embedded = hub.locate("tiny").hash
    monkeypatch.setenv("GALLERY_WEIGHTS", str(custom))
    weights = hub.locate("tiny")
    assert (weights.source, weights.folder) == ("folder", folder)
    assert weights.hash != embedded
    assert hub.names() == ["tiny"]


def test_a_custom_folder_without_a_manifest_must_match_the_embedded_one(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(home)
    monkeypatch.setenv("GALLERY_WEIGHTS", str(tmp_path / "custom"))
    assert hub.locate("tiny").source == "embedded"  # nothing there: look on
    write(tmp_path / "custom" / "tiny", seed=0)
    assert hub.locate("tiny").source == "folder"
    write(tmp_path / "custom" / "tiny", seed=1)
    with pytest.raises(hub.WeightsCorrupt, match="need the manifest.json"):
        hub.locate("tiny")


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("model.safetensors", "flipped"),
        ("model.safetensors", "truncated"),
        ("metrics.json", "flipped"),
        ("README.md", "truncated"),
        ("golden.safetensors", "missing"),
    ],
)
def test_damage_to_any_file_is_named(home: Path, file: str, damage: str) -> None:
    add(home)
    hub.locate("tiny")  # the remembered hashes must not hide what happens next
    path = home / "tiny" / file
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if damage == "flipped" else data[:-1])
    with pytest.raises(hub.WeightsCorrupt) as caught:
        hub.load("tiny")
    assert file in str(caught.value)
    assert "git checkout -- weights/tiny" in str(caught.value)
    if damage == "flipped":
        assert manifest.sha256(path)[:16] in str(caught.value)
        assert "已损坏" in caught.value.text("zh-CN")
        assert "sha256" in caught.value.text("zh")
    elif damage == "truncated":
        assert f"has {len(data) - 1} bytes, expected {len(data)}" in str(caught.value)
        assert f"有 {len(data) - 1} 字节" in caught.value.text("zh")


def test_missing_weights_say_where_they_were_looked_for_and_what_makes_them(home: Path) -> None:
    add(home)
    (home / "tiny" / "model.safetensors").unlink()
    with pytest.raises(hub.WeightsNotFound) as caught:
        hub.load("tiny")
    assert str(home / "tiny") in str(caught.value)
    assert "Nobody has published them" in str(caught.value)
    assert "python -m train tiny" in str(caught.value)
    assert "尚未发布" in caught.value.text("zh")
    assert caught.value.text("en") == str(caught.value)


def test_an_unknown_name_lists_the_nearest(home: Path) -> None:
    add(home, "poem-vae")
    with pytest.raises(hub.WeightsNotFound, match="nearest names: poem-vae"):
        hub.locate("poem_vae")


def test_errors_survive_pickling() -> None:
    error = pickle.loads(pickle.dumps(hub.WeightsGated("closed", "不开放")))
    assert (str(error), error.text("zh")) == ("closed", "不开放")


def test_a_path_outside_the_folder_is_refused(home: Path) -> None:
    entry = add(home)
    assert sorted(entry.files) == [
        "README.md",
        "config.json",
        "golden.safetensors",
        "metrics.json",
        "model.safetensors",
    ]
    document = json.loads((home / "manifest.json").read_text())
    document["weights"]["tiny"]["files"]["../secret"] = {"sha256": "", "bytes": 0}
    (home / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(hub.WeightsCorrupt, match="plain relative path"):
        hub.entry("tiny")


def test_describe_gives_card_and_metrics(home: Path) -> None:
    add(home)
    description = hub.describe("tiny")
    assert description.card == "# Tiny\n"
    assert description.metrics == {"score": 1.5}
    assert description.entry.licence == "mit"


# Manifest


def test_the_manifest_keeps_what_it_does_not_know(home: Path) -> None:
    add(home)
    path = home / "manifest.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["note"] = "诗"
    document["weights"]["tiny"] |= {"colour": "green", "repo": "someone/tiny", "revision": "a" * 40}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    entry = add(home)  # the same files: still pinned
    assert entry.extra == {"colour": "green"}
    assert entry.source == ("someone/tiny", "a" * 40)
    text = path.read_text(encoding="utf-8")
    assert text.endswith("}\n") and '"诗"' in text
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    changed = add(home, seed=1)  # other files: what the Hub has is an older version
    assert (changed.repo, changed.revision, changed.source) == ("someone/tiny", None, None)
    assert [file.name for file in home.iterdir() if file.is_file()] == ["manifest.json"]


def test_the_owner_is_a_setting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert add(home).repository is None
    entry = manifest.pin(hub.entry("tiny"), "first/tiny", "b" * 40)
    assert (entry.owner, entry.source) == ("first", ("first/tiny", "b" * 40))
    assert add(home, "other").repository == "first/other"
    monkeypatch.setenv("GALLERY_HUB_OWNER", "second")
    assert hub.entry("tiny").repository == "second/tiny"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"weights": []}',
        '{"weights": {"tiny": {}}}',
        '{"weights": {"tiny": {"class": "core.models.a:A", "files": {}}}}',
    ],
)
def test_a_broken_manifest_is_named(home: Path, text: str) -> None:
    (home / "manifest.json").write_text(text)
    with pytest.raises(hub.WeightsCorrupt, match=r"manifest\.json cannot be read"):
        hub.entry("tiny")


# Strictness


def rewrite(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("mean.bias"), "mean.bias is missing"),
        (lambda t: t.update(spare=torch.zeros(1)), "spare is not expected"),
        (
            lambda t: t.update({"mean.bias": torch.zeros(5)}),
            r"mean.bias has shape \(5,\), expected \(4,\)",
        ),
        (
            lambda t: t.update({"mean.bias": torch.zeros(4, dtype=torch.int32)}),
            "mean.bias has type torch.int32, expected torch.float32",
        ),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(
    tmp_path: Path, change: Callable[[dict[str, torch.Tensor]], None], message: str
) -> None:
    write(tmp_path)
    rewrite(tmp_path, change)
    with pytest.raises(hub.WeightsMismatch, match=message):
        hub.load_folder(tmp_path, PoemVAE2018)


def test_a_config_that_does_not_fit_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config.json").write_text('{"depth": 3}')
    with pytest.raises(hub.WeightsMismatch, match="depth"):
        hub.load_folder(tmp_path, PoemVAE2018)


def test_a_file_of_another_kind_is_not_read(tmp_path: Path) -> None:
    write(tmp_path)
    torch.save(tiny().state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(hub.WeightsCorrupt, match="not a readable safetensors file"):
        hub.load_folder(tmp_path, PoemVAE2018)


@pytest.mark.parametrize(
    "path",
    [
        "os:system",
        "torch.nn:Linear",
        "core.models:PoemVAE",
        "core.models.poem_vae_2018.PoemVAE2018",
        "core.models.poem_vae_2018:nn",
        "core.models.poem_vae_2018:PoemVAE2018Config",
        "core.models.poem_vae_2018:Tensor",
        "core.models.absent:PoemVAE",
        "core.models.poem_vae:Absent",
        "core.models..runtime:Runtime",
    ],
)
def test_only_classes_of_core_models_are_loaded(path: str) -> None:
    with pytest.raises(hub.WeightsMismatch, match="cannot be used"):
        hub.model_class(path)


def test_class_paths_resolve() -> None:
    assert hub.model_class(CLASS) is PoemVAE2018


# Saving


@dataclasses.dataclass(frozen=True)
class GridConfig:
    sizes: tuple[int, ...] = (2, 3)


class Grid(nn.Module):
    """Integers, a large number and one tensor under two names."""

    Config = GridConfig

    def __init__(self, config: GridConfig) -> None:
        super().__init__()
        self.config = config
        self.layer = nn.Linear(*config.sizes)
        self.tied = self.layer.weight
        self.register_buffer("counts", torch.tensor([1, 1 << 40]))
        self.register_buffer("scale", torch.tensor([1e6]))


def test_saving_is_deterministic_and_casts_only_floats(tmp_path: Path) -> None:
    module = Grid(GridConfig())
    for folder in ("a", "b"):
        hub.save(tmp_path / folder, module, files={"note.txt": "诗"}, keep_float32=("scale",))
    for file in ("model.safetensors", "config.json", "note.txt"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    stored = load_file(tmp_path / "a" / "model.safetensors")
    assert {key: value.dtype for key, value in stored.items()} == {
        "layer.weight": torch.float16,
        "layer.bias": torch.float16,
        "tied": torch.float16,
        "counts": torch.int64,
        "scale": torch.float32,
    }
    loaded = hub.load_folder(tmp_path / "a", Grid)
    assert loaded.config == GridConfig()  # a tuple again
    assert torch.equal(loaded.counts, module.counts)


def test_a_number_too_large_for_half_precision_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'scale'.*keep_float32"):
        hub.save(tmp_path, Grid(GridConfig()))


def test_tables_in_eight_bits_are_off_by_half_a_step_at_most(tmp_path: Path) -> None:
    module = Grid(GridConfig((300, 40)))
    with torch.no_grad():
        module.layer.weight.mul_(torch.logspace(-6, 6, 40)[:, None])[7] = 0
    options: dict[str, Any] = {"keep_float32": ("scale",), "eight_bits": ("layer.", "tied")}
    hub.save(tmp_path / "a", module, **options)
    stored = load_file(tmp_path / "a" / "model.safetensors")
    assert stored["layer.weight"].dtype == torch.int8
    assert stored["layer.bias"].dtype == torch.float16
    loaded = hub.load_folder(tmp_path / "a", Grid)
    largest = module.layer.weight.abs().amax(dim=1, keepdim=True)
    assert ((loaded.layer.weight - module.layer.weight).abs() <= largest / 253.9).all()
    assert (loaded.layer.weight[7] == 0).all()
    hub.save(tmp_path / "b", loaded, **options)  # rounding what is rounded changes nothing
    again = load_file(tmp_path / "b" / "model.safetensors")
    assert torch.equal(again["layer.weight"], stored["layer.weight"])


def test_kernels_in_eight_bits_have_a_step_for_each_output() -> None:
    kernel = torch.randn(5, 3, 2, 2) * torch.logspace(-3, 3, 5)[:, None, None, None]
    stored = pack({"kernel": kernel, "bias": torch.ones(5)}, eight_bits=("",))
    assert stored["kernel"].dtype == torch.int8 and stored["kernel.row_scale"].shape == (5, 1, 1, 1)
    assert stored["bias"].dtype == torch.float16
    largest = kernel.abs().amax(dim=(1, 2, 3), keepdim=True)
    assert ((unpack(stored)["kernel"] - kernel).abs() <= largest / 253.9).all()


def test_bytes_without_a_step_stay_bytes() -> None:
    tensors = {"counts": torch.tensor([[3, -4]], dtype=torch.int8)}
    assert torch.equal(unpack(pack(tensors))["counts"], tensors["counts"])


# Golden tensors


def test_verify_compares_golden_outputs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(home)
    found = hub.verify("tiny")
    assert found.golden is not None
    assert sorted(found.golden) == ["output.log_var", "output.logits", "output.mean"]
    assert max(found.golden.values()) < 1e-5
    assert found.parameters == sum(p.numel() for p in tiny().parameters())
    assert main(["verify"]) == 0
    assert "3 golden outputs" in capsys.readouterr().out


def test_other_outputs_are_noticed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(home)
    path = home / "tiny" / "golden.safetensors"
    tensors = load_file(path)
    save_file({**tensors, "output.mean": tensors["output.mean"] + 0.01}, path)
    add_facts = {"class": CLASS}
    hub.register("tiny", home / "tiny", add_facts, manifest=home / "manifest.json")
    with pytest.raises(hub.WeightsMismatch, match=r"output\.mean differs by 0\.01"):
        hub.verify("tiny")
    assert main(["verify", "tiny"]) == 1
    assert "golden" in capsys.readouterr().err


def test_golden_of_the_larger_poem_model(tmp_path: Path) -> None:
    config = PoemVAEConfig(
        vocab_size=12, width=16, heads=2, encoder_layers=1, body_layers=1, head_layers=1
    )
    hub.save(tmp_path, PoemVAE(config))
    module = hub.load_folder(tmp_path, PoemVAE)
    tokens = {
        f"input.tokens.{form}": torch.arange(length).view(1, -1) % 12
        for form, length in ((0, 10), (3, 28))
    }
    hub.save_golden(tmp_path, module, tokens)
    differences = hub.compare_golden(tmp_path, module)
    assert differences is not None
    assert sorted(differences) == [
        f"output.{kind}.{form}"
        for kind in ("log_var", "logits", "mean", "noise")
        for form in (0, 3)
    ]


# Command line


def test_list_names_the_source(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(home)
    add(home, "gone")
    (home / "gone" / "model.safetensors").unlink()
    assert main(["list"]) == 0
    gone, present = capsys.readouterr().out.splitlines()
    assert gone.split()[:2] == ["gone", "missing"]
    assert present.split()[:2] == ["tiny", "embedded"]


def test_publishing_needs_an_owner(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(home)
    assert main(["publish", "tiny", "--dry-run"]) == 1
    assert "--owner" in capsys.readouterr().err
    assert main(["publish", "tiny", "--dry-run", "--owner", "someone"]) == 0
    shown = capsys.readouterr().out
    assert "someone/tiny" in shown and "model.safetensors" in shown
    assert hub.entry("tiny").revision is None


def test_pull_without_a_source_says_so(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(home)
    assert main(["pull", "tiny"]) == 1
    assert "Nobody has published" in capsys.readouterr().err


def test_starting_up_loads_neither_torch_nor_the_client() -> None:
    code = (
        "import sys; import core.hub; "
        "print([m for m in ('torch', 'huggingface_hub', 'gradio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_offline_can_be_switched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert hub.offline()
    hub.set_offline(False)
    assert not hub.offline()


# The real client over the loopback


class Client:
    """Runs our code and the real `huggingface_hub` in a process of its own.

    The manifest lies in a custom folder that has no weights, so that the Hub is the only source.
    """

    def __init__(self, server: HubServer, gallery: Path, home: Path) -> None:
        self.server, self.gallery, self.home = server, gallery, home

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        own = ("HF_", "GALLERY_")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(own)}
        environment |= {
            "HF_ENDPOINT": self.server.endpoint,
            "HF_HOME": str(self.home),
            "HF_HUB_ETAG_TIMEOUT": "2",
            "HF_HUB_DOWNLOAD_TIMEOUT": "2",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",  # the loopback has no Xet storage; LFS carries large files
            "NO_PROXY": "127.0.0.1",
            "GALLERY_WEIGHTS": str(self.gallery),
            "PYTHONUTF8": "1",
        }
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=environment | settings,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )

    def locate(self, **settings: str) -> str:
        """`SOURCE HASH` of the weights, or `ERROR: text`."""
        code = """
from core import hub
try:
    weights = hub.locate("tiny")
    print(weights.source, weights.hash)
except hub.WeightsError as error:
    print(type(error).__name__ + ": " + str(error) + " / " + error.text("zh"))
"""
        done = self.run("-c", code, **settings)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def command(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "core.hub", *arguments, **settings)


@pytest.fixture
def server() -> Iterator[HubServer]:
    with HubServer() as running:
        yield running


@pytest.fixture
def client(server: HubServer, tmp_path: Path) -> Client:
    """A client whose manifest pins `someone/tiny` on the server."""
    made, gallery = tmp_path / "made", tmp_path / "gallery"
    write(made, **{"table.bin": bytes(range(256)) * 4})
    publish_on(server, made, gallery)
    return Client(server, gallery, tmp_path / "hf")


def publish_on(server: HubServer, made: Path, gallery: Path) -> None:
    repository = server.repositories["someone/tiny"] = Repository()
    revision = repository.commit({file.name: file.read_bytes() for file in made.iterdir()})
    gallery.mkdir(exist_ok=True)
    facts = {"class": CLASS, "repo": "someone/tiny", "revision": revision}
    hub.register("tiny", made, facts, manifest=gallery / "manifest.json")


def repin(client: Client, **changes: str) -> None:
    path = client.gallery / "manifest.json"
    document = json.loads(path.read_text())
    document["weights"]["tiny"] |= changes
    path.write_text(json.dumps(document))


def test_download_then_cache_without_a_server(client: Client, tmp_path: Path) -> None:
    digest = manifest.sha256(tmp_path / "made" / "model.safetensors")[:8]
    assert client.locate() == f"hub {digest}"
    asked = len(client.server.requests)
    assert client.locate() == f"cache {digest}"
    assert len(client.server.requests) == asked
    client.server.stop()
    verified = client.command("verify", "tiny")
    assert verified.returncode == 0, verified.stderr
    assert f"{digest} (cache)" in verified.stdout and "3 golden outputs" in verified.stdout


def test_offline_without_a_copy(client: Client) -> None:
    text = client.locate(HF_HUB_OFFLINE="1")
    assert text.startswith("WeightsOffline: ")
    assert "someone/tiny" in text and "python -m core.hub pull tiny" in text
    assert client.server.requests == []


def test_a_cut_connection_is_resumed(client: Client, server: HubServer, tmp_path: Path) -> None:
    table = os.urandom(1 << 20) * 12  # the client keeps what it has in blocks of 10 MiB
    (tmp_path / "made" / "table.bin").write_bytes(table)
    publish_on(server, tmp_path / "made", client.gallery)
    server.faults.cut["table.bin"] = 11 << 20
    assert client.locate().startswith("hub ")
    resumed = [line for line in server.requests if "table.bin bytes=" in line]
    assert resumed == [resumed[0]] and resumed[0].endswith(f"bytes={10 << 20}-")


@pytest.mark.parametrize("missing", ["repository", "revision", "file"])
def test_what_the_hub_does_not_have_is_named(
    client: Client, server: HubServer, missing: str
) -> None:
    if missing == "repository":
        repin(client, repo="someone/else")
    elif missing == "revision":
        repin(client, revision="0" * 40)
    else:
        server.faults.status["resolve"] = 404
    text = client.locate()
    assert text.startswith(f"WeightsNotFound: The Hub does not have the {missing}")
    assert "python -m train tiny" in text and "Hub 上没有" in text


@pytest.mark.parametrize("kind", ["private", "gated"])
def test_a_closed_repository(client: Client, server: HubServer, kind: str) -> None:
    repository = server.repositories["someone/tiny"]
    if kind == "gated":
        repository.gated = True
        status = 403
    else:
        repository.token = "hf_reader"
        status = 401
    text = client.locate()
    assert text.startswith("WeightsGated: ")
    assert f"HTTP {status}" in text and "HF_TOKEN" in text and "拒绝访问" in text
    if kind == "private":
        assert client.locate(HF_TOKEN="hf_reader").startswith("hub ")


@pytest.mark.parametrize("trouble", ["busy", "busy with files", "silent", "gone"])
def test_a_hub_in_trouble(client: Client, server: HubServer, trouble: str) -> None:
    if trouble == "busy":
        server.faults.status["/"] = 503
    elif trouble == "busy with files":
        server.faults.status["GET /someone/tiny/resolve"] = 500
    elif trouble == "silent":
        server.faults.hang = 4.0
    else:
        server.stop()
    text = client.locate()
    assert text.startswith("HubUnavailable: ")
    assert server.endpoint in text and "HF_ENDPOINT" in text
    assert len(server.requests) == len(set(server.requests))  # told at once, without retries


def test_a_flipped_byte_is_caught_and_repaired(client: Client, server: HubServer) -> None:
    server.faults.flip.add("table.bin")
    text = client.locate()
    assert text.startswith("WeightsCorrupt: ")
    assert "table.bin has the sha256" in text and "python -m core.hub pull tiny" in text
    assert client.command("pull", "tiny").returncode == 1  # still wrong on the Hub
    server.faults.flip.clear()
    asked = len(server.requests)
    pulled = client.command("pull", "tiny")
    assert pulled.returncode == 0, pulled.stderr
    fetched = [line for line in server.requests[asked:] if line.startswith("GET /someone")]
    assert len(fetched) == 1 and "table.bin" in fetched[0]
    assert client.locate().startswith("cache ")


def test_a_truncated_file(client: Client, server: HubServer) -> None:
    server.faults.short.add("table.bin")
    text = client.locate()
    assert text.startswith("WeightsCorrupt: ")
    assert "table.bin" in text and "1024" in text and "512" in text


def test_another_owner(client: Client, server: HubServer) -> None:
    server.repositories["another/tiny"] = server.repositories.pop("someone/tiny")
    assert client.locate(GALLERY_HUB_OWNER="another").startswith("hub ")


def test_pull_can_embed(client: Client) -> None:
    done = client.command("pull", "tiny", "--embed")
    assert done.returncode == 0, done.stderr
    assert client.locate(HF_HUB_OFFLINE="1").startswith("folder ")


def test_publish_then_download_elsewhere(server: HubServer, tmp_path: Path) -> None:
    gallery = tmp_path / "gallery"
    write(gallery / "tiny")
    path = gallery / "manifest.json"
    hub.register("tiny", gallery / "tiny", {"class": CLASS}, manifest=path)
    (gallery / "tiny" / "scratch.txt").write_text("not listed, so not uploaded")
    client = Client(server, gallery, tmp_path / "hf")

    refused = client.command("publish", "tiny", "--owner", "someone", HF_TOKEN="hf_reader")
    assert refused.returncode == 1
    assert "HTTP 401" in refused.stderr and "HF_TOKEN" in refused.stderr
    assert server.repositories == {}

    command = ("publish", "tiny", "--owner", "someone", "--private")
    done = client.command(*command, HF_TOKEN=server.write_token)
    assert done.returncode == 0, done.stderr
    repository = server.repositories["someone/tiny"]
    assert repository.private
    (revision,) = repository.commits
    assert revision in done.stdout
    entry = json.loads(path.read_text())["weights"]["tiny"]
    assert (entry["repo"], entry["revision"]) == ("someone/tiny", revision)
    assert json.loads(path.read_text())["owner"] == "someone"
    assert sorted(repository.commits[revision]) == sorted(entry["files"])
    assert any(line.startswith("PUT /lfs-objects/") for line in server.requests)

    again = client.command(*command, HF_TOKEN=server.write_token)  # the repository exists already
    assert again.returncode == 0, again.stderr
    elsewhere = Client(server, tmp_path / "elsewhere", tmp_path / "hf2")
    elsewhere.gallery.mkdir()
    (elsewhere.gallery / "manifest.json").write_text(path.read_text())
    assert elsewhere.locate() == f"hub {manifest.sha256(gallery / 'tiny/model.safetensors')[:8]}"
    verified = elsewhere.command("verify", "tiny")
    assert verified.returncode == 0, verified.stderr
