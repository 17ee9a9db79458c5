"""The pulse: scales a tune's note values to those of the chorales."""

from dataclasses import dataclass, replace

import numpy as np

from bachbot.chorale.chorale import Chorale
from bachbot.chorale.meter import Meter
from bachbot.chorale.voices import Voice

_EIGHTH, _HALF = 2, 8

_TRIPLE_BAR = 12
"""Frames of a bar of 3/4."""

_SHARE_OF_LOWER_VOICE = 0.9
"""Share of a lower voice's notes that have to be short, or long, to decide its pulse."""


@dataclass(frozen=True)
class Pulse:
    """The factor by which durations are scaled before a model sees a tune.

    Bach's chorales move in quarters, with a chord on each, and a model of them that does not see
    the meter takes the quarter for the beat of any tune. So a tune in eighths, as in 6/8, is
    written in notes twice as long for the model, and one in halves in notes half as long.

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

    def reads_as_triple(self, meter: Meter) -> bool:
        """Whether a dotted beat of a written meter becomes a bar of 3/4 for the model.

        In 6/8, 9/8 and 12/8 that puts the dotted beats where a model expects strong beats.
        """
        return meter.beat_frames * self.augmentation == _TRIPLE_BAR * self.diminution

    def apply_to_meter(self, meter: Meter) -> Meter:
        """Scale a written meter for the model: 6/8 becomes 6/4 under augmentation."""
        unit = meter.unit * self.diminution // self.augmentation
        return Meter(meter.beats, unit, meter.pickup * self.augmentation // self.diminution)

    def apply(self, chorale: Chorale) -> Chorale:
        """Scale a written piece for the model, with a bar of 3/4 for each dotted beat."""
        scaled = chorale.augmented(self.augmentation).diminished(self.diminution)
        if not self.reads_as_triple(chorale.meter):
            return scaled
        position = scaled.position % _TRIPLE_BAR
        pickup = int(-position[0]) % _TRIPLE_BAR if len(position) else 0
        return replace(scaled, meter=Meter(3, 4, pickup), position=position)

    def undo(self, chorale: Chorale) -> Chorale:
        """Scale a piece of the model's back to written durations: the inverse of `apply`.

        A bar of 3/4 that was a dotted beat stays a bar of its own.
        """
        return chorale.augmented(self.diminution).diminished(self.augmentation)
