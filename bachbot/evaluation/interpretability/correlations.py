"""Which units correlate with what, corrected for many tests, and whether they still do elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.evaluation.interpretability.circular_shift import DRAWS, ShiftTest, shift_test
from bachbot.evaluation.interpretability.recordings import Recordings, Unit


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
    (N - 2) / (1 - r r). The frames of a chorale are not independent: neighbors hold the same
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


LEVEL = 0.05
"""P values up to it count."""


@dataclass(frozen=True, eq=False)
class Correlations:
    """Every unit against every label.

    Parameters
    ----------
    units : tuple of Unit
        U units.
    concepts : tuple of str
        L labels.
    r : ndarray of float64, shape [L, U]
        Point-biserial correlations over all rows of all pieces.
    p_naive : ndarray of float64, shape [L, U]
        P values as if the rows were independent, which they are not.
    shifts : ShiftTest
        P values by shifts within pieces, which are those to go by.
    """

    units: tuple[Unit, ...]
    concepts: tuple[str, ...]
    r: NDArray[np.float64]
    p_naive: NDArray[np.float64]
    shifts: ShiftTest

    def of_layer(self, layer: str) -> NDArray[np.intp]:
        """Places of a layer's units."""
        return np.flatnonzero([unit.layer == layer for unit in self.units])

    def strongest(self, concept: str, among: Sequence[int] | NDArray[np.intp]) -> int:
        """The unit with the largest correlation of either sign.

        Parameters
        ----------
        concept : str
            One of `concepts`.
        among : sequence of int
            Places of the units to choose from, one or more.
        """
        strengths = np.abs(self.r[self.concepts.index(concept)][np.asarray(among)])
        return int(among[int(strengths.argmax())])


@dataclass(frozen=True)
class Finding:
    """What one part said of a label, and what another part says to that.

    Parameters
    ----------
    concept : str
        The label.
    naive : int
        Units that pass in the first part if rows are taken for independent, at a false discovery
        rate of 5% over all units and labels.
    honest : int
        Units that pass there by the shifts, at the same rate.
    certain : int
        Units that pass there by the shifts, none of them falsely but with a chance of 5%.
    confirmed : int
        How many of the certain ones pass by the shifts in the second part, with the same sign, at
        a false discovery rate of 5% over the certain ones of all labels.
    best : Unit
        The strongest in the first part.
    r_found, r_held : float
        Its correlation in the first part, and in the second, where it was not chosen.
    p_held : float
        Its p value by the shifts in the second part, corrected family-wise for all units and
        labels as if it had been chosen there.
    """

    concept: str
    naive: int
    honest: int
    certain: int
    confirmed: int
    best: Unit
    r_found: float
    r_held: float
    p_held: float


def correlate(recordings: Recordings, *, draws: int = DRAWS, seed: int = 0) -> Correlations:
    """Correlate every unit with every label, all pieces together, and test it.

    Parameters
    ----------
    recordings : Recordings
        As `record` gives them.
    draws : int
        Drawn shifts.
    seed : int
        Of the draws.
    """
    units = np.concatenate([piece.units for piece in recordings.pieces])  # [N, U]
    labels = np.concatenate([piece.labels for piece in recordings.pieces])  # [N, L]
    r = np.stack([point_biserial(units, label) for label in labels.T])
    return Correlations(
        recordings.units,
        recordings.concepts,
        r,
        p_values(r, len(units)),
        shift_test(recordings.pieces, draws=draws, seed=seed),
    )


def confirm(found: Correlations, held: Correlations) -> list[Finding]:
    """Hold what was found on one part against another.

    Parameters
    ----------
    found : Correlations
        Of the part on which units are chosen.
    held : Correlations
        The same units and labels on a part that had no say in that.

    Returns
    -------
    list of Finding
        One a label.

    Raises
    ------
    UsageError
        If the units or labels differ.
    """
    if (found.units, found.concepts) != (held.units, held.concepts):
        raise UsageError("the two parts have other units or labels: record the same model on both")
    naive = benjamini_hochberg(found.p_naive) <= LEVEL
    honest = benjamini_hochberg(found.shifts.p) <= LEVEL
    certain = found.shifts.p_family <= LEVEL  # [L, U]
    again = np.zeros_like(certain)
    again[certain] = benjamini_hochberg(held.shifts.p[certain]) <= LEVEL
    again &= np.sign(found.r) == np.sign(held.r)
    findings = []
    for row, concept in enumerate(found.concepts):
        best = found.strongest(concept, range(len(found.units)))
        findings.append(Finding(
            concept=concept,
            naive=int(naive[row].sum()),
            honest=int(honest[row].sum()),
            certain=int(certain[row].sum()),
            confirmed=int(again[row].sum()),
            best=found.units[best],
            r_found=float(found.r[row, best]),
            r_held=float(held.r[row, best]),
            p_held=float(held.shifts.p_family[row, best]),
        ))  # fmt: skip
    return findings
