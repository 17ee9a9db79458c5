"""The classifier two-sample test: classifiers trained on some tunes and tested on the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval, bootstrap_rate
from bachbot.evaluation.detection.classifiers import (
    CLASSIFIERS,
    ClassifierInputs,
    assign_folds,
    out_of_fold_scores,
    split_excerpts,
)
from bachbot.evaluation.detection.pairing import PairedSets
from bachbot.evaluation.detection.top_features import TopFeature, top_features
from bachbot.evaluation.information import InformationLevel
from bachbot.extras import require

MAJORITY = "majority"
"""Name of the majority vote of all classifiers, by which a set is judged."""

PERMUTATIONS = 99
"""Label permutations of a permutation test; the p-value is then 0.01 at least."""

_TAIL = 0.025  # of each side of a 95% interval


@dataclass(frozen=True)
class ClassifierAccuracy:
    """The accuracy of a classifier, with its interval and the result of a permutation test.

    Parameters
    ----------
    accuracy : float
        Share of correct decisions, 0 to 1; chance is 0.5.
    interval : Interval
        95% bootstrap interval over tunes, each with all decisions about its pieces. If every
        decision is right, or every one wrong, resampling cannot vary: the interval is then Clopper
        and Pearson's, with each tune counted once. It is that of the classifiers as they were
        trained; the variation from training on other tunes is not in it, but in `chance` and `p`.
    chance : Interval or None
        The central 95% of the accuracies under label permutations; None if there were none.
    p : float or None
        P-value of the permutation test; None if there was none.
    """

    accuracy: float
    interval: Interval
    chance: Interval | None = None
    p: float | None = None

    @classmethod
    def of(
        cls,
        correct: NDArray[np.float64],
        groups: Sequence[str],
        *,
        permuted: NDArray[np.float64] | None = None,
        seed: int = 0,
    ) -> "ClassifierAccuracy":
        """Sum up decisions.

        Parameters
        ----------
        correct : ndarray of float64, shape [N]
            1 for a correct decision, 0 for a wrong one, 0.5 for a tied vote.
        groups : sequence of str, length N
            The tune of each piece.
        permuted : ndarray of float64, shape [R], optional
            Accuracies under label permutations; R of 1 or more.
        seed : int
            Random seed of the interval.
        """
        names, group = np.unique(np.asarray(groups), return_inverse=True)
        sums = np.bincount(group, weights=correct, minlength=len(names))
        accuracy = float(np.mean(correct))
        if accuracy in (0.0, 1.0):
            bound = _TAIL ** (1 / len(names))
            interval = Interval(bound, 1.0) if accuracy else Interval(0.0, 1 - bound)
        else:
            interval = bootstrap_rate(sums, np.bincount(group), seed=seed)
        if permuted is None:
            return cls(accuracy, interval)
        low, high = np.percentile(permuted, [100 * _TAIL, 100 * (1 - _TAIL)])
        p = (1 + int((permuted >= accuracy).sum())) / (1 + len(permuted))
        return cls(accuracy, interval, Interval(float(low), float(high)), p)

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "accuracy": self.accuracy,
            "interval": self.interval.to_json(),
            "chance": None if self.chance is None else self.chance.to_json(),
            "p": self.p,
        }


@dataclass(frozen=True)
class Detection:
    """How well classifiers tell two sets of pieces apart.

    Parameters
    ----------
    pairs, tunes, excerpts : int
        Pieces in each set, tunes among Bach's, and excerpts of both sets together.
    level : InformationLevel
        What the classifiers saw of a piece.
    by_piece, by_excerpt, by_pair : mapping of str to ClassifierAccuracy
        By classifier, `MAJORITY` first: whether a whole piece is generated, whether an excerpt of
        sixteen beats is, and which piece of a pair is.
    top_features : tuple of TopFeature
        Every feature that differs significantly, the most different first.
    """

    pairs: int
    tunes: int
    excerpts: int
    level: InformationLevel
    by_piece: Mapping[str, ClassifierAccuracy]
    by_excerpt: Mapping[str, ClassifierAccuracy]
    by_pair: Mapping[str, ClassifierAccuracy]
    top_features: tuple[TopFeature, ...]

    @property
    def overall(self) -> ClassifierAccuracy:
        """Accuracy of the majority vote on whole pieces, by which a set is judged."""
        return self.by_piece[MAJORITY]

    def to_json(self) -> dict[str, object]:
        """Every result as plain data."""

        def plain(accuracies: Mapping[str, ClassifierAccuracy]) -> dict[str, object]:
            return {name: accuracy.to_json() for name, accuracy in accuracies.items()}

        return {
            "pairs": self.pairs,
            "tunes": self.tunes,
            "excerpts": self.excerpts,
            "level": self.level.value,
            **self.overall.to_json(),
            "classifiers": {
                "pieces": plain(self.by_piece),
                "excerpts": plain(self.by_excerpt),
                "pairs": plain(self.by_pair),
            },
            "top_features": [feature.to_json() for feature in self.top_features],
        }


def measure(
    ours: Sequence[Chorale],
    bach: Sequence[Chorale],
    groups: Sequence[str],
    *,
    our_groups: Sequence[str] | None = None,
    level: InformationLevel = InformationLevel.SCORE,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Detection:
    """Run the classifier two-sample test on generated pieces and Bach's.

    Five-fold cross-validation. All pieces of a tune, in either set, are in the same fold, so that
    no classifier is tested on a tune that it was trained on. The p-values are those of a
    permutation test in which every classifier is trained again for each label permutation.

    Parameters
    ----------
    ours, bach : sequence of Chorale
        P generated pieces, and P pieces by Bach. Piece i of the one is paired with piece i of the
        other: they are about equally long, or harmonize the same soprano.
    groups : sequence of str, length P
        The tune of each of Bach's pieces.
    our_groups : sequence of str, length P, optional
        The tunes of the generated pieces, if they are not those of their pairs.
    level : InformationLevel
        What the classifiers see of a piece.
    permutations : int
        Label permutations; 0 skips the permutation test.
    seed : int
        Random seed of folds, trees, permutations and intervals.
    progress : callable, optional
        Called with the permutations done and their number.

    Returns
    -------
    Detection

    Raises
    ------
    UsageError
        If there are fewer than ten pairs or five tunes, a piece has no note, or the two sets differ
        in size.
    MissingExtraError
        If scikit-learn is not installed.
    """
    require("sklearn")
    _validate(ours, bach, groups)
    sets = PairedSets(tuple(groups if our_groups is None else our_groups), tuple(groups), seed)
    pieces = [level.reduce(chorale) for chorale in (*ours, *bach)]
    inputs = ClassifierInputs.of(pieces, level)
    folds = assign_folds(sets.all_groups, seed=seed)
    votes = _votes(inputs, sets.labels, folds, seed)
    permuted = _permuted_accuracies(sets, inputs, folds, permutations, progress)
    by_excerpt, excerpts = _test_excerpts(sets, pieces, level, folds)
    return Detection(
        pairs=sets.pairs,
        tunes=len(set(groups)),
        excerpts=excerpts,
        level=level,
        by_piece={
            name: ClassifierAccuracy.of(
                score_votes(v, sets.labels), sets.all_groups, permuted=permuted.get(name), seed=seed
            )
            for name, v in votes.items()
        },
        by_excerpt=by_excerpt,
        by_pair=_test_pairs(sets, votes),
        top_features=tuple(top_features(sets, inputs)),
    )


def score_votes(votes: NDArray[np.float64], ours: NDArray[np.bool_]) -> NDArray[np.float64]:
    """1 where a vote (above 0 for generated) is correct, 0 where wrong, 0.5 where it is 0."""
    return np.where(votes == 0, 0.5, (votes > 0) == ours)


_Votes = dict[str, NDArray[np.float64]]


def _validate(ours: Sequence[Chorale], bach: Sequence[Chorale], groups: Sequence[str]) -> None:
    if not len(ours) == len(bach) == len(groups):
        raise UsageError(
            f"{len(ours)} generated pieces, {len(bach)} of Bach's and {len(groups)} tunes cannot "
            "be paired: give the same number of each"
        )
    for chorale in (*ours, *bach):
        if not chorale.onset.any():
            raise UsageError(f"{chorale.name or 'a piece'} has no note: leave it out")


def _permuted_accuracies(
    sets: PairedSets,
    inputs: ClassifierInputs,
    folds: NDArray[np.int64],
    permutations: int,
    progress: Callable[[int, int], None] | None,
) -> dict[str, NDArray[np.float64]]:
    """Accuracy of each classifier under each of R label permutations, shape [R]."""
    found: dict[str, list[float]] = {}
    for done, labels in enumerate(sets.permuted_labels(permutations), start=1):
        for name, votes in _votes(inputs, labels, folds, sets.seed).items():
            found.setdefault(name, []).append(float(score_votes(votes, labels).mean()))
        if progress is not None:
            progress(done, permutations)
    return {name: np.array(accuracies) for name, accuracies in found.items()}


def _votes(
    inputs: ClassifierInputs, labels: NDArray[np.bool_], folds: NDArray[np.int64], seed: int
) -> _Votes:
    """Scores of each classifier for each piece, and the majority vote before them."""
    each: _Votes = {
        name: out_of_fold_scores(name, inputs, labels, folds, seed=seed) for name in CLASSIFIERS
    }
    return {MAJORITY: _majority(each)} | each


def _majority(votes: _Votes) -> NDArray[np.float64]:
    return np.sign(np.sum([np.sign(v) for v in votes.values()], axis=0))


def _test_excerpts(
    sets: PairedSets,
    pieces: Sequence[Chorale],
    level: InformationLevel,
    folds: NDArray[np.int64],
) -> tuple[dict[str, ClassifierAccuracy], int]:
    """Accuracies on excerpts, each in its piece's fold, and the number of excerpts."""
    by_piece = [split_excerpts(chorale) for chorale in pieces]
    piece = np.repeat(np.arange(len(pieces)), [len(excerpts) for excerpts in by_piece])
    inputs = ClassifierInputs.of([e for excerpts in by_piece for e in excerpts], level)
    labels = sets.labels[piece]
    groups = [sets.all_groups[i] for i in piece.tolist()]
    votes = _votes(inputs, labels, folds[piece], sets.seed)
    return {
        name: ClassifierAccuracy.of(score_votes(v, labels), groups, seed=sets.seed)
        for name, v in votes.items()
    }, len(inputs)


def _test_pairs(sets: PairedSets, votes: _Votes) -> dict[str, ClassifierAccuracy]:
    """Which piece of each pair is the generated one: that with each classifier's higher score."""
    pairs = sets.pairs
    margins: _Votes = {name: votes[name][:pairs] - votes[name][pairs:] for name in CLASSIFIERS}
    first_is_ours = np.ones(pairs, dtype=np.bool_)
    return {
        name: ClassifierAccuracy.of(score_votes(v, first_is_ours), sets.groups, seed=sets.seed)
        for name, v in ({MAJORITY: _majority(margins)} | margins).items()
    }
