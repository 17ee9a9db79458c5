"""The encoder of the lookahead network in NumPy: it reads what is given of whole pieces.

Shapes: P pieces, T frames, B sequences, H hidden units of a layer, G of the encoder in each
direction, R numbers read of a frame.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding.conditioning import MAX_BEATS, Conditioning
from bachbot.runtime.lstm_runtime import product

Layer = tuple[NDArray, NDArray, NDArray]
"""Matrices of input [n, 4H] and of state [H, 4H], and bias [4H], of an LSTM layer."""


def run_encoder(
    conditioning: Conditioning,
    tables: Mapping[str, NDArray],
    layers: Sequence[Sequence[Layer]],
) -> tuple[NDArray, list[NDArray]]:
    """Run the encoder over what is given.

    Parameters
    ----------
    conditioning : Conditioning
        P pieces.
    tables : mapping of str to ndarray
        Embeddings by name.
    layers : sequence of two Layer each
        From the lowest up: the one that runs forwards and the one that runs backwards.

    Returns
    -------
    read : ndarray, shape [P, T, R]
        Embeddings of what is given.
    encoded : list of ndarray, shape [P, T, 2 G] each
        Output of each layer, from the lowest up; the units that run forwards come first.
    """
    read = _embed(conditioning, tables)
    encoded = []
    x, reversal = read, conditioning.reversal[..., None]
    for forwards, backwards in layers:
        back = run_lstm(np.take_along_axis(x, reversal, 1), backwards)
        back = np.take_along_axis(back, reversal, 1)
        x = np.concatenate([run_lstm(x, forwards), back], axis=-1)
        encoded.append(x)
    return read, encoded


def run_lstm(x: NDArray, layer: Layer) -> NDArray:
    """Run an LSTM layer over whole sequences, [P, T, n] to [P, T, H], from a zero state."""
    of_input, of_state, bias = layer
    gates = x @ of_input + bias  # [P, T, 4 H]
    state = np.zeros((2, len(x), of_state.shape[0]), dtype=x.dtype)
    out = np.empty((*x.shape[:2], of_state.shape[0]), dtype=x.dtype)
    for at in range(x.shape[1]):
        state = lstm_cell(gates[:, at] + product(state[0], of_state), state[1])
        out[:, at] = state[0]
    return out


def lstm_cell(gates: NDArray, c: NDArray) -> NDArray:
    """One step of an LSTM layer.

    Parameters
    ----------
    gates : ndarray, shape [B, 4 H]
        Sums of the gates, in the order and scale of `bachbot.runtime.lstm_runtime.halved_gates`;
        they are overwritten.
    c : ndarray, shape [B, H]
        Cell state before.

    Returns
    -------
    ndarray, shape [2, B, H]
        Hidden state and cell state after.
    """
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


def _embed(conditioning: Conditioning, tables: Mapping[str, NDArray]) -> NDArray:
    """Embeddings of what is given, frame by frame, [P, T, R]."""
    shape = conditioning.fermata.shape
    at = np.broadcast_to(np.arange(shape[1]), shape)
    left = np.maximum(conditioning.length[:, None] - 1 - at, 0)
    mode = np.broadcast_to(conditioning.mode[:, None], shape)
    return np.concatenate(
        [
            tables["embedding"][conditioning.tokens].reshape(*shape, -1),
            tables["position"][conditioning.position],
            tables["bar"][conditioning.bar],
            tables["mode"][mode],
            tables["fermata"][conditioning.fermata],
            tables["ends"][np.minimum(at // 4, MAX_BEATS)],
            tables["ends"][np.minimum(left // 4, MAX_BEATS) + MAX_BEATS + 1],
        ],
        axis=-1,
    )
