"""Chords: root, quality, third and seventh of what sounds together.

A chord is looked up by its set of pitch classes as twelve bits (bit p is set if pitch class p
sounds) and its lowest note, so that many chords are identified in a few array operations. A set is
read as stacked thirds on a root, as in textbooks (Aldwell, Schachter and Cadwallader, *Harmony and
Voice Leading*, 4th edition, chapters 2 and 11), with these conventions for incomplete and
symmetrical chords:

- A fifth may be missing: C-E is C major, C-E-B flat a dominant seventh. C-E flat-B flat is
  read as a minor seventh, although it may be a half-diminished one.
- Of two notes a third or sixth apart, the lower note of the third is the root.
- A third may be missing only from the bare fifth and the bare unison, which are `OPEN`. With a
  suspension or a passing note there is no chord.
- The root of an augmented triad and of a bare tritone is the lowest note. So is that of a
  diminished seventh if no key is given; in a key its root is the one that leads to a chord of it.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Key, Mode

NONE = -1
"""Stands for a chord that cannot be identified, or for a tone that it lacks."""


class Quality(IntEnum):
    """Quality of a chord; -1 in arrays means that there is no chord."""

    MAJOR = 0
    MINOR = 1
    DIMINISHED = 2
    AUGMENTED = 3
    DOMINANT_SEVENTH = 4
    MINOR_SEVENTH = 5
    MAJOR_SEVENTH = 6
    HALF_DIMINISHED = 7
    DIMINISHED_SEVENTH = 8
    MINOR_MAJOR_SEVENTH = 9
    OPEN = 10

    @property
    def label(self) -> str:
        """Name in words: ``"dominant seventh"``."""
        return self.name.lower().replace("_", " ").replace("half ", "half-")

    @property
    def intervals(self) -> tuple[int, ...]:
        """Semitones of the complete chord above its root, the root first."""
        return _PILES[self]


_PILES: dict[Quality, tuple[int, ...]] = {
    Quality.MAJOR: (0, 4, 7),
    Quality.MINOR: (0, 3, 7),
    Quality.DIMINISHED: (0, 3, 6),
    Quality.AUGMENTED: (0, 4, 8),
    Quality.DOMINANT_SEVENTH: (0, 4, 7, 10),
    Quality.MINOR_SEVENTH: (0, 3, 7, 10),
    Quality.MAJOR_SEVENTH: (0, 4, 7, 11),
    Quality.HALF_DIMINISHED: (0, 3, 6, 10),
    Quality.DIMINISHED_SEVENTH: (0, 3, 6, 9),
    Quality.MINOR_MAJOR_SEVENTH: (0, 3, 7, 11),
    Quality.OPEN: (0, 7),
}

# Incomplete chords. The more common reading of a set comes later and wins, and a complete chord
# wins over all incomplete ones.
_PARTS: tuple[tuple[Quality, tuple[int, ...]], ...] = (
    (Quality.OPEN, (0,)),
    (Quality.DIMINISHED, (0, 6)),
    (Quality.MINOR, (0, 3)),
    (Quality.MAJOR, (0, 4)),
    (Quality.MINOR_MAJOR_SEVENTH, (0, 3, 11)),
    (Quality.MAJOR_SEVENTH, (0, 4, 11)),
    (Quality.MINOR_SEVENTH, (0, 3, 10)),
    (Quality.DOMINANT_SEVENTH, (0, 4, 10)),
)

# Where a dominant seventh may go: what must sound next, in semitones above its root, as bits.
_GOALS = np.array(
    [
        sum(1 << tone for tone in goal)
        for goal in (
            (5, 9), (5, 8),  # down a fifth
            (0, 4),  # it stays
            (2, 9), (1, 8),  # up a second
            (9, 0, 4),  # a third down, to a minor triad
        )
    ]
)  # fmt: skip

# Bit of each MIDI pitch's class; the last, which -1 picks, is silence.
_BIT = np.append(1 << np.arange(128) % 12, 0).astype(np.int16)
_CLASS = np.append(np.arange(128) % 12, NONE).astype(np.int8)


TWO_FORMS = np.zeros((12, 12), dtype=np.bool_)
"""Whether two pitch classes are two forms of one note, such as F and F sharp, [12, 12].

In semitones above the tonic of the major key with the same signature. The black keys of C major are
F#, C#, G#, D# and Bb, as nearly always in the chorales.
"""
for _low in (0, 2, 5, 7, 10):
    TWO_FORMS[_low, _low + 1] = TWO_FORMS[_low + 1, _low] = True


@dataclass(frozen=True, eq=False)
class Chords:
    """N chords.

    Parameters
    ----------
    root, third, seventh : ndarray of int8, shape [N]
        Pitch classes; -1 if there is no chord or the set lacks the tone.
    quality : ndarray of int8, shape [N]
        A `Quality`, or -1.
    bass : ndarray of int8, shape [N]
        Pitch class of the lowest note; -1 in silence.
    """

    root: NDArray[np.int8]
    third: NDArray[np.int8]
    seventh: NDArray[np.int8]
    quality: NDArray[np.int8]
    bass: NDArray[np.int8]

    @cached_property
    def inversion(self) -> NDArray[np.int8]:
        """0 in root position; 1, 2, 3 with third, fifth, seventh in the bass; -1: no chord."""
        over_third = (self.bass == self.third) & (self.third != NONE)
        over_seventh = (self.bass == self.seventh) & (self.seventh != NONE)
        picked = np.select([self.root == NONE, self.bass == self.root, over_third, over_seventh],
                           [NONE, 0, 1, 3], 2)  # fmt: skip
        return picked.astype(np.int8)


def pitch_class_bits(pitch: NDArray[np.int16]) -> NDArray[np.int16]:
    """The bit of each note's pitch class, 0 for -1; shape as given."""
    return _BIT[pitch]


def pitch_class_sets(pitch: NDArray[np.int16]) -> NDArray[np.int16]:
    """The set of sounding pitch classes.

    Parameters
    ----------
    pitch : ndarray of int16, shape [..., V]
        MIDI pitches, -1 silent.

    Returns
    -------
    ndarray of int16, shape [...]
        Bit p is set where pitch class p sounds; 0 in silence.
    """
    sets: NDArray[np.int16] = np.bitwise_or.reduce(_BIT[pitch], axis=-1)
    return sets


def sets_above(sets: NDArray[np.int16], pitch_class: int | NDArray[np.int8]) -> NDArray[np.int32]:
    """Transpose sets of pitch classes so that one pitch class becomes bit 0.

    Parameters
    ----------
    sets : ndarray of int16, shape [...]
        Sets from `pitch_class_sets`.
    pitch_class : int or ndarray of int8, shape [...]
        Pitch class that becomes bit 0, such as a tonic; 0 to 11.
    """
    wide = sets.astype(np.int32)
    return ((wide | wide << 12) >> pitch_class) & 0xFFF


def chords_of(pitch: NDArray[np.int16], key: Key | None = None) -> Chords:
    """Identify sounding chords.

    Parameters
    ----------
    pitch : ndarray of int16, shape [N, V]
        MIDI pitches of the notes in any order; -1 is a rest. The lowest is the bass.
    key : Key, optional
        Key that decides the root of a diminished seventh: the leading note of the tonic, else of
        the dominant, else of the subdominant (minor) or the second degree (major).

    Returns
    -------
    Chords
    """
    sets = pitch_class_sets(pitch)  # [N]
    sounding = np.where(pitch < 0, np.int16(128), pitch)
    bass = _CLASS[sounding.min(axis=-1)]  # [N]
    table = _TABLE if key is None else _table_in(key.pitch_class, key.mode)
    root, third, seventh, quality = table[:, sets, bass]
    return Chords(root, third, seventh, quality, bass)


def seventh_goes_astray(chords: Chords, sets_next: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Whether chords are dominant sevenths that lead nowhere.

    They may lead to the chord a fifth lower, a second higher, or to the minor triad a third lower,
    or stay; a suspension over the next chord is no fault as long as its root and third sound.

    Parameters
    ----------
    chords : Chords
        N chords.
    sets_next : ndarray of int16, shape [N]
        Set of the pitch classes that sound on the beat after each, from `pitch_class_sets`.

    Returns
    -------
    ndarray of bool, shape [N]
    """
    sevenths: NDArray[np.bool_] = chords.quality == Quality.DOMINANT_SEVENTH
    sounding = sets_above(sets_next, np.maximum(chords.root, 0))[:, np.newaxis]
    reached = (sounding & _GOALS == _GOALS).any(axis=1)
    return sevenths & ~reached


def make_chords(sets: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Whether sets of pitch classes can be identified as chords; silence cannot."""
    return _READ[sets]


def _table() -> NDArray[np.int8]:
    """Root, third, seventh and quality by set and bass, shape [4, 4096, 12]."""
    table = np.full((4, 4096, 12), NONE, dtype=np.int8)
    whole = [(quality, _PILES[quality]) for quality in reversed(Quality)]
    for quality, pile in (*_PARTS, *whole):
        # In symmetrical chords every note could be the root: the lowest one is.
        alike = len(pile) > 1 and set(np.diff((*pile, 12)).tolist()) in ({3}, {4}, {6})
        third = next((i for i in pile if i in (3, 4)), None)
        seventh = pile[-1] if quality.intervals[3:] else None
        for root in range(12):
            bits = sum(1 << (root + i) % 12 for i in pile)
            here = table[:, bits, root : root + 1] if alike else table[:, bits]
            here[0] = root
            here[1] = NONE if third is None else (root + third) % 12
            here[2] = NONE if seventh is None else (root + seventh) % 12
            here[3] = quality
    return table


@lru_cache
def _table_in(tonic: int, mode: Mode) -> NDArray[np.int8]:
    """The same table in a key, where a diminished seventh has a definite root."""
    table = _TABLE.copy()
    for above in (11, 6, 4 if mode == "minor" else 1):
        root = (tonic + above) % 12
        third, fifth, seventh = ((root + i) % 12 for i in (3, 6, 9))
        bits = 1 << root | 1 << third | 1 << fifth | 1 << seventh
        table[:3, bits] = np.array([[root], [third], [seventh]])
    return table


_TABLE = _table()
_READ = (_TABLE[0] != NONE).any(axis=1)
