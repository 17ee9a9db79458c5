"""How the notes of a voice are led, and where frames stand in the bar."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Voice


def bars(chorale: Chorale) -> NDArray[np.int64]:
    """Bar of each frame, counted from 1, a pickup as 0; shape [T]."""
    starts = np.zeros(chorale.frames, dtype=np.int64)
    starts[chorale.bar_starts] = 1
    pickup = chorale.frames > 0 and chorale.position[0] > 0
    numbers: NDArray[np.int64] = np.cumsum(starts) - int(pickup)
    return numbers


def beat(chorale: Chorale, frame: int) -> Fraction:
    """Felt beat of a frame, counted from 1: 5/2 is half a beat after the second."""
    return 1 + Fraction(int(chorale.position[frame]), chorale.meter.beat_frames)


OFF_BEAT = 3
"""Level of a frame that no beat begins with."""

_STEP = (1, 2)
_NOWHERE = 99
"""Semitones to or from a rest or another phrase: no step."""


class Led(IntEnum):
    """How a note stands in its voice: what it would be if it were no chord tone."""

    PASSING = 0  # step to step, off the beat; neighbors as well
    ACCENTED = 1  # step to step, on the beat
    ANTICIPATION = 2  # off the beat and held over it
    LEANING = 3  # a step on one side, a leap on the other
    LEAP = 4  # leaps, rests or the phrase's ends on both sides
    SUSPENSION = 5  # held over a beat, then a step down
    RETARDATION = 6  # held over a beat, then a step up
    HELD = 7  # held over a beat, then a leap or nothing


@dataclass(frozen=True)
class Run:
    """One pitch of a voice, struck again or not, within a phrase.

    Parameters
    ----------
    start, stop : int
        Its frames.
    pitch : int
        MIDI pitch.
    came, goes : int
        Semitones from the pitch before and to the next; 99 where there is none.
    """

    start: int
    stop: int
    pitch: int
    came: int
    goes: int

    def first_led(self, on_beat: bool, held: bool) -> Led:
        """How it is led up to the first beat after its beginning.

        Parameters
        ----------
        on_beat : bool
            Whether it begins on a beat.
        held : bool
            Whether it goes on over one.
        """
        if held and not on_beat:
            return Led.ANTICIPATION
        steps = (abs(self.came) in _STEP) + (abs(self.goes) in _STEP)
        if steps == 2:
            return Led.ACCENTED if on_beat else Led.PASSING
        return Led.LEANING if steps else Led.LEAP

    @property
    def held_led(self) -> Led:
        """How it is led from the first beat on after its beginning."""
        if -self.goes in _STEP:
            return Led.SUSPENSION
        return Led.RETARDATION if self.goes in _STEP else Led.HELD

    def named(self, led: Led, voice: Voice) -> str:
        """What it is called where it is no chord tone, such as ``"accented passing note"``."""
        if led in (Led.PASSING, Led.ACCENTED):
            kind = "passing note" if self.came * self.goes > 0 else "neighbor note"
            return kind if led is Led.PASSING else "accented " + kind
        if led is Led.LEANING:
            return "appoggiatura" if abs(self.goes) in _STEP else "escape note"
        if led is Led.HELD:
            return "pedal" if voice is Voice.BASS else "held note"
        return "free note" if led is Led.LEAP else led.name.lower()


def phrase_ends(chorale: Chorale) -> NDArray[np.int64]:
    """Last frame of each phrase: of each soprano note under a fermata, and of the piece."""
    onset = chorale.onset[:, Voice.SOPRANO]
    ends = np.ones(chorale.frames, dtype=np.bool_)
    ends[:-1] = chorale.fermata[:-1] & (~chorale.fermata[1:] | onset[1:])
    return np.flatnonzero(ends)


def levels(chorale: Chorale) -> NDArray[np.int64]:
    """Metrical place of each frame, shape [T].

    0 is the first of the bar, 1 its middle, 2 another beat, 3 off the beat. A beat is a quarter,
    or a dotted one where the meter is compound.
    """
    meter, place = chorale.meter, chorale.position
    beat = FRAMES_PER_QUARTER if meter.unit < 8 else meter.beat_frames
    middle = meter.bar_frames // 2 if meter.beats % 2 == 0 else 0
    return np.select(
        [place == 0, (place == middle) & (middle % beat == 0), place % beat == 0],
        [0, 1, 2],
        OFF_BEAT,
    )


def runs(chorale: Chorale, voice: Voice) -> Iterator[Run]:
    """The pitches of a voice in order; rests are left out."""
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
            yield Run(*map(int, row))


def leading(chorale: Chorale) -> NDArray[np.int64]:
    """How each voice's note is led in each frame, a `Led`, shape [T, 4]."""
    out = np.full(chorale.pitch.shape, int(Led.LEAP), dtype=np.int64)
    on_beat = levels(chorale) < OFF_BEAT
    beats = np.cumsum(on_beat)
    for voice in VOICES:
        for run in runs(chorale, voice):
            held = beats[run.start : run.stop] > beats[run.start]
            first = run.first_led(bool(on_beat[run.start]), bool(held[-1]))
            out[run.start : run.stop, voice] = np.where(held, run.held_led, first)
    return out
