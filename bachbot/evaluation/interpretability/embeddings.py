"""Embeddings of pitches: their projection to a plane, and their similarity by interval."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.runtime import Checkpoint

Side = Literal["input", "output"]
"""The input embedding of a token, or its row of weights in the output layer."""


@dataclass(frozen=True, eq=False)
class PlaneProjection:
    """Vectors projected to the plane of their first two principal components.

    Parameters
    ----------
    points : ndarray of float64, shape [N, 2]
        Coordinates along the two components, about their mean.
    share : ndarray of float64, shape [2]
        Share of the variance that each component explains, 0 to 1.
    """

    points: NDArray[np.float64]
    share: NDArray[np.float64]


def pitch_vectors(
    checkpoint: Checkpoint, low: int, high: int, *, side: Side = "input", tied: bool = False
) -> NDArray[np.float32]:
    """The learned vectors of a range of pitches.

    Parameters
    ----------
    checkpoint : Checkpoint
        A trained model of any kind.
    low, high : int
        MIDI pitches, both included. Vectors of pitches that are rare in the training part mean
        little.
    side : {"input", "output"}
        The input embedding, or the weights of the output layer; in a look-ahead network the latter
        score what its features of intervals leave to the pitch itself.
    tied : bool
        Vectors of the ties of these pitches instead of their onsets.

    Returns
    -------
    ndarray of float32, shape [N, E]
        One row for each pitch, ascending.

    Raises
    ------
    EncodingError
        If the range is not within the vocabulary.
    UsageError
        If it is empty.
    """
    if high < low:
        raise UsageError(f"there is no pitch from {low} to {high}: give the lower one first")
    pitch = np.arange(low, high + 1).astype(np.int16)
    ids = checkpoint.vocabulary.ids_of(pitch, np.full(len(pitch), tied))
    if side == "output":
        table = checkpoint.weights["output.weight"]
    else:
        table = checkpoint.model_config.embedding_table(checkpoint.weights)
    vectors: NDArray[np.float32] = table[ids]
    return vectors


def project_to_plane(vectors: NDArray[np.floating]) -> PlaneProjection:
    """Project vectors to their first two principal components.

    Pearson, "On lines and planes of closest fit to systems of points in space", *Philosophical
    Magazine* 2(11), 1901, by singular value decomposition. The sign of a component is arbitrary: it
    is chosen so that the point farthest along the component is on the positive side.

    Parameters
    ----------
    vectors : ndarray of float, shape [N, E]
        N and E of 2 or more.

    Raises
    ------
    UsageError
        If N or E is smaller.
    """
    if vectors.ndim != 2 or min(vectors.shape) < 2:
        raise UsageError(f"vectors of shape {vectors.shape} span no plane: give two or more")
    centered = vectors - vectors.mean(axis=0, dtype=np.float64)
    left, sizes, _ = np.linalg.svd(centered, full_matrices=False)
    points = left[:, :2] * sizes[:2]
    farthest = points[np.abs(points).argmax(axis=0), [0, 1]]
    total = float((sizes**2).sum())
    share = sizes[:2] ** 2 / total if total else np.zeros(2)
    return PlaneProjection(points * np.where(farthest < 0, -1, 1), share)


def similarity_by_interval(vectors: NDArray[np.floating], widest: int = 24) -> NDArray[np.float64]:
    """Mean cosine similarity of the vectors of two pitches, by the interval between them.

    Parameters
    ----------
    vectors : ndarray of float, shape [N, E]
        One row for each pitch, ascending by semitones, from `pitch_vectors`.
    widest : int
        The widest interval in semitones, 1 to N - 1.

    Returns
    -------
    ndarray of float64, shape [widest]
        Similarity of vectors 1, 2, ... semitones apart, -1 to 1, about the mean of all vectors.

    Raises
    ------
    UsageError
        If there is no such interval among the pitches.
    """
    if not 1 <= widest < len(vectors):
        raise UsageError(
            f"{len(vectors)} pitches are not {widest} semitones apart: give 1 to {len(vectors) - 1}"
        )
    centered = vectors - vectors.mean(axis=0, dtype=np.float64)
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    unit = np.divide(centered, lengths, out=np.zeros_like(centered), where=lengths > 0)
    cosines = unit @ unit.T
    return np.array([np.diagonal(cosines, k).mean() for k in range(1, widest + 1)])
