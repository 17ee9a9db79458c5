"""The lookahead network in NumPy, one token at a time, without torch.

The same sums as ``bachbot.models.lookahead`` in another order. What a piece gives is read once,
when the model is bound to it; what of each frame does not depend on the notes that are written is
worked out then as well. The embeddings, which only ever meet a matrix, are multiplied into tables.

Shapes: P pieces, T frames, B streams, V vocabulary, H hidden units of the decoder, G of the encoder
in each direction, R numbers that tell what is given in a frame, W units of the chain.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bachbot.encoding import FIRST_PITCH, Vocabulary
from bachbot.encoding.conditioning import FillRequest
from bachbot.encoding.token_intervals import CHROMAS
from bachbot.errors import UsageError
from bachbot.runtime.checkpoint import Checkpoint
from bachbot.runtime.lookahead.datastore import DatastoreRuntime
from bachbot.runtime.lookahead.stepper import LookaheadStepper

_INPUT, _FORGET, _CELL, _OUTPUT = range(4)  # torch's order of the gates
_ORDER = (_INPUT, _FORGET, _OUTPUT, _CELL)  # ours: the three sigmoids side by side


class LookaheadRuntime:
    """The network's weights, made ready to be bound to pieces.

    Parameters
    ----------
    checkpoint : Checkpoint
        Of kind ``"lookahead"``.
    dtype : dtype
        float32, or float64 where a rounding error may not flip a choice.

    Raises
    ------
    UsageError
        If the dtype is neither.
    CheckpointError
        If it looks pieces up and carries none.
    """

    foresees = True
    """It is told a piece's length beforehand."""

    def __init__(self, checkpoint: Checkpoint, *, dtype: DTypeLike = np.float32) -> None:
        self.vocabulary: Vocabulary = checkpoint.vocabulary
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise UsageError(f"a model cannot be stepped in {self.dtype}: take float32 or float64")
        self.told: bool = checkpoint.config["model"].get("told", True)
        self.hidden: int = checkpoint.config["model"]["hidden"]
        weights = {name: w.astype(np.float64) for name, w in checkpoint.weights.items()}
        self._fold(weights, checkpoint.config["model"])

    def bind(self, works: Sequence[FillRequest]) -> "LookaheadStepper":
        """The model as it writes what is missing of some pieces.

        Parameters
        ----------
        works : sequence of Work
            One or more: stream i is of piece i, or all are of the only one.

        Raises
        ------
        EncodingError
            If a given pitch is outside the vocabulary.
        """
        return LookaheadStepper(self, works)

    def _fold(self, weights: Mapping[str, NDArray[np.float64]], model: Mapping[str, int]) -> None:
        e, g, h = model["embedding"], model["encoder"], model["hidden"]
        embedding = embedding_table(weights)  # [V + 1, E]
        pause = weights["pause.weight"]  # [3, 16]
        read = 4 * e + 32 + 16 + 8 + 16 + 8 + 8
        self.tables = {"embedding": self._ready(embedding)} | {
            name: self._ready(weights[f"{name}.weight"])
            for name in ("place", "bar", "mode", "pause", "ends")
        }
        self.encoder = [
            [self._layer(weights, f"{way}.{layer}") for way in ("ahead", "back")]
            for layer in range(model["encoder_layers"])
        ]
        self.layers = [self._layer(weights, f"lstm.{layer}") for layer in range(model["layers"])]
        first = self._gates(weights["lstm.0.weight_ih_l0"])  # [4, H, 4 E + 16 + 2 G]
        past, context = np.split(first.reshape(4 * h, -1), [4 * e + 16], axis=1)
        self.context_gates = self._ready(context)  # [4 H, 2 G]
        frame = weights["frame.weight"]  # [W, H + 2 G + R + 4 E + 16]
        of_state, of_context, of_read, of_past = np.split(
            frame, np.cumsum([h, 2 * g, read]), axis=1
        )
        self.state_sum = self._ready(of_state.T)
        self.context_sum, self.read_sum = self._ready(of_context.T), self._ready(of_read.T)
        self.frame_bias = self._ready(weights["frame.bias"])
        # What the frame before adds to the gates, and beside them to the sums: 4 H + W columns.
        self.past = self._tables(np.concatenate([past, of_past]), embedding, pause)
        self.known_sum = self._tables(weights["known.weight"], embedding, pause)
        self.slot = self._ready(weights["slot.weight"])  # [5, W]
        self.chain = self._ready(weights["chain.weight"].T)
        self.chain_bias = self._ready(weights["chain.bias"])
        # One product for all that is made of the chain's units; where there is no interval, zero.
        heads = [
            np.column_stack([weights[f"{name}.weight"], weights[f"{name}.bias"]])
            for name in ("output", "recall.again", "intervals.harmonic", "intervals.melodic")
        ]  # [n, W + 1] each
        for at, blocks in ((2, 4), (3, 1)):
            parted = heads[at].reshape(blocks, -1, heads[at].shape[1])
            heads[at] = np.pad(parted, ((0, 0), (0, 1), (0, 0))).reshape(-1, parted.shape[2])
        self.shelf = None
        if "library.tokens" in weights:
            self.shelf = DatastoreRuntime(weights, len(self.vocabulary), self._ready)
            again = weights["library.again.weight"], weights["library.again.bias"]
            heads.append(np.column_stack(again))
        every = np.concatenate(heads)
        self.heads, self.heads_bias = self._ready(every[:, :-1].T), self._ready(every[:, -1])
        recalled, lengths = np.split(weights["recall.sum.weight"], [4 * e], axis=1)
        self.recalled_sum = [self._ready(embedding @ v.T) for v in np.split(recalled, 4, axis=1)]
        self.length_sums = [
            self._ready(weights[f"recall.{name}.weight"] @ part.T)
            for name, part in zip(("past", "ahead"), np.split(lengths, 2, axis=1), strict=True)
        ]
        self.agreed = self._ready(weights["recall.agreed.weight"])  # [2, W]

    def _ready(self, array: NDArray) -> NDArray:
        return np.ascontiguousarray(array, dtype=self.dtype)

    def _gates(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows [4H, ...] as [4, H, ...] in our order, those of the sigmoids halved.

        sigmoid(x) = (1 + tanh(x / 2)) / 2, so one tanh serves all four gates; to halve is exact.
        """
        blocks = rows.reshape(4, -1, *rows.shape[1:])[list(_ORDER)]
        blocks[:3] *= 0.5
        return blocks

    def _layer(
        self, weights: Mapping[str, NDArray[np.float64]], name: str
    ) -> tuple[NDArray, NDArray, NDArray]:
        """Input and recurrent weights, [in, 4H] and [H, 4H], and the bias, [4H]."""
        of_input, of_state = (
            self._gates(weights[f"{name}.weight_{part}_l0"]) for part in ("ih", "hh")
        )
        bias = self._gates(weights[f"{name}.bias_ih_l0"] + weights[f"{name}.bias_hh_l0"])
        flat = [self._ready(w.reshape(-1, w.shape[-1]).T) for w in (of_input, of_state)]
        return flat[0], flat[1], self._ready(bias.ravel())

    def _tables(
        self, matrix: NDArray[np.float64], embedding: NDArray[np.float64], pause: NDArray
    ) -> tuple[NDArray, NDArray]:
        """A matrix times the embeddings of four tokens and of a fermata: [4, V + 1, n], [3, n]."""
        *voices, rest = np.split(matrix, np.arange(1, 5) * embedding.shape[1], axis=1)
        return (
            self._ready(np.stack([embedding @ v.T for v in voices])),
            self._ready(pause @ rest.T),
        )


def embedding_table(weights: Mapping[str, NDArray]) -> NDArray:
    """What stands for each token where a lookahead network reads one, [V + 1, E].

    The sum of what the token is by itself, its pitch, its pitch class, and onset or tie; the last
    row is that of no token.

    Parameters
    ----------
    weights : mapping of str to ndarray
        The network's.
    """
    out = weights["embedding.token.weight"].copy()
    pitch = weights["embedding.pitch.weight"]
    chroma = weights["embedding.chroma.weight"][np.arange(len(pitch)) % CHROMAS]
    sums = (pitch + chroma)[:, None] + weights["embedding.tie.weight"]  # [P, 2, E]
    out[FIRST_PITCH:-1] += sums.reshape(-1, out.shape[1])
    return out
