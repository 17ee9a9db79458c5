"""The rules: for single voices, for pairs of voices, and for chords; all of them by name.

The rules for chords look at all sounding notes of a frame, passing notes included, and the leading
note is that of the piece's key, also in a modulation; compare with Bach's own rate, counted in the
same way. One more voice can make another chord, so these rules count only when all voices are known
(`Rule.needs_all_voices`).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import TONIC_TRIAD, Mode, Voice
from bachbot.errors import UsageError
from bachbot.theory.harmony import NONE, make_chords, pitch_class_bits
from bachbot.theory.rules.rule import (
    ALL_VOICES,
    EACH_PAIR,
    EACH_VOICE,
    FIFTH,
    LEAP,
    OCTAVE,
    PAIRS,
    Moves,
    Rule,
    every_frame,
    every_note,
)

_OUTER = PAIRS.index((Voice.SOPRANO, Voice.BASS))
_WIDEST = 12

_NEIGHBORS = ((Voice.SOPRANO, Voice.ALTO), (Voice.ALTO, Voice.TENOR), (Voice.TENOR, Voice.BASS))


def _parallel(moves: Moves, kind: int) -> NDArray[np.bool_]:
    """Both voices move in the same direction between two such intervals, shape [N, 6].

    Across the end of a phrase as well: the published rates make no exception there.
    """
    return (moves.along > 0) & (moves.perfect_before == kind) & (moves.perfect_now == kind)


def _both_move(moves: Moves) -> NDArray[np.bool_]:
    return moves.along != 0


def _hidden(moves: Moves, kind: int) -> NDArray[np.bool_]:
    """Outer voices move in similar motion into such an interval, the soprano by leap; [N, 1].

    From another interval, or they were parallel.
    """
    pair = slice(_OUTER, _OUTER + 1)
    leaps = moves.size[:, [Voice.SOPRANO]] >= LEAP
    into = (moves.perfect_now[:, pair] == kind) & (moves.perfect_before[:, pair] != kind)
    return (moves.along[:, pair] > 0) & into & leaps & moves.bound


def _crossing(moves: Moves) -> NDArray[np.bool_]:
    """The upper voice is below the lower one, shape [N, 6]."""
    return moves.pairs_crossed


def _overlap(moves: Moves) -> NDArray[np.bool_]:
    """A voice moves beyond the previous pitch of its neighbor, shape [N, 3].

    The lower is above where the upper was, or the upper below where the lower was; both sound
    in both frames and one of them has moved. A pair counts once for a step.
    """
    rises = moves.now[:, 1:] > moves.before[:, :-1]
    falls = moves.now[:, :-1] < moves.before[:, 1:]
    moved = moves.goes[:, :-1] | moves.goes[:, 1:]
    lasts = moves.sounded & moves.sounds
    return (rises | falls) & moved & lasts[:, :-1] & lasts[:, 1:] & moves.bound


def _wide(moves: Moves, upper: Voice) -> NDArray[np.bool_]:
    """Two adjacent voices are more than an octave apart, shape [N, 1]."""
    both = moves.sounds[:, [upper]] & moves.sounds[:, [upper + 1]]
    return both & (moves.now[:, [upper]] - moves.now[:, [upper + 1]] > _WIDEST)


PARALLEL_FIFTHS = Rule(
    "parallel fifths", EACH_PAIR, "both-move pair", 1000,
    lambda moves: _parallel(moves, FIFTH), _both_move, movers=2,
)  # fmt: skip

PARALLEL_OCTAVES = Rule(
    "parallel octaves", EACH_PAIR, "both-move pair", 1000,
    lambda moves: _parallel(moves, OCTAVE), _both_move, movers=2,
)  # fmt: skip

HIDDEN_FIFTHS = Rule(
    "hidden fifths", (PAIRS[_OUTER],), "note", 1000,
    lambda moves: _hidden(moves, FIFTH), every_note, movers=2,
)  # fmt: skip

HIDDEN_OCTAVES = Rule(
    "hidden octaves", (PAIRS[_OUTER],), "note", 1000,
    lambda moves: _hidden(moves, OCTAVE), every_note, movers=2,
)  # fmt: skip

CROSSING = Rule(
    "crossing", EACH_PAIR, "pair-frame", 100,
    _crossing, lambda moves: moves.pairs_sound, state=True,
)  # fmt: skip

OVERLAP = Rule("overlap", _NEIGHBORS, "note", 1000, _overlap, every_note)

WIDE_SOPRANO_ALTO = Rule(
    "wide soprano-alto", (_NEIGHBORS[0],), "frame", 100,
    lambda moves: _wide(moves, Voice.SOPRANO), every_frame, state=True,
)  # fmt: skip

WIDE_ALTO_TENOR = Rule(
    "wide alto-tenor", (_NEIGHBORS[1],), "frame", 100,
    lambda moves: _wide(moves, Voice.ALTO), every_frame, state=True,
)  # fmt: skip


_TRITONE, _SEVENTHS, _OCTAVE = 6, (10, 11), 12

_LOWEST, _HIGHEST = np.array([voice.range for voice in Voice], dtype=np.int16).T


def _out_of_range(moves: Moves) -> NDArray[np.bool_]:
    """A note begins outside `Voice.range`, shape [N, 4]."""
    shift = np.int16(moves.transposed_by)
    return moves.new_pitches & ((moves.now < _LOWEST + shift) | (moves.now > _HIGHEST + shift))


def _tritone(moves: Moves) -> NDArray[np.bool_]:
    return (moves.size == _TRITONE) & moves.bound


def _seventh(moves: Moves) -> NDArray[np.bool_]:
    minor, major = _SEVENTHS
    return ((moves.size == minor) | (moves.size == major)) & moves.bound


def _beyond_an_octave(moves: Moves) -> NDArray[np.bool_]:
    return (moves.size > _OCTAVE) & moves.bound


def _moves_in_a_phrase(moves: Moves) -> NDArray[np.bool_]:
    return moves.goes & moves.bound


OUT_OF_RANGE = Rule("out of range", EACH_VOICE, "note", 1000, _out_of_range, every_note)

TRITONE_LEAPS = Rule("tritone leaps", EACH_VOICE, "move", 1000, _tritone, _moves_in_a_phrase)

SEVENTH_LEAPS = Rule("seventh leaps", EACH_VOICE, "move", 1000, _seventh, _moves_in_a_phrase)

LEAPS_BEYOND_AN_OCTAVE = Rule(
    "leaps beyond an octave", EACH_VOICE, "move", 1000, _beyond_an_octave, _moves_in_a_phrase
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
    _leading_note_unresolved, _leading_notes, needs_all_voices=True, keyed=True,
)  # fmt: skip

LEADING_NOTE_DOUBLED = Rule(
    "leading note doubled", EACH_PAIR, "frame", 100,
    _leading_note_doubled, _dominant_frames, state=True, needs_all_voices=True, keyed=True,
)  # fmt: skip

SEVENTH_UNRESOLVED = Rule(
    "seventh unresolved", EACH_VOICE, "seventh", 100,
    _seventh_unresolved, _sevenths, needs_all_voices=True, keyed=True, movers=1,
)  # fmt: skip

LEAP_OUTSIDE_HARMONY = Rule(
    "leap outside the harmony",
    EACH_VOICE,
    "leap",
    100,
    _leap_outside_harmony,
    _leaps,
    needs_all_voices=True,
)

# Most of these are passing notes and suspensions, and correct.
NO_CHORD = Rule(
    "no chord", ALL_VOICES, "frame", 100,
    _no_chord, every_frame, state=True, needs_all_voices=True, reported=False,
)  # fmt: skip


def sum_fault_costs(
    moves: Moves, weights: Mapping[str, float], *, all_voices: bool = True
) -> NDArray[np.float64]:
    """Sum the cost of the faults of every motion.

    With `all_voices` off the cost never decreases as voices become known, so that the cost of one
    voice is the difference that it makes.

    Parameters
    ----------
    moves : Moves
        N motions.
    weights : mapping of str to float
        Cost of one fault, by the name of its rule; rules of weight 0 are skipped.
    all_voices : bool
        Whether all voices are known, so that rules with `Rule.needs_all_voices` count too.

    Returns
    -------
    ndarray of float64, shape [N]
        Sum of weight times number of faults.

    Raises
    ------
    UsageError
        If there is no rule of a name.
    """
    total = np.zeros(len(moves))
    for name, weight in weights.items():
        rule = RULES.get(name)
        if rule is None:
            raise UsageError(f"there is no rule '{name}': rules are {', '.join(RULES)}")
        if weight and (all_voices or not rule.needs_all_voices):
            total += weight * rule.count(moves).sum(axis=1)
    return total


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            PARALLEL_FIFTHS,
            PARALLEL_OCTAVES,
            HIDDEN_FIFTHS,
            HIDDEN_OCTAVES,
            CROSSING,
            OVERLAP,
            WIDE_SOPRANO_ALTO,
            WIDE_ALTO_TENOR,
            OUT_OF_RANGE,
            TRITONE_LEAPS,
            SEVENTH_LEAPS,
            LEAPS_BEYOND_AN_OCTAVE,
            LEADING_NOTE_UNRESOLVED,
            LEADING_NOTE_DOUBLED,
            SEVENTH_UNRESOLVED,
            LEAP_OUTSIDE_HARMONY,
            NO_CHORD,
        )
    }
)
"""All rules by name, in the order of reports."""

SUMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "parallels": ("parallel fifths", "parallel octaves"),
        "tritone and seventh leaps": ("tritone leaps", "seventh leaps"),
    }
)
"""Rules that are also reported together: their faults are summed over shared opportunities."""
