"""A test of correlations in pieces whose frames are not independent: labels shifted in a circle.

Neighboring frames hold the same chord, and a unit that remembers changes slowly: eight thousand
frames are far fewer observations. A test that shuffled the frames, or took them for independent,
would find something in any slow unit. Here the labels of each piece are moved on against its
activations, all by the same number of frames, and what falls off the end comes in at the beginning:
either series keeps its own course, and only what ties them together is lost. (Harris, "Nonsense
correlations in neuroscience", bioRxiv 2020.11.29.402719, is about the fault and such tests.)

The shifts are whole bars. Fermatas and cadences fall on certain beats, and a unit that does no
more than count the beats must not be taken for one that knows of them. What merely tells pieces
apart, such as their mode, is the same under every shift and is no evidence either.

Many units are tested at once. The largest deviation of any unit and label under each common shift
says how far the luckiest of them all goes (Westfall and Young, *Resampling-Based Multiple Testing*,
1993, chapter 2): a family-wise correction, as Bonferroni's is, but one that knows how alike
the units are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError

DRAWS = 2000
"""Drawn shifts; no p value is below one in so many and one."""

_AT_ONCE = 250
_LEVEL = 1 - 1e-9
"""What is as large but for rounding errors is as large."""


@dataclass(frozen=True, eq=False)
class ShiftSample:
    """What units did over a piece, beside its labels.

    Parameters
    ----------
    units : ndarray of float, shape [N, U]
        Activations, row by row.
    labels : ndarray of bool, shape [N, L]
        Which rows have which label.
    bar : int
        Rows that a shift is a multiple of, 1 or more.
    """

    units: NDArray[np.floating]
    labels: NDArray[np.bool_]
    bar: int = 1


@dataclass(frozen=True, eq=False)
class ShiftTest:
    """What the shifts say of each label and unit.

    Parameters
    ----------
    p : ndarray of float64, shape [L, U]
        Two-sided p value of each test by itself.
    p_family : ndarray of float64, shape [L, U]
        How often the strongest of all tests is as strong by chance: corrected for all L times U.
    """

    p: NDArray[np.float64]
    p_family: NDArray[np.float64]


def shift_test(
    recordings: Sequence[ShiftSample], *, draws: int = DRAWS, seed: int = 0
) -> ShiftTest:
    """Test every unit against every label.

    The statistic is the sum of a unit's activations over the rows with the label, all pieces
    together: under shifts it rises and falls with the point-biserial correlation, everything else
    in which stays. It is told in standard deviations from its mean over all shifts, so that units
    and labels can be compared.

    Parameters
    ----------
    recordings : sequence of Recording
        P pieces with the same units and labels.
    draws : int
        How many times all pieces are shifted, 1 or more.
    seed : int
        Of the draws.

    Raises
    ------
    UsageError
        If there is no piece, or fewer than one draw.
    """
    if not recordings or draws < 1:
        raise UsageError(f"{len(recordings)} pieces and {draws} draws test nothing: give some")
    shape = recordings[0].labels.shape[1], recordings[0].units.shape[1]
    sums = [_shifted_sums(recording) for recording in recordings]
    mean = np.sum([s.mean(axis=0) for s in sums], axis=0)  # [L U]
    deviation = np.sqrt(np.sum([s.var(axis=0) for s in sums], axis=0))  # [L U]
    # Rounding alone moves a sum that no shift changes.
    moving = deviation > 1e-9 * np.sqrt(sum(len(r.units) for r in recordings))
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=moving)
    found = np.abs(sum(s[0] for s in sums) - mean) * scale  # [L U]
    rng = np.random.default_rng(seed)
    alone, luckiest = np.zeros(len(found)), []
    for start in range(0, draws, _AT_ONCE):
        count = min(_AT_ONCE, draws - start)
        total = np.zeros((count, len(found)))
        for piece in sums:
            total += piece[rng.integers(len(piece), size=count)]
        by_chance = np.abs(total - mean) * scale  # [count, L U]
        alone += (by_chance >= found * _LEVEL).sum(axis=0)
        luckiest.append(by_chance.max(axis=1))
    family = np.sort(np.concatenate(luckiest))
    above = draws - np.searchsorted(family, found * _LEVEL, side="left")
    # What is found is one of the ways in which it may fall, so no p value is 0.
    p, p_family = ((1 + n) / (1 + draws) for n in (alone, above))
    return ShiftTest(p.reshape(shape), p_family.reshape(shape))


def _shifted_sums(recording: ShiftSample) -> NDArray[np.float64]:
    """Sums of activations over labeled rows, one row a shift, unshifted first, [S, L U]."""
    units = recording.units.astype(np.float64)
    # Units that stand far from zero would drown their own changes in rounding errors.
    units -= units.mean(axis=0)
    shifts = range(0, len(units), recording.bar)
    moved = np.stack([np.roll(recording.labels, s, axis=0).T for s in shifts])  # [S, L, N]
    sums: NDArray[np.float64] = moved.reshape(-1, len(units)) @ units
    return sums.reshape(len(shifts), -1)
