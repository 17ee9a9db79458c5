"""When each note of a clip is played: one clock for both sides of a pair.

A score that is played alone slows down towards its last onset and holds its own fermatas; both
would tell two versions of a piece apart. Here the tempo is strict and the holds are those of the
pair, so that each frame of the one clip comes at the sample at which it comes in the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale, Voice
from bachbot.scores.score import Sounding
from bachbot.scores.sound.timing import PlayedNote

HOLD = 1.8
"""How many times as long the last quarter under a fermata lasts."""
BREATH = 0.15
"""Seconds of silence after a fermata."""
GAP = 0.1
"""Seconds from the end of a note to the same pitch struck again."""


@dataclass(frozen=True, eq=False)
class Clock:
    """Seconds at which frames begin and notes end.

    Parameters
    ----------
    starts : ndarray of float64, shape [T + 1]
        When each frame begins; the last is the end of the piece.
    stops : ndarray of float64, shape [T + 1]
        When a note is let go that lasts up to a frame: earlier by a breath after a fermata.
    """

    starts: NDArray[np.float64]
    stops: NDArray[np.float64]


def clock(frames: int, held: Sequence[int], tempo: float) -> Clock:
    """The clock of a pair.

    Parameters
    ----------
    frames : int
        Length T.
    held : sequence of int
        Last frame of each hold.
    tempo : float
        Quarter notes a minute.
    """
    length = np.full(frames, 60 / tempo / FRAMES_PER_QUARTER)
    breath = np.zeros(frames + 1)
    for spot in held:
        length[max(0, spot + 1 - FRAMES_PER_QUARTER) : spot + 1] *= HOLD
        # The last hold needs no breath.
        breath[spot + 1] = BREATH if spot + 1 < frames else 0
    starts = np.concatenate([[0.0], np.cumsum(length)]) + np.cumsum(breath)
    return Clock(starts, starts - breath)


def spots_of(chorale: Chorale) -> NDArray[np.intp]:
    """Last frame of each of the soprano's notes under a fermata."""
    ends = np.ones(chorale.frames, dtype=np.bool_)
    ends[:-1] = ~chorale.fermata[1:] | chorale.onset[1:, Voice.SOPRANO]
    return np.flatnonzero(chorale.fermata & ends)


def played(notes: Sequence[Sounding], time: Clock) -> list[PlayedNote]:
    """Give each note its time; a pitch that is struck again is let go a little before.

    Parameters
    ----------
    notes : sequence of Sounding
        Of one clip, on the grid.
    time : Clock
        The pair's.

    Returns
    -------
    list of PlayedNote
        By voice, then by time.
    """
    found = []
    for voice in Voice:
        own = [n for n in notes if n.voice == voice]
        stops = [_stop(n, time) for n in own]
        for index, (note, following) in enumerate(pairwise(own)):
            start, again = _start(note, time), _start(following, time)
            if note.pitch == following.pitch and again - stops[index] < GAP:
                # A very short note keeps half of itself.
                stops[index] = max(again - GAP, (start + stops[index]) / 2)
        found += [
            PlayedNote(n.voice, n.pitch, _start(n, time), stop)
            for n, stop in zip(own, stops, strict=True)
        ]
    return found


def _start(note: Sounding, time: Clock) -> float:
    return float(time.starts[int(note.start * FRAMES_PER_QUARTER)])


def _stop(note: Sounding, time: Clock) -> float:
    return float(time.stops[int((note.start + note.length) * FRAMES_PER_QUARTER)])
