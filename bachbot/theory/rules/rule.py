"""What a rule is, and the steps from frame to frame that rules look at."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale, Key, Voice
from bachbot.errors import UsageError
from bachbot.theory.harmony import Chords, chords_of, pitch_class_sets, sets_above

PAIRS: tuple[tuple[Voice, Voice], ...] = tuple(
    (upper, lower) for upper in Voice for lower in Voice if upper < lower
)
"""The six pairs of voices, the upper first: S-A, S-T, S-B, A-T, A-B, T-B."""

FIFTH, OCTAVE = 1, 2
"""What `Moves.perfect_before` and `Moves.perfect_now` call a perfect fifth and an octave."""

_UPPER = np.array([upper for upper, _ in PAIRS])
_LOWER = np.array([lower for _, lower in PAIRS])

# FIFTH or OCTAVE by semitones between two voices, compound or not, -128 to 128. A negative
# distance picks from the end, which the table's symmetry makes the same distance.
_APART = np.abs(np.arange(-128, 129)) % 12
_PERFECT = np.roll(np.select([_APART == 7, _APART == 0], [FIFTH, OCTAVE], 0), -128).astype(np.int8)

# A silent voice, -1, picks the last.
_CLASS = np.append(np.arange(128) % 12, -1).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Moves:
    """N steps from one frame to the next: consecutive ones, or as many that might be taken.

    Parameters
    ----------
    before, now : ndarray of int16, shape [N, 4]
        MIDI pitches of S, A, T, B in a frame and in the next; -1 is silent or not known.
    key : Key
        The key that the pitches stand in.
    released : ndarray of bool, shape [N]
        Whether a phrase ended before `now`. Books do not count voice leading from there on.
    transposed_by : int
        Semitones that the pitches were moved by from where they are sung, for the compass; whole
        octaves do not count.

    Raises
    ------
    UsageError
        If shapes disagree.
    """

    before: NDArray[np.int16]
    now: NDArray[np.int16]
    key: Key
    released: NDArray[np.bool_]
    transposed_by: int = 0

    def __post_init__(self) -> None:
        steps = len(self.released)
        if self.before.shape != (steps, 4) or self.now.shape != (steps, 4):
            raise UsageError(
                f"before, now and released have shapes {self.before.shape}, {self.now.shape}, "
                f"{self.released.shape}: wanted [N, 4], [N, 4], [N]"
            )

    @classmethod
    def of(cls, chorale: Chorale) -> "Moves":
        """Every step of a piece, the first from silence: as many as it has frames."""
        before = np.full_like(chorale.pitch, REST)
        before[1:] = chorale.pitch[:-1]
        return cls(before, chorale.pitch, chorale.key, released(chorale), chorale.transposed_by)

    def __len__(self) -> int:
        return len(self.released)

    @cached_property
    def bound(self) -> NDArray[np.bool_]:
        """Whether both frames belong to one phrase, shape [N, 1]."""
        return ~self.released[:, np.newaxis]

    @cached_property
    def sounded(self) -> NDArray[np.bool_]:
        """Which voices sound before, shape [N, 4]."""
        return self.before >= 0

    @cached_property
    def sounds(self) -> NDArray[np.bool_]:
        """Which voices sound now, shape [N, 4]."""
        return self.now >= 0

    @cached_property
    def interval(self) -> NDArray[np.int16]:
        """Semitones that each voice goes up, 0 where it is silent in a frame, shape [N, 4]."""
        return (self.now - self.before) * (self.sounded & self.sounds)

    @cached_property
    def size(self) -> NDArray[np.int16]:
        """Semitones that each voice goes up or down, shape [N, 4]."""
        return np.abs(self.interval)

    @cached_property
    def goes(self) -> NDArray[np.bool_]:
        """Which voices go to another pitch, shape [N, 4]."""
        return self.interval != 0

    @cached_property
    def strikes(self) -> NDArray[np.bool_]:
        """Which voices reach a pitch that they did not have, from silence too, shape [N, 4]."""
        return self.sounds & (self.now != self.before)

    @cached_property
    def along(self) -> NDArray[np.int16]:
        """1 where both voices of a pair go the same way, -1 contrary, 0 not both, shape [N, 6]."""
        way = np.sign(self.interval)
        return way[:, _UPPER] * way[:, _LOWER]

    @cached_property
    def perfect_before(self) -> NDArray[np.int8]:
        """`FIFTH`, `OCTAVE` (or unison) or 0 before, shape [N, 6].

        As if silence were a pitch: to be read where both voices sound.
        """
        return _PERFECT[self.before[:, _UPPER] - self.before[:, _LOWER]]

    @cached_property
    def perfect_now(self) -> NDArray[np.int8]:
        """The same now."""
        return _PERFECT[self.now[:, _UPPER] - self.now[:, _LOWER]]

    @cached_property
    def pairs_sound(self) -> NDArray[np.bool_]:
        """Whether both voices of a pair sound now, shape [N, 6]."""
        return self.sounds[:, _UPPER] & self.sounds[:, _LOWER]

    @cached_property
    def pairs_crossed(self) -> NDArray[np.bool_]:
        """Whether the upper voice of a pair sounds below the lower now, shape [N, 6]."""
        return self.pairs_sound & (self.now[:, _UPPER] < self.now[:, _LOWER])

    @cached_property
    def leading(self) -> int:
        """Pitch class of the key's leading note."""
        return (self.key.pitch_class + 11) % 12

    @cached_property
    def classes_before(self) -> NDArray[np.int8]:
        """Pitch classes before, -1 silent, shape [N, 4]."""
        return _CLASS[self.before]

    @cached_property
    def classes_now(self) -> NDArray[np.int8]:
        """Pitch classes now, -1 silent, shape [N, 4]."""
        return _CLASS[self.now]

    @cached_property
    def degrees_before(self) -> NDArray[np.int32]:
        """Set of semitones above the tonic that sound before, as bits, shape [N]."""
        return sets_above(pitch_class_sets(self.before), self.key.pitch_class)

    @cached_property
    def degrees_now(self) -> NDArray[np.int32]:
        """The same now."""
        return sets_above(pitch_class_sets(self.now), self.key.pitch_class)

    @cached_property
    def chords_before(self) -> Chords:
        """What sounds before."""
        return chords_of(self.before, self.key)

    @cached_property
    def chords_now(self) -> Chords:
        """What sounds now."""
        return chords_of(self.now, self.key)


def released(chorale: Chorale) -> NDArray[np.bool_]:
    """Frames before which a phrase ended, shape [T].

    That is where the note under a fermata has ended, and where all voices were silent.
    """
    ended = np.zeros(chorale.frames, dtype=np.bool_)
    soprano_begins = ~chorale.tied[1:, Voice.SOPRANO]
    ended[1:] = chorale.fermata[:-1] & (soprano_begins | ~chorale.fermata[1:])
    ended[1:] |= (chorale.pitch[:-1] == REST).all(axis=1)
    return ended


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
