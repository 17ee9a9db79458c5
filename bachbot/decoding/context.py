"""The cell that a search is about to fill, as penalties see it.

Shapes: B hypotheses, P pieces, N candidate tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Voice
from bachbot.decoding.constraints import FREE, Constraints
from bachbot.decoding.hypotheses import FrameState, SeenChords
from bachbot.features import MusicHistory, beat_strength


@dataclass(frozen=True, eq=False)
class CandidateNotes:
    """The notes that N candidate tokens stand for, each beside the other voices of its frame.

    Parameters
    ----------
    rows, tokens : ndarray of int, shape [N]
        The hypotheses that the tokens would continue, and the tokens.
    pitch : ndarray of int16, shape [N, 4]
        Pitches of the frame with the candidate; -1 where a voice rests or is not known.
    onset : ndarray of bool, shape [N]
        Whether the candidate is not tied.
    soprano_onset : ndarray of bool, shape [N]
        Whether the soprano of the frame is not tied.
    completes : ndarray of bool, shape [N]
        Whether all voices of the frame are known with the candidate.
    """

    rows: NDArray[np.intp]
    tokens: NDArray[np.intp]
    pitch: NDArray[np.int16]
    onset: NDArray[np.bool_]
    soprano_onset: NDArray[np.bool_]
    completes: NDArray[np.bool_]


@dataclass(eq=False)
class SearchContext:
    """A cell that all hypotheses are about to fill.

    Parameters
    ----------
    constraints : sequence of Constraints
        Those of the P pieces.
    piece : ndarray of int, shape [B]
        Piece of each hypothesis, in ascending order. Each of these pieces has the frame.
    frame, voice : int
        The cell.
    state : FrameState
        The last two frames of each hypothesis.
    seen : SeenChords
        The chords that each hypothesis has had.
    history : MusicHistory, optional
        The past of each hypothesis as features see it, if the search keeps it.
    """

    constraints: Sequence[Constraints]
    piece: NDArray[np.intp]
    frame: int
    voice: int
    state: FrameState
    seen: SeenChords
    history: MusicHistory | None = None
    _candidates: CandidateNotes | None = None

    @property
    def past(self) -> MusicHistory:
        """`history`, for a penalty that uses it: the search then keeps it."""
        assert self.history is not None
        return self.history

    @cached_property
    def free(self) -> NDArray[np.bool_]:
        """Which voices of the frame are not given, [P, 4]; none in a piece that is over."""
        return self._free(self.frame)

    @cached_property
    def free_before(self) -> NDArray[np.bool_]:
        """The same of the frame before; none before the first."""
        return self._free(self.frame - 1)

    def _free(self, frame: int) -> NDArray[np.bool_]:
        free = np.zeros((len(self.constraints), 4), dtype=np.bool_)
        for p, constraints in enumerate(self.constraints):
            if 0 <= frame < constraints.frames:
                free[p] = constraints.token[frame] == FREE
        return free

    @cached_property
    def beat_position(self) -> NDArray[np.intp]:
        """Position of the frame in its beat, [P], 0 to 3; 0 in a piece that is over."""
        return self._position % FRAMES_PER_QUARTER

    @cached_property
    def _position(self) -> NDArray[np.intp]:
        """Position of the frame in its bar, [P]; 0 in a piece that is over."""
        return np.array(
            [int(c.position[self.frame]) if self.frame < c.frames else 0 for c in self.constraints]
        )

    @cached_property
    def within_compound_beat(self) -> NDArray[np.bool_]:
        """Whether the frame is within a beat longer than a quarter, [P]."""
        return np.array(
            [
                c.beat_frames > FRAMES_PER_QUARTER
                and self.frame < c.frames
                and int(c.position[self.frame]) % c.beat_frames > 0
                for c in self.constraints
            ]
        )

    @cached_property
    def beat_strength(self) -> NDArray[np.intp]:
        """Strength of the beat of the frame, [P], as `bachbot.features` has it."""
        bars = np.array([c.bar_frames for c in self.constraints])
        return beat_strength(self._position, bars)

    @cached_property
    def minor(self) -> NDArray[np.intp]:
        """1 for each piece in A minor, 0 for those in C major, [P]."""
        return np.array([int(c.key.mode == "minor") for c in self.constraints])

    @cached_property
    def known_onset(self) -> NDArray[np.bool_]:
        """Where voices of the frame start a note, as far as known without the cell, [B, 4]."""
        onset = self.state.onset.copy()
        tied_of = self.constraints[0].vocabulary.tied_of
        tokens = np.array(
            [c.token[self.frame] if self.frame < c.frames else [FREE] * 4 for c in self.constraints]
        )
        later = (tokens != FREE) & ~tied_of[tokens]
        onset[:, self.voice + 1 :] = later[self.piece, self.voice + 1 :]
        return onset

    @cached_property
    def known_pitch(self) -> NDArray[np.int16]:
        """Pitches of the frame that are known without the cell itself, [B, 4]."""
        pitch = self.state.pitch
        if len(self.constraints) == 1:
            return self.constraints[0].known_pitch(self.frame, self.voice, pitch)
        starts = np.flatnonzero(np.diff(self.piece, prepend=-1))
        return np.concatenate(
            [
                self.constraints[self.piece[a]].known_pitch(self.frame, self.voice, part)
                for a, part in zip(starts, np.split(pitch, starts[1:]), strict=True)
            ]
        )

    def candidates(self, rows: NDArray[np.intp], tokens: NDArray[np.intp]) -> CandidateNotes:
        """The notes of candidate tokens; computed once for the same two arrays.

        Parameters
        ----------
        rows, tokens : ndarray of int, shape [N]
            The hypotheses that the tokens would continue, and the tokens.
        """
        found = self._candidates
        if found is None or found.rows is not rows or found.tokens is not tokens:
            vocabulary, voice = self.constraints[0].vocabulary, self.voice
            pitch = self.known_pitch[rows]
            pitch[:, voice] = vocabulary.pitch_of[tokens]
            onset = ~vocabulary.tied_of[tokens]
            soprano = onset if voice == Voice.SOPRANO else self.state.soprano_onset[rows]
            last = np.logical_not(self.free[:, voice + 1 :].any(axis=1))  # [P]
            completes = last[self.piece[rows]]
            found = CandidateNotes(rows, tokens, pitch, onset, soprano, completes)
            self._candidates = found
        return found

    def fermata_begins(
        self, rows: NDArray[np.intp], soprano_onset: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Where a fermata begins in the frame, [N]; parameters as in `phrase_ended`."""
        before, now = self.state.previous_fermata[rows], self.state.fermata[rows]
        begins: NDArray[np.bool_] = now & (~before | soprano_onset)
        return begins

    def phrase_ended(
        self, rows: NDArray[np.intp], soprano_onset: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Where a phrase ended before the frame, as `bachbot.theory.rules.released` has it, [N].

        Parameters
        ----------
        rows : ndarray of int, shape [N]
            Hypotheses.
        soprano_onset : ndarray of bool, shape [N]
            Whether the soprano of the frame is not tied.
        """
        before, now = self.state.previous_fermata, self.state.fermata  # [B] each
        silent = (self.state.previous_pitch == REST).all(axis=1) & (self.frame > 0)
        ended = silent | (before & ~now)
        released: NDArray[np.bool_] = ended[rows] | (before[rows] & soprano_onset)
        return released
