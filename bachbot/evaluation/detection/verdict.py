"""How often a detector was right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.evaluation.bootstrap import Interval, interval_of_rate

_RARE = 0.025


@dataclass(frozen=True)
class Verdict:
    """An accuracy with its interval.

    Parameters
    ----------
    accuracy : float
        Share of decisions that were right, 0 to 1; 0.5 is what a coin gets.
    interval : Interval
        95%: whole tunes drawn anew, with all that was decided of them. Where all was right, or
        all wrong, draws cannot differ: the bounds are then Clopper and Pearson's, each tune
        counted once. It is that of the detectors as they were trained; others, trained on other
        tunes, would stray further, which `chance` and `p` allow for.
    chance : Interval or None
        In what accuracies 95 of 100 detectors end that were trained on sides dealt by chance;
        None where it was not asked.
    p : float or None
        How often these are as good as this one.
    """

    accuracy: float
    interval: Interval
    chance: Interval | None = None
    p: float | None = None

    @classmethod
    def of(
        cls,
        right: NDArray[np.float64],
        groups: Sequence[str],
        *,
        by_chance: NDArray[np.float64] | None = None,
        seed: int = 0,
    ) -> "Verdict":
        """Sum up decisions.

        Parameters
        ----------
        right : ndarray of float64, shape [N]
            1 where a decision was right, 0 where wrong, one half where there was none.
        groups : sequence of str
            The tune of each.
        by_chance : ndarray of float64, shape [R], optional
            Accuracies of a permutation test; R of 1 or more.
        seed : int
            Of the interval's draws.
        """
        names, group = np.unique(np.asarray(groups), return_inverse=True)
        sums = np.bincount(group, weights=right, minlength=len(names))
        accuracy = float(np.mean(right))
        if accuracy in (0.0, 1.0):
            bound = _RARE ** (1 / len(names))
            interval = Interval(bound, 1.0) if accuracy else Interval(0.0, 1 - bound)
        else:
            interval = interval_of_rate(sums, np.bincount(group), seed=seed)
        if by_chance is None:
            return cls(accuracy, interval)
        low, high = np.percentile(by_chance, [100 * _RARE, 100 * (1 - _RARE)])
        p = (1 + int((by_chance >= accuracy).sum())) / (1 + len(by_chance))
        return cls(accuracy, interval, Interval(float(low), float(high)), p)

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "accuracy": self.accuracy,
            "interval": self.interval.to_json(),
            "chance": None if self.chance is None else self.chance.to_json(),
            "p": self.p,
        }


def rightness(votes: NDArray[np.float64], ours: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Which votes are right, above 0 for ours: 1, 0, or one half where a vote is 0."""
    return np.where(votes == 0, 0.5, (votes > 0) == ours)
