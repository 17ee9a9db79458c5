"""The definition of a rule, and the motion between frames that rules look at."""

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
"""Codes of a perfect fifth and an octave in `Moves.perfect_before` and `Moves.perfect_now`."""

_UPPER = np.array([upper for upper, _ in PAIRS])
_LOWER = np.array([lower for _, lower in PAIRS])

# FIFTH or OCTAVE by semitones between two voices, compound or not, -128 to 128. A negative
# distance picks from the end, which the table's symmetry makes the same distance.
_APART = np.abs(np.arange(-128, 129)) % 12
_PERFECT = np.roll(np.select([_APART == 7, _APART == 0], [FIFTH, OCTAVE], 0), -128).astype(np.int8)

# A rest, -1, picks the last entry.
_CLASS = np.append(np.arange(128) % 12, -1).astype(np.int8)


@dataclass(frozen=True, eq=False)
class Moves:
    """Motion from one frame to the next, N times: consecutive steps, or alternatives for one step.

    Parameters
    ----------
    before, now : ndarray of int16, shape [N, 4]
        MIDI pitches of S, A, T, B in a frame and in the next one; -1 is a rest or unknown.
    key : Key
        Key in which the pitches are written.
    released : ndarray of bool, shape [N]
        Whether a phrase ended before `now`. Textbooks do not apply voice-leading rules across it.
    transposed_by : int
        Semitones by which the pitches were transposed from where they are sung, for the ranges.

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
        """The motion into every frame of a piece; the first comes from silence."""
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
        """Which voices sound in the previous frame, shape [N, 4]."""
        return self.before >= 0

    @cached_property
    def sounds(self) -> NDArray[np.bool_]:
        """Which voices sound now, shape [N, 4]."""
        return self.now >= 0

    @cached_property
    def interval(self) -> NDArray[np.int16]:
        """Semitones that each voice moves up, 0 if it rests in one of the frames, shape [N, 4]."""
        return (self.now - self.before) * (self.sounded & self.sounds)

    @cached_property
    def size(self) -> NDArray[np.int16]:
        """Size of each voice's interval in semitones, shape [N, 4]."""
        return np.abs(self.interval)

    @cached_property
    def goes(self) -> NDArray[np.bool_]:
        """Which voices move to another pitch, shape [N, 4]."""
        return self.interval != 0

    @cached_property
    def new_pitches(self) -> NDArray[np.bool_]:
        """Which voices reach a new pitch, also from silence, shape [N, 4]."""
        return self.sounds & (self.now != self.before)

    @cached_property
    def along(self) -> NDArray[np.int16]:
        """1 for similar motion of a pair, -1 for contrary, 0 if not both move; shape [N, 6]."""
        way = np.sign(self.interval)
        return way[:, _UPPER] * way[:, _LOWER]

    @cached_property
    def perfect_before(self) -> NDArray[np.int8]:
        """`FIFTH`, `OCTAVE` (or unison) or 0 before, shape [N, 6].

        Rests are treated as a pitch: valid only where both voices sound.
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
    def leading_note(self) -> int:
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
        """Set of sounding semitones above the tonic in the previous frame, as bits, shape [N]."""
        return sets_above(pitch_class_sets(self.before), self.key.pitch_class)

    @cached_property
    def degrees_now(self) -> NDArray[np.int32]:
        """The same now."""
        return sets_above(pitch_class_sets(self.now), self.key.pitch_class)

    @cached_property
    def chords_before(self) -> Chords:
        """Chords of the previous frames."""
        return chords_of(self.before, self.key)

    @cached_property
    def chords_now(self) -> Chords:
        """Chords of these frames."""
        return chords_of(self.now, self.key)


def released(chorale: Chorale) -> NDArray[np.bool_]:
    """Frames before which a phrase ended, shape [T].

    That is after the note under a fermata, and after a frame in which all voices rest.
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
"""Semitones of the smallest leap; smaller intervals are steps."""


@dataclass(frozen=True)
class Rule:
    """A part-writing rule: where it is broken, and where it could have been.

    Parameters
    ----------
    name : str
        Name of the fault.
    voices : tuple of tuple of Voice
        Voices of each of the K columns of `count`.
    unit : str
        What counts as one opportunity: a pair of voices that both move, a note (a pitch that the
        voice did not have in the previous frame), a move (from one pitch to another), a leap (a
        move of more than two semitones), a pair of voices in a frame, a frame, a leading note or a
        seventh that has to be resolved.
    per : int
        Rates are reported per this many opportunities: 100 or 1000.
    count : callable
        Faults of `Moves`, bool [N, K].
    chances : callable
        Opportunities of `Moves`, bool [N, C]; only for rates, so the columns are those of the
        unit and may differ from those of `count`.
    state : bool
        Whether it is a fault of a frame and not of a motion: if it lasts over several frames, it is
        found in each of them.
    needs_all_voices : bool
        Whether all four voices must be known, because one more can change the chord and undo it.
        All other rules can only find more faults as voices are added.
    keyed : bool
        Whether it depends on the key.
    movers : int
        Minimum number of voices that have to move for it to be broken.
    reported : bool
        Whether every single violation is a fault to report; otherwise only the rate is.
    """

    name: str
    voices: tuple[tuple[Voice, ...], ...]
    unit: Unit
    per: int
    count: Callable[[Moves], NDArray[np.bool_]]
    chances: Callable[[Moves], NDArray[np.bool_]]
    state: bool = False
    needs_all_voices: bool = False
    keyed: bool = False
    movers: int = 0
    reported: bool = True

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the K columns: ``"S-A"``, ``"T"``."""
        return tuple("-".join(voice.label[0].upper() for voice in group) for group in self.voices)


EACH_PAIR: tuple[tuple[Voice, ...], ...] = PAIRS
EACH_VOICE: tuple[tuple[Voice, ...], ...] = tuple((voice,) for voice in Voice)
ALL_VOICES: tuple[tuple[Voice, ...], ...] = (tuple(Voice),)


def every_note(moves: Moves) -> NDArray[np.bool_]:
    """Opportunities of rules that count by note, shape [N, 4]."""
    return moves.new_pitches


def every_frame(moves: Moves) -> NDArray[np.bool_]:
    """Opportunities of rules that count by frame, shape [N, 1]: every frame, silent ones too."""
    return np.ones((len(moves), 1), dtype=np.bool_)
