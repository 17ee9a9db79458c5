"""Penalties and bonuses for rhythm, motion and chords.

The most probable music on a grid of sixteenths is plainer than Bach's: it holds notes for longer,
repeats them or steps where he would leap, and returns to the same few chords. The bonuses correct
that. Their weights are fitted until the rates are Bach's (`bachbot.evaluation.fitting`).

Shapes: N candidate tokens.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Voice
from bachbot.decoding.context import SearchContext
from bachbot.decoding.penalties.base import Penalty
from bachbot.errors import UsageError
from bachbot.features import NO_INTERVAL
from bachbot.theory.harmony import (
    TWO_FORMS,
    Quality,
    chords_of,
    pitch_class_sets,
    seventh_goes_astray,
)

_STEP, _OCTAVE = 2, 12  # semitones
_LOWEST = 38  # D2
_OPENINGS = (0, 7)  # semitones of a root above the tonic


@dataclass(frozen=True)
class OnsetBonus(Penalty):
    """A bonus for starting a note at a position in the beat.

    Parameters
    ----------
    weight : float
        Nats for each onset.
    position : int
        Sixteenth of the beat, 0 to 3.

    Raises
    ------
    UsageError
        If the beat has no such position.
    """

    position: int

    source: ClassVar[str] = "fitted to Bach's onsets per beat"

    def __post_init__(self) -> None:
        if self.position not in range(FRAMES_PER_QUARTER):
            raise UsageError(
                f"a beat has no position {self.position}: give 0 to {FRAMES_PER_QUARTER - 1}"
            )

    @property
    def name(self) -> str:
        """``"onset bonus"`` and the position."""
        return f"onset bonus {self.position}"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The bonus, negative, of each candidate that starts a note at the position, [N]."""
        notes = context.candidates(rows, tokens)
        here = context.beat_position[context.piece[rows]] == self.position
        starts = notes.onset & (notes.pitch[:, context.voice] != REST)
        return np.where(here & starts, -self.weight, 0.0)


@dataclass(frozen=True)
class RepeatedNotePenalty(Penalty):
    """A penalty for starting a note on the pitch that the voice has just sounded."""

    source: ClassVar[str] = "fitted to Bach's repeated notes"
    name: ClassVar[str] = "repeated note"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that repeats a note, [N]."""
        moves, distance = motion(context, rows, tokens)
        return np.where(moves & (distance == 0), self.weight, 0.0)


@dataclass(frozen=True)
class LeapBonus(Penalty):
    """A bonus for moving by a third or more."""

    source: ClassVar[str] = "fitted to Bach's leaps"
    name: ClassVar[str] = "leap bonus"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The bonus, negative, of each candidate that leaps, [N]."""
        moves, distance = motion(context, rows, tokens)
        return np.where(moves & (distance > _STEP), -self.weight, 0.0)


@dataclass(frozen=True)
class ToAndFroPenalty(Penalty):
    """A penalty for each note that completes a b a b in a lower voice.

    A bass or an inner voice that swings between two notes goes nowhere. It is what is cheapest for
    a search: each further note is as probable as the first.
    """

    source: ClassVar[str] = "chosen on the validation part: Bach's lines go on"
    name: ClassVar[str] = "to and fro"
    uses_history: ClassVar[bool] = True

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that does, [N]."""
        history, voice = context.past, context.voice
        if voice == Voice.SOPRANO:
            return np.zeros(len(rows))
        moves, way = signed_motion(context, rows, tokens)
        earlier = history.intervals[rows, voice, 1:].astype(np.int64)
        there, back = np.where(earlier == NO_INTERVAL, 0, earlier - _OCTAVE).T
        swings = moves & (way != 0) & (np.abs(way) <= _OCTAVE) & (there == way) & (back == -way)
        return np.where(swings, self.weight, 0.0)


@dataclass(frozen=True)
class SeventhAstrayPenalty(Penalty):
    """A penalty for a dominant seventh on a beat that leads nowhere on the next beat.

    `bachbot.theory.harmony.seventh_goes_astray` says where it may lead.
    """

    source: ClassVar[str] = "textbook rule: a dominant seventh resolves, in nine of ten by Bach"
    name: ClassVar[str] = "seventh astray"
    uses_history: ClassVar[bool] = True

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that completes the beat after such a chord, [N]."""
        cost, notes = np.zeros(len(rows)), context.candidates(rows, tokens)
        on_beat = context.beat_position[context.piece[rows]] == 0
        where = np.flatnonzero(notes.completes & on_beat & (notes.pitch != REST).all(axis=1))
        if len(where):
            before, _ = context.past.last_beats(rows[where])
            chords = chords_of(before)
            astray = seventh_goes_astray(chords, pitch_class_sets(notes.pitch[where]))
            cost[where] = np.where(astray & (before != REST).all(axis=1), self.weight, 0.0)
        return cost


@dataclass(frozen=True)
class NewChordBonus(Penalty):
    """A bonus for a chord that sounds on a beat for the first time in the piece."""

    source: ClassVar[str] = "fitted to Bach's different chords per beat"
    name: ClassVar[str] = "new-chord bonus"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The bonus, negative, of each candidate that completes a new chord on a beat, [N]."""
        cost = np.zeros(len(rows))
        notes = context.candidates(rows, tokens)
        on_beat = context.beat_position[context.piece[rows]] == 0
        sounds = (notes.pitch != REST).any(axis=1)
        where = np.flatnonzero(notes.completes & sounds & on_beat)
        new = ~context.seen.contains(rows[where], notes.pitch[where])
        cost[where] = np.where(new, -self.weight, 0.0)
        return cost


@dataclass(frozen=True)
class AboveSopranoPenalty(Penalty):
    """A penalty for each sixteenth in which a lower voice is above the soprano.

    Alto and tenor may cross each other, as they do in Bach's chorales; a voice above the tune
    hides it.
    """

    source: ClassVar[str] = "textbook rule: Bach's voices are above his tunes .2% of the time"
    name: ClassVar[str] = "above the soprano"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty for each voice that a candidate puts above the soprano, [N]."""
        pitch = context.candidates(rows, tokens).pitch
        soprano = pitch[:, Voice.SOPRANO]
        lower = pitch[:, 1:] if context.voice == Voice.SOPRANO else pitch[:, [context.voice]]
        above = (lower > soprano[:, np.newaxis]) & (soprano != REST)[:, np.newaxis]
        cost: NDArray[np.float64] = self.weight * above.sum(axis=1)
        return cost


@dataclass(frozen=True)
class ClashPenalty(Penalty):
    """A penalty for two forms of one note, such as F and F sharp, that begin to sound together.

    It counts each pair of voices in which one of the two has an onset.
    """

    source: ClassVar[str] = "Bach's chorales: one in two thousand sonorities"
    name: ClassVar[str] = "clash"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty for the clashes that each candidate makes with known notes, [N]."""
        notes, voice = context.candidates(rows, tokens), context.voice
        # Pieces are in C major or A minor, which have one signature.
        classes = notes.pitch % 12
        clash = TWO_FORMS[classes[:, [voice]], classes] & (notes.pitch != REST)  # [N, 4]
        clash &= (notes.pitch[:, voice] != REST)[:, np.newaxis]
        begins = notes.onset[:, np.newaxis] | context.known_onset[rows]
        cost: NDArray[np.float64] = self.weight * (clash & begins).sum(axis=1)
        return cost


@dataclass(frozen=True)
class LowBassPenalty(Penalty):
    """A penalty for each bass note below D2, where few choirs have singers.

    What counts is the key in which the piece is sung. One in a thousand of Bach's bass notes is
    there. The singers' ranges (`DecodingOptions.ranges`) set other bounds.
    """

    source: ClassVar[str] = "choirs: hardly a bass note of Bach's lies below D2"
    name: ClassVar[str] = "low bass"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that starts such a note, [N]."""
        if context.voice != Voice.BASS:
            return np.zeros(len(rows))
        notes = context.candidates(rows, tokens)
        moved = np.array([c.transposed_by for c in context.constraints])[context.piece[rows]]
        pitch = notes.pitch[:, Voice.BASS]
        starts = notes.onset & (pitch != REST)
        return np.where(starts & (pitch - moved < _LOWEST), self.weight, 0.0)


@dataclass(frozen=True)
class ChordWithinBeatPenalty(Penalty):
    """A penalty for a new chord, or a new bass note, within a beat of a compound meter.

    A chord is new if its root is another than that of the frame before. In 6/8 chords change on
    dotted beats, and now and then on the last eighth of one.
    """

    source: ClassVar[str] = "textbook rule: in compound meters chords change on dotted beats"
    name: ClassVar[str] = "chord within the beat"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that moves the bass or completes a new chord, [N]."""
        cost = np.zeros(len(rows))
        within = context.within_compound_beat
        if not within.any():
            return cost
        notes, before = context.candidates(rows, tokens), context.state.previous_pitch[rows]
        here = within[context.piece[rows]]
        if context.voice == Voice.BASS:
            bass = notes.pitch[:, Voice.BASS]
            cost[here & (bass != before[:, Voice.BASS]) & (bass != REST)] += self.weight
        where = np.flatnonzero(here & notes.completes)
        if len(where):
            old, new = chords_of(before[where]).root, chords_of(notes.pitch[where]).root
            cost[where] += self.weight * ((old != new) & (old >= 0) & (new >= 0))
        return cost


@dataclass(frozen=True)
class OpeningChordPenalty(Penalty):
    """A penalty for a first beat on another chord than the tonic's or the dominant's.

    83% of Bach's chorales begin with the tonic in root position, 5% with the dominant. A major
    third above the tonic of a minor key closes a piece and opens none.
    """

    source: ClassVar[str] = "Bach's openings: 83% on the tonic, 5% on the dominant"
    name: ClassVar[str] = "opening chord"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that completes another chord on the first beat, [N]."""
        cost = np.zeros(len(rows))
        for p in np.unique(context.piece[rows]):
            constraints = context.constraints[p]
            on_beat = constraints.position[: context.frame + 1] % FRAMES_PER_QUARTER == 0
            if not on_beat[-1] or on_beat[:-1].any():
                continue
            notes = context.candidates(rows, tokens)
            where = np.flatnonzero((context.piece[rows] == p) & notes.completes)
            chords = chords_of(notes.pitch[where])
            above = (chords.root - constraints.key.pitch_class) % 12
            opens = (chords.root >= 0) & np.isin(above, _OPENINGS)
            if constraints.key.mode == "minor":
                raised = np.isin(chords.quality, (Quality.MAJOR, Quality.DOMINANT_SEVENTH))
                opens &= ~(raised & (above == 0))
            cost[where] = np.where(opens, 0.0, self.weight)
        return cost


@dataclass(frozen=True)
class RepeatPenalty(Penalty):
    """A penalty for other voices, or for the same, where the tune repeats an earlier phrase.

    Where the tune repeats is known beforehand (`Constraints.repeated_beat`). Only the notes on
    beats are compared.

    Parameters
    ----------
    weight : float
        Nats for each lower voice that has another note than the earlier time; if `vary`, for each
        beat on which all of them have the same.
    vary : bool
        Whether the harmony should change.
    """

    vary: bool

    source: ClassVar[str] = "asked for: repeated phrases are harmonized alike, or otherwise"
    name: ClassVar[str] = "repeat"
    uses_history: ClassVar[bool] = True

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate, [N]."""
        cost, history = np.zeros(len(rows)), context.past
        piece, voice = context.piece[rows], context.voice
        for p in np.unique(piece):
            beat = int(context.constraints[p].repeated_beat[context.frame])
            if beat < 0:
                continue
            here = np.flatnonzero(piece == p)
            notes = context.candidates(rows, tokens)
            same = notes.pitch[here] == history.beats[rows[here], beat]
            if self.vary:
                wrong = notes.completes[here] & same[:, Voice.ALTO :].all(axis=1)
            else:
                wrong = ~same[:, voice]
            cost[here] = np.where(wrong, self.weight, 0.0)
        return cost


@dataclass(frozen=True)
class PlannedKeyPenalty(Penalty):
    """A penalty for a note outside the scale that is planned for its phrase."""

    source: ClassVar[str] = "asked for: phrases in given keys"
    name: ClassVar[str] = "outside the planned key"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that starts such a note, [N]."""
        notes = context.candidates(rows, tokens)
        pitch = notes.pitch[:, context.voice]
        inside = np.ones((len(context.constraints), 12), dtype=np.bool_)
        for p, constraints in enumerate(context.constraints):
            if constraints.scale is not None and context.frame < constraints.frames:
                inside[p] = constraints.scale[context.frame]
        strange = notes.onset & (pitch != REST) & ~inside[context.piece[rows], pitch % 12]
        return np.where(strange, self.weight, 0.0)


def motion(
    context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.int16]]:
    """Where candidates start a note right after another, and how many semitones away, [N] each."""
    follows, way = signed_motion(context, rows, tokens)
    return follows, np.abs(way)


def signed_motion(
    context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.int16]]:
    """The same as `motion`, with the semitones below 0 where the voice goes down."""
    notes, voice = context.candidates(rows, tokens), context.voice
    pitch, before = notes.pitch[:, voice], context.state.previous_pitch[rows, voice]
    follows = notes.onset & (pitch != REST) & (before != REST)
    return follows, pitch - before
