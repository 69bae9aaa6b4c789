"""`poem-vae`: themes and local codes, couplets and quatrains of five and seven characters.

First the decoder alone learns the language, then the code is switched on. Without the first lesson the
code learns every character before the decoder knows what is likely: at equal time it ended two nats
per character worse.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.quality.poem_likelihood import likelihood
from benchmarks.readers import poem_tensor, read_poems, read_vocabulary
from core.models.poem_vae import PoemVAE, PoemVAEConfig
from core.nn import standard_normal_log_prob
from core.text.forms import COUPLET5, FORMS
from core.text.novelty import NoveltyFilter
from train.recipe import Batch, Card, Logs, Recipe, shuffled


@dataclass(kw_only=True)
class PoemVAERecipe(Recipe):
    """Numbers with their reasons."""

    name = "poem-vae"
    model_class = PoemVAE
    eight_bits = ("",)  # every matrix: the evidence lower bound changes in the fourth decimal

    steps: int = 7200
    batch_size: int = 2560  # characters, so that every form costs the same
    learning_rate: float = 1.5e-3
    warmup: int = 400
    cooldown: float = 0.33
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    ema: float | None = 0.998
    evaluate_every: int = 1000
    mixed_precision: str = "bf16"

    width: int = 192
    encoder_layers: int = 2
    body_layers: int = 3
    head_layers: int = 2
    theme: int = 16
    local: int = 8
    language_steps: int = 2200  # first lesson: the decoder alone learns the language
    beta: float = 0.7  # weight of the KL; below 1, so that codes say enough to reconstruct from
    beta_steps: int = 400  # it rises over these steps, or a decoder that knows the language never
    # looks at the code (at full weight from the first step the KL falls to a quarter nat)
    theme_nats: float = 2.0  # the theme may say this much for free, or nobody would use it
    word_dropout: float = 0.1  # what the decoder cannot see it has to take from the code
    forms: tuple[int, ...] = (0, 1, 2, 3)

    def prepare(self) -> None:
        """All four forms; the forms of a batch take turns in proportion to their characters."""
        assert self.data is not None
        folder = self.data / "poems"
        self.vocabulary = read_vocabulary(folder)
        limit = 300 if self.smoke else None
        self.train, self.dev = {}, {}
        for index in self.forms:
            form = FORMS[index]
            verses = read_poems(folder, "train", form, limit)
            self.train[index] = poem_tensor(verses, self.vocabulary)
            self.dev[index] = poem_tensor(read_poems(folder, "dev", form, 1000), self.vocabulary)
        weights = torch.tensor([float(self.train[i].numel()) for i in self.forms])
        generator = torch.Generator().manual_seed(self.seed)
        self.turns = torch.multinomial(weights, self.steps, replacement=True, generator=generator)
        self.counts = F.one_hot(self.turns, len(self.forms)).cumsum(0) - 1

    def build(self) -> nn.Module:
        """The shipped sizes."""
        return PoemVAE(
            PoemVAEConfig(
                vocab_size=len(self.vocabulary),
                width=self.width,
                encoder_layers=self.encoder_layers,
                body_layers=self.body_layers,
                head_layers=self.head_layers,
                theme=self.theme,
                local=self.local,
            )
        )

    def batch(self, step: int) -> Batch:
        """Poems of one form."""
        turn = int(self.turns[step])
        index = self.forms[turn]
        poems = self.train[index]
        rows = shuffled(
            len(poems),
            self.batch_size // poems.shape[1],
            int(self.counts[step, turn]),
            self.seed + index,
        )
        return {"tokens": poems[rows].long(), "form": torch.tensor(index)}

    def loss(self, model: Any, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """Negative beta-ELBO per character, in nats; cross-entropy alone in the first lesson."""
        tokens, form = batch["tokens"], int(batch["form"])
        length = tokens.shape[1]
        if step < self.language_steps:
            logits = model.language(tokens, form)
            loss = F.cross_entropy(logits.flatten(0, 1), tokens.flatten())
            return loss, {"language": loss}
        posterior = model.encode(tokens, form)
        z = posterior.sample(torch.randn_like(posterior.mean))
        hidden = torch.rand(tokens.shape, device=tokens.device) < self.word_dropout
        terms = model.terms(z, tokens, form, hidden)
        reconstruction = F.cross_entropy(terms.logits.flatten(0, 1), tokens.flatten())
        difference = posterior.log_prob(z) - standard_normal_log_prob(terms.noise)
        theme = (difference[:, : self.theme].sum(dim=1) - terms.log_det[:, 0]).mean()
        local = (difference[:, self.theme :].sum(dim=1) - terms.log_det[:, 1:].sum(dim=1)).mean()
        penalty = theme.clamp_min(self.theme_nats) + local
        beta = self.beta * min(1.0, (step + 1 - self.language_steps) / self.beta_steps)
        return reconstruction + beta * penalty / length, {
            "reconstruction": reconstruction,
            "kl": (theme + local) / length,
            "theme": theme,
        }

    def evaluate(self, model: Any) -> Logs:
        """On the dev poems of every form."""
        figures: Logs = {}
        for index, tokens in self.dev.items():
            seen = likelihood(model, tokens, index)
            prefix = "" if FORMS[index] is COUPLET5 else f"{FORMS[index].name}_"
            figures |= {
                f"{prefix}reconstruction_char_accuracy": seen.accuracy,
                f"{prefix}elbo_nats_per_char": -seen.elbo,
                f"{prefix}kl_nats": seen.kl,
                f"{prefix}active_units": seen.active_units,
            }
        figures["score"] = -figures["elbo_nats_per_char"]
        return figures

    def golden_inputs(self) -> dict[str, Tensor]:
        """Two dev poems of every form."""
        return {f"input.tokens.{form}": poems[:2].long() for form, poems in self.dev.items()}

    def shrink(self) -> None:
        """A few steps of a small model; a batch still holds several poems of every form."""
        super().shrink()
        self.batch_size = 8 * max(form.length for form in FORMS)
        self.width, self.encoder_layers, self.body_layers, self.head_layers = 32, 1, 1, 1
        self.language_steps = 2

    def files(self, folder: Path) -> None:
        """The vocabulary, and hashed runs of the corpus that tell what is new in a poem."""
        (folder / "vocab.json").write_text(self.vocabulary.to_json(), encoding="utf-8")
        poems = (
            FORMS[form].split(self.vocabulary.decode(row))
            for form, tokens in self.train.items()
            for row in tokens.tolist()
        )
        NoveltyFilter.build(poems).save(folder / "novelty.safetensors")

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "Poem VAE (new)",
            "title_zh": "诗歌 VAE（新版）",
            "summary": "Couplets and quatrains of five and seven characters from Gaussian numbers: "
            "a theme and a few numbers per character, decoded in reading order.",
            "summary_zh": "由高斯随机数生成五言、七言的对联与绝句：一个主题加每字几个数，按阅读顺序解码。",
            "post": {"title": "变分自编码器：随机成诗", "url": "https://kexue.fm/archives/5332"},
            "licence": "mit",
            "tags": ["vae", "poetry", "chinese"],
            "data": [
                {
                    "name": "chinese-poetry: couplets of regulated verse, quatrains (train part)",
                    "source": "github.com/chinese-poetry/chinese-poetry 99ebbef",
                    "licence": "MIT; the poems are in the public domain",
                }
            ],
            "metrics": [
                {"figure": figure, "label": label, "author": None}
                for figure, label in (
                    (
                        "reconstruction_char_accuracy",
                        "五言联重构字准确率 reconstruction, couplets of 5",
                    ),
                    (
                        "elbo_nats_per_char",
                        "−ELBO（nats/字，越低越好 lower is better）couplets of 5",
                    ),
                    ("couplet7_reconstruction_char_accuracy", "七言联重构 couplets of 7"),
                    ("couplet7_elbo_nats_per_char", "−ELBO 七言联 couplets of 7"),
                    ("quatrain5_reconstruction_char_accuracy", "五绝重构 quatrains of 5"),
                    ("quatrain5_elbo_nats_per_char", "−ELBO 五绝 quatrains of 5"),
                    ("quatrain7_reconstruction_char_accuracy", "七绝重构 quatrains of 7"),
                    ("quatrain7_elbo_nats_per_char", "−ELBO 七绝 quatrains of 7"),
                    ("active_units", "活跃维数 active latent units"),
                )
            ],
            "departures": [
                "An autoregressive decoder, so that characters do not repeat by accident.",
                "A theme code and one code per character instead of one code for all.",
                "The prior is a conditional flow over standard normal numbers.",
                "KL weight below 1 and word dropout, so that the code is used.",
            ],
            "limits": [
                "Simplified characters, the 8,000 most frequent of the corpus.",
                "It imitates the surface of Tang and Song verse; sense across lines is accidental.",
            ],
            "measure": "python -m benchmarks quality poem-vae --data couplets5.dev.jsonl.xz "
            "--train couplets5.train.jsonl.xz",
        }


RECIPE = PoemVAERecipe
