"""The models of the Scientific Spaces Gallery as a library: no widget, no plot, no web."""

from core._threads import configure as _configure_threads

_configure_threads()

__version__ = "0.1.0"
