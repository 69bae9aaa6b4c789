"""Commands for people who work on the gallery: `python -m scripts.NAME`."""
