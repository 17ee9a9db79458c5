"""The bars of two scores side by side, matched by their printed numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class BarPair:
    """A bar of two scores.

    Parameters
    ----------
    number : int
        Its printed number.
    frames : tuple of range
        Its frames in the first score and in the second; empty where a score has no such bar.
    """

    number: int
    frames: tuple[range, range]


def bar_pairs(
    first: NDArray[np.integer] | Sequence[int], second: NDArray[np.integer] | Sequence[int]
) -> list[BarPair]:
    """Match the bars of two scores.

    Parameters
    ----------
    first, second : sequence of int, one for each frame
        Printed number of the bar of each frame. Both parts of a bar that a repeat splits have the
        same number. Where the numbers start again, another movement begins, and its bars are
        matched with those of the same movement of the other score.

    Returns
    -------
    list of BarPair
        In order of movements and numbers; each bar of either score is there once.

    Examples
    --------
    >>> pickup, full = bar_pairs([0, 1, 1], [1, 1])
    >>> pickup.number, full.number, full.frames
    (0, 1, (range(1, 3), range(0, 2)))
    """
    spans = (_spans(np.asarray(first)), _spans(np.asarray(second)))
    return [
        BarPair(place[1], (spans[0].get(place, range(0)), spans[1].get(place, range(0))))
        for place in sorted({*spans[0], *spans[1]})
    ]


def _spans(numbers: NDArray[np.integer]) -> dict[tuple[int, int], range]:
    """The frames of each bar, by its movement and number."""
    edges = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1)).tolist()
    movement, before = 0, -1
    found: dict[tuple[int, int], range] = {}
    for start, stop in pairwise([*edges, len(numbers)]):
        number = int(numbers[start])
        movement += number < before
        found[movement, number] = range(start, stop)
        before = number
    return found
