"""Penalties and bonuses of `bachbot.decoding.difficulty`: music easier to sing, or richer.

Shapes: N candidate tokens.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Key, Mode, Voice
from bachbot.decoding.constraints import Constraints
from bachbot.decoding.context import SearchContext
from bachbot.decoding.penalties.base import Penalty
from bachbot.decoding.penalties.endings import FermataPenalty
from bachbot.decoding.penalties.style import motion, signed_motion
from bachbot.theory.harmony import Quality, chords_of, pitch_class_sets

RhythmLimit = Literal["tune", "quarter", "eighth"]

_TEXTBOOK = "Aldwell, Schachter and Cadwallader, Harmony and Voice Leading, 4th edition"

SCALE: dict[Mode, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10, 11),
}
"""Semitones above the tonic of the notes that are no chromatic ones.

In minor the leading note is one of them: no cadence does without it.
"""

MOST_SMALL: dict[Voice, int] = {
    Voice.SOPRANO: 7, Voice.ALTO: 4, Voice.TENOR: 4, Voice.BASS: 7,
}  # fmt: skip
"""The largest interval of each voice, in semitones, that is a small leap.

A third in the inner voices. The bass leaps by a fifth wherever a dominant goes to its tonic.
"""

_TRITONE, _SIXTH, _OCTAVE = 6, 9, 12  # semitones

COMFORTABLE: dict[Voice, tuple[int, int]] = {
    Voice.SOPRANO: (60, 76), Voice.ALTO: (57, 71), Voice.TENOR: (50, 65), Voice.BASS: (43, 60),
}  # fmt: skip
"""The lowest and the highest note that an untrained singer reaches with ease."""


def rhythm_step(limit: RhythmLimit, quarter: int, beat: int) -> int:
    """Frames between the places in a bar where a limit lets voices begin notes on their own.

    Parameters
    ----------
    limit : {"quarter", "eighth"}
        The shortest note.
    quarter : int
        Frames of a written quarter.
    beat : int
        Frames of a beat: where it is longer than a quarter, it takes its place.
    """
    return max(quarter, beat) if limit == "quarter" else max(1, quarter // 2)


@dataclass(frozen=True)
class RhythmPenalty(Penalty):
    """A penalty for starting a note in a place of the bar where the tune has none.

    With the tune, and with any voice that is given, every voice may move.

    Parameters
    ----------
    weight : float
        Nats for each note.
    limit : {"tune", "quarter", "eighth"}
        Where voices may also move by themselves: nowhere, on quarters (in compound meters on
        dotted quarters), or on eighths.
    """

    limit: RhythmLimit

    source: ClassVar[str] = "asked for: note values that are easy to read"

    @property
    def name(self) -> str:
        """``"apart from the tune"``, or ``"quicker than"`` and the limit."""
        return "apart from the tune" if self.limit == "tune" else f"quicker than {self.limit}"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that starts a note by itself, [N]."""
        notes, voice = context.candidates(rows, tokens), context.voice
        if self.limit == "tune" and voice == Voice.SOPRANO:
            return np.zeros(len(rows))
        piece = context.piece[rows]
        barred = np.array([not self._allows(c, context.frame) for c in context.constraints])
        starts = notes.onset & (notes.pitch[:, voice] != REST)
        alone = barred[piece] & starts & ~_with_tune(context, rows)
        return np.where(alone, self.weight, 0.0)

    def _allows(self, constraints: Constraints, frame: int) -> bool:
        """Whether voices may move by themselves in a frame of a piece."""
        if frame >= constraints.frames:
            return True
        if self.limit == "tune":
            return False
        step = rhythm_step(self.limit, constraints.quarter_frames, constraints.beat_frames)
        return int(constraints.position[frame]) % step == 0


@dataclass(frozen=True)
class HeldPenalty(Penalty):
    """A penalty for holding a note where the tune begins one on a beat.

    Where all voices begin together they sing the words together.
    """

    source: ClassVar[str] = "asked for: note against note, so that all sing the words together"
    name: ClassVar[str] = "held against the tune"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that is tied there, [N]."""
        if context.voice == Voice.SOPRANO:
            return np.zeros(len(rows))
        notes = context.candidates(rows, tokens)
        on_beat = context.beat_position[context.piece[rows]] == 0
        held = on_beat & ~notes.onset & _with_tune(context, rows)
        return np.where(held, self.weight, 0.0)


@dataclass(frozen=True)
class AccidentalPenalty(Penalty):
    """A penalty for each note outside the scale of the piece's key: see `SCALE`."""

    source: ClassVar[str] = "asked for: few accidentals to read"
    name: ClassVar[str] = "accidental"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that starts such a note, [N]."""
        notes = context.candidates(rows, tokens)
        pitch = notes.pitch[:, context.voice]
        scales = np.array([in_scale(c.key) for c in context.constraints])  # [P, 12]
        strange = ~scales[context.piece[rows], pitch % 12] & (pitch != REST) & notes.onset
        return np.where(strange, self.weight, 0.0)


@dataclass(frozen=True)
class LargeLeapPenalty(Penalty):
    """A penalty for a leap that is larger than `MOST_SMALL`, or a tritone.

    An octave in the bass, which is the same note to the ear, is charged a third.
    """

    source: ClassVar[str] = f"asked for: leaps that are easy to sing ({_TEXTBOOK})"
    name: ClassVar[str] = "large leap"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that leaps so far, [N]: twice beyond a sixth."""
        follows, distance = motion(context, rows, tokens)
        voice = context.voice
        large = is_large_leap(distance, voice)
        cost = self.weight * large * np.where(distance > _SIXTH, 2.0, 1.0)
        if voice == Voice.BASS:
            cost = np.where(distance == _OCTAVE, self.weight / 3, cost)
        return np.where(follows, cost, 0.0)


def is_large_leap(distance: NDArray[np.int16], voice: int) -> NDArray[np.bool_]:
    """Which intervals of a voice, in semitones up or down, are no small ones; any shape."""
    large: NDArray[np.bool_] = (distance > MOST_SMALL[Voice(voice)]) | (distance == _TRITONE)
    if voice == Voice.BASS:
        large &= distance != _OCTAVE
    return large


@lru_cache
def in_scale(key: Key) -> NDArray[np.bool_]:
    """Which pitch classes are in the scale of a key, as `SCALE` has it, shape [12]."""
    return np.isin((np.arange(12) - key.pitch_class) % 12, SCALE[key.mode])


@dataclass(frozen=True)
class ComfortableRangePenalty(Penalty):
    """A penalty for each semitone by which a note leaves `COMFORTABLE`."""

    source: ClassVar[str] = "asked for: notes that an untrained choir reaches"
    name: ClassVar[str] = "uncomfortable range"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that starts such a note, [N]."""
        notes, voice = context.candidates(rows, tokens), context.voice
        moved = np.array([c.transposed_by for c in context.constraints])[context.piece[rows]]
        pitch = notes.pitch[:, voice] - moved
        low, high = COMFORTABLE[Voice(voice)]
        beyond = np.maximum(low - pitch, 0) + np.maximum(pitch - high, 0)
        starts = notes.onset & (notes.pitch[:, voice] != REST)
        return np.where(starts, self.weight * beyond, 0.0)


_EASE = {
    Quality.MAJOR: 0.0, Quality.MINOR: 0.0, Quality.DOMINANT_SEVENTH: 0.5,
    Quality.DIMINISHED: 0.7, Quality.MINOR_SEVENTH: 1.0, Quality.HALF_DIMINISHED: 1.0,
}  # fmt: skip
_HARD = 1.5
_FEW_TONES = np.array([bits.bit_count() < 3 for bits in range(4096)])
"""Whether a set of pitch classes has less than three."""


@dataclass(frozen=True)
class PlainChordPenalty(Penalty):
    """A penalty for a chord on a beat that is no complete triad over its root or its third.

    Less than the whole is charged for a dominant seventh and a diminished triad, more for chords
    without a third and for those that dissonances hide.
    """

    source: ClassVar[str] = "asked for: full triads that a choir hears at once"
    name: ClassVar[str] = "not a plain triad"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that completes such a chord, [N]."""
        cost = np.zeros(len(rows))
        notes = context.candidates(rows, tokens)
        on_beat = context.beat_position[context.piece[rows]] == 0
        where = np.flatnonzero(notes.completes & on_beat)
        if not len(where):
            return cost
        pitch = notes.pitch[where]
        chords = chords_of(pitch)
        by_quality = np.full(len(Quality) + 1, _HARD)  # the last, which -1 picks: no chord
        for quality, share in _EASE.items():
            by_quality[quality] = share
        factor: NDArray[np.float64] = by_quality[chords.quality]
        lacks = _FEW_TONES[pitch_class_sets(pitch)]
        triad = np.isin(chords.quality, (Quality.MAJOR, Quality.MINOR))
        factor = np.where(triad & lacks, 1.0, factor)
        factor = factor + 1.0 * (triad & (chords.inversion == 2))
        cost[where] = self.weight * np.where((pitch != REST).all(axis=1), factor, 0.0)
        return cost


@dataclass(frozen=True)
class UnclearClosePenalty(FermataPenalty):
    """A penalty for a fermata that begins on another chord than the tonic or the dominant.

    In minor its relative major will do as well.
    """

    source: ClassVar[str] = f"asked for: clear ends of phrases ({_TEXTBOOK})"
    name: ClassVar[str] = "unclear close"

    def fits(
        self, context: SearchContext, rows: NDArray[np.intp], pitch: NDArray[np.int16]
    ) -> NDArray[np.bool_]:
        """Whether a chord has one of these roots, [N]."""
        piece = context.piece[rows]
        tonic = np.array([c.key.pitch_class for c in context.constraints])[piece]
        above = (chords_of(pitch).root - tonic) % 12
        relative = (above == 3) & (context.minor[piece] == 1)
        clear: NDArray[np.bool_] = np.isin(above, (0, 7)) | relative
        return clear


@dataclass(frozen=True)
class PassingNoteBonus(Penalty):
    """A bonus for off-beat notes of the lower voices that pass by step between two beats.

    Half of it is given where such a note begins, half where the line goes on by step in the same
    direction.
    """

    source: ClassVar[str] = "asked for: more passing notes than Bach's mean"
    name: ClassVar[str] = "passing-note bonus"
    uses_history: ClassVar[bool] = True

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The bonus, negative, of each candidate, [N]."""
        voice, history = context.voice, context.past
        if voice == Voice.SOPRANO:
            return np.zeros(len(rows))
        step, place = _step(context, rows, tokens), context.beat_position[context.piece[rows]]
        begins = (place == 2) & (step != 0)
        came = history.intervals[rows, voice, 2].astype(np.int64) - 12
        passed = (history.patterns[rows, voice, 1] >> 2 & 1).astype(np.bool_)
        by_step = np.isin(np.abs(came), (1, 2)) & (np.sign(came) == np.sign(step))
        ends = (place == 0) & passed & (step != 0) & by_step
        return np.where(begins | ends, -self.weight / 2, 0.0)


@dataclass(frozen=True)
class SuspensionBonus(Penalty):
    """A bonus for the resolution of a suspension.

    A note that was held over a beat, where another voice is a second, a fourth above the bass or a
    seventh from it, goes down by step: within the beat or on the next one.
    """

    source: ClassVar[str] = f"asked for: more suspensions than Bach's mean ({_TEXTBOOK})"
    name: ClassVar[str] = "suspension bonus"
    uses_history: ClassVar[bool] = True

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The bonus, negative, of each candidate that resolves one, [N]."""
        voice, history = context.voice, context.past
        if voice == Voice.SOPRANO:
            return np.zeros(len(rows))
        step, place = _step(context, rows, tokens), context.beat_position[context.piece[rows]]
        # On a beat the pattern of the beat before is still the current one.
        held = history.patterns[rows, voice, 1] == 0
        resolves = held & (step < 0) & np.isin(place, (0, 2))
        on_beat = history.last_beats(rows)[0].astype(np.int64)
        own = on_beat[:, voice]
        others = np.delete(on_beat, voice, axis=1)
        dissonant = np.isin(np.abs(others - own[:, np.newaxis]) % 12, (1, 2, 10, 11))
        fourth = (voice != Voice.BASS) & ((own - on_beat[:, Voice.BASS]) % 12 == 5)
        whole = (on_beat != REST).all(axis=1)
        suspended = whole & (dissonant.any(axis=1) | fourth)
        return np.where(resolves & suspended, -self.weight, 0.0)


def _with_tune(context: SearchContext, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Where the soprano, or another voice that is given, begins a note in the frame, [N]."""
    leads = ~context.free[context.piece[rows]]  # [N, 4]
    if context.voice != Voice.SOPRANO:
        leads[:, Voice.SOPRANO] = True
    leads[:, context.voice] = False
    begins = context.known_onset[rows] & (context.known_pitch[rows] != REST)
    together: NDArray[np.bool_] = (begins & leads).any(axis=1)
    return together


def _step(
    context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
) -> NDArray[np.int16]:
    """Semitones by which candidates move by step; 0 for all others, [N]."""
    moves, way = signed_motion(context, rows, tokens)
    return np.where(moves & np.isin(np.abs(way), (1, 2)), way, 0)
