"""`poem-vae-2018`: the post's model on five-character couplets, KL weight 1, nothing else.

The author trained 100 epochs on a file he never published; our corpus is larger, so fewer epochs give
more steps than he took. Two CPU cores need about half an hour.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.quality.poem_likelihood import likelihood
from benchmarks.readers import poem_tensor, read_poems, read_vocabulary
from core.models.poem_vae_2018 import PoemVAE2018, PoemVAE2018Config
from core.text.forms import COUPLET5, QUATRAIN5
from train.recipe import Batch, Card, Logs, Recipe, shuffled


@dataclass(kw_only=True)
class PoemVAE2018Recipe(Recipe):
    """The post's numbers: Adam at its default rate, batches of 64."""

    name = "poem-vae-2018"
    model_class = PoemVAE2018

    steps: int = 60_000  # 15 epochs of 255 thousand couplets
    warmup: int = 1
    gradient_clip: float | None = None
    evaluate_every: int = 5000

    def prepare(self) -> None:
        """Couplets of regulated verse, and quatrains cut in two."""
        assert self.data is not None
        folder = self.data / "poems"
        self.vocabulary = read_vocabulary(folder)
        limit = 500 if self.smoke else None
        couplets = read_poems(folder, "train", COUPLET5, limit)
        for poem in read_poems(folder, "train", QUATRAIN5, limit):
            couplets += [poem[:10], poem[10:]]
        self.train = poem_tensor(couplets, self.vocabulary)
        self.dev = poem_tensor(read_poems(folder, "dev", COUPLET5, limit), self.vocabulary)

    def build(self) -> nn.Module:
        """The post's sizes; the vocabulary is the corpus's."""
        return PoemVAE2018(PoemVAE2018Config(vocab_size=len(self.vocabulary)))

    def batch(self, step: int) -> Batch:
        """64 couplets."""
        rows = shuffled(len(self.train), self.batch_size, step, self.seed)
        return {"tokens": self.train[rows].long()}

    def loss(self, model: Any, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """Negative ELBO per couplet, in nats."""
        tokens = batch["tokens"]
        posterior = model.encode(tokens)
        z = posterior.sample(torch.randn_like(posterior.mean))
        logits = model.decode(z).flatten(0, 1)
        reconstruction = F.cross_entropy(logits, tokens.flatten(), reduction="sum") / len(tokens)
        kl = posterior.kl().sum() / len(tokens)
        return reconstruction + kl, {"reconstruction": reconstruction, "kl": kl}

    def evaluate(self, model: Any) -> Logs:
        """On the dev couplets."""
        seen = likelihood(model, self.dev, form=0)
        return {
            "score": seen.elbo,
            "reconstruction_char_accuracy": seen.accuracy,
            "elbo_nats_per_char": -seen.elbo,
            "kl_nats": seen.kl,
            "active_units": seen.active_units,
        }

    def golden_inputs(self) -> dict[str, Tensor]:
        """Four dev couplets."""
        return {"input.tokens": self.dev[:4].long()}

    def files(self, folder: Path) -> None:
        """The vocabulary."""
        (folder / "vocab.json").write_text(self.vocabulary.to_json(), encoding="utf-8")

    def card(self) -> Card:
        """Facts for the model card."""
        return {
            "title": "Poem VAE (2018)",
            "title_zh": "诗歌 VAE（2018 原版）",
            "summary": "The post's model as it is: ten characters decoded in parallel from 64 "
            "Gaussian numbers.",
            "summary_zh": "原文的模型，原样训练：64 个高斯随机数并行解码出十个字。",
            "post": {"title": "变分自编码器：随机成诗", "url": "https://kexue.fm/archives/5332"},
            "licence": "mit",
            "tags": ["vae", "poetry", "chinese"],
            "data": [
                {
                    "name": "chinese-poetry: five-character couplets, quatrains cut in two (train)",
                    "source": "github.com/chinese-poetry/chinese-poetry 99ebbef",
                    "licence": "MIT; the poems are in the public domain",
                }
            ],
            "metrics": [
                {"figure": figure, "label": label, "author": None}
                for figure, label in (
                    ("reconstruction_char_accuracy", "重构字准确率 reconstruction, characters"),
                    (
                        "elbo_nats_per_char",
                        "−ELBO（nats/字，越低越好 per character, lower is better）",
                    ),
                    ("kl_nats", "KL（nats/联）"),
                    ("active_units", "活跃维数 active latent units"),
                )
            ],
            "limits": [
                "The mean pool makes the code nearly blind to order.",
                "Every position chooses alone, so characters repeat.",
                "With KL weight 1 most of the 64 dimensions stay unused.",
            ],
            "measure": "python -m benchmarks quality poem-vae-2018 --data couplets5.dev.jsonl.xz "
            "--train couplets5.train.jsonl.xz",
        }


RECIPE = PoemVAE2018Recipe
