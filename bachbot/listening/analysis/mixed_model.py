"""Mixed-effects logistic regression of correct answers, by participants and trials."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.analysis.mixed_fit import (
    DesignMatrix,
    Posterior,
    Term,
    build_design_matrix,
    fit_posterior,
)
from bachbot.listening.answers import Answers

_QUADRATURE_POINTS = 41
_FEW = 6
"""Participants or trials below which the estimate of their standard deviation is noted as rough."""


def marginal(log_odds: ArrayLike, sd: float) -> NDArray[np.float64]:
    """Mean of the logistic function over normally distributed log-odds.

    Parameters
    ----------
    log_odds : array_like of float, shape [...]
        Means of the distributions.
    sd : float
        Their standard deviation, 0 or more.

    Returns
    -------
    ndarray of float64, shape [...]
        Proportions, by Gauss-Hermite quadrature with 41 points.
    """
    nodes, weights = _quadrature()
    points = np.asarray(log_odds, float)[..., None] + sd * nodes
    return np.asarray(_logistic(points) @ weights)


def marginal_slope(log_odds: ArrayLike, sd: float) -> NDArray[np.float64]:
    """Derivative of `marginal` by the log-odds, which is also the mean variance of one answer."""
    nodes, weights = _quadrature()
    probability = _logistic(np.asarray(log_odds, float)[..., None] + sd * nodes)
    return np.asarray((probability * (1 - probability)) @ weights)


@lru_cache(maxsize=256)
def log_odds_of(proportion: float, sd: float) -> float:
    """Log-odds whose `marginal` is a given proportion.

    Parameters
    ----------
    proportion : float
        Above 0 and below 1.
    sd : float
        Standard deviation of the log-odds, 0 or more.

    Raises
    ------
    UsageError
        If the proportion is out of range.
    """
    if not 0 < proportion < 1:
        raise UsageError(
            f"a proportion of {proportion} has no log-odds: give one above 0 and below 1"
        )
    # The root is inside: the standard deviation pulls a proportion to one half by less than this.
    reach = abs(np.log(proportion / (1 - proportion))) * (1 + sd) + 10 * (1 + sd)
    low, high = -reach, reach
    for _ in range(80):
        middle = (low + high) / 2
        if marginal(middle, sd) < proportion:
            low = middle
        else:
            high = middle
    return float((low + high) / 2)


def _logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1 + np.tanh(log_odds / 2))


@lru_cache(maxsize=1)
def _quadrature() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(_QUADRATURE_POINTS)
    return nodes, weights / weights.sum()


@dataclass(frozen=True)
class Estimate:
    """An estimate and its 95% interval."""

    value: float
    interval: Interval

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {"value": self.value, "interval": self.interval.to_json()}


@dataclass(frozen=True)
class UnfittedModel:
    """A model that could not be fitted.

    Parameters
    ----------
    reason : str
        Why not.
    """

    reason: str

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {"fitted": False, "reason": self.reason}


@dataclass(frozen=True)
class MixedModel:
    """A fitted model.

    Parameters
    ----------
    effects : dict of str to Estimate
        Fixed effects in log-odds: the intercept, each level relative to its reference level, and
        the change with each trial of the session. Their exponentials are odds ratios.
    reference_levels : dict of str to str
        Of each term with levels.
    overall : Estimate
        Proportion correct in the population, for answers distributed over the levels as these are.
    by_condition, by_experience : dict of str to Estimate
        The same for each level, if the term is in the model.
    participant_sd, trial_sd : float
        Standard deviations of the random effects, in log-odds.
    answers, participants, trials : int
        Numbers on which the fit is based.
    notes : tuple of str
        Caveats, in words.
    """

    effects: dict[str, Estimate]
    reference_levels: dict[str, str]
    overall: Estimate
    by_condition: dict[str, Estimate]
    by_experience: dict[str, Estimate]
    participant_sd: float
    trial_sd: float
    answers: int
    participants: int
    trials: int
    notes: tuple[str, ...] = ()

    @property
    def total_sd(self) -> float:
        """Standard deviation of both random effects together, in log-odds."""
        return sqrt(self.participant_sd**2 + self.trial_sd**2)

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "fitted": True,
            "effects": _to_json(self.effects),
            "reference_levels": self.reference_levels,
            "overall": self.overall.to_json(),
            "by_condition": _to_json(self.by_condition),
            "by_experience": _to_json(self.by_experience),
            "participant_sd": self.participant_sd,
            "trial_sd": self.trial_sd,
            "answers": self.answers,
            "participants": self.participants,
            "trials": self.trials,
            "notes": list(self.notes),
        }


def fit_mixed_model(answers: Answers, terms: Sequence[Term] = ()) -> MixedModel | UnfittedModel:
    """Fit the model.

    Both standard deviations have log-normal priors with median 1 and a standard deviation of 1 of
    the logarithm; fixed effects have normal priors with standard deviation 2. These are the
    defaults of statsmodels. Because of the priors, the estimated standard deviation is above 0
    even if all participants are equally good.

    Parameters
    ----------
    answers : Answers
        Those that are kept.
    terms : sequence of {"condition", "experience", "position"}
        Fixed effects in addition to the intercept; a term with one value is dropped with a note.

    Returns
    -------
    MixedModel or UnfittedModel
        The latter if there is too little data or the fit does not converge.
    """
    reason = _unfittable(answers)
    if reason:
        return UnfittedModel(reason)
    design = build_design_matrix(answers, terms)
    posterior = fit_posterior(answers, design)
    if isinstance(posterior, str):
        return UnfittedModel(posterior)
    return _summarize(answers, design, posterior)


def _unfittable(answers: Answers) -> str:
    for number, what in ((answers.participants, "participant"), (answers.trials, "trial")):
        if number < 2:
            return f"all answers are of one {what}: a standard deviation takes two {what}s or more"
    if answers.correct.all() or not answers.correct.any():
        return f"every answer is {'correct' if answers.correct.all() else 'wrong'}"
    return ""


def _summarize(answers: Answers, design: DesignMatrix, posterior: Posterior) -> MixedModel:
    fewer = min(answers.participants, answers.trials)
    quantile = _t_quantile(max(1, fewer - 1))
    effects = {}
    for index, (name, scale) in enumerate(zip(design.names, design.scales, strict=True)):
        value = float(posterior.effects[index]) * scale
        half = quantile * sqrt(posterior.covariance[index, index]) * scale
        effects[name] = Estimate(value, Interval(value - half, value + half))

    def estimate(rows: NDArray[np.bool_]) -> Estimate:
        return _population_proportion(design.matrix[rows], posterior, quantile)

    def by_level(term: Term, levels: NDArray[np.str_]) -> dict[str, Estimate]:
        return {level: estimate(levels == level) for level in design.levels.get(term, ())}

    return MixedModel(
        effects=effects,
        reference_levels=design.reference_levels,
        overall=estimate(np.ones(len(answers), dtype=np.bool_)),
        by_condition=by_level("condition", answers.condition),
        by_experience=by_level("experience", answers.experience),
        participant_sd=float(posterior.sds[0]),
        trial_sd=float(posterior.sds[1]),
        answers=len(answers),
        participants=answers.participants,
        trials=answers.trials,
        notes=(*design.notes, *_notes(answers)),
    )


def _population_proportion(
    matrix: NDArray[np.float64], posterior: Posterior, quantile: float
) -> Estimate:
    """Mean proportion over rows of the design matrix; the interval is by the delta method."""
    sd = float(np.hypot(*posterior.sds))
    log_odds = matrix @ posterior.effects  # [N]
    value = float(marginal(log_odds, sd).mean())
    gradient = marginal_slope(log_odds, sd) @ matrix / len(matrix)  # [K]
    center = np.log(value / (1 - value))
    half = quantile * sqrt(gradient @ posterior.covariance @ gradient) / (value * (1 - value))
    low, high = 1 / (1 + np.exp(-(center + np.array([-half, half]))))
    return Estimate(value, Interval(float(low), float(high)))


def _notes(answers: Answers) -> list[str]:
    notes = []
    for names, number, what in (
        (answers.participant, answers.participants, "participant"),
        (answers.trial, answers.trials, "trial"),
    ):
        if len(names) == number:
            notes.append(
                f"each {what} has one answer: the standard deviation of {what}s is the prior's"
            )
        elif number < _FEW:
            notes.append(
                f"there are only {number} {what}s: their standard deviation is a rough estimate"
            )
    return notes


def _t_quantile(degrees: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, degrees))


def _to_json(estimates: dict[str, Estimate]) -> dict[str, object]:
    return {name: estimate.to_json() for name, estimate in estimates.items()}
