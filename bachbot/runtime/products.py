"""Matrix products of a few rows, as fast as the machine's kernels do them.

Shapes: B rows, N columns, M columns of the product.
"""

import numpy as np
from numpy.typing import NDArray

_BLOCK = 4
"""Rows that the kernels of OpenBLAS take at once. What is left over costs it more than a whole
block: with AVX2 eleven take half as long again as twelve (``tests/benchmarks/test_stepping.py``).
"""


def product(x: NDArray, matrix: NDArray) -> NDArray:
    """Each row times a matrix, [B, N] times [N, M], in whole blocks of rows.

    Parameters
    ----------
    x : ndarray, shape [B, N]
        The rows.
    matrix : ndarray, shape [N, M] or [G, N, M]
        One matrix, or several that each take all rows.

    Returns
    -------
    ndarray, shape [B, M] or [G, B, M]
        ``x @ matrix``, but for rounding; the caller's own.
    """
    lacking = -len(x) % _BLOCK
    if not lacking or len(x) == 1:  # of one row no block is made
        return x @ matrix
    padded = np.zeros((len(x) + lacking, x.shape[1]), x.dtype)
    padded[: len(x)] = x
    out: NDArray = (padded @ matrix)[..., : len(x), :]
    return out
