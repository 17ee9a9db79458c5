"""BachBot's LSTM in NumPy, one token at a time, without torch."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bachbot.encoding import FillRequest, Vocabulary
from bachbot.errors import CheckpointError, UsageError
from bachbot.runtime.checkpoint import Checkpoint

_BLOCK = 4
"""Rows that the kernels of OpenBLAS take at once. What is left over costs it more than a whole
block: with AVX2 eleven take half as long again as twelve (``tests/benchmarks/test_stepping.py``).
"""


def product(x: NDArray, matrix: NDArray) -> NDArray:
    """Each row times a matrix, [B, N] times [N, M], in whole blocks of rows.

    Parameters
    ----------
    x : ndarray, shape [B, N]
        The rows.
    matrix : ndarray, shape [N, M] or [G, N, M]
        One matrix, or several that each take all rows.

    Returns
    -------
    ndarray, shape [B, M] or [G, B, M]
        ``x @ matrix``, but for rounding; the caller's own.
    """
    lacking = -len(x) % _BLOCK
    if not lacking or len(x) == 1:  # of one row no block is made
        return x @ matrix
    padded = np.zeros((len(x) + lacking, x.shape[1]), x.dtype)
    padded[: len(x)] = x
    out: NDArray = (padded @ matrix)[..., : len(x), :]
    return out


_EPSILON = 1e-5  # torch's nn.BatchNorm1d adds it to the variance
_FEW = 7  # up to so many streams a matrix-vector product for each beats OpenBLAS's packed product

_INPUT, _FORGET, _CELL, _OUTPUT = range(4)  # torch's order of the gates
_ORDER = (_INPUT, _FORGET, _OUTPUT, _CELL)  # ours: the three sigmoids side by side


class LSTMRuntime:
    """A stack of LSTM layers and a projection onto the tokens, stepped in NumPy.

    Parameters
    ----------
    checkpoint : Checkpoint
        Of kind ``"lstm"``, with or without batch normalization.
    dtype : dtype
        float32 (about as exact as torch), or float64: half as fast, but a rounding error that
        depends on the machine practically never flips a choice between two tokens.

    Raises
    ------
    CheckpointError
        If a running variance of its batch normalization is negative.
    UsageError
        If the dtype is neither.
    """

    foresees = False
    """It ends a piece where it will."""

    def __init__(self, checkpoint: Checkpoint, *, dtype: DTypeLike = np.float32) -> None:
        self.vocabulary: Vocabulary = checkpoint.vocabulary
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise UsageError(f"a model cannot be stepped in {self.dtype}: take float32 or float64")
        self.hidden: int = checkpoint.config["model"]["hidden"]
        self.layers: int = checkpoint.config["model"]["layers"]
        self._fold({name: w.astype(np.float64) for name, w in checkpoint.weights.items()})

    def _fold(self, weights: Mapping[str, NDArray[np.float64]]) -> None:
        scale, shift = np.ones(()), np.zeros(())  # of what the layer below puts out
        # [4, H, in + H] a layer, and turned; the first has no input.
        self._recurrent: list[tuple[NDArray, NDArray]] = []
        self._bias: list[NDArray] = []  # [4, 1, H] a layer; the first has it in its table
        for layer in range(self.layers):
            of_input = weights[f"lstm.{layer}.weight_ih_l0"]  # [4H, in]
            of_state = weights[f"lstm.{layer}.weight_hh_l0"]  # [4H, H]
            bias = weights[f"lstm.{layer}.bias_ih_l0"] + weights[f"lstm.{layer}.bias_hh_l0"]
            if layer == 0:
                table = weights["embedding.weight"] @ of_input.T + bias  # [V, 4H]
                # Gates first: [4, V, H].
                self._table = self._ready(self._gates(table.T).transpose(0, 2, 1))
                self._recurrent.append(self._twice(self._gates(of_state)))
            else:
                bias = bias + of_input @ np.broadcast_to(shift, self.hidden)
                both = np.concatenate([of_input * scale, of_state], axis=1)  # [4H, 2H]
                self._recurrent.append(self._twice(self._gates(both)))
                self._bias.append(self._ready(self._gates(bias)[:, None]))
            if f"norm.{layer}.weight" in weights:
                scale, shift = _affine(weights, layer)
            else:
                scale, shift = np.ones(()), np.zeros(())
        of_output = weights["output.weight"]  # [V, H]
        bias = weights["output.bias"] + of_output @ np.broadcast_to(shift, self.hidden)
        self._output = self._twice((of_output * scale)[None])  # [1, V, H]
        self._output_bias = self._ready(bias)  # [V]

    def _gates(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows [4H, ...] as [4, H, ...] in our order, those of the sigmoids halved.

        sigmoid(x) = (1 + tanh(x / 2)) / 2, so one tanh serves all four gates; to halve is exact.
        """
        blocks = rows.reshape(4, self.hidden, *rows.shape[1:])[list(_ORDER)]
        blocks[:3] *= 0.5
        return blocks

    def _ready(self, array: NDArray) -> NDArray:
        return np.ascontiguousarray(array, dtype=self.dtype)

    def _twice(self, matrices: NDArray) -> tuple[NDArray, NDArray]:
        """Matrices [G, M, N] as they stand, for one vector at a time, and turned, for many.

        OpenBLAS's kernels for AVX-512 take twice as long where they have to turn them themselves.
        """
        return self._ready(matrices), self._ready(matrices.transpose(0, 2, 1))

    def bind(self, works: Sequence[FillRequest]) -> "LSTMRuntime":
        """Itself: it hears what is given when it comes to it."""
        return self

    def initial_state(self, batch: int) -> NDArray:
        """A state that remembers nothing: zeros of shape [L, 2, B, H], h before c."""
        return np.zeros((self.layers, 2, batch, self.hidden), dtype=self.dtype)

    def step(self, ids: NDArray[np.int64], state: NDArray) -> tuple[NDArray, NDArray]:
        """Read one token of each stream and score the next.

        Parameters
        ----------
        ids : ndarray of int64, shape [B]
            Token ids.
        state : ndarray, shape [L, 2, B, H]
            State before them; it is not changed.

        Returns
        -------
        logits : ndarray, shape [B, V]
            Unnormalized log-probabilities of the next token.
        state : ndarray, shape [L, 2, B, H]
            State after them.
        """
        after = np.empty_like(state)
        for layer, weight in enumerate(self._recurrent):
            h, c = state[layer]  # [B, H] each
            if layer == 0:
                gates = _products(weight, h)  # [4, B, H]
                gates += self._table[:, ids]
            else:
                below = after[layer - 1, 0]  # [B, H]
                gates = _products(weight, np.concatenate([below, h], axis=1))
                gates += self._bias[layer - 1]
            np.tanh(gates, out=gates)
            sigmoids = gates[:3]
            sigmoids *= 0.5
            sigmoids += 0.5
            h_after, c_after = after[layer]
            np.multiply(gates[1], c, out=c_after)
            gates[0] *= gates[3]
            c_after += gates[0]
            np.tanh(c_after, out=h_after)
            h_after *= gates[2]
        logits = _products(self._output, after[-1, 0])[0]  # [B, V]
        logits += self._output_bias
        return logits, after

    def select(self, state: NDArray, rows: NDArray[np.int64]) -> NDArray:
        """The states of some streams: [L, 2, B, H] to [L, 2, B', H]."""
        return state[:, :, rows]

    def join(self, states: Sequence[NDArray]) -> NDArray:
        """The states of several batches as one batch, in their order."""
        return np.concatenate(states, axis=2)


def _products(weight: tuple[NDArray, NDArray], x: NDArray) -> NDArray:
    """Matrices [G, M, N], and turned, [G, N, M], times each row of `x` [B, N]: [G, B, M]."""
    rows, columns = weight
    if len(x) <= _FEW:
        # A block of weights stays in the cache while every stream is put through it.
        return np.matmul(rows[:, None], x[None, :, :, None])[..., 0]
    return product(x, columns)


def _affine(
    weights: Mapping[str, NDArray[np.float64]], layer: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Batch normalization with its running statistics as a factor and a summand, [H] each."""
    weight, bias, mean, var = (
        weights[f"norm.{layer}.{part}"]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    if (var < 0).any():
        raise CheckpointError(
            f"norm.{layer}.running_var holds a negative variance: get the checkpoint whole again"
        )
    scale = weight / np.sqrt(var + _EPSILON)
    return scale, bias - mean * scale
