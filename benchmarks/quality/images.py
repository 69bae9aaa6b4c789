"""Quality of the image models with codes: what they draw, what they encode, whether they copy.

`python -m benchmarks quality NAME --data FOLDER [--split SPLIT] [--train FOLDER]`: folders as
`docs/data.md` describes them; every split of `--data` counts unless one is named, of `--train` only the
split `train`. At most 5,000 samples are drawn. `swd` and `frechet` are distances from the unseen
pictures, smaller is better, and `real` has them for real pictures; the features are those of the
weights `face-attributes`. `noise_correlation` is that of fresh noise and the encoder's reading of the
picture made of it (GANs); `fitted_prior` has the distances of samples, and this correlation, with the
prior fitted to codes where the weights hold one. A VAE has the figures of
`benchmarks.quality.picture_likelihood` in their place. `retrieval_top1`, `reconstruction_psnr` and
`attribute_agreement` are of reconstructions of at most 1,000 unseen pictures. `memorisation` compares
the distances to the nearest training picture.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from torch import Tensor, nn

from benchmarks.quality import Benchmark, Options
from benchmarks.quality.image_codes import attribute_agreement, reconstruction_figures
from benchmarks.quality.image_samples import in_batches
from benchmarks.quality.picture_likelihood import likelihood_figures
from benchmarks.quality.picture_run import ATTRIBUTES, CLASSIFIER, PictureRun, rounded
from core.levels import scaled, to_levels
from core.models.code_prior import FILE, CodePrior
from core.models.ogan import OGAN
from core.models.ogan_code import pearson
from core.models.picture_vae import PictureVAE
from core.runtime import draws

FACES = (
    "ogan-faces",
    "dcgan-faces",
    "vae-faces",
)  # sets whose pictures the attributes mean something for
RECONSTRUCTIONS = 1000
_FRESH = 0x5EED  # keeps noise for the correlation apart from that of the samples


def measure(name: str, options: Options) -> dict[str, Any]:
    """All figures of one model; a figure that cannot be had is None with a note.

    Raises `ValueError` when a folder is not one of pictures.
    """
    run: PictureRun[OGAN | PictureVAE] = PictureRun(name, options)
    model, pixels = run.model, run.pixels
    figures = run.sample_figures(lambda count, seed: draw(model, count, seed))
    options.report("codes")
    originals = pixels[:RECONSTRUCTIONS]
    rebuilt = reconstruct(model, originals)
    if isinstance(model, OGAN):
        figures["noise_correlation"] = noise_correlation(model, RECONSTRUCTIONS, options.seed)
        figures |= _fitted(run, model)
    else:
        figures |= likelihood_figures(model, pixels, seed=options.seed)
    figures |= reconstruction_figures(originals, rebuilt)
    figures |= {"attribute_agreement": None, "by_attribute": None}
    if run.classifier is not None and name in FACES:
        figures |= attribute_agreement(originals, rebuilt, run.classifier.probabilities, ATTRIBUTES)
    figures["notes"] = _notes(name, run, options)
    figures["conditions"] = run.conditions(reconstructions=len(originals))
    return rounded(figures)


class Autoencoder(Protocol):
    """A model with codes of standard normal noise, `(batch, latent)`; pictures are in [-1, 1]."""

    config: Any

    def generate(self, z: Tensor) -> Tensor: ...
    def reconstruct(self, images: Tensor) -> Tensor: ...
    def parameters(self) -> Iterator[nn.Parameter]: ...


def draw(model: Autoencoder, count: int, seed: int, prior: CodePrior | None = None) -> Tensor:
    """Samples of standard normal noise or of a prior, uint8 `(count, 3, size, size)`."""
    noise = draws.noise(seed, count, model.config.latent)
    if prior is not None:
        noise = prior(noise)
    device = next(model.parameters()).device
    return in_batches(lambda z: to_levels(model.generate(z.to(device))), noise)


def reconstruct(model: Autoencoder, pictures: Tensor) -> Tensor:
    """Reconstructions of uint8 pictures, uint8."""
    device = next(model.parameters()).device
    return in_batches(lambda x: to_levels(model.reconstruct(scaled(x.to(device)))), pictures)


def noise_correlation(model: OGAN, count: int, seed: int, prior: CodePrior | None = None) -> float:
    """Mean correlation of fresh noise (or codes of a prior) and the code of the picture made of it."""
    device = model.encoder.output.weight.device

    def correlation(z: Tensor) -> Tensor:
        z = z.to(device)
        return pearson(z, model.embed(model.generate(z), generated=True))

    noise = draws.noise(seed ^ _FRESH, count, model.config.latent)
    if prior is not None:
        noise = prior(noise)
    return float(in_batches(correlation, noise).mean())


def _fitted(run: PictureRun[Any], model: OGAN) -> dict[str, Any]:
    """Figures of samples from the weights' own prior; nothing for weights that have none."""
    if FILE not in run.weights.entry.files:
        return {}
    prior, seed = CodePrior.read(run.weights.path(FILE)), run.options.seed
    run.options.report("samples of the fitted prior")
    return {
        "fitted_prior": {
            **run.distances(draw(model, run.count, seed, prior)),
            "correlation": noise_correlation(model, RECONSTRUCTIONS, seed, prior),
        }
    }


def _notes(name: str, run: PictureRun[Any], options: Options) -> dict[str, str]:
    notes = {}
    if run.classifier is None:
        notes["features"] = f"no weights {CLASSIFIER}: no Fréchet distance, no attributes"
    elif name not in FACES:
        notes["attributes"] = "the classifier knows photographs of faces only"
        notes["frechet"] = "features of a network trained on photographs of faces"
    if not options.train:
        notes["train"] = "without --train nothing is compared with training pictures"
    if len(run.pixels) < 1000:
        notes["pictures"] = f"{len(run.pixels)} pictures make distances larger than 1,000 would"
    return notes


BENCHMARK = Benchmark(names=("ogan-*", "dcgan-*", "vae-*"), measure=measure, folders=True)
