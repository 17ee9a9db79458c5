"""The training text: every piece's tokens in one row, cut into lanes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.encoding import FIRST_PITCH, Vocabulary, encode
from bachbot.errors import TrainingError
from bachbot.training.config import TrainingConfig


@dataclass(frozen=True, eq=False)
class BatchRows:
    """One epoch's text, cut into lanes that are read side by side.

    Parameters
    ----------
    inputs, targets : ndarray of int64, shape [B, chunks * chunk]
        Tokens, and the token after each.
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]


class TokenText:
    """The training pieces, laid anew for every epoch.

    The pieces are shuffled, some are transposed if the config says so, and the row of them is
    turned by a random number of tokens, so that lanes and chunks begin elsewhere each time. All of
    it follows from seed and epoch alone: a place in the data is an epoch and a chunk.

    Parameters
    ----------
    chorales : sequence of Chorale
        The training part, in C major or A minor.
    config : TrainingConfig
        Batch, chunk, seed and transposition.
    vocabulary : Vocabulary
        What the ids mean.

    Raises
    ------
    TrainingError
        If the pieces are too few for one chunk in every lane.
    """

    def __init__(
        self, chorales: Sequence[Chorale], config: TrainingConfig, vocabulary: Vocabulary
    ) -> None:
        self._pieces = [encode(c, vocabulary).ids for c in chorales]
        self._config = config
        self._vocabulary = vocabulary
        self.tokens = sum(map(len, self._pieces))
        self.chunks = max(self.tokens - 1, 0) // config.batch // config.chunk
        """Chunks, and so steps, an epoch."""
        if self.chunks < 1:
            raise TrainingError(
                f"the training part holds {self.tokens} tokens, too few for {config.batch} lanes "
                f"of {config.chunk}: make batch or chunk smaller"
            )

    def lanes(self, epoch: int) -> BatchRows:
        """The text of an epoch, the same at every call.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        """
        config = self._config
        random = np.random.default_rng([config.seed, epoch])
        order = random.permutation(len(self._pieces))
        text = np.concatenate([self._heard_as(self._pieces[i], random) for i in order])
        text = np.roll(text, -int(random.integers(len(text))))  # [N]
        width = self.chunks * config.chunk
        # What is left over when the lanes are full is another stretch of music each epoch.
        return BatchRows(
            text[: config.batch * width].reshape(config.batch, width),
            text[1 : config.batch * width + 1].reshape(config.batch, width),
        )

    def _heard_as(self, ids: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        return moved(ids, drawn_shift(ids, random, self._config, self._vocabulary))


def drawn_shift(
    ids: NDArray[np.int64],
    random: np.random.Generator,
    config: TrainingConfig,
    vocabulary: Vocabulary,
) -> int:
    """How many semitones up a piece is heard this time; 0 is where it stands.

    Parameters
    ----------
    ids : ndarray of int64, any shape
        Its token ids.
    random : Generator
        Decides whether it is moved, and how far.
    config : TrainingConfig
        The share of pieces that are moved, and the most semitones.
    vocabulary : Vocabulary
        Its ends are not overstepped.
    """
    if not config.transposed or random.random() >= config.transposed:
        return 0
    notes = ids[ids >= FIRST_PITCH]
    room = len(vocabulary) - 1
    # Two ids a semitone, onset and tie; the limits keep both ends inside the vocabulary.
    down = min(config.semitones, (int(notes.min()) - FIRST_PITCH) // 2)
    up = min(config.semitones, (room - int(notes.max())) // 2)
    return int(random.integers(-down, up + 1))


def moved(ids: NDArray[np.int64], semitones: int) -> NDArray[np.int64]:
    """Token ids transposed."""
    return ids + 2 * semitones * (ids >= FIRST_PITCH)
