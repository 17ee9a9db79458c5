"""When the notes of a clip are played: one timing for both clips of a pair.

A score that is played on its own slows down at the end and holds its own fermatas, either of which
would tell two versions of a piece apart. Here the tempo is strict and both clips hold the same
fermatas, so that each frame of one clip starts at the same sample as in the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale, Voice
from bachbot.scores.score import Sounding
from bachbot.scores.sound.timing import PlayedNote

FERMATA_STRETCH = 1.8
"""Factor by which the last quarter under a fermata is longer."""

FERMATA_REST = 0.15
"""Seconds of silence after a fermata."""

REPEATED_NOTE_GAP = 0.1
"""Seconds between the end of a note and the onset of the same pitch."""


@dataclass(frozen=True, eq=False)
class PairTiming:
    """Times in seconds of T frames.

    Parameters
    ----------
    starts : ndarray of float64, shape [T + 1]
        Start of each frame; the last element is the end of the piece.
    stops : ndarray of float64, shape [T + 1]
        End of a note that lasts until a frame: earlier than its start by a rest after a fermata.
    """

    starts: NDArray[np.float64]
    stops: NDArray[np.float64]


def compute_timing(frames: int, fermatas: Sequence[int], tempo: float) -> PairTiming:
    """The timing of a pair.

    Parameters
    ----------
    frames : int
        Length T.
    fermatas : sequence of int
        Last frame of each note under a fermata.
    tempo : float
        Quarter notes per minute.
    """
    duration = np.full(frames, 60 / tempo / FRAMES_PER_QUARTER)
    rest = np.zeros(frames + 1)
    for frame in fermatas:
        duration[max(0, frame + 1 - FRAMES_PER_QUARTER) : frame + 1] *= FERMATA_STRETCH
        # There is no rest after the end.
        rest[frame + 1] = FERMATA_REST if frame + 1 < frames else 0
    starts = np.concatenate([[0.0], np.cumsum(duration)]) + np.cumsum(rest)
    return PairTiming(starts, starts - rest)


def fermata_ends(chorale: Chorale) -> NDArray[np.intp]:
    """Last frame of each soprano note under a fermata."""
    ends = np.ones(chorale.frames, dtype=np.bool_)
    ends[:-1] = ~chorale.fermata[1:] | chorale.onset[1:, Voice.SOPRANO]
    return np.flatnonzero(chorale.fermata & ends)


def schedule_notes(notes: Sequence[Sounding], timing: PairTiming) -> list[PlayedNote]:
    """Assign times to notes; a note before the same pitch ends a little earlier.

    Parameters
    ----------
    notes : sequence of Sounding
        Of one clip.
    timing : PairTiming
        Of its pair.

    Returns
    -------
    list of PlayedNote
        By voice, then by time.
    """
    scheduled = []
    for voice in Voice:
        part = [n for n in notes if n.voice == voice]
        stops = [_stop(n, timing) for n in part]
        for index, (note, following) in enumerate(pairwise(part)):
            start, next_start = _start(note, timing), _start(following, timing)
            if note.pitch == following.pitch and next_start - stops[index] < REPEATED_NOTE_GAP:
                # A very short note keeps half of its duration.
                stops[index] = max(next_start - REPEATED_NOTE_GAP, (start + stops[index]) / 2)
        scheduled += [
            PlayedNote(n.voice, n.pitch, _start(n, timing), stop)
            for n, stop in zip(part, stops, strict=True)
        ]
    return scheduled


def _start(note: Sounding, timing: PairTiming) -> float:
    return float(timing.starts[int(note.start * FRAMES_PER_QUARTER)])


def _stop(note: Sounding, timing: PairTiming) -> float:
    return float(timing.stops[int((note.start + note.length) * FRAMES_PER_QUARTER)])
