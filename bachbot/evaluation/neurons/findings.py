"""Which units fire on what, and whether they still do elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.evaluation.neurons.biserial import benjamini_hochberg, p_values, point_biserial
from bachbot.evaluation.neurons.recordings import Recordings, Unit
from bachbot.evaluation.neurons.shifts import DRAWS, ShiftTest, shift_test

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
