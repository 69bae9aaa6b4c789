"""Quality of the image models with codes: what they draw, what they encode, whether they copy.

`python -m benchmarks quality NAME --data FOLDER [--split SPLIT] [--train FOLDER]`: folders as
`docs/data.md` describes them; every split of `--data` counts unless one is named, of `--train` only the
split `train`. At most 5,000 samples are drawn. `swd` and `frechet` are distances from the unseen
pictures, smaller is better, and `real` has them for real pictures; the features are those of the
weights `face-attributes`. `noise_correlation` is that of fresh noise and the encoder's reading of the
picture made of it (GANs); a VAE has the figures of `benchmarks.quality.picture_likelihood` in its
place. `retrieval_top1`, `reconstruction_psnr` and `attribute_agreement` are of reconstructions of at
most 1,000 unseen pictures. `memorisation` compares the distances to the nearest training picture.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from benchmarks.image_data import Images, read_images
from benchmarks.quality import Benchmark, Options
from benchmarks.quality.image_codes import attribute_agreement, reconstruction_figures
from benchmarks.quality.image_samples import in_batches, sample_figures, to_levels
from benchmarks.quality.picture_likelihood import likelihood_figures
from core import hub, runtime
from core.hub import WeightsError
from core.models.face_attributes import FaceAttributes
from core.models.ogan import OGAN
from core.models.ogan_code import pearson
from core.models.picture_vae import PictureVAE
from core.runtime import draws

CLASSIFIER = "face-attributes"
# What the classifier is good at on small faces; sex and age need no reconstruction to be guessed.
ATTRIBUTES = ("Smiling", "Eyeglasses", "Mouth_Slightly_Open", "No_Beard", "Male")
FACES = (
    "ogan-faces",
    "dcgan-faces",
    "vae-faces",
)  # sets whose pictures the attributes mean something for
SAMPLES = 5000
RECONSTRUCTIONS = 1000
_FRESH = 0x5EED  # keeps noise for the correlation apart from that of the samples


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
        return in_batches(lambda x: self.model.features(self._scaled(x)), pictures)

    def probabilities(self, pictures: Tensor) -> Tensor:
        """`(count, len(ATTRIBUTES))`."""
        columns = [self.model.config.names.index(name) for name in ATTRIBUTES]
        return in_batches(lambda x: self.model.probabilities(self._scaled(x)), pictures)[:, columns]

    def _scaled(self, pictures: Tensor) -> Tensor:
        return pictures.to(self.device).float() / 127.5 - 1


def measure(name: str, options: Options) -> dict[str, Any]:
    """All figures of one model; a figure that cannot be had is None with a note.

    Raises `ValueError` when a folder is not one of pictures.
    """
    weights = hub.locate(name)
    device = options.device or runtime.choose_device()
    model = cast(OGAN | PictureVAE, hub.load(name).to(device))
    size = model.config.size
    unseen = read_images(options.data, options.split, size=size, limit=options.limit)
    train = _training(options.train, size)
    classifier = Classifier.load(device)
    notes = _notes(name, unseen, classifier, options)
    options.report(f"{len(unseen)} pictures of {unseen.size} pixels from {options.data.name}")
    pixels = unseen.pixels.to(device)
    count = min(options.samples, SAMPLES)
    figures = sample_figures(
        lambda count, seed: draw(model, count, seed),
        pixels,
        None if train is None else train.to(device),
        None if classifier is None else classifier.features,
        count=count,
        seed=options.seed,
        report=options.report,
    )
    options.report("codes")
    originals = pixels[:RECONSTRUCTIONS]
    rebuilt = reconstruct(model, originals)
    if isinstance(model, OGAN):
        figures["noise_correlation"] = noise_correlation(model, RECONSTRUCTIONS, options.seed)
    else:
        figures |= likelihood_figures(model, pixels, seed=options.seed)
    figures |= reconstruction_figures(originals, rebuilt)
    figures |= {"attribute_agreement": None, "by_attribute": None}
    if classifier is not None and name in FACES:
        figures |= attribute_agreement(originals, rebuilt, classifier.probabilities, ATTRIBUTES)
    figures["notes"] = notes
    figures["conditions"] = {
        "weights": weights.hash,
        "data": options.data.name,
        "split": options.split or "all",
        "pictures": len(unseen),
        "size": size,
        "train": [path.name for path in options.train],
        "samples": count,
        "reconstructions": len(originals),
        "features": None if classifier is None else hub.locate(CLASSIFIER).hash,
        "seed": options.seed,
        "device": str(device),
        "torch": str(torch.__version__),
    }
    return {key: rounded(value) for key, value in figures.items()}


class Autoencoder(Protocol):
    """A model with codes of standard normal noise, `(batch, latent)`; pictures are in [-1, 1]."""

    config: Any

    def generate(self, z: Tensor) -> Tensor: ...
    def reconstruct(self, images: Tensor) -> Tensor: ...
    def parameters(self) -> Iterator[nn.Parameter]: ...


def draw(model: Autoencoder, count: int, seed: int) -> Tensor:
    """Samples of standard normal noise, uint8 `(count, 3, size, size)`."""
    noise = draws.noise(seed, count, model.config.latent)
    device = next(model.parameters()).device
    return in_batches(lambda z: to_levels(model.generate(z.to(device))), noise)


def reconstruct(model: Autoencoder, pictures: Tensor) -> Tensor:
    """Reconstructions of uint8 pictures, uint8."""
    device = next(model.parameters()).device
    return in_batches(
        lambda x: to_levels(model.reconstruct(x.to(device).float() / 127.5 - 1)), pictures
    )


def noise_correlation(model: OGAN, count: int, seed: int) -> float:
    """Mean correlation of fresh noise and the code of the picture made of it."""
    device = model.encoder.output.weight.device

    def correlation(z: Tensor) -> Tensor:
        z = z.to(device)
        return pearson(z, model.embed(model.generate(z), generated=True))

    noise = draws.noise(seed ^ _FRESH, count, model.config.latent)
    return float(in_batches(correlation, noise).mean())


def rounded(value: Any) -> Any:
    """Numbers with six digits, enough for every figure here."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def _training(folders: tuple[Path, ...], size: int) -> Tensor | None:
    """Training pictures of all the folders, None without any."""
    parts = [read_images(folder, "train", size=size).pixels for folder in folders]
    return torch.cat(parts) if parts else None


def _notes(
    name: str, unseen: Images, classifier: Classifier | None, options: Options
) -> dict[str, str]:
    notes = {}
    if classifier is None:
        notes["features"] = f"no weights {CLASSIFIER}: no Fréchet distance, no attributes"
    elif name not in FACES:
        notes["attributes"] = "the classifier knows photographs of faces only"
        notes["frechet"] = "features of a network trained on photographs of faces"
    if not options.train:
        notes["train"] = "without --train nothing is compared with training pictures"
    if len(unseen) < 1000:
        notes["pictures"] = f"{len(unseen)} pictures make distances larger than 1,000 would"
    return notes


BENCHMARK = Benchmark(names=("ogan-*", "dcgan-*", "vae-*"), measure=measure, folders=True)
