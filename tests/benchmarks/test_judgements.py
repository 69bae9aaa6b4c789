"""Stored judgements are the model's own numbers, and the page reads them back."""

import pytest
import torch

from benchmarks.quality import judgements
from core.models.ogan import OGAN, OGANConfig
from core.models.ogan_code import decompose
from core.runtime import draws
from core.tasks.ogan import judging


@pytest.fixture
def model() -> OGAN:
    torch.manual_seed(0)
    made = OGAN(OGANConfig(size=32, width=8, latent=16)).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(3)  # away from the tiny outputs of a fresh network
    return made


def test_numbers_are_the_models(model):
    pixels = torch.randint(0, 256, (20, 3, 32, 32)).to(torch.uint8)
    found = judgements.judgements(model, pixels, count=12, seed=4)
    assert set(found) == {f"{k}.{n}" for k in ("made", "real") for n in judgements.NAMES}
    assert all(values.shape == (12,) for values in found.values())
    with torch.no_grad():
        embedded = model.embed(pixels[:12].float() / 127.5 - 1)
        z = draws.noise(4, 12, 16)
        read = model.embed(model.generate(z))  # judged as photographs are
    torch.testing.assert_close(found["real.score"], embedded.mean(dim=1), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(found["made.spread"], decompose(read).spread, atol=1e-5, rtol=1e-4)
    assert found["made.correlation"].abs().max() <= 1 + 1e-5


def test_the_page_reads_what_is_stored(model, tmp_path):
    pixels = torch.zeros(3, 3, 32, 32, dtype=torch.uint8)
    found = judgements.judgements(model, pixels, count=3)
    judgements.save_judgements(found, tmp_path)
    assert judging.FILE == judgements.FILE
    numbers = judging._stored(tmp_path / judging.FILE)
    for name in judgements.NAMES:
        assert getattr(numbers, name) == pytest.approx(found[f"real.{name}"].tolist(), abs=1e-5)
