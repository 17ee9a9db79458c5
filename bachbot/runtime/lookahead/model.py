"""The lookahead network in NumPy, made ready to be bound to pieces.

The same network in torch is `bachbot.models.lookahead`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from bachbot.encoding import FillRequest, Vocabulary
from bachbot.runtime.activations import Activations, frame_states, named_layers
from bachbot.runtime.lookahead.config import LookaheadConfig
from bachbot.runtime.lookahead.stepper import LookaheadStepper
from bachbot.runtime.lookahead.weights import FoldedWeights
from bachbot.runtime.protocol import Weights


class LookaheadRuntime:
    """The lookahead network, stepped in NumPy.

    Parameters
    ----------
    config : LookaheadConfig
        Size.
    vocabulary : Vocabulary
        What the token ids mean.
    weights : mapping of str to ndarray
        As `LookaheadConfig.weight_shapes` lists them.
    dtype : dtype
        float32, or float64 where a rounding error must not change a choice.

    Raises
    ------
    UsageError
        If the dtype is neither.
    CheckpointError
        If its datastore does not hold pieces.
    """

    needs_length = True

    def __init__(
        self,
        config: LookaheadConfig,
        vocabulary: Vocabulary,
        weights: Weights,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.config, self.vocabulary = config, vocabulary
        self.weights = FoldedWeights(config, vocabulary, weights, dtype)

    def bind(self, requests: Sequence[FillRequest]) -> LookaheadStepper:
        """Read what is given of some pieces, and prepare to write what is missing.

        Parameters
        ----------
        requests : sequence of FillRequest
            One or more: sequence i belongs to piece i, or all belong to the only one.

        Raises
        ------
        EncodingError
            If a given pitch is outside the vocabulary.
        UsageError
            If there is no piece.
        """
        return LookaheadStepper(self.config, self.vocabulary, self.weights, requests)

    def activations(self, requests: Sequence[FillRequest]) -> list[Activations]:
        """What each layer holds at each frame (see `bachbot.runtime.activations`)."""
        bound = self.bind(requests)
        states = frame_states(bound, requests, lambda state: state.lstm[:, 0])
        found = []
        for row, (request, piece) in enumerate(zip(requests, states, strict=True)):
            layers: Activations = {}
            for number, layer in enumerate(bound.encoded, start=1):
                forwards, backwards = np.split(layer[row, : request.chorale.frames], 2, axis=-1)
                layers[f"encoder {number}, forwards"] = forwards  # [T, G]
                layers[f"encoder {number}, backwards"] = backwards  # [T, G]
            found.append(layers | named_layers("decoder", piece[:, :-1]))
        return found
