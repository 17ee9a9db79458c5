"""Sides that are not in pairs by themselves, made as many and as long as each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.corpus.families import THRESHOLDS, likeness, skeleton
from bachbot.evaluation.detection.telling import Telling

_NOTES = 24
"""Struck notes of two tunes that are compared."""


@dataclass(frozen=True)
class Match:
    """Two sides for `detect`.

    Parameters
    ----------
    ours, bach : tuple of Chorale, length P
        In pairs of like length.
    groups, our_groups : tuple of str, length P
        The tune of each of Bach's and of ours. One of ours that is on no tune of his has that of
        the piece beside it, which leaves the folds even.
    """

    ours: tuple[Chorale, ...]
    bach: tuple[Chorale, ...]
    groups: tuple[str, ...]
    our_groups: tuple[str, ...]


def matched(
    ours: Sequence[Chorale],
    bach: Sequence[Chorale],
    families: Sequence[str],
    *,
    telling: Telling = Telling.SCORE,
    seed: int = 0,
) -> Match:
    """As many of one side as of the other: for each piece of the smaller one of like length.

    Features change a little with length, which is nothing that a composer should be told by.

    Parameters
    ----------
    ours, bach : sequence of Chorale
        Any number of each.
    families : sequence of str
        The tune of each of Bach's.
    telling : Telling
        What tunes are compared by.
    seed : int
        Of the order in which they choose, and of the choice among pieces of one length.
    """
    rng = np.random.default_rng(seed)
    lengths = [np.array([c.frames for c in side]) for side in (ours, bach)]
    if len(ours) <= len(bach):
        left = np.arange(len(ours))
        right = _nearest(lengths[0], lengths[1], rng)
    else:
        left, right = _nearest(lengths[1], lengths[0], rng), np.arange(len(bach))
    chosen = tuple(ours[i] for i in left.tolist()), tuple(bach[i] for i in right.tolist())
    groups = tuple(families[i] for i in right.tolist())
    mine, his = ([telling.told(chorale) for chorale in side] for side in chosen)
    return Match(*chosen, groups, _tunes(mine, his, groups))


def halves(
    pieces: Sequence[Chorale], families: Sequence[str], pairs: int, *, seed: int = 0
) -> Match:
    """Two sides of one source, one piece of each tune: what no detector should tell apart.

    Parameters
    ----------
    pieces : sequence of Chorale
        Bach's.
    families : sequence of str
        The tune of each.
    pairs : int
        How many pairs at most; there are as many as half the tunes allow.
    seed : int
        Of the draw.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pieces)).tolist()
    of_tune = {families[i]: i for i in order}
    drawn = list(of_tune.values())[: 2 * pairs]
    by_length = sorted(drawn, key=lambda i: pieces[i].frames)
    two = [rng.permutation(by_length[i : i + 2]) for i in range(0, len(by_length) - 1, 2)]
    groups = tuple(families[int(second)] for _, second in two)
    return Match(
        tuple(pieces[int(first)] for first, _ in two),
        tuple(pieces[int(second)] for _, second in two),
        groups,
        groups,
    )


def _nearest(
    few: NDArray[np.int64], many: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """For each of the few the nearest in length of the many, each taken once."""
    free = many.astype(np.float64) + rng.uniform(-0.25, 0.25, len(many))
    chosen = np.zeros(len(few), dtype=np.int64)
    for index in rng.permutation(len(few)).tolist():
        chosen[index] = np.nanargmin(np.abs(free - few[index]))
        free[chosen[index]] = np.nan
    return chosen


def _tunes(
    ours: Sequence[Chorale], bach: Sequence[Chorale], groups: Sequence[str]
) -> tuple[str, ...]:
    """The tune of each of ours: Bach's if it is one of his, or an earlier one's, or its pair's."""
    tunes = [skeleton(chorale, _NOTES) for chorale in (*bach, *ours)]
    if not all(tune.size for tune in tunes):
        return tuple(groups)
    alike = likeness(tunes)
    found = list(groups)
    for index in range(len(ours)):
        before = alike[len(bach) + index, : len(bach) + index]
        most = int(before.argmax())
        found.append(found[most] if before[most] >= THRESHOLDS[_NOTES] else groups[index])
    return tuple(found[len(bach) :])
