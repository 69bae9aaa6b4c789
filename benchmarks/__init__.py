"""Measurements anyone can repeat: `python -m benchmarks quality | speed | peers`."""
