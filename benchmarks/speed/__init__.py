"""Speed of the gallery as a visitor meets it: start-up, page, transport, every tab; see `run`."""
