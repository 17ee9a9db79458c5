"""Transposition-invariant slices and bars: when two passages, or two bars, are the same.

A slice begins where any of the chosen voices has an onset and lasts until the next onset in any of
them. For a single voice a slice is a note and the rest after it. Two successive slices make a link,
and a passage of n slices is a run of n - 1 links. A link contains, in semitones and sixteenths:

- for each of the two slices, each voice's pitch above the lowest part that sounds there (the bass,
  or where it rests the tenor, and so on), and whether the voice has an onset, a tie or a rest;
- the move of the lowest part's pitch from the first slice to the second;
- the length of the first slice, and for how much of it each voice sounds.

The length of the second slice is not part of a link, so the last note of a passage may be longer in
one piece than in the other; nor is what comes before the first slice. Octaves count: a voice an
octave higher makes another passage. A rhythm-free link leaves out the last of the three items, that
is, all lengths.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale, Voice

_SILENT = -128  # semitones above the lowest part that no voice can have


@dataclass(frozen=True, eq=False)
class VoiceSlices:
    """Some voices of a piece as slices.

    Parameters
    ----------
    voices : tuple of Voice
        Which voices, in score order.
    start : ndarray of int64, shape [N]
        First frame of each slice.
    lowest : ndarray of int16, shape [N]
        MIDI pitch of the lowest part that sounds there.
    links : list of bytes
        N - 1 links (none if N is 0), equal where the music is.
    rhythm_free_links : list of bytes
        The same without lengths.
    """

    voices: tuple[Voice, ...]
    start: NDArray[np.int64]
    lowest: NDArray[np.int16]
    links: list[bytes]
    rhythm_free_links: list[bytes]


def slice_voices(chorale: Chorale, voices: Sequence[Voice]) -> VoiceSlices:
    """Slice some voices of a piece.

    Parameters
    ----------
    chorale : Chorale
        T frames, in any key.
    voices : sequence of Voice
        V voices in score order, one or more.
    """
    columns = [int(v) for v in voices]
    pitch, onset = chorale.pitch[:, columns], chorale.onset[:, columns]
    start = np.flatnonzero(onset.any(axis=1))
    if not len(start):
        return VoiceSlices(tuple(voices), start, np.zeros(0, np.int16), [], [])
    chord = pitch[start]  # [N, V]
    last = len(columns) - 1 - np.argmax(chord[:, ::-1] != REST, axis=1)
    lowest = chord[np.arange(len(chord)), last]
    above = np.where(chord == REST, _SILENT, chord - lowest[:, None])
    content = np.concatenate([above, onset[start]], axis=1)  # [N, 2V]
    lengths = np.diff(start, append=chorale.frames)[:, None]
    # No note begins within a slice: a voice sounds from its beginning on or not at all.
    sounding = np.add.reduceat(pitch != REST, start, axis=0, dtype=np.int64)  # [N, V]
    rhythm_free = np.concatenate([content[:-1], content[1:], np.diff(lowest)[:, None]], axis=1)
    links = np.concatenate([rhythm_free, lengths[:-1], sounding[:-1]], axis=1)
    return VoiceSlices(
        tuple(voices), start, lowest, _rows_as_bytes(links), _rows_as_bytes(rhythm_free)
    )


def _rows_as_bytes(array: NDArray) -> list[bytes]:
    small = np.ascontiguousarray(array, dtype=np.int16)
    return [row.tobytes() for row in small]


def bar_keys(chorale: Chorale, voices: Sequence[Voice]) -> Iterator[tuple[int, int, bytes]]:
    """The bars of some voices, each with a key that is equal for bars of the same music.

    Two bars are the same if the same notes sound in every frame, up to a transposition, and begin
    in the same frames: a note tied into the bar is not the same as an onset on its first beat. What
    comes before and after a bar makes no difference.

    Left out are a pickup, a last bar that ends before its bar line, and bars in which none of the
    voices sounds, because these are alike in many pieces.

    Parameters
    ----------
    chorale : Chorale
        T frames, in any key.
    voices : sequence of Voice
        One or more, in score order.

    Yields
    ------
    start : int
        First frame.
    lowest : int
        MIDI pitch to which all pitches are relative: that of the lowest part of the first chord
        (the bass, or where it rests the tenor, and so on).
    key : bytes
        The content of the bar.
    """
    columns = [int(v) for v in voices]
    pitch, onset = chorale.pitch[:, columns], chorale.onset[:, columns]
    edges = [*chorale.bar_starts, chorale.frames]
    for start, stop in pairwise(edges):
        incomplete = stop == chorale.frames and stop - start < chorale.meter.bar_frames
        notes = pitch[start:stop]
        if incomplete or chorale.position[start] > 0 or (notes == REST).all():
            continue
        first = notes[np.flatnonzero((notes != REST).any(axis=1))[0]]
        lowest = int(first[first != REST][-1])
        above = np.where(notes == REST, _SILENT, notes - lowest).astype(np.int16)
        yield int(start), lowest, above.tobytes() + onset[start:stop].tobytes()
