"""Measures of single voices: whether a line goes somewhere.

Notes are counted by their onsets; a rest between two notes is passed over, except that a note next
to a rest is neither a passing nor a neighbor note.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Voice
from bachbot.evaluation.music.view import LOWER, STEPS, Count, Measure, MusicView
from bachbot.theory.melody import runs

_EIGHTH = 2  # frames
_TURNING = 6
"""Notes of the shortest run that counts as a line that turns at every note."""
_DRONE = 4 * FRAMES_PER_QUARTER
"""Frames up to which a held or repeated bass is no drone."""


def swings(view: MusicView, *, notes: int, voices: tuple[Voice, ...] = LOWER) -> Count:
    """Notes that end a swing to and fro between two pitches, out of all notes.

    Parameters
    ----------
    view : MusicView
        The piece.
    notes : int
        Length of the swing in notes: 4 for *abab*, 6 for *ababab*. A longer swing counts once for
        each of its notes from there on.
    voices : tuple of Voice
        Voices that are counted.
    """
    found, total = 0, 0
    for voice in voices:
        pitch = view.notes[voice].pitch
        total += len(pitch)
        if len(pitch) >= notes:
            windows = np.lib.stride_tricks.sliding_window_view(pitch, notes)
            same = (windows[:, 2:] == windows[:, :-2]).all(axis=1)
            found += int((same & (windows[:, 0] != windows[:, 1])).sum())
    return found, total


def turning(view: MusicView) -> Count:
    """Notes of the lower voices in a run of six or more of which each is a turn, out of all notes.

    In such a run each move has the opposite direction of the move before; a repeated note ends it.
    """
    found, total = 0, 0
    for voice in LOWER:
        pitch = view.notes[voice].pitch
        total += len(pitch)
        way = np.sign(np.diff(pitch))
        length = 0  # notes of the run so far
        for index, now in enumerate(way.tolist()):
            turns = now != 0 and index > 0 and now == -way[index - 1]
            if not turns:
                found += length if length >= _TURNING else 0
                length = 2 if now else 0
            else:
                length += 1
        found += length if length >= _TURNING else 0
    return found, total


def neighbor_notes(view: MusicView) -> Count:
    """Off-beat notes of the lower voices a step from one pitch and back to it; and full beats."""
    return _between(view, lambda came, goes: came == -goes), len(view.full_beats)


def passing_notes(view: MusicView) -> Count:
    """Off-beat notes of the lower voices between two steps in one direction; and full beats."""
    return _between(view, lambda came, goes: came * goes > 0), len(view.full_beats)


_Moves = NDArray[np.int64]


def _between(view: MusicView, kind: Callable[[_Moves, _Moves], NDArray[np.bool_]]) -> int:
    """Off-beat notes reached and left by step, of a kind by the moves to and from them."""
    found = 0
    for voice in LOWER:
        notes = view.notes[voice]
        off = view.chorale.position[notes.start[1:-1]] % FRAMES_PER_QUARTER != 0
        joined = notes.start[1:] == notes.start[:-1] + notes.length[:-1]
        moves = np.diff(notes.pitch)
        came, goes = moves[:-1], moves[1:]
        by_step = np.isin(np.abs(came), STEPS) & np.isin(np.abs(goes), STEPS)
        found += int((off & joined[:-1] & joined[1:] & by_step & kind(came, goes)).sum())
    return found


def short_bass_notes(view: MusicView) -> Count:
    """Bass notes of an eighth or shorter, out of all bass notes."""
    length = view.notes[Voice.BASS].length
    return int((length <= _EIGHTH).sum()), len(length)


def drones(view: MusicView) -> Count:
    """Frames in which the bass has one pitch for more than four beats, out of all frames.

    The pitch may be held or repeated; a phrase end ends it.
    """
    lengths = [run.stop - run.start for run in runs(view.chorale, Voice.BASS)]
    return sum(length for length in lengths if length > _DRONE), view.chorale.frames


def mean_pitch(view: MusicView, *, voice: Voice) -> Count:
    """Sum of a voice's MIDI pitches over the frames in which it sounds, and those frames."""
    pitch = view.chorale.pitch[:, voice].astype(np.int64)
    sounding: NDArray[np.int64] = pitch[pitch != REST]
    return int(sounding.sum()), len(sounding)


LINES = (
    Measure("to and fro (abab), alto, tenor, bass", "per 100 notes", 100, partial(swings, notes=4)),
    Measure("to and fro (abab), bass alone", "per 100 notes", 100,
            partial(swings, notes=4, voices=(Voice.BASS,))),
    Measure("to and fro (ababab), alto, tenor, bass", "per 100 notes", 100,
            partial(swings, notes=6)),
    Measure("six notes or more that turn at every note", "% of notes", 100, turning),
    Measure("off-beat neighbor notes", "per 100 beats", 100, neighbor_notes),
    Measure("off-beat passing notes", "per 100 beats", 100, passing_notes),
    Measure("bass notes of an eighth or shorter", "% of bass notes", 100, short_bass_notes),
    Measure("bass on one pitch for more than four beats", "% of time", 100, drones),
    *(Measure(f"mean pitch of the {voice.label}", "MIDI", 1, partial(mean_pitch, voice=voice))
      for voice in LOWER),
)  # fmt: skip
"""Measures of single voices."""
