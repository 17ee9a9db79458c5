"""What is given and must come back untouched."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale.voices import Voice
from bachbot.errors import UsageError


@dataclass(frozen=True, eq=False)
class Given:
    """Which cells of a chorale are given.

    Parameters
    ----------
    cells : ndarray of bool, shape [T, 4]
        True where pitch and tie must come back untouched.
    fermatas : bool, or ndarray of bool, shape [T]
        Where the chorale's fermata, or that there is none, is given too; elsewhere the model sets
        its own. Kept as an array.
    grid : int
        Voices that are not given strike and stop only in frames that are a multiple of this:
        2 in a piece that was slowed by two.

    Raises
    ------
    UsageError
        If the cells are not of shape [T, 4] or the grid is below 1.
    """

    cells: NDArray[np.bool_]
    fermatas: NDArray[np.bool_] | bool = True
    grid: int = 1

    def __post_init__(self) -> None:
        cells = np.array(self.cells, dtype=np.bool_)
        if cells.ndim != 2 or cells.shape[1] != 4:
            raise UsageError(f"given cells have shape {cells.shape}: wanted [T, 4]")
        fermatas = np.array(np.broadcast_to(np.asarray(self.fermatas, np.bool_), len(cells)))
        fermatas.setflags(write=False)
        object.__setattr__(self, "fermatas", fermatas)
        if self.grid < 1:
            raise UsageError(f"a grid of {self.grid} frames cannot be: give 1 or more")
        cells.setflags(write=False)
        object.__setattr__(self, "cells", cells)

    @classmethod
    def voices(
        cls,
        frames: int,
        voices: Iterable[Voice],
        *,
        fermatas: NDArray[np.bool_] | bool = True,
        grid: int = 1,
    ) -> "Given":
        """Whole voices given, over so many frames."""
        cells = np.zeros((frames, 4), dtype=np.bool_)
        cells[:, [int(v) for v in voices]] = True
        return cls(cells, fermatas, grid)

    @classmethod
    def opening(cls, frames: int, stop: int, *, fermatas: bool = False) -> "Given":
        """All four voices given up to frame `stop` (not included)."""
        cells = np.zeros((frames, 4), dtype=np.bool_)
        cells[:stop] = True
        return cls(cells, fermatas)
