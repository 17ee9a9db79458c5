"""What hypotheses hold: their back-pointers, the cell that they fill, the chords that they had."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST
from bachbot.decoding.constraints import FREE, Constraints
from bachbot.theory.harmony import pitch_class_sets

ROOT = -1
"""The node before the first token."""


class Backpointers:
    """A tree of tokens, grown at its leaves.

    It takes eight bytes a token of each stream, however long the streams grow.
    """

    def __init__(self) -> None:
        self._parents: list[NDArray[np.int32]] = []
        self._tokens: list[NDArray[np.int32]] = []
        self._size = 0

    def add(self, parents: NDArray[np.int64], tokens: NDArray[np.int64]) -> NDArray[np.int64]:
        """Let tokens follow nodes.

        Parameters
        ----------
        parents : ndarray of int, shape [B]
            Nodes, `ROOT` before the first token.
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
        # Joined once, so that several paths do not join them again.
        self._parents = [np.concatenate(self._parents)]
        self._tokens = [np.concatenate(self._tokens)]
        parents, tokens = self._parents[0], self._tokens[0]
        out = []
        while node != ROOT:
            out.append(tokens[node])
            node = int(parents[node])
        return np.array(out[::-1], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class SeenChords:
    """Which chords each stream has had on its beats: a bit for each set of pitch classes.

    Parameters
    ----------
    bits : ndarray of uint8, shape [B, 512]
        Bit s % 8 of byte s // 8 for the set s, itself twelve bits.
    """

    bits: NDArray[np.uint8]

    @classmethod
    def nothing(cls, streams: int) -> "SeenChords":
        """What so many streams have heard before their first frame."""
        return cls(np.zeros((streams, 512), dtype=np.uint8))

    def rows(self, rows: NDArray[np.intp]) -> "SeenChords":
        """What some streams have heard."""
        return SeenChords(self.bits[rows])

    def has(self, rows: NDArray[np.intp], pitch: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Whether streams have heard chords, [N], of pitches [N, 4]."""
        sets = pitch_class_sets(pitch).astype(np.intp)
        return (self.bits[rows, sets >> 3] >> (sets & 7).astype(np.uint8) & 1).astype(np.bool_)

    def note(self, rows: NDArray[np.intp], pitch: NDArray[np.int16]) -> None:
        """Let streams, each named once, have heard the chords that sound in them, [N, 4]."""
        sets = pitch_class_sets(pitch).astype(np.intp)
        self.bits[rows, sets >> 3] |= (1 << (sets & 7)).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class SearchContext:
    """A cell that all streams are about to fill.

    Parameters
    ----------
    plans : sequence of Plan
        The pieces.
    piece : ndarray of int, shape [B]
        Piece of each stream, in ascending order. The frame lies within each of these.
    frame, voice : int
        The cell.
    memory : ndarray of int16, shape [B, 2, 5]
        The frame before and this one: pitches of S, A, T, B, then 1 under a fermata.
    struck : ndarray of bool, shape [B]
        Whether the soprano of this frame is not tied; of no account before it is chosen.
    heard : Heard
        The chords of each stream so far.
    """

    plans: Sequence[Constraints]
    piece: NDArray[np.intp]
    frame: int
    voice: int
    memory: NDArray[np.int16]
    struck: NDArray[np.bool_]
    heard: SeenChords

    @cached_property
    def free(self) -> NDArray[np.bool_]:
        """Which voices of the frame are not given, [P, 4]; none where a piece is over."""
        return self._free(self.frame)

    @cached_property
    def free_before(self) -> NDArray[np.bool_]:
        """The same of the frame before; none before the first."""
        return self._free(self.frame - 1)

    def _free(self, frame: int) -> NDArray[np.bool_]:
        free = np.zeros((len(self.plans), 4), dtype=np.bool_)
        for p, plan in enumerate(self.plans):
            if 0 <= frame < plan.frames:
                free[p] = plan.token[frame] == FREE
        return free

    @cached_property
    def beat(self) -> NDArray[np.intp]:
        """Place of the frame in its beat, [P], 0 to 3; 0 where a piece is over."""
        places = [int(p.position[self.frame]) if self.frame < p.frames else 0 for p in self.plans]
        return np.array(places) % FRAMES_PER_QUARTER

    def known(self) -> NDArray[np.int16]:
        """Pitches of the frame as far as they are known, the cell's own not, [B, 4]."""
        if len(self.plans) == 1:
            return self.plans[0].known(self.frame, self.voice, self.memory)
        starts = np.flatnonzero(np.diff(self.piece, prepend=-1))
        parts = np.split(self.memory, starts[1:])
        return np.concatenate(
            [
                self.plans[self.piece[a]].known(self.frame, self.voice, part)
                for a, part in zip(starts, parts, strict=True)
            ]
        )

    def pauses(self, rows: NDArray[np.intp], struck: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where a fermata begins in the frame, [N]; the parameters are those of `released`."""
        under, still = self.memory[rows, 0, 4] == 1, self.memory[rows, 1, 4] == 1
        begins: NDArray[np.bool_] = still & (~under | struck)
        return begins

    def released(self, rows: NDArray[np.intp], struck: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where a phrase ended before the frame, as `bachbot.theory.rules.released`, [N].

        Parameters
        ----------
        rows : ndarray of int, shape [N]
            Streams.
        struck : ndarray of bool, shape [N]
            Whether the soprano of the frame is not tied.
        """
        under, still = self.memory[:, 0, 4] == 1, self.memory[:, 1, 4] == 1  # [B] each
        silent = (self.memory[:, 0, :4] == REST).all(axis=1) & (self.frame > 0)
        ended = silent | (under & ~still)
        released: NDArray[np.bool_] = ended[rows] | (under[rows] & struck)
        return released
