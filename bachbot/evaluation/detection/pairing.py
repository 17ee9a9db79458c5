"""The two sides of a test: matched in number and length, told at one level of information."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale
from bachbot.corpus.families import THRESHOLDS, similarity, skeleton
from bachbot.errors import UsageError
from bachbot.scores.keys import estimate_key


class InformationLevel(Enum):
    """How much of a piece a detector is shown."""

    SCORE = "score"
    """All that a chorale holds: repeated notes, fermatas, meter, key, where it is sung."""

    NOTES = "notes"
    """What an array as JSB-16th's tells: pitches, a beat on every fourth frame from the first.

    A repeated note is held on, there are no fermatas, no bars and no key but the one that the
    notes speak for; where it is sung counts for nothing.
    """

    def told(self, chorale: Chorale) -> Chorale:
        """A piece with nothing else in it."""
        if self is InformationLevel.SCORE:
            return chorale
        pitch = chorale.pitch
        tied = np.zeros(pitch.shape, dtype=np.bool_)
        tied[1:] = (pitch[1:] == pitch[:-1]) & (pitch[1:] != REST)
        silent = np.zeros(len(pitch), dtype=np.bool_)
        return Chorale(pitch, tied, silent, key=estimate_key(pitch), name=chorale.name)


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
    telling: InformationLevel = InformationLevel.SCORE,
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
    alike = similarity(tunes)
    found = list(groups)
    for index in range(len(ours)):
        before = alike[len(bach) + index, : len(bach) + index]
        most = int(before.argmax())
        found.append(found[most] if before[most] >= THRESHOLDS[_NOTES] else groups[index])
    return tuple(found[len(bach) :])


FEWEST_PAIRS, FEWEST_TUNES = 10, 5


@dataclass(frozen=True, eq=False)
class Comparison:
    """P pieces of ours and as many of Bach's, in pairs: piece i and piece P + i.

    Parameters
    ----------
    our_groups, groups : tuple of str, length P
        The tune of each of ours, and of each of Bach's.
    seed : int
        Of everything that is drawn.

    Raises
    ------
    UsageError
        If there are fewer than ten pairs or five tunes, or the sides are not as many.
    """

    our_groups: tuple[str, ...]
    groups: tuple[str, ...]
    seed: int = 0

    def __post_init__(self) -> None:
        pairs, tunes = len(self.groups), len(set(self.groups))
        if len(self.our_groups) != pairs:
            raise UsageError(
                f"{len(self.our_groups)} tunes of ours stand beside {pairs} of Bach's: "
                "give one for each"
            )
        if pairs < FEWEST_PAIRS or tunes < FEWEST_TUNES:
            raise UsageError(
                f"too few pieces to train a detector on ({pairs} a side, on {tunes} "
                f"tune{'s' * (tunes != 1)}): give {FEWEST_PAIRS} or more on {FEWEST_TUNES} or "
                "more tunes"
            )

    @property
    def pairs(self) -> int:
        """How many pairs, P."""
        return len(self.groups)

    @property
    def ours(self) -> NDArray[np.bool_]:
        """Whether each of the 2 P pieces is ours."""
        return np.arange(2 * self.pairs) < self.pairs

    @property
    def all_groups(self) -> tuple[str, ...]:
        """The tune of each of the 2 P pieces."""
        return self.our_groups + self.groups

    def dealt_anew(self, times: int) -> Iterator[NDArray[np.bool_]]:
        """The sides as they might have been: pairs change sides by the toss of a coin.

        All pairs of one of Bach's tunes change at once, for they are too alike to be tossed one
        by one.

        Parameters
        ----------
        times : int
            How often.

        Yields
        ------
        ndarray of bool, shape [2 P]
            Whether each piece is now ours.
        """
        _, group = np.unique(np.asarray(self.groups), return_inverse=True)
        rng = np.random.default_rng(self.seed)
        for _ in range(times):
            stays = rng.random(group.max() + 1)[group] < 0.5
            yield np.concatenate([stays, ~stays])
