"""Rules that depend on the chord: leading note, seventh, notes outside the harmony.

They look at all sounding notes of a frame, passing notes included, and the leading note is that of
the piece's key, also in a modulation; compare with Bach's own rate, counted in the same way. One
more voice can make another chord, so these rules count only when all voices are known
(`Rule.whole`).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import TONIC_TRIAD, Mode, Voice
from bachbot.theory.harmony import NONE, make_chords, pitch_class_bits
from bachbot.theory.rules.rule import (
    ALL_VOICES,
    EACH_PAIR,
    EACH_VOICE,
    LEAP,
    PAIRS,
    Moves,
    Rule,
    every_frame,
)

_SETS = np.arange(4096)
_UPPER = np.array([upper for upper, _ in PAIRS])
_LOWER = np.array([lower for _, lower in PAIRS])

# Semitones above the tonic.
_LEADING, _TO_TONIC, _TO_FIFTH = 11, 1, -4
_MAY_FALL = np.array([voice in (Voice.ALTO, Voice.TENOR) for voice in Voice])


def _within(degrees: Iterable[int], *needed: int) -> NDArray[np.bool_]:
    """Which sets contain only some degrees, and certain ones among them; shape [4096]."""
    allowed = sum(1 << degree for degree in degrees)
    must = sum(1 << degree for degree in needed)
    return ((_SETS & ~allowed) == 0) & ((_SETS & must) == must)


# V, V7, V9, vii and its sevenths, complete or not; the leading note alone is ambiguous.
_DOMINANT = _within((_LEADING, 2, 5, 7, 8, 9), _LEADING) & (_SETS != 1 << _LEADING)
_TONIC = _within(TONIC_TRIAD["major"], 0) | _within(TONIC_TRIAD["minor"], 0)
_RESOLVED: dict[Mode, NDArray[np.bool_]] = {
    "major": _TONIC | _within((9, 0, 4), 9, 0),
    "minor": _TONIC | _within((8, 0, 3), 8, 0),
}


def _leading_notes(moves: Moves) -> NDArray[np.bool_]:
    """Voices on the leading note of a dominant chord that moves to I or VI, shape [N, 4]."""
    resolves = _DOMINANT[moves.degrees_before] & _RESOLVED[moves.key.mode][moves.degrees_now]
    leads = moves.classes_before == moves.leading_note
    return leads & moves.sounds & (resolves & ~moves.released)[:, np.newaxis]


def _leading_note_unresolved(moves: Moves) -> NDArray[np.bool_]:
    """They move neither to the tonic nor, in an inner voice, a third down; shape [N, 4]."""
    falls = (moves.interval == _TO_FIFTH) & _MAY_FALL
    return _leading_notes(moves) & (moves.interval != _TO_TONIC) & ~falls


def _leading_note_doubled(moves: Moves) -> NDArray[np.bool_]:
    """Two voices have the leading note of a dominant chord, shape [N, 6]."""
    leads = (moves.classes_now == moves.leading_note) & _DOMINANT[moves.degrees_now][:, np.newaxis]
    return leads[:, _UPPER] & leads[:, _LOWER]


def _dominant_frames(moves: Moves) -> NDArray[np.bool_]:
    return _DOMINANT[moves.degrees_now][:, np.newaxis]


def _sevenths(moves: Moves) -> NDArray[np.bool_]:
    """Voices on the seventh of a chord that moves to another root, shape [N, 4]."""
    here, there = moves.chords_before, moves.chords_now
    changes = (here.seventh != NONE) & (there.root != NONE) & (here.root != there.root)
    seventh = moves.classes_before == here.seventh[:, np.newaxis]
    return seventh & moves.sounds & (changes & ~moves.released)[:, np.newaxis]


def _seventh_unresolved(moves: Moves) -> NDArray[np.bool_]:
    """They neither stay nor move down by step, shape [N, 4]."""
    return _sevenths(moves) & ((moves.interval > 0) | (moves.interval < -2))


def _no_chord(moves: Moves) -> NDArray[np.bool_]:
    """The sounding notes are not a chord of `bachbot.theory.harmony`, shape [N, 1]."""
    return ((moves.chords_now.root == NONE) & (moves.chords_now.bass != NONE))[:, np.newaxis]


def _leaps(moves: Moves) -> NDArray[np.bool_]:
    return (moves.size >= LEAP) & moves.bound


def _leap_outside_harmony(moves: Moves) -> NDArray[np.bool_]:
    """A voice leaps to a note outside the chord that the others form, shape [N, 4]."""
    soprano, alto, tenor, bass = pitch_class_bits(moves.now).T
    upper, lower = soprano | alto, tenor | bass
    others = np.stack([alto | lower, soprano | lower, upper | bass, upper | tenor], axis=1)
    return _leaps(moves) & _no_chord(moves) & make_chords(others)


LEADING_NOTE_UNRESOLVED = Rule(
    "leading note unresolved", EACH_VOICE, "leading note", 100,
    _leading_note_unresolved, _leading_notes, whole=True, keyed=True,
)  # fmt: skip

LEADING_NOTE_DOUBLED = Rule(
    "leading note doubled", EACH_PAIR, "frame", 100,
    _leading_note_doubled, _dominant_frames, state=True, whole=True, keyed=True,
)  # fmt: skip

SEVENTH_UNRESOLVED = Rule(
    "seventh unresolved", EACH_VOICE, "seventh", 100,
    _seventh_unresolved, _sevenths, whole=True, keyed=True, movers=1,
)  # fmt: skip

LEAP_OUTSIDE_HARMONY = Rule(
    "leap outside the harmony", EACH_VOICE, "leap", 100, _leap_outside_harmony, _leaps, whole=True
)

# Most of these are passing notes and suspensions, and correct.
NO_CHORD = Rule(
    "no chord", ALL_VOICES, "frame", 100,
    _no_chord, every_frame, state=True, whole=True, reported=False,
)  # fmt: skip
