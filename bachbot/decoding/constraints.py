"""Constraints: which tokens each cell of a piece may hold.

Shapes: T frames, B hypotheses, V tokens of the vocabulary.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import (
    BACH_RANGES,
    FRAMES_PER_QUARTER,
    REST,
    VOICES,
    Chorale,
    Given,
    Key,
    Voice,
    VoiceRanges,
)
from bachbot.decoding.harmony import ChordConstraints
from bachbot.decoding.hypotheses import FrameState
from bachbot.encoding import FIRST_PITCH, REST_TOKEN, Vocabulary
from bachbot.errors import DecodingError
from bachbot.theory.melody import repeated_beats

FREE = -1
"""`Constraints.token` where no token is forced."""

ANY = -1
"""`Constraints.required_pitch` where a cell may have any pitch."""

NO_FERMATA, FERMATA_HERE, FERMATA_FREE = 0, 1, 2
"""The values of `Constraints.fermata`."""


@dataclass(frozen=True, eq=False)
class Constraints:
    """The grammar of one piece: START, the frames, perhaps END.

    A frame is an optional FERMATA, a token for each of S, A, T, B, and the frame end. A tie can
    only continue the pitch that sounds before it in its voice. Where a fermata begins or ends, a
    soprano that is not given starts a new note, since a fermata covers whole notes.

    Parameters
    ----------
    vocabulary : Vocabulary
        The model's.
    token : ndarray of int64, shape [T, 4]
        The token that is forced; `FREE` where the model chooses.
    allowed_sets : ndarray of bool, shape [S, V]
        Sets of onsets and rests to choose from.
    set_index : ndarray of int, shape [T, 4]
        Which of those sets each free cell has.
    may_tie : ndarray of bool, shape [T, 4]
        Where a free cell may hold the note before it.
    required_pitch : ndarray of int16, shape [T, 4]
        Pitch that a free cell must have because the given cell after it is tied to it; `ANY`
        elsewhere.
    hold : ndarray of bool, shape [T]
        Frames in which free voices only continue: no note starts or stops there.
    fermata : ndarray of int8, shape [T]
        `NO_FERMATA`, `FERMATA_HERE`, or `FERMATA_FREE` where the model chooses.
    may_end : ndarray of bool, shape [T + 1]
        Before which frames the model may end the piece; the last is after all of them.
    key : Key
        The key for the rules of part-writing.
    position : ndarray of int16, shape [T]
        Metrical position of each frame in its bar, in frames.
    transposed_by : int
        Semitones by which the piece was transposed from its own key, for the voices' ranges.
    final_chord : range
        Frames of a last chord that has to close: see `bachbot.decoding.penalties.endings`.
    chords : ChordConstraints, optional
        Chords that are given. Default: none.
    beat_frames : int
        Frames of a beat, on which chords change.
    bar_frames : int
        Length of a full bar, in frames.
    quarter_frames : int
        Frames of a quarter as it is written.
    scale : ndarray of bool, shape [T, 12], optional
        The pitch classes that notes should have. Default: any.
    """

    vocabulary: Vocabulary
    token: NDArray[np.int64]
    allowed_sets: NDArray[np.bool_]
    set_index: NDArray[np.intp]
    may_tie: NDArray[np.bool_]
    required_pitch: NDArray[np.int16]
    hold: NDArray[np.bool_]
    fermata: NDArray[np.int8]
    may_end: NDArray[np.bool_]
    key: Key
    position: NDArray[np.int16]
    transposed_by: int = 0
    final_chord: range = range(0)
    chords: ChordConstraints | None = None
    bar_frames: int = 16
    beat_frames: int = FRAMES_PER_QUARTER
    quarter_frames: int = FRAMES_PER_QUARTER
    scale: NDArray[np.bool_] | None = None

    @property
    def frames(self) -> int:
        """Number of frames, or the most there can be (T)."""
        return len(self.token)

    def may_choose_opening(self, frame: int) -> bool:
        """Whether anything may be chosen when a frame begins: a fermata, a soprano, or to end."""
        fermata, soprano = self.fermata[frame], self.token[frame, 0]
        return bool(
            self.may_end[frame]
            or fermata == FERMATA_FREE
            or (fermata == NO_FERMATA and soprano == FREE)
        )

    def may_choose_after(self, frame: int) -> bool:
        """Whether hypotheses compete once more after some of them have set a fermata."""
        return bool(self.fermata[frame] == FERMATA_FREE or self.token[frame, 0] == FREE)

    def legal(self, frame: int, voice: int, state: FrameState) -> NDArray[np.bool_]:
        """Which tokens a cell may hold.

        Parameters
        ----------
        frame, voice : int
            The cell.
        state : FrameState
            The last two frames of B hypotheses.

        Returns
        -------
        ndarray of bool, shape [B, V]
            At least one True in each row.
        """
        before = state.previous_pitch[:, voice]
        batch = len(before)
        legal = np.zeros((batch, len(self.vocabulary)), dtype=np.bool_)
        forced = self.token[frame, voice]
        if forced != FREE:
            legal[:, forced] = True
            return legal
        if self.hold[frame]:
            legal[np.arange(batch), self._continuation(before)] = True
            return legal
        legal[:] = self.allowed_sets[self.set_index[frame, voice]]
        if self.may_tie[frame, voice]:
            held = before != REST
            if self.required_pitch[frame, voice] != ANY:
                held &= before == self.required_pitch[frame, voice]
            if voice == 0:
                held &= state.previous_fermata == state.fermata
            rows = np.flatnonzero(held)
            legal[rows, self._continuation(before[rows])] = True
        if voice == 0:
            legal[state.fermata, REST_TOKEN] = False
        if self.chords is not None:
            known = self.known_pitch(frame, voice, state.pitch)
            return self.chords.restrict(frame, voice, legal, known, self.vocabulary.pitch_of)
        return legal

    def known_pitch(self, frame: int, voice: int, pitch: NDArray[np.int16]) -> NDArray[np.int16]:
        """Pitches of a frame that are known before a voice is chosen.

        Parameters
        ----------
        frame, voice : int
            The cell that is chosen next.
        pitch : ndarray of int16, shape [B, 4]
            The pitches chosen so far: `FrameState.pitch`.

        Returns
        -------
        ndarray of int16, shape [B, 4]
            -1 where a voice rests or is not known.
        """
        known = np.full((len(pitch), 4), REST, dtype=np.int16)
        known[:, :voice] = pitch[:, :voice]
        known[:, voice + 1 :] = self.given_pitch[frame, voice + 1 :]
        return known

    @cached_property
    def given_pitch(self) -> NDArray[np.int16]:
        """Pitches of the cells where a token is forced; -1 elsewhere, [T, 4]."""
        pitches = self.vocabulary.pitch_of[np.where(self.token == FREE, 0, self.token)]
        return np.where(self.token == FREE, REST, pitches)

    @cached_property
    def repeated_beat(self) -> NDArray[np.intp]:
        """Number of the earlier beat that the tune repeats on each beat; -1 elsewhere, [T].

        Beats are numbered from 0. Nothing is repeated where the soprano is not given.
        """
        found = np.full(self.frames, -1, dtype=np.intp)
        soprano = self.token[:, Voice.SOPRANO]
        beats = np.flatnonzero(self.position[: self.frames] % FRAMES_PER_QUARTER == 0)
        if (soprano != FREE).all():
            found[beats] = repeated_beats(soprano, beats)
        return found

    def _continuation(self, before: NDArray[np.int16]) -> NDArray[np.intp]:
        """Tokens that continue pitches [B] as they were: ties, or rests."""
        ties = FIRST_PITCH + 2 * (before.astype(np.intp) - self.vocabulary.low) + 1
        return np.where(before == REST, REST_TOKEN, ties)

    def fermata_options(self, frame: int, previous_fermata: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which hypotheses may set a fermata, and which may go without one.

        Parameters
        ----------
        frame : int
            A frame where the model chooses the fermata.
        previous_fermata : ndarray of bool, shape [B]
            As in `FrameState`.

        Returns
        -------
        ndarray of bool, shape [2, B]
            First with a fermata, then without.
        """
        either = np.ones((2, len(previous_fermata)), dtype=np.bool_)
        soprano = self.token[frame, 0]
        if soprano == REST_TOKEN:
            either[0] = False
        elif self.hold[frame] if soprano == FREE else self.vocabulary.tied_of[soprano]:
            either[:] = previous_fermata, ~previous_fermata
        return either


def range_sets(
    vocabulary: Vocabulary, transposed_by: int, ranges: VoiceRanges = BACH_RANGES
) -> NDArray[np.bool_]:
    """Onsets within the range of each voice.

    Parameters
    ----------
    vocabulary : Vocabulary
        The model's.
    transposed_by : int
        Semitones by which the piece was transposed from its own key.
    ranges : VoiceRanges
        The ranges in its own key.

    Returns
    -------
    ndarray of bool, shape [8, V]
        S, A, T, B without the rest, then S, A, T, B with it.

    Raises
    ------
    DecodingError
        If the vocabulary has no pitch within a range.
    """
    pitch = vocabulary.pitch_of
    onset = (np.arange(len(vocabulary)) >= FIRST_PITCH) & ~vocabulary.tied_of
    sets = np.zeros((8, len(vocabulary)), dtype=np.bool_)
    for voice in VOICES:
        low, high = (bound + transposed_by for bound in ranges.of(voice))
        sets[[voice, voice + 4]] = onset & (pitch >= low) & (pitch <= high)
        if not sets[voice].any():
            raise DecodingError(
                f"the model has no pitch from {low} to {high}, the {voice.label}'s range: "
                "use another checkpoint"
            )
    sets[4:, REST_TOKEN] = True
    return sets


def fill_constraints(
    chorale: Chorale, given: Given, vocabulary: Vocabulary, ranges: VoiceRanges = BACH_RANGES
) -> Constraints:
    """The constraints that keep what is given of a chorale.

    Parameters
    ----------
    chorale : Chorale
        In C major or A minor, T frames.
    given : Given
        What is given of it.
    vocabulary : Vocabulary
        The model's.
    ranges : VoiceRanges
        Where the voices that are not given stay, in the piece's own key.

    Raises
    ------
    DecodingError
        If the piece is empty, shapes disagree, or the vocabulary lacks the range of a voice.
    EncodingError
        If a given pitch is outside the vocabulary.
    """
    cells, frames = given.cells, chorale.frames
    if not frames or cells.shape != chorale.pitch.shape:
        raise DecodingError(
            f"a piece of {frames} frames came with given cells for {len(cells)}: "
            "give one frame or more, and the same number of both"
        )
    token = np.full(cells.shape, FREE, dtype=np.int64)
    token[cells] = vocabulary.ids_of(chorale.pitch[cells], chorale.tied[cells])
    hold = np.arange(frames) % given.grid > 0
    required = _required_pitch(chorale, cells, hold)

    rests = cells & (chorale.pitch == REST)
    silent = cells.any(axis=1) & (rests == cells).all(axis=1)
    onsets = range_sets(vocabulary, chorale.transposed_by, ranges)
    set_index = np.arange(4) + 4 * silent[:, None]
    pitches = np.unique(required[required != ANY])
    single = np.zeros((len(pitches), len(vocabulary)), dtype=np.bool_)
    single[np.arange(len(pitches)), FIRST_PITCH + 2 * (pitches - vocabulary.low)] = True
    single_index = len(onsets) + np.searchsorted(pitches, required)
    return Constraints(
        vocabulary=vocabulary,
        token=token,
        allowed_sets=np.concatenate([onsets, single]),
        set_index=np.where(required == ANY, set_index, single_index),
        may_tie=~np.asarray(given.required_onsets),
        required_pitch=required,
        hold=hold,
        fermata=np.where(given.fermatas, chorale.fermata, FERMATA_FREE).astype(np.int8),
        may_end=np.zeros(frames + 1, dtype=np.bool_),
        key=chorale.key,
        position=chorale.position,
        transposed_by=chorale.transposed_by,
        final_chord=given.final_chord,
        chords=ChordConstraints.of(chorale, cells, given.chords) if given.chords else None,
        bar_frames=chorale.meter.bar_frames,
        beat_frames=given.beat,
        quarter_frames=given.quarter,
    )


def _required_pitch(
    chorale: Chorale, cells: NDArray[np.bool_], hold: NDArray[np.bool_]
) -> NDArray[np.int16]:
    """Pitches that free cells must have because a given tie follows them; [T, 4]."""
    required = np.full(cells.shape, ANY, dtype=np.int16)
    into = cells[1:] & chorale.tied[1:] & ~cells[:-1]
    required[:-1][into] = chorale.pitch[1:][into]
    # A frame that may only hold passes it on to the frame before.
    for frame in np.flatnonzero(hold)[::-1]:
        wanted = (required[frame] != ANY) & ~cells[frame - 1]
        required[frame - 1, wanted] = required[frame, wanted]
    return required
