"""What features and classifiers look at: a piece's beats, notes and chords, and the piece as tokens."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Voice
from bachbot.theory.harmony import Chords, chords_of
from bachbot.theory.rules import PAIRS, Moves

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
class PieceView:
    """A piece as the features see it. A beat is a quarter, whatever the meter.

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
        return np.flatnonzero((self.chorale.position % FRAMES_PER_QUARTER == 0) & sounds)

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


_MOST_IN_A_ROW = 4
_CHORDS_IN_A_ROW = 3


def tokens_of(chorale: Chorale) -> list[str]:
    """Every word of a piece, in no order; at least one frame.

    Parameters
    ----------
    chorale : Chorale
        As `Telling.told` gives it.
    """
    sight = PieceView(chorale)
    return [*_lines(sight), *_pairs(sight), *_chords(sight), *_texture(sight)]


def _lines(sight: PieceView) -> Iterator[str]:
    for voice, notes in sight.notes.items():
        steps = np.diff(notes.pitch, prepend=notes.pitch[:1])
        letters = [f"{step}/{length}" for step, length in zip(steps, notes.length, strict=True)]
        steps_only = [str(step) for step in steps]
        for many in range(2, _MOST_IN_A_ROW + 1):
            yield from _rows(f"l{voice}{many}", letters, many)
            yield from _rows(f"i{voice}{many}", steps_only, many)


def _pairs(sight: PieceView) -> Iterator[str]:
    pitch = sight.chorale.pitch.astype(np.int64)
    struck = np.flatnonzero(sight.chorale.onset.any(axis=1))
    for upper, lower in PAIRS:
        two = pitch[struck][:, [upper, lower]]
        changed = np.ones(len(two), dtype=np.bool_)
        changed[1:] = (two[1:] != two[:-1]).any(axis=1)
        two = two[changed & (two != REST).all(axis=1)]
        apart = two[:, 0] - two[:, 1]
        moves = np.diff(two, axis=0)
        for before, (up, low) in zip(apart[:-1], moves, strict=True):
            after = before + up - low
            yield f"p{upper}{lower}:{before}:{up}:{low}"
            yield f"q{upper}{lower}:{before % 12}:{np.sign(up)}:{np.sign(low)}:{after % 12}"


def _chords(sight: PieceView) -> Iterator[str]:
    pitch = sight.chorale.pitch[sight.beats].astype(np.int64)
    lowest = np.where(pitch == REST, 128, pitch).min(axis=1)
    above = (pitch - lowest[:, None]) % 12
    sets = [
        ".".join(map(str, sorted(set(row[heard].tolist()))))
        for row, heard in zip(above, pitch != REST, strict=True)
    ]
    voiced = [
        "|".join(str(note - low) if note != REST else "r" for note in row)
        for row, low in zip(pitch.tolist(), lowest.tolist(), strict=True)
    ]
    degree = (lowest - sight.chorale.key.pitch_class) % 12
    in_key = [f"{d}:{s}" for d, s in zip(degree, sets, strict=True)]
    bass = np.diff(lowest, prepend=lowest[:1]) % 12
    yield from _rows("v1", voiced, 1)
    for many in range(1, _CHORDS_IN_A_ROW + 1):
        yield from _rows(f"k{many}", in_key, many)
        yield from _rows(f"c{many}", [f"{b}>{s}" for b, s in zip(bass, sets, strict=True)], many)


def _texture(sight: PieceView) -> Iterator[str]:
    onset = sight.chorale.onset
    whole = [
        onset[beat : beat + FRAMES_PER_QUARTER].astype(int)
        for beat in sight.beats
        if beat + FRAMES_PER_QUARTER <= len(onset)
    ]
    beats = ["".join(map(str, cell.ravel().tolist())) for cell in whole]
    for many in (1, 2, 3):
        yield from _rows(f"t{many}", beats, many)
    for upper, lower in PAIRS:
        two = ["".join(map(str, cell[:, [upper, lower]].ravel().tolist())) for cell in whole]
        for many in (1, 2):
            yield from _rows(f"t{upper}{lower}{many}", two, many)


def _rows(kind: str, letters: list[str], many: int) -> Iterator[str]:
    """So many letters in a row as a word."""
    for start in range(len(letters) - many + 1):
        yield f"{kind}:{' '.join(letters[start : start + many])}"
