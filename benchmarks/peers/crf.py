"""Our CRF against `pytorch-crf` on the same random scores: paths, likelihoods, milliseconds.

Both sides are timed in turn within one run, so that a busy machine slows both; the ratio is the
median of the ratios of neighbouring runs. Ragged rows have lengths between half and full.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks.peers import Options
from core.models.chain import Chain

SHAPES = ((64, 128, 9), (32, 512, 31))  # batch, time, tags
REPEATS = 15


def run(options: Options) -> dict[str, Any]:
    """Figures for every shape, with full rows and with ragged ones, under `BATCHxTIMExTAGS`.

    Raises `ModuleNotFoundError` with the command that helps where `pytorch-crf` is missing.
    """
    try:
        import torchcrf
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the comparison needs pytorch-crf: pip install -r requirements-peers.txt"
        ) from error
    figures: dict[str, Any] = {"threads": torch.get_num_threads(), "torch": torch.__version__}
    for batch, length, tags in SHAPES:
        for ragged in (False, True):
            name = f"{batch}x{length}x{tags}" + ("_ragged" if ragged else "")
            peer = torchcrf.CRF(tags, batch_first=True)
            figures[name] = compare(peer, batch, length, tags, ragged)
    return figures


def compare(peer: Any, batch: int, length: int, tags: int, ragged: bool) -> dict[str, Any]:
    """Differences and speeds on one shape; `peer` is a `torchcrf.CRF` and lends its transitions."""
    generator = torch.Generator().manual_seed(0)
    emissions = torch.randn(batch, length, tags, generator=generator)
    gold = torch.randint(tags, (batch, length), generator=generator)
    lengths = torch.full((batch,), length)
    if ragged:
        lengths = torch.randint(length // 2, length + 1, (batch,), generator=generator)
        lengths[0] = length
    mask = torch.arange(length) < lengths.unsqueeze(1)

    def chain(scores: Tensor) -> Chain:
        return Chain.of(
            scores, peer.transitions, mask, peer.start_transitions, peer.end_transitions
        )

    def decode() -> list[list[int]]:
        with torch.no_grad():
            paths = chain(emissions).viterbi().tags.tolist()
        return [path[:n] for path, n in zip(paths, lengths.tolist(), strict=True)]

    def decode_peer() -> list[list[int]]:
        with torch.no_grad():
            return peer.decode(emissions, mask)  # type: ignore[no-any-return]

    def train() -> None:
        scores = emissions.clone().requires_grad_()
        chain(scores).log_likelihood(gold).sum().backward()

    def train_peer() -> None:
        scores = emissions.clone().requires_grad_()
        peer(scores, gold, mask, reduction="sum").backward()

    with torch.no_grad():
        ours = chain(emissions).log_likelihood(gold)
        theirs = peer(emissions, gold, mask, reduction="none")
        log_z = chain(emissions).log_partition()
        log_z_peer = peer._compute_normalizer(emissions.transpose(0, 1), mask.transpose(0, 1))
    return {
        "identical_paths": decode() == decode_peer(),
        "likelihood_difference_per_nat": _relative(ours, theirs),
        "log_partition_difference_per_nat": _relative(log_z, log_z_peer),
        "decode": _race(decode, decode_peer),
        "likelihood_and_gradient": _race(train, train_peer),
    }


def _relative(ours: Tensor, theirs: Tensor) -> float:
    return float(((ours - theirs).abs() / theirs.abs()).max())


def _race(ours: Callable[[], object], theirs: Callable[[], object]) -> dict[str, float]:
    ours(), theirs()
    pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(REPEATS)]
    return {
        "ms": round(1e3 * statistics.median(a for a, _ in pairs), 3),
        "pytorch_crf_ms": round(1e3 * statistics.median(b for _, b in pairs), 3),
        "times_faster": round(statistics.median(b / a for a, b in pairs), 2),
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
