"""The one training loop: Accelerate for devices and precision, EMA, checkpoints, a log in JSON lines."""

import json
import math
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from train.recipe import Batch, Recipe

RUNS = Path("runs")  # checkpoints and logs; ignored by git


@dataclass
class Progress:
    """Where a run stands; saved with every checkpoint."""

    step: int = 0
    seconds: float = 0.0

    def state_dict(self) -> dict[str, float]:
        """Plain numbers for the checkpoint."""
        return {"step": self.step, "seconds": self.seconds}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Continue from a checkpoint."""
        self.step, self.seconds = int(state["step"]), float(state["seconds"])


def fit(
    recipe: Recipe,
    *,
    minutes: float | None = None,
    resume: bool = False,
    cpu: bool = False,
    quiet: bool = False,
) -> tuple[nn.Module, Progress]:
    """Train until the recipe's steps or the minutes are used up, whichever comes first.

    Returns the weights to ship (averaged when the recipe asks for it, in eval mode, on the CPU) and
    how far the run has come. `resume` continues the newest checkpoint of `runs/NAME`.
    """
    torch.set_flush_denormal(True)  # denormals in softmax gradients slow a CPU four times
    accelerator = Accelerator(mixed_precision=recipe.mixed_precision, cpu=cpu)
    set_seed(recipe.seed)
    recipe.prepare()
    model = recipe.build()
    optimizer = recipe.optimizer(model)
    ema = None
    if recipe.ema is not None:
        ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema), use_buffers=True)
        ema.to(accelerator.device)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, recipe.rate)
    model, optimizer = accelerator.prepare(model, optimizer)
    progress = Progress()
    for item in (progress, scheduler, *([ema] if ema else [])):
        accelerator.register_for_checkpointing(item)

    folder = RUNS / recipe.name
    if resume and (folder / "checkpoint").is_dir():
        accelerator.load_state(str(folder / "checkpoint"))
    elif accelerator.is_main_process:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)

    def save() -> None:
        new = folder / "checkpoint.new"
        accelerator.save_state(str(new))
        if accelerator.is_main_process:  # an interruption while writing must not cost the old one
            shutil.rmtree(folder / "checkpoint", ignore_errors=True)
            new.rename(folder / "checkpoint")

    def shipped() -> nn.Module:
        return ema.module if ema else accelerator.unwrap_model(model)

    started, before = time.monotonic(), progress.seconds
    saved = evaluated = started
    log = (folder / "log.jsonl").open("a", encoding="utf-8")
    bar = tqdm(
        total=recipe.steps,
        initial=progress.step,
        disable=quiet or not accelerator.is_main_process,
        mininterval=5,
    )
    while progress.step < recipe.steps:
        batch = _share(recipe.batch(progress.step), accelerator)
        model.train()
        with accelerator.autocast():
            loss, logs = recipe.loss(model, batch, progress.step)
        accelerator.backward(loss)
        if recipe.gradient_clip is not None:
            norm = accelerator.clip_grad_norm_(model.parameters(), recipe.gradient_clip)
            logs["gradient_norm"] = norm
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()
        if ema:
            ema.update_parameters(accelerator.unwrap_model(model))
        progress.step += 1
        progress.seconds = before + time.monotonic() - started

        if progress.step % 50 == 0 or progress.step == 1:
            numbers = {key: float(value.detach()) for key, value in ({"loss": loss} | logs).items()}
            if not math.isfinite(numbers["loss"]):
                raise FloatingPointError(f"the loss is {numbers['loss']} at step {progress.step}")
            _write(log, progress, numbers)
            bar.set_postfix({k: f"{v:.3g}" for k, v in list(numbers.items())[:5]}, refresh=False)
        bar.update()
        out_of_time = minutes is not None and time.monotonic() - started > 60 * minutes
        if progress.step % recipe.evaluate_every == 0 and not out_of_time:
            evaluated = time.monotonic()
            figures = _evaluate(recipe, shipped())
            _write(log, progress, {f"dev_{key}": value for key, value in figures.items()})
            bar.write(f"step {progress.step}: " + _words(figures))
            started += time.monotonic() - evaluated  # evaluation does not count as training time
        if time.monotonic() - saved > 300 or out_of_time:
            save()
            saved = time.monotonic()
        if out_of_time:
            break
    save()
    bar.close()
    log.close()
    return shipped().cpu().eval(), progress


def _evaluate(recipe: Recipe, model: nn.Module) -> dict[str, float]:
    model.eval()
    with torch.no_grad():
        return recipe.evaluate(model)


def _share(batch: Batch, accelerator: Accelerator) -> Batch:
    """This process's rows of a batch, on its device."""
    rank, world = accelerator.process_index, accelerator.num_processes
    return {
        key: (value[rank::world] if value.dim() else value).to(accelerator.device)
        for key, value in batch.items()
    }


def _write(log, progress: Progress, numbers: dict[str, float]) -> None:  # type: ignore[no-untyped-def]
    rounded = {key: float(f"{value:.6g}") for key, value in numbers.items()}
    log.write(json.dumps({"step": progress.step, "seconds": round(progress.seconds), **rounded}))
    log.write("\n")
    log.flush()


def _words(figures: dict[str, float]) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
