"""The test itself: trained on some tunes, judged on the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval, interval_of_rate
from bachbot.evaluation.detection.classifiers import (
    CLASSIFIERS,
    Evidence,
    excerpts_of,
    folds_of,
    out_of_fold,
)
from bachbot.evaluation.detection.pairing import Comparison, InformationLevel
from bachbot.evaluation.detection.top_features import TopFeature, top_features
from bachbot.extras import require

_RARE = 0.025


@dataclass(frozen=True)
class Verdict:
    """An accuracy with its interval.

    Parameters
    ----------
    accuracy : float
        Share of decisions that were right, 0 to 1; 0.5 is what a coin gets.
    interval : Interval
        95%: whole tunes drawn anew, with all that was decided of them. Where all was right, or
        all wrong, draws cannot differ: the bounds are then Clopper and Pearson's, each tune
        counted once. It is that of the detectors as they were trained; others, trained on other
        tunes, would stray further, which `chance` and `p` allow for.
    chance : Interval or None
        In what accuracies 95 of 100 detectors end that were trained on sides dealt by chance;
        None where it was not asked.
    p : float or None
        How often these are as good as this one.
    """

    accuracy: float
    interval: Interval
    chance: Interval | None = None
    p: float | None = None

    @classmethod
    def of(
        cls,
        right: NDArray[np.float64],
        groups: Sequence[str],
        *,
        by_chance: NDArray[np.float64] | None = None,
        seed: int = 0,
    ) -> "Verdict":
        """Sum up decisions.

        Parameters
        ----------
        right : ndarray of float64, shape [N]
            1 where a decision was right, 0 where wrong, one half where there was none.
        groups : sequence of str
            The tune of each.
        by_chance : ndarray of float64, shape [R], optional
            Accuracies of a permutation test; R of 1 or more.
        seed : int
            Of the interval's draws.
        """
        names, group = np.unique(np.asarray(groups), return_inverse=True)
        sums = np.bincount(group, weights=right, minlength=len(names))
        accuracy = float(np.mean(right))
        if accuracy in (0.0, 1.0):
            bound = _RARE ** (1 / len(names))
            interval = Interval(bound, 1.0) if accuracy else Interval(0.0, 1 - bound)
        else:
            interval = interval_of_rate(sums, np.bincount(group), seed=seed)
        if by_chance is None:
            return cls(accuracy, interval)
        low, high = np.percentile(by_chance, [100 * _RARE, 100 * (1 - _RARE)])
        p = (1 + int((by_chance >= accuracy).sum())) / (1 + len(by_chance))
        return cls(accuracy, interval, Interval(float(low), float(high)), p)

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "accuracy": self.accuracy,
            "interval": self.interval.to_json(),
            "chance": None if self.chance is None else self.chance.to_json(),
            "p": self.p,
        }


def rightness(votes: NDArray[np.float64], ours: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Which votes are right, above 0 for ours: 1, 0, or one half where a vote is 0."""
    return np.where(votes == 0, 0.5, (votes > 0) == ours)


TOGETHER = "together"
"""The detector that a set is judged by: what most of the classifiers say."""

PERMUTATIONS = 99
"""Dealings of a permutation test; p is then 0.01 at the least."""

_Votes = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Detection:
    """How well two sets of pieces are told apart.

    Parameters
    ----------
    pairs, tunes, excerpts : int
        Pieces on each side, tunes of Bach's among them, and excerpts of both sides.
    telling : Telling
        What the detectors were shown of a piece.
    pieces, excerpted, paired : mapping of str to Verdict
        By classifier, `TOGETHER` first: of a whole piece, whether it is ours; the same of an
        excerpt of sixteen beats; and of each pair, which of the two is ours.
    top_features : tuple of GiveAway
        Every feature that differs by more than chance, the clearest first.
    """

    pairs: int
    tunes: int
    excerpts: int
    telling: InformationLevel
    pieces: Mapping[str, Verdict]
    excerpted: Mapping[str, Verdict]
    paired: Mapping[str, Verdict]
    top_features: tuple[TopFeature, ...]

    @property
    def verdict(self) -> Verdict:
        """Of whole pieces, by all classifiers together: the figure that a set is judged by."""
        return self.pieces[TOGETHER]

    def to_json(self) -> dict[str, object]:
        """Every figure as plain data."""

        def plain(verdicts: Mapping[str, Verdict]) -> dict[str, object]:
            return {name: verdict.to_json() for name, verdict in verdicts.items()}

        return {
            "pairs": self.pairs,
            "tunes": self.tunes,
            "excerpts": self.excerpts,
            "telling": self.telling.value,
            **self.verdict.to_json(),
            "classifiers": {
                "pieces": plain(self.pieces),
                "excerpts": plain(self.excerpted),
                "pairs": plain(self.paired),
            },
            "top_features": [found.to_json() for found in self.top_features],
        }


def detect(
    ours: Sequence[Chorale],
    bach: Sequence[Chorale],
    groups: Sequence[str],
    *,
    our_groups: Sequence[str] | None = None,
    telling: InformationLevel = InformationLevel.SCORE,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Detection:
    """Try to tell ours from Bach's.

    Cross-validated in five folds. All that share a tune, ours and his, are in one fold, so that no
    classifier is asked about a tune that it was trained on. The p-values are of a permutation test
    in which everything is trained anew for each dealing of the sides.

    Parameters
    ----------
    ours, bach : sequence of Chorale
        P pieces each; piece i of the one stands beside piece i of the other: of like length, or
        over the same soprano.
    groups : sequence of str, length P
        The tune of each pair.
    our_groups : sequence of str, optional
        The tunes of ours, where they are others.
    telling : Telling
        What the detectors are shown; both sides must tell it alike.
    permutations : int
        How many dealings; with 0 no p is found.
    seed : int
        Of folds, trees, dealings and intervals.
    progress : callable, optional
        Told of dealings done.

    Raises
    ------
    UsageError
        If there are fewer than ten pairs or five tunes, a piece has no note, or the sides are
        not as many.
    MissingExtraError
        If scikit-learn is not installed.
    """
    require("sklearn")
    _check(ours, bach, groups)
    trial = Comparison(tuple(groups if our_groups is None else our_groups), tuple(groups), seed)
    whole = [telling.told(chorale) for chorale in (*ours, *bach)]
    evidence = Evidence.of(whole, telling)
    folds = folds_of(trial.all_groups, seed=seed)
    votes = _votes(evidence, trial.ours, folds, seed)
    right = {name: rightness(v, trial.ours) for name, v in votes.items()}
    chance = _permuted(trial, evidence, folds, permutations, progress)
    excerpted, excerpts = _of_excerpts(trial, whole, telling, folds)
    return Detection(
        pairs=trial.pairs,
        tunes=len(set(groups)),
        excerpts=excerpts,
        telling=telling,
        pieces={
            name: Verdict.of(found, trial.all_groups, by_chance=chance.get(name), seed=seed)
            for name, found in right.items()
        },
        excerpted=excerpted,
        paired=_of_pairs(trial, votes),
        top_features=tuple(top_features(trial, evidence)),
    )


def _check(ours: Sequence[Chorale], bach: Sequence[Chorale], groups: Sequence[str]) -> None:
    if not len(ours) == len(bach) == len(groups):
        raise UsageError(
            f"{len(ours)} pieces of ours, {len(bach)} of Bach's and {len(groups)} tunes make no "
            "pairs: give as many of each"
        )
    for chorale in (*ours, *bach):
        if not chorale.onset.any():
            raise UsageError(f"{chorale.name or 'a piece'} has no note: leave it out")


def _permuted(
    trial: Comparison,
    evidence: Evidence,
    folds: NDArray[np.int64],
    permutations: int,
    progress: Callable[[int, int], None] | None,
) -> dict[str, NDArray[np.float64]]:
    """How often each classifier is right that is trained on sides dealt by chance, shape [R]."""
    found: dict[str, list[float]] = {}
    for done, sides in enumerate(trial.dealt_anew(permutations), start=1):
        for name, votes in _votes(evidence, sides, folds, trial.seed).items():
            found.setdefault(name, []).append(float(rightness(votes, sides).mean()))
        if progress is not None:
            progress(done, permutations)
    return {name: np.array(shares) for name, shares in found.items()}


def _votes(
    evidence: Evidence, sides: NDArray[np.bool_], folds: NDArray[np.int64], seed: int
) -> _Votes:
    """What each classifier takes each piece for, and what most of them do."""
    each: _Votes = {
        name: out_of_fold(name, evidence, sides, folds, seed=seed) for name in CLASSIFIERS
    }
    return {TOGETHER: _most(each)} | each


def _most(votes: _Votes) -> NDArray[np.float64]:
    return np.sign(np.sum([np.sign(v) for v in votes.values()], axis=0))


def _of_excerpts(
    trial: Comparison, whole: Sequence[Chorale], telling: InformationLevel, folds: NDArray[np.int64]
) -> tuple[dict[str, Verdict], int]:
    """The same of excerpts, each in its piece's fold; and how many there are."""
    cut = [excerpts_of(chorale) for chorale in whole]
    of_piece = np.repeat(np.arange(len(whole)), [len(some) for some in cut])
    evidence = Evidence.of([excerpt for some in cut for excerpt in some], telling)
    sides = trial.ours[of_piece]
    groups = [trial.all_groups[i] for i in of_piece.tolist()]
    votes = _votes(evidence, sides, folds[of_piece], trial.seed)
    return {
        name: Verdict.of(rightness(v, sides), groups, seed=trial.seed) for name, v in votes.items()
    }, len(evidence)


def _of_pairs(trial: Comparison, votes: _Votes) -> dict[str, Verdict]:
    """Which of the two is ours, by the greater score of each classifier."""
    pairs = trial.pairs
    further: _Votes = {name: votes[name][:pairs] - votes[name][pairs:] for name in CLASSIFIERS}
    first_is_ours = np.ones(pairs, dtype=np.bool_)
    return {
        name: Verdict.of(rightness(v, first_is_ours), trial.groups, seed=trial.seed)
        for name, v in ({TOGETHER: _most(further)} | further).items()
    }
