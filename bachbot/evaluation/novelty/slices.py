"""A piece as a row of slices whose likeness does not hang on the key: what passages are made of.

A slice begins where any of the chosen voices strikes a note and lasts until one strikes again. For
one voice a slice is a note and the rest after it. Two slices that follow each other make a link,
and a passage of n slices is a row of n - 1 links. A link tells, in semitones and sixteenths:

- of either slice, each voice's pitch above the lowest part that sounds there (the bass, or where it
  rests the tenor, and so on), and whether the voice strikes, holds or rests;
- how far the lowest part's pitch moves from the one slice to the other;
- how long the first slice lasts, and for how long of it each voice sounds.

Of the second slice a link does not tell how long it lasts, so the last note of a passage may be
held for longer in one piece than in the other; nor does the first link of a passage tell how its
first slice was come to. Octaves count: a voice an octave away is another passage. A free link
leaves out the last of the three, that is all lengths.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale, Voice

_SILENT = -128  # semitones above the lowest part that no voice can have


@dataclass(frozen=True, eq=False)
class Slices:
    """Some voices of a piece, sliced.

    Parameters
    ----------
    voices : tuple of Voice
        Which, in score order.
    start : ndarray of int64, shape [N]
        First frame of each slice.
    lowest : ndarray of int16, shape [N]
        MIDI pitch of the lowest part that sounds there.
    links : list of bytes
        N - 1 links (none where N is 0), equal where the music is.
    free : list of bytes
        The same without lengths.
    """

    voices: tuple[Voice, ...]
    start: NDArray[np.int64]
    lowest: NDArray[np.int16]
    links: list[bytes]
    free: list[bytes]


def sliced(chorale: Chorale, voices: Sequence[Voice]) -> Slices:
    """Slice some voices of a piece.

    Parameters
    ----------
    chorale : Chorale
        T frames, at any pitch.
    voices : sequence of Voice
        V voices in score order, one or more.
    """
    columns = [int(v) for v in voices]
    pitch, onset = chorale.pitch[:, columns], chorale.onset[:, columns]
    start = np.flatnonzero(onset.any(axis=1))
    if not len(start):
        return Slices(tuple(voices), start, np.zeros(0, np.int16), [], [])
    chord = pitch[start]  # [N, V]
    last = len(columns) - 1 - np.argmax(chord[:, ::-1] != REST, axis=1)
    lowest = chord[np.arange(len(chord)), last]
    above = np.where(chord == REST, _SILENT, chord - lowest[:, None])
    what = np.concatenate([above, onset[start]], axis=1)  # [N, 2V]
    lasts = np.diff(start, append=chorale.frames)[:, None]
    # No note begins within a slice: a voice sounds from its beginning on or not at all.
    sounds = np.add.reduceat(pitch != REST, start, axis=0, dtype=np.int64)  # [N, V]
    free = np.concatenate([what[:-1], what[1:], np.diff(lowest)[:, None]], axis=1)
    links = np.concatenate([free, lasts[:-1], sounds[:-1]], axis=1)
    return Slices(tuple(voices), start, lowest, _rows(links), _rows(free))


def without_repeats(chorale: Chorale) -> Chorale:
    """The same music, every note held for as long as its pitch goes on.

    What sets on a grid alone tell (`bachbot.corpus.jsb`): beside one, all are to be read so.
    """
    tied = np.zeros_like(chorale.tied)
    tied[1:] = (chorale.pitch[1:] == chorale.pitch[:-1]) & (chorale.pitch[1:] != REST)
    return replace(chorale, tied=tied)


def _rows(array: NDArray) -> list[bytes]:
    """Each row as bytes."""
    small = np.ascontiguousarray(array, dtype=np.int16)
    return [row.tobytes() for row in small]
