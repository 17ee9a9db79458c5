"""What the classifiers look at: a piece's beats, notes and chords, and the piece as tokens.

Tokens are n-grams of four kinds: of each voice (its melodic intervals and note values, two to four
in a row), of each pair of voices (their interval and how both move on), of the beats (the chord
above its bass, and two or three in a row with the moves of the bass), and of the texture (which
voices have an onset on which sixteenth of a beat). All are relative, so that a transposed piece has
the same tokens. After Doraisamy and Rueger, "Robust Polyphonic Music Retrieval with N-grams"
(Journal of Intelligent Information Systems 21, 2003), whose n-grams are of pitch intervals and
ratios of onset times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Voice
from bachbot.theory.harmony import Chords, chords_of
from bachbot.theory.rules import PAIRS, Moves

Features = dict[str, float]
"""Values by the feature's name; NaN where a feature is undefined."""


@dataclass(frozen=True, eq=False)
class VoiceNotes:
    """The notes of one voice.

    Parameters
    ----------
    start, length : ndarray of int64, shape [N]
        First frame and number of frames of each note.
    pitch : ndarray of int64, shape [N]
        MIDI pitches.
    moves : ndarray of int64, shape [M]
        Semitones from a note to the next one at another pitch, with no rest between them; up is
        positive.
    """

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    pitch: NDArray[np.int64]
    moves: NDArray[np.int64]

    @classmethod
    def of(cls, chorale: Chorale, voice: Voice) -> "VoiceNotes":
        """The notes of a voice in order."""
        pitch, onset = chorale.pitch[:, voice], chorale.onset[:, voice]
        start = np.flatnonzero(onset)
        ends = np.append(np.flatnonzero(onset | (pitch == REST)), chorale.frames)
        stop = ends[np.searchsorted(ends, start, side="right")]
        heights = pitch[start].astype(np.int64)
        adjacent = (stop[:-1] == start[1:]) & (np.diff(heights) != 0)
        return cls(start, stop - start, heights, np.diff(heights)[adjacent])


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
    def notes(self) -> dict[Voice, VoiceNotes]:
        """The notes of each voice."""
        return {voice: VoiceNotes.of(self.chorale, voice) for voice in VOICES}

    @cached_property
    def chords(self) -> Chords:
        """The chord on each beat, B chords."""
        return chords_of(self.chorale.pitch[self.beats], self.chorale.key)

    @cached_property
    def moves(self) -> Moves:
        """The moves of all voices from frame to frame."""
        return Moves.of(self.chorale)


def ratio(count: ArrayLike, total: ArrayLike) -> float:
    """A count divided by a total, either of which may be a mask to sum; NaN if the total is 0."""
    whole = float(np.sum(np.asarray(total)))
    return float(np.sum(np.asarray(count))) / whole if whole else float("nan")


def mean(values: NDArray) -> float:
    """Mean; NaN of nothing."""
    return float(np.mean(values)) if len(values) else float("nan")


_LONGEST_MELODIC = 4  # notes
_LONGEST_HARMONIC = 3  # chords


def tokens_of(chorale: Chorale) -> list[str]:
    """All tokens of a piece, in no particular order.

    Parameters
    ----------
    chorale : Chorale
        One frame or more, reduced to an information level.
    """
    view = PieceView(chorale)
    return [
        *_melodic_tokens(view),
        *_pair_tokens(view),
        *_chord_tokens(view),
        *_texture_tokens(view),
    ]


def _melodic_tokens(view: PieceView) -> Iterator[str]:
    for voice, notes in view.notes.items():
        steps = np.diff(notes.pitch, prepend=notes.pitch[:1])
        letters = [f"{step}/{length}" for step, length in zip(steps, notes.length, strict=True)]
        steps_only = [str(step) for step in steps]
        for n in range(2, _LONGEST_MELODIC + 1):
            yield from _ngrams(f"l{voice}{n}", letters, n)
            yield from _ngrams(f"i{voice}{n}", steps_only, n)


def _pair_tokens(view: PieceView) -> Iterator[str]:
    pitch = view.chorale.pitch.astype(np.int64)
    onsets = np.flatnonzero(view.chorale.onset.any(axis=1))
    for upper, lower in PAIRS:
        two = pitch[onsets][:, [upper, lower]]
        changed = np.ones(len(two), dtype=np.bool_)
        changed[1:] = (two[1:] != two[:-1]).any(axis=1)
        two = two[changed & (two != REST).all(axis=1)]
        apart = two[:, 0] - two[:, 1]
        moves = np.diff(two, axis=0)
        for before, (up, low) in zip(apart[:-1], moves, strict=True):
            after = before + up - low
            yield f"p{upper}{lower}:{before}:{up}:{low}"
            yield f"q{upper}{lower}:{before % 12}:{np.sign(up)}:{np.sign(low)}:{after % 12}"


def _chord_tokens(view: PieceView) -> Iterator[str]:
    pitch = view.chorale.pitch[view.beats].astype(np.int64)
    lowest = np.where(pitch == REST, 128, pitch).min(axis=1)
    above = (pitch - lowest[:, None]) % 12
    sets = [
        ".".join(map(str, sorted(set(row[sounds].tolist()))))
        for row, sounds in zip(above, pitch != REST, strict=True)
    ]
    voiced = [
        "|".join(str(note - low) if note != REST else "r" for note in row)
        for row, low in zip(pitch.tolist(), lowest.tolist(), strict=True)
    ]
    degree = (lowest - view.chorale.key.pitch_class) % 12
    in_key = [f"{d}:{s}" for d, s in zip(degree, sets, strict=True)]
    bass = np.diff(lowest, prepend=lowest[:1]) % 12
    yield from _ngrams("v1", voiced, 1)
    for n in range(1, _LONGEST_HARMONIC + 1):
        yield from _ngrams(f"k{n}", in_key, n)
        yield from _ngrams(f"c{n}", [f"{b}>{s}" for b, s in zip(bass, sets, strict=True)], n)


def _texture_tokens(view: PieceView) -> Iterator[str]:
    onset = view.chorale.onset
    whole = [
        onset[beat : beat + FRAMES_PER_QUARTER].astype(int)
        for beat in view.beats
        if beat + FRAMES_PER_QUARTER <= len(onset)
    ]
    beats = ["".join(map(str, cell.ravel().tolist())) for cell in whole]
    for n in (1, 2, 3):
        yield from _ngrams(f"t{n}", beats, n)
    for upper, lower in PAIRS:
        two = ["".join(map(str, cell[:, [upper, lower]].ravel().tolist())) for cell in whole]
        for n in (1, 2):
            yield from _ngrams(f"t{upper}{lower}{n}", two, n)


def _ngrams(kind: str, letters: list[str], n: int) -> Iterator[str]:
    """Every run of n letters as a token."""
    for start in range(len(letters) - n + 1):
        yield f"{kind}:{' '.join(letters[start : start + n])}"
