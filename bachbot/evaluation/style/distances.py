"""Distances between distributions, and histograms of sets of pieces as arrays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bachbot.chorale import Mode
from bachbot.evaluation.bootstrap import Interval
from bachbot.evaluation.style.features import Feature, Histogram, Label


def wasserstein(
    values: ArrayLike, weights: NDArray[np.float64], reference: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Wasserstein distance of order 1 between distributions over the same numbers.

    Parameters
    ----------
    values : array_like of float, shape [K]
        The numbers, rising.
    weights, reference : ndarray of float64, shape [..., K]
        How much lies on each, in any unit: only shares count.

    Returns
    -------
    ndarray of float64, shape [...]
        In the values' unit; infinite where either holds nothing.
    """
    gaps = np.diff(np.asarray(values, dtype=np.float64))  # [K - 1]
    apart = np.cumsum(shares(weights) - shares(reference), axis=-1)[..., :-1]
    return _of_both((np.abs(apart) * gaps).sum(axis=-1), weights, reference)


def total_variation(
    weights: NDArray[np.float64], reference: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Share of one distribution that would have to change to make it the other.

    Parameters
    ----------
    weights, reference : ndarray of float64, shape [..., K]
        How much lies on each of the same labels, in any unit.

    Returns
    -------
    ndarray of float64, shape [...]
        0 to 1; infinite where either holds nothing.
    """
    apart = np.abs(shares(weights) - shares(reference)).sum(axis=-1) / 2
    return _of_both(apart, weights, reference)


def ranked(histogram: Histogram, reference: Histogram) -> float:
    """Wasserstein distance over ranks: labels stand one apart, the reference's commonest first.

    After them stand labels that the reference lacks, the histogram's rarest first.

    Parameters
    ----------
    histogram, reference : mapping of label to float
        How often each label was found; of equal ones the reference's first by name comes first.

    Returns
    -------
    float
        In ranks; infinite where either holds nothing.
    """
    order = by_frequency(reference)
    order += reversed([label for label in by_frequency(histogram) if label not in reference])
    ours, theirs = (np.array([h.get(x, 0) for x in order], float) for h in (histogram, reference))
    return float(wasserstein(np.arange(len(order)), ours, theirs))


def ordered(histogram: Histogram, reference: Histogram) -> float:
    """Wasserstein distance between histograms of numbers; infinite where either is empty."""
    values = sorted({float(x) for x in (*histogram, *reference)})
    ours, theirs = (np.array([h.get(x, 0) for x in values], float) for h in (histogram, reference))
    return float(wasserstein(values, ours, theirs))


def by_frequency(histogram: Mapping[Label, float]) -> list[Label]:
    """Labels, the commonest first, equal ones by name."""
    return sorted(histogram, key=lambda label: (-histogram[label], str(label)))


def shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row divided by its sum; NaN where it holds nothing, shape as given."""
    sums = weights.sum(axis=-1, keepdims=True)
    return np.divide(weights, sums, out=np.full(weights.shape, np.nan), where=sums > 0)


def _of_both(
    distance: NDArray[np.float64], weights: NDArray[np.float64], reference: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A distance where both hold something, else infinity."""
    some = (weights.sum(axis=-1) > 0) & (reference.sum(axis=-1) > 0)
    return np.where(some, distance, np.inf)


_RESAMPLES = 400
_SUBSETS = 200
_NORMAL = 1.96  # 95% of a normal distribution lie within so many deviations of its mean


@dataclass(frozen=True, eq=False)
class FeatureCounts:
    """One feature of a set of pieces.

    Parameters
    ----------
    counts : ndarray of float64, shape [P, K]
        How often each piece has each label.
    modes : ndarray of str, shape [P]
        Of each piece.
    """

    counts: NDArray[np.float64]
    modes: NDArray[np.str_]

    @classmethod
    def of(
        cls, histograms: Sequence[Histogram], modes: Sequence[Mode], labels: Sequence[Label]
    ) -> "FeatureCounts":
        """Put histograms side by side, one column a label."""
        column = {label: k for k, label in enumerate(labels)}
        counts = np.zeros((len(histograms), len(labels)))
        for row, histogram in zip(counts, histograms, strict=True):
            for label, times in histogram.items():
                row[column[label]] += times
        return cls(counts, np.array(modes, dtype=np.str_))

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def events(self) -> int:
        """What was counted, all pieces together."""
        return int(self.counts.sum())

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Share of each label over all pieces, shape [K]; NaN where nothing was counted."""
        return shares(self.counts.sum(axis=0))


@dataclass(frozen=True, eq=False)
class DistanceEstimator:
    """Measures sets of pieces of one feature against a reference.

    A set is held against the reference's pieces of the same modes, in the shares that the set has
    of them: a set of major pieces alone is not found wanting in minor ones.

    Parameters
    ----------
    feature : Feature
        Ordered, or a category.
    labels : sequence of label
        K labels; numbers rise.
    reference : Counts
        Of the reference's pieces.
    seed : int
        Of the draws.
    """

    feature: Feature
    labels: Sequence[Label]
    reference: FeatureCounts
    seed: int = 0

    def distance(self, pieces: FeatureCounts, number: int) -> tuple[float, Interval]:
        """How far a set is, as it would be with so many pieces.

        Fewer pieces are farther from anything: only sets of one size can be compared. Where fewer
        are asked for than there are, it is the mean over 200 subsets of that size. The interval is
        the distance, 1.96 standard deviations up and down, of such sets drawn with replacement
        (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 6): the
        percentiles of the draws would lie too high, since a set with pieces twice over has fewer
        different ones. The reference is held as it is.

        Parameters
        ----------
        pieces : Counts
            The set.
        number : int
            1 to as many as there are.

        Returns
        -------
        float, Interval
            In the feature's unit. NaN where nothing was counted; the interval of a single piece,
            which says nothing of others, is NaN too.
        """
        rng = np.random.default_rng(self.seed)
        found = self._distances(pieces, _subsets(rng, len(pieces), number))
        if not found.size:
            return float("nan"), Interval(float("nan"), float("nan"))
        value = float(found.mean())
        if len(pieces) < 2:
            return value, Interval(float("nan"), float("nan"))
        even = np.full(len(pieces), 1 / len(pieces))
        draws = rng.multinomial(number, even, size=_RESAMPLES).astype(np.float64)
        deviation = float(self._distances(pieces, draws).std())
        reach = _NORMAL * deviation
        return value, Interval(max(0.0, value - reach), value + reach)

    def _distances(self, pieces: FeatureCounts, draws: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distance of each draw that holds anything; draws have shape [R, P]."""
        drawn = draws @ pieces.counts  # [R, K]
        beside = np.zeros_like(drawn)
        for mode in np.unique(pieces.modes).tolist():
            here = pieces.modes == mode
            events = draws[:, here] @ pieces.counts[here].sum(axis=1)  # [R]
            beside += events[:, np.newaxis] * self._bach(mode)
        some = drawn.sum(axis=1) > 0
        drawn, beside = drawn[some], beside[some]
        if self.feature.kind == "ordered":
            found = wasserstein([float(x) for x in self.labels], drawn, beside)
        else:
            found = total_variation(drawn, beside)
        return found[np.isfinite(found)]

    def _bach(self, mode: str) -> NDArray[np.float64]:
        """Shares of the reference's pieces of a mode, of all where none has anything to count."""
        here = self.reference.counts[self.reference.modes == mode]
        kept = here if self.feature.by_mode and here.sum() else self.reference.counts
        return shares(kept.sum(axis=0))


def sorted_labels(histograms: Iterable[Histogram]) -> list[Label]:
    """Every label of some histograms, numbers rising, names by the alphabet."""
    found = {label for histogram in histograms for label in histogram}
    return sorted(found, key=lambda x: (isinstance(x, str), x))


def _subsets(rng: np.random.Generator, pieces: int, number: int) -> NDArray[np.float64]:
    """Sets of so many different pieces, shape [R, P]: the one of all, or draws."""
    if number >= pieces:
        return np.ones((1, pieces))
    order = rng.random((_SUBSETS, pieces)).argsort(axis=1)
    return (order < number).astype(np.float64)
