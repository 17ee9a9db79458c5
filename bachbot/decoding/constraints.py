"""Constraints: for every cell of a piece, which tokens may stand there."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, VOICES, Chorale, Given, Key, Voice
from bachbot.encoding import FIRST_PITCH, REST_TOKEN, Vocabulary
from bachbot.errors import DecodingError

FREE = -1
"""`Plan.token` where no token is forced."""

ANY = -1
"""`Plan.sound` where a cell may sound what it likes."""

NO_FERMATA, FERMATA_HERE, FERMATA_FREE = 0, 1, 2
"""What `Plan.fermata` says of a frame."""


@dataclass(frozen=True, eq=False)
class Constraints:
    """The grammar of one piece: START, the frames, perhaps END.

    A frame is a FERMATA or none, a token for each of S, A, T, B, and the frame end. A tie goes
    only to the pitch that sounds before it in its voice, and where the fermata begins or ends a
    soprano that is not given strikes anew, for a fermata stands on a whole note.

    Parameters
    ----------
    vocabulary : Vocabulary
        What the token ids mean.
    token : ndarray of int64, shape [T, 4]
        The token that is forced; `FREE` where the model chooses.
    palette : ndarray of bool, shape [P, V]
        Sets of onsets and rests to choose from.
    which : ndarray of int, shape [T, 4]
        Which of those sets a free cell has.
    tie : ndarray of bool, shape [T, 4]
        Where a free cell may hold the note before it.
    sound : ndarray of int16, shape [T, 4]
        Pitch that a free cell must sound because the given cell after it is tied to it; `ANY`
        elsewhere.
    hold : ndarray of bool, shape [T]
        Frames in which a free voice goes on as before: it neither strikes nor stops.
    fermata : ndarray of int8, shape [T]
        `NO_FERMATA`, `FERMATA_HERE`, or `FERMATA_FREE` where the model chooses.
    may_end : ndarray of bool, shape [T + 1]
        Before which frames the model may end the piece; the last is after them all.
    key : Key
        The key that part-writing is judged in.
    position : ndarray of int16, shape [T]
        Place of each frame in its bar, in frames.
    transposed_by : int
        Semitones that the piece was moved by from where it is sung, for the compass.
    close : range
        Frames of a last chord that is expected to stand on the tonic.
    """

    vocabulary: Vocabulary
    token: NDArray[np.int64]
    palette: NDArray[np.bool_]
    which: NDArray[np.intp]
    tie: NDArray[np.bool_]
    sound: NDArray[np.int16]
    hold: NDArray[np.bool_]
    fermata: NDArray[np.int8]
    may_end: NDArray[np.bool_]
    key: Key
    position: NDArray[np.int16]
    transposed_by: int = 0
    close: range = range(0)

    @property
    def frames(self) -> int:
        """How many frames there are at the most (T)."""
        return len(self.token)

    def legal(self, frame: int, voice: int, memory: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Which tokens may stand in a cell.

        Parameters
        ----------
        frame, voice : int
            The cell.
        memory : ndarray of int16, shape [B, 2, 5]
            The frame before and this one: pitches of S, A, T, B, then 1 under a fermata.

        Returns
        -------
        ndarray of bool, shape [B, V]
            At least one True in each row.
        """
        batch = len(memory)
        legal = np.zeros((batch, len(self.vocabulary)), dtype=np.bool_)
        forced = self.token[frame, voice]
        if forced != FREE:
            legal[:, forced] = True
            return legal
        before = memory[:, 0, voice]
        if self.hold[frame]:
            legal[np.arange(batch), self._going_on(before)] = True
            return legal
        legal[:] = self.palette[self.which[frame, voice]]
        if self.tie[frame, voice]:
            held = before != REST
            if self.sound[frame, voice] != ANY:
                held &= before == self.sound[frame, voice]
            if voice == 0:
                held &= memory[:, 0, 4] == memory[:, 1, 4]
            rows = np.flatnonzero(held)
            legal[rows, self._going_on(before[rows])] = True
        if voice == 0:
            legal[memory[:, 1, 4] == 1, REST_TOKEN] = False
        return legal

    def known(self, frame: int, voice: int, memory: NDArray[np.int16]) -> NDArray[np.int16]:
        """Pitches of a frame as far as they are known before a voice is chosen.

        Parameters
        ----------
        frame, voice : int
            The cell that is chosen next.
        memory : ndarray of int16, shape [B, 2, 5]
            As `legal` takes it.

        Returns
        -------
        ndarray of int16, shape [B, 4]
            -1 where a voice rests or is not known.
        """
        known = np.full((len(memory), 4), REST, dtype=np.int16)
        known[:, :voice] = memory[:, 1, :voice]
        given = self.given[frame]
        known[:, voice + 1 :] = given[voice + 1 :]
        return known

    @cached_property
    def given(self) -> NDArray[np.int16]:
        """Pitches of the cells where a token is forced; -1 where none is, [T, 4]."""
        pitches = self.vocabulary.pitch_of[np.where(self.token == FREE, 0, self.token)]
        return np.where(self.token == FREE, REST, pitches)

    def _going_on(self, before: NDArray[np.int16]) -> NDArray[np.intp]:
        """Tokens of voices that go on as they were, shape [B]: ties, or rests."""
        ties = FIRST_PITCH + 2 * (before.astype(np.intp) - self.vocabulary.low) + 1
        return np.where(before == REST, REST_TOKEN, ties)

    def may_pause(self, frame: int, memory: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Which streams may set a fermata and which may go without one.

        Parameters
        ----------
        frame : int
            Frame, one of a free fermata.
        memory : ndarray of int16, shape [B, 2, 5]
            As `legal` takes it.

        Returns
        -------
        ndarray of bool, shape [2, B]
            First with a fermata, then without.
        """
        either = np.ones((2, len(memory)), dtype=np.bool_)
        soprano = self.token[frame, 0]
        under = memory[:, 0, 4] == 1
        if soprano == REST_TOKEN:
            either[0] = False
        elif self.hold[frame] if soprano == FREE else self.vocabulary.tied_of[soprano]:
            either[:] = under, ~under
        return either


def range_sets(vocabulary: Vocabulary, transposed_by: int) -> NDArray[np.bool_]:
    """Onsets within each voice's compass.

    Parameters
    ----------
    vocabulary : Vocabulary
        The model's.
    transposed_by : int
        Semitones from the key that will be sung to the one that is decoded in; whole octaves do
        not count.

    Returns
    -------
    ndarray of bool, shape [8, V]
        S, A, T, B without the rest, then S, A, T, B with it.

    Raises
    ------
    DecodingError
        If the vocabulary has no pitch within a compass.
    """
    # A tune that was brought into its compass by an octave does not take the others with it.
    shift = (transposed_by + 5) % 12 - 5
    pitch = vocabulary.pitch_of
    onset = (np.arange(len(vocabulary)) >= FIRST_PITCH) & ~vocabulary.tied_of
    palette = np.zeros((8, len(vocabulary)), dtype=np.bool_)
    for voice in VOICES:
        low, high = (bound + shift for bound in Voice(voice).range)
        palette[[voice, voice + 4]] = onset & (pitch >= low) & (pitch <= high)
        if not palette[voice].any():
            raise DecodingError(
                f"the model knows no pitch from {low} to {high}, the {voice.label}'s compass: "
                "use another checkpoint"
            )
    palette[4:, REST_TOKEN] = True
    return palette


_TRIAD = {"major": (0, 4, 7), "minor": (0, 3, 7)}


def with_final_cadence(chorale: Chorale, given: Given) -> tuple[Chorale, Given]:
    """Ask for an ending.

    - A tune without any fermata gets one on its last note, for the model's eyes alone: all but
      six chorales end under one. Where its other phrases end is left to the model.
    - A tune that ends on a note of the tonic triad is expected to end over the tonic, as nine in
      ten of Bach's do.

    Parameters
    ----------
    chorale : Chorale
        T frames with the whole soprano given.
    given : Given
        What is given of it.

    Returns
    -------
    chorale : Chorale
        With the fermata on its last note.
    given : Given
        With `close` and `fermatas`.
    """
    onset = chorale.onset[:, Voice.SOPRANO]
    soprano = chorale.pitch[:, Voice.SOPRANO]
    last = int(np.flatnonzero(soprano != REST)[-1])
    first = int(np.flatnonzero(onset[: last + 1])[-1])
    on_tonic = (soprano[last] - chorale.key.pitch_class) % 12 in _TRIAD[chorale.key.mode]
    given = replace(given, close=range(first, last + 1) if on_tonic else range(0))
    if chorale.fermata.any():
        return chorale, given
    fermata = np.zeros(chorale.frames, dtype=np.bool_)
    fermata[first : last + 1] = True
    return replace(chorale, fermata=fermata), replace(given, fermatas=fermata)
