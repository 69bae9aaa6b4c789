"""Paths, sheets, directions and searches among latent codes, for all families with a Gaussian prior."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor


def lerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """The straight line from `a` (t = 0) to `b` (t = 1); passes nearer to the origin in the middle."""
    return a + t * (b - a)


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """The great circle between the directions of `a` and `b`, norms interpolated geometrically.

    In many dimensions a Gaussian lives near a sphere, so these points are as typical as the ends.
    After Shoemake (1985). Falls back to the straight line where the circle is not determined.
    """
    norm_a, norm_b = a.norm(), b.norm()
    if float(norm_a) < 1e-8 or float(norm_b) < 1e-8:
        return lerp(a, b, t)
    u, v = a / norm_a, b / norm_b
    # Half-angles by their tangent (Kahan): an arc cosine loses half of the digits near 0 and pi.
    angle = 2 * torch.atan2((u - v).norm(), (u + v).norm())
    if float(angle) < 1e-4 or float(angle) > torch.pi - 1e-4:
        return lerp(a, b, t)
    direction = (torch.sin((1 - t) * angle) * u + torch.sin(t * angle) * v) / torch.sin(angle)
    point: Tensor = norm_a ** (1 - t) * norm_b**t * direction
    return point


def bilinear(
    top_left: Tensor,
    top_right: Tensor,
    bottom_left: Tensor,
    bottom_right: Tensor,
    x: float,
    y: float,
) -> Tensor:
    """The point `(x, y)` of the square between four codes, walked along spheres; `y` grows downwards."""
    return slerp(slerp(top_left, top_right, x), slerp(bottom_left, bottom_right, x), y)


def through_mean(a: Tensor, b: Tensor, t: float, mean: Tensor | None = None) -> Tensor:
    """Two straight lines, from `a` to the mean (t = 1/2) and on to `b`; the mean is 0 if left out.

    The way over the average picture: what makes `a` special is given up before `b` begins.
    """
    middle = torch.zeros_like(a) if mean is None else mean
    return lerp(a, middle, 2 * t) if t <= 0.5 else lerp(middle, b, 2 * t - 1)


PATHS: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "lerp": lerp,
    "slerp": slerp,
    "mean": through_mean,
}


def path(a: Tensor, b: Tensor, steps: int, kind: str = "slerp") -> Tensor:
    """Evenly spaced codes from `a` to `b`, both ends included, `(steps, *a.shape)`: one batch.

    `kind` is `lerp`, `slerp` or `mean`. Raises `ValueError` for another one or fewer than 2 steps.
    """
    if kind not in PATHS:
        raise ValueError(f"no path {kind!r}; known: {', '.join(PATHS)}")
    if steps < 2:
        raise ValueError(f"a path has two ends, so 2 steps at least; got {steps}")
    return torch.stack([PATHS[kind](a, b, i / (steps - 1)) for i in range(steps)])


def sheet(corners: Tensor, rows: int, columns: int) -> Tensor:
    """A grid of codes `(rows, columns, size)` between four corners `(4, size)`, by `bilinear`.

    The corners are top left, top right, bottom left, bottom right. A single row or column lies in
    the middle.
    """
    across, down = _evenly(columns), _evenly(rows)
    top_left, top_right, bottom_left, bottom_right = corners
    points = [
        bilinear(top_left, top_right, bottom_left, bottom_right, x, y) for y in down for x in across
    ]
    grid: Tensor = torch.stack(points).unflatten(0, (rows, columns))
    return grid


def truncate(z: Tensor, strength: float, mean: Tensor | None = None) -> Tensor:
    """Codes drawn towards the mean (0 if left out): `strength` 1 changes nothing, 0 gives the mean.

    Typical codes make better pictures and fewer different ones.
    """
    return strength * z if mean is None else lerp(mean, z, strength)


def direction(group: Tensor, others: Tensor) -> Tensor:
    """From the average of `others` to that of `group`, `(count, size)` each: what makes the difference.

    Not normalised: a step of 1 is the distance of the averages. Raises `ValueError` for an empty group.
    """
    if not len(group) or not len(others):
        raise ValueError(f"both groups need members; got {len(group)} and {len(others)}")
    difference: Tensor = group.mean(dim=0) - others.mean(dim=0)
    return difference


class Refinement(NamedTuple):
    """How far the search for a code has come."""

    step: int
    loss: Tensor  # (batch,), smallest so far
    z: Tensor  # (batch, size), the codes of these losses


def project(
    loss: Callable[[Tensor], Tensor],
    z: Tensor,
    steps: int = 100,
    *,
    rate: float = 0.05,
    radius: float | None = None,
) -> Iterator[Refinement]:
    """Refine codes `(batch, size)` by Adam on `loss`, which maps codes to `(batch,)` row by row.

    Yields the start as step 0 and then every step; who has seen enough (or is cancelled) stops
    asking. The best code of every row is kept, so losses never rise. With a `radius` codes are put back
    on the sphere of that radius after every step, where codes of a Gaussian live. Rows do not depend on
    each other. Works inside `torch.no_grad` and `inference_mode`; nothing but the codes gets a gradient.
    """
    with torch.inference_mode(False), torch.enable_grad():
        now = z.detach().clone().requires_grad_(True)
    first, second = torch.zeros_like(now), torch.zeros_like(now)
    best_loss, best = torch.full(z.shape[:1], torch.inf, dtype=z.dtype, device=z.device), z.clone()
    for step in range(steps + 1):
        with torch.inference_mode(False), torch.enable_grad():
            losses = loss(now)
            (gradient,) = torch.autograd.grad(losses.sum(), now)
        losses = losses.detach()
        better = losses < best_loss
        best_loss = torch.where(better, losses, best_loss)
        best = torch.where(better.unsqueeze(-1), now.detach(), best)
        yield Refinement(step, best_loss, best)
        with torch.inference_mode(False), torch.no_grad():
            first = 0.9 * first + 0.1 * gradient
            second = 0.99 * second + 0.01 * gradient.square()
            mean, variance = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.99 ** (step + 1))
            now -= rate * mean / (variance.sqrt() + 1e-8)
            if radius is not None:
                now *= radius / now.norm(dim=-1, keepdim=True).clamp_min(1e-8)


def _evenly(count: int) -> list[float]:
    """`count` places from 0 to 1, the middle for one."""
    return [0.5] if count == 1 else [i / (count - 1) for i in range(count)]
