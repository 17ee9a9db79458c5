"""Intervals by drawing pieces anew."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 1000
"""Draws for an interval."""

_LOW, _HIGH = 2.5, 97.5  # per cent


@dataclass(frozen=True)
class Interval:
    """From where to where a figure would fall in 95 of 100 sets of such pieces.

    Parameters
    ----------
    low, high : float
        In the figure's own unit; NaN where there is no figure.
    """

    low: float
    high: float

    def to_json(self) -> list[float | None]:
        """The two bounds; None where there is no figure."""
        return [None if np.isnan(bound) else float(bound) for bound in (self.low, self.high)]


def interval_of_rate(amounts: ArrayLike, chances: ArrayLike, *, seed: int = 0) -> Interval:
    """Bootstrap interval of a rate pooled over pieces.

    Pieces are drawn with replacement, as many as there are, 1000 times; the bounds are the 2.5th
    and 97.5th percentiles of the rates so found (Efron and Tibshirani, *An Introduction to the
    Bootstrap*, 1993, section 13.3). Notes of one piece are too alike to be drawn one by one.

    Parameters
    ----------
    amounts, chances : array_like of float, shape [P]
        Of each piece; the rate is the sum of the one divided by the sum of the other.
    seed : int
        Of the draws; the same seed draws the same pieces for every figure.

    Returns
    -------
    Interval
    """
    pieces = np.stack([np.asarray(amounts, float), np.asarray(chances, float)], axis=1)  # [P, 2]
    sums = _draws(len(pieces), seed) @ pieces  # [R, 2]
    sums = sums[sums[:, 1] > 0]
    if not len(sums):
        return Interval(float("nan"), float("nan"))
    low, high = np.percentile(sums[:, 0] / sums[:, 1], [_LOW, _HIGH])
    return Interval(float(low), float(high))


def interval_of_mean(values: ArrayLike, *, seed: int = 0) -> Interval:
    """Bootstrap interval of a mean over pieces.

    Parameters
    ----------
    values : array_like of float, shape [P]
        Of each piece.
    seed : int
        Of the draws.
    """
    values = np.asarray(values, float)
    return interval_of_rate(values, np.ones(len(values)), seed=seed)


@lru_cache(maxsize=4)
def _draws(pieces: int, seed: int) -> NDArray[np.float64]:
    """How often each draw holds each piece, shape [R, P]."""
    if not pieces:
        return np.zeros((RESAMPLES, 0))
    even = np.full(pieces, 1 / pieces)
    return np.random.default_rng(seed).multinomial(pieces, even, size=RESAMPLES).astype(float)
