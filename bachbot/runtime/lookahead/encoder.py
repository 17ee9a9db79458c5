"""Reading what is given of whole pieces: the encoder of the lookahead network, in NumPy.

Shapes: P pieces, T frames, B streams, H hidden units, G of the encoder in each direction, R numbers
that tell what is given in a frame.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding.conditioning import FAR, Conditioning
from bachbot.runtime.lstm import product

Layer = tuple[NDArray, NDArray, NDArray]
"""Matrices of input and state, and bias, of an LSTM layer."""


def run_encoder(
    told: Conditioning, tables: Mapping[str, NDArray], layers: Sequence[Sequence[Layer]]
) -> tuple[NDArray, list[NDArray]]:
    """What is given, frame by frame, and what each layer of the encoder makes of it.

    Parameters
    ----------
    told : Told
        P pieces.
    tables : mapping of str to ndarray
        Embeddings by name.
    layers : sequence of two Layer each
        From the lowest up: what runs forwards and what runs back.

    Returns
    -------
    read : ndarray, shape [P, T, R]
        What is given.
    encoded : list of ndarray, shape [P, T, 2 G] each
        From the lowest layer up; the units that run forwards come before those that run back.
    """
    read = _features(told, tables)
    encoded = []
    x, turned = read, told.turned[..., None]
    for ahead, back in layers:
        again = run_lstm(np.take_along_axis(x, turned, 1), back)
        x = np.concatenate([run_lstm(x, ahead), np.take_along_axis(again, turned, 1)], axis=-1)
        encoded.append(x)
    return read, encoded


def run_lstm(x: NDArray, layer: Layer) -> NDArray:
    """An LSTM layer over whole sequences, [P, T, n] to [P, T, H], from a zero state."""
    of_input, of_state, bias = layer
    gates = x @ of_input + bias  # [P, T, 4 H]
    memory = np.zeros((2, len(x), of_state.shape[0]), dtype=x.dtype)
    out = np.empty((*x.shape[:2], of_state.shape[0]), dtype=x.dtype)
    for at in range(x.shape[1]):
        memory = cell(gates[:, at] + product(memory[0], of_state), memory[1])
        out[:, at] = memory[0]
    return out


def cell(gates: NDArray, c: NDArray) -> NDArray:
    """A step of an LSTM: h and c, [2, B, H], from the sums of the gates, [B, 4 H]."""
    h = c.shape[1]
    np.tanh(gates, out=gates)
    sigmoids = gates[:, : 3 * h]
    sigmoids *= 0.5
    sigmoids += 0.5
    after = np.empty((2, *c.shape), dtype=c.dtype)
    np.multiply(gates[:, h : 2 * h], c, out=after[1])
    after[1] += gates[:, :h] * gates[:, 3 * h :]
    np.tanh(after[1], out=after[0])
    after[0] *= gates[:, 2 * h : 3 * h]
    return after


def _features(told: Conditioning, tables: Mapping[str, NDArray]) -> NDArray:
    """What is given, frame by frame, [P, T, R]."""
    frames = told.shown.shape[1]
    at = np.broadcast_to(np.arange(frames), told.pause.shape)
    left = np.maximum(told.length[:, None] - 1 - at, 0)
    mode = np.broadcast_to(told.mode[:, None], told.pause.shape)
    return np.concatenate(
        [
            tables["embedding"][told.shown].reshape(*told.pause.shape, -1),
            tables["place"][told.position],
            tables["bar"][told.bar],
            tables["mode"][mode],
            tables["pause"][told.pause],
            tables["ends"][np.minimum(at // 4, FAR)],
            tables["ends"][np.minimum(left // 4, FAR) + FAR + 1],
        ],
        axis=-1,
    )
