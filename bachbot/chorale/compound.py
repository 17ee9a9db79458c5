"""Compound meters: a tune in 6/8, 9/8 or 12/8 as a model of chorales reads it, and back."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale.chorale import REST, Chorale
from bachbot.chorale.meter import FRAMES_PER_QUARTER, Meter

DOTTED_BEAT = 6
"""Frames of a dotted quarter."""

_WRITTEN = np.array([0, 2, 4, 5])
"""Frames of a dotted quarter that are read as the four sixteenths of a quarter.

The three eighths are among them, so that long and short, the usual rhythm of these meters, is read
as two eighths, and what moves in two eighths is written as long and short.
"""


@dataclass(frozen=True, eq=False)
class CompoundPulse:
    """Reads each dotted beat of a piece as a quarter.

    Bach's chorales have a chord on each quarter, and so has a model of them, whatever the meter
    says. In 6/8 chords change with the dotted beats: for the model the piece is in 2/4, the three
    eighths of a beat are a sixteenth, a sixteenth and an eighth, and a dotted eighth before a
    sixteenth and an eighth is a dotted pattern without its sixteenth. What is lost of the tune is
    ornament; it comes back as it was, since it is given.

    Parameters
    ----------
    written : Chorale
        T frames in a compound meter, each bar a whole number of dotted beats but for the first and
        the last.
    """

    written: Chorale

    @classmethod
    def of(cls, chorale: Chorale) -> "CompoundPulse | None":
        """The pulse of a piece in eighths in a compound meter; None for another piece."""
        if chorale.meter.beat_frames != DOTTED_BEAT or not chorale.frames:
            return None
        place = (np.arange(chorale.frames) + int(chorale.position[0])) % DOTTED_BEAT
        found = cls(chorale)
        regular = (chorale.position % DOTTED_BEAT == place).all()
        return found if regular and len(found.frames) else None

    @property
    def grid(self) -> int:
        """Voices may move in every frame."""
        return 1

    @property
    def frames(self) -> NDArray[np.intp]:
        """The written frame that each frame of the model's is read from, ascending.

        At least one: `of` refuses a piece of a single sixteenth between two of them.
        """
        lead, frames = int(self.written.position[0]) % DOTTED_BEAT, self.written.frames
        beats = np.arange((lead + frames) // DOTTED_BEAT + 1) * DOTTED_BEAT - lead
        found: NDArray[np.intp] = (beats[:, np.newaxis] + _WRITTEN).ravel()
        inside: NDArray[np.intp] = found[(found >= 0) & (found < frames)]
        return inside

    def from_written(self, frame: int) -> int:
        """The first frame of the model's that is not before a written one, or else the last."""
        frames = self.frames
        return min(int(np.searchsorted(frames, frame)), len(frames) - 1)

    def within(self, frame: int) -> int:
        """The frame of the model's that a written frame lies in."""
        return max(int(np.searchsorted(self.frames, frame, side="right")) - 1, 0)

    def apply_to_cells(self, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What is given of the written cells, [T, 4], for the model."""
        return cells[self.frames]

    def apply(self, chorale: Chorale) -> Chorale:
        """The piece for the model, in 2/4, 3/4 or 4/4.

        Parameters
        ----------
        chorale : Chorale
            The written piece in any key.
        """
        frames = self.frames
        pitch = chorale.pitch[frames]
        # A note begins where one began since the frame before.
        begun = np.concatenate([np.zeros((1, 4), np.intp), np.cumsum(chorale.onset, axis=0)])
        onset = np.diff(begun[frames + 1], axis=0, prepend=0) > 0
        onset[1:] |= pitch[1:] != pitch[:-1]
        onset[0] = True
        place = chorale.position[frames] % DOTTED_BEAT
        beat = chorale.position[frames] // DOTTED_BEAT
        position = beat * FRAMES_PER_QUARTER + np.searchsorted(_WRITTEN, place)
        beats = chorale.meter.bar_frames // DOTTED_BEAT
        bar = beats * FRAMES_PER_QUARTER
        return replace(
            chorale,
            pitch=pitch,
            tied=~onset & (pitch != REST),
            fermata=chorale.fermata[frames],
            meter=Meter(beats, 4, int(-position[0]) % bar if chorale.meter.pickup else 0),
            position=position.astype(np.int16),
        )

    def undo(self, chorale: Chorale) -> Chorale:
        """A piece of the model's in written durations; what began between frames is not there.

        Parameters
        ----------
        chorale : Chorale
            As many frames as `apply` gave, in any key.
        """
        frames = self.written.frames
        source = np.maximum(np.searchsorted(self.frames, np.arange(frames), side="right") - 1, 0)
        first = np.diff(source, prepend=-1) > 0
        pitch = chorale.pitch[source]
        tied = np.where(first[:, np.newaxis], chorale.tied[source], pitch != REST)
        return replace(
            chorale,
            pitch=pitch,
            tied=tied,
            fermata=chorale.fermata[source],
            meter=self.written.meter,
            position=self.written.position,
        )
