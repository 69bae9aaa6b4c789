"""Laws that any model or lane can be held to; each compares with an answer found another way.

Call them from a model's own test with tensors in double precision, where 1e-9 is a wide margin:

    laws.inverse(flow.to_noise, flow.from_noise, z, context)
    laws.every_parameter_gets_a_gradient(model, loss)
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

Outputs = Tensor | Sequence[Any] | Mapping[str, Any]


def inverse(
    forward: Callable[..., Any], backward: Callable[..., Any], x: Tensor, *context: Any, tol=1e-9
) -> None:
    """`backward(forward(x)) = x` and `forward(backward(x)) = x`; log-determinants are passed over."""
    torch.testing.assert_close(
        _first(backward(_first(forward(x, *context)), *context)), x, rtol=tol, atol=tol
    )
    torch.testing.assert_close(
        _first(forward(_first(backward(x, *context)), *context)), x, rtol=tol, atol=tol
    )


def log_det(transform: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor, tol=1e-9) -> None:
    """The log-determinants `(batch,)` that come with `transform(x)` are those of its Jacobians.

    `x` is `(batch, size)`; `transform` maps rows one by one.
    """
    claimed = transform(x)[1]
    assert claimed.shape == (len(x),)
    for row, value in zip(x, claimed, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda u: transform(u.unsqueeze(0))[0][0], row.detach()
        )
        expected = torch.linalg.slogdet(jacobian).logabsdet
        torch.testing.assert_close(value.detach(), expected, rtol=tol, atol=tol)


def integrates_to_one(
    log_prob: Callable[[Tensor], Tensor], size: int, bound: float = 8.0, steps: int = 400, tol=1e-3
) -> None:
    """A density over 1 or 2 numbers sums to 1 on a grid over `[-bound, bound]`."""
    axis = torch.linspace(-bound, bound, steps, dtype=torch.double)
    points = torch.cartesian_prod(*[axis] * size).reshape(-1, size)
    cell = (2 * bound / (steps - 1)) ** size
    assert abs(float(log_prob(points).exp().sum()) * cell - 1) < tol


def causal(function: Callable[[Tensor], Tensor], tokens: Tensor, other: Tensor) -> None:
    """Outputs `(batch, time, ...)` up to `t` do not depend on tokens from `t` on, and later ones do.

    `other` are tokens that differ from `tokens` everywhere.
    """
    expected = function(tokens)
    for t in range(tokens.shape[1]):
        changed = torch.cat([tokens[:, :t], other[:, t:]], dim=1)
        found = function(changed)
        torch.testing.assert_close(found[:, : t + 1], expected[:, : t + 1])
        if t + 1 < tokens.shape[1]:
            assert not torch.allclose(found[:, t + 1 :], expected[:, t + 1 :])


def batch_equals_single(function: Callable[..., Outputs], *rows: Tensor, tol=1e-9) -> None:
    """A batch gives what its rows give alone."""
    together = function(*rows)
    for i in range(len(rows[0])):
        alone = function(*(tensor[i : i + 1] for tensor in rows))
        for a, b in zip(_flat(alone), _flat(together), strict=True):
            torch.testing.assert_close(a, b[i : i + 1], rtol=tol, atol=tol)


def padding_changes_nothing(
    function: Callable[[Tensor, Tensor], Tensor], rows: Tensor, lengths: Tensor, tol=1e-9
) -> None:
    """`function(rows, lengths)`, `(batch, time, ...)`, is the same however far rows are padded."""
    padded = torch.cat([rows, torch.zeros_like(rows[:, :3])], dim=1)
    short, long = function(rows, lengths), function(padded, lengths)
    for i, length in enumerate(lengths.tolist()):
        alone = function(rows[i : i + 1, :length], lengths[i : i + 1])
        for found in (short[i, :length], long[i, :length]):
            torch.testing.assert_close(found, alone[0], rtol=tol, atol=tol)


def every_parameter_gets_a_gradient(model: nn.Module, loss: Tensor) -> None:
    """Backward from `loss` reaches every parameter with finite numbers that are not all zero."""
    model.zero_grad()
    loss.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"no gradient at {name}"
        assert parameter.grad.isfinite().all(), f"gradient not finite at {name}"
        assert bool(parameter.grad.any()), f"gradient is zero at {name}"


def safetensors_round_trip(
    model: nn.Module, function: Callable[[nn.Module], Outputs], folder: Path
) -> None:
    """Parameters written to a file and read into a new module make the same module."""
    path = folder / "model.safetensors"
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, path)
    again = type(model)(model.config).to(next(model.parameters()).dtype)
    again.load_state_dict(load_file(path), strict=True)
    again.train(model.training)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    for a, b in zip(_flat(function(model)), _flat(function(again)), strict=True):
        assert torch.equal(a, b)


def bound_below(elbo: Tensor, log_likelihood: Tensor, slack=1e-9) -> None:
    """An evidence lower bound is one, row by row."""
    assert (elbo <= log_likelihood + slack).all(), (elbo, log_likelihood)


def kl_is_that_of_samples(posterior: Any, draws: int = 200_000, tol=0.02) -> None:
    """The closed form of `posterior.kl()` agrees with the mean of `log q - log p` over samples."""
    generator = torch.Generator().manual_seed(0)
    shape = (draws, *posterior.mean.shape)
    noise = torch.randn(shape, generator=generator, dtype=posterior.mean.dtype)
    z = posterior.sample(noise)
    log_p = -0.5 * (z.square() + torch.tensor(2 * torch.pi).log())
    estimate = (posterior.log_prob(z) - log_p).mean(dim=0)
    torch.testing.assert_close(posterior.kl(), estimate, rtol=tol, atol=tol)


def same_in_any_company(
    calls: Sequence[Callable[[], Any]], same: Callable[[Any, Any], None]
) -> None:
    """Calls made at once from as many threads answer as they do one after the other."""
    alone = [call() for call in calls]
    crowd = at_once(calls)
    for a, b in zip(alone, crowd, strict=True):
        same(a, b)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Results of calls started together, each in a thread; an error is the result of its call."""
    results: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def work(i: int) -> None:
        start.wait()
        try:
            results[i] = calls[i]()
        except Exception as error:
            results[i] = error

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive(), "a call does not come back"
    return results


def _first(output: Any) -> Tensor:
    return output[0] if isinstance(output, tuple) else output


def _flat(outputs: Outputs) -> list[Tensor]:
    """The tensors of a result in a fixed order."""
    if isinstance(outputs, Tensor):
        return [outputs]
    parts = outputs.values() if isinstance(outputs, Mapping) else outputs
    return [tensor for part in parts for tensor in _flat(part)]
