"""The verbs of the gallery: plain values in, frozen dataclasses out. The only part that tabs call."""

from core.hub import WeightsError

__all__ = ["WeightsError"]
