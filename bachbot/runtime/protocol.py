"""What decoders and metrics ask of a model: one token at a time, whatever its kind."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bachbot.encoding import FillRequest, Vocabulary
from bachbot.errors import UsageError

State = Any
"""What a model remembers of B sequences; opaque to whoever steps it."""

Weights = Mapping[str, NDArray[np.floating]]
"""Weights of a network by torch's names and in torch's shapes."""


class Model(Protocol):
    """A trained model, not yet bound to the pieces that it writes."""

    @property
    def vocabulary(self) -> Vocabulary:
        """What the token ids mean."""
        ...

    @property
    def needs_length(self) -> bool:
        """Whether it must know a piece's length beforehand, and so cannot choose it."""
        ...

    def bind(self, requests: Sequence[FillRequest]) -> "StepModel":
        """Prepare the model to write what is missing of some pieces.

        A causal model ignores what is given; one that looks ahead reads all of it here, once.

        Parameters
        ----------
        requests : sequence of FillRequest
            One or more. If there are several, sequence i belongs to piece i; if there is one, all
            sequences belong to it.
        """
        ...


class StepModel(Protocol):
    """A trained model of token sequences, stepped one token at a time.

    A step never changes the state that it is given: a state may be kept, and stepped from again.
    """

    @property
    def vocabulary(self) -> Vocabulary:
        """What the token ids mean."""
        ...

    @property
    def normalized(self) -> bool:
        """Whether the softmax of its scores is a distribution over the next token.

        If not, its scores are used as they are (see `log_probabilities`).
        """
        ...

    def initial_state(self, batch: int) -> State:
        """Make the state before the first token.

        Parameters
        ----------
        batch : int
            Number of sequences (B).
        """
        ...

    def step(self, ids: NDArray[np.int64], state: State) -> tuple[NDArray[np.floating], State]:
        """Read one token of each sequence and score the next.

        Parameters
        ----------
        ids : ndarray of int64, shape [B]
            Token ids.
        state : State
            State before them.

        Returns
        -------
        scores : ndarray of float, shape [B, V]
            Unnormalized log-probabilities of the next token; the caller may change them.
        state : State
            State after them.
        """
        ...

    def select(self, state: State, rows: NDArray[np.int64]) -> State:
        """Pick the states of some sequences, in any order and any number of times.

        Parameters
        ----------
        state : State
            State of B sequences.
        rows : ndarray of int, shape [B']
            Their indices, 0 to B - 1.
        """
        ...

    def join(self, states: Sequence[State]) -> State:
        """Put the states of several batches together as one batch, in order.

        Parameters
        ----------
        states : sequence of State
            One or more.
        """
        ...


def log_softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Log-probabilities in nats of logits [B, V], in float64."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def log_probabilities(model: StepModel, scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Turn a model's scores [B, V] into nats.

    They become log-probabilities by a log-softmax, unless the model is not `normalized`, as a
    `bachbot.runtime.ensemble.ProductOfExperts` is not: its scores are nats already.
    """
    return log_softmax(scores) if model.normalized else scores.astype(np.float64)


def checked_dtype(dtype: DTypeLike) -> np.dtype:
    """Return a dtype that a model can be stepped in.

    Raises
    ------
    UsageError
        If it is neither float32 nor float64.
    """
    found = np.dtype(dtype)
    if found not in (np.float32, np.float64):
        raise UsageError(f"a model cannot be stepped in {found}: take float32 or float64")
    return found
