"""Progressions: which chord follows which, and how far one key is from another."""

from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Mode
from bachbot.theory.numerals import DOM7, MAJ, NUMERALS, SHAPES, Numeral

MODES: tuple[Mode, Mode] = ("major", "minor")
"""Both modes, by their numbers 0 and 1."""

# Piston, "Harmony" (5th edition, chapter 3, "Table of usual root progressions"): for each degree
# those that follow it usually, and sometimes; the rest are rare.
_USUAL = ({3, 4}, {4}, {5}, {4}, {0}, {1, 4}, {0, 2})
_SOMETIMES = ({5}, {3, 5}, {3}, {0, 1}, {3, 5}, {2, 3}, {5})


class Step(IntEnum):
    """How one chord goes on to the next within a key."""

    SAME = 0  # the chord itself, in another position or not
    CHANGED = 1  # another chord on the same degree: V to V7
    USUAL = 2
    SOMETIMES = 3
    RARE = 4
    RESOLVES = 5  # an applied chord to its goal
    SUSTAINED = 6  # an applied chord to another with the same goal
    CHAINED = 7  # an applied chord to one with another goal
    STRAYS = 8  # an applied chord elsewhere
    APPLIED = 9  # to an applied chord
    BARED = 10  # the seventh of a chord goes: V7 to V


class Ending(IntEnum):
    """What a phrase closes on."""

    TONIC = 0
    DOMINANT = 1
    OTHER = 2


@cache
def steps(mode: Mode) -> NDArray[np.int64]:
    """The `Step` from each numeral of a mode to each, shape [K, K]."""
    numerals = NUMERALS[mode]
    return np.array([[_step(a, b) for b in numerals] for a in numerals], dtype=np.int64)


def _step(a: Numeral, b: Numeral) -> Step:
    if a == b:
        return Step.SAME
    if a.of is None and b.of is None:
        if a.family == "sixth":
            return Step.RESOLVES if b.degree == 4 else Step.STRAYS
        if b.family == "sixth":
            return Step.APPLIED
        if a.degree == b.degree:
            return Step.BARED if _bared(a, b) else Step.CHANGED
        if b.degree in _USUAL[a.degree]:
            return Step.USUAL
        return Step.SOMETIMES if b.degree in _SOMETIMES[a.degree] else Step.RARE
    if a.of is None:
        return Step.APPLIED
    if b.of is None:
        return Step.RESOLVES if b.degree == a.of else Step.STRAYS
    if a.of != b.of:
        return Step.CHAINED
    return Step.BARED if _bared(a, b) else Step.SUSTAINED


def _bared(a: Numeral, b: Numeral) -> bool:
    return a.root == b.root and SHAPES[a.shape].seventh and not SHAPES[b.shape].seventh


@cache
def cadential(mode: Mode) -> NDArray[np.bool_]:
    """Where the first numeral is the tonic triad and the second the dominant, shape [K, K]."""
    tonic = np.array([n.of is None and n.degree == 0 for n in NUMERALS[mode]])
    dominant = np.array([n.of is None and n.root == 1 and n.shape in (MAJ, DOM7)
                         for n in NUMERALS[mode]])  # fmt: skip
    return tonic[:, None] & dominant


@cache
def endings(mode: Mode) -> NDArray[np.int64]:
    """The `Ending` that each numeral of a mode is, shape [K]."""
    return np.array([
        Ending.TONIC if n.of is None and n.root == 0
        else Ending.DOMINANT if n.of is None and n.root == 1 and n.shape == MAJ
        else Ending.OTHER
        for n in NUMERALS[mode]
    ], dtype=np.int64)  # fmt: skip


def distance(a: int, b: int) -> int:
    """How far one key is from another.

    Parameters
    ----------
    a, b : int
        Two keys: pitch class of the tonic, and 12 more for minor.

    Returns
    -------
    int
        0 for the relative key; 1, 2 and 3 for a signature of so many signs more or fewer, 2 for
        the parallel key as well; 4 for all that is farther.
    """
    if a % 12 == b % 12:
        return 2
    signs = (_signature(a) - _signature(b) + 6) % 12 - 6
    return min(abs(signs), 4)


def _signature(key: int) -> int:
    """Place of a key's signature on the circle of fifths, 0 to 11."""
    return (key % 12 * 7 - 3 * (key // 12)) % 12
