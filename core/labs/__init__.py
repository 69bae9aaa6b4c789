"""The mathematics of the laboratory tabs: plain values in, frozen dataclasses of numbers out.

One module per tab, in float64. Every function bounds its inputs and raises
`core.errors.InputError` with a sentence for the visitor; randomness comes from a `seed` argument.
"""
