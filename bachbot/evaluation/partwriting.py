"""Part-writing: how often chorales break the rules, relative to how often they could.

Counts are those of `bachbot.theory.rules`, frame by frame on the grid of sixteenths: a fault that
lasts counts in every frame. Each rule's rate is per a number of its own units, as its `Rule` says.
Bach breaks every rule now and then, so that a rate means something only next to Bach's rate on the
same pieces.

A rule that depends on the key uses the piece's own; leave such rules out (`Rule.keyed`) for pieces
whose key is not known.
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
    """How often a rule, or a group of rules, is broken in a set of pieces.

    Parameters
    ----------
    unit : str
        What one chance to break the rule is.
    per : int
        Number of chances to which the rate refers.
    counts, chances : ndarray of int64, shape [P]
        Faults and chances in each piece.
    seed : int
        Random seed of the bootstrap intervals.
    """

    unit: str
    per: int
    counts: NDArray[np.int64]
    chances: NDArray[np.int64]
    seed: int = 0

    @property
    def count(self) -> int:
        """Total of the faults."""
        return int(self.counts.sum())

    @property
    def chance(self) -> int:
        """Total of the chances."""
        return int(self.chances.sum())

    @property
    def rate(self) -> float:
        """Faults per `per` chances, pooled over pieces; NaN if there was no chance."""
        return self.per * self.count / self.chance if self.chance else float("nan")

    @property
    def clean(self) -> float:
        """Share of pieces without a fault, 0 to 1; NaN if there is no piece."""
        return float((self.counts == 0).mean()) if len(self.counts) else float("nan")

    @cached_property
    def interval(self) -> Interval:
        """95% bootstrap interval of the rate over pieces."""
        return bootstrap_rate(self.counts * self.per, self.chances, seed=self.seed)

    @cached_property
    def clean_interval(self) -> Interval:
        """95% bootstrap interval of the share of pieces without a fault."""
        return bootstrap_mean(self.counts == 0, seed=self.seed)

    def to_json(self) -> dict[str, object]:
        """As plain data; undefined rates are None."""
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
        Number of chorales, and of their frames.
    rules : mapping of str to RuleRate
        By name of the rule, in the order of the rules.
    sums : mapping of str to RuleRate
        Groups of rules, such as ``"parallels"``, by the names in `SUMS`.
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
    """Measure the part-writing of a set of chorales.

    Parameters
    ----------
    chorales : iterable of Chorale
        P pieces, each in the key of its ``key``.
    rules : mapping of str to Rule
        Rules to check, by name.
    seed : int
        Random seed of the bootstrap intervals.

    Returns
    -------
    PartWriting
    """
    chorales = list(chorales)
    counts = [tally(chorale, rules) for chorale in chorales]
    rates = {
        name: RuleRate(
            rule.unit,
            rule.per,
            np.array([piece[name].count for piece in counts], dtype=np.int64),
            np.array([piece[name].chances for piece in counts], dtype=np.int64),
            seed,
        )
        for name, rule in rules.items()
    }
    sums = {
        name: _pool([rates[part] for part in parts])
        for name, parts in SUMS.items()
        if all(part in rates for part in parts)
    }
    return PartWriting(len(chorales), sum(c.frames for c in chorales), rates, sums)


def _pool(rates: list[RuleRate]) -> RuleRate:
    """Several rules with the same chances as one."""
    counts = np.sum([rate.counts for rate in rates], axis=0)
    first = rates[0]
    return RuleRate(first.unit, first.per, counts, first.chances, first.seed)
