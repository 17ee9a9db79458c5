"""Rules that the search does not know: they need the names of notes, or are a teacher's alone.

A name is a position on the line of fifths (C 0, G 1, F -1); ``F`` and ``F#`` are 7 apart.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale, Key
from bachbot.theory.harmony import Quality
from bachbot.theory.rules.rule import (
    EACH_PAIR,
    EACH_VOICE,
    FIFTH,
    OCTAVE,
    PAIRS,
    Moves,
    Rule,
    every_frame,
    every_note,
    released,
)

_CHROMATIC = 7
_AUGMENTED_SECOND = 9
_THREE_SEMITONES = 3
_FULL = 3
"""Voices that have to sound for a third to be missed."""

_BELOW = 3
"""The twelve usual names of a key begin so many fifths below its signature."""

_UPPER = np.array([upper for upper, _ in PAIRS])
_LOWER = np.array([lower for _, lower in PAIRS])


def usual_names(pitch: NDArray[np.int16], key: Key) -> NDArray[np.int16]:
    """Names of pitches in a key, where nobody wrote them: Eb to G# in C major and A minor.

    Parameters
    ----------
    pitch : ndarray of int16, any shape
        MIDI pitches; the name of a rest means nothing.
    key : Key
        The key.

    Returns
    -------
    ndarray of int16
        Positions on the line of fifths, in the shape of `pitch`.
    """
    lowest = key.fifths - _BELOW
    return ((pitch.astype(np.int64) * 7 - lowest) % 12 + lowest).astype(np.int16)


def usual_name(pitch: int, key: Key) -> int:
    """The name of one pitch in a key, as `usual_names` gives it."""
    lowest = key.fifths - _BELOW
    return (pitch * 7 - lowest) % 12 + lowest


@dataclass(frozen=True, eq=False)
class SpelledMoves(Moves):
    """Motion with the names of the notes.

    Parameters
    ----------
    names_before, names_now : ndarray of int16, shape [N, 4]
        Names of the notes in both frames.
    """

    names_before: NDArray[np.int16] = None  # type: ignore[assignment]
    names_now: NDArray[np.int16] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        super().__post_init__()
        for field, pitch in (("names_before", self.before), ("names_now", self.now)):
            if getattr(self, field) is None:
                object.__setattr__(self, field, usual_names(pitch, self.key))

    @classmethod
    def of(cls, chorale: Chorale, names: NDArray[np.int16] | None = None) -> "SpelledMoves":
        """The motion into every frame of a piece; the first comes from silence.

        Parameters
        ----------
        chorale : Chorale
            T frames.
        names : ndarray of int16, shape [T, 4], optional
            Names of its notes. Default: the usual ones of its key.
        """
        before = np.full_like(chorale.pitch, REST)
        before[1:] = chorale.pitch[:-1]
        named_before = None
        if names is not None:
            named_before = np.zeros_like(names)
            named_before[1:] = names[:-1]
        return cls(
            before,
            chorale.pitch,
            chorale.key,
            released(chorale),
            chorale.transposed_by,
            named_before,  # type: ignore[arg-type]
            names,  # type: ignore[arg-type]
        )


def _spelled(moves: Moves) -> SpelledMoves:
    """The moves with names, the usual ones where they have none."""
    if isinstance(moves, SpelledMoves):
        return moves
    return SpelledMoves(moves.before, moves.now, moves.key, moves.released, moves.transposed_by)


def _cross_relation(moves: Moves) -> NDArray[np.bool_]:
    """One voice has a note and another its chromatic form, at once or right after; shape [N, 6].

    It is excused where a voice makes the chromatic step itself, and between two phrases.
    """
    named = _spelled(moves)
    both = moves.pairs_sound & (moves.new_pitches[:, _UPPER] | moves.new_pitches[:, _LOWER])
    apart = np.abs(named.names_now[:, _UPPER] - named.names_now[:, _LOWER])
    at_once = both & (apart == _CHROMATIC)
    after = _follows(named, _UPPER, _LOWER) | _follows(named, _LOWER, _UPPER)
    return at_once | (after & moves.bound)


def _follows(
    moves: SpelledMoves, first: NDArray[np.intp], second: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """The second voice enters with the other form of a note that the first just had."""
    old, new = moves.names_before[:, first], moves.names_now[:, second]
    own = moves.names_before[:, second]
    sounds = moves.sounded[:, first] & moves.new_pitches[:, second]
    own_step = moves.sounded[:, second] & ((own - new) % _CHROMATIC == 0)
    led = moves.sounds[:, first] & (moves.names_now[:, first] == new)
    return sounds & (np.abs(old - new) == _CHROMATIC) & ~own_step & ~led


def _augmented_second(moves: Moves) -> NDArray[np.bool_]:
    """A voice moves by an augmented second, shape [N, 4]."""
    named = _spelled(moves)
    apart = np.abs(named.names_now - named.names_before)
    return (moves.size == _THREE_SEMITONES) & (apart == _AUGMENTED_SECOND) & moves.bound


def _missing_third(moves: Moves) -> NDArray[np.bool_]:
    """Three voices or more make a bare fifth or octave, shape [N, 1]."""
    bare = moves.chords_now.quality == Quality.OPEN
    return (bare & (moves.sounds.sum(axis=1) >= _FULL))[:, np.newaxis]


def _contrary(moves: Moves, kind: int) -> NDArray[np.bool_]:
    """Both voices move in contrary motion between two such intervals, shape [N, 6]."""
    return (moves.along < 0) & (moves.perfect_before == kind) & (moves.perfect_now == kind)


def _both_move(moves: Moves) -> NDArray[np.bool_]:
    return moves.along != 0


def _moves_in_a_phrase(moves: Moves) -> NDArray[np.bool_]:
    return moves.goes & moves.bound


CONTRARY_FIFTHS = Rule(
    "contrary fifths", EACH_PAIR, "both-move pair", 1000,
    lambda moves: _contrary(moves, FIFTH), _both_move, movers=2,
)  # fmt: skip

CONTRARY_OCTAVES = Rule(
    "contrary octaves", EACH_PAIR, "both-move pair", 1000,
    lambda moves: _contrary(moves, OCTAVE), _both_move, movers=2,
)  # fmt: skip

CROSS_RELATION = Rule("cross relation", EACH_PAIR, "note", 1000, _cross_relation, every_note)

AUGMENTED_SECOND = Rule(
    "augmented second", EACH_VOICE, "move", 1000, _augmented_second, _moves_in_a_phrase
)

MISSING_THIRD = Rule(
    "missing third", (tuple(EACH_VOICE[v][0] for v in range(4)),), "frame", 100,
    _missing_third, every_frame, state=True, needs_all_voices=True,
)  # fmt: skip

TEACHING_RULES: tuple[Rule, ...] = (
    CONTRARY_FIFTHS,
    CONTRARY_OCTAVES,
    CROSS_RELATION,
    AUGMENTED_SECOND,
    MISSING_THIRD,
)
"""Rules that explain and repair know, and the search does not."""
