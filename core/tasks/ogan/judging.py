"""The discriminator's numbers: stored ones of photographs and of samples, and those of one picture.

`judgements.safetensors` beside the weights has `score`, `spread` and `correlation` of unseen photographs
(`real.`) and of samples (`made.`): numbers only, no picture. The correlation of a sample is that of its
noise with the encoder's reading, of a photograph that of its code with the reading of its reconstruction.
"""

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from core import hub
from core.errors import check_choice, check_whole
from core.models.ogan import TRUNCATION
from core.pictures import Pictures
from core.tasks.ogan.drawing import drawn
from core.tasks.ogan.ends import MODELS, End, checked_seed, codes_of, floats, numbers_of
from core.tasks.ogan.reading import read
from core.tasks.ogan.records import Judgements, Numbers

FILE = "judgements.safetensors"
MAX_SAMPLES = 512


def judge(
    picture: End | None = None,
    model: str = "ogan-faces",
    *,
    samples: int = 192,
    seed: int = 0,
    prior: str = "normal",
) -> Judgements:
    """The numbers of fresh samples, of photographs as stored, and of one picture if asked for.

    Samples have the seeds `seed`, `seed + 1`, ... at truncation 1, as in training, from `prior`; a picture's
    reconstruction is made at 0.9.
    """
    check_choice("model", model, MODELS, zh="模型")
    check_whole("samples", samples, 16, MAX_SAMPLES, zh="样本数")
    check_whole("seed", seed, 0, 2**32 - 1 - MAX_SAMPLES, zh="随机种子")
    codes, _, _ = codes_of(range(seed, seed + samples), model, prior=prior)
    out, timing = drawn(codes, model)
    subject, shown, real = None, None, False
    if picture is not None:
        number = checked_seed(picture)
        if number is None:
            reading = read(picture, model, truncation=TRUNCATION)
            subject = Numbers((reading.score,), (reading.spread,), (reading.correlation,))
            shown, real, timing = reading.source, True, timing + reading.timing
        else:
            code, _, _ = codes_of([number], model, prior=prior)
            own, spent = drawn(code, model)
            subject, shown = numbers_of(own), Pictures(own["pixels"])
            timing = timing + spent
    return Judgements(
        made=numbers_of(out),
        real=stored_judgements(model),
        subject=subject,
        subject_real=real,
        picture=shown,
        timing=timing,
    )


def stored_judgements(model: str = "ogan-faces") -> Numbers | None:
    """The stored numbers of unseen photographs; None where the weights have none."""
    weights = hub.locate(model)
    if FILE not in weights.entry.files:
        return None
    return _stored(weights.path(FILE))


@lru_cache(maxsize=4)
def _stored(path: Path) -> Numbers:
    from safetensors.torch import load_file

    held = load_file(path)
    return Numbers(*(_floats(held[f"real.{name}"]) for name in ("score", "spread", "correlation")))


def _floats(values: Tensor) -> tuple[float, ...]:
    return floats(values.to(torch.float32))
