"""AdamW that passes over the steps whose gradient explodes, and never waits for the GPU to see it."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_SETTLE = 50  # steps until the usual size of a gradient is known well enough to judge by
_MEMORY = 100  # steps that this usual size is an average over


class CautiousAdamW(torch.optim.AdamW):
    """Judges every gradient by the usual norm of all gradients, the geometric mean of recent ones.

    A norm above `clip` times the usual one is cut down to that. Above `tolerance` times, or when it is
    not finite, the step is passed over: weights and moments stay as they are. The likelihood of
    pictures has such steps now and then, and one of them can undo an hour. Norms ten times the usual
    are common in a flow's first hundreds of steps, and passing over those would stop it. What is
    remembered travels with the optimizer's state.
    """

    def __init__(
        self, params: Any, *, clip: float = 1.0, tolerance: float = 30.0, **numbers: Any
    ) -> None:
        super().__init__(params, fused=True, **numbers)
        self.clip, self.tolerance = clip, tolerance
        group = self.param_groups[0]
        # Entries of a group are saved and loaded with it: ln of the usual norm, steps, steps skipped.
        group["caution"] = torch.zeros(3, device=group["params"][0].device)
        self.last_norm: Tensor = torch.zeros((), device=group["params"][0].device)

    @property
    def skipped(self) -> Tensor:
        """How many steps have been passed over."""
        caution: Tensor = self.param_groups[0]["caution"]
        return caution[2]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step, or none."""
        parameters = [p for group in self.param_groups for p in group["params"]]
        gradients = [p.grad for p in parameters if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        explodes = self._judge(norm)
        usual = self.param_groups[0]["caution"][0].exp()
        torch._foreach_mul_(gradients, (self.clip * usual / norm).clamp_max(1.0))
        # The protocol of gradient scalers: a fused step with `found_inf` set changes nothing.
        self.grad_scale, self.found_inf = None, explodes.float()
        self.last_norm = norm
        loss: float | None = super().step(closure)
        return loss

    def _judge(self, norm: Tensor) -> Tensor:
        """Whether a step of this norm is passed over; remembers it."""
        group = self.param_groups[0]
        usual, steps, skipped = group["caution"].to(norm.device).unbind()
        size = norm.clamp_min(1e-12).log()
        limit = torch.where(steps < _SETTLE, torch.inf, usual + math.log(self.tolerance))
        explodes = ~(size <= limit) | ~norm.isfinite()
        # An exploding step counts a little too, so that a lasting change is accepted in time.
        seen = torch.where(explodes, usual + 1, size)
        usual = usual + (seen - usual) / (steps + 1).clamp_max(_MEMORY)
        group["caution"] = torch.stack([usual, steps + 1, skipped + explodes])
        return explodes
