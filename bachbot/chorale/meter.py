"""Meter on the grid of sixteenths."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError

FRAMES_PER_QUARTER = 4
"""A frame is a sixteenth."""


@dataclass(frozen=True)
class Meter:
    """A time signature and the pickup before the first full bar.

    Parameters
    ----------
    beats : int
        Upper figure of the time signature.
    unit : int
        Lower figure: 1, 2, 4, 8 or 16.
    pickup : int
        Length of an incomplete first bar in frames; 0 if there is none.

    Raises
    ------
    UsageError
        If the time signature does not fit the grid.
    """

    beats: int = 4
    unit: int = 4
    pickup: int = 0

    def __post_init__(self) -> None:
        if self.unit not in (1, 2, 4, 8, 16) or not 1 <= self.beats <= 32:
            raise UsageError(
                f"the meter {self.beats}/{self.unit} is not one of 1 to 32 beats of a "
                "whole, half, quarter, eighth or sixteenth: give one such as 4/4, 3/4 or 6/8"
            )
        if not 0 <= self.pickup < self.bar_frames:
            raise UsageError(
                f"a pickup of {self.pickup} sixteenths does not fit before a bar of "
                f"{self.bar_frames}: give 0 to {self.bar_frames - 1}"
            )

    @classmethod
    def parse(cls, text: str) -> "Meter":
        """Read a time signature such as ``"3/4"``.

        Raises
        ------
        UsageError
            If the text is not a time signature.
        """
        beats, slash, unit = text.strip().partition("/")
        if not (
            slash and beats.isascii() and beats.isdigit() and unit.isascii() and unit.isdigit()
        ):
            raise UsageError(f"'{text}' is not a meter: give one such as 4/4, 3/4 or 6/8")
        return cls(int(beats[:4]), int(unit[:4]))

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"

    @property
    def bar_frames(self) -> int:
        """Frames in a full bar."""
        return self.beats * 16 // self.unit

    @property
    def beat_frames(self) -> int:
        """Frames in a beat: three units in compound meters (6/8, 9/8, 12/8)."""
        unit = 16 // self.unit
        return 3 * unit if self.unit >= 8 and self.beats % 3 == 0 and self.beats > 3 else unit

    def positions(self, frames: int) -> NDArray[np.int16]:
        """Metrical position of the first frames of a piece.

        Parameters
        ----------
        frames : int
            Number of frames.

        Returns
        -------
        ndarray of int16, shape [frames]
            Frames since the bar line: 0 on the first frame of a bar. A pickup has the positions
            at the end of a bar.
        """
        lead = (self.bar_frames - self.pickup) % self.bar_frames
        return ((np.arange(frames) + lead) % self.bar_frames).astype(np.int16)
