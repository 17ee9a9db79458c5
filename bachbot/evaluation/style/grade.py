"""The grade of "Bach or Mock": the sum of nine distances between a chorale and Bach's chorales.

`bachbot.evaluation.style.features` cites the definitions. Lower is better. The authors report a
median of 4.91 for Bach's own pieces (standard deviation 1.63), each of which was also in the
reference (`PUBLISHED`); compared with themselves in the same way, the 343 of those pieces that are
in this corpus have a median of 4.87. Short pieces are farther from any reference than long ones.

The feature of parallels is that of the paper: the distance between the piece's and Bach's shares of
fifths and of octaves, times the ratio of their rates per note. A piece with the same shares as Bach
is graded well however many parallels it has: `bachbot evaluate partwriting` reports their rate.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Mode
from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import RESAMPLES, Interval
from bachbot.evaluation.style.distances import ordered, ranked
from bachbot.evaluation.style.features import (
    GRADE_FEATURES,
    Feature,
    Histogram,
    Label,
    PieceAnalysis,
    analyzed,
)

GRADE = "grade"
"""Name of the sum of the nine distances."""

PUBLISHED: Mapping[str, float] = MappingProxyType(
    dict(
        zip(
            [*(feature.name for feature in GRADE_FEATURES), GRADE],
            [0.24, 0.23, 0.0, 0.41, 0.47, 0.49, 0.53, 0.69, 1.29, 4.91],
            strict=True,
        )
    )
)
"""Medians of Bach's pieces in the paper's table 1."""


@dataclass(frozen=True, eq=False)
class ReferenceDistributions:
    """Bach's distributions of the nine features.

    Parameters
    ----------
    histograms : mapping
        By name of the feature and mode; None for both modes together.
    parallels_per_note : float
        Parallel fifths and octaves per note.
    """

    histograms: Mapping[tuple[str, Mode | None], Histogram]
    parallels_per_note: float

    @classmethod
    def of(cls, pieces: Sequence[PieceAnalysis]) -> "ReferenceDistributions":
        """Pool the histograms of some pieces.

        Raises
        ------
        UsageError
            If there is no piece.
        """
        if not pieces:
            raise UsageError("there is no reference piece to compare with: give one or more")
        pooled: dict[tuple[str, Mode | None], Counter[Label]] = {}
        for feature in GRADE_FEATURES:
            for piece in pieces:
                counts = piece.count(feature)
                for mode in (None, piece.chorale.key.mode):
                    pooled.setdefault((feature.name, mode), Counter()).update(counts)
        faults = sum(pooled["parallels", None].values())
        return cls(pooled, faults / max(1, sum(map(_notes, pieces))))

    def histogram(self, feature: Feature, mode: Mode) -> Histogram:
        """The reference of pieces of a mode: that of both modes if there are none of it."""
        both = self.histograms[feature.name, None]
        return self.histograms.get((feature.name, mode), both) if feature.by_mode else both


@dataclass(frozen=True)
class Grade:
    """The grade of one piece.

    Parameters
    ----------
    name : str
        Name of the piece.
    features : mapping of str to float
        Distance of each feature from Bach's, 0 or more, in its own unit (`GRADE_FEATURES`).
        Infinite if there is nothing to count, such as intervals in a voice that rests throughout.
    """

    name: str
    features: Mapping[str, float]

    @property
    def total(self) -> float:
        """The grade: the sum of the distances."""
        return sum(self.features.values())

    def value(self, name: str) -> float:
        """A feature's distance by its name, or the grade by the name `GRADE`."""
        return self.total if name == GRADE else self.features[name]

    def to_json(self) -> dict[str, object]:
        """As plain data; infinite values are None."""
        values = {name: _finite(value) for name, value in self.features.items()}
        return {"name": self.name, GRADE: _finite(self.total), "features": values}


@dataclass(frozen=True, eq=False)
class Grades:
    """The grades of a set of pieces.

    Parameters
    ----------
    pieces : tuple of Grade
        One or more.
    seed : int
        Random seed of the bootstrap intervals.
    """

    pieces: tuple[Grade, ...]
    seed: int = 0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features, and `GRADE`."""
        return (*self.pieces[0].features, GRADE)

    def values(self, name: str) -> NDArray[np.float64]:
        """Values of a feature or of the grade, shape [P]."""
        return np.array([piece.value(name) for piece in self.pieces])

    def median(self, name: str) -> float:
        """Median over the pieces."""
        return float(np.median(self.values(name)))

    def interval(self, name: str) -> Interval:
        """95% bootstrap interval of the median over pieces."""
        values = self.values(name)
        rng = np.random.default_rng(self.seed)
        resamples = rng.integers(len(values), size=(RESAMPLES, len(values)))
        medians = np.median(values[resamples], axis=1)
        low, high = np.percentile(medians, [2.5, 97.5], method="nearest")
        return Interval(float(low), float(high))

    def quantile(self, name: str, share: float) -> float:
        """The smallest value that a share of the pieces, 0 to 1, does not exceed."""
        return float(np.quantile(self.values(name), share, method="inverted_cdf"))

    def share_above(self, name: str, value: float) -> float:
        """Share of the pieces, 0 to 1, whose distance exceeds a value."""
        return float((self.values(name) > value).mean())

    def to_json(self) -> dict[str, object]:
        """Medians with their intervals, and every piece, as plain data."""
        medians = {}
        for name in self.names:
            bounds = self.interval(name)
            medians[name] = {
                "median": _finite(self.median(name)),
                "interval": [_finite(bounds.low), _finite(bounds.high)],
            }
        return {"medians": medians, "pieces": [piece.to_json() for piece in self.pieces]}


def grade(chorale: Chorale | PieceAnalysis, reference: ReferenceDistributions) -> Grade:
    """Grade one piece.

    Parameters
    ----------
    chorale : Chorale or PieceAnalysis
        In the key of its ``key``.
    reference : Reference
        Bach's distributions.
    """
    piece = analyzed(chorale)
    distances = {feature.name: _distance(feature, piece, reference) for feature in GRADE_FEATURES}
    return Grade(piece.chorale.name, distances)


def grades(
    chorales: Iterable[Chorale | PieceAnalysis],
    reference: ReferenceDistributions,
    *,
    seed: int = 0,
    progress: Callable[[], None] | None = None,
) -> Grades:
    """Grade a set of pieces.

    Parameters
    ----------
    chorales : iterable of Chorale or PieceAnalysis
        One or more.
    reference : Reference
        Bach's distributions.
    seed : int
        Random seed of the bootstrap intervals.
    progress : callable, optional
        Called after each piece.

    Raises
    ------
    UsageError
        If there is no piece.
    """
    found = []
    for chorale in chorales:
        found.append(grade(chorale, reference))
        if progress is not None:
            progress()
    if not found:
        raise UsageError("there is no piece to grade: give one or more")
    return Grades(tuple(found), seed)


def _distance(feature: Feature, piece: PieceAnalysis, reference: ReferenceDistributions) -> float:
    histogram = piece.count(feature)
    bach = reference.histogram(feature, piece.chorale.key.mode)
    if feature.kind == "ordered":
        return ordered(histogram, bach)
    if feature.kind != "faults":
        return ranked(histogram, bach)
    faults = sum(histogram.values())
    if not faults:
        return 0.0
    if not reference.parallels_per_note:
        return inf
    return ranked(histogram, bach) * faults / _notes(piece) / reference.parallels_per_note


def _notes(piece: PieceAnalysis) -> int:
    return int(piece.chorale.onset.sum())


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
