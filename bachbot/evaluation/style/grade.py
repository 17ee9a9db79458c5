"""The grade of "Bach or Mock": nine distances between a chorale and Bach's chorales, added up.

See `features` for where the definitions come from. Lower is better. The authors told of a median of
4.91 for Bach's own pieces (standard deviation 1.63), each of which stood in the reference as well
(`PUBLISHED`); held against themselves in the same way, the 343 of those pieces that the corpus here
has come to 4.87. A short piece is farther from anything than a long one.

The feature of parallels is theirs: the distance between the piece's and Bach's shares of fifths and
of octaves, times how many there are a note beside Bach. A piece whose shares are his pays little
for however many: `bachbot evaluate partwriting` tells their rate.
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
"""Name of the sum."""

PUBLISHED: Mapping[str, float] = MappingProxyType(
    dict(
        zip(
            [*(feature.name for feature in GRADE_FEATURES), GRADE],
            [0.24, 0.23, 0.0, 0.41, 0.47, 0.49, 0.53, 0.69, 1.29, 4.91],
            strict=True,
        )
    )
)
"""Bach's medians as the paper has them (its table 1)."""


@dataclass(frozen=True, eq=False)
class ReferenceDistributions:
    """Bach's distributions.

    Parameters
    ----------
    histograms : mapping
        By name of the feature and mode, or None for all pieces together.
    parallels_a_note : float
        Parallel fifths and octaves divided by notes.
    """

    histograms: Mapping[tuple[str, Mode | None], Histogram]
    parallels_a_note: float

    @classmethod
    def of(cls, readings: Sequence[PieceAnalysis]) -> "ReferenceDistributions":
        """Pool the histograms of some pieces.

        Raises
        ------
        UsageError
            If there is no piece.
        """
        if not readings:
            raise UsageError("there is no piece to hold others against: give one or more")
        pooled: dict[tuple[str, Mode | None], Counter[Label]] = {}
        for feature in GRADE_FEATURES:
            for reading in readings:
                found = reading.count(feature)
                for mode in (None, reading.chorale.key.mode):
                    pooled.setdefault((feature.name, mode), Counter()).update(found)
        faults = sum(pooled["parallels", None].values())
        return cls(pooled, faults / max(1, sum(map(_notes, readings))))

    def histogram(self, feature: Feature, mode: Mode) -> Histogram:
        """What a piece of a mode is held against: all pieces where none is of that mode."""
        whole = self.histograms[feature.name, None]
        return self.histograms.get((feature.name, mode), whole) if feature.by_mode else whole


@dataclass(frozen=True)
class Grade:
    """The grade of one piece.

    Parameters
    ----------
    name : str
        Of the piece.
    features : mapping of str to float
        Each feature's distance from Bach, 0 or more, in its own unit (`GRADE_FEATURES`). Infinite where
        the piece has nothing to measure, such as no interval in a voice that rests throughout.
    """

    name: str
    features: Mapping[str, float]

    @property
    def total(self) -> float:
        """The sum."""
        return sum(self.features.values())

    def value(self, name: str) -> float:
        """A feature by its name, or the sum by that of `GRADE`."""
        return self.total if name == GRADE else self.features[name]

    def to_json(self) -> dict[str, object]:
        """As plain data; what is infinite is None."""
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
        Of the intervals' draws.
    """

    pieces: tuple[Grade, ...]
    seed: int = 0

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features, and the sum."""
        return (*self.pieces[0].features, GRADE)

    def values(self, name: str) -> NDArray[np.float64]:
        """A feature or the sum, shape [P]."""
        return np.array([piece.value(name) for piece in self.pieces])

    def median(self, name: str) -> float:
        """Over the pieces."""
        return float(np.median(self.values(name)))

    def interval(self, name: str) -> Interval:
        """95% bootstrap interval of the median, pieces drawn anew (see `bootstrap`)."""
        values = self.values(name)
        rng = np.random.default_rng(self.seed)
        picks = rng.integers(len(values), size=(RESAMPLES, len(values)))
        medians = np.median(values[picks], axis=1)
        low, high = np.percentile(medians, [2.5, 97.5], method="nearest")
        return Interval(float(low), float(high))

    def quantile(self, name: str, share: float) -> float:
        """The least value that this share of the pieces, 0 to 1, does not exceed."""
        return float(np.quantile(self.values(name), share, method="inverted_cdf"))

    def share_above(self, name: str, value: float) -> float:
        """Share of the pieces, 0 to 1, that are farther from Bach than a value."""
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
    chorale : Chorale or Reading
        In the key that its ``key`` says.
    reference : Reference
        What it is held against.
    """
    reading = analyzed(chorale)
    values = {feature.name: _distance(feature, reading, reference) for feature in GRADE_FEATURES}
    return Grade(reading.chorale.name, values)


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
    chorales : iterable of Chorale or Reading
        One or more.
    reference : Reference
        What they are held against.
    seed : int
        Of the intervals' draws.
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


def _distance(feature: Feature, reading: PieceAnalysis, reference: ReferenceDistributions) -> float:
    histogram = reading.count(feature)
    bach = reference.histogram(feature, reading.chorale.key.mode)
    if feature.kind == "ordered":
        return ordered(histogram, bach)
    if feature.kind != "faults":
        return ranked(histogram, bach)
    faults = sum(histogram.values())
    if not faults:
        return 0.0
    if not reference.parallels_a_note:
        return inf
    return ranked(histogram, bach) * faults / _notes(reading) / reference.parallels_a_note


def _notes(reading: PieceAnalysis) -> int:
    return int(reading.chorale.onset.sum())


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
