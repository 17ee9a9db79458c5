"""Training data of a model that reads one token after another: all pieces in one long row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.encoding import FIRST_PITCH, Vocabulary, encode
from bachbot.errors import TrainingError
from bachbot.training.config import DataConfig


@dataclass(frozen=True, eq=False)
class BatchRows:
    """The tokens of an epoch, cut into rows that are read side by side.

    Parameters
    ----------
    inputs, targets : ndarray of int64, shape [B, chunks * chunk_tokens]
        Each token, and the token after it.
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]


class TokenDataset:
    """The tokens of the training pieces, joined in a new order for every epoch.

    The pieces are shuffled, some are transposed if the config says so, and the row of all tokens
    is rotated by a random number, so that rows and chunks start at other tokens each time. All of
    it follows from seed and epoch alone: epoch and chunk determine the data of a step.

    Parameters
    ----------
    chorales : sequence of Chorale
        The training part, in C major or A minor.
    data : DataConfig
        Rows of a batch and transposition.
    chunk_tokens : int
        Tokens of a row that a step reads.
    seed : int
        Seed of order, rotation and transposition.
    vocabulary : Vocabulary
        Meaning of the token ids.

    Attributes
    ----------
    tokens : int
        Tokens of all pieces.
    chunks : int
        Chunks, and so steps, per epoch.

    Raises
    ------
    TrainingError
        If there are too few tokens for one chunk in every row.
    """

    def __init__(
        self,
        chorales: Sequence[Chorale],
        data: DataConfig,
        chunk_tokens: int,
        seed: int,
        vocabulary: Vocabulary,
    ) -> None:
        self._pieces = [encode(c, vocabulary).ids for c in chorales]
        self._data, self._chunk_tokens, self._seed = data, chunk_tokens, seed
        self._vocabulary = vocabulary
        self.tokens = sum(map(len, self._pieces))
        self.chunks = max(self.tokens - 1, 0) // data.batch_size // chunk_tokens
        if self.chunks < 1:
            raise TrainingError(
                f"the training part has {self.tokens} tokens, too few for {data.batch_size} rows "
                f"of {chunk_tokens}: give a smaller batch_size or chunk_tokens"
            )

    def rows(self, epoch: int) -> BatchRows:
        """The tokens of an epoch, the same at every call.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        """
        random = np.random.default_rng([self._seed, epoch])
        order = random.permutation(len(self._pieces))
        ids = np.concatenate([self._augment(self._pieces[i], random) for i in order])
        ids = np.roll(ids, -int(random.integers(len(ids))))  # [N]
        rows, width = self._data.batch_size, self.chunks * self._chunk_tokens
        # The tokens that are left over are others in each epoch.
        return BatchRows(
            ids[: rows * width].reshape(rows, width),
            ids[1 : rows * width + 1].reshape(rows, width),
        )

    def _augment(self, ids: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
        return transpose_ids(ids, sample_transposition(ids, random, self._data, self._vocabulary))


def sample_transposition(
    ids: NDArray[np.int64], random: np.random.Generator, data: DataConfig, vocabulary: Vocabulary
) -> int:
    """Sample by how many semitones a piece is transposed up; 0 leaves it as it is.

    Parameters
    ----------
    ids : ndarray of int64, any shape
        Its token ids.
    random : Generator
        Decides whether it is transposed, and how far.
    data : DataConfig
        Share of the pieces that are transposed, and the largest transposition.
    vocabulary : Vocabulary
        No note leaves its range.
    """
    if not data.transpose_share or random.random() >= data.transpose_share:
        return 0
    notes = ids[ids >= FIRST_PITCH]
    last = len(vocabulary) - 1
    # A semitone is two ids, onset and tie; the limits keep all notes inside the vocabulary.
    down = min(data.max_semitones, (int(notes.min()) - FIRST_PITCH) // 2)
    up = min(data.max_semitones, (last - int(notes.max())) // 2)
    return int(random.integers(-down, up + 1))


def transpose_ids(ids: NDArray[np.int64], semitones: int) -> NDArray[np.int64]:
    """Token ids of the same notes, transposed up."""
    return ids + 2 * semitones * (ids >= FIRST_PITCH)
