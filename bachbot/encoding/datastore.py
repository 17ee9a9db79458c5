"""Nearest neighbors among the training pieces, retrieved while a piece is written.

What comes next is often what came next where the same tune, or the same music, stands in the
training pieces. The frames whose past matches that of the frame being written longest are shown to
the network, which learns how far to follow them. The idea is that of nearest-neighbor language
models (Khandelwal and others, *Generalization through memorization*, ICLR 2020), with the length
of the match as in `bachbot.encoding.copying` for the distance.

Shapes: N frames of the datastore, with a frame of -1 before each piece and after the last; B
sequences, T frames, K neighbors of a cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding.copying import LENGTH_BOUNDS, frame_ids
from bachbot.encoding.vocabulary import FIRST_PITCH

NEIGHBORS = 4
"""Frames that are retrieved for a cell at most (K)."""

MAX_SOPRANO_MATCH, MAX_PAST_MATCH = 128, 64
"""Frames up to which a match of the soprano, and of all voices, is counted."""

MAX_FRAMES = 2**20
"""Frames of a datastore at most (N), about four thousand chorales."""

_GAP = -1


@dataclass(frozen=True, eq=False)
class Datastore:
    """Pieces one after the other.

    Parameters
    ----------
    tokens : ndarray of int64, shape [N, 4]
        Their tokens; -1 in the frame before each piece and in the last.
    """

    tokens: NDArray[np.int64]

    @cached_property
    def frame_ids(self) -> NDArray[np.int64]:
        """A number for each frame, [N], that no frame of other tokens has."""
        return frame_ids(self.tokens)

    @cached_property
    def starts(self) -> NDArray[np.bool_]:
        """Which frames are the first of a piece, [N]."""
        out = np.zeros(len(self.tokens), dtype=np.bool_)
        out[1:] = (self.tokens[:-1, 0] == _GAP) & (self.tokens[1:, 0] != _GAP)
        return out

    @cached_property
    def piece_slices(self) -> list[slice]:
        """The frames of each piece."""
        bounds = np.flatnonzero(self.tokens[:, 0] == _GAP).tolist()
        return [slice(a + 1, b) for a, b in pairwise(bounds)]


@dataclass(frozen=True, eq=False)
class MatchLengths:
    """How long the past matches that of each frame of the datastore.

    Parameters
    ----------
    soprano, past : ndarray of uint8, shape [B, N]
        In the soprano, and in all voices; in frames, the start of a piece counted as one.
    """

    soprano: NDArray[np.uint8]
    past: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Neighbors:
    """Frames that the datastore has for some cells, the longest match first.

    Parameters
    ----------
    tokens : ndarray of int64, shape [..., K, 4]
        Frames of the datastore; V where there is none.
    soprano, past : ndarray of int64, shape [..., K]
        How long the soprano and all voices match: classes of lengths, 0 to
        ``len(LENGTH_BOUNDS)``.
    """

    tokens: NDArray[np.int64]
    soprano: NDArray[np.int64]
    past: NDArray[np.int64]

    def transposed(self, semitones: int, none: int) -> "Neighbors":
        """The same transposed; frames that leave the vocabulary are dropped voice by voice.

        Parameters
        ----------
        semitones : int
            How far up.
        none : int
            Number of tokens (V), which stands for no token.
        """
        notes = (self.tokens >= FIRST_PITCH) & (self.tokens < none)
        tokens = self.tokens + 2 * semitones * notes
        inside = ~notes | ((tokens >= FIRST_PITCH) & (tokens < none))
        return Neighbors(np.where(inside, tokens, none), self.soprano, self.past)

    def sliced(self, frames: slice) -> "Neighbors":
        """Those of some frames of a piece."""
        return Neighbors(self.tokens[frames], self.soprano[frames], self.past[frames])


def build_datastore(pieces: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Put pieces together as the tokens of a `Datastore`, [N, 4].

    Parameters
    ----------
    pieces : sequence of ndarray of int64, shape [T, 4]
        Their tokens.
    """
    gap = np.full((1, 4), _GAP, dtype=np.int64)
    return np.concatenate([gap, *(part for piece in pieces for part in (piece, gap))])


def start_matches(datastore: Datastore, batch: int) -> MatchLengths:
    """How long the past matches before a piece's first frame, for B sequences."""
    starts = np.broadcast_to(datastore.starts.astype(np.uint8), (batch, len(datastore.tokens)))
    return MatchLengths(starts, starts)


def advance(datastore: Datastore, matches: MatchLengths, frame: NDArray[np.int64]) -> MatchLengths:
    """Count how long the past matches once each sequence has another frame.

    Parameters
    ----------
    datastore : Datastore
        Where to look.
    matches : MatchLengths
        The same before it.
    frame : ndarray of int64, shape [B, 4]
        Its tokens.
    """
    soprano, past = (np.zeros_like(m) for m in (matches.soprano, matches.past))
    same = datastore.tokens[:-1, 0] == frame[:, :1]  # [B, N - 1]
    longer = np.minimum(matches.soprano[:, :-1], MAX_SOPRANO_MATCH - 1) + np.uint8(1)
    np.copyto(soprano[:, 1:], longer, where=same)
    same &= datastore.frame_ids[:-1] == frame_ids(frame)[:, None]
    longer = np.minimum(matches.past[:, :-1], MAX_PAST_MATCH - 1) + np.uint8(1)
    np.copyto(past[:, 1:], longer, where=same)
    return MatchLengths(soprano, past)


def nearest(
    datastore: Datastore,
    matches: MatchLengths,
    above: NDArray[np.int64],
    none: int,
    own: slice | None = None,
) -> Neighbors:
    """Find the neighbors of one cell of each sequence: frames whose upper voices go the same way.

    Parameters
    ----------
    datastore : Datastore
        Where to look.
    matches : MatchLengths
        How long the past matches.
    above : ndarray of int64, shape [B, v]
        Tokens of the voices above the cell in its frame.
    none : int
        Number of tokens (V), which stands for no token.
    own : slice, optional
        Frames of the datastore that are left out: the piece itself.

    Returns
    -------
    Neighbors
        Of shape [B, K]. A match of all voices counts double; ties go to the earlier frame.
    """
    batch, voices = above.shape
    rows = np.full((batch, NEIGHBORS), _GAP, dtype=np.int64)
    for sequence in range(batch):
        here = np.flatnonzero(matches.soprano[sequence])
        if own is not None:
            here = here[(here < own.start) | (here >= own.stop)]
        fits = datastore.tokens[here, 0] != _GAP
        for voice in range(voices):
            fits &= datastore.tokens[here, voice] == above[sequence, voice]
        here = here[fits]
        lengths = matches.soprano[sequence, here].astype(np.int64)
        lengths += 2 * matches.past[sequence, here]
        # Whole numbers that are all different, so that the choice is the same everywhere.
        order = lengths * len(datastore.tokens) - here
        if len(here) > NEIGHBORS:
            best = np.argpartition(-order, NEIGHBORS - 1)[:NEIGHBORS]
            here, order = here[best], order[best]
        rows[sequence, : len(here)] = here[np.argsort(-order)]
    found = rows != _GAP
    at = np.arange(batch)[:, None]
    classes = (
        np.where(found, np.searchsorted(LENGTH_BOUNDS, m[at, rows], side="right"), 0)
        for m in (matches.soprano, matches.past)
    )
    return Neighbors(np.where(found[..., None], datastore.tokens[rows], none), *classes)


def retrieve(
    datastore: Datastore, tokens: NDArray[np.int64], none: int, own: slice | None = None
) -> Neighbors:
    """Find the neighbors of every cell of a known piece.

    Parameters
    ----------
    datastore : Datastore
        Where to look.
    tokens : ndarray of int64, shape [T, 4]
        The piece. Only what is written before a cell has an effect on its neighbors.
    none, own
        As in `nearest`.

    Returns
    -------
    Neighbors
        Of shape [T, 4, K].
    """
    matches = start_matches(datastore, 1)
    found = []
    for frame in tokens[:, None]:
        found += [nearest(datastore, matches, frame[:, :voice], none, own) for voice in range(4)]
        matches = advance(datastore, matches, frame)
    shape = len(tokens), 4, NEIGHBORS
    return Neighbors(
        np.concatenate([f.tokens for f in found]).reshape(*shape, 4),
        np.concatenate([f.soprano for f in found]).reshape(shape),
        np.concatenate([f.past for f in found]).reshape(shape),
    )
