"""What a model that looks ahead is told of a piece before a note of it is written.

Shapes: P pieces side by side, T frames of the longest, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Given
from bachbot.encoding.vocabulary import Vocabulary
from bachbot.errors import EncodingError

POSITIONS, BARS, MODES = 50, 50, 3
"""How many places in the bar, lengths of a bar and modes are told apart; 0 is unknown."""

FAR = 16
"""Beats from either end beyond which the distance is no longer told."""

CLOCK = 16
"""Frames of the clock that stands for the place in the bar where the meter is not known."""

UNKNOWN = 2
"""`Told.pause` where it is for the model to say."""

_MODES = {"major": 1, "minor": 2}


@dataclass(frozen=True, eq=False)
class FillRequest:
    """A piece that is to be written, and what is given of it.

    Parameters
    ----------
    chorale : Chorale
        In C major or A minor. What it holds in cells that are not given is of no account.
    given : Given
        Which cells and fermatas are given.
    """

    chorale: Chorale
    given: Given


@dataclass(frozen=True, eq=False)
class Conditioning:
    """Pieces side by side, as numbers.

    Parameters
    ----------
    shown : ndarray of int64, shape [P, T, 4]
        The token of every given cell, V where none is given.
    pause : ndarray of int64, shape [P, T]
        1 under a given fermata, 0 where there is none, `UNKNOWN` where it is not given.
    position, bar : ndarray of int64, shape [P, T]
        Place in the bar and length of the bar, in frames and from 1; 0 is unknown.
    mode : ndarray of int64, shape [P]
        1 major, 2 minor, 0 unknown.
    length : ndarray of int64, shape [P]
        Frames of each piece.
    """

    shown: NDArray[np.int64]
    pause: NDArray[np.int64]
    position: NDArray[np.int64]
    bar: NDArray[np.int64]
    mode: NDArray[np.int64]
    length: NDArray[np.int64]

    @property
    def turned(self) -> NDArray[np.intp]:
        """For each frame the one as far from its piece's other end, [P, T]; padding stays."""
        at = np.arange(self.pause.shape[1])
        left = self.length[:, None] - 1 - at
        return np.where(left >= 0, left, at)


def encode_conditioning(
    works: Sequence[FillRequest], vocabulary: Vocabulary, *, heard: bool = True
) -> Conditioning:
    """What is given of some pieces, as numbers.

    Parameters
    ----------
    works : sequence of Work
        One or more.
    vocabulary : Vocabulary
        What the tokens mean.
    heard : bool
        Whether meter, mode and fermatas are told. Without, they are unknown, every frame goes
        without a fermata, and the place is what a clock says that sets out with the piece.

    Raises
    ------
    EncodingError
        If a given pitch is outside the vocabulary, or cells and frames do not agree.
    """
    shape = len(works), max(w.chorale.frames for w in works)
    shown = np.full((*shape, 4), len(vocabulary), dtype=np.int64)
    pause, place, bar = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    mode = np.zeros(len(works), dtype=np.int64)
    if not heard:
        place[:] = np.arange(shape[1]) % CLOCK + 1
    for row, work in enumerate(works):
        chorale, cells = work.chorale, work.given.cells
        frames = chorale.frames
        if cells.shape != (frames, 4):
            raise EncodingError(
                f"a piece of {frames} frames came with given cells for {len(cells)}: "
                "as many of either are wanted"
            )
        shown[row, :frames][cells] = vocabulary.ids_of(chorale.pitch[cells], chorale.tied[cells])
        if not heard:
            continue
        pause[row, :frames] = np.where(work.given.fermatas, chorale.fermata, UNKNOWN)
        place[row, :frames] = np.minimum(chorale.position + 1, POSITIONS - 1)
        bar[row, :frames] = min(chorale.meter.bar_frames, BARS - 1)
        mode[row] = _MODES[chorale.key.mode]
    length = np.array([w.chorale.frames for w in works])
    return Conditioning(shown, pause, place, bar, mode, length)
