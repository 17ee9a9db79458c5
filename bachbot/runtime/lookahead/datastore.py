"""The datastore of the lookahead network in NumPy: neighbors are retrieved at every step.

It computes the same as ``DatastoreAttention`` in `bachbot.models.lookahead_layers`. Shapes: B
sequences, N frames of the datastore, K neighbors, V vocabulary, W units of the frame decoder.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding.datastore import (
    Datastore,
    MatchLengths,
    Neighbors,
    advance,
    nearest,
    start_matches,
)
from bachbot.errors import CheckpointError
from bachbot.runtime.lookahead.config import LENGTH_SIZE
from bachbot.runtime.protocol import Weights

QUERY_SIZE = 2 * LENGTH_SIZE
"""Units of the query, which are weighted by how long a neighbor matches."""

_NO_MATCHES = np.zeros((1, 0), dtype=np.uint8)


class DatastoreRuntime:
    """A datastore and the weights that its neighbors are scored with.

    Parameters
    ----------
    weights : mapping of str to ndarray of float64
        The network's.
    none : int
        Number of tokens (V), which stands for no token.
    ready : callable
        Converts an array to the dtype of the computation.

    Raises
    ------
    CheckpointError
        If the datastore does not hold pieces.
    """

    def __init__(self, weights: Weights, none: int, ready: Callable[[NDArray], NDArray]) -> None:
        self._none = none
        self._datastore = Datastore(_checked(weights["datastore.tokens"], none))
        self._lengths = [ready(weights[f"datastore.{name}.weight"]) for name in ("soprano", "past")]

    def start_matches(self, batch: int) -> MatchLengths:
        """How long the past matches before the first frame."""
        return start_matches(self._datastore, batch)

    def advance(
        self, matches: MatchLengths, frame: NDArray[np.int64], written: NDArray[np.bool_]
    ) -> MatchLengths:
        """Count how long the past matches once another frame is written, where one is.

        Parameters
        ----------
        matches : MatchLengths
            Before it.
        frame : ndarray of int64, shape [B, 4]
            Its tokens.
        written : ndarray of bool, shape [B]
            Which sequences have written one.
        """
        after = advance(self._datastore, matches, frame)
        if written.all():
            return after
        return MatchLengths(
            np.where(written[:, None], after.soprano, matches.soprano),
            np.where(written[:, None], after.past, matches.past),
        )

    def nearest(self, matches: MatchLengths, above: NDArray[np.int64]) -> Neighbors:
        """Find the neighbors of a cell of each sequence, by the voices above it."""
        return nearest(self._datastore, matches, above, self._none)

    def add_scores(self, logits: NDArray, query: NDArray, neighbors: Neighbors, voice: int) -> None:
        """Add, in place, to the scores of the tokens that the neighbors have.

        Parameters
        ----------
        logits : ndarray, shape [B, V]
            Scores of the voice's tokens.
        query : ndarray, shape [B, QUERY_SIZE]
            From the frame decoder.
        neighbors : Neighbors
            Of shape [B, K].
        voice : int
            The voice that is written.
        """
        lengths = np.concatenate(
            [self._lengths[0][neighbors.soprano], self._lengths[1][neighbors.past]], axis=-1
        )  # [B, K, QUERY_SIZE]
        bonus = np.matmul(lengths, query[:, :, None])[..., 0]  # [B, K]
        tokens = neighbors.tokens[..., voice]  # [B, K]
        rows, at = np.nonzero(tokens != self._none)
        np.add.at(logits, (rows, tokens[rows, at]), bonus[rows, at])


def no_matches(batch: int) -> MatchLengths:
    """What sequences remember if there is no datastore, [B, 0]."""
    none = np.broadcast_to(_NO_MATCHES, (batch, 0))
    return MatchLengths(none, none)


def _checked(tokens: NDArray[np.floating], none: int) -> NDArray[np.int64]:
    gap = (tokens == -1).all(axis=1)
    notes = ((tokens >= 0) & (tokens < none) & (tokens % 1 == 0)).all(axis=1)
    if not ((gap | notes).all() and gap[0] and gap[-1]):
        raise CheckpointError(
            "the checkpoint's datastore does not hold pieces: get the checkpoint whole again"
        )
    return tokens.astype(np.int64)
