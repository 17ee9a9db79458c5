"""How well music in some key fits the singers of a choir."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Voice, VoiceRanges

_LEVELS = {Voice.SOPRANO: 0.0, Voice.ALTO: -5.4, Voice.TENOR: -11.0, Voice.BASS: -19.8}
"""Mean pitch of each voice below the soprano's, in semitones.

Measured, as the next, on the training part of the corpus.
"""

_SPREAD = {
    Voice.SOPRANO: (-5.2, -3.2, -1.9, -1.0, -0.2, 0.7, 1.3, 2.2, 3.4, 4.9),
    Voice.ALTO: (-4.6, -2.7, -1.7, -0.9, -0.2, 0.5, 1.2, 2.0, 3.0, 4.5),
    Voice.TENOR: (-5.0, -3.2, -2.1, -1.2, -0.4, 0.4, 1.3, 2.2, 3.4, 5.1),
    Voice.BASS: (-6.8, -4.2, -2.5, -1.2, 0.0, 1.1, 2.2, 3.4, 4.8, 7.0),
}
"""Quantiles 0.05, 0.15, ..., 0.95 of a voice's notes around its mean pitch, in semitones."""

_OUTSIDE, _UNCOMFORTABLE, _ACCIDENTAL, _MANY, _SEMITONE = 10.0, 1.0, 0.02, 0.1, 0.005
_SIMPLE = 4  # accidentals
_PREFERRED = 0.3


@dataclass(frozen=True)
class Fit:
    """How well music fits a choir.

    Parameters
    ----------
    comfortable, outside : float
        Shares of the notes in the comfortable middle of the ranges, and outside the ranges; 0 to
        1, each voice counting the same. For voices that are not written yet the notes are those
        that Bach's would have.
    """

    comfortable: float
    outside: float

    def cost(self, accidentals: int, semitones: int, *, preferred: bool) -> float:
        """What is to be as small as possible.

        Parameters
        ----------
        accidentals : int
            Of the key signature.
        semitones : int
            By which the music moves.
        preferred : bool
            Whether the choir prefers the key.
        """
        return (
            _OUTSIDE * self.outside
            + _UNCOMFORTABLE * (1 - self.comfortable)
            + _ACCIDENTAL * accidentals
            + _MANY * max(0, accidentals - _SIMPLE)
            + _SEMITONE * abs(semitones)
            - _PREFERRED * preferred
        )


def fit(
    counts: Mapping[Voice, NDArray[np.int64]], shifts: Mapping[Voice, int], ranges: VoiceRanges
) -> Fit:
    """Find how well music fits a choir.

    Parameters
    ----------
    counts : mapping of Voice to ndarray of int, shape [128]
        How often each written voice has each MIDI pitch.
    shifts : mapping of Voice to int
        Semitones by which each of them moves.
    ranges : VoiceRanges
        Those of the choir.
    """
    leading = min(counts)
    pitches = np.arange(128)
    mean = float(counts[leading] @ pitches / counts[leading].sum()) + shifts[leading]
    comfortable = outside = 0.0
    for voice in VOICES:
        if voice in counts:
            pitch, weight = pitches + shifts[voice], counts[voice] / counts[voice].sum()
        else:
            middle = mean + _LEVELS[voice] - _LEVELS[leading]
            pitch = np.round(middle + np.array(_SPREAD[voice])).astype(np.int64)
            weight = np.full(len(pitch), 1 / len(pitch))
        low, high = ranges.of(voice)
        outside += float(weight[(pitch < low) | (pitch > high)].sum())
        low, high = ranges.comfortable(voice)
        comfortable += float(weight[(pitch >= low) & (pitch <= high)].sum())
    return Fit(comfortable / len(VOICES), outside / len(VOICES))
