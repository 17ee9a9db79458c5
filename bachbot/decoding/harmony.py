"""Given chords as constraints: which pitch classes a cell may have, and what the chord still lacks.

Shapes: T frames, K given chords, B hypotheses, V tokens of the vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale, GivenChord, Voice
from bachbot.theory.harmony import pitch_class_sets

_RESOLVES_WITHIN = 8
"""Frames after a given chord in which a given non-chord tone may move to a tone of it."""

_COUNT = np.array([bits.bit_count() for bits in range(4096)], dtype=np.int8)
"""Number of pitch classes in each set."""


@dataclass(frozen=True, eq=False)
class ChordConstraints:
    """The chords that are given of a piece.

    Sets of pitch classes are integers: bit p stands for pitch class p.

    Parameters
    ----------
    index : ndarray of int, shape [T]
        Which chord is given in each frame; -1 where none is.
    tones, basses : ndarray of int, shape [K]
        The tones of each chord, and those that may be in the bass.
    lacking : ndarray of int, shape [K]
        The tones that voices which are not given have to supply, the bass aside where only one
        tone may be in it.
    free : ndarray of bool, shape [K, 4]
        The voices that are not given in the chord's frame.
    """

    index: NDArray[np.intp]
    tones: NDArray[np.int16]
    basses: NDArray[np.int16]
    lacking: NDArray[np.int16]
    free: NDArray[np.bool_]

    @classmethod
    def of(
        cls, chorale: Chorale, cells: NDArray[np.bool_], chords: Sequence[GivenChord]
    ) -> "ChordConstraints":
        """The constraints of some chords.

        Parameters
        ----------
        chorale : Chorale
            T frames; its key is the one that the chords are relative to.
        cells : ndarray of bool, shape [T, 4]
            Which cells are given.
        chords : sequence of GivenChord
            K chords, each in a frame of the piece.
        """
        index = np.full(chorale.frames, -1, dtype=np.intp)
        index[[chord.frame for chord in chords]] = np.arange(len(chords))
        tonic = chorale.key.pitch_class
        return cls(
            index=index,
            tones=np.array([_bits(c.tones, tonic) for c in chords], dtype=np.int16),
            basses=np.array([_bits(c.basses, tonic) for c in chords], dtype=np.int16),
            lacking=np.array([_lacking(chorale, cells, c) for c in chords], dtype=np.int16),
            free=~cells[[chord.frame for chord in chords]],
        )

    def restrict(
        self,
        frame: int,
        voice: int,
        legal: NDArray[np.bool_],
        known: NDArray[np.int16],
        token_pitch: NDArray[np.int16],
    ) -> NDArray[np.bool_]:
        """Leave only the tokens that make the chord of a frame; all where that leaves none.

        Tones of the chord come first, then the right bass below the other voices, and where few
        voices are left those tones that the chord still lacks.

        Parameters
        ----------
        frame, voice : int
            A cell that is not given.
        legal : ndarray of bool, shape [B, V]
            Tokens that the cell may hold otherwise.
        known : ndarray of int16, shape [B, 4]
            The pitches of the frame that are known without the cell; -1 elsewhere.
        token_pitch : ndarray of int16, shape [V]
            The pitch of each token; -1 if it has none.

        Returns
        -------
        ndarray of bool, shape [B, V]
            At least one True in each row that has one in `legal`.
        """
        chord = self.index[frame]
        if chord < 0:
            return legal
        is_bass = voice == Voice.BASS
        own = np.where(token_pitch < 0, 0, 1 << np.maximum(token_pitch, 0) % 12)  # [V]
        right = (own & (self.basses if is_bass else self.tones)[chord]) > 0
        right |= token_pitch < 0
        found = _unless_empty(legal & right, legal)
        in_order = self._in_order(voice, known, token_pitch) | (token_pitch < 0)
        found = _unless_empty(found & in_order, found)
        missing = self.lacking[chord] & ~pitch_class_sets(known)  # [B]
        after = self.free[chord].copy()
        after[: voice + 1] = False
        bass_chooses = bool(after[Voice.BASS]) and _COUNT[self.basses[chord]] > 1
        upper_left = int(after[: Voice.BASS].sum())
        # Tones that the bass may not have are for the upper voices alone.
        upper_only = np.int16(0) if is_bass else missing & ~self.basses[chord]
        scarce = _COUNT[upper_only] > upper_left
        wanted = np.where(scarce, upper_only, missing)  # [B]
        urgent = scarce | (_COUNT[missing] > upper_left + int(bass_chooses))
        # Where all given voices rest, the others may rest as well.
        supplies = ((own[None, :] & wanted[:, None]) > 0) | (token_pitch < 0)
        return _unless_empty(found & (supplies | ~urgent[:, None]), found)

    @staticmethod
    def _in_order(
        voice: int, known: NDArray[np.int16], token_pitch: NDArray[np.int16]
    ) -> NDArray[np.bool_]:
        """Tokens with which the bass is the lowest voice, [B, V]."""
        bass = known[:, [Voice.BASS]]  # [B, 1]
        lowest = np.where(known == REST, np.int16(128), known).min(axis=1, keepdims=True)
        inside: NDArray[np.bool_] = (
            token_pitch <= lowest if voice == Voice.BASS else token_pitch >= bass
        )
        return inside


def _unless_empty(found: NDArray[np.bool_], other: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows of one array, of the other where they have no True."""
    return np.where(found.any(axis=1, keepdims=True), found, other)


def _bits(tones: Sequence[int], tonic: int) -> int:
    """A set of pitch classes, from semitones above a tonic."""
    return sum(1 << (tonic + tone) % 12 for tone in set(tones))


def _lacking(chorale: Chorale, cells: NDArray[np.bool_], chord: GivenChord) -> int:
    """The set of tones that free voices have to supply: no more than they can."""
    tonic, frame = chorale.key.pitch_class, chord.frame
    free = ~cells[frame]
    present = 0
    for voice in np.flatnonzero(cells[frame]):
        present |= _supplied(chorale, cells, chord, int(voice))
    basses = _bits(chord.basses, tonic)
    one_bass = len(set(chord.basses)) == 1
    if free[Voice.BASS] and one_bass:
        present |= basses
    upper = int(free[: Voice.BASS].sum())
    most = upper + int(free[Voice.BASS] and not one_bass)
    lacking = 0
    for tone in chord.required:
        more = lacking | _bits([tone], tonic) & ~present
        if more.bit_count() <= most and (more & ~basses).bit_count() <= upper:
            lacking = more
    return lacking


def _supplied(chorale: Chorale, cells: NDArray[np.bool_], chord: GivenChord, voice: int) -> int:
    """The tone of a chord that a given voice has, or soon moves to by step: a set of one or none.

    A suspension or an accented passing note stands for the tone after it, which would be out of
    place in another voice at the same time.
    """
    tones = _bits(chord.tones, chorale.key.pitch_class)
    pitch = chorale.pitch[chord.frame : chord.frame + _RESOLVES_WITHIN, voice]
    if pitch[0] == REST:
        return 0
    moved = np.flatnonzero((pitch != pitch[0]) & cells[chord.frame :, voice][: len(pitch)])
    goal = pitch[moved[0]] if moved.size else REST
    for one in (pitch[0], goal):
        bit = 0 if one == REST else 1 << int(one) % 12
        if bit & tones and abs(int(one) - int(pitch[0])) <= 2:
            return bit
    return 0


@dataclass(frozen=True)
class ChordConflict:
    """A given note that is not a tone of the chord given with it.

    Parameters
    ----------
    chord : GivenChord
        The chord.
    voice : Voice
        The voice of the note.
    pitch : int
        Its MIDI pitch.
    """

    chord: GivenChord
    voice: Voice
    pitch: int


def chord_conflicts(
    chorale: Chorale, cells: NDArray[np.bool_], chords: Sequence[GivenChord]
) -> list[ChordConflict]:
    """Find the given notes that make a given chord impossible.

    The other voices keep the chord there. Where all four voices are given nothing is found.

    Parameters
    ----------
    chorale, cells, chords
        As in `ChordConstraints.of`.
    """
    found = []
    for chord in chords:
        if cells[chord.frame].all():
            continue
        for voice in map(Voice, np.flatnonzero(cells[chord.frame]).tolist()):
            pitch = int(chorale.pitch[chord.frame, voice])
            tones = chord.basses if voice == Voice.BASS else chord.tones
            if pitch != REST and (pitch - chorale.key.pitch_class) % 12 not in tones:
                found.append(ChordConflict(chord, voice, pitch))
    return found
