"""Names and looks of the noises in the tab on discrete distributions."""

from demos._words import say

NAMES = {
    "gumbel": ("Gumbel", "Gumbel"),
    "normal": ("正态", "normal"),
    "logistic": ("logistic", "logistic"),
    "uniform": ("均匀", "uniform"),
    "laplace": ("Laplace", "Laplace"),
    "exponential": ("指数", "exponential"),
    "cauchy": ("Cauchy", "Cauchy"),
    "custom": ("自定", "custom"),
}
LOOKS = {  # colour and dash of a noise in every plot that has several
    "gumbel": ("celadon", "solid"),
    "normal": ("seal", "solid"),
    "logistic": ("indigo", "solid"),
    "uniform": ("ochre", "solid"),
    "laplace": ("indigo", "dash"),
    "exponential": ("soft", "solid"),
    "cauchy": ("ink", "solid"),
}


def named(noise: str) -> str:
    """A noise in both languages."""
    return say(*NAMES[noise])
