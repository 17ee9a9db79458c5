"""Information levels: what is left of a piece, so that two sets are compared on equal terms.

A score has repeated notes, fermatas, a meter and a key. An array of pitches, as in the ``.npz``
files of JSB-16th (`bachbot.corpus.jsb`), cannot tell a repeated note from a held one, nor where
phrases end. When one set has less information than the other, both are reduced to the lower level
first; otherwise a comparison would find how a file was written, and not how it was composed.
"""

from dataclasses import replace
from enum import Enum

import numpy as np

from bachbot.chorale import REST, Chorale
from bachbot.scores.keys import estimate_key


def tie_repeated_notes(chorale: Chorale) -> Chorale:
    """The same piece with every repeated note tied to the note before it."""
    pitch = chorale.pitch
    tied = np.zeros(pitch.shape, dtype=np.bool_)
    tied[1:] = (pitch[1:] == pitch[:-1]) & (pitch[1:] != REST)
    return replace(chorale, tied=tied)


def pitches_only(chorale: Chorale) -> Chorale:
    """The same piece with every repeated note tied and without fermatas; key and meter stay."""
    return replace(tie_repeated_notes(chorale), fermata=np.zeros(chorale.frames, dtype=np.bool_))


class InformationLevel(Enum):
    """How much of a piece a classifier sees."""

    SCORE = "score"
    """Everything in a chorale: repeated notes, fermatas, meter, key and the pitch it is sung at."""

    NOTES = "notes"
    """What a JSB-16th array holds: pitches, and a beat on every fourth frame from the first.

    Repeated notes are tied; there are no fermatas and no bars; the key is estimated from the
    notes, and the absolute pitch is not used.
    """

    def reduce(self, chorale: Chorale) -> Chorale:
        """The piece with the information of this level and no more."""
        if self is InformationLevel.SCORE:
            return chorale
        reduced = pitches_only(chorale)
        return Chorale(
            reduced.pitch,
            reduced.tied,
            reduced.fermata,
            key=estimate_key(reduced.pitch),
            name=chorale.name,
        )
