"""What every measurement of a picture model starts from, and the conditions that it ends with."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import torch
from torch import Tensor, nn

from benchmarks.image_data import read_images
from benchmarks.quality import Options
from benchmarks.quality.image_samples import Sampler, distances, in_batches, sample_figures
from core import hub, runtime
from core.hub import WeightsError
from core.levels import scaled
from core.models.face_attributes import FaceAttributes

CLASSIFIER = "face-attributes"
# What the classifier is good at on small faces; sex and age need no reconstruction to be guessed.
ATTRIBUTES = ("Smiling", "Eyeglasses", "Mouth_Slightly_Open", "No_Beard", "Male")
SAMPLES = 5000

Model = TypeVar("Model", bound=nn.Module)


class Classifier:
    """Features and attribute probabilities of uint8 pictures, computed on a device."""

    def __init__(self, model: FaceAttributes, device: torch.device | str) -> None:
        self.model = model.to(device)
        self.device = device

    @classmethod
    def load(cls, device: torch.device | str) -> "Classifier | None":
        """The shipped classifier, None when its weights are not there."""
        try:
            return cls(cast(FaceAttributes, hub.load(CLASSIFIER)), device)
        except WeightsError:
            return None

    def features(self, pictures: Tensor) -> Tensor:
        """`(count, features)`."""
        return in_batches(lambda x: self.model.features(scaled(x.to(self.device))), pictures)

    def probabilities(self, pictures: Tensor) -> Tensor:
        """`(count, len(ATTRIBUTES))`."""
        columns = [self.model.config.names.index(name) for name in ATTRIBUTES]
        return in_batches(lambda x: self.model.probabilities(scaled(x.to(self.device))), pictures)[
            :, columns
        ]


class PictureRun(Generic[Model]):
    """A model on its device, unseen pictures of its size, and the classifier where there is one."""

    def __init__(self, name: str, options: Options) -> None:
        """Raises `ValueError` when a folder is not one of pictures."""
        self.options = options
        self.weights = hub.locate(name)
        self.device = options.device or runtime.choose_device()
        self.model = cast(Model, hub.load(name).to(self.device))
        self.size: int = cast(Any, self.model).config.size
        unseen = read_images(options.data, options.split, size=self.size, limit=options.limit)
        self.pixels = unseen.pixels.to(self.device)
        self.classifier = Classifier.load(self.device)
        self.count = min(options.samples, SAMPLES)
        parts = [read_images(path, "train", size=self.size).pixels for path in options.train]
        self.train = torch.cat(parts).to(self.device) if parts else None
        options.report(f"{len(unseen)} pictures of {unseen.size} pixels from {options.data.name}")

    @property
    def features(self) -> Callable[[Tensor], Tensor] | None:
        """Those of the classifier."""
        return None if self.classifier is None else self.classifier.features

    def sample_figures(self, sampler: Sampler) -> dict[str, Any]:
        """Distances and memorisation of at most `SAMPLES` samples."""
        options = self.options
        return sample_figures(
            sampler,
            self.pixels,
            self.train,
            self.features,
            count=self.count,
            seed=options.seed,
            report=options.report,
        )

    def distances(self, made: Tensor) -> dict[str, Any]:
        """`swd` and `frechet` of samples from the unseen pictures."""
        return distances(made, self.pixels, self.features, seed=self.options.seed)

    def conditions(self, **own: Any) -> dict[str, Any]:
        """What the figures depend on; `own` are those of one family."""
        options = self.options
        return {
            "weights": self.weights.hash,
            "data": options.data.name,
            "split": options.split or "all",
            "pictures": len(self.pixels),
            "size": self.size,
            "train": [path.name for path in options.train],
            "samples": self.count,
            **own,
            "features": None if self.classifier is None else hub.locate(CLASSIFIER).hash,
            "seed": options.seed,
            "device": str(self.device),
            "torch": str(torch.__version__),
        }


def rounded(figures: dict[str, Any]) -> dict[str, Any]:
    """All numbers with six digits, enough for every figure here."""
    return {key: _rounded(value) for key, value in figures.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return rounded(value)
    return [_rounded(item) for item in value] if isinstance(value, list) else value
