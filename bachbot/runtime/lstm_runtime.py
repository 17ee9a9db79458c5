"""BachBot's LSTM: its config, and the network in NumPy, one token at a time, without torch.

The same network in torch is `bachbot.models.lstm`.

Shapes: B sequences, V vocabulary, E embedding, H hidden units, L layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bachbot.encoding import FillRequest, Vocabulary
from bachbot.errors import CheckpointError
from bachbot.runtime.activations import Activations, frame_states, named_layers
from bachbot.runtime.config_fields import check_fields, fraction, lstm_layer_shapes, whole_number
from bachbot.runtime.protocol import Weights, checked_dtype

_EPSILON = 1e-5  # torch's nn.BatchNorm1d adds it to the variance

_INPUT, _FORGET, _CELL, _OUTPUT = range(4)  # torch's order of the gates
_GATE_ORDER = (_INPUT, _FORGET, _OUTPUT, _CELL)  # ours: the three sigmoids side by side


@dataclass(frozen=True)
class LSTMConfig:
    """Size and regularization of the LSTM.

    Parameters
    ----------
    embedding : int
        Size of a token's embedding (E), 1 to 4096.
    layers : int
        LSTM layers (L), 1 to 16.
    hidden : int
        Units of a layer (H), 1 to 8192.
    dropout : float
        Share of each layer's outputs set to zero in training, 0 or more, less than 1.
    batch_norm : bool
        Whether each layer's output is batch-normalized (Ioffe and Szegedy, 2015), as the
        original's was. Statistics are taken over all B T tokens of a chunk.

    Raises
    ------
    UsageError
        If a value is out of bounds; the message names every fault.
    """

    embedding: int = whole_number(32, 1, 4096)
    layers: int = whole_number(3, 1, 16)
    hidden: int = whole_number(256, 1, 8192)
    dropout: float = fraction(0.3)
    batch_norm: bool = False

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def reads_metadata(self) -> bool:
        """False: it reads the notes and fermatas as tokens, and nothing else."""
        return False

    def weight_shapes(self, vocabulary: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights, as torch lays them out.

        Parameters
        ----------
        vocabulary : int
            Number of tokens (V).
        """
        shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (vocabulary, self.embedding)}
        for layer in range(self.layers):
            inputs = self.hidden if layer else self.embedding
            shapes |= lstm_layer_shapes(f"lstm.{layer}", inputs, self.hidden)
            if self.batch_norm:
                for part in ("weight", "bias", "running_mean", "running_var"):
                    shapes[f"norm.{layer}.{part}"] = (self.hidden,)
        shapes["output.weight"] = (vocabulary, self.hidden)
        shapes["output.bias"] = (vocabulary,)
        return shapes

    def embedding_table(self, weights: Weights) -> NDArray[np.floating]:
        """The embedding of each token, [V, E]."""
        return weights["embedding.weight"]


class LSTMRuntime:
    """A stack of LSTM layers and a projection onto the tokens, stepped in NumPy.

    Parameters
    ----------
    config : LSTMConfig
        Size.
    vocabulary : Vocabulary
        What the token ids mean.
    weights : mapping of str to ndarray
        As `LSTMConfig.weight_shapes` lists them.
    dtype : dtype
        float32 (about as exact as torch), or float64: half as fast, but a rounding error that
        depends on the machine practically never changes a choice between two tokens.

    Raises
    ------
    CheckpointError
        If a running variance of its batch normalization is negative.
    UsageError
        If the dtype is neither.
    """

    needs_length = False
    normalized = True

    def __init__(
        self,
        config: LSTMConfig,
        vocabulary: Vocabulary,
        weights: Weights,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.vocabulary = vocabulary
        self.dtype = checked_dtype(dtype)
        self.hidden, self.layers = config.hidden, config.layers
        self._fold({name: w.astype(np.float64) for name, w in weights.items()})

    def bind(self, requests: Sequence[FillRequest]) -> "LSTMRuntime":
        """Return itself: it reads what is given only when it comes to it."""
        return self

    def initial_state(self, batch: int) -> NDArray:
        """Zeros of shape [L, 2, B, H], h before c."""
        return np.zeros((self.layers, 2, batch, self.hidden), dtype=self.dtype)

    def step(self, ids: NDArray[np.int64], state: NDArray) -> tuple[NDArray, NDArray]:
        """Read one token of each sequence and score the next.

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
                gates = product(h, weight)  # [4, B, H]
                gates += self._table[:, ids]
            else:
                below = after[layer - 1, 0]  # [B, H]
                gates = product(np.concatenate([below, h], axis=1), weight)
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
        logits = product(after[-1, 0], self._output)  # [B, V]
        logits += self._output_bias
        return logits, after

    def select(self, state: NDArray, rows: NDArray[np.int64]) -> NDArray:
        """Pick the states of some sequences: [L, 2, B, H] to [L, 2, B', H]."""
        return state[:, :, rows]

    def join(self, states: Sequence[NDArray]) -> NDArray:
        """Put the states of several batches together as one batch, in order."""
        return np.concatenate(states, axis=2)

    def activations(self, requests: Sequence[FillRequest]) -> list[Activations]:
        """What each layer puts out after each frame (see `bachbot.runtime.activations`)."""
        states = frame_states(self, requests, lambda state: state[:, 0])
        return [named_layers("LSTM", piece[:, 1:]) for piece in states]

    def _fold(self, weights: Weights) -> None:
        """Multiply the embedding and the batch normalization into the matrices beside them."""
        scale, shift = np.ones(()), np.zeros(())  # of the output of the layer below
        self._recurrent: list[NDArray] = []  # [4, in + H, H] per layer; the first has no input
        self._bias: list[NDArray] = []  # [4, 1, H] per layer; that of the first is in its table
        for layer in range(self.layers):
            of_input = weights[f"lstm.{layer}.weight_ih_l0"]  # [4H, in]
            of_state = weights[f"lstm.{layer}.weight_hh_l0"]  # [4H, H]
            bias = weights[f"lstm.{layer}.bias_ih_l0"] + weights[f"lstm.{layer}.bias_hh_l0"]
            if layer == 0:
                table = weights["embedding.weight"] @ of_input.T + bias  # [V, 4H]
                # Gates first: [4, V, H].
                self._table = self._ready(halved_gates(table.T).transpose(0, 2, 1))
                self._recurrent.append(self._transposed(halved_gates(of_state)))
            else:
                bias = bias + of_input @ np.broadcast_to(shift, self.hidden)
                both = np.concatenate([of_input * scale, of_state], axis=1)  # [4H, 2H]
                self._recurrent.append(self._transposed(halved_gates(both)))
                self._bias.append(self._ready(halved_gates(bias)[:, None]))
            if f"norm.{layer}.weight" in weights:
                scale, shift = _affine(weights, layer)
            else:
                scale, shift = np.ones(()), np.zeros(())
        of_output = weights["output.weight"]  # [V, H]
        bias = weights["output.bias"] + of_output @ np.broadcast_to(shift, self.hidden)
        self._output = self._transposed(of_output * scale)  # [H, V]
        self._output_bias = self._ready(bias)  # [V]

    def _ready(self, array: NDArray) -> NDArray:
        return np.ascontiguousarray(array, dtype=self.dtype)

    def _transposed(self, matrices: NDArray) -> NDArray:
        """Matrices [..., M, N] as [..., N, M], which `product` takes."""
        return self._ready(np.swapaxes(matrices, -2, -1))


def halved_gates(rows: NDArray[np.floating]) -> NDArray[np.floating]:
    """Rows [4H, ...] as [4, H, ...] in the order input, forget, output, cell; sigmoids' halved.

    sigmoid(x) = (1 + tanh(x / 2)) / 2, so one tanh serves all four gates; halving is exact.

    Parameters
    ----------
    rows : ndarray, shape [4H, ...]
        Weights in torch's order of the gates: input, forget, cell, output.
    """
    blocks = rows.reshape(4, -1, *rows.shape[1:])[list(_GATE_ORDER)]
    blocks[:3] *= 0.5
    return blocks


def product(x: NDArray, matrix: NDArray) -> NDArray:
    """Multiply each row by a matrix, one row at a time: [B, N] times [N, M].

    No row's result depends on the others, to the last bit, so that a sequence is scored the same
    whatever stands beside it. A product of whole matrices rounds a row differently in matrices of
    more or fewer rows. It saves no time up to eight rows, and a sixth to a third of the time
    from forty on (``tests/benchmarks/test_stepping.py``).

    Parameters
    ----------
    x : ndarray, shape [B, N]
        The rows.
    matrix : ndarray, shape [N, M] or [G, N, M]
        One matrix, or several that each multiply all rows.

    Returns
    -------
    ndarray, shape [B, M] or [G, B, M]
        ``x @ matrix``, except for rounding; the caller may change it.
    """
    out: NDArray = np.matmul(x[:, None], matrix[..., None, :, :])[..., 0, :]
    return out


def _affine(weights: Weights, layer: int) -> tuple[NDArray, NDArray]:
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
