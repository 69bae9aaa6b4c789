"""Paths and sheets between latent codes, shared by all families with a Gaussian prior."""

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
