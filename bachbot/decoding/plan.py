"""What is given: for every cell of a piece, which tokens may stand there.

Shapes: T frames, 4 voices, V vocabulary, B streams.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Key
from bachbot.encoding import FIRST_PITCH, REST_TOKEN, Vocabulary

FREE = -1
"""`Plan.token` where no token is forced."""

ANY = -1
"""`Plan.sound` where a cell may sound what it likes."""

NO_FERMATA, FERMATA_HERE, FERMATA_FREE = 0, 1, 2
"""What `Plan.fermata` says of a frame."""


@dataclass(frozen=True, eq=False)
class Plan:
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
    place : ndarray of int16, shape [T]
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
    place: NDArray[np.int16]
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
