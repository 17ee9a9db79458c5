"""Two sets of pieces for a two-sample test: matched in number and length, and paired."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.corpus.jsb import InformationLevel
from bachbot.corpus.split import THRESHOLDS, skeleton
from bachbot.corpus.split import similarity as tune_similarity
from bachbot.errors import UsageError

FEWEST_PAIRS, FEWEST_TUNES = 10, 5
"""Pairs and tunes that a test needs at least."""

_NOTES = 24  # onsets of two tunes that are compared


@dataclass(frozen=True)
class MatchedSets:
    """Two sets of pieces for `bachbot.evaluation.detection.measure`.

    Parameters
    ----------
    ours, bach : tuple of Chorale, length P
        Pairs of about equal length.
    groups, our_groups : tuple of str, length P
        The tune of each of Bach's and of each generated piece. A generated piece on no tune of
        Bach's has that of its pair, which keeps the folds equally large.
    """

    ours: tuple[Chorale, ...]
    bach: tuple[Chorale, ...]
    groups: tuple[str, ...]
    our_groups: tuple[str, ...]


def match_pairs(
    ours: Sequence[Chorale],
    bach: Sequence[Chorale],
    families: Sequence[str],
    *,
    level: InformationLevel = InformationLevel.SCORE,
    seed: int = 0,
) -> MatchedSets:
    """Choose for each piece of the smaller set one of similar length from the larger set.

    Features depend a little on length, and length is not what a test should find.

    Parameters
    ----------
    ours, bach : sequence of Chorale
        Any number of each.
    families : sequence of str
        The tune of each of Bach's pieces.
    level : InformationLevel
        Information level at which tunes are compared.
    seed : int
        Random seed of the order in which partners are chosen, and of the choice among pieces of
        equal length.
    """
    rng = np.random.default_rng(seed)
    lengths = [np.array([c.frames for c in pieces]) for pieces in (ours, bach)]
    if len(ours) <= len(bach):
        left = np.arange(len(ours))
        right = _nearest(lengths[0], lengths[1], rng)
    else:
        left, right = _nearest(lengths[1], lengths[0], rng), np.arange(len(bach))
    chosen = tuple(ours[i] for i in left.tolist()), tuple(bach[i] for i in right.tolist())
    groups = tuple(families[i] for i in right.tolist())
    generated, reference = ([level.reduce(c) for c in pieces] for pieces in chosen)
    return MatchedSets(*chosen, groups, _tunes(generated, reference, groups))


def split_halves(
    pieces: Sequence[Chorale], families: Sequence[str], pairs: int, *, seed: int = 0
) -> MatchedSets:
    """Two sets from one source, with one piece of each tune: a control for the test.

    Parameters
    ----------
    pieces : sequence of Chorale
        Pieces by Bach.
    families : sequence of str
        The tune of each.
    pairs : int
        Number of pairs at most; there are at most half as many pairs as tunes.
    seed : int
        Random seed of the choice.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pieces)).tolist()
    of_tune = {families[i]: i for i in order}
    chosen = list(of_tune.values())[: 2 * pairs]
    by_length = sorted(chosen, key=lambda i: pieces[i].frames)
    two = [rng.permutation(by_length[i : i + 2]) for i in range(0, len(by_length) - 1, 2)]
    groups = tuple(families[int(second)] for _, second in two)
    return MatchedSets(
        tuple(pieces[int(first)] for first, _ in two),
        tuple(pieces[int(second)] for _, second in two),
        groups,
        groups,
    )


def _nearest(
    few: NDArray[np.int64], many: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """For each of the few lengths the index of the nearest of the many, each chosen once."""
    free = many.astype(np.float64) + rng.uniform(-0.25, 0.25, len(many))
    chosen = np.zeros(len(few), dtype=np.int64)
    for index in rng.permutation(len(few)).tolist():
        chosen[index] = np.nanargmin(np.abs(free - few[index]))
        free[chosen[index]] = np.nan
    return chosen


def _tunes(
    ours: Sequence[Chorale], bach: Sequence[Chorale], groups: Sequence[str]
) -> tuple[str, ...]:
    """The tune of each generated piece: that of a similar piece before it, or else of its pair."""
    tunes = [skeleton(chorale, _NOTES) for chorale in (*bach, *ours)]
    if not all(tune.size for tune in tunes):
        return tuple(groups)
    similarity = tune_similarity(tunes)
    found = list(groups)
    for index in range(len(ours)):
        before = similarity[len(bach) + index, : len(bach) + index]
        nearest = int(before.argmax())
        known = before[nearest] >= THRESHOLDS[_NOTES]
        found.append(found[nearest] if known else groups[index])
    return tuple(found[len(bach) :])


@dataclass(frozen=True, eq=False)
class PairedSets:
    """P generated pieces and P pieces by Bach: pieces i and P + i of 2 P are a pair.

    Parameters
    ----------
    our_groups, groups : tuple of str, length P
        The tune of each generated piece, and of each of Bach's.
    seed : int
        Random seed of everything that is sampled.

    Raises
    ------
    UsageError
        If there are fewer than ten pairs or five tunes, or the two sets differ in size.
    """

    our_groups: tuple[str, ...]
    groups: tuple[str, ...]
    seed: int = 0

    def __post_init__(self) -> None:
        pairs, tunes = len(self.groups), len(set(self.groups))
        if len(self.our_groups) != pairs:
            raise UsageError(
                f"there are {len(self.our_groups)} tunes of generated pieces and {pairs} of "
                "Bach's: give one for each piece"
            )
        if pairs < FEWEST_PAIRS or tunes < FEWEST_TUNES:
            raise UsageError(
                f"too few pieces to train a classifier on ({pairs} in each set, on {tunes} "
                f"tune{'s' * (tunes != 1)}): give {FEWEST_PAIRS} or more on {FEWEST_TUNES} or "
                "more tunes"
            )

    @property
    def pairs(self) -> int:
        """Number of pairs, P."""
        return len(self.groups)

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Whether each of the 2 P pieces is generated."""
        return np.arange(2 * self.pairs) < self.pairs

    @property
    def all_groups(self) -> tuple[str, ...]:
        """The tune of each of the 2 P pieces."""
        return self.our_groups + self.groups

    def permuted_labels(self, permutations: int) -> Iterator[NDArray[np.bool_]]:
        """Labels under the null hypothesis: pairs swap their labels with probability 0.5.

        All pairs on one of Bach's tunes swap together, because they are too much alike to be
        independent.

        Parameters
        ----------
        permutations : int
            How many.

        Yields
        ------
        ndarray of bool, shape [2 P]
            Whether each piece is labeled as generated.
        """
        _, group = np.unique(np.asarray(self.groups), return_inverse=True)
        rng = np.random.default_rng(self.seed)
        for _ in range(permutations):
            stays = rng.random(group.max() + 1)[group] < 0.5
            yield np.concatenate([stays, ~stays])
