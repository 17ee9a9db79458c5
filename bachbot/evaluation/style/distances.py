"""Distances between distributions.

The Wasserstein distance (earth mover's distance) of order 1 is the area between two cumulative
distributions (Vallender, "Calculation of the Wasserstein distance between probability distributions
on the line", Theory of Probability and its Applications 18, 1974); it has the unit of the values.
Where labels have no order, "Bach or Mock" takes the same distance over their ranks in the
reference's order of frequency (`ranked`), and the further distributions take the total variation:
half the sum of the differences, the share of the one that would have to change to make the other
(Levin, Peres and Wilmer, *Markov Chains and Mixing Times*, section 4.1).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bachbot.evaluation.style.feature import Histogram, Label


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
