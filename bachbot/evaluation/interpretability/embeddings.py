"""The vectors that a network has for its notes: a flat picture of them, and how alike they are."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.runtime import Checkpoint

Side = Literal["read", "written"]
"""Where a network has a vector for each token: where it reads one, and where it scores one."""


@dataclass(frozen=True, eq=False)
class Flattened:
    """Points in the plane that shows most of them.

    Parameters
    ----------
    points : ndarray of float64, shape [N, 2]
        Coordinates along the two widest directions, about their mean.
    share : ndarray of float64, shape [2]
        Share of all variance that lies along each, 0 to 1.
    """

    points: NDArray[np.float64]
    share: NDArray[np.float64]


def pitch_vectors(
    checkpoint: Checkpoint, low: int, high: int, *, side: Side = "read", tied: bool = False
) -> NDArray[np.float32]:
    """The learned vectors of a range of pitches.

    Parameters
    ----------
    checkpoint : Checkpoint
        A trained model of any kind.
    low, high : int
        MIDI pitches, both included. Those that the training part hardly has mean little.
    side : {"read", "written"}
        The embedding that stands for a token where it is read, or the weights that score it where
        it is written; those of a lookahead network are for what its intervals leave to the pitch.
    tied : bool
        Of a note that sounds on, not of one that begins.

    Returns
    -------
    ndarray of float32, shape [N, E]
        One row a pitch, upwards.

    Raises
    ------
    EncodingError
        If the range leaves the vocabulary.
    UsageError
        If it is empty.
    """
    if high < low:
        raise UsageError(f"there is no pitch from {low} to {high}: give the lower one first")
    pitch = np.arange(low, high + 1).astype(np.int16)
    ids = checkpoint.vocabulary.ids_of(pitch, np.full(len(pitch), tied))
    if side == "written":
        table = checkpoint.weights["output.weight"]
    else:
        table = checkpoint.model_config.embedding_table(checkpoint.weights)
    found: NDArray[np.float32] = table[ids]
    return found


def flattened(vectors: NDArray[np.floating]) -> Flattened:
    """Show vectors in two dimensions, by principal components.

    Pearson, "On lines and planes of closest fit to systems of points in space", *Philosophical
    Magazine* 2(11), 1901, by singular value decomposition. A direction has no sign of its own: it
    is turned so that the point farthest along it lies on the positive side.

    Parameters
    ----------
    vectors : ndarray of float, shape [N, E]
        N and E of 2 or more.

    Raises
    ------
    UsageError
        If there are too few.
    """
    if vectors.ndim != 2 or min(vectors.shape) < 2:
        raise UsageError(f"vectors of shape {vectors.shape} span no plane: give two or more")
    centerd = vectors - vectors.mean(axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(centerd, full_matrices=False)
    points = left[:, :2] * sizes[:2]
    farthest = points[np.abs(points).argmax(axis=0), [0, 1]]
    whole = float((sizes**2).sum())
    share = sizes[:2] ** 2 / whole if whole else np.zeros(2)
    return Flattened(points * np.where(farthest < 0, -1, 1), share)


def likeness_by_interval(vectors: NDArray[np.floating], widest: int = 24) -> NDArray[np.float64]:
    """How alike the vectors of two pitches are, by the interval between them.

    Parameters
    ----------
    vectors : ndarray of float, shape [N, E]
        One row a pitch, upwards in semitones, as `pitch_vectors` gives them.
    widest : int
        The widest interval in semitones, 1 to N - 1.

    Returns
    -------
    ndarray of float64, shape [widest]
        Mean cosine between the vectors of pitches 1, 2, ... semitones apart, -1 to 1, about the
        mean of all.

    Raises
    ------
    UsageError
        If there is no such interval among the pitches.
    """
    if not 1 <= widest < len(vectors):
        raise UsageError(
            f"{len(vectors)} pitches are not {widest} semitones apart: give 1 to {len(vectors) - 1}"
        )
    centerd = vectors - vectors.mean(axis=0, dtype=np.float64)
    lengths = np.linalg.norm(centerd, axis=1, keepdims=True)
    unit = np.divide(centerd, lengths, out=np.zeros_like(centerd), where=lengths > 0)
    cosines = unit @ unit.T
    return np.array([np.diagonal(cosines, k).mean() for k in range(1, widest + 1)])
