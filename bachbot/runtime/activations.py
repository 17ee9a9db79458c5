"""What the units of a trained model hold while it reads a piece, layer by layer, without torch."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import FRAME_END, START, FillRequest, encode
from bachbot.errors import UsageError
from bachbot.runtime.lookahead.model import LookaheadRuntime
from bachbot.runtime.lstm import LSTMRuntime
from bachbot.runtime.protocol import Model, State, StepModel

Activations = dict[str, NDArray[np.floating]]
"""Activations of a piece by the name of the layer, [T, U] each, from the lowest layer up."""


def activations(model: Model, works: Sequence[FillRequest]) -> list[Activations]:
    """Run a model through finished pieces and keep what each unit of each layer puts out.

    Every token is the piece's own, whatever the model would have written. Outputs of LSTM units
    lie between -1 and 1.

    Parameters
    ----------
    model : Model
        An LSTM or a lookahead network.
    works : sequence of Work
        Finished pieces; `given` says what a model that looks ahead has read beforehand. The pieces
        are run side by side and do not touch each other.

    Returns
    -------
    list of dict
        One a piece, with an array of shape [T, U] for each layer.

        Of an LSTM ``"LSTM 1"`` and so on; row t is the state once frame t has been read to its
        end. Batch normalization, where there is any, comes after it.

        Of a lookahead network ``"encoder 1, forwards"``, ``"encoder 1, backwards"`` and so on, what
        was made of all that is given from the one side and from the other; then ``"decoder 1"`` and
        so on, the state that frame t is written from, which has read the frames before it.

    Raises
    ------
    EncodingError
        If a pitch is outside the vocabulary.
    UsageError
        If the model is of another kind.
    """
    if not works:
        return []
    if isinstance(model, LSTMRuntime):
        return _of_lstm(model, works)
    if isinstance(model, LookaheadRuntime):
        return _of_lookahead(model, works)
    raise UsageError(
        f"the units of a {type(model).__name__} cannot be read: give one LSTM or lookahead network"
    )


def _of_lstm(model: LSTMRuntime, works: Sequence[FillRequest]) -> list[Activations]:
    states = _stepped(model, works, lambda state: state[:, 0])
    return [_named("LSTM", piece[:, 1:]) for piece in states]


def _of_lookahead(model: LookaheadRuntime, works: Sequence[FillRequest]) -> list[Activations]:
    bound = model.bind(works)
    states = _stepped(bound, works, lambda state: state.memory[:, 0])
    found = []
    for row, (work, piece) in enumerate(zip(works, states, strict=True)):
        layers: Activations = {}
        for number, layer in enumerate(bound.encoded, start=1):
            ahead, back = np.split(layer[row, : work.chorale.frames], 2, axis=-1)  # [T, G] each
            layers[f"encoder {number}, forwards"] = ahead
            layers[f"encoder {number}, backwards"] = back
        found.append(layers | _named("decoder", piece[:, :-1]))
    return found


def _named(stack: str, layers: NDArray) -> Activations:
    return {f"{stack} {number}": layer for number, layer in enumerate(layers, start=1)}


def _stepped(
    model: StepModel, works: Sequence[FillRequest], hidden: Callable[[State], NDArray]
) -> list[NDArray]:
    """Hidden states before the first frame and after each, [L, T + 1, H] a piece.

    Parameters
    ----------
    model : StepModel
        Bound to the pieces.
    works : sequence of Work
        The pieces.
    hidden : callable
        Takes them out of a model's state, [L, B, H].
    """
    # Nothing comes after END: it is not read.
    ids = [encode(work.chorale, model.vocabulary).ids[:-1] for work in works]
    live = list(range(len(works)))
    state = model.initial_state(len(works))
    kept: list[list[NDArray]] = [[] for _ in works]
    for place in range(max(map(len, ids))):
        rows = [row for row, piece in enumerate(live) if len(ids[piece]) > place]
        if len(rows) < len(live):
            state, live = model.select(state, np.array(rows)), [live[row] for row in rows]
        now = np.array([ids[piece][place] for piece in live])
        _, state = model.step(now, state)
        edges = np.flatnonzero((now == START) | (now == FRAME_END))
        if edges.size:
            found = hidden(state)
            for row in edges.tolist():
                kept[live[row]].append(found[:, row].copy())
    return [np.stack(piece, axis=1) for piece in kept]
