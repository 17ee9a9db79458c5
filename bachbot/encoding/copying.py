"""Which earlier frame a frame is like: the music that went the same way last.

Chorales repeat themselves, their first section above all. A network that is shown what followed
when the music last went as it goes now learns when to write it again. The frame that is recalled
is where the longest match ends, as in the match models of data compression (Teahan and Cleary,
*Models of English text*, DCC 1997); what is given of the frames to come is matched as well.

Shapes: B streams or pieces, T frames, D distances that are looked back over.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REACH = 1024
"""Frames that are looked back over at most, 64 bars of 4/4."""

LONGEST = 64
"""Frames after which a match is not counted on."""

BOUNDS = (1, 2, 4, 8, 12, 16, 24, 32, 48)
"""Where one class of lengths ends and the next begins."""


@dataclass(frozen=True, eq=False)
class Copies:
    """What each frame recalls.

    Parameters
    ----------
    distance : ndarray of int64, any shape
        How many frames back the one is that is recalled; 0 is none.
    past, ahead : ndarray of int64, same shape
        How long the frames before the two are the same, and how long what is given from them on:
        classes of lengths, 0 to ``len(BOUNDS)``.
    """

    distance: NDArray[np.int64]
    past: NDArray[np.int64]
    ahead: NDArray[np.int64]


def find_copies(tokens: NDArray[np.int64], shown: NDArray[np.int64], none: int) -> Copies:
    """What every frame of whole pieces recalls.

    Parameters
    ----------
    tokens : ndarray of int64, shape [B, T, 4]
        All tokens of the pieces. A frame hears of those before it alone.
    shown : ndarray of int64, shape [B, T, 4]
        The given ones, of which a frame hears of all.
    none : int
        What `shown` holds where nothing is given.

    Returns
    -------
    Recalled
        Of shape [B, T].
    """
    pieces, frames = tokens.shape[:2]
    ahead = ahead_runs(shown, none)
    names = codes(tokens)
    runs = no_runs(pieces, frames)
    found = np.zeros((3, pieces, frames), dtype=np.int64)
    for frame in range(1, frames):
        runs = grown(runs, names, frame)
        best = choose(runs, ahead[:, frame], frame)
        found[:, :, frame] = best.distance, best.past, best.ahead
    return Copies(*found)


def codes(tokens: NDArray[np.integer]) -> NDArray[np.int64]:
    """A number for each frame, [..., T], that tells its four tokens from all others."""
    narrow = np.ascontiguousarray(tokens, dtype=np.int16)
    return narrow.view(np.int64)[..., 0]


def no_runs(streams: int, frames: int) -> NDArray[np.uint8]:
    """How long the past matches before there is one: zeros, [B, D]."""
    return np.zeros((streams, min(max(frames - 1, 1), REACH)), dtype=np.uint8)


def grown(runs: NDArray[np.uint8], names: NDArray[np.int64], frame: int) -> NDArray[np.uint8]:
    """How long the past matches, at every distance, when a frame is to be written.

    Parameters
    ----------
    runs : ndarray of uint8, shape [B, D]
        The same for the frame before.
    names : ndarray of int64, shape [B, T]
        `codes` of the frames so far.
    frame : int
        The one that is to be written, 1 or more.

    Returns
    -------
    ndarray of uint8, shape [B, D]
        For each distance from 1 how many frames end alike before this one and before that far
        from it, up to `LONGEST`.
    """
    out = np.zeros_like(runs)
    reach = min(frame - 1, runs.shape[1])
    if reach:
        last = names[:, frame - 1, None]
        earlier = names[:, frame - 1 - reach : frame - 1][:, ::-1]
        out[:, :reach] = np.where(
            last == earlier, np.minimum(runs[:, :reach] + np.uint8(1), LONGEST), 0
        )
    return out


def ahead_runs(shown: NDArray[np.int64], none: int) -> NDArray[np.uint8]:
    """How long what is given from a frame on is the same, at every distance, [B, T, D].

    A frame is compared in the voices that are given in both; with none such it ends the match.

    Parameters
    ----------
    shown : ndarray of int64, shape [B, T, 4]
        The given tokens.
    none : int
        What it holds where nothing is given.
    """
    pieces, frames = shown.shape[:2]
    reach = no_runs(pieces, frames).shape[1]
    if (shown == none).all():
        return np.broadcast_to(np.uint8(0), (pieces, frames, reach))
    out = np.zeros((pieces, frames + 1, reach), dtype=np.uint8)
    narrow = shown.astype(np.int16)
    for frame in range(frames - 1, 0, -1):
        near = min(frame, reach)
        here = narrow[:, frame, None]  # [B, 1, 4]
        there = narrow[:, frame - near : frame][:, ::-1]  # [B, near, 4]
        both = (here != none) & (there != none)
        same = ((here == there) | ~both).all(-1) & both.any(-1)
        longer = np.minimum(out[:, frame + 1, :near] + np.uint8(1), LONGEST)
        out[:, frame, :near] = np.where(same, longer, 0)
    return out[:, :frames]


def choose(past: NDArray[np.uint8], ahead: NDArray[np.uint8], frame: int) -> Copies:
    """The earlier frame that is most like this one, the nearest of several.

    Parameters
    ----------
    past, ahead : ndarray of uint8, shape [B, D]
        How long the frames before match, and what is given from here on, at every distance.
    frame : int
        Which frame it is, 1 or more: there are so many before it.
    """
    reach = min(frame, past.shape[1])
    both = past[:, :reach] + ahead[:, :reach].astype(np.int16)
    at = both.argmax(axis=1)
    rows = np.arange(len(at))
    classes = (
        np.searchsorted(BOUNDS, runs[rows, at], side="right").astype(np.int64)
        for runs in (past, ahead)
    )
    return Copies(np.where(both[rows, at] > 0, at + 1, 0), *classes)
