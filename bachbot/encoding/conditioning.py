"""What a model that looks ahead reads of a piece before it writes the first note.

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
"""Number of metrical positions, lengths of a measure, and modes; 0 means unknown in each."""

MAX_BEATS = 16
"""Beats from either end of a piece beyond which the distance is not read."""

CLOCK_FRAMES = 16
"""Period of the clock that stands for the metrical position if the meter is not known."""

UNKNOWN = 2
"""`Conditioning.fermata` where the model decides."""

_MODES = {"major": 1, "minor": 2}


@dataclass(frozen=True, eq=False)
class FillRequest:
    """A piece to be completed, and what is given of it.

    Parameters
    ----------
    chorale : Chorale
        In C major or A minor. What it holds in cells that are not given is ignored.
    given : Given
        Which cells and fermatas are given.
    """

    chorale: Chorale
    given: Given


@dataclass(frozen=True, eq=False)
class Conditioning:
    """What is given of pieces side by side, as numbers.

    Parameters
    ----------
    tokens : ndarray of int64, shape [P, T, 4]
        The token of every given cell, V where none is given.
    fermata : ndarray of int64, shape [P, T]
        1 under a given fermata, 0 where there is none, `UNKNOWN` where it is not given.
    position, bar : ndarray of int64, shape [P, T]
        Metrical position and length of the measure, in frames and from 1; 0 is unknown.
    mode : ndarray of int64, shape [P]
        1 major, 2 minor, 0 unknown.
    length : ndarray of int64, shape [P]
        Frames of each piece.
    """

    tokens: NDArray[np.int64]
    fermata: NDArray[np.int64]
    position: NDArray[np.int64]
    bar: NDArray[np.int64]
    mode: NDArray[np.int64]
    length: NDArray[np.int64]

    def piece(self, index: int) -> "Conditioning":
        """One of the pieces without what follows its end, as if it were alone."""
        one, frames = slice(index, index + 1), slice(int(self.length[index]))
        return Conditioning(
            self.tokens[one, frames],
            self.fermata[one, frames],
            self.position[one, frames],
            self.bar[one, frames],
            self.mode[one],
            self.length[one],
        )

    @property
    def reversal(self) -> NDArray[np.intp]:
        """Indices that reverse each piece within its own length, [P, T]; padding stays."""
        at = np.arange(self.fermata.shape[1])
        left = self.length[:, None] - 1 - at
        return np.where(left >= 0, left, at)


def encode_conditioning(
    requests: Sequence[FillRequest], vocabulary: Vocabulary, *, use_metadata: bool = True
) -> Conditioning:
    """Encode what is given of some pieces.

    Parameters
    ----------
    requests : sequence of FillRequest
        One or more.
    vocabulary : Vocabulary
        What the tokens mean.
    use_metadata : bool
        Whether meter, mode and fermatas are read. If not, meter and mode are unknown, every frame
        is without a fermata, and the metrical position is that of a clock that starts with the
        piece.

    Raises
    ------
    EncodingError
        If a given pitch is outside the vocabulary, or cells and frames do not agree.
    """
    shape = len(requests), max(r.chorale.frames for r in requests)
    tokens = np.full((*shape, 4), len(vocabulary), dtype=np.int64)
    fermata, position, bar = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    mode = np.zeros(len(requests), dtype=np.int64)
    if not use_metadata:
        position[:] = np.arange(shape[1]) % CLOCK_FRAMES + 1
    for row, request in enumerate(requests):
        chorale, cells = request.chorale, request.given.cells
        frames = chorale.frames
        if cells.shape != (frames, 4):
            raise EncodingError(
                f"a piece of {frames} frames came with given cells for {len(cells)}: "
                "give as many of either"
            )
        tokens[row, :frames][cells] = vocabulary.ids_of(chorale.pitch[cells], chorale.tied[cells])
        if not use_metadata:
            continue
        fermata[row, :frames] = np.where(request.given.fermatas, chorale.fermata, UNKNOWN)
        position[row, :frames] = np.minimum(chorale.position + 1, POSITIONS - 1)
        bar[row, :frames] = min(chorale.meter.bar_frames, BARS - 1)
        mode[row] = _MODES[chorale.key.mode]
    length = np.array([r.chorale.frames for r in requests])
    return Conditioning(tokens, fermata, position, bar, mode, length)
