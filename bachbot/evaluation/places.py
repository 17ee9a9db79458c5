"""Where in the bar a frame lies, for sums that are told apart by it.

Most of what a chorale costs is paid where notes begin, and that hangs on two things: which
sixteenth of a quarter it is, in any metre, and which quarter of the bar, told apart in 4/4 alone,
the metre of nine chorales in ten. Every frame lies in one of twenty cells: a place of a 4/4 bar,
0 to 15, or in any other metre 16 and the sixteenth of the quarter, counted from the bar line.
"""

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Metre

_QUARTER = 4  # frames
_COMMON = Metre(4, 4).bar_frames
CELLS = _COMMON + _QUARTER
"""How many cells there are."""

SIXTEENTHS: dict[str, tuple[int, ...]] = {
    f"sixteenth {n + 1} of a quarter": tuple(c for c in range(CELLS) if c % _QUARTER == n)
    for n in range(_QUARTER)
}
QUARTERS: dict[str, tuple[int, ...]] = {
    f"quarter {n + 1} of 4/4": tuple(range(_QUARTER * n, _QUARTER * (n + 1)))
    for n in range(_COMMON // _QUARTER)
}
PLACES: dict[str, tuple[int, ...]] = {
    **SIXTEENTHS,
    **QUARTERS,
    **{f"sixteenth {n + 1} of 4/4": (n,) for n in range(_COMMON)},
}
"""Places by name, and the cells of each. They overlap: do not add one kind to another."""


def cells(chorale: Chorale) -> NDArray[np.int64]:
    """The cell of each frame.

    Parameters
    ----------
    chorale : Chorale
        T frames.

    Returns
    -------
    ndarray of int64, shape [T]
        0 to `CELLS` - 1.
    """
    place = chorale.place.astype(np.int64)
    if (chorale.metre.beats, chorale.metre.unit) != (4, 4):
        return _COMMON + place % _QUARTER
    # A bar that a change of metre made longer than 4/4 has no place of its own there.
    return np.where(place < _COMMON, place, _COMMON + place % _QUARTER)


def unbarred(cell: int) -> int:
    """The cell of a frame whose place in the bar is not known, only its sixteenth."""
    return _COMMON + cell % _QUARTER
