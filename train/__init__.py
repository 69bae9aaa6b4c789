"""How every file in `weights/` came to be: one loop, one recipe per model, readers for the data."""
