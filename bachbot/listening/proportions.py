"""Proportions of correct answers, with intervals and tests against guessing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.answers import Answers

CHANCE = 0.5
"""What guessing gets right."""


@dataclass(frozen=True)
class Proportion:
    """How many of some answers are of one sort, mostly correct ones.

    The interval and the test take the answers for independent. Answers of one participant, and to
    one trial, are not quite: `bachbot.listening.mixed` allows for that.

    Parameters
    ----------
    hits, answers : int
        So many of so many.
    participants : int
        How many people gave them.
    interval : Interval
        Of 95% (Wilson).
    p_value : float
        Exact, two-sided, against one half.
    holm : float, optional
        The p-value corrected for the other groups that it stands among.
    """

    hits: int
    answers: int
    participants: int
    interval: Interval
    p_value: float
    holm: float | None = None

    @property
    def value(self) -> float:
        """The proportion; NaN of no answers."""
        return self.hits / self.answers if self.answers else nan

    def to_json(self) -> dict[str, object]:
        """Plain data; None where there is no figure."""
        return {
            "hits": self.hits,
            "answers": self.answers,
            "participants": self.participants,
            "proportion": self.value if self.answers else None,
            "interval": self.interval.to_json(),
            "p_value": self.p_value if self.answers else None,
            "holm": self.holm,
        }


def proportion(hits: int, answers: int, participants: int = 0) -> Proportion:
    """A proportion with Wilson's interval and the exact binomial test against one half.

    Wilson (1927), *Probable inference, the law of succession, and statistical inference*; without
    correction for continuity, as Brown, Cai and DasGupta (2001, section 3.1.1) advise. The test
    sums the probability of every count that is no likelier than the one found.

    Parameters
    ----------
    hits, answers : int
        0 <= hits <= answers.
    participants : int
        How many people gave them.

    Raises
    ------
    UsageError
        If the counts cannot be.
    """
    if not 0 <= hits <= answers:
        raise UsageError(f"{hits} of {answers} answers cannot be: give 0 to {answers}")
    if not answers:
        return Proportion(0, 0, participants, Interval(nan, nan), nan)
    from scipy.stats import binomtest

    test = binomtest(hits, answers, CHANCE)
    bounds = test.proportion_ci(confidence_level=0.95, method="wilson")
    interval = Interval(float(bounds.low), float(bounds.high))
    return Proportion(hits, answers, participants, interval, float(test.pvalue))


def share(answers: Answers, hit: NDArray[np.bool_]) -> Proportion:
    """The proportion of some answers for which a mask of shape [N] holds."""
    return proportion(int(hit.sum()), len(answers), answers.participants)


def by_group(
    answers: Answers, groups: NDArray[np.str_], among: Sequence[str]
) -> dict[str, Proportion]:
    """Proportion of correct answers in each group that has any, corrected for one another.

    Parameters
    ----------
    answers : Answers
        N of them.
    groups : ndarray of str, shape [N]
        To which each belongs.
    among : sequence of str
        The groups, in the order wanted.

    Returns
    -------
    dict of str to Proportion
        With Holm's correction for as many groups as there are.
    """
    found = {}
    for group in among:
        part = answers.where(groups == group)
        if len(part):
            found[group] = share(part, part.correct)
    corrected = holm([p.p_value for p in found.values()])
    return {g: replace(p, holm=q) for (g, p), q in zip(found.items(), corrected, strict=True)}


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values that hold for all tests at once.

    Holm (1979), *A simple sequentially rejective multiple test procedure*: the smallest of m is
    multiplied by m, the next by m - 1, and none may fall below one before it.

    Parameters
    ----------
    p_values : sequence of float
        0 to 1.
    """
    values = np.asarray(p_values, float)
    ranked = np.argsort(values, kind="stable")
    scaled = values[ranked] * np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[ranked] = np.minimum(np.maximum.accumulate(scaled), 1)
    return [float(p) for p in corrected]
