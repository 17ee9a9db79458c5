"""Folds that keep together what must not be torn apart."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
"""Of a cross-validation; fewer where there are fewer groups."""


def folds_of(groups: Sequence[str], *, seed: int = 0) -> NDArray[np.int64]:
    """Deal pieces into folds, all of a group into one.

    The largest groups are dealt first, each to the fold that is smallest so far.

    Parameters
    ----------
    groups : sequence of str
        Of each of N pieces: those of one tune.
    seed : int
        Of the order among groups of like size.

    Returns
    -------
    ndarray of int64, shape [N]
        The fold of each piece, from 0.
    """
    sizes = Counter(groups)
    names = sorted(sizes)
    np.random.default_rng(seed).shuffle(names)
    names.sort(key=lambda name: -sizes[name])  # stable: the shuffle stays among equals
    held = [0] * min(FOLDS, len(names))
    fold = {}
    for name in names:
        fold[name] = held.index(min(held))
        held[fold[name]] += sizes[name]
    return np.array([fold[group] for group in groups], dtype=np.int64)
