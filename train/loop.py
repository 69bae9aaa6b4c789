"""The one training loop: Accelerate for devices and precision, EMA, checkpoints, a JSON log."""

import json
import math
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TextIO

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor, nn
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


class Interruption:
    """Ctrl-C waits for the end of the step, so that a checkpoint never holds half of one.

    A second Ctrl-C acts at once. Outside the main thread, which alone may handle signals, nothing
    changes.
    """

    def __init__(self) -> None:
        self.seen = False

    def __enter__(self) -> "Interruption":
        self._usual = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *details: object) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._usual)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.seen = True
        signal.signal(signal.SIGINT, self._usual)


def run_folder(recipe: Recipe) -> Path:
    """Where checkpoints and the log of a recipe lie; a smoke run has a folder of its own."""
    return RUNS / (f"{recipe.name}-smoke" if recipe.smoke else recipe.name)


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
    how far the run has come. `resume` continues the newest checkpoint of `runs/NAME`, with the same
    result as if nothing had happened. Ctrl-C finishes the step, saves, and raises
    `KeyboardInterrupt`.
    """
    torch.set_flush_denormal(True)  # denormals in softmax gradients slow a CPU four times
    accelerator = Accelerator(mixed_precision=recipe.mixed_precision, cpu=cpu)
    set_seed(recipe.seed)
    recipe.prepare()
    recipe.place(accelerator.device)
    model = recipe.build()
    optimizer = recipe.optimizer(model)
    ema = None
    if recipe.ema is not None:
        ema = AveragedModel(model, multi_avg_fn=_average(recipe.ema), use_buffers=True)
        ema.to(accelerator.device)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, recipe.rate)
    model, optimizer = accelerator.prepare(model, optimizer)
    progress = Progress()
    for item in (progress, scheduler, *([ema] if ema else [])):
        accelerator.register_for_checkpointing(item)

    folder = run_folder(recipe)
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
    with Interruption() as interruption:
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
                seen = {"loss": loss, **logs}
                numbers = {key: float(value.detach()) for key, value in seen.items()}
                if not math.isfinite(numbers["loss"]):
                    raise FloatingPointError(f"loss {numbers['loss']} at step {progress.step}")
                _write(log, progress, numbers)
                first = list(numbers.items())[:5]
                bar.set_postfix({key: f"{value:.3g}" for key, value in first}, refresh=False)
            bar.update()
            out_of_time = minutes is not None and time.monotonic() - started > 60 * minutes
            stop = _any(out_of_time or interruption.seen, accelerator)
            if progress.step % recipe.evaluate_every == 0 and not stop:
                evaluated = time.monotonic()
                figures = _evaluate(recipe, shipped())
                _write(log, progress, {f"dev_{key}": value for key, value in figures.items()})
                bar.write(f"step {progress.step}: " + _words(figures))
                started += time.monotonic() - evaluated  # this is not training time
            if stop:
                break
            if time.monotonic() - saved > 300:
                save()
                saved = time.monotonic()
        save()
    bar.close()
    log.close()
    if interruption.seen:
        raise KeyboardInterrupt
    _finish(recipe, shipped())
    return shipped().cpu().eval(), progress


Tensors = tuple[Tensor, ...] | list[Tensor]


def _average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """The moving average of numbers; integers (counts, hashes) have no average and are copied."""
    average = get_ema_multi_avg_fn(decay)

    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        if averaged[0].is_floating_point():  # a group is of one type
            average(averaged, current, count)
        else:
            for old, new in zip(averaged, current, strict=True):
                old.copy_(new)

    return update


def _evaluate(recipe: Recipe, model: nn.Module) -> dict[str, float]:
    """The recipe's figures; what they draw at random changes nothing about the training."""
    with _apart(model):
        recipe.finish(model)
        return recipe.evaluate(model)


def _finish(recipe: Recipe, model: nn.Module) -> None:
    """The recipe's last touch, before the weights are shipped."""
    with _apart(model):
        recipe.finish(model)


@contextmanager
def _apart(model: nn.Module) -> Iterator[None]:
    """Eval mode, no gradients, and random numbers that the training does not miss."""
    model.eval()
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.no_grad(), torch.random.fork_rng(devices=devices):
        yield


def _share(batch: Batch, accelerator: Accelerator) -> Batch:
    """This process's rows of a batch, on its device."""
    rank, world = accelerator.process_index, accelerator.num_processes
    return {
        key: (value[rank::world] if value.dim() else value).to(accelerator.device)
        for key, value in batch.items()
    }


def _any(flag: bool, accelerator: Accelerator) -> bool:
    """Whether the flag is set in any process, so that all of them stop at the same step."""
    if accelerator.num_processes == 1:
        return flag
    if flag:
        accelerator.set_trigger()
    return bool(accelerator.check_trigger())


def _write(log: TextIO, progress: Progress, numbers: dict[str, float]) -> None:
    rounded = {key: float(f"{value:.6g}") for key, value in numbers.items()}
    log.write(json.dumps({"step": progress.step, "seconds": round(progress.seconds), **rounded}))
    log.write("\n")
    log.flush()


def _words(figures: dict[str, float]) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in figures.items())
