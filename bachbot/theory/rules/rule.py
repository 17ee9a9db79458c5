"""What a rule is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Voice
from bachbot.theory.rules.moves import PAIRS, Moves

Unit = Literal[
    "both-move pair", "note", "move", "leap", "pair-frame", "frame", "leading note", "seventh"
]

LEAP = 3
"""Semitones of the smallest leap; less is a step."""


@dataclass(frozen=True)
class Rule:
    """A rule of part-writing: where it is broken, and where it might have been.

    Parameters
    ----------
    name : str
        What the fault is called.
    voices : tuple of tuple of Voice
        The voices of each of the K columns that `count` gives.
    unit : str
        What one chance is: a pair of voices that both move, a note (a pitch that the voice did not
        have in the frame before), a move (from one pitch to another), a leap (a move of more than
        two semitones), a pair of voices in a frame, a frame, a leading note or a seventh that has
        to be resolved.
    per : int
        So many chances the rate is told for: 100 or 1000.
    count : callable
        Faults of `Moves`, bool [N, K].
    chances : callable
        Where it might have been made, bool [N, C]; for the rate alone, so that the columns are
        the unit's and need not be those of `count`.
    state : bool
        Whether it is a fault of one frame and not of a step: held over many frames it is found
        in each of them.
    whole : bool
        Whether a voice more can undo it, since the chord is then another. To be counted only when
        all four voices are known; every other rule can only find more as voices are added.
    keyed : bool
        Whether it asks for the key.
    movers : int
        How many voices have to go from one pitch to another, at the least, for it to be broken.
    told : bool
        Whether every single one is a fault to tell of; else the rate alone says something.
    """

    name: str
    voices: tuple[tuple[Voice, ...], ...]
    unit: Unit
    per: int
    count: Callable[[Moves], NDArray[np.bool_]]
    chances: Callable[[Moves], NDArray[np.bool_]]
    state: bool = False
    whole: bool = False
    keyed: bool = False
    movers: int = 0
    told: bool = True

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the K columns: ``"S-A"``, ``"T"``."""
        return tuple("-".join(voice.label[0].upper() for voice in group) for group in self.voices)


EACH_PAIR: tuple[tuple[Voice, ...], ...] = PAIRS
EACH_VOICE: tuple[tuple[Voice, ...], ...] = tuple((voice,) for voice in Voice)
ALL_VOICES: tuple[tuple[Voice, ...], ...] = (tuple(Voice),)


def every_note(moves: Moves) -> NDArray[np.bool_]:
    """The chances of rules told by the note, shape [N, 4]."""
    return moves.strikes


def every_frame(moves: Moves) -> NDArray[np.bool_]:
    """The chances of rules told by the frame, shape [N, 1]: every frame, of silence too."""
    return np.ones((len(moves), 1), dtype=np.bool_)
