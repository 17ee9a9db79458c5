"""A set of chorales and held-out pieces by Bach, both compared with Bach's training pieces."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval
from bachbot.evaluation.style.distances import DistanceEstimator, FeatureCounts, sorted_labels
from bachbot.evaluation.style.features import (
    GRADE_FEATURES,
    Feature,
    Kind,
    Label,
    PieceAnalysis,
    analyzed,
)
from bachbot.evaluation.style.grade import Grades, ReferenceDistributions, grades
from bachbot.evaluation.style.profile import PROFILE_FEATURES

_SETS = ("train", "test", "ours")
_MOST_LABELS = 40  # of a feature without order; the least frequent are pooled


@dataclass(frozen=True)
class StyleDistance:
    """Distance of a set from Bach's training pieces in one feature, and the floor.

    Parameters
    ----------
    name, unit : str
        Name of the feature, and unit of its distance.
    kind : str
        ``ordered``: Wasserstein distance, in the unit. ``category``: total variation, 0 to 1.
    pieces : int
        Number of pieces for which both distances are estimated.
    events : int
        Total count in the set.
    value : float
        Distance of the set; NaN if there was nothing to count.
    interval : Interval
        Interval of the set's distance; see `DistanceEstimator.distance`.
    floor : float
        Distance of as many held-out pieces by Bach.
    floor_interval : Interval
        Interval of the floor.
    """

    name: str
    unit: str
    kind: Kind
    pieces: int
    events: int
    value: float
    interval: Interval
    floor: float
    floor_interval: Interval

    def to_json(self) -> dict[str, object]:
        """As plain data; figures that do not exist are None."""
        return {
            "name": self.name,
            "unit": self.unit,
            "kind": self.kind,
            "pieces": self.pieces,
            "events": self.events,
            "distance": self.value if isfinite(self.value) else None,
            "interval": self.interval.to_json(),
            "floor": self.floor if isfinite(self.floor) else None,
            "floor_interval": self.floor_interval.to_json(),
        }


@dataclass(frozen=True)
class FeatureHistogram:
    """Histograms of one feature in each set.

    Parameters
    ----------
    name, unit : str
        Name of the feature, and unit of its distance.
    graded : bool
        Whether it is one of the nine features of the grade.
    labels : tuple of str
        Labels: ascending numbers, or names, the most frequent in Bach's training pieces first and
        the least frequent pooled as ``others``. If the feature has bins, a number is the lower
        edge of a bin.
    shares : mapping of str to tuple of float
        By ``train``, ``test`` and ``ours``: the share of each label; empty if nothing was counted.
    """

    name: str
    unit: str
    graded: bool
    labels: tuple[str, ...]
    shares: Mapping[str, tuple[float, ...]]

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "name": self.name,
            "unit": self.unit,
            "graded": self.graded,
            "labels": list(self.labels),
            "shares": {name: list(shares) for name, shares in self.shares.items()},
        }


@dataclass(frozen=True, eq=False)
class StyleReport:
    """Style of a set of pieces and of held-out pieces by Bach.

    Parameters
    ----------
    pieces : mapping of str to int
        Number of pieces in ``train``, ``test`` and ``ours``.
    bach, ours : Grades
        Grades of Bach's held-out pieces and of the set.
    distances : tuple of Distance
        Distances of the further distributions (`PROFILE_FEATURES`).
    histograms : tuple of Shown
        Histograms of the nine features and of the further ones.
    """

    pieces: Mapping[str, int]
    bach: Grades
    ours: Grades
    distances: tuple[StyleDistance, ...]
    histograms: tuple[FeatureHistogram, ...]

    def to_json(self) -> dict[str, object]:
        """As plain data.

        Returns
        -------
        dict
            ``pieces``: how many of each set. ``grade``: by ``bach`` and ``ours``, as
            `Grades.to_json` has it. ``distances``: a list, as `Distance.to_json`. ``histograms``:
            a list, as `Shown.to_json`.
        """
        return {
            "pieces": dict(self.pieces),
            "grade": {"bach": self.bach.to_json(), "ours": self.ours.to_json()},
            "distances": [distance.to_json() for distance in self.distances],
            "histograms": [shown.to_json() for shown in self.histograms],
        }


def measure(
    ours: Sequence[Chorale | PieceAnalysis],
    test: Sequence[Chorale | PieceAnalysis],
    train: Sequence[Chorale | PieceAnalysis],
    *,
    seed: int = 0,
    with_profile: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> StyleReport:
    """Grade a set of chorales, and measure its style distances from Bach.

    The set and the held-out pieces are both compared with Bach's training pieces; the style
    distances are estimated for equal numbers of pieces. It takes about 40 ms a piece, a third of
    that for the grade alone. To measure several sets, give Bach's pieces as `PieceAnalysis`, which
    keeps what it has computed.

    Parameters
    ----------
    ours : sequence of Chorale or PieceAnalysis
        The set, each piece in the key of its ``key``.
    test : sequence of Chorale or PieceAnalysis
        Held-out pieces by Bach.
    train : sequence of Chorale or PieceAnalysis
        Pieces by Bach for the reference distributions.
    seed : int
        Random seed of the intervals.
    with_profile : bool
        Whether to measure the further distributions too, or the grade alone.
    progress : callable, optional
        Called with the pieces analyzed and their number.

    Returns
    -------
    StyleReport

    Raises
    ------
    UsageError
        If a set is empty.
    """
    given = dict(zip(_SETS, (train, test, ours), strict=True))
    empty = [name for name, pieces in given.items() if not pieces]
    if empty:
        raise UsageError(f"the set '{empty[0]}' has no piece: give one or more in each set")
    sets = {name: [analyzed(piece) for piece in pieces] for name, pieces in given.items()}
    profile = PROFILE_FEATURES if with_profile else ()
    found = _count_features(sets, (*GRADE_FEATURES, *profile), progress)
    reference = ReferenceDistributions.of(sets["train"])
    return StyleReport(
        pieces={name: len(pieces) for name, pieces in sets.items()},
        bach=grades(sets["test"], reference, seed=seed),
        ours=grades(sets["ours"], reference, seed=seed),
        distances=tuple(_distance(feature, *found[feature.name], seed) for feature in profile),
        histograms=tuple(_histogram(f, *found[f.name]) for f in (*GRADE_FEATURES, *profile)),
    )


_FeatureCounts = tuple[list[Label], dict[str, FeatureCounts]]


def _count_features(
    sets: Mapping[str, Sequence[PieceAnalysis]],
    features: Sequence[Feature],
    progress: Callable[[int, int], None] | None,
) -> dict[str, _FeatureCounts]:
    """Labels of every feature, and their counts in each set."""
    total = sum(map(len, sets.values()))
    pieces = [piece for of_set in sets.values() for piece in of_set]
    for done, piece in enumerate(pieces, 1):
        for feature in features:
            piece.count(feature)
        if progress is not None:
            progress(done, total)
    found = {}
    for feature in features:
        labels = sorted_labels(piece.count(feature) for piece in pieces)
        counts = {name: _counts(feature, of_set, labels) for name, of_set in sets.items()}
        found[feature.name] = labels, counts
    return found


def _counts(
    feature: Feature, pieces: Sequence[PieceAnalysis], labels: Sequence[Label]
) -> FeatureCounts:
    modes = [piece.chorale.key.mode for piece in pieces]
    return FeatureCounts.of([piece.count(feature) for piece in pieces], modes, labels)


def _distance(
    feature: Feature, labels: list[Label], counts: Mapping[str, FeatureCounts], seed: int
) -> StyleDistance:
    number = min(len(counts["ours"]), len(counts["test"]))
    estimator = DistanceEstimator(feature, labels, counts["train"], seed)
    value, interval = estimator.distance(counts["ours"], number)
    floor, floor_interval = estimator.distance(counts["test"], number)
    return StyleDistance(
        feature.name,
        feature.unit,
        feature.kind,
        number,
        counts["ours"].events,
        value,
        interval,
        floor,
        floor_interval,
    )


def _histogram(
    feature: Feature, labels: list[Label], counts: Mapping[str, FeatureCounts]
) -> FeatureHistogram:
    sums = {name: of_set.counts.sum(axis=0) for name, of_set in counts.items()}
    if feature.kind == "ordered" or all(not isinstance(label, str) for label in labels):
        names, index = _bins(feature, [float(label) for label in labels])
    else:
        names, index = _most_frequent([str(label) for label in labels], sums["train"])
    shares = {}
    for name, amounts in sums.items():
        binned = np.bincount(index, weights=amounts, minlength=len(names))
        total = binned.sum()
        shares[name] = tuple((binned / total).tolist()) if total else ()
    return FeatureHistogram(
        feature.name, feature.unit, feature in GRADE_FEATURES, tuple(names), shares
    )


def _bins(feature: Feature, values: Sequence[float]) -> tuple[list[str], NDArray[np.int64]]:
    """Lower edges of the bins of numbers, and the bin of each number."""
    if feature.bin is None:
        return [f"{value:g}" for value in values], np.arange(len(values))
    # The tolerance puts a number on an edge into the upper bin in spite of rounding errors.
    bins = np.floor(np.array(values) / feature.bin + 0.005).astype(np.int64)
    first = int(bins.min()) if len(bins) else 0
    count = int(bins.max()) - first + 1 if len(bins) else 0
    return [f"{(first + k) * feature.bin:g}" for k in range(count)], bins - first


def _most_frequent(
    names: Sequence[str], amounts: NDArray[np.float64]
) -> tuple[list[str], NDArray[np.int64]]:
    """Names by frequency, the least frequent pooled, and the index of each name among them."""
    order = np.lexsort((np.array(names, dtype=np.str_), -amounts))
    index = np.empty(len(names), dtype=np.int64)
    index[order] = np.arange(len(names))
    if len(names) <= _MOST_LABELS:
        return [names[k] for k in order.tolist()], index
    shown = [names[k] for k in order[: _MOST_LABELS - 1].tolist()]
    return [*shown, "others"], np.minimum(index, _MOST_LABELS - 1)
