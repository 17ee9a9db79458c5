"""The lookahead network's weights, folded so that a step does as little as possible.

Embeddings, which only ever meet a matrix, are multiplied into tables, and matrices that meet the
same input are put side by side. Shapes: V vocabulary, E embedding, H hidden units of the decoder, G
of the encoder in each direction, R numbers read of a frame, W units of the frame decoder.
"""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bachbot.encoding import Vocabulary
from bachbot.encoding.token_intervals import PITCH_CLASSES
from bachbot.runtime.lookahead.config import LENGTH_SIZE, LookaheadConfig
from bachbot.runtime.lookahead.datastore import DatastoreRuntime
from bachbot.runtime.lookahead.encoder import Layer
from bachbot.runtime.lstm_runtime import halved_gates
from bachbot.runtime.protocol import Weights, checked_dtype

EMBEDDINGS = {
    "position": "place",
    "bar": "bar",
    "mode": "mode",
    "fermata": "pause",
    "ends": "ends",
}
"""Embeddings of the metadata, and the names of their weights."""


class FoldedWeights:
    """The network's weights as the stepper reads them.

    Parameters
    ----------
    config : LookaheadConfig
        Size.
    vocabulary : Vocabulary
        What the token ids mean.
    weights : mapping of str to ndarray
        As `LookaheadConfig.weight_shapes` lists them.
    dtype : dtype
        float32 or float64.

    Attributes
    ----------
    embeddings : dict of str to ndarray
        What the encoder reads: of tokens under ``"embedding"``, and of the metadata.
    encoder : list of list of Layer
        Forwards and backwards, from the lowest layer up.
    decoder : list of Layer
        From the lowest layer up.
    context_gates : ndarray, shape [4 H, 2 G]
        From the encoder's output to the gates of the lowest decoder layer.
    state_input, context_input, read_input : ndarray, shapes [H, W], [2 G, W], [R, W]
        From the decoder's state, the encoder's output and what it read to the frame decoder.
    last_frame : tuple of ndarray, shapes [4, V + 1, 4 H + W] and [3, 4 H + W]
        What the tokens and the fermata of the frame before add to the gates of the lowest decoder
        layer and, beside them, to the input of the frame decoder.
    this_frame : tuple of ndarray, shapes [4, V + 1, W] and [3, W]
        What the tokens and the fermata that are known of the frame add to that input.
    slot : ndarray, shape [5, W]
        What the slot to be written adds to it.
    copied : list of ndarray, shape [V + 1, W] each
        What the tokens of the frame that may be copied add to it, voice by voice.
    copy_lengths : list of ndarray, shape [lengths, W] each
        What the lengths of its match, past and ahead, add to it.
    agreement : ndarray, shape [2, W]
        What is added if the frame has not, or has, agreed with it so far.
    hidden, hidden_bias : ndarray, shapes [W, W] and [W]
        Hidden layer of the frame decoder.
    heads, heads_bias : ndarray, shapes [W, n] and [n]
        All that is computed from its hidden layer in one product: scores of the V tokens, the
        score of the copied token, 4 times 13 scores of harmonic intervals, 52 of melodic ones, and
        the query to the datastore. The last score of each set of intervals is 0: of none.
    datastore : DatastoreRuntime or None
        Where neighbors are retrieved.

    Raises
    ------
    UsageError
        If the dtype is neither.
    CheckpointError
        If the datastore does not hold pieces.
    """

    def __init__(
        self, config: LookaheadConfig, vocabulary: Vocabulary, weights: Weights, dtype: DTypeLike
    ) -> None:
        self.dtype = checked_dtype(dtype)
        weights = {name: w.astype(np.float64) for name, w in weights.items()}
        embedding = config.embedding_table(weights)  # [V + 1, E]
        self.embeddings = {"embedding": self._ready(embedding)} | {
            name: self._ready(weights[f"{stored}.weight"]) for name, stored in EMBEDDINGS.items()
        }
        self.encoder = [
            [self._layer(weights, f"{direction}.{layer}") for direction in ("ahead", "back")]
            for layer in range(config.encoder_layers)
        ]
        self.decoder = [self._layer(weights, f"lstm.{layer}") for layer in range(config.layers)]
        self._fold_frame_inputs(config, weights, embedding)
        self._fold_copy_mechanism(weights, embedding)
        self.hidden = self._ready(weights["chain.weight"].T)
        self.hidden_bias = self._ready(weights["chain.bias"])
        self.datastore = None
        if config.datastore_frames:
            self.datastore = DatastoreRuntime(weights, len(vocabulary), self._ready)
        self._fold_heads(weights)

    def _fold_frame_inputs(
        self, config: LookaheadConfig, weights: Weights, embedding: NDArray
    ) -> None:
        e, g, h = config.embedding, config.encoder, config.hidden
        fermata = weights["pause.weight"]  # [3, 16]
        lowest = halved_gates(weights["lstm.0.weight_ih_l0"])  # [4, H, 4 E + 16 + 2 G]
        past_gates, context_gates = np.split(lowest.reshape(4 * h, -1), [config.frame_size], axis=1)
        self.context_gates = self._ready(context_gates)
        of_state, of_context, of_read, of_past = np.split(
            weights["frame.weight"], np.cumsum([h, 2 * g, config.read_size]), axis=1
        )  # [W, H], [W, 2 G], [W, R], [W, 4 E + 16]
        self.state_input = self._ready(of_state.T)
        self.context_input, self.read_input = self._ready(of_context.T), self._ready(of_read.T)
        self.frame_bias = self._ready(weights["frame.bias"])
        past = np.concatenate([past_gates, of_past])
        self.last_frame = self._tables(past, embedding, fermata, e)
        self.this_frame = self._tables(weights["known.weight"], embedding, fermata, e)
        self.slot = self._ready(weights["slot.weight"])

    def _fold_copy_mechanism(self, weights: Weights, embedding: NDArray) -> None:
        width = 4 * embedding.shape[1]
        tokens, lengths = np.split(weights["recall.sum.weight"], [width], axis=1)
        self.copied = [self._ready(embedding @ v.T) for v in np.split(tokens, 4, axis=1)]
        self.copy_lengths = [
            self._ready(weights[f"recall.{name}.weight"] @ part.T)
            for name, part in zip(
                ("past", "ahead"), np.split(lengths, [LENGTH_SIZE], axis=1), strict=True
            )
        ]
        self.agreement = self._ready(weights["recall.agreed.weight"])

    def _fold_heads(self, weights: Weights) -> None:
        output, copy, harmonic, melodic = (
            np.column_stack([weights[f"{name}.weight"], weights[f"{name}.bias"]])
            for name in ("output", "recall.again", "intervals.harmonic", "intervals.melodic")
        )  # [n, W + 1] each
        harmonic = harmonic.reshape(4, PITCH_CLASSES, -1)
        heads = [
            output,
            copy,
            np.pad(harmonic, ((0, 0), (0, 1), (0, 0))).reshape(-1, harmonic.shape[2]),
            np.pad(melodic, ((0, 1), (0, 0))),
        ]
        if self.datastore:
            query = weights["datastore.query.weight"], weights["datastore.query.bias"]
            heads.append(np.column_stack(query))
        joined = np.concatenate(heads)
        self.heads, self.heads_bias = self._ready(joined[:, :-1].T), self._ready(joined[:, -1])

    def _ready(self, array: NDArray) -> NDArray:
        return np.ascontiguousarray(array, dtype=self.dtype)

    def _layer(self, weights: Weights, name: str) -> Layer:
        """Input and recurrent weights, [in, 4H] and [H, 4H], and the bias, [4H]."""
        of_input, of_state = (
            halved_gates(weights[f"{name}.weight_{part}_l0"]) for part in ("ih", "hh")
        )
        bias = halved_gates(weights[f"{name}.bias_ih_l0"] + weights[f"{name}.bias_hh_l0"])
        flat = [self._ready(w.reshape(-1, w.shape[-1]).T) for w in (of_input, of_state)]
        return flat[0], flat[1], self._ready(bias.ravel())

    def _tables(
        self, matrix: NDArray, embedding: NDArray, fermata: NDArray, size: int
    ) -> tuple[NDArray, NDArray]:
        """A matrix times the embeddings of four tokens and of a fermata: [4, V + 1, n], [3, n]."""
        *voices, rest = np.split(matrix, np.arange(1, 5) * size, axis=1)
        return (
            self._ready(np.stack([embedding @ v.T for v in voices])),
            self._ready(fermata @ rest.T),
        )
