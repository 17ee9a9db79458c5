"""What decoders and metrics ask of a model: one step at a time, whatever its kind."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import FillRequest, Vocabulary

State = Any
"""What a model remembers of B streams; opaque to whoever steps it."""


class Model(Protocol):
    """A trained model, before it is told what to write."""

    @property
    def vocabulary(self) -> Vocabulary:
        """What the token ids mean."""
        ...

    @property
    def foresees(self) -> bool:
        """Whether it is told a piece's length beforehand, and so cannot choose it."""
        ...

    def bind(self, works: Sequence[FillRequest]) -> "StepModel":
        """The model as it writes what is missing of some pieces.

        A model that hears only the past makes nothing of what is given; one that looks ahead
        reads it all here, once.

        Parameters
        ----------
        works : sequence of Work
            One or more. Of several, stream i is of piece i; of one, all streams are.
        """
        ...


class StepModel(Protocol):
    """A trained model of token streams, stepped one token a stream.

    A step never changes the state that it is given: a state may be kept, and stepped from again.
    """

    @property
    def vocabulary(self) -> Vocabulary:
        """What the token ids mean."""
        ...

    def initial_state(self, batch: int) -> State:
        """The state of so many streams before their first token.

        Parameters
        ----------
        batch : int
            How many streams (B).
        """
        ...

    def step(self, ids: NDArray[np.int64], state: State) -> tuple[NDArray[np.floating], State]:
        """Read one token of each stream and score the next.

        Parameters
        ----------
        ids : ndarray of int64, shape [B]
            Token ids.
        state : State
            State before them.

        Returns
        -------
        logits : ndarray of float, shape [B, V]
            Unnormalized log-probabilities of the next token; the caller's own.
        state : State
            State after them.
        """
        ...

    def select(self, state: State, rows: NDArray[np.int64]) -> State:
        """The states of some streams, in any order and any number of times.

        Parameters
        ----------
        state : State
            State of B streams.
        rows : ndarray of int, shape [B']
            Which of them, 0 to B - 1.
        """
        ...

    def join(self, states: Sequence[State]) -> State:
        """The states of several batches as one batch, in their order.

        Parameters
        ----------
        states : sequence of State
            One or more.
        """
        ...


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Log-probabilities in nats of scores [B, V], in float64."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def log_probabilities(model: StepModel, scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """What a model's scores come to in nats, [B, V].

    Log-probabilities, but of a `bachbot.runtime.ensemble.ProductOfExperts`, whose scores are nats as they
    stand.
    """
    if getattr(model, "weighed", False):
        return scores.astype(np.float64)
    return log_softmax(scores)
