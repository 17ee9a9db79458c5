"""Rules for single voices and for pairs of voices."""

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Voice
from bachbot.theory.rules.rule import (
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
    # As in decoding, transposition by whole octaves does not move the ranges.
    shift = np.int16((moves.transposed_by + 5) % 12 - 5)
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
