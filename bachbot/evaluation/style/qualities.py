"""The kind of chord that sounds in each slice of a piece."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale
from bachbot.evaluation.style.feature import Label, Reading
from bachbot.theory.harmony import NONE, Quality, chords_of, pitch_class_sets, sets_above

_UNREAD = "no chord"

# What `theory.harmony` leaves unread, by semitones above the root. Of the twins of one set, such as
# a fourth over C and a second over F, the one whose root is in the bass is meant, else the first.
_OTHERS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("suspended fourth", (0, 5, 7)),
    ("suspended second", (0, 2, 7)),
    ("dominant ninth", (0, 2, 4, 10)),
    ("minor ninth", (0, 2, 3, 10)),
    ("major ninth", (0, 2, 4, 11)),
    ("augmented major seventh", (0, 4, 8, 11)),
)


def slices(chorale: Chorale) -> NDArray[np.int64]:
    """Frames in which a note begins or ends and something sounds."""
    silent = chorale.pitch == REST
    begins = np.asarray(chorale.onset.any(axis=1))
    begins[1:] |= (silent[1:] & ~silent[:-1]).any(axis=1)
    return np.flatnonzero(begins & ~silent.all(axis=1))


def slice_qualities(reading: Reading) -> Counter[Label]:
    """Chords by their kind, each slice once, however long; what cannot be read is ``no chord``."""
    chorale = reading.chorale
    pitch = chorale.pitch[slices(chorale)]
    chords = chords_of(pitch, chorale.key)
    sets = pitch_class_sets(pitch)
    rows = zip(chords.quality.tolist(), sets, chords.bass.tolist(), strict=True)
    return Counter(_label(*row) for row in rows)


def _label(quality: int, found: np.int16, bass: int) -> str:
    if quality == Quality.OPEN:
        return "unison" if found.bit_count() == 1 else "bare fifth"
    return Quality(quality).label if quality != NONE else _other(found, bass)


def _other(found: np.int16, bass: int) -> str:
    """The name of a set that is no chord of thirds."""
    for root in ((bass + i) % 12 for i in range(12)):
        above = int(sets_above(np.array([found]), root)[0])
        for name, tones in _OTHERS:
            if above == sum(1 << tone for tone in tones):
                return name
    return _UNREAD
