"""Readings: each numeral of each key, as what a stretch of a piece may be heard as."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Key
from bachbot.theory.numerals import NUMERALS, SHAPES, Numeral
from bachbot.theory.progressions import MODES, distance

CHORDS = 12 * len(SHAPES)
"""Chords there are: number ``12 * shape + root``."""

_FAMILIES = ("primary", "secondary", "mixture", "applied", "sixth")
_OWN = 5
"""Where a key's distance from itself stands behind the others."""


@dataclass(frozen=True, eq=False)
class Readings:
    """Every reading, R of them: all numerals of C major, of C sharp major and so on, then minor.

    Parameters
    ----------
    key : ndarray of int, shape [R]
        Number of the key: pitch class of its tonic, and 12 more for minor.
    numeral : ndarray of int, shape [R]
        Place in `NUMERALS` of its mode.
    chord : ndarray of int, shape [R]
        The chord that it is.
    family : ndarray of int, shape [R]
        How near it lies to its key, 0 to 4.
    twins : ndarray of int, shape [R, n]
        Readings in other keys of the same chord; -1 where there are no more.
    blocks : tuple of slice
        Where major and minor stand.
    """

    key: NDArray[np.int64]
    numeral: NDArray[np.int64]
    chord: NDArray[np.int64]
    family: NDArray[np.int64]
    twins: NDArray[np.int64]
    blocks: tuple[slice, slice]

    def numeral_of(self, reading: int) -> Numeral:
        """The numeral of a reading."""
        return NUMERALS[MODES[self.key[reading] // 12]][self.numeral[reading]]


@cache
def readings() -> Readings:
    """All readings, made when first asked for."""
    rows = [
        (12 * minor + tonic, index, 12 * n.shape + (tonic + n.semitones) % 12,
         _FAMILIES.index(n.family))
        for minor, mode in enumerate(MODES)
        for tonic in range(12)
        for index, n in enumerate(NUMERALS[mode])
    ]  # fmt: skip
    key, numeral, chord, family = np.array(rows, dtype=np.int64).T
    majors = 12 * len(NUMERALS["major"])
    blocks = (slice(0, majors), slice(majors, len(rows)))
    return Readings(key, numeral, chord, family, _twins(key, chord), blocks)


def _twins(key: NDArray[np.int64], chord: NDArray[np.int64]) -> NDArray[np.int64]:
    others = [np.flatnonzero((chord == c) & (key != k)) for k, c in zip(key, chord, strict=True)]
    out = np.full((len(key), max(map(len, others))), -1, dtype=np.int64)
    for row, found in zip(out, others, strict=True):
        row[: len(found)] = found
    return out


def key_number(key: Key) -> int:
    """A key as `Readings` numbers it."""
    return key.pitch_class + (12 if key.mode == "minor" else 0)


@cache
def distances() -> NDArray[np.int64]:
    """How far each key is from each, shape [24, 24]: `distance`, and 5 for a key from itself."""
    return np.array(
        [[_OWN if a == b else distance(a, b) for b in range(24)] for a in range(24)],
        dtype=np.int64,
    )


@dataclass(frozen=True, eq=False)
class ChordTones:
    """What each chord is made of.

    Parameters
    ----------
    foreign : ndarray of bool, shape [CHORDS, 12]
        Pitch classes that are not of it.
    tones : ndarray of int, shape [CHORDS, 4]
        Its pitch classes from the root up; a triad's fourth is its root again.
    seventh : ndarray of bool, shape [CHORDS]
        Whether it has four.
    role : ndarray of int, shape [CHORDS, 12]
        Which of its tones a pitch class is, 0 to 3; -1 for none.
    """

    foreign: NDArray[np.bool_]
    tones: NDArray[np.int64]
    seventh: NDArray[np.bool_]
    role: NDArray[np.int64]


@cache
def chord_tones() -> ChordTones:
    """What each chord is made of, by its number."""
    tones = np.zeros((CHORDS, 4), dtype=np.int64)
    role = np.full((CHORDS, 12), -1, dtype=np.int64)
    for number in range(CHORDS):
        shape, root = SHAPES[number // 12], number % 12
        for place in range(4):
            tones[number, place] = (root + (*shape.tones, 0)[place]) % 12
        for place, tone in enumerate(shape.tones):
            role[number, (root + tone) % 12] = place
    seventh = np.repeat([shape.seventh for shape in SHAPES], 12)
    return ChordTones(role < 0, tones, seventh, role)
