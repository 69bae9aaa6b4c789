"""The comparison of flows, with a stand-in for the other package."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from benchmarks import peers
from benchmarks.peers import Options, glow
from core.models.flows.fused import FusedFlow
from core.models.glow import Glow
from tests.pictures import discs, write_set

TINY = replace(glow.QUALITY, size=8, levels=2, steps=1, width=4)


class StandIn(nn.Module):
    """Our own model with the other package's verbs, starting at its first batch as that one does."""

    def __init__(self, config):
        super().__init__()
        self.flow, self.started = Glow(config), False

    def log_prob(self, x, y):
        if not self.started:
            self.flow.start(x)
            self.started = True
        return self.flow.log_prob(x).log_prob()

    def sample(self, count):
        return self.flow.sample(self.flow.split(torch.randn(count, self.flow.dimensions)))


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(glow, "make_peer", StandIn)
    monkeypatch.setattr(glow, "SPEED", TINY)
    monkeypatch.setattr(glow, "QUALITY", TINY)
    monkeypatch.setattr(glow, "REPEATS", 2)
    monkeypatch.setenv("GALLERY_DEVICE", "cpu")


def test_it_says_what_to_install(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(glow, "import_module", missing)
    with pytest.raises(peers.PeerMissing, match="requirements-peers"):
        peers.compare("glow")


def test_equal_models_end_equal(stand_in, tmp_path):
    folder = write_set(
        tmp_path / "pictures", {"train": discs(64, 32), "val": discs(20, 32, 1)}, {"label": ["0"]}
    )
    figures = peers.compare("glow", Options(data=(folder,), limit=96))
    row = figures["sampling"]["cpu"]["batch_1"]
    assert row["fp32"]["times_faster"] > 0 and row["fp32"]["ms"] > 0
    assert 0 < row["floor"]["arithmetic_share"]
    training = figures["training"]
    assert training["pictures_seen"] == 96
    assert training["ours"]["weights"] == training["normflows"]["weights"]
    assert training["ours"]["bits_per_dim"] < 8.5
    lines = peers.lines("glow", figures)
    assert any("normflows" in line for line in lines) and any("pictures:" in line for line in lines)


def test_the_floor_counts_every_multiplication(stand_in):
    flow = Glow(TINY)
    counted = glow.floor(flow, 3, "cpu", 1.0)["gigaflop"] * 1e9
    total = 0
    for level, (_, h, w) in zip(flow.parts(), flow.noise_shapes(), strict=True):
        channels = len(level.parts()[0].actnorm.shift)
        kept, width = channels // 2, TINY.width
        step = channels**2 + 9 * kept * width + width**2 + 9 * width * 2 * kept
        total += 2 * 3 * h * w * step * TINY.steps
    assert counted == pytest.approx(total)


def test_both_sides_draw_as_many_pictures(stand_in):
    flow = Glow(TINY).requires_grad_(False)
    drawn = glow._sample(flow, FusedFlow(flow), 5, "cpu")
    assert drawn.shape == StandIn(TINY).sample(5).shape == (5, 3, 8, 8)
