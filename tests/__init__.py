"""Tests; `tests/hub_server.py` and `tests/laws.py` are shared between them."""
