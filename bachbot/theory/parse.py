"""Harmonic analysis: the best parse of a piece into keys and chords, found together."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Key, Voice
from bachbot.theory.melody import OFF_BEAT, NoteFunction, levels, note_functions, phrase_ends
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
    """Weights of the parse, without unit: the parse with the lowest cost wins.

    They were set by hand and then fitted by an averaged perceptron (Collins, "Discriminative
    Training Methods for Hidden Markov Models", 2002, section 2) that adds the losses of wrong
    roots, keys and qualities to its search (Chiang, "Hope and Fear for Discriminative Training of
    Statistical Translation Models", 2012), to nineteen analyses of Bach's chorales by
    Andrew Jones and Dmitri Tymoczko that music21 carries. Fitted on three quarters of them they
    agree with the last quarter in root for 95%, in key for 89% and in all of key, root, quality
    and figures for 79% of the time (``tests/theory/fit_weights.py --folds 4``).

    Parameters
    ----------
    upper, bass_line : tuple of float
        Cost of a quarter note that is not a chord tone, by its function (`NoteFunction`), in the
        upper voices and in the bass.
    lacking : tuple of float
        Cost of a missing root, third, fifth or seventh: once, and again for each of the segment's
        first two quarter notes.
    bass : tuple of float
        Cost of the bass at the segment's beginning: root, third or fifth of a triad, root, third,
        fifth or seventh of a seventh chord, or none of these.
    loose : float
        Additional cost of a second inversion that begins off the beat.
    level : tuple of float
        Cost of a chord that begins on the downbeat, in the middle of the bar, on another beat, or
        off the beat.
    shape : tuple of float
        Cost of each chord shape, in the order of `SHAPES`.
    family : tuple of float
        Cost of a numeral that is primary, secondary, borrowed, applied, or an augmented sixth.
    step : tuple of float
        Cost of a progression from one chord to the next (`Step`).
    cadential : float
        Additional cost of tonic to dominant over a held bass (a cadential six-four).
    ending : tuple of float
        Cost of a phrase that ends on tonic, dominant or another chord (`Ending`).
    change : tuple of float
        Cost of a change of key within a phrase, and between two phrases.
    direct : float
        Additional cost of a change of key without a pivot chord.
    distance : tuple of float
        Cost of a change of key by the distance of the keys (`readings.distance`); the last entry
        is for staying in the key.
    abroad : tuple of float
        Cost of a change into a key by its distance from the home key; the last entry is for the
        home key.
    begin, end : float
        Cost of a piece that begins or ends outside its home key.
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
    """A chorale, cut at each eighth in which a note begins.

    Parameters
    ----------
    edges : ndarray of int, shape [S + 1]
        First frame of each slice, and the end.
    level : ndarray of int, shape [S]
        Metrical level of its beginning: 0 downbeat, 1 middle of the bar, 2 another beat, 3 off
        the beat.
    sounding : ndarray of float, shape [S, 2, 8, 12]
        Quarter notes of each pitch class in upper voices and bass, by note function.
    bass : ndarray of int, shape [S]
        Pitch class of the first lowest note in the slice; -1 in silence.
    phrase_end : ndarray of bool, shape [S]
        Whether a phrase ends with the slice.
    """

    edges: NDArray[np.int64]
    level: NDArray[np.int64]
    sounding: NDArray[np.float64]
    bass: NDArray[np.int64]
    phrase_end: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Number of slices, S."""
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
    led = note_functions(chorale)
    sounding = np.zeros((len(starts), 2, len(NoteFunction), 12))
    slice_of = np.searchsorted(starts, np.arange(frames), side="right") - 1
    for voice in VOICES:
        notes = np.flatnonzero(chorale.pitch[:, voice] != REST)
        pitch_class = chorale.pitch[notes, voice] % 12
        of_voice = sounding[:, int(voice == Voice.BASS)]  # [S, 8, 12]
        np.add.at(of_voice, (slice_of[notes], led[notes, voice], pitch_class), _FRAME)
    return Slices(
        edges=edges,
        level=levels(chorale)[starts],
        sounding=sounding,
        bass=_basses(chorale, edges),
        phrase_end=np.isin(edges[1:] - 1, ends),
    )


def _basses(chorale: Chorale, edges: NDArray[np.int64]) -> NDArray[np.int64]:
    lowest = np.where(chorale.pitch == REST, 128, chorale.pitch).min(axis=1).astype(np.int64)
    out = np.full(len(edges) - 1, REST, dtype=np.int64)
    for index, (start, stop) in enumerate(pairwise(edges.tolist())):
        pitches = lowest[start:stop][lowest[start:stop] < 128]
        if pitches.size:
            out[index] = pitches[0] % 12
    return out


def chord_costs(
    slices: Slices, start: int, stop: NDArray[np.int64], weights: ParseWeights
) -> NDArray[np.float64]:
    """Cost of each chord over segments that begin with one slice.

    Parameters
    ----------
    slices : Slices
        S slices.
    start : int
        First slice of the segments.
    stop : ndarray of int, shape [n]
        End of each segment: the first slice after it.
    weights : ParseWeights
        Weights of the parse.

    Returns
    -------
    ndarray of float, shape [n, CHORDS]
    """
    chords = chord_tones()
    weight = np.cumsum(slices.sounding[start : stop[-1]], axis=0)[stop - start - 1]
    quarters = (slices.edges[stop] - slices.edges[start]) / FRAMES_PER_QUARTER  # [n]
    rates = np.array([weights.upper, weights.bass_line])  # [2, 8]
    out: NDArray[np.float64] = np.tensordot(weight, rates, ((1, 2), (0, 1))) @ chords.foreign.T
    # A tone that sounds in one voice for half the time counts as present.
    absent = np.maximum(0.0, 1 - weight.sum(axis=(1, 2)) / (quarters[:, None] / 2))  # [n, 12]
    lacking = absent[:, chords.tones]  # [n, CHORDS, 4]
    lacking[:, ~chords.seventh, 3] = 0.0
    out += lacking @ np.array(weights.lacking) * (1 + np.minimum(quarters, 2))[:, None]
    bass, level = slices.bass[start], slices.level[start]
    if bass != REST:
        role = chords.role[:, bass]
        kind = np.where(role < 0, 7, role + 3 * chords.seventh)
        out += np.array(weights.bass)[kind]
        out += weights.loose * ((kind == 2) & (level == OFF_BEAT))
    out += np.repeat(weights.shape, 12) + weights.level[level]
    return out


_LONGEST = 8
"""Longest segment, in slices; a chord that lasts longer takes several segments."""


@dataclass(frozen=True)
class Segment:
    """Slices that are parsed as one chord.

    Parameters
    ----------
    start, stop : int
        First slice, and the first slice after it.
    reading : int
        Index of its reading in `readings`.
    """

    start: int
    stop: int
    reading: int


def best_parse(
    slices: Slices, key: Key, weights: ParseWeights, extra: NDArray[np.float64] | None = None
) -> list[Segment]:
    """Find the parse of a piece with the lowest cost, by dynamic programming.

    Parameters
    ----------
    slices : Slices
        S slices, at least one.
    key : Key
        The home key.
    weights : ParseWeights
        Weights of the parse.
    extra : ndarray of float, shape [S, R], optional
        Additional cost of each slice by reading; for fitting the weights.

    Returns
    -------
    list of Segment
        From the first slice to the last, without gaps.
    """
    transitions = _Transitions(key, weights)
    count, size = slices.count, len(transitions.all.key)
    best = np.full((count + 1, size), np.inf)
    # First slice of the best segment that ends here, and the reading of the segment before it.
    began = np.full((count + 1, size), -1, dtype=np.int32)
    came = np.zeros((count, size), dtype=np.int32)
    ends = np.flatnonzero(slices.phrase_end) + 1
    for start in range(count):
        if start:
            held = slices.bass[start] == slices.bass[start - 1] != REST
            enter, came[start] = transitions.to_each(
                best[start], bool(slices.phrase_end[start - 1]), bool(held)
            )
        else:
            enter = transitions.at_first()
        end = ends[np.searchsorted(ends, start, side="right")]
        stops = np.arange(start + 1, min(start + _LONGEST, end) + 1)
        costs = (
            chord_costs(slices, start, stops, weights)[:, transitions.all.chord] + transitions.own
        )
        costs[stops == end] += transitions.ending
        if extra is not None:
            costs += np.cumsum(extra[start : stops[-1]], axis=0)
        for stop, cost in zip(stops, costs, strict=True):
            total = enter + cost
            better = total < best[stop]
            best[stop][better] = total[better]
            began[stop][better] = start
    return _traced(best[count] + transitions.at_last(), began, came)


def _traced(
    final: NDArray[np.float64], began: NDArray[np.int32], came: NDArray[np.int32]
) -> list[Segment]:
    reading, stop = int(final.argmin()), len(came)
    path = []
    while stop > 0:
        start = int(began[stop, reading])
        path.append(Segment(start, stop, reading))
        stop, reading = start, int(came[start, reading])
    return path[::-1]


class _Transitions:
    """Costs of the transitions between readings, R of them.

    Parameters
    ----------
    key : Key
        The home key.
    weights : ParseWeights
        Weights of the parse.
    """

    def __init__(self, key: Key, weights: ParseWeights) -> None:
        self.all = readings()
        self._weights = weights
        self._away = self.all.key != key_number(key)  # [R]
        far = distances()
        abroad = np.array(weights.abroad)[far[key_number(key)]]  # [24]
        self._abroad = abroad[self.all.key]
        self._keys = np.array(weights.distance)[far] + abroad  # [24, 24]
        self._twins = np.maximum(self.all.twins, 0)
        self._pivots = np.where(
            self.all.twins < 0,
            np.inf,
            self._keys[self.all.key[self._twins], self.all.key[:, None]],
        )  # [R, n]
        self._steps = [np.array(weights.step)[steps(mode)] for mode in MODES]  # [K, K]
        self._held = [s + weights.cadential * cadential(m)
                      for s, m in zip(self._steps, MODES, strict=True)]  # fmt: skip
        self.own = np.array(weights.family)[self.all.family]
        self.ending = np.concatenate(
            [np.tile(np.array(weights.ending)[endings(mode)], 12) for mode in MODES]
        )

    def at_first(self) -> NDArray[np.float64]:
        """Cost of beginning with each reading, shape [R]."""
        return np.where(self._away, self._weights.begin + self._abroad, 0.0)

    def at_last(self) -> NDArray[np.float64]:
        """Cost of ending with each reading, shape [R]."""
        return np.where(self._away, self._weights.end, 0.0)

    def to_each(
        self, before: NDArray[np.float64], between: bool, held: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Find the cheapest transition to each reading.

        Parameters
        ----------
        before : ndarray of float, shape [R]
            Lowest cost of each reading so far.
        between : bool
            Whether a phrase boundary is here.
        held : bool
            Whether the bass is held.

        Returns
        -------
        costs : ndarray of float, shape [R]
            Lowest cost of arriving at each.
        came : ndarray of int, shape [R]
            The reading that it comes from.
        """
        change = self._weights.change[between]
        arriving, source = self._with_pivots(before, change)
        costs, came = np.empty_like(before), np.empty(len(before), dtype=np.int64)
        lowest, lowest_at = np.empty(24), np.empty(24, dtype=np.int64)
        for minor, block in enumerate(self.all.blocks):
            size = len(NUMERALS[MODES[minor]])
            rows = block.start + size * np.arange(12)[:, None]  # [12, 1]
            table = self._held[minor] if held else self._steps[minor]
            steps_on = arriving[block].reshape(12, size, 1) + table  # [12, K, K]
            from_which = steps_on.argmin(axis=1)
            costs[block] = np.take_along_axis(steps_on, from_which[:, None], 1).ravel()
            came[block] = source[(rows + from_which).ravel()]
            here = before[block].reshape(12, size)
            keys = slice(12 * minor, 12 * minor + 12)
            lowest[keys] = here.min(axis=1)
            lowest_at[keys] = rows[:, 0] + here.argmin(axis=1)
        leaps = lowest[:, None] + self._keys + change + self._weights.direct  # [24, 24]
        np.fill_diagonal(leaps, np.inf)
        leap = leaps.min(axis=0)[self.all.key]
        better = leap < costs
        return (
            np.where(better, leap, costs),
            np.where(better, lowest_at[leaps.argmin(axis=0)][self.all.key], came),
        )

    def _with_pivots(
        self, before: NDArray[np.float64], change: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Reinterpret the previous chord in another key where that is cheaper: a pivot chord."""
        pivots = before[self._twins] + self._pivots  # [R, n]
        pick = pivots.argmin(axis=1)
        index = np.arange(len(before))
        cheapest = pivots[index, pick] + change
        return np.minimum(before, cheapest), np.where(
            cheapest < before, self._twins[index, pick], index
        )
