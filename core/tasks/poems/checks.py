"""Arguments that several verbs share, refused with a sentence for the visitor."""

from collections.abc import Sequence

import torch
from torch import Tensor

from core.errors import InputError, check_choice, check_whole
from core.tasks.poems.resources import MODELS, forms_of, latent_size
from core.text.forms import BY_NAME, Form

MAX_POEMS = 64
MAX_CODE = 100  # absolute value of a latent number


def checked_form(model: str, form: str) -> Form:
    """The form of this name, which the model has to know."""
    check_choice("model", model, MODELS, zh="模型")
    check_choice("form", form, tuple(f.name for f in forms_of(model)), zh="诗体")
    return BY_NAME[form]


def checked_code(code: Sequence[float], model: str, form: Form) -> Tensor:
    """A code of the form's size as a tensor `(latent,)`; refuses what is no number."""
    size = latent_size(model, form)
    if len(code) != size:
        raise InputError(
            en=f"The code has {len(code)} numbers; {form.en} of {model} has {size}.",
            zh=f"编码有 {len(code)} 个数，{model} 的{form.zh}有 {size} 个。",
        )
    try:
        tensor = torch.tensor([float(v) for v in code])
    except (TypeError, ValueError, OverflowError):
        tensor = torch.tensor([float("nan")])
    if not bool((tensor.abs() <= MAX_CODE).all()):  # written so that nan is refused too
        raise InputError(
            en=f"The code must be numbers between -{MAX_CODE} and {MAX_CODE}. Copy it again from a "
            "poem.",
            zh=f"编码须是 -{MAX_CODE} 到 {MAX_CODE} 之间的数，请从一首诗重新复制。",
        )
    return tensor


def check_seed(seed: int) -> None:
    """A seed has a seed after it, which resampling draws from."""
    check_whole("seed", seed, 0, 2**32 - 2, zh="随机种子")
