"""Bars as what can be looked up: equal where the music is, in whatever key."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from bachbot.chorale import REST, Chorale, Voice

_SILENT = -128  # semitones above the lowest part that no voice can have


def bars_of(chorale: Chorale, voices: Sequence[Voice]) -> Iterator[tuple[int, int, bytes]]:
    """The bars of some voices, each as a key that is equal for bars of the same music.

    The same are bars in which the same notes sound in every frame, all so many semitones higher or
    lower, and begin in the same frames: a note that is held into the bar is not one that is struck
    on its first beat. What comes before and after makes no difference.

    Left out are the pickup, a last bar that ends before its bar line, and bars in which none of the
    voices sounds: they are short, and alike in many pieces.

    Parameters
    ----------
    chorale : Chorale
        T frames, at any pitch.
    voices : sequence of Voice
        One or more, in score order.

    Yields
    ------
    start : int
        First frame.
    lowest : int
        MIDI pitch that all is told from: of the first chord's lowest part (the bass, or where it
        rests the tenor, and so on).
    key : bytes
        What the bar holds.
    """
    columns = [int(v) for v in voices]
    pitch, onset = chorale.pitch[:, columns], chorale.onset[:, columns]
    ends = [*chorale.bar_starts, chorale.frames]
    for start, stop in pairwise(ends):
        cut = stop == chorale.frames and stop - start < chorale.metre.bar_frames
        notes = pitch[start:stop]
        if cut or chorale.place[start] > 0 or (notes == REST).all():
            continue
        first = notes[np.flatnonzero((notes != REST).any(axis=1))[0]]
        lowest = int(first[first != REST][-1])
        above = np.where(notes == REST, _SILENT, notes - lowest).astype(np.int16)
        yield int(start), lowest, above.tobytes() + onset[start:stop].tobytes()
