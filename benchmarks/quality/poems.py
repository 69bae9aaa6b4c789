"""Quality of the poem VAEs: what they reconstruct, how well they predict, what they write.

All costs in nats per character are `-log p`, so smaller is better, and all are of the same event: the
characters of a poem, its form given. `elbo_nats_per_char` and `iwae_nats_per_char` are upper bounds
of the model's own cost, the second one tighter; `fourgram_nats_per_char` is the cost of a character
4-gram model. The importance bound takes minutes per hundred poems, so it uses `iwae_poems` of them,
spread evenly over the data; `same_poems` holds the other costs of exactly these poems.

Rates are shares of poems, 0 to 1. Those with `_corpus` are of the data itself, those with `_spread1`
of poems drawn from the whole prior, those with `raw_` of poems written without the rule against
repeats; the others are of poems written at the defaults of `core.tasks.poems.compose`.
"""

import inspect
from collections.abc import Sequence
from lzma import LZMAError
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.ngram import NGram
from benchmarks.quality import Benchmark, Options
from benchmarks.quality.near_copies import near_copies
from benchmarks.quality.poem_likelihood import importance_bound, likelihood
from benchmarks.quality.poem_rate_distortion import rate_distortion
from benchmarks.readers import POEM_FILES, poem_tensor, read_jsonl
from core import hub, runtime
from core.models.poem_model import PoemModel
from core.tasks.poems import MAX_POEMS, MODELS, compose, forms_of, vocabulary_of
from core.text import prosody
from core.text.forms import FORMS, Form
from core.text.vocabulary import Vocabulary

IWAE_SAMPLES = 500
IWAE_POEMS = 200
EDITS = 2  # of a near copy

Lines = tuple[str, ...]


class Corpus(NamedTuple):
    """Poems of one form, each as its lines, that a vocabulary can spell."""

    form: Form
    poems: list[Lines]
    left_out: int  # poems with a character outside the vocabulary

    def tokens(self, vocabulary: Vocabulary) -> torch.Tensor:
        """All poems as numbers, `(poems, length)`."""
        return poem_tensor(["".join(lines) for lines in self.poems], vocabulary)


def measure(name: str, options: Options) -> dict[str, Any]:
    """All figures of `poem-vae` or `poem-vae-2018`; a figure that cannot be had is None with a note.

    Raises `ValueError` when the data holds no poems of a form that the model knows.
    """
    weights = hub.locate(name)
    vocabulary = vocabulary_of(name)
    corpus = read_corpus(options.data, vocabulary, options.limit)
    form = corpus.form
    if form not in forms_of(name):
        known = ", ".join(f.name for f in forms_of(name))
        raise ValueError(f"{options.data.name} holds {form.name}; {name} knows {known}")
    notes: dict[str, str] = {}
    if corpus.left_out:
        notes["left_out"] = f"{corpus.left_out} poems have characters the model does not know"
    options.report(f"{len(corpus.poems)} poems of the form {form.name} from {options.data.name}")
    figures = (
        predict(name, corpus, vocabulary, options, notes)
        | write(name, corpus, options, notes)
        | {"notes": notes}
    )
    figures["conditions"] = {
        "weights": weights.hash,
        "data": options.data.name,
        "form": form.name,
        "poems": len(corpus.poems),
        "train": [path.name for path in options.train],
        "samples": options.samples,
        "sampling": defaults(),
        "seed": options.seed,
        "device": runtime.backend().status()["device"],
        "torch": str(torch.__version__),
    }
    return {key: tidy(value) for key, value in figures.items()}


# -- how well unseen poems are predicted ------------------------------------------------------------


def predict(
    name: str, corpus: Corpus, vocabulary: Vocabulary, options: Options, notes: dict[str, str]
) -> dict[str, Any]:
    """Reconstruction and costs per character, the 4-gram's beside the model's."""
    module = hub.load(name).to(options.device or runtime.choose_device())
    model = cast(PoemModel, module)
    index = FORMS.index(corpus.form)
    tokens = corpus.tokens(vocabulary)
    options.report("reconstruction and evidence lower bound")
    seen = likelihood(model, tokens, index, seed=options.seed)
    size = min(IWAE_POEMS, len(tokens))
    some = torch.linspace(0, len(tokens) - 1, size).round().long()
    options.report(f"importance bound of {size} poems with {IWAE_SAMPLES} samples each")
    bound = importance_bound(model, tokens[some], index, samples=IWAE_SAMPLES, seed=options.seed)
    subset = likelihood(model, tokens[some], index, samples=10, seed=options.seed)
    fourgram = fourgram_costs(corpus, vocabulary, options, notes)
    options.report("rate and distortion")
    curve = rate_distortion(model, tokens[some], index, seed=options.seed)
    return {
        "rate_distortion": curve,
        "reconstruction_char_accuracy": seen.accuracy,
        "elbo_nats_per_char": -seen.elbo,
        "iwae_nats_per_char": -bound,
        "iwae_poems": size,
        "iwae_samples": IWAE_SAMPLES,
        "fourgram_nats_per_char": None if fourgram is None else float(fourgram.mean()),
        "same_poems": {
            "elbo_nats_per_char": -subset.elbo,
            "iwae_nats_per_char": -bound,
            "fourgram_nats_per_char": (
                None if fourgram is None else float(fourgram[some.numpy()].mean())
            ),
        },
        "reconstruction_nats": seen.reconstruction,
        "kl_nats": seen.kl,
        "active_units": seen.active_units,
        "latent_units": len(seen.mean_variance),
    }


def fourgram_costs(
    corpus: Corpus, vocabulary: Vocabulary, options: Options, notes: dict[str, str]
) -> NDArray[np.float64] | None:
    """Nats per character of each poem under a 4-gram model, `(poems,)`.

    The model learns from `--train`, else from the training files beside the data, all forms of them.
    """
    files = options.train or training_files(options.data.parent)
    if not files:
        notes["fourgram_nats_per_char"] = (
            f"no training file in {options.data.parent}; give one with --train"
        )
        return None
    if options.data.resolve() in [path.resolve() for path in files]:
        notes["fourgram_nats_per_char"] = "the 4-gram model has learned from the data itself"
    options.report(f"4-gram model of {', '.join(path.name for path in files)}")
    model = NGram(4, len(vocabulary))
    windows = []
    for path in files:
        learned = read_corpus(path, vocabulary)
        texts = learned.tokens(vocabulary).numpy().astype(np.int64)
        windows.append(model.windows([texts], learned.form.width))
    model.fit(np.concatenate(windows))
    tokens = corpus.tokens(vocabulary).numpy().astype(np.int64)
    log_prob = model.log_prob(model.windows([tokens], corpus.form.width))
    costs: NDArray[np.float64] = -log_prob.reshape(corpus.form.length, len(tokens)).mean(axis=0)
    return costs


def training_files(folder: Path) -> tuple[Path, ...]:
    """The training files of all forms in a folder of the usual names, those that exist."""
    paths = [folder / f"{stem}.train.jsonl.xz" for stem in POEM_FILES.values()]
    return tuple(path for path in paths if path.is_file())


# -- what the model writes --------------------------------------------------------------------------


def write(
    name: str, corpus: Corpus, options: Options, notes: dict[str, str]
) -> dict[str, float | None]:
    """Rates of poems drawn from the prior and of the data."""
    form = corpus.form
    samples = draw(name, form, options, "at the defaults")
    figures = rates(samples, form)
    wide = rates(draw(name, form, options, "at spread 1", spread=1.0), form)
    raw = rates(draw(name, form, options, "with repeats allowed", no_repeat=False), form)
    figures |= {f"{key}_spread1": value for key, value in wide.items()}
    figures |= {f"raw_{key}": raw[key] for key in ("repeat_rate", "repeat_rate_without_doubling")}
    figures |= {f"{key}_corpus": value for key, value in rates(corpus.poems, form).items()}
    if form.lines < 4:
        notes["rhyme_compliance"] = "a couplet has one rhyming line only"
    if options.train:
        options.report("near copies")
        known = [couplet for path in options.train for couplet in couplets_of(path)]
        figures["near_copy_rate"] = near_copy_rate(samples, known)
        figures["near_copy_rate_corpus"] = near_copy_rate(corpus.poems, known)
    else:
        figures["near_copy_rate"] = figures["near_copy_rate_corpus"] = None
        notes["near_copy_rate"] = "give the training poems with --train FILE ..."
    return figures


def draw(
    name: str, form: Form, options: Options, how: str, **settings: float | bool
) -> list[Lines]:
    """Poems from the prior; request `i` has the seed `--seed + i`."""
    options.report(f"{options.samples} poems {how}")
    poems: list[Lines] = []
    for request, start in enumerate(range(0, options.samples, MAX_POEMS)):
        count = min(MAX_POEMS, options.samples - start)
        made = compose(
            name,
            form=form.name,
            count=count,
            seed=options.seed + request,
            **settings,  # type: ignore[arg-type]
        )
        poems += [tuple(poem.lines) for poem in made.poems]
    return poems


def defaults() -> dict[str, float | bool]:
    """How `compose` writes when nothing is said: spread and decoding."""
    parameters = inspect.signature(compose).parameters
    return {key: parameters[key].default for key in ("spread", "temperature", "top_p", "no_repeat")}


def rates(poems: Sequence[Lines], form: Form) -> dict[str, float | None]:
    """Shares of poems with repeats, right tones, rhyme; and of poems that are different ones.

    A repeat is any character that stands twice; `_without_doubling` leaves out those doubled on the
    spot (悠悠). `_with_licence` also takes the turn that Tang poets allowed themselves (特拗).
    """

    def share(flags: Sequence[bool]) -> float:
        return sum(flags) / len(flags)

    rhymes = form.lines == 4
    return {
        "repeat_rate": share([prosody.has_repeat(p, reduplication_ok=False) for p in poems]),
        "repeat_rate_without_doubling": share([prosody.has_repeat(p) for p in poems]),
        "tone_compliance": share([prosody.tone_ok(p) for p in poems]),
        "tone_compliance_with_licence": share([prosody.tone_ok(p, licence=True) for p in poems]),
        "rhyme_compliance": share([prosody.rhyme_ok(p) for p in poems]) if rhymes else None,
        "distinct_rate": len(set(poems)) / len(poems),
    }


def near_copy_rate(poems: Sequence[Lines], known: Sequence[str]) -> float:
    """Share of poems with a couplet that is within two edits of a known one."""
    cut = [couplets(poem) for poem in poems]
    copies = iter(near_copies([couplet for parts in cut for couplet in parts], known, EDITS))
    near = [[next(copies) is not None for _ in parts] for parts in cut]
    return sum(map(any, near)) / len(poems)


def couplets(poem: Lines) -> list[str]:
    """Lines 1 and 2, 3 and 4, joined."""
    return [poem[i] + poem[i + 1] for i in range(0, len(poem), 2)]


# -- reading ----------------------------------------------------------------------------------------


def read_corpus(path: Path, vocabulary: Vocabulary, limit: int | None = None) -> Corpus:
    """Poems of a file, whose form shows in the length of its lines; at most `limit` of them.

    Raises `ValueError` for lines that are none of the four forms, for several forms in one file and
    when no poem is left.
    """
    form: Form | None = None
    poems: list[Lines] = []
    left_out = 0
    for number, lines in enumerate(read_lines(path), 1):
        shape = form_of(lines)
        if shape is None or (form is not None and shape is not form):
            wanted = form.name if form else "couplets or quatrains of 5 or 7 characters a line"
            raise ValueError(
                f"{path.name}, poem {number}: lines of {[len(line) for line in lines]} characters; "
                f"expected {wanted}, one form in a file"
            )
        form = shape
        if vocabulary.unknown("".join(lines)):
            left_out += 1
        else:
            poems.append(lines)
        if len(poems) == limit:
            break
    if form is None or not poems:
        raise ValueError(f"{path.name} has no poems that the model's vocabulary can spell")
    return Corpus(form, poems, left_out)


def couplets_of(path: Path) -> list[str]:
    """All couplets of a file; quatrains are cut in two."""
    return [couplet for lines in read_lines(path) for couplet in couplets(lines)]


def read_lines(path: Path) -> list[Lines]:
    """The lines of every poem; `ValueError` names the file when it is not one of poems."""
    try:
        return [tuple(map(str, row["lines"])) for row in read_jsonl(path)]
    except (ValueError, KeyError, TypeError, EOFError, LZMAError) as error:
        raise ValueError(
            f'{path.name} is not a file of poems, one {{"lines": [...]}} a line: {error!r}'
        ) from error


def form_of(lines: Lines) -> Form | None:
    """The form with these numbers of lines and characters."""
    lengths = [len(line) for line in lines]
    return next((form for form in FORMS if lengths == [form.width] * form.lines), None)


def tidy(value: Any) -> Any:
    """Numbers with six digits, enough for every figure here."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: tidy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [tidy(item) for item in value]
    return value


BENCHMARK = Benchmark(names=MODELS, measure=measure)
