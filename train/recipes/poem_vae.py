"""`poem-vae`: themes and local codes, couplets and quatrains of five and seven characters."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.quality.poem_likelihood import likelihood
from benchmarks.readers import poem_tensor, read_poems, read_vocabulary
from core.models.poem_vae import PoemVAE, PoemVAEConfig
from core.text.forms import COUPLET5, FORMS
from train.recipe import Batch, Logs, Recipe, shuffled


@dataclass(kw_only=True)
class PoemVAERecipe(Recipe):
    """Numbers with their reasons."""

    name = "poem-vae"
    model_class = PoemVAE

    steps: int = 20_000
    batch_size: int = 2560  # characters, so that every form costs the same
    learning_rate: float = 1e-3
    warmup: int = 300
    cooldown: float = 0.25
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    ema: float | None = 0.999
    evaluate_every: int = 1000
    mixed_precision: str = "bf16"

    theme: int = 24
    local: int = 4
    width: int = 256
    encoder_layers: int = 2
    decoder_layers: int = 4
    beta: float = 0.9  # a little below 1, so that the code stays in use
    beta_steps: int = 2000  # the KL weight rises to beta over these steps
    theme_bits: float = 0.25  # free nats of each theme dimension
    word_dropout: float = 0.1
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
                theme=self.theme,
                local=self.local,
                width=self.width,
                encoder_layers=self.encoder_layers,
                decoder_layers=self.decoder_layers,
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

    def loss(self, model: nn.Module, batch: Batch, step: int) -> tuple[Tensor, Batch]:
        """Negative beta-ELBO per character, in nats, with free nats for the theme."""
        tokens, form = batch["tokens"], int(batch["form"])
        posterior = model.encode(tokens, form)
        mean, log_var = posterior.mean.float(), posterior.log_var.float()
        posterior = type(posterior)(mean, log_var)
        z = posterior.sample(torch.randn_like(mean))
        hidden = torch.rand(tokens.shape, device=tokens.device) < self.word_dropout
        logits = model.logits(z, tokens, form, hidden)
        reconstruction = F.cross_entropy(logits.flatten(0, 1), tokens.flatten())
        kl = posterior.kl().mean(dim=0)  # per dimension
        theme, local = kl[: self.theme], kl[self.theme :]
        length = tokens.shape[1]
        beta = self.beta * min(1.0, (step + 1) / self.beta_steps)
        penalty = theme.clamp_min(self.theme_bits).sum() + local.sum()
        loss = reconstruction + beta * penalty / length
        return loss, {
            "reconstruction": reconstruction,
            "kl": kl.sum() / length,
            "theme": theme.sum(),
            "beta": torch.tensor(beta),
        }

    def evaluate(self, model: nn.Module) -> Logs:
        """On the dev poems of every form."""
        figures: Logs = {}
        for index, tokens in self.dev.items():
            seen = likelihood(model, tokens, index)
            prefix = "" if FORMS[index] is COUPLET5 else f"{FORMS[index].name}_"
            figures |= {
                f"{prefix}reconstruction_char_accuracy": seen.accuracy,
                f"{prefix}elbo_nats_per_char": seen.elbo,
                f"{prefix}kl_nats": seen.kl,
                f"{prefix}theme_nats": float(seen.kl_per_dimension[: self.theme].sum()),
                f"{prefix}active_units": seen.active_units,
            }
        figures["score"] = figures["elbo_nats_per_char"]
        return figures

    def golden(self, model: nn.Module) -> dict[str, Tensor]:
        """Posterior and logits of two dev poems of every form."""
        tensors = {}
        for index, poems in self.dev.items():
            tokens = poems[:2].long()
            posterior = model.encode(tokens, index)
            logits = model.logits(posterior.mean, tokens, index)
            tensors |= {
                f"tokens_{index}": tokens,
                f"mean_{index}": posterior.mean,
                f"logits_{index}": logits[:, :, :64].contiguous(),
            }
        return tensors

    def files(self, folder: Path) -> None:
        """The vocabulary."""
        (folder / "vocab.json").write_text(self.vocabulary.to_json(), encoding="utf-8")

    def card(self) -> dict[str, Any]:
        """Facts for the model card."""
        return {}


RECIPE = PoemVAERecipe
