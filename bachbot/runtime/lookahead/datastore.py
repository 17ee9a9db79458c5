"""The training pieces as a lookahead network looks them up while it writes, without torch.

The same sums as ``bachbot.models.lookahead_layers``. Shapes: B streams, N frames of the library, K
candidates, V vocabulary, W units of the chain.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import datastore as library
from bachbot.encoding.datastore import Datastore, Neighbors, Runs
from bachbot.errors import CheckpointError

AGAIN = 16
"""Units of the chain's last product that say how far candidates are followed."""

_NO_RUNS = np.zeros((1, 0), dtype=np.uint8)


class DatastoreRuntime:
    """A library and what a network makes of it.

    Parameters
    ----------
    weights : mapping of str to ndarray of float64
        The network's.
    none : int
        How many tokens there are (V).
    ready : callable
        Brings an array to the type that is reckoned in.

    Raises
    ------
    CheckpointError
        If the library does not hold pieces.
    """

    def __init__(
        self,
        weights: Mapping[str, NDArray[np.float64]],
        none: int,
        ready: Callable[[NDArray], NDArray],
    ) -> None:
        self._none = none
        self._library = Datastore(_checked(weights["library.tokens"], self._none))
        self._lengths = [ready(weights[f"library.{name}.weight"]) for name in ("tune", "past")]

    def begun(self, streams: int) -> Runs:
        """How long the past matches before the first frame."""
        return library.start_runs(self._library, streams)

    def gone_on(self, runs: Runs, frame: NDArray[np.int64], on: NDArray[np.bool_]) -> Runs:
        """The same once another frame is written, where one is.

        Parameters
        ----------
        runs : Runs
            Before it.
        frame : ndarray of int64, shape [B, 4]
            Its tokens.
        on : ndarray of bool, shape [B]
            Which streams have written one.
        """
        after = library.advance(self._library, runs, frame)
        if on.all():
            return after
        return Runs(
            np.where(on[:, None], after.tune, runs.tune),
            np.where(on[:, None], after.past, runs.past),
        )

    def likest(self, runs: Runs, above: NDArray[np.int64]) -> Neighbors:
        """What the library has for a cell of each stream, by the voices above it."""
        return library.nearest(self._library, runs, above, self._none)

    def follow(self, logits: NDArray, again: NDArray, found: Neighbors, voice: int) -> None:
        """Put up, in place, the scores of what the candidates did.

        Parameters
        ----------
        logits : ndarray, shape [B, V]
            Scores of the voice's tokens.
        again : ndarray, shape [B, AGAIN]
            From the chain.
        found : Likest
            The candidates.
        voice : int
            Which of theirs is followed.
        """
        lengths = np.concatenate(
            [self._lengths[0][found.tune], self._lengths[1][found.past]], axis=-1
        )  # [B, K, AGAIN]
        more = np.einsum("bd,bkd->bk", again, lengths)
        theirs = found.tokens[..., voice]  # [B, K]
        rows, at = np.nonzero(theirs != self._none)
        np.add.at(logits, (rows, theirs[rows, at]), more[rows, at])


def no_runs(streams: int) -> Runs:
    """What streams remember of a library that is not there."""
    none = np.broadcast_to(_NO_RUNS, (streams, 0))
    return Runs(none, none)


def _checked(tokens: NDArray[np.float64], none: int) -> NDArray[np.int64]:
    gap = (tokens == -1).all(axis=1)
    notes = ((tokens >= 0) & (tokens < none) & (tokens % 1 == 0)).all(axis=1)
    if not ((gap | notes).all() and gap[0] and gap[-1]):
        raise CheckpointError(
            "the checkpoint's library does not hold pieces: get the checkpoint whole again"
        )
    return tokens.astype(np.int64)
