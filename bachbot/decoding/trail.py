"""Which token followed which: back-pointers, so that no stream copies what it shares."""

import numpy as np
from numpy.typing import NDArray

ROOT = -1
"""The node before the first token."""


class Trail:
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
