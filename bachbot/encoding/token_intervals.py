"""Tokens by how far they are from one another: what is the same a step higher.

Shapes: V vocabulary, N any number of tokens.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding.vocabulary import FIRST_PITCH

FARTHEST = 24
"""Semitones beyond which one leap is as good as another."""

MELODIC = 2 * FARTHEST + 3
"""How many ways on are told apart: an onset so many semitones from the last note, each of -24 to
24; a tie of another pitch; and a tie."""

CHROMAS = 12
"""Pitch classes, and so harmonic intervals, whatever the octave."""


@lru_cache
def chromas(vocabulary: int) -> NDArray[np.int64]:
    """Pitch class of each token, [V + 1], from the lowest pitch's; `CHROMAS` where there is none.

    Parameters
    ----------
    vocabulary : int
        How many tokens there are (V); the last entry is that of no token.
    """
    ids = np.arange(vocabulary + 1)
    pitched = (ids >= FIRST_PITCH) & (ids < vocabulary)
    return np.where(pitched, (ids - FIRST_PITCH) // 2 % CHROMAS, CHROMAS)


@lru_cache
def melodic(vocabulary: int) -> NDArray[np.int64]:
    """How each token goes on from each, [V + 1, V].

    The last row is that of no token. `MELODIC` stands where either has no pitch.

    Parameters
    ----------
    vocabulary : int
        How many tokens there are (V).
    """
    before, after = np.arange(vocabulary + 1)[:, None], np.arange(vocabulary)[None]
    moved = (after - FIRST_PITCH) // 2 - (before - FIRST_PITCH) // 2
    onset = np.clip(moved, -FARTHEST, FARTHEST) + FARTHEST
    tie = 2 * FARTHEST + 1 + (moved == 0)
    ways = np.where((after - FIRST_PITCH) % 2 == 1, tie, onset)
    return _frozen(ways, before, after, vocabulary, MELODIC)


@lru_cache
def harmonic(vocabulary: int) -> NDArray[np.int64]:
    """Semitones from each token up to each, within the octave, [V + 1, V].

    The last row is that of no token. `CHROMAS` stands where either has no pitch.

    Parameters
    ----------
    vocabulary : int
        How many tokens there are (V).
    """
    of = chromas(vocabulary)
    under, over = np.arange(vocabulary + 1)[:, None], np.arange(vocabulary)[None]
    return _frozen((of[over] - of[under]) % CHROMAS, under, over, vocabulary, CHROMAS)


def _frozen(
    table: NDArray, one: NDArray, other: NDArray, vocabulary: int, without: int
) -> NDArray[np.int64]:
    pitched = (one >= FIRST_PITCH) & (one < vocabulary) & (other >= FIRST_PITCH)
    out = np.where(pitched, table, without).astype(np.int64)
    out.setflags(write=False)
    return out
