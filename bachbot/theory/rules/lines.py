"""Rules for one voice: compass and leaps.

Leaps are told by semitones, which cannot tell an augmented second from a minor third; what they do
tell is the tritone, the sevenths and whatever is wider than an octave.
"""

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Voice
from bachbot.theory.rules.moves import Moves
from bachbot.theory.rules.rule import EACH_VOICE, Rule, every_note

_TRITONE, _SEVENTHS, _OCTAVE = 6, (10, 11), 12

_LOWEST, _HIGHEST = np.array([voice.compass for voice in Voice], dtype=np.int16).T


def _out_of_compass(moves: Moves) -> NDArray[np.bool_]:
    """A note begins outside `Voice.compass`, shape [N, 4]."""
    # As the decoders' compass has it: a voice moved by whole octaves is where it was.
    shift = np.int16((moves.transposed_by + 5) % 12 - 5)
    return moves.strikes & ((moves.now < _LOWEST + shift) | (moves.now > _HIGHEST + shift))


def _tritone(moves: Moves) -> NDArray[np.bool_]:
    return (moves.size == _TRITONE) & moves.bound


def _seventh(moves: Moves) -> NDArray[np.bool_]:
    minor, major = _SEVENTHS
    return ((moves.size == minor) | (moves.size == major)) & moves.bound


def _beyond_an_octave(moves: Moves) -> NDArray[np.bool_]:
    return (moves.size > _OCTAVE) & moves.bound


def _moves_in_a_phrase(moves: Moves) -> NDArray[np.bool_]:
    return moves.goes & moves.bound


OUT_OF_COMPASS = Rule("out of compass", EACH_VOICE, "note", 1000, _out_of_compass, every_note)

TRITONE_LEAPS = Rule("tritone leaps", EACH_VOICE, "move", 1000, _tritone, _moves_in_a_phrase)

SEVENTH_LEAPS = Rule("seventh leaps", EACH_VOICE, "move", 1000, _seventh, _moves_in_a_phrase)

LEAPS_BEYOND_AN_OCTAVE = Rule(
    "leaps beyond an octave", EACH_VOICE, "move", 1000, _beyond_an_octave, _moves_in_a_phrase
)
