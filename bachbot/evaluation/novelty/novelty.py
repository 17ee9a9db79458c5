"""Novelty of a set of pieces: whether they are copied from the training pieces or unlike them.

For each voice, for the written voices together and for all four: the longest passage that a
training piece has too, the mean length of shared passages, and the share of bars that a training
piece has. Every statistic is computed for each piece; over a set it has a mean with a 95% bootstrap
interval over pieces, a median, a 90th percentile and a maximum. The same statistics of pieces by
Bach outside the training part are the reference: values far above them are copying, values far
below them are noise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import MeanEstimate
from bachbot.evaluation.novelty.index import TrainingIndex, Voices
from bachbot.evaluation.novelty.passages import Overlap, Passage, measure_overlap

STATISTICS = ("longest_notes", "longest_beats", "rhythm_free_notes", "mean_notes", "copied_bars")
"""Statistics of each group of voices, from the fields of `Overlap`."""

_HIGH = 90  # percentile


class PieceDistribution(MeanEstimate):
    """The distribution of a statistic over the pieces in which it is defined."""

    @property
    def quantiles(self) -> tuple[float, float, float]:
        """Median, 90th percentile and maximum, interpolated linearly; NaN if there is no piece."""
        if not len(self.values):
            return (float("nan"),) * 3
        median, high, maximum = np.percentile(self.values, [50, _HIGH, 100])
        return float(median), float(high), float(maximum)

    def to_json(self) -> dict[str, object]:
        """As plain data; undefined values are None."""
        names = ("mean", "median", "percentile_90", "maximum")
        values = (self.mean, *self.quantiles)
        plain = {n: None if np.isnan(v) else v for n, v in zip(names, values, strict=True)}
        return plain | {"interval": self.interval.to_json(), "pieces": len(self.values)}


@dataclass(frozen=True)
class PieceNovelty:
    """Novelty of one piece.

    Parameters
    ----------
    name : str
        Name of the piece.
    groups : mapping of tuple of Voice to Overlap
        Each written voice, the written voices together, and all four.
    """

    name: str
    groups: Mapping[Voices, Overlap]

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        groups = {
            voices_label(voices): overlap.to_json() for voices, overlap in self.groups.items()
        }
        return {"name": self.name, "groups": groups}


@dataclass(frozen=True)
class Novelty:
    """Novelty of a set of pieces. The module's docstring defines the statistics.

    Parameters
    ----------
    pieces : tuple of PieceNovelty
        In the order of the pieces.
    groups : tuple of tuple of Voice
        The groups of voices that were measured.
    seed : int
        Random seed of the bootstrap intervals.
    """

    pieces: tuple[PieceNovelty, ...]
    groups: tuple[Voices, ...]
    seed: int = 0

    @cached_property
    def figures(self) -> dict[Voices, dict[str, PieceDistribution]]:
        """Each of `STATISTICS` for each group of voices."""
        return {
            voices: {name: self._distribution(voices, name) for name in STATISTICS}
            for voices in self.groups
        }

    def longest(self, voices: Voices) -> tuple[int, Passage] | None:
        """The longest passage of the set in some voices, and the index of its piece."""
        found = [(number, piece.groups[voices].longest) for number, piece in enumerate(self.pieces)]
        shared = [(number, passage) for number, passage in found if passage is not None]
        return max(shared, key=lambda f: (f[1].notes, f[1].beats), default=None)

    def to_json(self) -> dict[str, object]:
        """Every statistic, and every piece, as plain data."""
        figures = {
            voices_label(voices): {name: value.to_json() for name, value in row.items()}
            for voices, row in self.figures.items()
        }
        return {"figures": figures, "pieces": [piece.to_json() for piece in self.pieces]}

    def _distribution(self, voices: Voices, name: str) -> PieceDistribution:
        rows = [_statistics(piece.groups[voices])[name] for piece in self.pieces]
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
    """Measure the novelty of a set of pieces.

    Parameters
    ----------
    pieces : sequence of Chorale
        In any key; not training pieces.
    index : TrainingIndex
        The training pieces.
    written : sequence of Voice
        The voices that were written by a model: of a harmonized melody the voices below it, because
        the passages of a given melody say nothing about its harmonization.
    seed : int
        Random seed of the bootstrap intervals.
    progress : callable, optional
        Called with the pieces done and their number.

    Returns
    -------
    Novelty

    Raises
    ------
    UsageError
        If there is no written voice.
    """
    groups = _groups(tuple(sorted(set(written))))
    measured = []
    for piece in pieces:
        overlaps = {voices: measure_overlap(piece, voices, index) for voices in groups}
        measured.append(PieceNovelty(piece.name, overlaps))
        if progress is not None:
            progress(len(measured), len(pieces))
    return Novelty(tuple(measured), groups, seed)


def voices_label(voices: Voices) -> str:
    """A label of a group of voices: ``"alto, tenor, bass"``, ``"four voices"``."""
    return "four voices" if voices == VOICES else ", ".join(voice.label for voice in voices)


def _groups(written: Voices) -> tuple[Voices, ...]:
    if not written:
        raise UsageError("there is no written voice to measure: name one or more")
    return tuple(dict.fromkeys([*((voice,) for voice in written), written, VOICES]))


def _statistics(overlap: Overlap) -> dict[str, float]:
    longest = overlap.longest
    notes, beats = (longest.notes, longest.beats) if longest else (0, 0.0)
    rhythm_free = overlap.rhythm_free.notes if overlap.rhythm_free else 0
    values = (notes, beats, rhythm_free, overlap.mean_notes, overlap.copied_share)
    return dict(zip(STATISTICS, values, strict=True))
