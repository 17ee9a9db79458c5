"""Which earlier frame each frame may copy: the one whose context matches it longest.

Chorales repeat themselves, above all their first section. A network that sees what followed when
the music last went as it goes now learns when to write it again. The earlier frame is where the
longest match ends, as in the match models of data compression (Teahan and Cleary, *Models of
English text*, DCC 1997); what is given of the frames to come is matched as well.

Shapes: B pieces or sequences, T frames, D distances that are searched back.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_DISTANCE = 1024
"""Frames that are searched back at most (D), 64 measures of 4/4."""

MAX_MATCH = 64
"""Frames up to which the length of a match is counted."""

LENGTH_BOUNDS = (1, 2, 4, 8, 12, 16, 24, 32, 48)
"""Lengths of a match at which the next class begins; class 0 is no match."""


@dataclass(frozen=True, eq=False)
class Copies:
    """The earlier frame that each frame may copy.

    Parameters
    ----------
    distance : ndarray of int64, any shape
        How many frames back it is; 0 if there is none.
    past, ahead : ndarray of int64, same shape
        How long the frames before the two are the same, and how long what is given from them on
        is: classes of lengths, 0 to ``len(LENGTH_BOUNDS)``.
    """

    distance: NDArray[np.int64]
    past: NDArray[np.int64]
    ahead: NDArray[np.int64]


def find_copies(tokens: NDArray[np.int64], given: NDArray[np.int64], none: int) -> Copies:
    """Find the frame that every frame of whole pieces may copy.

    Parameters
    ----------
    tokens : ndarray of int64, shape [B, T, 4]
        All tokens of the pieces; those from a frame on have no effect on what it may copy.
    given : ndarray of int64, shape [B, T, 4]
        The given ones, all of which may have an effect.
    none : int
        What `given` holds where nothing is given.

    Returns
    -------
    Copies
        Of shape [B, T].
    """
    pieces, frames = tokens.shape[:2]
    ahead = given_matches(given, none)
    ids = frame_ids(tokens)
    past = no_matches(pieces, frames)
    found = np.zeros((3, pieces, frames), dtype=np.int64)
    for frame in range(1, frames):
        past = extend_matches(past, ids, frame)
        best = choose_copy(past, ahead[:, frame], frame)
        found[:, :, frame] = best.distance, best.past, best.ahead
    return Copies(*found)


def frame_ids(tokens: NDArray[np.integer]) -> NDArray[np.int64]:
    """Give each frame [..., T] a number that no frame of other tokens has."""
    narrow = np.ascontiguousarray(tokens, dtype=np.int16)
    return narrow.view(np.int64)[..., 0]


def no_matches(batch: int, frames: int) -> NDArray[np.uint8]:
    """Lengths of matches before the first frame: zeros, [B, D]."""
    return np.zeros((batch, min(max(frames - 1, 1), MAX_DISTANCE)), dtype=np.uint8)


def extend_matches(
    matches: NDArray[np.uint8], ids: NDArray[np.int64], frame: int
) -> NDArray[np.uint8]:
    """Count how long the past of a frame matches at every distance.

    Parameters
    ----------
    matches : ndarray of uint8, shape [B, D]
        The same for the frame before.
    ids : ndarray of int64, shape [B, T]
        `frame_ids` of the frames so far.
    frame : int
        The frame that is written next, 1 or more.

    Returns
    -------
    ndarray of uint8, shape [B, D]
        For each distance from 1, how many frames before this one equal those before the frame that
        far back, up to `MAX_MATCH`.
    """
    out = np.zeros_like(matches)
    reach = min(frame - 1, matches.shape[1])
    if reach:
        last = ids[:, frame - 1, None]
        earlier = ids[:, frame - 1 - reach : frame - 1][:, ::-1]
        out[:, :reach] = np.where(
            last == earlier, np.minimum(matches[:, :reach] + np.uint8(1), MAX_MATCH), 0
        )
    return out


def given_matches(given: NDArray[np.int64], none: int) -> NDArray[np.uint8]:
    """Count how long what is given from a frame on matches at every distance, [B, T, D].

    Two frames are compared in the voices that are given in both; if there is none, the match ends.

    Parameters
    ----------
    given : ndarray of int64, shape [B, T, 4]
        The given tokens.
    none : int
        What it holds where nothing is given.
    """
    pieces, frames = given.shape[:2]
    reach = no_matches(pieces, frames).shape[1]
    if (given == none).all():
        return np.broadcast_to(np.uint8(0), (pieces, frames, reach))
    out = np.zeros((pieces, frames + 1, reach), dtype=np.uint8)
    narrow = given.astype(np.int16)
    for frame in range(frames - 1, 0, -1):
        near = min(frame, reach)
        here = narrow[:, frame, None]  # [B, 1, 4]
        there = narrow[:, frame - near : frame][:, ::-1]  # [B, near, 4]
        both = (here != none) & (there != none)
        same = ((here == there) | ~both).all(-1) & both.any(-1)
        longer = np.minimum(out[:, frame + 1, :near] + np.uint8(1), MAX_MATCH)
        out[:, frame, :near] = np.where(same, longer, 0)
    return out[:, :frames]


def choose_copy(past: NDArray[np.uint8], ahead: NDArray[np.uint8], frame: int) -> Copies:
    """Choose the earlier frame whose match is longest, the nearest if there are several.

    Parameters
    ----------
    past, ahead : ndarray of uint8, shape [B, D]
        How long the frames before match, and what is given from here on, at every distance.
    frame : int
        Index of the frame, 1 or more.
    """
    reach = min(frame, past.shape[1])
    total = past[:, :reach] + ahead[:, :reach].astype(np.int16)
    at = total.argmax(axis=1)
    rows = np.arange(len(at))
    classes = (
        np.searchsorted(LENGTH_BOUNDS, lengths[rows, at], side="right").astype(np.int64)
        for lengths in (past, ahead)
    )
    return Copies(np.where(total[rows, at] > 0, at + 1, 0), *classes)
