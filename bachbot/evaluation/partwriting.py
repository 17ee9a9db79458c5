"""How often chorales break the rules of part-writing, beside how often they might have.

Counts are those of `bachbot.theory.rules`, frame by frame on the grid of sixteenths; each rule's
rate is told for so many of its own unit, as `Rule` says. A fault that lasts counts in every frame.
Bach breaks every rule now and then: a rate is to be read beside his on the same pieces.

A rule of key asks for the piece's own; where pieces come without (`Rule.keyed`), leave such out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.evaluation.bootstrap import Interval, bootstrap_mean, bootstrap_rate
from bachbot.theory.explanation import tally
from bachbot.theory.rules import RULES, SUMS, Rule


@dataclass(frozen=True, eq=False)
class RuleRate:
    """How often one rule was broken over a set of pieces, or several rules together.

    Parameters
    ----------
    unit : str
        What one chance is.
    per : int
        So many chances the rate is told for.
    counts, chances : ndarray of int64, shape [P]
        Faults and chances of each piece.
    seed : int
        Of the intervals' draws.
    """

    unit: str
    per: int
    counts: NDArray[np.int64]
    chances: NDArray[np.int64]
    seed: int = 0

    @property
    def count(self) -> int:
        """Faults in all."""
        return int(self.counts.sum())

    @property
    def chance(self) -> int:
        """Chances in all."""
        return int(self.chances.sum())

    @property
    def rate(self) -> float:
        """Faults per `per` chances, all pieces pooled; NaN where there was no chance."""
        return self.per * self.count / self.chance if self.chance else float("nan")

    @property
    def clean(self) -> float:
        """Share of pieces with no fault, 0 to 1; NaN where there is no piece."""
        return float((self.counts == 0).mean()) if len(self.counts) else float("nan")

    @cached_property
    def interval(self) -> Interval:
        """95% interval of the rate, pieces drawn anew."""
        return bootstrap_rate(self.counts * self.per, self.chances, seed=self.seed)

    @cached_property
    def clean_interval(self) -> Interval:
        """95% interval of the share of pieces with none."""
        return bootstrap_mean(self.counts == 0, seed=self.seed)

    def to_json(self) -> dict[str, object]:
        """As plain data; figures that do not exist are None."""
        return {
            "count": self.count,
            "chances": self.chance,
            "unit": self.unit,
            "per": self.per,
            "rate": None if np.isnan(self.rate) else self.rate,
            "rate_interval": self.interval.to_json(),
            "clean": None if np.isnan(self.clean) else self.clean,
            "clean_interval": self.clean_interval.to_json(),
        }


@dataclass(frozen=True)
class PartWriting:
    """The part-writing of a set of chorales.

    Parameters
    ----------
    pieces, frames : int
        How many chorales, and frames in all.
    rules : mapping of str to RuleRate
        By name of the rule, in their order.
    sums : mapping of str to RuleRate
        Rules told together: ``"parallels"`` and such, by the names of `rules.SUMS`.
    """

    pieces: int
    frames: int
    rules: Mapping[str, RuleRate]
    sums: Mapping[str, RuleRate]

    def to_json(self) -> dict[str, object]:
        """Every rate as plain data."""
        return {
            "pieces": self.pieces,
            "frames": self.frames,
            "rules": {name: rate.to_json() for name, rate in self.rules.items()},
            "sums": {name: rate.to_json() for name, rate in self.sums.items()},
        }


def measure(
    chorales: Iterable[Chorale], rules: Mapping[str, Rule] = RULES, *, seed: int = 0
) -> PartWriting:
    """Count the faults of a set of chorales.

    Parameters
    ----------
    chorales : iterable of Chorale
        P pieces, each in the key that its ``key`` says.
    rules : mapping of str to Rule
        What they are held against, by name.
    seed : int
        Of the intervals' draws.

    Returns
    -------
    PartWriting
    """
    chorales = list(chorales)
    found = [tally(chorale, rules) for chorale in chorales]
    rates = {
        name: RuleRate(
            rule.unit,
            rule.per,
            np.array([piece[name].count for piece in found], dtype=np.int64),
            np.array([piece[name].chances for piece in found], dtype=np.int64),
            seed,
        )
        for name, rule in rules.items()
    }
    sums = {
        name: _together([rates[part] for part in parts])
        for name, parts in SUMS.items()
        if all(part in rates for part in parts)
    }
    return PartWriting(len(chorales), sum(c.frames for c in chorales), rates, sums)


def _together(rates: list[RuleRate]) -> RuleRate:
    """Rules that share their chances, as one."""
    counts = np.sum([rate.counts for rate in rates], axis=0)
    first = rates[0]
    return RuleRate(first.unit, first.per, counts, first.chances, first.seed)
