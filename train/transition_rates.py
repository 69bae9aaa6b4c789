"""`python -m train.transition_rates --data DIR`: how fast should a CRF's transitions learn?

Post 7196's study with a small encoder. A trained encoder (that of `ner-msra`, as BERT there) gets a
new last layer and learns word segmentation at a small learning rate: once read by softmax, and by
CRFs whose transitions learn 1, 10, 100 and 1,000 times as fast as everything else. All five see the
same batches. What is kept is small: scores on sentences that were not learned, the transitions, and
how often the best path takes a step that no segmentation could take. Paths are decoded without any
constraint, so the transitions have to keep the order by themselves.

The result is `core/labs/transition_rates.json`, which `core.labs.transition_rates` reads.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.quality.tagging import score
from benchmarks.tagging_data import read_words
from core.labs import transition_rates
from core.models.crf import CRF
from core.models.tagger import Tagger
from core.text.characters import PADDING, encode_texts
from core.text.spans import normalise
from core.text.tags import segmentation_tags
from train.tagging import Examples
from train.transplant import Donor

DONOR = "ner-msra"
MULTIPLIERS = (None, 1.0, 10.0, 100.0, 1000.0)  # None is softmax
CHECKPOINTS = (0, 25, 50, 100, 200, 300, 400)
BATCH = 32
RATE = 1e-4  # of everything but the transitions
SEED = 7196


def main(arguments: list[str] | None = None) -> int:
    """Train the five and write the result."""
    parser = argparse.ArgumentParser(prog="python -m train.transition_rates", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=transition_rates.STORED)
    parser.add_argument("--sentences", type=int, default=400, help="of the dev part")
    parser.add_argument("--smoke", action="store_true", help="a few steps, to see that it runs")
    options = parser.parse_args(arguments)
    checkpoints = (0, 2) if options.smoke else CHECKPOINTS
    folder = options.data / "segmentation"
    train = read_words(folder / "pd1998.train.txt.xz", 300 if options.smoke else None)
    dev = read_words(folder / "pd1998.dev.txt.xz", options.sentences)
    donor = Donor.load(DONOR)
    tags = segmentation_tags()
    examples = Examples(train, tags, donor.vocabulary)
    runs = []
    for multiplier in MULTIPLIERS:
        started = time.monotonic()
        runs.append(_train(donor, examples, dev, multiplier, checkpoints))
        last = runs[-1]["stages"][-1]
        sys.stdout.write(
            f"multiplier {multiplier}: F1 {last['f1']:.4f}, illegal {last['illegal']:.4f}, "
            f"{time.monotonic() - started:.0f} s\n"
        )
        sys.stdout.flush()
    result = {
        "tags": list(tags.tags),
        "encoder": DONOR,
        "rate": RATE,
        "batch": BATCH,
        "sentences": len(dev),
        "runs": runs,
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8", newline="\n")
    return 0


def _train(
    donor: Donor,
    examples: Examples,
    dev: list[Any],
    multiplier: float | None,
    checkpoints: tuple[int, ...],
) -> dict[str, Any]:
    """One run: its figures and transitions at every checkpoint."""
    torch.manual_seed(SEED)
    tags = segmentation_tags()
    config = replace(
        donor.model.config,
        scheme=tags.scheme,
        types=tags.types,
        outside=tags.outside,
        side_tags=(),
        decoder="softmax" if multiplier is None else "crf",
        dropout=0.1,
        transition_multiplier=multiplier or 1.0,
    )
    model = Tagger(config)
    kept = {k: v for k, v in donor.model.state_dict().items() if k.startswith(("inputs.", "encod"))}
    missing, unknown = model.load_state_dict(kept, strict=False)
    assert not unknown and all(name.startswith(("project.", "head.")) for name in missing)
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    stages = []
    for step in range(checkpoints[-1] + 1):
        if step in checkpoints:
            stages.append({"step": step, **_look(model, donor, dev)})
        if step == checkpoints[-1]:
            break
        batch = examples.batch(examples.rows(BATCH, step, SEED))
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            loss = model.loss(batch["characters"], batch["tags"]).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return {"multiplier": multiplier, "stages": stages}


@torch.no_grad()
def _look(model: Tagger, donor: Donor, dev: list[Any]) -> dict[str, Any]:
    """F1, the share of illegal steps of free best paths, and the transitions, in nats."""
    model.eval()
    allowed = torch.tensor(model.tag_set.legal.transitions)
    tags = model.tag_set.tags
    found = []
    illegal = steps = 0
    gaps = []
    for sentence in dev:
        characters = encode_texts([normalise(sentence.text)], donor.vocabulary)
        emissions = model.emissions(characters)
        path = model.chain_of(emissions, characters != PADDING, legal=False).viterbi().tags[0]
        found.append(model.tag_set.decode([tags[i] for i in path]))
        illegal += int((~allowed[path[:-1], path[1:]]).sum())
        steps += len(path) - 1
        best = emissions[0].topk(2).values
        gaps.append(best[:, 0] - best[:, 1])
    figures = score([sentence.spans for sentence in dev], found)
    transitions = None
    if isinstance(model.head, CRF):
        scores = (model.head.multiplier * model.head.transitions).tolist()
        transitions = [[round(value, 3) for value in row] for row in scores]
    return {
        "f1": round(figures["f1"], 5),
        "illegal": round(illegal / steps, 6),
        "gap": round(float(torch.cat(gaps).median()), 3),
        "transitions": transitions,
    }


if __name__ == "__main__":
    sys.exit(main())
