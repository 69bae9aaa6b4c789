"""Invertible layers on pictures `(batch, channels, height, width)`, each with its exact log-determinant.

`layer` says what a layer is; `actnorm`, `lu_convolution`, `permutation`, `coupling`, `squeeze` and
`conditional_prior` are the layers, `networks` the functions inside couplings, `step` one step of a flow,
`multi_scale` the model they make up, `quantization` the way from whole grey levels to densities and
back, `fused` the fast path of a finished model and `graphs` its recording on a GPU.
"""
