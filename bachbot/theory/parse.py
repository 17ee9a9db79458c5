"""Harmonic analysis: the best parse of a piece into keys and chords, found together."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Key, Voice
from bachbot.theory.melody import OFF_BEAT, Led, leading, levels, phrase_ends
from bachbot.theory.numerals import NUMERALS
from bachbot.theory.readings import (
    MODES,
    cadential,
    chord_tones,
    distances,
    endings,
    key_number,
    readings,
    steps,
)


@dataclass(frozen=True)
class ParseWeights:
    """Charges, without unit; only their differences matter, and the reading charged least wins.

    They were set by hand and then fitted by an averaged perceptron (Collins, "Discriminative
    Training Methods for Hidden Markov Models", 2002, section 2) that adds the losses of wrong
    roots, keys and qualities to its search (Chiang, "Hope and Fear for Discriminative Training of
    Statistical Translation Models", 2012), to nineteen analyses of Bach's chorales by
    Andrew Jones and Dmitri Tymoczko that music21 carries. Fitted on three quarters of them they
    agree with the last quarter in root for 95%, in key for 89% and in all of key, root, quality
    and figures for 79% of the time (``tests/theory/fit_charges.py --folds 4``).

    Parameters
    ----------
    upper, bass_line : tuple of float
        A quarter note that is not of the chord, by how it is led (`Led`).
    lacking : tuple of float
        Root, third, fifth or seventh that does not sound: once, and once more for each of the
        segment's first two quarter notes.
    bass : tuple of float
        Bass at the segment's beginning: root, third or fifth of a triad, root, third, fifth or
        seventh of a seventh chord, or none of these.
    loose : float
        A second inversion that begins off the beat, beside its bass.
    level : tuple of float
        A chord that begins on the first of the bar, on its middle, on another beat, off the beat.
    shape : tuple of float
        By the place of its shape in `SHAPES`.
    family : tuple of float
        A numeral that is primary, secondary, borrowed, applied, an augmented sixth.
    step : tuple of float
        From one chord to the next (`Step`).
    cadential : float
        From the tonic to the dominant over one bass: what it weighs beside `step`.
    ending : tuple of float
        A phrase that ends on tonic, dominant or another chord (`Ending`).
    change : tuple of float
        A change of key within a phrase, and between two.
    direct : float
        A change of key without a chord that both keys know.
    distance : tuple of float
        A change of key by how far it goes (`progressions.distance`), a key that stays last.
    abroad : tuple of float
        A change into a key by how far that is from the piece's own, its own last.
    begin, end : float
        A piece that begins or ends in another key than its own.
    """

    upper: tuple[float, ...] = (0.35, 2.03, 0.70, 1.77, 3.00, 0.78, 1.14, 2.50)
    bass_line: tuple[float, ...] = (1.02, 1.51, 1.47, 2.04, 4.00, 0.97, 1.53, 3.00)
    lacking: tuple[float, ...] = (0.91, 0.62, 0.46, 0.63)
    bass: tuple[float, ...] = (-0.26, 0.04, 0.77, -0.08, -0.19, 0.35, 0.18, 0.93)
    loose: float = 0.46
    level: tuple[float, ...] = (0.00, 0.02, 0.09, 0.88)
    shape: tuple[float, ...] = (
        -0.23, 0.08, -0.20, 0.80, -0.28, 0.42, 0.43, 0.34, 0.06, 1.50, 0.50,
    )  # fmt: skip
    family: tuple[float, ...] = (-0.67, 0.30, 0.79, 0.62, 0.41)
    step: tuple[float, ...] = (
        0.22, -0.13, -0.17, 0.26, 0.31, 0.21, 0.11, 0.44, 0.98, 0.28, 0.45,
    )  # fmt: skip
    cadential: float = -0.70
    ending: tuple[float, ...] = (-0.26, 0.33, 1.22)
    change: tuple[float, ...] = (1.57, 0.78)
    direct: float = 0.79
    distance: tuple[float, ...] = (0.03, 0.07, 0.74, 1.01, 2.00, 0.00)
    abroad: tuple[float, ...] = (0.19, 0.29, 0.53, 0.80, 2.00, -0.24)
    begin: float = 2.02
    end: float = 1.59


_SLICE = FRAMES_PER_QUARTER // 2
_FRAME = 1 / FRAMES_PER_QUARTER


@dataclass(frozen=True, eq=False)
class Slices:
    """A chorale cut at each eighth in which a note begins.

    Parameters
    ----------
    edges : ndarray of int, shape [S + 1]
        First frame of each slice, and the end.
    level : ndarray of int, shape [S]
        Metrical place of its beginning: 0 first of the bar, 1 middle, 2 another beat, 3 off.
    sounding : ndarray of float, shape [S, 2, 8, 12]
        Quarter notes of each pitch class in upper voices and bass, by how they are led.
    bass : ndarray of int, shape [S]
        Pitch class of the lowest note that begins or sounds on in the slice first; -1 in silence.
    closes : ndarray of bool, shape [S]
        Whether a phrase ends with the slice.
    """

    edges: NDArray[np.int64]
    level: NDArray[np.int64]
    sounding: NDArray[np.float64]
    bass: NDArray[np.int64]
    closes: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many slices, S."""
        return len(self.level)


def slices_of(chorale: Chorale) -> Slices:
    """Cut a chorale into slices.

    Parameters
    ----------
    chorale : Chorale
        At least one frame.
    """
    frames = chorale.frames
    begins = np.zeros(frames, dtype=np.bool_)
    begins[0] = True
    begins |= (chorale.position % _SLICE == 0) & chorale.onset.any(axis=1)
    ends = phrase_ends(chorale)
    begins[ends[:-1] + 1] = True
    starts = np.flatnonzero(begins)
    edges = np.append(starts, frames)
    led = leading(chorale)
    sounding = np.zeros((len(starts), 2, len(Led), 12))
    slice_of = np.searchsorted(starts, np.arange(frames), side="right") - 1
    for voice in VOICES:
        heard = np.flatnonzero(chorale.pitch[:, voice] != REST)
        pitch_class = chorale.pitch[heard, voice] % 12
        of_voice = sounding[:, int(voice == Voice.BASS)]  # [S, 8, 12]
        np.add.at(of_voice, (slice_of[heard], led[heard, voice], pitch_class), _FRAME)
    return Slices(
        edges=edges,
        level=levels(chorale)[starts],
        sounding=sounding,
        bass=_basses(chorale, edges),
        closes=np.isin(edges[1:] - 1, ends),
    )


def _basses(chorale: Chorale, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    lowest = np.where(chorale.pitch == REST, 128, chorale.pitch).min(axis=1).astype(np.int64)
    out = np.full(len(edges) - 1, REST, dtype=np.int64)
    for index, (start, stop) in enumerate(pairwise(edges.tolist())):
        heard = lowest[start:stop][lowest[start:stop] < 128]
        if heard.size:
            out[index] = heard[0] % 12
    return out


def chord_charges(
    slices: Slices, start: int, stop: NDArray[np.int64], charges: ParseWeights
) -> NDArray[np.float64]:
    """What each chord costs over stretches that begin with one slice.

    Parameters
    ----------
    slices : Slices
        S slices.
    start : int
        Where the stretches begin.
    stop : ndarray of int, shape [n]
        Where each ends: the first slice that is no longer of it.
    charges : Charges
        What is charged.

    Returns
    -------
    ndarray of float, shape [n, CHORDS]
    """
    chords = chord_tones()
    heard = np.cumsum(slices.sounding[start : stop[-1]], axis=0)[stop - start - 1]
    quarters = (slices.edges[stop] - slices.edges[start]) / FRAMES_PER_QUARTER  # [n]
    rates = np.array([charges.upper, charges.bass_line])  # [2, 8]
    out: NDArray[np.float64] = np.tensordot(heard, rates, ((1, 2), (0, 1))) @ chords.foreign.T
    # A tone that sounds in one voice for half the time is there.
    absent = np.maximum(0.0, 1 - heard.sum(axis=(1, 2)) / (quarters[:, None] / 2))  # [n, 12]
    lacking = absent[:, chords.tones]  # [n, CHORDS, 4]
    lacking[:, ~chords.seventh, 3] = 0.0
    out += lacking @ np.array(charges.lacking) * (1 + np.minimum(quarters, 2))[:, None]
    bass, level = slices.bass[start], slices.level[start]
    if bass != REST:
        role = chords.role[:, bass]
        kind = np.where(role < 0, 7, role + 3 * chords.seventh)
        out += np.array(charges.bass)[kind]
        out += charges.loose * ((kind == 2) & (level == OFF_BEAT))
    out += np.repeat(charges.shape, 12) + charges.level[level]
    return out


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


def best_parse(
    slices: Slices, key: Key, charges: ParseWeights, extra: NDArray[np.float64] | None = None
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

    def __init__(self, key: Key, charges: ParseWeights) -> None:
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
