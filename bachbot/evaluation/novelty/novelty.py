"""How new a set of pieces is: neither copied from the training pieces nor unlike all of them.

For each voice, for the voices that were written together, and for all four: the longest passage
that a training piece has too, how long the shared passages usually are, and the share of bars that
a training piece has. Every figure is found for each piece; over a set they are told as a mean, with
an interval of 95% over pieces drawn anew, and as median, nine tenths and most. The same for pieces
of Bach's that are no training pieces says how much is common property: far above it is copying, far
below it noise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval, bootstrap_mean
from bachbot.evaluation.novelty.index import TrainingIndex, Voices
from bachbot.evaluation.novelty.passages import Overlap, Passage, measure_overlap

STATISTICS = ("longest_notes", "longest_beats", "rhythm_free_notes", "mean_notes", "copied_bars")
"""What is told of every group of voices, as `Overlap` defines it."""

_HIGH = 90  # per cent


@dataclass(frozen=True, eq=False)
class PieceDistribution:
    """One figure over a set of pieces.

    Parameters
    ----------
    values : ndarray of float64, shape [P]
        Of each piece that has the figure.
    seed : int
        Of the interval's draws.
    """

    values: NDArray[np.float64]
    seed: int = 0

    @property
    def mean(self) -> float:
        """Over the pieces; NaN where there is none."""
        return float(self.values.mean()) if len(self.values) else float("nan")

    @cached_property
    def interval(self) -> Interval:
        """95% interval of the mean, pieces drawn anew."""
        return bootstrap_mean(self.values, seed=self.seed)

    @property
    def marks(self) -> tuple[float, float, float]:
        """Median, what nine pieces in ten do not go beyond, and the most; NaN where there is none.

        Between two pieces the figure is interpolated.
        """
        if not len(self.values):
            return (float("nan"),) * 3
        median, high, most = np.percentile(self.values, [50, _HIGH, 100])
        return float(median), float(high), float(most)

    def to_json(self) -> dict[str, object]:
        """As plain data; figures that do not exist are None."""
        names = ("mean", "median", "percentile_90", "maximum")
        figures = (self.mean, *self.marks)
        told = {n: None if np.isnan(f) else f for n, f in zip(names, figures, strict=True)}
        return told | {"interval": self.interval.to_json(), "pieces": len(self.values)}


@dataclass(frozen=True)
class PieceNovelty:
    """One piece.

    Parameters
    ----------
    name : str
        What it is called.
    groups : mapping of tuple of Voice to Likeness
        Each voice that was written, those together, and all four.
    """

    name: str
    groups: Mapping[Voices, Overlap]

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        groups = {voices_label(voices): like.to_json() for voices, like in self.groups.items()}
        return {"name": self.name, "groups": groups}


@dataclass(frozen=True)
class Novelty:
    """A set of pieces. The module's docstring says how its figures are found.

    Parameters
    ----------
    pieces : tuple of PieceNovelty
        In their order.
    groups : tuple of tuple of Voice
        The voices that were looked at.
    seed : int
        Of the intervals' draws.
    """

    pieces: tuple[PieceNovelty, ...]
    groups: tuple[Voices, ...]
    seed: int = 0

    @cached_property
    def figures(self) -> dict[Voices, dict[str, PieceDistribution]]:
        """Each figure of `STATISTICS` for each group of voices."""
        return {
            voices: {name: self._spread(voices, name) for name in STATISTICS}
            for voices in self.groups
        }

    def longest(self, voices: Voices) -> tuple[int, Passage] | None:
        """The longest passage of the set in some voices, and the number of its piece from 0 on."""
        found = [(number, piece.groups[voices].longest) for number, piece in enumerate(self.pieces)]
        shared = [(number, passage) for number, passage in found if passage is not None]
        return max(shared, key=lambda f: (f[1].notes, f[1].beats), default=None)

    def to_json(self) -> dict[str, object]:
        """Every figure, and every piece, as plain data."""
        figures = {
            voices_label(voices): {name: spread.to_json() for name, spread in row.items()}
            for voices, row in self.figures.items()
        }
        return {"figures": figures, "pieces": [piece.to_json() for piece in self.pieces]}

    def _spread(self, voices: Voices, name: str) -> PieceDistribution:
        rows = [_figures(piece.groups[voices])[name] for piece in self.pieces]
        values = np.array(rows, dtype=np.float64)
        return PieceDistribution(values[~np.isnan(values)], self.seed)


def measure(
    pieces: Sequence[Chorale],
    index: TrainingIndex,
    *,
    written: Sequence[Voice] = VOICES,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Novelty:
    """Hold a set of pieces against the training pieces.

    Parameters
    ----------
    pieces : sequence of Chorale
        At any pitch; not training pieces, unless to see that they are found.
    index : Index
        The training pieces.
    written : sequence of Voice
        The voices that are in question. Of a tune harmonized those below it: the tune is given, and
        its passages say nothing of who harmonized it.
    seed : int
        Of the intervals' draws.
    progress : callable, optional
        Told of pieces done.

    Raises
    ------
    UsageError
        If no voice is in question.
    """
    groups = _groups(tuple(sorted(set(written))))
    found = []
    for piece in pieces:
        likenesses = {voices: measure_overlap(piece, voices, index) for voices in groups}
        found.append(PieceNovelty(piece.name, likenesses))
        if progress is not None:
            progress(len(found), len(pieces))
    return Novelty(tuple(found), groups, seed)


def voices_label(voices: Voices) -> str:
    """A group of voices in words: ``"alto, tenor, bass"``, ``"four voices"``."""
    return "four voices" if voices == VOICES else ", ".join(voice.label for voice in voices)


def _groups(written: Voices) -> tuple[Voices, ...]:
    if not written:
        raise UsageError("no voice is in question: name one or more that were written")
    return tuple(dict.fromkeys([*((voice,) for voice in written), written, VOICES]))


def _figures(found: Overlap) -> dict[str, float]:
    notes, beats = (found.longest.notes, found.longest.beats) if found.longest else (0, 0.0)
    free = found.free.notes if found.free else 0
    values = (notes, beats, free, found.usual, found.copied_share)
    return dict(zip(STATISTICS, values, strict=True))
