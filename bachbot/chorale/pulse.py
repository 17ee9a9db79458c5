"""The pulse: scales a tune's note values to those of the chorales."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale.chorale import Chorale
from bachbot.chorale.meter import Meter
from bachbot.chorale.voices import Voice

_EIGHTH, _HALF = 2, 8

_SHARE_OF_LOWER_VOICE = 0.9
"""Share of a lower voice's notes that have to be short, or long, to decide its pulse."""


@dataclass(frozen=True)
class Pulse:
    """The factor by which durations are scaled before a model sees a tune.

    Bach's chorales move in quarters, with a chord on each, and a model of them that does not see
    the meter takes the quarter for the beat of any tune. So a tune in eighths, as in 3/8, is
    written in notes twice as long for the model, and one in halves in notes half as long.
    `bachbot.chorale.CompoundPulse` reads dotted beats.

    Parameters
    ----------
    augmentation, diminution : int
        Factor and divisor of durations: 1 or 2, not both 2.
    """

    augmentation: int = 1
    diminution: int = 1

    @classmethod
    def of(cls, chorale: Chorale, voice: Voice) -> "Pulse":
        """The pulse of a piece, by its time signature and the note values of one voice.

        Parameters
        ----------
        chorale : Chorale
            T frames.
        voice : Voice
            A given voice.
        """
        change = chorale.onset.copy()  # a note or a rest begins, [T, 4]
        change[1:] |= chorale.pitch[1:] != chorale.pitch[:-1]
        onsets = np.flatnonzero(chorale.onset[:, voice])
        if not onsets.size:
            return cls()
        ends = np.append(np.flatnonzero(change[:, voice]), chorale.frames)
        lengths = ends[np.searchsorted(ends, onsets, side="right")] - onsets
        # A tune moves with the beat; a lower voice may have quicker notes or long ones.
        share = 0.5 if voice == Voice.SOPRANO else _SHARE_OF_LOWER_VOICE
        if chorale.meter.unit >= 8 or np.quantile(lengths, share) <= _EIGHTH:
            return cls(augmentation=2)
        fermatas = np.flatnonzero(np.diff(chorale.fermata)) + 1  # where one begins or ends
        boundaries = np.concatenate([chorale.bar_starts, fermatas, [chorale.frames]])
        odd = change[1::2].any() or (boundaries % 2).any()
        if chorale.meter.unit <= 2 and np.quantile(lengths, 1 - share) >= _HALF and not odd:
            return cls(diminution=2)
        return cls()

    @property
    def grid(self) -> int:
        """Voices that are not given move in frames that are a multiple of this."""
        return self.augmentation

    def from_written(self, frame: int) -> int:
        """A written frame for the model."""
        return frame * self.augmentation // self.diminution

    within = from_written

    def apply_to_cells(self, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What is given of the written cells, [T, 4], for the model."""
        return np.repeat(cells, self.augmentation, axis=0)[:: self.diminution]

    def apply_to_meter(self, meter: Meter) -> Meter:
        """Scale a written meter for the model: 6/8 becomes 6/4 under augmentation."""
        unit = meter.unit * self.diminution // self.augmentation
        return Meter(meter.beats, unit, meter.pickup * self.augmentation // self.diminution)

    def apply(self, chorale: Chorale) -> Chorale:
        """Scale a written piece for the model."""
        return chorale.augmented(self.augmentation).diminished(self.diminution)

    def undo(self, chorale: Chorale) -> Chorale:
        """Scale a piece of the model's back to written durations: the inverse of `apply`."""
        return chorale.augmented(self.diminution).diminished(self.augmentation)
