"""The circular-shift test: correlations in pieces whose frames are not independent.

Neighboring frames have the same chord, and a recurrent unit changes slowly, so that eight thousand
frames are far fewer independent observations. A test that permuted the frames, or took them for
independent, would find something in any slow unit. Here the labels of each piece are shifted
against its activations by a random number of bars, and what falls off the end comes in at the
beginning: each series keeps its autocorrelation, and only the relation between them is lost.
(Harris, "Nonsense correlations in neuroscience", bioRxiv 2020.11.29.402719, describes the problem
and such tests.)

The shifts are whole bars. Fermatas and cadences fall on certain beats, and a unit that only counts
beats must not be taken for one that detects them. A difference between whole pieces, such as their
mode, is the same under every shift and is no evidence either.

Many units are tested at once. The largest statistic of any unit and label under each shift gives
family-wise p-values (Westfall and Young, *Resampling-Based Multiple Testing*, 1993, chapter 2): a
correction as Bonferroni's, but one that takes the correlation between units into account.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError

SHIFTS = 2000
"""Random shifts of all pieces; no p-value is below 1 / (1 + SHIFTS)."""

_BATCH = 250
_TOLERANCE = 1 - 1e-9  # statistics that differ by rounding errors alone count as equal


@dataclass(frozen=True, eq=False)
class ShiftSample:
    """Activations and labels of one piece.

    Parameters
    ----------
    units : ndarray of float, shape [N, U]
        Activations of U units in N rows.
    labels : ndarray of bool, shape [N, L]
        Which rows have which label.
    bar : int
        Rows of which every shift is a multiple, 1 or more.
    """

    units: NDArray[np.floating]
    labels: NDArray[np.bool_]
    bar: int = 1


@dataclass(frozen=True, eq=False)
class ShiftTest:
    """P-values of the circular-shift test.

    Parameters
    ----------
    p : ndarray of float64, shape [L, U]
        Two-sided p-value of each label and unit, uncorrected.
    p_family : ndarray of float64, shape [L, U]
        Family-wise p-values, corrected for all L times U tests.
    """

    p: NDArray[np.float64]
    p_family: NDArray[np.float64]


def shift_test(samples: Sequence[ShiftSample], *, shifts: int = SHIFTS, seed: int = 0) -> ShiftTest:
    """Test every unit against every label.

    The statistic is the sum of a unit's activations over the rows with the label, over all pieces.
    Under shifts it is a linear function of the point-biserial correlation. It is standardized by
    its mean and standard deviation over all shifts, so that units and labels are comparable.

    Parameters
    ----------
    samples : sequence of ShiftSample
        P pieces with the same units and labels.
    shifts : int
        How often all pieces are shifted, 1 or more.
    seed : int
        Random seed of the shifts.

    Returns
    -------
    ShiftTest

    Raises
    ------
    UsageError
        If there is no piece, or fewer than one shift.
    """
    if not samples or shifts < 1:
        raise UsageError(
            f"{len(samples)} pieces and {shifts} shifts make no test: give 1 or more of each"
        )
    shape = samples[0].labels.shape[1], samples[0].units.shape[1]
    sums = [_shifted_sums(sample) for sample in samples]
    mean = np.sum([s.mean(axis=0) for s in sums], axis=0)  # [L U]
    deviation = np.sqrt(np.sum([s.var(axis=0) for s in sums], axis=0))  # [L U]
    # Rounding errors alone move a sum that no shift changes.
    varies = deviation > 1e-9 * np.sqrt(sum(len(s.units) for s in samples))
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=varies)
    observed = np.abs(sum(s[0] for s in sums) - mean) * scale  # [L U]
    rng = np.random.default_rng(seed)
    as_large, largest = np.zeros(len(observed)), []
    for start in range(0, shifts, _BATCH):
        count = min(_BATCH, shifts - start)
        total = np.zeros((count, len(observed)))
        for piece in sums:
            total += piece[rng.integers(len(piece), size=count)]
        shifted = np.abs(total - mean) * scale  # [count, L U]
        as_large += (shifted >= observed * _TOLERANCE).sum(axis=0)
        largest.append(shifted.max(axis=1))
    family = np.sort(np.concatenate(largest))
    family_as_large = shifts - np.searchsorted(family, observed * _TOLERANCE, side="left")
    # The observed alignment is one of the possible shifts, so no p-value is 0.
    p, p_family = ((1 + n) / (1 + shifts) for n in (as_large, family_as_large))
    return ShiftTest(p.reshape(shape), p_family.reshape(shape))


def _shifted_sums(sample: ShiftSample) -> NDArray[np.float64]:
    """Sums of activations over labeled rows for each possible shift, 0 first, shape [S, L U]."""
    units = sample.units.astype(np.float64)
    # Centered, so that units far from zero do not lose their changes to rounding errors.
    units -= units.mean(axis=0)
    shifts = range(0, len(units), sample.bar)
    shifted = np.stack([np.roll(sample.labels, s, axis=0).T for s in shifts])  # [S, L, N]
    sums: NDArray[np.float64] = shifted.reshape(-1, len(units)) @ units
    return sums.reshape(len(shifts), -1)
