"""Where a frame stands: its bar and its beat."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale


def bars(chorale: Chorale) -> NDArray[np.int64]:
    """Bar of each frame, counted from 1, a pickup as 0; shape [T]."""
    starts = np.zeros(chorale.frames, dtype=np.int64)
    starts[chorale.bar_starts] = 1
    pickup = chorale.frames > 0 and chorale.place[0] > 0
    numbers: NDArray[np.int64] = np.cumsum(starts) - int(pickup)
    return numbers


def beat(chorale: Chorale, frame: int) -> Fraction:
    """Felt beat of a frame, counted from 1: 5/2 is half a beat after the second."""
    return 1 + Fraction(int(chorale.place[frame]), chorale.metre.beat_frames)
