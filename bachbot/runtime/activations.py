"""What the units of a trained model hold while it reads a piece, layer by layer."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import FRAME_END, START, FillRequest, encode
from bachbot.errors import UsageError
from bachbot.runtime.kinds import KINDS
from bachbot.runtime.protocol import Model, State, StepModel

Activations = dict[str, NDArray[np.floating]]
"""Activations of a piece by the name of the layer, [T, U] each, from the lowest layer up."""


@runtime_checkable
class HasUnits(Protocol):
    """A model whose units can be read, as those of each kind with ``has_units`` can."""

    def activations(self, requests: Sequence[FillRequest]) -> list[Activations]:
        """Read its units over finished pieces (see the function of the same name)."""
        ...


def activations(model: Model, requests: Sequence[FillRequest]) -> list[Activations]:
    """Run a model through finished pieces and keep what each unit of each layer puts out.

    Every token is the piece's own, whatever the model would have written (teacher forcing).
    Outputs of LSTM units are between -1 and 1.

    Parameters
    ----------
    model : Model
        One model of a kind that has units (see `bachbot.runtime.kinds`).
    requests : sequence of FillRequest
        Finished pieces; `given` says what a model that looks ahead has read beforehand. The pieces
        are run side by side and do not affect each other.

    Returns
    -------
    list of dict
        One per piece, with an array of shape [T, U] for each layer.

        An LSTM has ``"LSTM 1"`` and so on; row t is the state after frame t. Batch normalization,
        if there is any, comes after it.

        A lookahead network has ``"encoder 1, forwards"``, ``"encoder 1, backwards"`` and so on,
        where the encoder has read what is given from either side; then ``"decoder 1"`` and so on,
        the state that frame t is written from, which has read the frames before it.

    Raises
    ------
    EncodingError
        If a pitch is outside the vocabulary.
    UsageError
        If the units of the model cannot be read.
    """
    if not isinstance(model, HasUnits):
        kinds = " or ".join(kind.name for kind in KINDS.values() if kind.has_units)
        raise UsageError(
            f"the units of a {type(model).__name__} cannot be read: give one model of kind {kinds}"
        )
    return model.activations(requests) if requests else []


def named_layers(stack: str, layers: NDArray) -> Activations:
    """Number the layers [L, T, U] of a stack from 1, as in ``"LSTM 1"``."""
    return {f"{stack} {number}": layer for number, layer in enumerate(layers, start=1)}


def frame_states(
    model: StepModel, requests: Sequence[FillRequest], hidden: Callable[[State], NDArray]
) -> list[NDArray]:
    """Record hidden states before the first frame and after each, [L, T + 1, H] per piece.

    Parameters
    ----------
    model : StepModel
        Bound to the pieces.
    requests : sequence of FillRequest
        The pieces.
    hidden : callable
        Takes them out of a model's state, [L, B, H].
    """
    # Nothing comes after END, so it is not read.
    ids = [encode(request.chorale, model.vocabulary).ids[:-1] for request in requests]
    running = list(range(len(requests)))  # piece of each row of the state
    state = model.initial_state(len(requests))
    recorded: list[list[NDArray]] = [[] for _ in requests]
    for at in range(max(map(len, ids))):
        rows = [row for row, piece in enumerate(running) if len(ids[piece]) > at]
        if len(rows) < len(running):
            state, running = model.select(state, np.array(rows)), [running[row] for row in rows]
        tokens = np.array([ids[piece][at] for piece in running])
        _, state = model.step(tokens, state)
        edges = np.flatnonzero((tokens == START) | (tokens == FRAME_END))
        if edges.size:
            found = hidden(state)
            for row in edges.tolist():
                recorded[running[row]].append(found[:, row].copy())
    return [np.stack(piece, axis=1) for piece in recorded]
