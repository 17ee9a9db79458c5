"""Bootstrap intervals: means and pooled rates over pieces, with 95% intervals.

The unit of resampling is the piece, because notes of one piece are too much alike to be resampled
one by one. Pieces are resampled with replacement, as many as there are, `RESAMPLES` times; the
bounds are the 2.5th and 97.5th percentiles of the resampled statistic (Efron and Tibshirani,
*An Introduction to the Bootstrap*, 1993, section 13.3).
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 1000
"""Bootstrap resamples for an interval."""

_LOW, _HIGH = 2.5, 97.5  # percentiles
_FEWEST_PAIRS = 2


@dataclass(frozen=True)
class Interval:
    """A 95% bootstrap interval.

    Parameters
    ----------
    low, high : float
        Bounds in the unit of the statistic; NaN where it is undefined.
    """

    low: float
    high: float

    def to_json(self) -> list[float | None]:
        """The two bounds; None where the statistic is undefined."""
        return [None if np.isnan(bound) else float(bound) for bound in (self.low, self.high)]


def bootstrap_rate(counts: ArrayLike, totals: ArrayLike, *, seed: int = 0) -> Interval:
    """Bootstrap interval of a rate pooled over pieces.

    Parameters
    ----------
    counts, totals : array_like of float, shape [P]
        For each piece; the rate is the sum of the counts divided by the sum of the totals.
    seed : int
        Random seed; the same seed resamples the same pieces for every statistic.

    Returns
    -------
    Interval
    """
    pieces = np.stack([np.asarray(counts, float), np.asarray(totals, float)], axis=1)  # [P, 2]
    sums = _resamples(len(pieces), seed) @ pieces  # [R, 2]
    sums = sums[sums[:, 1] > 0]
    if not len(sums):
        return Interval(float("nan"), float("nan"))
    low, high = np.percentile(sums[:, 0] / sums[:, 1], [_LOW, _HIGH])
    return Interval(float(low), float(high))


def bootstrap_difference(
    counts: ArrayLike, totals: ArrayLike, other_counts: ArrayLike, other_totals: ArrayLike,
    *, seed: int = 0,
) -> Interval:  # fmt: skip
    """Paired bootstrap interval of the difference of two pooled rates.

    Both rates are resampled with the same pieces, so that what a piece does to both cancels. It is
    undefined if fewer than two pieces have a total in both versions.

    Parameters
    ----------
    counts, totals : array_like of float, shape [P]
        For each piece; the rate is the sum of the counts divided by the sum of the totals.
    other_counts, other_totals : array_like of float, shape [P]
        The same of another version of each piece; its rate is subtracted.
    seed : int
        Random seed.

    Returns
    -------
    Interval
    """
    columns = (counts, totals, other_counts, other_totals)
    pieces = np.stack([np.asarray(column, float) for column in columns], axis=1)  # [P, 4]
    if ((pieces[:, 1] > 0) & (pieces[:, 3] > 0)).sum() < _FEWEST_PAIRS:
        return Interval(float("nan"), float("nan"))
    sums = _resamples(len(pieces), seed) @ pieces  # [R, 4]
    sums = sums[(sums[:, 1] > 0) & (sums[:, 3] > 0)]
    differences = sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
    low, high = np.percentile(differences, [_LOW, _HIGH])
    return Interval(float(low), float(high))


def bootstrap_mean(values: ArrayLike, *, seed: int = 0) -> Interval:
    """Bootstrap interval of a mean over pieces.

    Parameters
    ----------
    values : array_like of float, shape [P]
        For each piece.
    seed : int
        Random seed.

    Returns
    -------
    Interval
    """
    values = np.asarray(values, float)
    return bootstrap_rate(values, np.ones(len(values)), seed=seed)


@lru_cache(maxsize=4)
def _resamples(pieces: int, seed: int) -> NDArray[np.float64]:
    """How often each resample contains each piece, shape [R, P]."""
    if not pieces:
        return np.zeros((RESAMPLES, 0))
    uniform = np.full(pieces, 1 / pieces)
    return np.random.default_rng(seed).multinomial(pieces, uniform, size=RESAMPLES).astype(float)


@dataclass(frozen=True, eq=False)
class MeanEstimate:
    """The mean of a statistic over pieces.

    Parameters
    ----------
    values : ndarray of float64, shape [P]
        For each piece.
    seed : int
        Random seed of the interval.
    """

    values: NDArray[np.float64]
    seed: int = 0

    @property
    def mean(self) -> float:
        """Mean over the pieces; NaN if there are none."""
        return float(self.values.mean()) if len(self.values) else float("nan")

    @cached_property
    def interval(self) -> Interval:
        """95% bootstrap interval of the mean over pieces."""
        return bootstrap_mean(self.values, seed=self.seed)

    def to_json(self) -> dict[str, object]:
        """As plain data; undefined values are None."""
        mean = None if np.isnan(self.mean) else self.mean
        return {"mean": mean, "interval": self.interval.to_json()}


@dataclass(frozen=True, eq=False)
class RateEstimate:
    """A rate pooled over pieces: the sum of counts divided by the sum of totals.

    Parameters
    ----------
    counts, totals : ndarray of int64, shape [P]
        For each piece.
    seed : int
        Random seed of the interval.
    """

    counts: NDArray[np.int64]
    totals: NDArray[np.int64]
    seed: int = 0

    @property
    def rate(self) -> float:
        """0 to 1; NaN if the totals sum to 0."""
        total = int(self.totals.sum())
        return int(self.counts.sum()) / total if total else float("nan")

    @cached_property
    def interval(self) -> Interval:
        """95% bootstrap interval of the rate over pieces."""
        return bootstrap_rate(self.counts, self.totals, seed=self.seed)

    def to_json(self) -> dict[str, object]:
        """As plain data; undefined values are None."""
        return {
            "count": int(self.counts.sum()),
            "total": int(self.totals.sum()),
            "rate": None if np.isnan(self.rate) else self.rate,
            "interval": self.interval.to_json(),
        }
