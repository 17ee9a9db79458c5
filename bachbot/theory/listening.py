"""The reading of a piece that is charged least: keys and chords found together.

A semi-Markov search: a path goes from stretch to stretch, each read as a numeral of a key. After
Raphael and Stoddard, "Functional Harmonic Analysis Using Probabilistic Models" (Computer Music
Journal 28(3), 2004), who decide key and chord at once, with stretches of any length instead of
bars, and the charges of `segments` instead of notes drawn one by one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Key
from bachbot.theory.charges import Charges
from bachbot.theory.numerals import NUMERALS
from bachbot.theory.progressions import MODES, cadential, endings, steps
from bachbot.theory.readings import distances, key_number, readings
from bachbot.theory.segments import Slices, chord_charges

_LONGEST = 8
"""Slices in the longest stretch; a chord that holds on takes several."""


@dataclass(frozen=True)
class Stretch:
    """Slices heard as one chord.

    Parameters
    ----------
    start, stop : int
        First slice, and the first that is no longer of it.
    reading : int
        What it is heard as, a place in `readings`.
    """

    start: int
    stop: int
    reading: int


def hear(
    slices: Slices, key: Key, charges: Charges, extra: NDArray[np.float64] | None = None
) -> list[Stretch]:
    """Find the reading of a piece that is charged least.

    Parameters
    ----------
    slices : Slices
        S slices, at least one.
    key : Key
        The piece's own key.
    charges : Charges
        What is charged.
    extra : ndarray of float, shape [S, R], optional
        What each slice is charged besides, by its reading; for fitting the charges.

    Returns
    -------
    list of Stretch
        From the first slice to the last, without gaps.
    """
    moves = _Moves(key, charges)
    count, size = slices.count, len(moves.all.key)
    best = np.full((count + 1, size), np.inf)
    began = np.full((count + 1, size), -1, dtype=np.int32)  # of the stretch that ends here
    came = np.zeros((count, size), dtype=np.int32)  # reading of the stretch that ends before
    ends = np.flatnonzero(slices.closes) + 1
    for start in range(count):
        if start:
            held = slices.bass[start] == slices.bass[start - 1] != REST
            enter, came[start] = moves.on(best[start], bool(slices.closes[start - 1]), bool(held))
        else:
            enter = moves.at_first()
        end = ends[np.searchsorted(ends, start, side="right")]
        stops = np.arange(start + 1, min(start + _LONGEST, end) + 1)
        costs = chord_charges(slices, start, stops, charges)[:, moves.all.chord] + moves.own
        costs[stops == end] += moves.ending
        if extra is not None:
            costs += np.cumsum(extra[start : stops[-1]], axis=0)
        for stop, cost in zip(stops, costs, strict=True):
            total = enter + cost
            better = total < best[stop]
            best[stop][better] = total[better]
            began[stop][better] = start
    return _traced(best[count] + moves.at_last(), began, came)


def _traced(
    final: NDArray[np.float64], began: NDArray[np.int32], came: NDArray[np.int32]
) -> list[Stretch]:
    reading, stop = int(final.argmin()), len(came)
    path = []
    while stop > 0:
        start = int(began[stop, reading])
        path.append(Stretch(start, stop, reading))
        stop, reading = start, int(came[start, reading])
    return path[::-1]


class _Moves:
    """What it costs to go from one reading to another, R readings.

    Parameters
    ----------
    key : Key
        The piece's own key.
    charges : Charges
        What is charged.
    """

    def __init__(self, key: Key, charges: Charges) -> None:
        self.all = readings()
        self._charges = charges
        self._away = self.all.key != key_number(key)  # [R]
        far = distances()
        abroad = np.array(charges.abroad)[far[key_number(key)]]  # [24]
        self._abroad = abroad[self.all.key]
        self._keys = np.array(charges.distance)[far] + abroad  # [24, 24]
        self._twins = np.maximum(self.all.twins, 0)
        self._pivots = np.where(
            self.all.twins < 0,
            np.inf,
            self._keys[self.all.key[self._twins], self.all.key[:, None]],
        )  # [R, n]
        self._steps = [np.array(charges.step)[steps(mode)] for mode in MODES]  # [K, K]
        self._held = [s + charges.cadential * cadential(m)
                      for s, m in zip(self._steps, MODES, strict=True)]  # fmt: skip
        self.own = np.array(charges.family)[self.all.family]
        self.ending = np.concatenate(
            [np.tile(np.array(charges.ending)[endings(mode)], 12) for mode in MODES]
        )

    def at_first(self) -> NDArray[np.float64]:
        """Of each reading that the piece begins with, shape [R]."""
        return np.where(self._away, self._charges.begin + self._abroad, 0.0)

    def at_last(self) -> NDArray[np.float64]:
        """Of each reading that the piece ends with, shape [R]."""
        return np.where(self._away, self._charges.end, 0.0)

    def on(
        self, before: NDArray[np.float64], between: bool, held: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Go on to each reading as cheaply as can be.

        Parameters
        ----------
        before : ndarray of float, shape [R]
            What each reading has cost so far.
        between : bool
            Whether a phrase ends here.
        held : bool
            Whether the bass stays.

        Returns
        -------
        costs : ndarray of float, shape [R]
            What it costs to have come to each.
        came : ndarray of int, shape [R]
            From which.
        """
        change = self._charges.change[between]
        heard, source = self._as_heard_anew(before, change)
        costs, came = np.empty_like(before), np.empty(len(before), dtype=np.int64)
        lowest, lowest_at = np.empty(24), np.empty(24, dtype=np.int64)
        for minor, block in enumerate(self.all.blocks):
            size = len(NUMERALS[MODES[minor]])
            rows = block.start + size * np.arange(12)[:, None]  # [12, 1]
            table = self._held[minor] if held else self._steps[minor]
            steps_on = heard[block].reshape(12, size, 1) + table  # [12, K, K]
            from_which = steps_on.argmin(axis=1)
            costs[block] = np.take_along_axis(steps_on, from_which[:, None], 1).ravel()
            came[block] = source[(rows + from_which).ravel()]
            here = before[block].reshape(12, size)
            keys = slice(12 * minor, 12 * minor + 12)
            lowest[keys] = here.min(axis=1)
            lowest_at[keys] = rows[:, 0] + here.argmin(axis=1)
        leaps = lowest[:, None] + self._keys + change + self._charges.direct  # [24, 24]
        np.fill_diagonal(leaps, np.inf)
        leap = leaps.min(axis=0)[self.all.key]
        better = leap < costs
        return (
            np.where(better, leap, costs),
            np.where(better, lowest_at[leaps.argmin(axis=0)][self.all.key], came),
        )

    def _as_heard_anew(
        self, before: NDArray[np.float64], change: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The chord before, heard in another key where that is cheaper: a pivot."""
        anew = before[self._twins] + self._pivots  # [R, n]
        pick = anew.argmin(axis=1)
        index = np.arange(len(before))
        cheapest = anew[index, pick] + change
        return np.minimum(before, cheapest), np.where(
            cheapest < before, self._twins[index, pick], index
        )
