"""Proportions of correct answers, side bias, and learning along a session."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, nan, pi, sqrt

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
    one trial, are not quite: `bachbot.listening.analysis.mixed_model` allows for that.

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


_Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution."""


@dataclass(frozen=True)
class SideBias:
    """How answers lie between the sides.

    Parameters
    ----------
    bach_left : Proportion
        Of trials that had Bach's clip on the left: tells whether the sides were drawn evenly.
    left : Proportion
        Of answers "left".
    correct_where_left, correct_where_right : Proportion
        Of correct answers where Bach's clip was on the left, and on the right.
    sensitivity : float
        d', how far apart the two clips are heard, in standard deviations; 0 is guessing.
    sensitivity_interval : Interval
        Of 95%.
    criterion : float
        Below 0 leans to the left, above 0 to the right, in standard deviations.
    criterion_interval : Interval
        Of 95%.
    """

    bach_left: Proportion
    left: Proportion
    correct_where_left: Proportion
    correct_where_right: Proportion
    sensitivity: float
    sensitivity_interval: Interval
    criterion: float
    criterion_interval: Interval

    @property
    def balanced(self) -> float:
        """Mean of the correct answers' proportions on both sides; NaN where one has no answers."""
        return (self.correct_where_left.value + self.correct_where_right.value) / 2

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        both = self.correct_where_left.answers and self.correct_where_right.answers
        return {
            "bach_left": self.bach_left.to_json(),
            "left": self.left.to_json(),
            "correct_where_bach_left": self.correct_where_left.to_json(),
            "correct_where_bach_right": self.correct_where_right.to_json(),
            "balanced": self.balanced if both else None,
            "d_prime": self.sensitivity,
            "d_prime_interval": self.sensitivity_interval.to_json(),
            "criterion": self.criterion,
            "criterion_interval": self.criterion_interval.to_json(),
        }


def side_bias(answers: Answers) -> SideBias:
    """Side bias of some answers.

    d' and criterion are those of a choice between two (Macmillan and Creelman, *Detection Theory*,
    2nd edition, chapter 7): with the z-scores of "left" given Bach on the left and given Bach on
    the right, d' is their difference over the root of two and the criterion minus half their sum.
    Counts have one half added, and their totals one, so that none is 0 or all (Hautus, 1995). The
    intervals are from the binomial variances of the two (Gourevitch and Galanter, 1967).

    Parameters
    ----------
    answers : Answers
        One or more.
    """
    on_left, on_right = answers.where(answers.bach_left), answers.where(~answers.bach_left)
    z_left, var_left = _scored(int(on_left.chose_left.sum()), len(on_left))
    z_right, var_right = _scored(int(on_right.chose_left.sum()), len(on_right))
    sensitivity = (z_left - z_right) / sqrt(2)
    criterion = -(z_left + z_right) / 2
    spread = var_left + var_right
    return SideBias(
        bach_left=share(answers, answers.bach_left),
        left=share(answers, answers.chose_left),
        correct_where_left=share(on_left, on_left.correct),
        correct_where_right=share(on_right, on_right.correct),
        sensitivity=sensitivity,
        sensitivity_interval=_around(sensitivity, sqrt(spread / 2)),
        criterion=criterion,
        criterion_interval=_around(criterion, sqrt(spread) / 2),
    )


def _scored(hits: int, answers: int) -> tuple[float, float]:
    """The z-score of a proportion, and its variance."""
    from scipy.special import ndtri

    rate = (hits + 0.5) / (answers + 1)
    z = float(ndtri(rate))
    density = exp(-z * z / 2) / sqrt(2 * pi)
    return z, rate * (1 - rate) / ((answers + 1) * density**2)


def _around(value: float, deviation: float) -> Interval:
    return Interval(value - _Z * deviation, value + _Z * deviation)


_FEWEST = 5
"""Participants below which errors made robust by participant are not to be trusted."""


@dataclass(frozen=True)
class Learning:
    """How correct answers change along the session.

    Parameters
    ----------
    by_order : dict of int to Proportion
        Of each position that has answers; the tests are not corrected for one another.
    slope : float or None
        Log-odds gained with each trial; None where `trouble` says why.
    interval : Interval or None
        Of 95%, answers of one participant taken together.
    p_value : float or None
        Two-sided, against no change.
    trouble : str
        Why there is no slope, empty where there is one.
    """

    by_order: dict[int, Proportion]
    slope: float | None = None
    interval: Interval | None = None
    p_value: float | None = None
    trouble: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "by_order": {str(order): p.to_json() for order, p in self.by_order.items()},
            "slope": self.slope,
            "interval": self.interval.to_json() if self.interval else None,
            "p_value": self.p_value,
            "trouble": self.trouble or None,
        }


def learning(answers: Answers) -> Learning:
    """The slope of correct answers on the position in the session.

    A logistic regression whose errors are made robust by participant (Liang and Zeger, 1986). If
    the types come in a fixed order, what it finds may be theirs: the mixed model sets them apart.

    Parameters
    ----------
    answers : Answers
        One or more.
    """
    by_order = {}
    for order in np.unique(answers.order):
        part = answers.where(answers.order == order)
        by_order[int(order)] = share(part, part.correct)
    trouble = _trouble(answers, by_order)
    if trouble:
        return Learning(by_order, trouble=trouble)
    return _sloped(answers, by_order)


def _trouble(answers: Answers, by_order: dict[int, Proportion]) -> str:
    if len(by_order) < 2:
        return "all answers are of one position in the session"
    if answers.participants < _FEWEST:
        return f"the answers are of fewer than {_FEWEST} participants"
    right, wrong = answers.order[answers.correct], answers.order[~answers.correct]
    if not len(right) or not len(wrong):
        return f"every answer is {'right' if len(right) else 'wrong'}"
    # The slope that fits best is then without bound (Albert and Anderson, 1984).
    if right.max() <= wrong.min() or wrong.max() <= right.min():
        return "right and wrong answers do not overlap along the session"
    return ""


def _sloped(answers: Answers, by_order: dict[int, Proportion]) -> Learning:
    import statsmodels.api as sm

    order = answers.order.astype(float)
    design = np.stack([np.ones(len(order)), order - order.mean()], axis=1)  # [N, 2]
    groups = np.unique(answers.participant, return_inverse=True)[1]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        fit = sm.GLM(answers.correct.astype(float), design, family=sm.families.Binomial()).fit(
            cov_type="cluster", cov_kwds={"groups": groups}, use_t=True
        )
    low, high = fit.conf_int()[1]
    found = (float(fit.params[1]), float(low), float(high), float(fit.pvalues[1]))
    if said or not fit.converged or not np.isfinite(found).all():
        return Learning(by_order, trouble="the logistic regression did not settle")
    slope, low, high, p_value = found
    return Learning(by_order, slope, Interval(low, high), p_value)
