"""What is given of a chorale and must come back unchanged, and what the rest has to satisfy."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale.given_chord import GivenChord
from bachbot.chorale.meter import FRAMES_PER_QUARTER
from bachbot.chorale.voices import Voice
from bachbot.errors import UsageError


@dataclass(frozen=True, eq=False)
class Given:
    """Which cells of a chorale are given, and what the others have to satisfy.

    A cell is one voice in one frame.

    Parameters
    ----------
    cells : ndarray of bool, shape [T, 4]
        True where pitch and tie must come back unchanged.
    fermatas : bool, or ndarray of bool, shape [T]
        Where the chorale's fermata, or its absence, is given too; elsewhere the model sets its
        own. Stored as an array.
    grid : int
        Voices that are not given begin and end notes only in frames that are a multiple of this:
        2 in a piece whose durations were doubled.
    required_onsets : bool, or ndarray of bool, shape [T, 4]
        Where a voice that is not given may not hold its previous note. Stored as an array.
    final_chord : range, optional
        Frames of a final chord that is expected to close the piece: the search pays a penalty
        where it does not. Default: none.
    beat : int
        Frames of a beat: the search pays a penalty for a new chord within one. 12 in a compound
        meter that is read as bars of 3/4.
    quarter : int
        Frames of a quarter as it is written: 8 in a piece whose durations were doubled.
    chords : tuple of GivenChord
        Chords that the voices which are not given have to make, at most one a frame.

    Raises
    ------
    UsageError
        If a shape is wrong, the grid is below 1, or a chord is outside the piece.
    """

    cells: NDArray[np.bool_]
    fermatas: NDArray[np.bool_] | bool = True
    grid: int = 1
    required_onsets: NDArray[np.bool_] | bool = False
    final_chord: range = range(0)
    beat: int = FRAMES_PER_QUARTER
    quarter: int = FRAMES_PER_QUARTER
    chords: tuple[GivenChord, ...] = ()

    def __post_init__(self) -> None:
        cells = np.array(self.cells, dtype=np.bool_)
        if cells.ndim != 2 or cells.shape[1] != 4:
            raise UsageError(f"given cells have shape {cells.shape}: wanted [T, 4]")
        for name, shape in (("cells", cells.shape), ("fermatas", (len(cells),)),
                            ("required_onsets", cells.shape)):  # fmt: skip
            found = np.asarray(getattr(self, name), dtype=np.bool_)
            if found.ndim and found.shape != shape:
                raise UsageError(f"given {name} have shape {found.shape}: wanted {shape}")
            kept = np.array(np.broadcast_to(found, shape))
            kept.setflags(write=False)
            object.__setattr__(self, name, kept)
        if self.grid < 1:
            raise UsageError(f"the grid is {self.grid} frames: give 1 or more")
        if self.final_chord and not (0 <= self.final_chord[0] <= self.final_chord[-1] < len(cells)):
            raise UsageError(f"a final chord at {self.final_chord} is outside {len(cells)} frames")
        for chord in self.chords:
            if chord.frame >= len(cells):
                raise UsageError(
                    f"a chord is given in frame {chord.frame} of {len(cells)}: give an earlier one"
                )

    @classmethod
    def voices(
        cls,
        frames: int,
        voices: Iterable[Voice],
        *,
        fermatas: NDArray[np.bool_] | bool = True,
    ) -> "Given":
        """Whole voices of a piece of `frames` frames are given."""
        cells = np.zeros((frames, 4), dtype=np.bool_)
        cells[:, [int(v) for v in voices]] = True
        return cls(cells, fermatas)

    @classmethod
    def opening(cls, frames: int, stop: int, *, fermatas: bool = False) -> "Given":
        """All four voices given up to frame `stop` (not included)."""
        cells = np.zeros((frames, 4), dtype=np.bool_)
        cells[:stop] = True
        return cls(cells, fermatas)
