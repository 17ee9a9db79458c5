"""Penalties for the ends of phrases and of pieces.

It is the pair of chords that makes a cadence, so that the last chord alone is not enough: the
search has to be on its way there an eighth before.

Shapes: N candidate tokens.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FINAL_TRIAD, REST, TONIC_TRIAD, Mode, Voice
from bachbot.decoding.constraints import Constraints
from bachbot.decoding.context import SearchContext
from bachbot.decoding.penalties.base import Penalty
from bachbot.theory.harmony import Quality, chords_of

_FIRST_EIGHTH, _SECOND_EIGHTH = 4, 2
"""Frames before the final chord at which the chord before it is looked at. A suspension or a
six-four chord may take the first eighth."""

# Semitones above the tonic.
_FOURTH, _FIFTH, _SUBTONIC, _LEADING = 5, 7, 10, 11
_DOMINANT_SEVENTH = (7, 11, 2, 5)
_MODAL_DOMINANT = (7, 10, 2, 5)
_SUBDOMINANT = {"major": (5, 9, 0, 2), "minor": (5, 8, 0, 2)}
_SIXTHS = (8, 9)
_THIRDS = (3, 4)
_CLOSES: dict[Mode, dict[int, tuple[int, ...]]] = {
    "major": {
        1: (9, 1, 4), 2: (7, 11, 2), 3: (0, 3, 7), 5: (5, 9, 0), 6: (2, 6, 9), 8: (4, 8, 11),
        9: (9, 0, 4), 10: (10, 2, 5), 11: (7, 11, 2),
    },
    "minor": {
        1: (9, 1, 4), 2: (7, 11, 2), 4: (0, 4, 7), 5: (5, 8, 0), 6: (2, 6, 9), 8: (8, 0, 3),
        9: (5, 9, 0), 10: (3, 7, 10), 11: (7, 11, 2),
    },
}  # fmt: skip
"""The triad, root first, that closes a tune on a note outside the tonic triad."""


@dataclass(frozen=True)
class FermataPenalty(Penalty):
    """A penalty for a chord that does not fit the beginning of a fermata."""

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate that completes such a chord, [N]."""
        cost = np.zeros(len(rows))
        notes = context.candidates(rows, tokens)
        begins = context.fermata_begins(rows, notes.soprano_onset)
        where = np.flatnonzero(notes.completes & begins)
        if len(where):
            fits = self.fits(context, rows[where], notes.pitch[where])
            cost[where] = np.where(fits, 0.0, self.weight)
        return cost

    @abstractmethod
    def fits(
        self, context: SearchContext, rows: NDArray[np.intp], pitch: NDArray[np.int16]
    ) -> NDArray[np.bool_]:
        """Whether a phrase may end on a chord.

        Parameters
        ----------
        context : SearchContext
            Where the fermata begins.
        rows : ndarray of int, shape [N]
            The hypotheses.
        pitch : ndarray of int16, shape [N, 4]
            Their chords.

        Returns
        -------
        ndarray of bool, shape [N]
        """


@dataclass(frozen=True)
class FermataChordPenalty(FermataPenalty):
    """A penalty for a fermata that begins on anything but a triad in root position.

    The triad is major or minor: 94% of Bach's fermatas begin on one.
    """

    source: ClassVar[str] = "chosen on the validation part: Bach's phrases end on root positions"
    name: ClassVar[str] = "chord at fermata"

    def fits(
        self, context: SearchContext, rows: NDArray[np.intp], pitch: NDArray[np.int16]
    ) -> NDArray[np.bool_]:
        """Whether a chord is such a triad, [N]."""
        return _rests(pitch)


@dataclass(frozen=True)
class HeldFermataPenalty(FermataPenalty):
    """A penalty for a fermata that begins on the root that the beat before it had.

    It is the pair of chords that closes a phrase: 95% of Bach's fermatas begin with a change of
    root. The final chord is left to `FinalCadencePenalty`.
    """

    source: ClassVar[str] = "chosen on the validation part: Bach's phrases close by a change"
    name: ClassVar[str] = "held into a fermata"
    uses_history: ClassVar[bool] = True

    def fits(
        self, context: SearchContext, rows: NDArray[np.intp], pitch: NDArray[np.int16]
    ) -> NDArray[np.bool_]:
        """Whether the root is another than on the last beat, or the chord the final one, [N]."""
        before, _ = context.past.last_beats(rows)
        earlier, now = chords_of(before).root, chords_of(pitch).root
        final = np.array([context.frame in c.final_chord for c in context.constraints])
        changes: NDArray[np.bool_] = (earlier != now) | (earlier < 0) | final[context.piece[rows]]
        return changes


@dataclass(frozen=True)
class FinalChordPenalty(Penalty):
    """A penalty for each voice that starts the final chord on a note outside it.

    The bass has to have the root, and the voice that completes it is charged for a missing third.
    The chord is the tonic below a note of its triad. Below another note it is the triad on which
    Bach's tunes that end there most often do, or that is nearest: the dominant below its third or
    fifth, say. It begins with `Constraints.final_chord`.
    """

    source: ClassVar[str] = "chosen on the validation part: nine in ten tunes end over the tonic"
    name: ClassVar[str] = "final chord"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate, [N]."""
        cost = np.zeros(len(rows))
        for constraints, here in _pieces(context, rows, before=0):
            notes, key = context.candidates(rows, tokens), constraints.key
            pitch = notes.pitch[here, context.voice]
            above = (pitch - key.pitch_class) % 12
            triad = _final_triad(constraints)
            wanted = triad[:1] if context.voice == Voice.BASS else triad
            wrong = ~np.isin(above, wanted) & (pitch != REST)
            thirds = [(triad[0] + third) % 12 for third in _THIRDS]
            sounding = (notes.pitch[here] - key.pitch_class) % 12
            full = (np.isin(sounding, thirds) & (notes.pitch[here] != REST)).any(axis=1)
            bare = notes.completes[here] & ~full
            cost[here] = self.weight * (wrong.astype(np.int64) + bare)
        return cost


@dataclass(frozen=True)
class FinalCadencePenalty(Penalty):
    """A penalty for a final chord that neither a dominant nor a subdominant prepares.

    In the quarter before a final tonic the bass has the fifth degree, as in nine in ten of Bach's
    chorales, or below the tonic or the sixth degree the fourth, and the other voices have notes of
    the same chord or suspend some of the tonic's in its first half. Each voice on another note is
    charged for each eighth, where it begins, and so is a dominant without the leading note, or in
    the first eighth its suspension. A tune with the lowered seventh degree there has a modal
    cadence, with that note for the leading note. Below other notes (the raised fourth, say) nothing
    is charged.

    A final chord that is not the tonic is charged unless it is reached from a root a fifth, a
    fourth, a semitone below, or a second above or below (as in a Phrygian cadence).
    """

    source: ClassVar[str] = "Bach's endings: nine in ten over the dominant in root position"
    name: ClassVar[str] = "final cadence"

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The penalty of each candidate, [N]."""
        cost = np.zeros(len(rows))
        for before in (_FIRST_EIGHTH, _SECOND_EIGHTH):
            for constraints, here in _pieces(context, rows, before):
                if _ends_on_tonic_triad(constraints):
                    wrong = _strange(context, rows, tokens, here, before)
                    cost[here] = self.weight * wrong
        for constraints, here in _pieces(context, rows, before=0):
            if not _ends_on_tonic_triad(constraints):
                notes = context.candidates(rows, tokens)
                earlier = chords_of(context.state.previous_pitch[rows[here]]).root
                final = chords_of(notes.pitch[here]).root
                prepared = np.isin((earlier - final) % 12, _PREPARES) & (earlier >= 0)
                cost[here] = np.where(notes.completes[here] & ~prepared, self.weight, 0.0)
        return cost


def near_final_chord(context: SearchContext) -> NDArray[np.bool_]:
    """Whether the final chord of each piece begins in this frame or the quarter after it, [P]."""
    return np.array(
        [
            bool(c.final_chord) and 0 <= c.final_chord[0] - context.frame <= _FIRST_EIGHTH
            for c in context.constraints
        ]
    )


_PREPARES = (7, 5, 11, 2, 10)
"""Roots above the final root from which it is reached."""


def _pieces(
    context: SearchContext, rows: NDArray[np.intp], before: int
) -> Iterator[tuple[Constraints, NDArray[np.intp]]]:
    """Pieces whose final chord begins so many frames after this one, and their candidates."""
    if not any(context.frame + before in c.final_chord[:1] for c in context.constraints):
        return
    piece = context.piece[rows]
    for p in np.unique(piece):
        if context.frame + before in context.constraints[p].final_chord[:1]:
            yield context.constraints[p], np.flatnonzero(piece == p)


def _ends_on_tonic_triad(constraints: Constraints) -> bool:
    """Whether the tune's last note is of the tonic triad, or not known."""
    last = constraints.given_pitch[constraints.final_chord[0], Voice.SOPRANO]
    above = (last - constraints.key.pitch_class) % 12
    return bool(last == REST or above in TONIC_TRIAD[constraints.key.mode])


def _final_triad(constraints: Constraints) -> tuple[int, ...]:
    """What the final chord may consist of, in semitones above the tonic; its root first."""
    mode = constraints.key.mode
    if _ends_on_tonic_triad(constraints):
        return FINAL_TRIAD[mode]
    last = constraints.given_pitch[constraints.final_chord[0], Voice.SOPRANO]
    return _CLOSES[mode][int(last - constraints.key.pitch_class) % 12]


def _strange(
    context: SearchContext,
    rows: NDArray[np.intp],
    tokens: NDArray[np.intp],
    here: NDArray[np.intp],
    before: int,
) -> NDArray[np.bool_]:
    """Which candidates of a piece are not of a chord that prepares the tonic."""
    notes = context.candidates(rows, tokens)
    key = context.constraints[context.piece[rows[here[0]]]].key
    pitch = notes.pitch[here]
    above = (pitch - key.pitch_class) % 12
    tune = np.where(pitch[:, Voice.SOPRANO] == REST, REST, above[:, Voice.SOPRANO])
    modal = tune == _SUBTONIC
    plagal = np.isin(tune, (0, *_SIXTHS))
    known = np.isin(tune, (0, 2, 3, 4, 5, 7, *_SIXTHS, _SUBTONIC, _LEADING))
    own, sounds = above[:, context.voice], pitch[:, context.voice] != REST
    if context.voice == Voice.BASS:
        fits = (own == _FIFTH) | (plagal & (own == _FOURTH)) | (modal & (own == _SUBTONIC))
    else:
        fits = np.where(
            modal,
            np.isin(own, _MODAL_DOMINANT),
            np.isin(own, _DOMINANT_SEVENTH) | (plagal & np.isin(own, _SUBDOMINANT[key.mode])),
        )
        if before == _FIRST_EIGHTH:
            fits |= np.isin(own, FINAL_TRIAD[key.mode])
    strange: NDArray[np.bool_] = known & sounds & ~fits
    # Without it among the upper voices, no bass can help: the tenor is charged, or if the bass may
    # still make it plagal, the bass.
    leads = (_LEADING,) if before == _SECOND_EIGHTH else (_LEADING, 0)
    upper = slice(Voice.SOPRANO, Voice.BASS)
    lacks = ~(np.isin(above[:, upper], leads) & (pitch[:, upper] != REST)).any(axis=1)
    if context.voice == Voice.TENOR:
        strange |= known & ~modal & ~plagal & lacks
    elif context.voice == Voice.BASS:
        tenor_given = not context.free[context.piece[rows[here[0]]], Voice.TENOR]
        dominant = above[:, Voice.BASS] == _FIFTH
        strange |= known & ~modal & (plagal | tenor_given) & dominant & lacks
    return strange


def _rests(pitch: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Which chords are a major or minor triad in root position, [N]."""
    chords = chords_of(pitch)
    triad: NDArray[np.bool_] = np.isin(chords.quality, (Quality.MAJOR, Quality.MINOR))
    rests: NDArray[np.bool_] = triad & (chords.inversion == 0) & (chords.root >= 0)
    return rests
