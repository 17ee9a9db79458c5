"""Distances between distributions, and their estimates for sets of pieces.

The Wasserstein distance (earth mover's distance) of order 1 is the area between two cumulative
distributions (Vallender, "Calculation of the Wasserstein distance between probability distributions
on the line", Theory of Probability and its Applications 18, 1974); it has the unit of the values.
Where labels have no order, "Bach or Mock" takes the same distance over their ranks in the
reference's order of frequency (`ranked`), and the further distributions take the total variation:
half the sum of the absolute differences (Levin, Peres and Wilmer, *Markov Chains and Mixing Times*,
section 4.1).
"""

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
        The numbers, ascending.
    weights, reference : ndarray of float64, shape [..., K]
        Weight of each number; only the shares matter.

    Returns
    -------
    ndarray of float64, shape [...]
        In the unit of the values; infinite where either is empty.
    """
    gaps = np.diff(np.asarray(values, dtype=np.float64))  # [K - 1]
    difference = np.cumsum(_shares(weights) - _shares(reference), axis=-1)[..., :-1]
    return _unless_empty((np.abs(difference) * gaps).sum(axis=-1), weights, reference)


def total_variation(
    weights: NDArray[np.float64], reference: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Total variation distance: the share of one distribution that would have to move.

    Parameters
    ----------
    weights, reference : ndarray of float64, shape [..., K]
        Weight of each label; only the shares matter.

    Returns
    -------
    ndarray of float64, shape [...]
        0 to 1; infinite where either is empty.
    """
    distance = np.abs(_shares(weights) - _shares(reference)).sum(axis=-1) / 2
    return _unless_empty(distance, weights, reference)


def ranked(histogram: Histogram, reference: Histogram) -> float:
    """Wasserstein distance over ranks: labels are one apart, the reference's most frequent first.

    Labels that the reference does not have come last, the histogram's least frequent first.

    Parameters
    ----------
    histogram, reference : mapping of label to float
        Count of each label; equally frequent labels are ordered by name.

    Returns
    -------
    float
        In ranks; infinite where either is empty.
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
    """Labels, the most frequent first, equally frequent ones by name."""
    return sorted(histogram, key=lambda label: (-histogram[label], str(label)))


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row divided by its sum, NaN if that is 0; shape as given."""
    sums = weights.sum(axis=-1, keepdims=True)
    return np.divide(weights, sums, out=np.full(weights.shape, np.nan), where=sums > 0)


def _unless_empty(
    distance: NDArray[np.float64], weights: NDArray[np.float64], reference: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The distance, or infinity where either distribution is empty."""
    both = (weights.sum(axis=-1) > 0) & (reference.sum(axis=-1) > 0)
    return np.where(both, distance, np.inf)


_RESAMPLES = 400
_SUBSETS = 200
_NORMAL = 1.96  # standard deviations within which 95% of a normal distribution are


@dataclass(frozen=True, eq=False)
class FeatureCounts:
    """Counts of one feature in a set of pieces.

    Parameters
    ----------
    counts : ndarray of float64, shape [P, K]
        Count of each label in each piece.
    modes : ndarray of str, shape [P]
        Mode of each piece.
    """

    counts: NDArray[np.float64]
    modes: NDArray[np.str_]

    @classmethod
    def of(
        cls, histograms: Sequence[Histogram], modes: Sequence[Mode], labels: Sequence[Label]
    ) -> "FeatureCounts":
        """Arrange histograms in an array with a column for each label."""
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
        """Total count over all pieces."""
        return int(self.counts.sum())

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Share of each label over all pieces, shape [K]; NaN if nothing was counted."""
        return _shares(self.counts.sum(axis=0))


@dataclass(frozen=True, eq=False)
class DistanceEstimator:
    """Estimates the distance of sets of pieces from a reference in one feature.

    A set is compared with the reference's pieces of the same modes, weighted by the modes of the
    set, so that a set of major pieces is not distant for its lack of minor ones.

    Parameters
    ----------
    feature : Feature
        Of kind ``ordered`` or ``category``.
    labels : sequence of label
        K labels; numbers ascend.
    reference : Counts
        Counts in the reference's pieces.
    seed : int
        Random seed of the bootstrap.
    """

    feature: Feature
    labels: Sequence[Label]
    reference: FeatureCounts
    seed: int = 0

    def distance(self, pieces: FeatureCounts, number: int) -> tuple[float, Interval]:
        """The distance of a set from the reference, for a given number of pieces.

        Smaller sets are farther from any reference, so that only sets of one size can be compared.
        For a number below that of the set it is the mean over 200 subsets of that size. The 95%
        bootstrap interval is the distance plus or minus 1.96 standard deviations over sets
        resampled with replacement (Efron and Tibshirani, *An Introduction to the Bootstrap*, 1993,
        chapter 6): percentiles would be too high, because a resampled set has fewer different
        pieces. The reference is not resampled.

        Parameters
        ----------
        pieces : Counts
            The set.
        number : int
            1 to the number of pieces in the set.

        Returns
        -------
        float, Interval
            In the feature's unit. NaN if nothing was counted; the interval of a single piece is
            NaN too.
        """
        rng = np.random.default_rng(self.seed)
        found = self._distances(pieces, _subsets(rng, len(pieces), number))
        if not found.size:
            return float("nan"), Interval(float("nan"), float("nan"))
        value = float(found.mean())
        if len(pieces) < 2:
            return value, Interval(float("nan"), float("nan"))
        uniform = np.full(len(pieces), 1 / len(pieces))
        resamples = rng.multinomial(number, uniform, size=_RESAMPLES).astype(np.float64)
        deviation = float(self._distances(pieces, resamples).std())
        margin = _NORMAL * deviation
        return value, Interval(max(0.0, value - margin), value + margin)

    def _distances(
        self, pieces: FeatureCounts, resamples: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Distance of each resample, [R, P], in which anything is counted."""
        weights = resamples @ pieces.counts  # [R, K]
        reference = np.zeros_like(weights)
        for mode in np.unique(pieces.modes).tolist():
            here = pieces.modes == mode
            events = resamples[:, here] @ pieces.counts[here].sum(axis=1)  # [R]
            reference += events[:, np.newaxis] * self._reference_shares(mode)
        counted = weights.sum(axis=1) > 0
        weights, reference = weights[counted], reference[counted]
        if self.feature.kind == "ordered":
            found = wasserstein([float(x) for x in self.labels], weights, reference)
        else:
            found = total_variation(weights, reference)
        return found[np.isfinite(found)]

    def _reference_shares(self, mode: str) -> NDArray[np.float64]:
        """Shares in the reference's pieces of a mode, or in all if those have nothing to count."""
        here = self.reference.counts[self.reference.modes == mode]
        kept = here if self.feature.by_mode and here.sum() else self.reference.counts
        return _shares(kept.sum(axis=0))


def sorted_labels(histograms: Iterable[Histogram]) -> list[Label]:
    """Every label of some histograms, numbers ascending and names in alphabetical order."""
    found = {label for histogram in histograms for label in histogram}
    return sorted(found, key=lambda x: (isinstance(x, str), x))


def _subsets(rng: np.random.Generator, pieces: int, number: int) -> NDArray[np.float64]:
    """Random subsets of different pieces, shape [R, P], or the one of all pieces."""
    if number >= pieces:
        return np.ones((1, pieces))
    order = rng.random((_SUBSETS, pieces)).argsort(axis=1)
    return (order < number).astype(np.float64)
