"""A set of chorales beside Bach's held-out pieces, both held against his training pieces."""

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
_SHOWN = 40
"""Labels of a feature without order that are shown; the rarest are told together."""


@dataclass(frozen=True)
class StyleDistance:
    """How far a set is from Bach's training pieces in one feature, and the floor beside it.

    Parameters
    ----------
    name, unit : str
        Of the feature.
    kind : str
        ``ordered``: Wasserstein distance, in the unit. ``category``: total variation, 0 to 1.
    pieces : int
        How many pieces both distances are those of.
    events : int
        What was counted in the set.
    value : float
        The set's distance; NaN where there was nothing to count.
    interval : Interval
        Of the set's distance; see `table.Ruler.distance`.
    floor : float
        Distance of as many of Bach's held-out pieces.
    floor_interval : Interval
        Of the floor.
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
    """One feature's distribution in each set, to be drawn side by side.

    Parameters
    ----------
    name, unit : str
        Of the feature; the unit is that of its distance.
    graded : bool
        Whether it is one of the nine.
    labels : tuple of str
        What was counted: numbers rising, or names, the commonest in Bach's training pieces first
        and the rarest told together as ``others``. A number is the lower edge of its bar where
        the feature has bars.
    shares : mapping of str to tuple of float
        By ``train``, ``test`` and ``ours``: each label's share of all that was counted; empty
        where nothing was.
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
    """What was measured.

    Parameters
    ----------
    pieces : mapping of str to int
        Pieces of ``train``, ``test`` and ``ours``.
    bach, ours : Grades
        Of Bach's held-out pieces and of the set.
    distances : tuple of Distance
        The further distributions (`profile.PROFILE_FEATURES`).
    histograms : tuple of Shown
        The nine features' distributions and the further ones.
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
    """Grade a set of chorales, and tell its distributions from Bach's.

    Both sets are held against Bach's training pieces, in the further distributions as many pieces
    of the one as of the other. It takes some 40 ms a piece, the grade alone a third of that; where
    several sets are measured, give Bach's pieces as `PieceAnalysis`: what is read once is kept.

    Parameters
    ----------
    ours : sequence of Chorale or Reading
        The set, each in the key that its ``key`` says.
    test : sequence of Chorale or Reading
        Pieces of Bach's that were held out.
    train : sequence of Chorale or Reading
        Pieces of Bach's that his distributions are taken from.
    seed : int
        Of the draws.
    with_profile : bool
        Whether the further distributions are wanted, or the grade alone.
    progress : callable, optional
        Told of pieces read.

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
        raise UsageError(f"the set '{empty[0]}' holds no piece: give one or more of each set")
    sets = {name: [analyzed(piece) for piece in pieces] for name, pieces in given.items()}
    profile = PROFILE_FEATURES if with_profile else ()
    found = _read(sets, (*GRADE_FEATURES, *profile), progress)
    reference = ReferenceDistributions.of(sets["train"])
    return StyleReport(
        pieces={name: len(pieces) for name, pieces in sets.items()},
        bach=grades(sets["test"], reference, seed=seed),
        ours=grades(sets["ours"], reference, seed=seed),
        distances=tuple(_distance(feature, *found[feature.name], seed) for feature in profile),
        histograms=tuple(_shown(f, *found[f.name]) for f in (*GRADE_FEATURES, *profile)),
    )


_Found = tuple[list[Label], dict[str, FeatureCounts]]


def _read(
    sets: Mapping[str, Sequence[PieceAnalysis]],
    features: Sequence[Feature],
    progress: Callable[[int, int], None] | None,
) -> dict[str, _Found]:
    """Labels of every feature, and by set how often each piece has them."""
    total = sum(map(len, sets.values()))
    readings = [reading for of_set in sets.values() for reading in of_set]
    for done, reading in enumerate(readings, 1):
        for feature in features:
            reading.count(feature)
        if progress is not None:
            progress(done, total)
    found = {}
    for feature in features:
        labels = sorted_labels(reading.count(feature) for reading in readings)
        counts = {name: _counts(feature, of_set, labels) for name, of_set in sets.items()}
        found[feature.name] = labels, counts
    return found


def _counts(
    feature: Feature, readings: Sequence[PieceAnalysis], labels: Sequence[Label]
) -> FeatureCounts:
    modes = [reading.chorale.key.mode for reading in readings]
    return FeatureCounts.of([reading.count(feature) for reading in readings], modes, labels)


def _distance(
    feature: Feature, labels: list[Label], counts: Mapping[str, FeatureCounts], seed: int
) -> StyleDistance:
    number = min(len(counts["ours"]), len(counts["test"]))
    ruler = DistanceEstimator(feature, labels, counts["train"], seed)
    value, interval = ruler.distance(counts["ours"], number)
    floor, floor_interval = ruler.distance(counts["test"], number)
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


def _shown(
    feature: Feature, labels: list[Label], counts: Mapping[str, FeatureCounts]
) -> FeatureHistogram:
    sums = {name: of_set.counts.sum(axis=0) for name, of_set in counts.items()}
    if feature.kind == "ordered" or all(not isinstance(label, str) for label in labels):
        names, place = _bars(feature, [float(label) for label in labels])
    else:
        names, place = _commonest([str(label) for label in labels], sums["train"])
    shares = {}
    for name, amounts in sums.items():
        barred = np.bincount(place, weights=amounts, minlength=len(names))
        whole = barred.sum()
        shares[name] = tuple((barred / whole).tolist()) if whole else ()
    return FeatureHistogram(
        feature.name, feature.unit, feature in GRADE_FEATURES, tuple(names), shares
    )


def _bars(feature: Feature, values: Sequence[float]) -> tuple[list[str], NDArray[np.int64]]:
    """Bars of numbers, and in which bar each number lies."""
    if feature.bin is None:
        return [f"{value:g}" for value in values], np.arange(len(values))
    # Half of a hundredth of a bar: what lies on an edge belongs above it, whatever rounding did.
    bars = np.floor(np.array(values) / feature.bin + 0.005).astype(np.int64)
    first = int(bars.min()) if len(bars) else 0
    count = int(bars.max()) - first + 1 if len(bars) else 0
    return [f"{(first + k) * feature.bin:g}" for k in range(count)], bars - first


def _commonest(
    names: Sequence[str], amounts: NDArray[np.float64]
) -> tuple[list[str], NDArray[np.int64]]:
    """Names by how common they are, the rarest as one, and the place of each name among them."""
    order = np.lexsort((np.array(names, dtype=np.str_), -amounts))
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    if len(names) <= _SHOWN:
        return [names[k] for k in order.tolist()], place
    shown = [names[k] for k in order[: _SHOWN - 1].tolist()]
    return [*shown, "others"], np.minimum(place, _SHOWN - 1)
