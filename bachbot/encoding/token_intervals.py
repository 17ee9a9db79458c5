"""Intervals between tokens: relations of pitch that stay the same under transposition.

Shapes: V vocabulary.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding.vocabulary import FIRST_PITCH

MAX_LEAP = 24
"""Semitones beyond which all leaps in one direction are one interval."""

MELODIC_INTERVALS = 2 * MAX_LEAP + 3
"""Number of melodic intervals: an onset -24 to 24 semitones from the last note; a tie of another
pitch; and a tie of the same pitch."""

PITCH_CLASSES = 12
"""Pitch classes, and so harmonic intervals, whatever the octave."""


@lru_cache
def pitch_classes(vocabulary: int) -> NDArray[np.int64]:
    """Pitch class of each token, [V + 1], counted from that of the lowest pitch.

    `PITCH_CLASSES` stands where there is no pitch; the last entry is that of no token.

    Parameters
    ----------
    vocabulary : int
        Number of tokens (V).
    """
    ids = np.arange(vocabulary + 1)
    pitched = (ids >= FIRST_PITCH) & (ids < vocabulary)
    return np.where(pitched, (ids - FIRST_PITCH) // 2 % PITCH_CLASSES, PITCH_CLASSES)


@lru_cache
def melodic_intervals(vocabulary: int) -> NDArray[np.int64]:
    """Melodic interval from each token to the next one of its voice, [V + 1, V].

    `MELODIC_INTERVALS` stands where either has no pitch; the last row is that of no token.

    Parameters
    ----------
    vocabulary : int
        Number of tokens (V).
    """
    before, after = np.arange(vocabulary + 1)[:, None], np.arange(vocabulary)[None]
    leap = (after - FIRST_PITCH) // 2 - (before - FIRST_PITCH) // 2
    onset = np.clip(leap, -MAX_LEAP, MAX_LEAP) + MAX_LEAP
    tie = 2 * MAX_LEAP + 1 + (leap == 0)
    intervals = np.where((after - FIRST_PITCH) % 2 == 1, tie, onset)
    return _where_pitched(intervals, before, after, vocabulary, MELODIC_INTERVALS)


@lru_cache
def harmonic_intervals(vocabulary: int) -> NDArray[np.int64]:
    """Semitones from each token up to each other, within the octave, [V + 1, V].

    `PITCH_CLASSES` stands where either has no pitch; the last row is that of no token.

    Parameters
    ----------
    vocabulary : int
        Number of tokens (V).
    """
    of = pitch_classes(vocabulary)
    lower, upper = np.arange(vocabulary + 1)[:, None], np.arange(vocabulary)[None]
    up = (of[upper] - of[lower]) % PITCH_CLASSES
    return _where_pitched(up, lower, upper, vocabulary, PITCH_CLASSES)


def _where_pitched(
    table: NDArray[np.int64],
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    vocabulary: int,
    without: int,
) -> NDArray[np.int64]:
    """A read-only table with `without` where either token has no pitch."""
    pitched = (one >= FIRST_PITCH) & (one < vocabulary) & (other >= FIRST_PITCH)
    out = np.where(pitched, table, without).astype(np.int64)
    out.setflags(write=False)
    return out
