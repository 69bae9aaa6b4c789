"""Comparisons with other packages on the same inputs in the same run; one module per subject."""
