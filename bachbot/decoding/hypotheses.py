"""What the search keeps of each hypothesis: its tokens, its last two frames, the chords it had.

Shapes: B hypotheses.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST
from bachbot.theory.harmony import pitch_class_sets

ROOT = -1
"""The node before the first token."""


@dataclass(frozen=True)
class FinishedHypothesis:
    """A hypothesis that reached the end of its piece.

    Parameters
    ----------
    log_probability : float
        Joint log-probability of its tokens after START, in nats.
    penalty : float
        Sum of its penalties, in nats; bonuses count as negative penalties.
    node : int
        Its last token in the `Backpointers`.
    frames : int
        Its length.
    emitted : bool
        Whether it ended with the token END; if not, it was cut.
    piece : int
        Index of its piece.
    group : int
        Its beam group, or its candidate in a particle filter.
    """

    log_probability: float
    penalty: float
    node: int
    frames: int
    emitted: bool
    piece: int
    group: int

    @property
    def score(self) -> float:
        """What hypotheses are ranked by: log-probability less penalty."""
        return self.log_probability - self.penalty


class Choice(NamedTuple):
    """Chosen tokens: which hypothesis each continues, and what it adds to penalty and noise."""

    rows: NDArray[np.intp]
    tokens: NDArray[np.intp]
    penalty: NDArray[np.float64]
    noise: NDArray[np.float64]

    def only(self, which: NDArray[np.bool_]) -> "Choice":
        """Some of the tokens, by a mask over them."""
        return Choice(self.rows[which], self.tokens[which], self.penalty[which], self.noise[which])


class Backpointers:
    """A tree of tokens that grows at its leaves.

    It takes eight bytes for each token of each hypothesis.
    """

    def __init__(self) -> None:
        self._parents: list[NDArray[np.int32]] = []
        self._tokens: list[NDArray[np.int32]] = []
        self._size = 0

    def add(self, parents: NDArray[np.int64], tokens: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add one token after each node.

        Parameters
        ----------
        parents : ndarray of int, shape [B]
            Nodes; `ROOT` before the first token.
        tokens : ndarray of int, shape [B]
            Token ids.

        Returns
        -------
        ndarray of int64, shape [B]
            The new nodes.
        """
        self._parents.append(parents.astype(np.int32))
        self._tokens.append(tokens.astype(np.int32))
        first = self._size
        self._size += len(tokens)
        return np.arange(first, self._size)

    def path(self, node: int) -> NDArray[np.int64]:
        """The tokens from the root to a node, shape [N]."""
        if not self._tokens:
            return np.empty(0, dtype=np.int64)
        # Joined once, so that further paths need not join them again.
        self._parents = [np.concatenate(self._parents)]
        self._tokens = [np.concatenate(self._tokens)]
        parents, tokens = self._parents[0], self._tokens[0]
        out = []
        while node != ROOT:
            out.append(tokens[node])
            node = int(parents[node])
        return np.array(out[::-1], dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class FrameState:
    """The frame before and the current frame of each hypothesis.

    The arrays of the current frame are filled in as its tokens are chosen; until then they hold
    the values of the frame before.

    Parameters
    ----------
    previous_pitch, pitch : ndarray of int16, shape [B, 4]
        Pitches of S, A, T, B; -1 is a rest.
    previous_fermata, fermata : ndarray of bool, shape [B]
        Whether the frame is under a fermata.
    onset : ndarray of bool, shape [B, 4]
        Whether each voice of the current frame is not tied.
    """

    previous_pitch: NDArray[np.int16]
    pitch: NDArray[np.int16]
    previous_fermata: NDArray[np.bool_]
    fermata: NDArray[np.bool_]
    onset: NDArray[np.bool_]

    @classmethod
    def start(cls, batch: int) -> "FrameState":
        """The state of B hypotheses before their first frame."""
        pitch = np.full((batch, 4), REST, dtype=np.int16)
        fermata = np.zeros(batch, dtype=np.bool_)
        onset = np.ones((batch, 4), dtype=np.bool_)
        return cls(pitch, pitch.copy(), fermata, fermata.copy(), onset)

    @property
    def soprano_onset(self) -> NDArray[np.bool_]:
        """Whether the soprano of the current frame is not tied, [B]."""
        return self.onset[:, 0]

    def select(self, rows: NDArray[np.intp]) -> "FrameState":
        """A copy of some rows, in this order."""
        return FrameState(*(getattr(self, field.name)[rows] for field in fields(self)))

    def next_frame(self) -> "FrameState":
        """The state once the current frame is complete and has become the one before."""
        return FrameState(
            self.pitch, self.pitch.copy(), self.fermata, self.fermata.copy(), self.onset
        )


@dataclass(frozen=True, eq=False)
class SeenChords:
    """Which chords each hypothesis has had on its beats: one bit for each set of pitch classes.

    Parameters
    ----------
    bits : ndarray of uint8, shape [B, 512]
        Bit s % 8 of byte s // 8 stands for the set s, which is itself twelve bits.
    """

    bits: NDArray[np.uint8]

    @classmethod
    def empty(cls, batch: int) -> "SeenChords":
        """The chords of B hypotheses before their first frame: none."""
        return cls(np.zeros((batch, 512), dtype=np.uint8))

    def select(self, rows: NDArray[np.intp]) -> "SeenChords":
        """A copy of some rows, in this order."""
        return SeenChords(self.bits[rows])

    def contains(self, rows: NDArray[np.intp], pitch: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Whether hypotheses have had chords, shape [N].

        Parameters
        ----------
        rows : ndarray of int, shape [N]
            Hypotheses.
        pitch : ndarray of int16, shape [N, 4]
            The pitches of a chord for each of them.
        """
        sets = pitch_class_sets(pitch).astype(np.intp)
        bit = self.bits[rows, sets >> 3] >> (sets & 7).astype(np.uint8) & 1
        heard: NDArray[np.bool_] = bit.astype(np.bool_)
        return heard

    def add(self, rows: NDArray[np.intp], pitch: NDArray[np.int16]) -> None:
        """Add one chord to each of some hypotheses, each named once; shapes as in `contains`."""
        sets = pitch_class_sets(pitch).astype(np.intp)
        self.bits[rows, sets >> 3] |= (1 << (sets & 7)).astype(np.uint8)
