"""Readings: every numeral in every key, their progressions, and the distance of keys."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Key, Mode
from bachbot.theory.numerals import DOM7, MAJ, NUMERALS, SHAPES, Numeral

MODES: tuple[Mode, Mode] = ("major", "minor")
"""Both modes; their indices are 0 and 1."""

# Piston, "Harmony" (5th edition, chapter 3, "Table of usual root progressions"): for each degree
# the degrees that usually and sometimes follow it; all others are rare.
_USUAL = ({3, 4}, {4}, {5}, {4}, {0}, {1, 4}, {0, 2})
_SOMETIMES = ({5}, {3, 5}, {3}, {0, 1}, {3, 5}, {2, 3}, {5})


class Step(IntEnum):
    """Kind of progression from one chord to the next within a key."""

    SAME = 0  # the same chord, in any position
    CHANGED = 1  # another chord on the same degree: V to V7
    USUAL = 2
    SOMETIMES = 3
    RARE = 4
    RESOLVES = 5  # an applied chord to its goal
    SUSTAINED = 6  # an applied chord to another with the same goal
    CHAINED = 7  # an applied chord to one with another goal
    ASTRAY = 8  # an applied chord to none of these
    APPLIED = 9  # to an applied chord
    SEVENTH_DROPPED = 10  # V7 to V


class Ending(IntEnum):
    """The chord that a phrase ends on."""

    TONIC = 0
    DOMINANT = 1
    OTHER = 2


@cache
def steps(mode: Mode) -> NDArray[np.int64]:
    """The `Step` from each numeral of a mode (row) to each (column), shape [K, K]."""
    numerals = NUMERALS[mode]
    return np.array([[_step(a, b) for b in numerals] for a in numerals], dtype=np.int64)


def _step(a: Numeral, b: Numeral) -> Step:
    if a == b:
        return Step.SAME
    if a.of is None and b.of is None:
        if a.family == "sixth":
            return Step.RESOLVES if b.degree == 4 else Step.ASTRAY
        if b.family == "sixth":
            return Step.APPLIED
        if a.degree == b.degree:
            return Step.SEVENTH_DROPPED if _drops_seventh(a, b) else Step.CHANGED
        if b.degree in _USUAL[a.degree]:
            return Step.USUAL
        return Step.SOMETIMES if b.degree in _SOMETIMES[a.degree] else Step.RARE
    if a.of is None:
        return Step.APPLIED
    if b.of is None:
        return Step.RESOLVES if b.degree == a.of else Step.ASTRAY
    if a.of != b.of:
        return Step.CHAINED
    return Step.SEVENTH_DROPPED if _drops_seventh(a, b) else Step.SUSTAINED


def _drops_seventh(a: Numeral, b: Numeral) -> bool:
    return a.root == b.root and SHAPES[a.shape].seventh and not SHAPES[b.shape].seventh


@cache
def cadential(mode: Mode) -> NDArray[np.bool_]:
    """Whether the row's numeral is the tonic triad and the column's the dominant, shape [K, K]."""
    tonic = np.array([n.of is None and n.degree == 0 for n in NUMERALS[mode]])
    dominant = np.array([n.of is None and n.root == 1 and n.shape in (MAJ, DOM7)
                         for n in NUMERALS[mode]])  # fmt: skip
    return tonic[:, None] & dominant


@cache
def endings(mode: Mode) -> NDArray[np.int64]:
    """The `Ending` of each numeral of a mode, shape [K]."""
    return np.array([
        Ending.TONIC if n.of is None and n.root == 0
        else Ending.DOMINANT if n.of is None and n.root == 1 and n.shape == MAJ
        else Ending.OTHER
        for n in NUMERALS[mode]
    ], dtype=np.int64)  # fmt: skip


def distance(a: int, b: int) -> int:
    """Distance of two keys.

    Parameters
    ----------
    a, b : int
        Two keys: pitch class of the tonic, plus 12 for minor.

    Returns
    -------
    int
        0 for the relative key; 1, 2 and 3 by the number of different accidentals in the key
        signatures; 2 for the parallel key; 4 for all others.
    """
    if a % 12 == b % 12:
        return 2
    signs = (_signature(a) - _signature(b) + 6) % 12 - 6
    return min(abs(signs), 4)


def _signature(key: int) -> int:
    """Position of a key's signature on the circle of fifths, 0 to 11."""
    return (key % 12 * 7 - 3 * (key // 12)) % 12


CHORDS = 12 * len(SHAPES)
"""Number of chords; a chord's index is ``12 * shape + root``."""

_FAMILIES = ("primary", "secondary", "mixture", "applied", "sixth")
_OWN = 5
"""Distance of a key from itself: an index behind the others."""


@dataclass(frozen=True, eq=False)
class Readings:
    """Every reading, R of them: all numerals of C major, of C sharp major and so on, then minor.

    Parameters
    ----------
    key : ndarray of int, shape [R]
        Index of the key: pitch class of its tonic, plus 12 for minor.
    numeral : ndarray of int, shape [R]
        Index in `NUMERALS` of its mode.
    chord : ndarray of int, shape [R]
        Index of the chord.
    family : ndarray of int, shape [R]
        How close it is to its key, 0 (primary) to 4.
    twins : ndarray of int, shape [R, n]
        Readings of the same chord in other keys, padded with -1.
    blocks : tuple of slice
        Rows of the major and of the minor readings.
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
    """All readings, computed on first use."""
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
    """Index of a key in `Readings`."""
    return key.pitch_class + (12 if key.mode == "minor" else 0)


@cache
def distances() -> NDArray[np.int64]:
    """Distance of each pair of keys, shape [24, 24]: `distance`, and 5 for a key and itself."""
    return np.array(
        [[_OWN if a == b else distance(a, b) for b in range(24)] for a in range(24)],
        dtype=np.int64,
    )


@dataclass(frozen=True, eq=False)
class ChordTones:
    """The tones of each chord.

    Parameters
    ----------
    foreign : ndarray of bool, shape [CHORDS, 12]
        Pitch classes that are not chord tones.
    tones : ndarray of int, shape [CHORDS, 4]
        Its pitch classes from the root up; the fourth of a triad repeats its root.
    seventh : ndarray of bool, shape [CHORDS]
        Whether it has four tones.
    role : ndarray of int, shape [CHORDS, 12]
        Index of a pitch class among its tones, 0 to 3; -1 if it is not one.
    """

    foreign: NDArray[np.bool_]
    tones: NDArray[np.int64]
    seventh: NDArray[np.bool_]
    role: NDArray[np.int64]


@cache
def chord_tones() -> ChordTones:
    """The tones of each chord, by its index."""
    tones = np.zeros((CHORDS, 4), dtype=np.int64)
    role = np.full((CHORDS, 12), -1, dtype=np.int64)
    for number in range(CHORDS):
        shape, root = SHAPES[number // 12], number % 12
        for index in range(4):
            tones[number, index] = (root + (*shape.tones, 0)[index]) % 12
        for index, tone in enumerate(shape.tones):
            role[number, (root + tone) % 12] = index
    seventh = np.repeat([shape.seventh for shape in SHAPES], 12)
    return ChordTones(role < 0, tones, seventh, role)
