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
"""Proportion correct of guessing."""


@dataclass(frozen=True)
class Proportion:
    """The share of answers with some property, usually that they are correct.

    The interval and the test assume that the answers are independent. Answers of the same
    participant, or to the same trial, are not; `bachbot.listening.analysis.mixed_model` does not
    assume it.

    Parameters
    ----------
    hits, answers : int
        Number of answers with the property, and of all answers.
    participants : int
        Number of participants who gave them.
    interval : Interval
        Wilson's 95% interval.
    p_value : float
        Of the exact two-sided binomial test against one half.
    holm : float, optional
        The p-value with Holm's correction for the other groups.
    """

    hits: int
    answers: int
    participants: int
    interval: Interval
    p_value: float
    holm: float | None = None

    @property
    def value(self) -> float:
        """The proportion; NaN if there are no answers."""
        return self.hits / self.answers if self.answers else nan

    def to_json(self) -> dict[str, object]:
        """Plain data; None where a value is not defined."""
        return {
            "hits": self.hits,
            "answers": self.answers,
            "participants": self.participants,
            "proportion": self.value if self.answers else None,
            "interval": self.interval.to_json(),
            "p_value": self.p_value if self.answers else None,
            "holm": self.holm,
        }


def estimate_proportion(hits: int, answers: int, participants: int = 0) -> Proportion:
    """A proportion with Wilson's interval and the exact binomial test against one half.

    Wilson (1927), *Probable inference, the law of succession, and statistical inference*; without
    correction for continuity, as Brown, Cai and DasGupta (2001, section 3.1.1) advise. The test
    sums the probabilities of all counts that are at most as likely as the one observed.

    Parameters
    ----------
    hits, answers : int
        0 <= hits <= answers.
    participants : int
        Number of participants who gave them.

    Raises
    ------
    UsageError
        If there are more hits than answers, or fewer than 0.
    """
    if not 0 <= hits <= answers:
        raise UsageError(f"{hits} hits in {answers} answers are impossible: give 0 to {answers}")
    if not answers:
        return Proportion(0, 0, participants, Interval(nan, nan), nan)
    from scipy.stats import binomtest

    test = binomtest(hits, answers, CHANCE)
    bounds = test.proportion_ci(confidence_level=0.95, method="wilson")
    interval = Interval(float(bounds.low), float(bounds.high))
    return Proportion(hits, answers, participants, interval, float(test.pvalue))


def proportion_of(answers: Answers, mask: NDArray[np.bool_]) -> Proportion:
    """The proportion of answers for which a mask of shape [N] is true."""
    return estimate_proportion(int(mask.sum()), len(answers), answers.participants)


def proportions_by_group(
    answers: Answers, group: NDArray[np.str_], names: Sequence[str]
) -> dict[str, Proportion]:
    """Proportion correct of each group that has answers.

    Parameters
    ----------
    answers : Answers
        N answers.
    group : ndarray of str, shape [N]
        Name of the group of each answer.
    names : sequence of str
        All groups, in the order of the result.

    Returns
    -------
    dict of str to Proportion
        With Holm's correction for the number of groups.
    """
    found = {}
    for name in names:
        part = answers.select(group == name)
        if len(part):
            found[name] = proportion_of(part, part.correct)
    corrected = holm_correction([p.p_value for p in found.values()])
    return {n: replace(p, holm=q) for (n, p), q in zip(found.items(), corrected, strict=True)}


def holm_correction(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for multiple testing.

    Holm (1979), *A simple sequentially rejective multiple test procedure*: the smallest of m is
    multiplied by m, the next by m - 1, and so on; none may be below the one before it.

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
    """How answers are distributed over the two sides.

    Parameters
    ----------
    bach_left : Proportion
        Trials with Bach's clip on the left, which shows whether the sides are balanced.
    left : Proportion
        Answers "left".
    correct_where_left, correct_where_right : Proportion
        Correct answers where Bach's clip was on the left, and on the right.
    sensitivity : float
        d', in standard deviations; 0 is guessing.
    sensitivity_interval : Interval
        95% interval.
    criterion : float
        In standard deviations; below 0 for a bias to the left, above 0 for one to the right.
    criterion_interval : Interval
        95% interval.
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
    def balanced_accuracy(self) -> float:
        """Balanced accuracy: mean proportion correct of the sides; NaN if one has no answers."""
        return (self.correct_where_left.value + self.correct_where_right.value) / 2

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        both = self.correct_where_left.answers and self.correct_where_right.answers
        return {
            "bach_left": self.bach_left.to_json(),
            "left": self.left.to_json(),
            "correct_where_bach_left": self.correct_where_left.to_json(),
            "correct_where_bach_right": self.correct_where_right.to_json(),
            "balanced_accuracy": self.balanced_accuracy if both else None,
            "d_prime": self.sensitivity,
            "d_prime_interval": self.sensitivity_interval.to_json(),
            "criterion": self.criterion,
            "criterion_interval": self.criterion_interval.to_json(),
        }


def estimate_side_bias(answers: Answers) -> SideBias:
    """Side bias and sensitivity.

    d' and criterion are those of a two-alternative forced choice (Macmillan and Creelman,
    *Detection Theory*, 2nd edition, chapter 7): with the z-scores of "left" given Bach on the left
    and given Bach on the right, d' is their difference over the root of two and the criterion
    minus half their sum. Counts have one half added, and their totals one, so that no rate is 0 or
    1 (log-linear correction, Hautus, 1995). The intervals are from the binomial variances of the
    two (Gourevitch and Galanter, 1967).

    Parameters
    ----------
    answers : Answers
        One or more.
    """
    on_left, on_right = answers.select(answers.bach_left), answers.select(~answers.bach_left)
    z_left, var_left = _z_score(int(on_left.chose_left.sum()), len(on_left))
    z_right, var_right = _z_score(int(on_right.chose_left.sum()), len(on_right))
    sensitivity = (z_left - z_right) / sqrt(2)
    criterion = -(z_left + z_right) / 2
    variance = var_left + var_right
    return SideBias(
        bach_left=proportion_of(answers, answers.bach_left),
        left=proportion_of(answers, answers.chose_left),
        correct_where_left=proportion_of(on_left, on_left.correct),
        correct_where_right=proportion_of(on_right, on_right.correct),
        sensitivity=sensitivity,
        sensitivity_interval=_normal_interval(sensitivity, sqrt(variance / 2)),
        criterion=criterion,
        criterion_interval=_normal_interval(criterion, sqrt(variance) / 2),
    )


def _z_score(hits: int, answers: int) -> tuple[float, float]:
    """The z-score of a proportion and its variance."""
    from scipy.special import ndtri

    rate = (hits + 0.5) / (answers + 1)
    z = float(ndtri(rate))
    density = exp(-z * z / 2) / sqrt(2 * pi)
    return z, rate * (1 - rate) / ((answers + 1) * density**2)


def _normal_interval(value: float, deviation: float) -> Interval:
    return Interval(value - _Z * deviation, value + _Z * deviation)


_MIN_PARTICIPANTS = 5
"""Participants below which standard errors clustered by participant are not reliable."""


@dataclass(frozen=True)
class LearningTrend:
    """How the proportion correct changes along the session.

    Parameters
    ----------
    by_position : dict of int to Proportion
        Of each position that has answers; p-values are not corrected.
    slope : float or None
        Change with each trial in log-odds; None if it could not be estimated.
    interval : Interval or None
        95% interval from standard errors clustered by participant.
    p_value : float or None
        Two-sided, against no change.
    problem : str
        Why there is no slope; empty if there is one.
    """

    by_position: dict[int, Proportion]
    slope: float | None = None
    interval: Interval | None = None
    p_value: float | None = None
    problem: str = ""

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "by_position": {str(order): p.to_json() for order, p in self.by_position.items()},
            "slope": self.slope,
            "interval": self.interval.to_json() if self.interval else None,
            "p_value": self.p_value,
            "problem": self.problem or None,
        }


def estimate_learning(answers: Answers) -> LearningTrend:
    """The change of the proportion correct with the position in the session.

    A logistic regression with standard errors clustered by participant (Liang and Zeger, 1986). If
    the conditions are in a fixed order, their effect is confounded with the position; the mixed
    model separates the two.

    Parameters
    ----------
    answers : Answers
        One or more.
    """
    by_position = {}
    for position in np.unique(answers.position):
        part = answers.select(answers.position == position)
        by_position[int(position)] = proportion_of(part, part.correct)
    problem = _find_problem(answers, by_position)
    if problem:
        return LearningTrend(by_position, problem=problem)
    return _fit_slope(answers, by_position)


def _find_problem(answers: Answers, by_position: dict[int, Proportion]) -> str:
    if len(by_position) < 2:
        return "all answers are of one position in the session"
    if answers.participants < _MIN_PARTICIPANTS:
        return f"the answers are of fewer than {_MIN_PARTICIPANTS} participants"
    correct, wrong = answers.position[answers.correct], answers.position[~answers.correct]
    if not len(correct) or not len(wrong):
        return f"every answer is {'correct' if len(correct) else 'wrong'}"
    # With complete separation the estimate is infinite (Albert and Anderson, 1984).
    if correct.max() <= wrong.min() or wrong.max() <= correct.min():
        return "correct and wrong answers do not overlap along the session"
    return ""


def _fit_slope(answers: Answers, by_position: dict[int, Proportion]) -> LearningTrend:
    import statsmodels.api as sm

    position = answers.position.astype(float)
    design = np.stack([np.ones(len(position)), position - position.mean()], axis=1)  # [N, 2]
    groups = np.unique(answers.participant, return_inverse=True)[1]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = sm.GLM(answers.correct.astype(float), design, family=sm.families.Binomial()).fit(
            cov_type="cluster", cov_kwds={"groups": groups}, use_t=True
        )
    low, high = fit.conf_int()[1]
    found = (float(fit.params[1]), float(low), float(high), float(fit.pvalues[1]))
    if caught or not fit.converged or not np.isfinite(found).all():
        return LearningTrend(by_position, problem="the logistic regression did not converge")
    slope, low, high, p_value = found
    return LearningTrend(by_position, slope, Interval(low, high), p_value)
