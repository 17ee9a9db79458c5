"""What both sides of a comparison tell: a detector must not hear how a file was written."""

from enum import Enum

import numpy as np

from bachbot.chorale import REST, Chorale
from bachbot.scores.keys import estimate_key


class Telling(Enum):
    """How much of a piece a detector is shown."""

    SCORE = "score"
    """All that a chorale holds: repeated notes, fermatas, metre, key, where it is sung."""

    NOTES = "notes"
    """What an array as JSB-16th's tells: pitches, a beat on every fourth frame from the first.

    A repeated note is held on, there are no fermatas, no bars and no key but the one that the
    notes speak for; where it is sung counts for nothing.
    """

    def told(self, chorale: Chorale) -> Chorale:
        """A piece with nothing else in it."""
        if self is Telling.SCORE:
            return chorale
        pitch = chorale.pitch
        tied = np.zeros(pitch.shape, dtype=np.bool_)
        tied[1:] = (pitch[1:] == pitch[:-1]) & (pitch[1:] != REST)
        silent = np.zeros(len(pitch), dtype=np.bool_)
        return Chorale(pitch, tied, silent, key=estimate_key(pitch), name=chorale.name)
