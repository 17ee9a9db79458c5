"""The lookahead network's config and its weights by name.

The names of weights are those of the modules of `bachbot.models.lookahead`, and a checkpoint once
written keeps them, so some are shorter than the terms used elsewhere:

==================================  ==============================================================
``embedding.{token,pitch,chroma,    a token's embedding is the sum of what it is by itself, its
tie}``                              pitch, its pitch class, and onset or tie
``place``, ``bar``, ``mode``,       embeddings of the metrical position, the length of the measure,
``pause``, ``ends``                 the mode, the fermata, and the distance from either end
``ahead.N``, ``back.N``             encoder layers that run forwards and backwards
``lstm.N``                          decoder layers over the frames written so far
``frame``, ``known``, ``slot``      inputs of the frame decoder: of the frame, of what is known of
                                    it, and of what is written next
``chain``                           hidden layer of the frame decoder
``output``, ``intervals.*``         scores of tokens, by themselves and by melodic and harmonic
                                    intervals
``recall.*``                        the copy mechanism (`bachbot.encoding.copying`)
``datastore.*``                     nearest neighbors (`bachbot.encoding.datastore`) and the
                                    datastore itself
==================================  ==============================================================
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import FIRST_PITCH
from bachbot.encoding.conditioning import BARS, MAX_BEATS, MODES, POSITIONS
from bachbot.encoding.copying import LENGTH_BOUNDS
from bachbot.encoding.datastore import MAX_FRAMES
from bachbot.encoding.token_intervals import MELODIC_INTERVALS, PITCH_CLASSES
from bachbot.runtime.config_fields import (
    check_fields,
    fraction,
    lstm_layer_shapes,
    whole_number,
)
from bachbot.runtime.protocol import Weights

POSITION_SIZE, BAR_SIZE, MODE_SIZE, FERMATA_SIZE, ENDS_SIZE, LENGTH_SIZE = 32, 16, 8, 16, 8, 8
"""Sizes of the embeddings that the config does not set; the last is of the length of a match."""

SLOTS = 5
"""What is written in a frame: a fermata or none, then S, A, T, B."""


@dataclass(frozen=True)
class LookaheadConfig:
    """Size and regularization of the network.

    Parameters
    ----------
    embedding : int
        Size of a token's embedding (E), 1 to 4096.
    encoder_layers : int
        Layers of the encoder, each of two directions, 1 to 16.
    encoder : int
        Units of each direction (G), 1 to 8192.
    layers : int
        Layers of the decoder (L), 1 to 16.
    hidden : int
        Units of each (H), 1 to 8192.
    width : int
        Units of the frame decoder (W), 1 to 8192.
    dropout : float
        Share of outputs set to zero in training, 0 or more, less than 1.
    token_dropout : float
        Share of the tokens read by the decoder that are hidden from it in training, 0 or more,
        less than 1.
    use_metadata : bool
        Whether metrical position, meter, mode and fermatas are read. If not, as suits music of
        which they are not known, they are taken as unknown, every frame as one without a fermata,
        and a clock that starts with the piece stands for the metrical position.
    datastore_frames : int
        Frames of the training pieces that it searches for neighbors
        (`bachbot.encoding.datastore`), 0 to 1,048,576; 0 means that it has no datastore.

    Raises
    ------
    UsageError
        If a value is out of bounds; the message names every fault.
    """

    embedding: int = whole_number(48, 1, 4096)
    encoder_layers: int = whole_number(2, 1, 16)
    encoder: int = whole_number(128, 1, 8192)
    layers: int = whole_number(2, 1, 16)
    hidden: int = whole_number(256, 1, 8192)
    width: int = whole_number(512, 1, 8192)
    dropout: float = fraction(0.3)
    token_dropout: float = fraction(0.05)
    use_metadata: bool = True
    datastore_frames: int = whole_number(0, 0, MAX_FRAMES)

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def reads_metadata(self) -> bool:
        """Whether metrical position, meter, mode and fermatas are read beside the notes."""
        return self.use_metadata

    @property
    def read_size(self) -> int:
        """Size of what the encoder reads of a frame (R)."""
        metadata = POSITION_SIZE + BAR_SIZE + MODE_SIZE + FERMATA_SIZE + 2 * ENDS_SIZE
        return 4 * self.embedding + metadata

    @property
    def frame_size(self) -> int:
        """Size of what the decoder reads of a frame: four tokens and a fermata."""
        return 4 * self.embedding + FERMATA_SIZE

    def weight_shapes(self, vocabulary: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights, as torch lays them out.

        Parameters
        ----------
        vocabulary : int
            Number of tokens (V).
        """
        e, g, h, w = self.embedding, self.encoder, self.hidden, self.width
        read, past = self.read_size, self.frame_size
        lengths = (len(LENGTH_BOUNDS) + 1, LENGTH_SIZE)
        shapes: dict[str, tuple[int, ...]] = {
            "embedding.token.weight": (vocabulary + 1, e),
            "embedding.pitch.weight": ((vocabulary - FIRST_PITCH) // 2, e),
            "embedding.chroma.weight": (PITCH_CLASSES, e),
            "embedding.tie.weight": (2, e),
            "place.weight": (POSITIONS, POSITION_SIZE),
            "bar.weight": (BARS, BAR_SIZE),
            "mode.weight": (MODES, MODE_SIZE),
            "pause.weight": (3, FERMATA_SIZE),
            "ends.weight": (2 * (MAX_BEATS + 1), ENDS_SIZE),
            "frame.weight": (w, h + 2 * g + read + past),
            "frame.bias": (w,),
            "known.weight": (w, past),
            "slot.weight": (SLOTS, w),
            "chain.weight": (w, w),
            "chain.bias": (w,),
            "output.weight": (vocabulary, w),
            "output.bias": (vocabulary,),
            "intervals.melodic.weight": (MELODIC_INTERVALS, w),
            "intervals.melodic.bias": (MELODIC_INTERVALS,),
            "intervals.harmonic.weight": (4 * PITCH_CLASSES, w),
            "intervals.harmonic.bias": (4 * PITCH_CLASSES,),
            "recall.past.weight": lengths,
            "recall.ahead.weight": lengths,
            "recall.sum.weight": (w, 4 * e + 2 * LENGTH_SIZE),
            "recall.agreed.weight": (2, w),
            "recall.again.weight": (1, w),
            "recall.again.bias": (1,),
        }
        if self.datastore_frames:
            shapes |= {
                "datastore.tokens": (self.datastore_frames, 4),
                "datastore.soprano.weight": lengths,
                "datastore.past.weight": lengths,
                "datastore.query.weight": (2 * LENGTH_SIZE, w),
                "datastore.query.bias": (2 * LENGTH_SIZE,),
            }
        for layer in range(self.encoder_layers):
            for direction in ("ahead", "back"):
                inputs = 2 * g if layer else read
                shapes |= lstm_layer_shapes(f"{direction}.{layer}", inputs, g)
        for layer in range(self.layers):
            shapes |= lstm_layer_shapes(f"lstm.{layer}", h if layer else past + 2 * g, h)
        return shapes

    def embedding_table(self, weights: Weights) -> NDArray[np.floating]:
        """The embedding of each token, [V + 1, E]; the last row is that of no token.

        The sum of what the token is by itself, its pitch, its pitch class, and onset or tie.
        """
        out = weights["embedding.token.weight"].copy()
        pitch = weights["embedding.pitch.weight"]
        chroma = weights["embedding.chroma.weight"][np.arange(len(pitch)) % PITCH_CLASSES]
        sums = (pitch + chroma)[:, None] + weights["embedding.tie.weight"]  # [P, 2, E]
        out[FIRST_PITCH:-1] += sums.reshape(-1, out.shape[1])
        return out
