"""Learning: whether later answers in a session are more often right."""

import warnings
from dataclasses import dataclass

import numpy as np

from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.answers import Answers
from bachbot.listening.proportions import Proportion, share

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
