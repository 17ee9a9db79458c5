"""Correlations of units with labels, corrected for many tests, and their confirmation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.evaluation.interpretability.circular_shift import SHIFTS, ShiftTest, shift_test
from bachbot.evaluation.interpretability.recordings import NetworkUnit, Recordings

SIGNIFICANCE = 0.05
"""P-values up to this are significant."""


def point_biserial(
    activations: NDArray[np.floating], label: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Point-biserial correlation: Pearson's correlation of each unit with a binary label.

    It is (m1 - m0) / s times the root of q (1 - q), where m1 and m0 are the unit's means with and
    without the label, s is its standard deviation and q the share of rows that have the label
    (Tate, "Correlation between a discrete and a continuous variable", *Annals of Mathematical
    Statistics* 25(3), 1954).

    Parameters
    ----------
    activations : ndarray of float, shape [N, U]
        Activations of U units in N rows.
    label : ndarray of bool, shape [N]
        Which rows have the label.

    Returns
    -------
    ndarray of float64, shape [U]
        -1 to 1; 0 where the unit or the label is constant.

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
    scale = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    # A constant unit leaves rounding errors, which correlate with anything.
    scale[np.ptp(activations, axis=0) == 0] = 0
    r: NDArray[np.float64] = np.divide(y @ x, scale, out=np.zeros(len(scale)), where=scale > 0)
    return np.clip(r, -1.0, 1.0)


def t_test_p_values(r: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """P-values of correlations if all rows were independent.

    Two-sided, by Student's t with N - 2 degrees of freedom, where t is r times the root of
    (N - 2) / (1 - r r). The frames of a chorale are not independent, so that these values are far
    too small for them; see `bachbot.evaluation.interpretability.circular_shift`.

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
        If there are fewer than 3 rows.
    """
    if rows < 3:
        raise UsageError(f"a correlation over {rows} rows cannot be tested: give 3 or more")
    from scipy.special import betainc

    # The tails of t as an incomplete beta function (Abramowitz and Stegun, 26.7.1 and 26.5.27).
    p: NDArray[np.float64] = betainc((rows - 2) / 2, 0.5, 1 - np.asarray(r) ** 2)
    return p


@dataclass(frozen=True, eq=False)
class Correlations:
    """Correlations of every unit with every label.

    Parameters
    ----------
    units : tuple of NetworkUnit
        U units.
    concepts : tuple of str
        L labels.
    r : ndarray of float64, shape [L, U]
        Point-biserial correlations over all rows of all pieces.
    p_independent : ndarray of float64, shape [L, U]
        P-values as if the rows were independent, which they are not.
    shift_test : ShiftTest
        P-values of the circular-shift test, which are the valid ones.
    """

    units: tuple[NetworkUnit, ...]
    concepts: tuple[str, ...]
    r: NDArray[np.float64]
    p_independent: NDArray[np.float64]
    shift_test: ShiftTest

    def of_layer(self, layer: str) -> NDArray[np.intp]:
        """Indices of a layer's units."""
        return np.flatnonzero([unit.layer == layer for unit in self.units])

    def strongest(self, concept: str, among: Sequence[int] | NDArray[np.intp]) -> int:
        """Index of the unit with the largest absolute correlation.

        Parameters
        ----------
        concept : str
            One of `concepts`.
        among : sequence of int
            Indices of the units to choose from, one or more.
        """
        strengths = np.abs(self.r[self.concepts.index(concept)][np.asarray(among)])
        return int(among[int(strengths.argmax())])


@dataclass(frozen=True)
class Finding:
    """What a discovery part says of a label, and whether a held-out part confirms it.

    Parameters
    ----------
    concept : str
        The label.
    significant_if_independent : int
        Units significant in the discovery part if rows were independent, at a false discovery rate
        of 5% over all units and labels.
    significant : int
        Units significant there by the circular-shift test, at the same false discovery rate.
    significant_family_wise : int
        Units significant there by the circular-shift test, family-wise at 5%.
    confirmed : int
        How many of the family-wise significant units are significant in the held-out part by the
        circular-shift test, with the same sign, at a false discovery rate of 5% over the
        family-wise significant units of all labels.
    best : NetworkUnit
        The unit with the strongest correlation in the discovery part.
    r_discovery, r_heldout : float
        Its correlation in the discovery part, where it was chosen, and in the held-out part.
    p_heldout : float
        Its family-wise p-value in the held-out part, corrected for all units and labels.
    """

    concept: str
    significant_if_independent: int
    significant: int
    significant_family_wise: int
    confirmed: int
    best: NetworkUnit
    r_discovery: float
    r_heldout: float
    p_heldout: float


def correlate(recordings: Recordings, *, shifts: int = SHIFTS, seed: int = 0) -> Correlations:
    """Correlate every unit with every label over all pieces, and test the correlations.

    Parameters
    ----------
    recordings : Recordings
        From `record`.
    shifts : int
        Random shifts of the circular-shift test, 1 or more.
    seed : int
        Random seed of the shifts.
    """
    units = np.concatenate([piece.units for piece in recordings.pieces])  # [N, U]
    labels = np.concatenate([piece.labels for piece in recordings.pieces])  # [N, L]
    r = np.stack([point_biserial(units, label) for label in labels.T])
    return Correlations(
        recordings.units,
        recordings.concepts,
        r,
        t_test_p_values(r, len(units)),
        shift_test(recordings.pieces, shifts=shifts, seed=seed),
    )


def confirm(discovery: Correlations, heldout: Correlations) -> list[Finding]:
    """Confirm what was found on one part of the corpus on another part.

    Parameters
    ----------
    discovery : Correlations
        Of the part on which units are chosen.
    heldout : Correlations
        Of the same units and labels on another part.

    Returns
    -------
    list of Finding
        One for each label.

    Raises
    ------
    UsageError
        If the units or labels differ.
    """
    if (discovery.units, discovery.concepts) != (heldout.units, heldout.concepts):
        raise UsageError("the two parts have other units or labels: record the same model on both")
    independent = significant_by_fdr(discovery.p_independent)
    significant = significant_by_fdr(discovery.shift_test.p)
    family_wise = discovery.shift_test.p_family <= SIGNIFICANCE  # [L, U]
    confirmed = np.zeros_like(family_wise)
    confirmed[family_wise] = significant_by_fdr(heldout.shift_test.p[family_wise])
    confirmed &= np.sign(discovery.r) == np.sign(heldout.r)
    findings = []
    for row, concept in enumerate(discovery.concepts):
        best = discovery.strongest(concept, range(len(discovery.units)))
        findings.append(
            Finding(
                concept=concept,
                significant_if_independent=int(independent[row].sum()),
                significant=int(significant[row].sum()),
                significant_family_wise=int(family_wise[row].sum()),
                confirmed=int(confirmed[row].sum()),
                best=discovery.units[best],
                r_discovery=float(discovery.r[row, best]),
                r_heldout=float(heldout.r[row, best]),
                p_heldout=float(heldout.shift_test.p_family[row, best]),
            )
        )
    return findings


def significant_by_fdr(p: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which tests are significant at a false discovery rate of 5% over all of them.

    The procedure of Benjamini and Hochberg, "Controlling the false discovery rate", *Journal of the
    Royal Statistical Society B* 57(1), 1995, for independent or positively dependent tests.

    Parameters
    ----------
    p : ndarray of float64, any shape
        P-values of all tests.

    Returns
    -------
    ndarray of bool, same shape
    """
    from scipy.stats import false_discovery_control

    adjusted = np.asarray(false_discovery_control(p, axis=None)).reshape(np.shape(p))
    return adjusted <= SIGNIFICANCE
