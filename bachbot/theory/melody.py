"""Notes in their voice: melodic functions, phrases, and metrical levels."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Voice


def bars(chorale: Chorale) -> NDArray[np.int64]:
    """Bar number of each frame, from 1; a pickup is bar 0. Shape [T]."""
    starts = np.zeros(chorale.frames, dtype=np.int64)
    starts[chorale.bar_starts] = 1
    pickup = chorale.frames > 0 and chorale.position[0] > 0
    numbers: NDArray[np.int64] = np.cumsum(starts) - int(pickup)
    return numbers


def beat(chorale: Chorale, frame: int) -> Fraction:
    """Beat of a frame, from 1: 5/2 is half a beat after the second."""
    return 1 + Fraction(int(chorale.position[frame]), chorale.meter.beat_frames)


OFF_BEAT = 3
"""Metrical level of a frame on which no beat begins."""

_STEP = (1, 2)
_NOWHERE = 99
"""Stands for the interval to a rest or to another phrase."""


class NoteFunction(IntEnum):
    """Function of a note in its voice: what it would be if it were not a chord tone."""

    PASSING = 0  # step to step, off the beat; neighbors as well
    ACCENTED = 1  # step to step, on the beat
    ANTICIPATION = 2  # off the beat, held over the next beat
    LEANING = 3  # a step on one side, a leap on the other
    LEAP = 4  # leaps, rests or phrase boundaries on both sides
    SUSPENSION = 5  # held over a beat, then a step down
    RETARDATION = 6  # held over a beat, then a step up
    HELD = 7  # held over a beat, then a leap or nothing


@dataclass(frozen=True)
class PitchRun:
    """One pitch of a voice within a phrase, with or without repeated onsets.

    Parameters
    ----------
    start, stop : int
        First frame, and the first frame after it.
    pitch : int
        MIDI pitch.
    came, goes : int
        Intervals from the previous pitch and to the next, in semitones; 99 if there is none.
    """

    start: int
    stop: int
    pitch: int
    came: int
    goes: int

    def function_before_beat(self, on_beat: bool, held: bool) -> NoteFunction:
        """Function before the first beat after its beginning.

        Parameters
        ----------
        on_beat : bool
            Whether it begins on a beat.
        held : bool
            Whether it is held over one.
        """
        if held and not on_beat:
            return NoteFunction.ANTICIPATION
        steps = (abs(self.came) in _STEP) + (abs(self.goes) in _STEP)
        if steps == 2:
            return NoteFunction.ACCENTED if on_beat else NoteFunction.PASSING
        return NoteFunction.LEANING if steps else NoteFunction.LEAP

    @property
    def function_after_beat(self) -> NoteFunction:
        """Function from the first beat after its beginning on."""
        if -self.goes in _STEP:
            return NoteFunction.SUSPENSION
        return NoteFunction.RETARDATION if self.goes in _STEP else NoteFunction.HELD

    def named(self, led: NoteFunction, voice: Voice) -> str:
        """Its name as a non-chord tone, such as ``"accented passing note"``."""
        if led in (NoteFunction.PASSING, NoteFunction.ACCENTED):
            kind = "passing note" if self.came * self.goes > 0 else "neighbor note"
            return kind if led is NoteFunction.PASSING else "accented " + kind
        if led is NoteFunction.LEANING:
            return "appoggiatura" if abs(self.goes) in _STEP else "escape note"
        if led is NoteFunction.HELD:
            return "pedal" if voice is Voice.BASS else "held note"
        return "free note" if led is NoteFunction.LEAP else led.name.lower()


def phrase_ends(chorale: Chorale) -> NDArray[np.int64]:
    """Last frame of each phrase: of each soprano note under a fermata, and of the piece."""
    onset = chorale.onset[:, Voice.SOPRANO]
    ends = np.ones(chorale.frames, dtype=np.bool_)
    ends[:-1] = chorale.fermata[:-1] & (~chorale.fermata[1:] | onset[1:])
    return np.flatnonzero(ends)


def levels(chorale: Chorale) -> NDArray[np.int64]:
    """Metrical level of each frame, shape [T].

    0 is the downbeat, 1 the middle of the bar, 2 another beat, 3 off the beat. A beat is a quarter,
    or a dotted quarter in compound meters.
    """
    meter, position = chorale.meter, chorale.position
    beat = FRAMES_PER_QUARTER if meter.unit < 8 else meter.beat_frames
    middle = meter.bar_frames // 2 if meter.beats % 2 == 0 else 0
    return np.select(
        [position == 0, (position == middle) & (middle % beat == 0), position % beat == 0],
        [0, 1, 2],
        OFF_BEAT,
    )


def runs(chorale: Chorale, voice: Voice) -> Iterator[PitchRun]:
    """The pitches of a voice in order, without rests."""
    pitch = chorale.pitch[:, voice].astype(np.int64)
    phrase = np.searchsorted(phrase_ends(chorale), np.arange(chorale.frames))
    new = np.ones(chorale.frames, dtype=np.bool_)
    new[1:] = (pitch[1:] != pitch[:-1]) | (phrase[1:] != phrase[:-1])
    starts = np.flatnonzero(new)
    heights = pitch[starts]
    joined = (phrase[starts[1:]] == phrase[starts[:-1]]) & (heights[1:] != REST)
    moves = np.where(joined & (heights[:-1] != REST), np.diff(heights), _NOWHERE)
    rows = zip(
        starts, (*starts[1:], len(pitch)), heights, (_NOWHERE, *moves), (*moves, _NOWHERE),
        strict=True,
    )  # fmt: skip
    for row in rows:
        if row[2] != REST:
            yield PitchRun(*map(int, row))


def note_functions(chorale: Chorale) -> NDArray[np.int64]:
    """Function of each voice's note in each frame, a `NoteFunction`, shape [T, 4]."""
    out = np.full(chorale.pitch.shape, int(NoteFunction.LEAP), dtype=np.int64)
    on_beat = levels(chorale) < OFF_BEAT
    beats = np.cumsum(on_beat)
    for voice in VOICES:
        for run in runs(chorale, voice):
            held = beats[run.start : run.stop] > beats[run.start]
            first = run.function_before_beat(bool(on_beat[run.start]), bool(held[-1]))
            out[run.start : run.stop, voice] = np.where(held, run.function_after_beat, first)
    return out


SHORTEST_REPEAT = 4
"""Beats in a row that a tune has to have in common with earlier ones to repeat them."""


def repeated_beats(
    tune: NDArray[np.integer], beats: NDArray[np.integer], shortest: int = SHORTEST_REPEAT
) -> NDArray[np.intp]:
    """Find the earlier beats that a tune repeats.

    Parameters
    ----------
    tune : ndarray of int, shape [T]
        What the voice does in each frame: tokens, or pitches.
    beats : ndarray of int, shape [K]
        First frame of each beat, ascending.
    shortest : int
        Beats in a row that have to be the same.

    Returns
    -------
    ndarray of int, shape [K]
        Number of the earlier beat; -1 where nothing is repeated. Of several the one in the longest
        repeat counts, then the latest.

    Examples
    --------
    >>> repeated_beats(np.array([5, 4, 3, 3, 5, 4, 3, 1]), np.arange(8), shortest=3)
    array([-1, -1, -1, -1,  0,  1,  2, -1])
    """
    stops = [*beats[1:].tolist(), len(tune)]
    spans = [tune[start:stop].tobytes() for start, stop in zip(beats, stops, strict=True)]
    _, number = np.unique(np.array(spans, dtype=object), return_inverse=True)
    longest = np.zeros(len(beats), dtype=np.intp)
    found = np.full(len(beats), -1, dtype=np.intp)
    for lag in range(1, len(beats)):
        same = np.concatenate([[False], number[lag:] == number[:-lag], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1]).reshape(-1, 2)
        for start, stop in edges[edges[:, 1] - edges[:, 0] >= shortest].tolist():
            here = np.arange(start, stop) + lag
            better = here[longest[here] < stop - start]
            longest[better], found[better] = stop - start, better - lag
    return found
