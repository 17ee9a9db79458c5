"""Counts the features of whole pieces.

Shapes: P pieces.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale, Voice
from bachbot.features.history import MusicHistory
from bachbot.features.templates import ABSENT, Keys, beat_keys, frame_keys, line_keys

_MIDDLE = 2 * FRAMES_PER_QUARTER


def beat_strength(
    position: NDArray[np.integer], bar_frames: NDArray[np.integer]
) -> NDArray[np.intp]:
    """Strength of beats at positions in a bar: 0 its first, 1 the middle of four, 2 others."""
    middle = (position == _MIDDLE) & (bar_frames == 2 * _MIDDLE)
    return np.where(position == 0, 0, np.where(middle, 1, 2))


def count_features(
    pieces: Sequence[Chorale], voices: Iterable[Voice]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often each feature occurs.

    Parameters
    ----------
    pieces : sequence of Chorale
        In C major or A minor.
    voices : iterable of Voice
        Voices whose lines are counted: those that were written, not given.

    Returns
    -------
    keys, counts : ndarray of int64, shape [W] each
        Features in ascending order, and their number.
    """
    found = np.concatenate([np.empty(0, np.int64), *_all_keys(pieces, tuple(voices))])
    return np.unique(found[found != ABSENT], return_counts=True)


def _all_keys(pieces: Sequence[Chorale], voices: Sequence[Voice]) -> Iterable[Keys]:
    order = sorted(pieces, key=lambda piece: -piece.frames)
    frames = order[0].frames if order else 0
    history = MusicHistory.start(len(order), frames // FRAMES_PER_QUARTER + 2)
    minor = np.array([piece.key.mode == "minor" for piece in order]).astype(np.intp)
    before = np.full((len(order), 4), -1, dtype=np.int16)
    for frame in range(frames):
        order = [piece for piece in order if piece.frames > frame]
        rows = np.arange(len(order))
        if len(rows) < len(history.count):
            history, minor, before = history.select(rows), minor[rows], before[rows]
        pitch = np.stack([piece.pitch[frame] for piece in order])
        onset = np.stack([piece.onset[frame] for piece in order])
        position = np.array([piece.position[frame] for piece in order])
        place = position % FRAMES_PER_QUARTER
        for voice in voices:
            notes = (pitch[:, voice], onset[:, voice])
            yield line_keys(history, rows, voice, notes, place, minor).ravel()
        yield frame_keys(before, pitch, onset, place).ravel()
        on = np.flatnonzero(place == 0)
        if len(on):
            fermata = np.array([piece.fermata[frame] for piece in order]).astype(np.intp)
            fermata += fermata * onset[:, Voice.SOPRANO]
            bars = np.array([piece.meter.bar_frames for piece in order])
            strength = beat_strength(position, bars)
            where = (fermata[on], strength[on])
            yield beat_keys(history, on, pitch[on], where, minor[on]).ravel()
        history, before = history.next_frame(pitch, onset, place), pitch
