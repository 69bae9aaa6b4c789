"""One pass through a network and back: codes to pictures and pictures to codes, for every family but diffusion."""

import torch
from torch import Tensor

from core import runtime
from core.levels import scaled, to_levels
from core.models.ogan import OGAN, TRUNCATION
from core.models.picture_vae import PictureVAE
from core.runtime import Timing
from core.tasks.families.members import Member
from core.tasks.glow.reading import encoded as glow_codes
from core.tasks.glow.resources import layout_of
from core.tasks.glow.sampling import decoded as glow_pictures
from core.tasks.ogan.ends import encode_rows as ogan_codes

BATCH = 64  # pictures at once


def decode(member: Member, codes: Tensor) -> tuple[Tensor, Timing]:
    """uint8 pictures of codes `(rows, code)`."""
    if member.family == "glow":
        levels = layout_of(member.model).levels
        return glow_pictures(member.model, codes, torch.ones(len(codes), levels))
    out, timing = runtime.run(member.model, _generate, {"z": codes}, max_rows=BATCH)
    return out["pixels"], timing


def encode(member: Member, pixels: Tensor) -> tuple[Tensor, Timing]:
    """Codes `(rows, code)` of uint8 pictures: a VAE's mean, O-GAN's direction, a flow's noise."""
    if member.family == "glow":
        return glow_codes(pixels, member.model)
    function = ogan_codes if member.family == "ogan" else _posterior_mean
    out, timing = runtime.run(member.model, function, {"pixels": pixels}, max_rows=BATCH)
    return out["code"], timing


def shortened(member: Member, codes: Tensor) -> Tensor:
    """Codes as a reconstruction takes them: O-GAN's times the factor of its post."""
    return TRUNCATION * codes if member.family == "ogan" else codes


# -- run by the runtime, on the device, for rows of many visitors ---------------------------------


def _generate(model: PictureVAE | OGAN, *, z: Tensor) -> dict[str, Tensor]:
    """Pictures of codes, and nothing else, so that families are timed alike."""
    return {"pixels": to_levels(model.generate(z))}


def _posterior_mean(model: PictureVAE, *, pixels: Tensor) -> dict[str, Tensor]:
    """The means of the codes of pictures."""
    return {"code": model.encode(scaled(pixels)).mean}
