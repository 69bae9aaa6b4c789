"""A Gaussian fitted to codes: what it draws has their mean and covariance and the noise's length."""

from pathlib import Path

import pytest
import torch

from core.models.code_prior import FILE, CodePrior
from core.models.ogan_code import normalised


def codes(count: int = 4000, size: int = 24) -> torch.Tensor:
    generator = torch.Generator().manual_seed(7)
    spread = torch.linspace(0.2, 1.5, size)
    return normalised(torch.randn(count, size, generator=generator) * spread + 0.4 * spread.cos())


def noise(count: int, size: int = 24) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(8))


def test_drawn_codes_resemble_those_it_was_fitted_to() -> None:
    given = codes()
    made = normalised(CodePrior.fit(given)(noise(4000)))
    assert (made.mean(dim=0) - given.mean(dim=0)).abs().max() < 0.1
    error = (torch.cov(made.T) - torch.cov(given.T)).norm() / torch.cov(given.T).norm()
    pure = (torch.eye(24) - torch.cov(given.T)).norm() / torch.cov(given.T).norm()
    assert error < 0.15 < pure


def test_a_factor_before_the_noise_stays_one() -> None:
    prior, drawn = CodePrior.fit(codes()), noise(5)
    made = prior(drawn)
    assert torch.allclose(made.norm(dim=1), drawn.norm(dim=1), rtol=1e-4)
    assert torch.allclose(prior(0.3 * drawn), 0.3 * made, atol=1e-5)
    assert torch.isfinite(prior(torch.zeros(2, 24))).all()


def test_one_row_is_what_it_is_among_others() -> None:
    prior, drawn = CodePrior.fit(codes()), noise(6)
    assert torch.allclose(prior(drawn)[2:3], prior(drawn[2:3]), atol=1e-6)


def test_a_file_of_it(tmp_path: Path) -> None:
    prior = CodePrior.fit(codes())
    prior.save(tmp_path)
    again = CodePrior.read(tmp_path / FILE)
    assert torch.allclose(again(noise(3)), prior(noise(3)), atol=1e-2)


def test_too_few_codes() -> None:
    with pytest.raises(ValueError, match="24"):
        CodePrior.fit(codes(24))
