"""The pulse: how a tune's note values are brought to those of the chorales."""

from dataclasses import dataclass

import numpy as np

from bachbot.chorale.chorale import Chorale
from bachbot.chorale.meter import Meter
from bachbot.chorale.voices import Voice

_EIGHTH, _HALF = 2, 8

_MOST = 0.9
"""Share of a lower voice's notes that have to be short, or long, for its pulse to be so."""


@dataclass(frozen=True)
class Pulse:
    """How many times slower or quicker a tune is heard than it is written.

    Bach's chorales move in quarters, a chord on each, and a model of them that does not see the
    meter takes the quarter for the beat of whatever it is given. A tune in eighths, as in 6/8, is
    therefore heard twice as slow, and one in halves twice as quick.

    Parameters
    ----------
    augmentation, diminution : int
        1 or 2; not both 2.
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
            A voice that is given.
        """
        change = chorale.onset.copy()  # a note begins or a rest does, [T, 4]
        change[1:] |= chorale.pitch[1:] != chorale.pitch[:-1]
        onsets = np.flatnonzero(chorale.onset[:, voice])
        if not onsets.size:
            return cls()
        ends = np.append(np.flatnonzero(change[:, voice]), chorale.frames)
        lengths = ends[np.searchsorted(ends, onsets, side="right")] - onsets
        # A tune moves with the beat; a lower voice may run through it, or wait.
        share = 0.5 if voice == Voice.SOPRANO else _MOST
        if chorale.meter.unit >= 8 or np.quantile(lengths, share) <= _EIGHTH:
            return cls(augmentation=2)
        odd = change[1::2].any() or (chorale.bar_starts % 2).any() or chorale.frames % 2
        if chorale.meter.unit <= 2 and np.quantile(lengths, 1 - share) >= _HALF and not odd:
            return cls(diminution=2)
        return cls()

    def apply_to_meter(self, meter: Meter) -> Meter:
        """A written meter as the model is to hear it: 6/8 becomes 6/4 where it is slower."""
        unit = meter.unit * self.diminution // self.augmentation
        return Meter(meter.beats, unit, meter.pickup * self.augmentation // self.diminution)

    def apply(self, chorale: Chorale) -> Chorale:
        """A written piece as the model is to hear it."""
        return chorale.augmented(self.augmentation).diminished(self.diminution)

    def undo(self, chorale: Chorale) -> Chorale:
        """A piece that was heard as it is to be written; the inverse of `apply`."""
        return chorale.augmented(self.diminution).diminished(self.augmentation)
