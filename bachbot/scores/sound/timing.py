"""When each note of a score is played: fermatas held, breaths, a slower end, notes struck again."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import OutputError, ScoreError, UsageError
from bachbot.scores.score import Sounding

_LONGEST = 30 * 60.0
"""Seconds."""
_GAP = 0.1
"""Seconds from the end of a note to the same pitch struck again."""
_HOLD = 1.8
"""How many times as long the last quarter of a note under a fermata lasts."""
_BREATH = 0.15
"""Seconds of silence after a fermata."""
_SLOWING, _SLOWEST = 4.0, 0.75
"""Quarters at the end over which the tempo falls, and to which share of itself."""


@dataclass(frozen=True)
class PlayedNote:
    """One note as it is played.

    Parameters
    ----------
    voice : int
        0 to 3 for S, A, T, B.
    pitch : int
        MIDI pitch.
    start, stop : float
        Seconds from the beginning at which the key goes down and up.
    """

    voice: int
    pitch: int
    start: float
    stop: float


def perform(soundings: Sequence[Sounding], *, tempo: float) -> list[PlayedNote]:
    """Give each note its time.

    Parameters
    ----------
    soundings : sequence of Sounding
        At least one, in any order.
    tempo : float
        Quarter notes a minute, above 0.

    Returns
    -------
    list of Played
        By voice, then by time.

    Raises
    ------
    UsageError
        If the tempo is out of range.
    ScoreError
        If nothing sounds.
    OutputError
        If it lasts over half an hour.
    """
    if not (np.isfinite(tempo) and tempo > 0):
        raise UsageError(f"a tempo of {tempo} cannot be played: give quarter notes a minute")
    notes = sorted(
        (n for n in soundings if n.length > 0), key=lambda n: (n.voice, n.start, n.pitch)
    )
    if not notes:
        raise ScoreError("the score holds no note to play: give one that does")
    quarters, seconds, breaths = _clock(notes, tempo)
    if seconds[-1] > _LONGEST:
        raise OutputError(
            f"the piece lasts {seconds[-1] / 60:.0f} minutes: sound is written up to "
            f"{_LONGEST / 60:.0f}; play it faster, or write .mid"
        )
    ends = [float(n.start + n.length) for n in notes]
    starts = np.interp([float(n.start) for n in notes], quarters, seconds)
    stops = np.interp(ends, quarters, seconds)
    stops = stops - np.array([_BREATH if end in breaths else 0 for end in ends])
    stops = _rearticulated(notes, starts, stops)
    return [
        PlayedNote(note.voice, note.pitch, float(start), float(stop))
        for note, start, stop in zip(notes, starts, stops, strict=True)
    ]


def _clock(
    notes: Sequence[Sounding], tempo: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], set[float]]:
    """When each point of the piece comes.

    Returns
    -------
    quarters, seconds : ndarray of float, shape [points]
        Points of the piece and their times; straight lines between them.
    breaths : set of float
        Quarters at which a fermata ends.
    """
    end = max(float(n.start + n.length) for n in notes)
    held = [(float(n.start), float(n.start + n.length)) for n in notes if n.fermata]
    last = max(float(n.start) for n in notes)
    slowing = min(_SLOWING, last / 4)
    steps_down = np.linspace(last - slowing, last, 17)
    marks = {0.0, end, *(max(a, b - 1) for a, b in held), *(b for _, b in held)}
    quarters = np.unique(np.concatenate([steps_down, sorted(marks)]))
    middles = (quarters[1:] + quarters[:-1]) / 2
    pace = np.ones(len(middles))
    for start, stop in held:
        pace[(middles > max(start, stop - 1)) & (middles < stop)] = 1 / _HOLD
    if slowing > 0:
        share = np.clip((middles - (last - slowing)) / slowing, 0, 1)
        pace *= 1 - (1 - _SLOWEST) * share
    steps = np.diff(quarters) * 60 / tempo / pace
    # The breath is part of the time before the next note; the last fermata needs none.
    breaths = {stop for _, stop in held if stop < end}
    steps[np.isin(quarters[1:], list(breaths))] += _BREATH
    return quarters, np.concatenate([[0.0], np.cumsum(steps)]), breaths


def _rearticulated(
    notes: Sequence[Sounding], starts: NDArray[np.float64], stops: NDArray[np.float64]
) -> NDArray[np.float64]:
    """End a note early where its voice strikes the same pitch again at once."""
    stops = stops.copy()
    for index, (note, following) in enumerate(pairwise(notes)):
        again = (note.voice, note.pitch) == (following.voice, following.pitch)
        if again and starts[index + 1] - stops[index] < _GAP:
            early = starts[index + 1] - _GAP
            # A very short note keeps half of itself.
            stops[index] = max(early, (starts[index] + stops[index]) / 2)
    return stops
