"""The point-biserial correlation of many units with a label, and what is left of many tests."""

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError


def point_biserial(
    activations: NDArray[np.floating], label: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """How strongly each unit goes with a label: Pearson's correlation with zeros and ones.

    It is (m1 - m0) / s times the root of q (1 - q), where m1 and m0 are the unit's means with and
    without the label, s is its standard deviation and q the share of rows that have the label
    (Tate, "Correlation between a discrete and a continuous variable", *Annals of Mathematical
    Statistics* 25(3), 1954).

    Parameters
    ----------
    activations : ndarray of float, shape [N, U]
        What each of U units puts out in each of N rows.
    label : ndarray of bool, shape [N]
        Which rows have the label.

    Returns
    -------
    ndarray of float64, shape [U]
        -1 to 1; 0 where the unit or the label is the same in every row.

    Raises
    ------
    UsageError
        If the shapes do not agree.

    Examples
    --------
    >>> label = np.array([False, False, True, True])
    >>> point_biserial(np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 0.0], [3.0, 1.0]]), label).round(3)
    array([0.894, 0.   ])
    """
    if activations.ndim != 2 or label.shape != activations.shape[:1]:
        raise UsageError(
            f"activations and label have shapes {activations.shape} and {label.shape}: "
            "wanted [N, U] and [N]"
        )
    if not len(label):
        return np.zeros(activations.shape[1])
    y = label - label.mean()
    x = activations - activations.mean(axis=0, dtype=np.float64)
    spread = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    # A unit that stands still leaves rounding errors behind, which correlate with anything.
    still = np.ptp(activations, axis=0) == 0
    spread[still] = 0
    r: NDArray[np.float64] = np.divide(y @ x, spread, out=np.zeros(len(spread)), where=spread > 0)
    return np.clip(r, -1.0, 1.0)


def p_values(r: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """How likely a correlation at least so strong is by chance, if all rows were independent.

    Two-sided, by Student's t with N - 2 degrees of freedom, t being r times the root of
    (N - 2) / (1 - r r). The frames of a chorale are not independent: neighbours hold the same
    chord, and a unit remembers. These values are far too small then; `shifts` does without.

    Parameters
    ----------
    r : ndarray of float64, any shape
        Correlations over the same rows, -1 to 1.
    rows : int
        N, 3 or more.

    Returns
    -------
    ndarray of float64, same shape
        0 to 1.

    Raises
    ------
    UsageError
        If there are fewer rows.
    """
    if rows < 3:
        raise UsageError(f"{rows} rows say nothing about a correlation: give 3 or more")
    from scipy.special import betainc

    # The tails of t as an incomplete beta function (Abramowitz and Stegun, 26.7.1 and 26.5.27).
    p: NDArray[np.float64] = betainc((rows - 2) / 2, 0.5, 1 - np.asarray(r) ** 2)
    return p


def benjamini_hochberg(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """P values adjusted so that those below a level hold at most that share of false finds.

    The step-up procedure of Benjamini and Hochberg, "Controlling the false discovery rate",
    *Journal of the Royal Statistical Society B* 57(1), 1995; it holds for tests that are
    independent or positively dependent.

    Parameters
    ----------
    p : ndarray of float64, any shape
        P values of all tests of the family.

    Returns
    -------
    ndarray of float64, same shape
        Each at least as large as its p value, at most 1.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.9])).round(3)
    array([0.04 , 0.053, 0.053, 0.9  ])
    """
    flat = np.asarray(p, dtype=np.float64).ravel()
    order = np.argsort(flat)
    scaled = flat[order] * len(flat) / np.arange(1, len(flat) + 1)
    out = np.empty_like(flat)
    out[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return np.minimum(out, 1.0).reshape(np.shape(p))
