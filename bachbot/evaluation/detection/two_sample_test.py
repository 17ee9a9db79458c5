"""The classifier two-sample test: classifiers trained on some tunes and tested on the others.

Its top features are those in which generated pieces differ from Bach's by more than chance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.corpus.jsb import InformationLevel
from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval, bootstrap_rate
from bachbot.evaluation.detection.classifiers import (
    CLASSIFIERS,
    ClassifierInputs,
    assign_folds,
    out_of_fold_scores,
    regression_weights,
    split_excerpts,
)
from bachbot.evaluation.detection.pairing import PairedSets
from bachbot.extras import require

_PERMUTATIONS = 2000
_SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class TopFeature:
    """A feature that differs between generated pieces and Bach's.

    Parameters
    ----------
    feature : str
        Its name.
    ours, bach : float
        Means over the pieces in which it is defined.
    above : float
        Probability that a random generated piece has a larger value than a random piece by Bach,
        ties and undefined values counted as half: the area under the ROC curve of this feature
        alone. 0.5 if it does not differ.
    weight : float
        In the logistic regression: change of the log-odds for "generated" by one standard deviation
        more of the feature.
    p : float
        Family-wise p-value: how often, under label permutations, any feature differs as much.
    """

    feature: str
    ours: float
    bach: float
    above: float
    weight: float
    p: float

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


def top_features(sets: PairedSets, inputs: ClassifierInputs) -> list[TopFeature]:
    """Every feature that differs significantly between the two sets, the most different first.

    The p-values are corrected for the number of features by the maximum statistic: the sets are
    permuted pair by pair, whole tunes at once, and each feature is compared with the largest
    difference of any feature in each permutation (Westfall and Young, *Resampling-Based Multiple
    Testing*, 1993, section 2.6).

    Parameters
    ----------
    sets : PairedSets
        The two sets.
    inputs : ClassifierInputs
        Of their pieces.
    """
    table, labels = inputs.features, sets.labels
    ranks = _centered_ranks(table.values)  # [N, F]
    permuted = np.stack(list(sets.permuted_labels(_PERMUTATIONS)))  # [R, N]
    above = _rank_statistic(ranks, labels[None])[0]  # [F]
    largest = np.sort(np.abs(_rank_statistic(ranks, permuted) - 0.5).max(axis=1))  # [R]
    as_large = _PERMUTATIONS - np.searchsorted(largest, np.abs(above - 0.5), side="left")
    p = (1 + as_large) / (1 + _PERMUTATIONS)
    weight = regression_weights(inputs, labels)
    order = np.argsort(-np.abs(above - 0.5), kind="stable")
    means = [_column_means(table.values[side]) for side in (labels, ~labels)]
    return [
        TopFeature(
            table.names[f], means[0][f], means[1][f], float(above[f]), float(weight[f]), float(p[f])
        )
        for f in order.tolist()
        if p[f] < _SIGNIFICANCE
    ]


def _centered_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mid-ranks in each column minus their mean; undefined values get the mean, 0."""
    from scipy.stats import rankdata

    ranks = np.asarray(rankdata(values, axis=0, nan_policy="omit"))
    defined = (~np.isnan(values)).sum(axis=0)
    return np.where(np.isnan(values), 0.0, ranks - (defined + 1) / 2)


def _rank_statistic(ranks: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mann and Whitney's statistic as a share, for each labeling and feature, shape [R, F]."""
    half = labels.shape[1] / 2
    shares: NDArray[np.float64] = labels.astype(np.float64) @ ranks / half**2 + 0.5
    return shares


def _column_means(values: NDArray[np.float64]) -> Sequence[float]:
    """Mean of each column without its NaN; NaN if there is nothing else."""
    defined = ~np.isnan(values)
    sums, counts = np.where(defined, values, 0.0).sum(axis=0), defined.sum(axis=0)
    means: list[float] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).tolist()
    return means


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
