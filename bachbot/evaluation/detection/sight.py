"""What the features look at: a piece's beats, notes and chords, each worked out once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Voice
from bachbot.theory.harmony import Chords, chords_of
from bachbot.theory.rules import Moves

Features = dict[str, float]
"""Figures by name; NaN where there was nothing to tell one from."""


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of one voice.

    Parameters
    ----------
    start, length : ndarray of int64, shape [N]
        First frame and frames of each.
    pitch : ndarray of int64, shape [N]
        MIDI pitches.
    moves : ndarray of int64, shape [M]
        Semitones from a note to the next on another pitch, no rest between them; up is positive.
    """

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    pitch: NDArray[np.int64]
    moves: NDArray[np.int64]

    @classmethod
    def of(cls, chorale: Chorale, voice: Voice) -> "Notes":
        """The notes of a voice in order."""
        pitch, onset = chorale.pitch[:, voice], chorale.onset[:, voice]
        start = np.flatnonzero(onset)
        ends = np.append(np.flatnonzero(onset | (pitch == REST)), chorale.frames)
        stop = ends[np.searchsorted(ends, start, side="right")]
        heights = pitch[start].astype(np.int64)
        joined = (stop[:-1] == start[1:]) & (np.diff(heights) != 0)
        return cls(start, stop - start, heights, np.diff(heights)[joined])


@dataclass(frozen=True, eq=False)
class Sight:
    """A piece as the features see it. A beat is a quarter, whatever the metre.

    Parameters
    ----------
    chorale : Chorale
        T frames.
    """

    chorale: Chorale

    @cached_property
    def beats(self) -> NDArray[np.int64]:
        """Frames in which a beat begins and something sounds, shape [B]."""
        sounds = (self.chorale.pitch != REST).any(axis=1)
        return np.flatnonzero((self.chorale.place % FRAMES_PER_QUARTER == 0) & sounds)

    @cached_property
    def length(self) -> float:
        """Length in beats."""
        return self.chorale.frames / FRAMES_PER_QUARTER

    @cached_property
    def notes(self) -> dict[Voice, Notes]:
        """The notes of each voice."""
        return {voice: Notes.of(self.chorale, voice) for voice in VOICES}

    @cached_property
    def chords(self) -> Chords:
        """What sounds on each beat, B chords."""
        return chords_of(self.chorale.pitch[self.beats], self.chorale.key)

    @cached_property
    def moves(self) -> Moves:
        """Every step of a frame."""
        return Moves.of(self.chorale)


def share(count: ArrayLike, chances: ArrayLike) -> float:
    """A count, or the sum of a mask, divided by chances of which there may be none: then NaN."""
    among = float(np.sum(np.asarray(chances)))
    return float(np.sum(np.asarray(count))) / among if among else float("nan")


def mean(values: NDArray) -> float:
    """Mean; NaN of nothing."""
    return float(np.mean(values)) if len(values) else float("nan")
