"""The pieces that a network was trained on, looked up as it goes.

What comes next is often what came next where the same tune, or the same music, stands in a book of
chorales. The frames of the book whose past is likest to that of the frame that is written are
shown to the network, which learns how far to follow them. The idea is that of nearest-neighbor
language models (Khandelwal and others, *Generalization through memorization*, ICLR 2020), found by
the length of the match as in `bachbot.encoding.copying`.

Shapes: N frames of the library, one before each piece and after the last that is none; B streams, T
frames, K candidates of a cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding.copying import BOUNDS, codes
from bachbot.encoding.vocabulary import FIRST_PITCH

CANDIDATES = 4
"""Frames that are shown for a cell at most (K)."""

LONGEST_TUNE, LONGEST_PAST = 128, 64
"""Frames after which a match of the soprano, and of all voices, is not counted on."""

MOST_FRAMES = 2**20
"""Frames of a library at most, some four thousand chorales (N)."""

_NONE = -1


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
    def names(self) -> NDArray[np.int64]:
        """A number for each frame, [N], that tells it from all others."""
        return codes(self.tokens)

    @cached_property
    def opens(self) -> NDArray[np.bool_]:
        """Which frames are the first of a piece, [N]."""
        out = np.zeros(len(self.tokens), dtype=np.bool_)
        out[1:] = (self.tokens[:-1, 0] == _NONE) & (self.tokens[1:, 0] != _NONE)
        return out

    @cached_property
    def places(self) -> list[slice]:
        """The frames of each piece."""
        bounds = np.flatnonzero(self.tokens[:, 0] == _NONE).tolist()
        return [slice(a + 1, b) for a, b in pairwise(bounds)]


@dataclass(frozen=True, eq=False)
class Runs:
    """How long the past matches that of each frame of the library.

    Parameters
    ----------
    tune, past : ndarray of uint8, shape [B, N]
        In the soprano, and in all voices; in frames, the beginning of a piece one of them.
    """

    tune: NDArray[np.uint8]
    past: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Neighbors:
    """What the library has for some cells, the likest first.

    Parameters
    ----------
    tokens : ndarray of int64, shape [..., K, 4]
        Frames of the library; V where there is none.
    tune, past : ndarray of int64, shape [..., K]
        How long they match: classes of lengths, 0 to ``len(BOUNDS)``.
    """

    tokens: NDArray[np.int64]
    tune: NDArray[np.int64]
    past: NDArray[np.int64]

    def moved(self, semitones: int, none: int) -> "Neighbors":
        """The same transposed; what then is outside the vocabulary is none.

        Parameters
        ----------
        semitones : int
            How far up.
        none : int
            How many tokens there are (V).
        """
        notes = (self.tokens >= FIRST_PITCH) & (self.tokens < none)
        tokens = self.tokens + 2 * semitones * notes
        inside = ~notes | ((tokens >= FIRST_PITCH) & (tokens < none))
        return Neighbors(np.where(inside, tokens, none), self.tune, self.past)

    def part(self, frames: slice) -> "Neighbors":
        """Those of some frames of a piece."""
        return Neighbors(self.tokens[frames], self.tune[frames], self.past[frames])


def build_datastore(pieces: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """What `Datastore` is made of, [N, 4].

    Parameters
    ----------
    pieces : sequence of ndarray of int64, shape [T, 4]
        Their tokens.
    """
    gap = np.full((1, 4), _NONE, dtype=np.int64)
    return np.concatenate([gap, *(part for piece in pieces for part in (piece, gap))])


def start_runs(library: Datastore, streams: int) -> Runs:
    """How long the past matches before a piece's first frame."""
    opens = np.broadcast_to(library.opens.astype(np.uint8), (streams, len(library.tokens)))
    return Runs(opens, opens)


def advance(library: Datastore, runs: Runs, frame: NDArray[np.int64]) -> Runs:
    """How long the past matches once another frame of each stream is written.

    Parameters
    ----------
    library : Library
        Where to look.
    runs : Runs
        The same before it.
    frame : ndarray of int64, shape [B, 4]
        Its tokens.
    """
    tune, past = (np.zeros_like(r) for r in (runs.tune, runs.past))
    same = library.tokens[:-1, 0] == frame[:, :1]  # [B, N - 1]
    longer = np.minimum(runs.tune[:, :-1], LONGEST_TUNE - 1) + np.uint8(1)
    np.copyto(tune[:, 1:], longer, where=same)
    same &= library.names[:-1] == codes(frame)[:, None]
    longer = np.minimum(runs.past[:, :-1], LONGEST_PAST - 1) + np.uint8(1)
    np.copyto(past[:, 1:], longer, where=same)
    return Runs(tune, past)


def nearest(
    library: Datastore,
    runs: Runs,
    above: NDArray[np.int64],
    none: int,
    own: slice | None = None,
) -> Neighbors:
    """What the library has for one cell of each stream: where it goes as the voices above go.

    Parameters
    ----------
    library : Library
        Where to look.
    runs : Runs
        How long the past matches.
    above : ndarray of int64, shape [B, v]
        What the voices above do in the frame.
    none : int
        What stands for no token (V).
    own : slice, optional
        Frames of the library that are passed over: the piece itself.

    Returns
    -------
    Likest
        Of shape [B, K]. All voices' match counts double; of equals the first.
    """
    streams, voices = above.shape
    rows = np.full((streams, CANDIDATES), _NONE, dtype=np.int64)
    for stream in range(streams):
        here = np.flatnonzero(runs.tune[stream])
        if own is not None:
            here = here[(here < own.start) | (here >= own.stop)]
        fits = library.tokens[here, 0] != _NONE
        for voice in range(voices):
            fits &= library.tokens[here, voice] == above[stream, voice]
        here = here[fits]
        merit = runs.tune[stream, here].astype(np.int64) + 2 * runs.past[stream, here]
        # Whole numbers that are all different, so that the choice is the same everywhere.
        order = merit * len(library.tokens) - here
        if len(here) > CANDIDATES:
            best = np.argpartition(-order, CANDIDATES - 1)[:CANDIDATES]
            here, order = here[best], order[best]
        rows[stream, : len(here)] = here[np.argsort(-order)]
    found = rows != _NONE
    at = np.arange(streams)[:, None]
    classes = (
        np.where(found, np.searchsorted(BOUNDS, r[at, rows], side="right"), 0)
        for r in (runs.tune, runs.past)
    )
    return Neighbors(np.where(found[..., None], library.tokens[rows], none), *classes)


def retrieve(
    library: Datastore, tokens: NDArray[np.int64], none: int, own: slice | None = None
) -> Neighbors:
    """What the library has for every cell of a piece that is known.

    Parameters
    ----------
    library : Library
        Where to look.
    tokens : ndarray of int64, shape [T, 4]
        The piece. A cell hears of what is written before it alone.
    none, own
        As in `nearest`.

    Returns
    -------
    Likest
        Of shape [T, 4, K].
    """
    runs = start_runs(library, 1)
    found = []
    for frame in tokens[:, None]:
        found += [nearest(library, runs, frame[:, :voice], none, own) for voice in range(4)]
        runs = advance(library, runs, frame)
    shape = len(tokens), 4, CANDIDATES
    return Neighbors(
        np.concatenate([f.tokens for f in found]).reshape(*shape, 4),
        np.concatenate([f.tune for f in found]).reshape(shape),
        np.concatenate([f.past for f in found]).reshape(shape),
    )
