"""The attribute classifier at tiny size."""

import pytest
import torch

from core.models.face_attributes import FaceAttributes, FaceAttributesConfig
from tests import laws


def build() -> FaceAttributes:
    torch.manual_seed(0)
    config = FaceAttributesConfig(names=("hat", "smile"), size=32, width=3, stages=3)
    return FaceAttributes(config).double().eval()


def pictures(count: int = 3, side: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(2)).double()


def test_answers_come_from_the_features():
    model = build()
    with torch.no_grad():
        features = model.features(pictures())
        assert features.shape == (3, 12) and (features >= 0).all()
        torch.testing.assert_close(model(pictures()), model.output(features))
        torch.testing.assert_close(model.probabilities(pictures()), model(pictures()).sigmoid())


@pytest.mark.parametrize("side", [16, 32, 64])
def test_other_sides_are_resized(side):
    with torch.no_grad():
        assert build()(pictures(side=side)).shape == (3, 2)


def test_laws(tmp_path):
    model = build()
    with torch.no_grad():
        laws.batch_equals_single(model.features, pictures())
        laws.safetensors_round_trip(model, lambda m: m(pictures()), tmp_path)
        golden = model.golden({"input.images": pictures()})
        assert torch.equal(golden["output.logits"], model(pictures()))
    laws.every_parameter_gets_a_gradient(model, model(pictures()).square().sum())


def test_no_attributes_is_an_error():
    with pytest.raises(ValueError, match="at least one"):
        FaceAttributesConfig(names=())
