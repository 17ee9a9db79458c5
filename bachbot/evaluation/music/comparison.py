"""All measures of a set of pieces, beside those of Bach's own versions of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bachbot.chorale import Chorale
from bachbot.errors import UsageError
from bachbot.evaluation import harmonization
from bachbot.evaluation.bootstrap import Interval, RateEstimate, bootstrap_difference
from bachbot.evaluation.music.endings import ENDINGS
from bachbot.evaluation.music.harmony import HARMONY
from bachbot.evaluation.music.lines import LINES
from bachbot.evaluation.music.texture import TEXTURE
from bachbot.evaluation.music.view import LOWER, Measure, MusicView

MEASURES: tuple[Measure, ...] = (*LINES, *TEXTURE, *HARMONY, *ENDINGS)
"""All measures, in the order of a table."""

EQUAL_PITCH = "pitches of alto, tenor and bass equal to Bach's"
"""The one row that needs Bach's versions; it has no star."""


@dataclass(frozen=True, eq=False)
class MusicRow:
    """One measure of a set of pieces.

    Parameters
    ----------
    name, unit : str
        What is counted, and what its rate is in.
    per : int
        What rates are multiplied by in that unit.
    ours : RateEstimate
        Of the set.
    bach : RateEstimate or None
        Of Bach's versions; None if there are none, or if the measure is a comparison itself.
    """

    name: str
    unit: str
    per: int
    ours: RateEstimate
    bach: RateEstimate | None = None

    @cached_property
    def difference(self) -> Interval | None:
        """95% paired bootstrap interval over pieces of ours less Bach's, times `per`.

        None without Bach's versions, and where one of the two has nothing to count.
        """
        if self.bach is None:
            return None
        found = bootstrap_difference(
            self.ours.counts, self.ours.totals, self.bach.counts, self.bach.totals,
            seed=self.ours.seed,
        )  # fmt: skip
        return None if np.isnan(found.low) else Interval(
            self.per * found.low, self.per * found.high
        )  # fmt: skip

    @property
    def star(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        found = self.difference
        return found is not None and (found.low > 0 or found.high < 0)

    def to_json(self) -> dict[str, object]:
        """As plain data: rates are counts divided by totals, the difference is in the unit."""
        return {
            "name": self.name,
            "unit": self.unit,
            "per": self.per,
            "ours": self.ours.to_json(),
            "bach": None if self.bach is None else self.bach.to_json(),
            "difference": None if self.difference is None else self.difference.to_json(),
            "star": self.star,
        }


@dataclass(frozen=True)
class MusicComparison:
    """All measures of a set of pieces.

    Parameters
    ----------
    pieces : int
        Number of pieces.
    rows : tuple of MusicRow
        One for each measure.
    """

    pieces: int
    rows: tuple[MusicRow, ...]

    @property
    def compared(self) -> int:
        """Number of rows with a difference from Bach."""
        return sum(row.difference is not None for row in self.rows)

    @property
    def stars(self) -> int:
        """Number of rows whose difference from Bach is not 0; 5% of them by chance."""
        return sum(row.star for row in self.rows)

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "pieces": self.pieces,
            "compared": self.compared,
            "stars": self.stars,
            "rows": [row.to_json() for row in self.rows],
        }


def measure(
    chorales: Sequence[Chorale], bach: Sequence[Chorale] = (), *, seed: int = 0
) -> MusicComparison:
    """Measure a set of pieces: `measure_all` of one set.

    Parameters
    ----------
    chorales, bach, seed
        As there.
    """
    return measure_all({"": chorales}, bach, seed=seed)[""]


def measure_all(
    sets: Mapping[str, Sequence[Chorale]], bach: Sequence[Chorale] = (), *, seed: int = 0
) -> dict[str, MusicComparison]:
    """Measure sets of pieces by name, each beside the same versions by Bach.

    Parameters
    ----------
    sets : mapping of str to sequence of Chorale
        P pieces each, in notes of the length that chorales have (`bachbot.chorale.Pulse`).
    bach : sequence of Chorale
        Bach's versions of the same pieces under the same sopranos, if there are any.
    seed : int
        Random seed of the bootstrap intervals.

    Returns
    -------
    dict of str to MusicComparison
        Without Bach's versions the rows have no star, and the row that needs them is missing.

    Raises
    ------
    UsageError
        If a set has no piece, or Bach's versions differ from it in number or length.
    """
    if not all(sets.values()):
        raise UsageError("there is no piece to measure: give one or more")
    equal = {
        name: MusicRow(EQUAL_PITCH, "%", 100,
                       harmonization.measure(bach, ours, LOWER, seed=seed).equal_pitch)
        for name, ours in sets.items() if bach
    }  # fmt: skip
    his: Sequence[RateEstimate | None] = (
        rates_of(bach, seed=seed) if bach else [None] * len(MEASURES)
    )
    found = {}
    for name, ours in sets.items():
        rows = [
            MusicRow(m.name, m.unit, m.per, rate, of_bach)
            for m, rate, of_bach in zip(MEASURES, rates_of(ours, seed=seed), his, strict=True)
        ]
        rows += [equal[name]] if bach else []
        found[name] = MusicComparison(len(ours), tuple(rows))
    return found


def rates_of(
    chorales: Sequence[Chorale], measures: Sequence[Measure] = MEASURES, *, seed: int = 0
) -> list[RateEstimate]:
    """The rate of each measure in a set of pieces.

    Parameters
    ----------
    chorales : sequence of Chorale
        P pieces.
    measures : sequence of Measure
        What is counted.
    seed : int
        Random seed of the bootstrap intervals.
    """
    counts = np.array(
        [[m.count(view) for m in measures] for view in map(MusicView, chorales)], dtype=np.int64
    ).reshape(-1, len(measures), 2)
    return [RateEstimate(counts[:, k, 0], counts[:, k, 1], seed) for k in range(len(measures))]
