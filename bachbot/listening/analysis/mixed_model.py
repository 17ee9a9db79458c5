"""The mixed logistic model: correct answers by participants and trials drawn at random."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval
from bachbot.listening.analysis.mixed_fit import Design, Posterior, Term, design, fit_posterior
from bachbot.listening.answers import Answers

_POINTS = 41


def marginal(eta: ArrayLike, deviation: float) -> NDArray[np.float64]:
    """Mean of the logistic function around some log-odds.

    Parameters
    ----------
    eta : array_like of float, shape [...]
        Log-odds.
    deviation : float
        Of the normal spread around them, 0 or more.

    Returns
    -------
    ndarray of float64, shape [...]
        Proportions, by 41 points of Gauss and Hermite.
    """
    nodes, weights = _rule()
    spread = np.asarray(eta, float)[..., None] + deviation * nodes
    return np.asarray(_logistic(spread) @ weights)


def marginal_slope(eta: ArrayLike, deviation: float) -> NDArray[np.float64]:
    """Change of `marginal` with the log-odds: also the mean variance of one answer."""
    nodes, weights = _rule()
    chance = _logistic(np.asarray(eta, float)[..., None] + deviation * nodes)
    return np.asarray((chance * (1 - chance)) @ weights)


@lru_cache(maxsize=256)
def log_odds(proportion: float, deviation: float) -> float:
    """Log-odds whose `marginal` is a proportion.

    Parameters
    ----------
    proportion : float
        Above 0 and below 1.
    deviation : float
        0 or more.

    Raises
    ------
    UsageError
        If the proportion is 0, 1 or beyond.
    """
    if not 0 < proportion < 1:
        raise UsageError(f"a proportion of {proportion} has no log-odds: give 0 to 1, neither end")
    # Beyond any root: the spread draws a proportion to one half by less than this.
    reach = abs(np.log(proportion / (1 - proportion))) * (1 + deviation) + 10 * (1 + deviation)
    low, high = -reach, reach
    for _ in range(80):
        middle = (low + high) / 2
        if marginal(middle, deviation) < proportion:
            low = middle
        else:
            high = middle
    return float((low + high) / 2)


def _logistic(eta: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1 + np.tanh(eta / 2))


@lru_cache(maxsize=1)
def _rule() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(_POINTS)
    return nodes, weights / weights.sum()


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval of 95%."""

    value: float
    interval: Interval

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {"value": self.value, "interval": self.interval.to_json()}


@dataclass(frozen=True)
class Unfitted:
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
class Mixed:
    """A fitted model.

    Parameters
    ----------
    effects : dict of str to Estimate
        Log-odds: the intercept, then each level against the one named in `against`, and the gain
        with each trial of the session.
    against : dict of str to str
        Of each term with levels, the one that the others are measured against.
    overall : Estimate
        Proportion that the population gets right, of answers mixed as these are.
    by_kind, by_experience : dict of str to Estimate
        The same of each type and experience, where the model has the term.
    participant_deviation, trial_deviation : float
        Of the two spreads, in log-odds.
    answers, participants, trials : int
        How many it rests on.
    notes : tuple of str
        What to bear in mind, none or more.
    """

    effects: dict[str, Estimate]
    against: dict[str, str]
    overall: Estimate
    by_kind: dict[str, Estimate]
    by_experience: dict[str, Estimate]
    participant_deviation: float
    trial_deviation: float
    answers: int
    participants: int
    trials: int
    notes: tuple[str, ...] = ()

    @property
    def deviation(self) -> float:
        """Of both spreads together, in log-odds."""
        return sqrt(self.participant_deviation**2 + self.trial_deviation**2)

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "fitted": True,
            "effects": _plain(self.effects),
            "against": self.against,
            "overall": self.overall.to_json(),
            "by_type": _plain(self.by_kind),
            "by_experience": _plain(self.by_experience),
            "participant_deviation": self.participant_deviation,
            "trial_deviation": self.trial_deviation,
            "answers": self.answers,
            "participants": self.participants,
            "trials": self.trials,
            "notes": list(self.notes),
        }


def fit_mixed(answers: Answers, terms: Sequence[Term] = ()) -> Mixed | Unfitted:
    """Fit the model.

    Both deviations have log-normal priors of median 1 and a deviation of 1 in their logarithm, and
    fixed effects normal ones of deviation 2, statsmodels' own. So of listeners who do not differ at
    all a small spread is found nevertheless.

    Parameters
    ----------
    answers : Answers
        That count.
    terms : sequence of {"kind", "experience", "order"}
        Fixed effects beside the intercept; one that does not vary is left out, with a note.

    Returns
    -------
    Mixed or Unfitted
        The latter where the answers cannot tell, or the fit does not converge.
    """
    reason = _untellable(answers)
    if reason:
        return Unfitted(reason)
    made = design(answers, terms)
    posterior = fit_posterior(answers, made)
    if isinstance(posterior, str):
        return Unfitted(posterior)
    return _described(answers, made, posterior)


def _untellable(answers: Answers) -> str:
    for many, what in ((answers.participants, "participant"), (answers.trials, "trial")):
        if many < 2:
            return f"all answers are of one {what}: the spread of {what}s takes two or more"
    if answers.correct.all() or not answers.correct.any():
        return f"every answer is {'right' if answers.correct.all() else 'wrong'}"
    return ""


def _described(answers: Answers, made: Design, posterior: Posterior) -> Mixed:
    fewer = min(answers.participants, answers.trials)
    quantile = _quantile(max(1, fewer - 1))
    effects = {}
    for at, (name, scale) in enumerate(zip(made.names, made.scales, strict=True)):
        value = float(posterior.effects[at]) * scale
        half = quantile * sqrt(posterior.covariance[at, at]) * scale
        effects[name] = Estimate(value, Interval(value - half, value + half))

    def of(rows: NDArray[np.bool_]) -> Estimate:
        return _population(made.matrix[rows], posterior, quantile)

    def by(term: Term, levels: NDArray[np.str_]) -> dict[str, Estimate]:
        return {level: of(levels == level) for level in made.levels.get(term, ())}

    return Mixed(
        effects=effects,
        against=made.against,
        overall=of(np.ones(len(answers), dtype=np.bool_)),
        by_kind=by("kind", answers.kind),
        by_experience=by("experience", answers.experience),
        participant_deviation=float(posterior.deviations[0]),
        trial_deviation=float(posterior.deviations[1]),
        answers=len(answers),
        participants=answers.participants,
        trials=answers.trials,
        notes=(*made.notes, *_notes(answers)),
    )


def _population(matrix: NDArray[np.float64], posterior: Posterior, quantile: float) -> Estimate:
    """Mean proportion over rows of the design, its interval by the delta method on log-odds."""
    spread = float(np.hypot(*posterior.deviations))
    eta = matrix @ posterior.effects  # [N]
    value = float(marginal(eta, spread).mean())
    slope = marginal_slope(eta, spread) @ matrix / len(matrix)  # [K]
    odds = np.log(value / (1 - value))
    half = quantile * sqrt(slope @ posterior.covariance @ slope) / (value * (1 - value))
    low, high = 1 / (1 + np.exp(-(odds + np.array([-half, half]))))
    return Estimate(value, Interval(float(low), float(high)))


def _notes(answers: Answers) -> list[str]:
    notes = []
    for names, many, what in (
        (answers.participant, answers.participants, "participant"),
        (answers.trial, answers.trials, "trial"),
    ):
        if len(names) == many:
            notes.append(f"each {what} has one answer: the spread of {what}s is the prior's")
        elif many < 6:
            notes.append(f"there are {many} {what}s only: their spread is a rough guess")
    return notes


def _quantile(degrees: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, degrees))


def _plain(estimates: dict[str, Estimate]) -> dict[str, object]:
    return {name: estimate.to_json() for name, estimate in estimates.items()}
