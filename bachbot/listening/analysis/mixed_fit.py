"""Fitting the mixed-effects logistic regression: its design matrix and its posterior.

Means are by variational Bayes, the covariance is by the curvature of the log-posterior.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.listening.answers import CONDITIONS, EXPERIENCES, Answers

Term = Literal["condition", "experience", "position"]

INTERCEPT = "intercept"
PER_TRIAL = "each trial of the session"

_LEVELS: dict[Term, tuple[str, ...]] = {"condition": CONDITIONS, "experience": EXPERIENCES}
_LABELS: dict[Term, str] = {
    "condition": "condition",
    "experience": "experience",
    "position": "the position in the session",
}

_FIXED_EFFECT_PRIOR_SD = 2.0
_LOG_SD_PRIOR_SD = 1.0
_INITIAL_SD = np.exp(-0.5)
_MAX_ITERATIONS = 5_000


@dataclass(frozen=True, eq=False)
class DesignMatrix:
    """N answers by K fixed effects, of which the first is the intercept.

    Parameters
    ----------
    matrix : ndarray of float64, shape [N, K]
        Levels as 0 and 1; the position in the session standardized.
    names : tuple of str
        Of the columns.
    scales : tuple of float
        Factors that convert the effects of the columns to the units in their names.
    levels : dict of Term to tuple of str
        The levels that occur, for each term that has levels.
    reference_levels : dict of str to str
        The level of each such term that has no column: the one with most answers.
    notes : tuple of str
        Terms that were dropped, in words.
    """

    matrix: NDArray[np.float64]
    names: tuple[str, ...]
    scales: tuple[float, ...]
    levels: dict[Term, tuple[str, ...]]
    reference_levels: dict[str, str]
    notes: tuple[str, ...]


def build_design_matrix(answers: Answers, terms: Sequence[Term]) -> DesignMatrix:
    """The design matrix of some terms.

    Parameters
    ----------
    answers : Answers
        One or more.
    terms : sequence of {"condition", "experience", "position"}
        Without duplicates.

    Raises
    ------
    UsageError
        If a term is unknown or occurs twice.
    """
    known = ("condition", "experience", "position")
    if set(terms) - set(known) or len(set(terms)) < len(terms):
        raise UsageError(f"the terms are {', '.join(terms)}: give some of {', '.join(known)}")
    columns = [np.ones(len(answers))]
    names, scales, notes = [INTERCEPT], [1.0], []
    levels: dict[Term, tuple[str, ...]] = {}
    reference_levels: dict[str, str] = {}
    for term in terms:
        values = getattr(answers, term)
        found, counts = np.unique(values, return_counts=True)
        label = _LABELS[term]
        if len(found) < 2:
            notes.append(f"{label} is the same in all answers and was dropped")
        elif term == "position":
            deviation = float(values.std())
            columns.append((values - values.mean()) / deviation)
            names.append(PER_TRIAL)
            scales.append(1 / deviation)
        else:
            levels[term] = tuple(level for level in _LEVELS[term] if level in found)
            reference_levels[label] = str(found[counts.argmax()])
            for level in levels[term]:
                if level != reference_levels[label]:
                    columns.append((values == level).astype(float))
                    names.append(f"{label} {level}")
                    scales.append(1.0)
    matrix = np.stack(columns, axis=1)  # [N, K]
    return DesignMatrix(matrix, tuple(names), tuple(scales), levels, reference_levels, tuple(notes))


@dataclass(frozen=True, eq=False)
class Posterior:
    """Posterior of the fixed effects and of the standard deviations of the random effects.

    Parameters
    ----------
    effects : ndarray of float64, shape [K]
        Means of the fixed effects, in log-odds.
    covariance : ndarray of float64, shape [K, K]
        Of the fixed effects, given the standard deviations of the random effects.
    sds : ndarray of float64, shape [2]
        Standard deviations of participants and of trials, in log-odds.
    """

    effects: NDArray[np.float64]
    covariance: NDArray[np.float64]
    sds: NDArray[np.float64]


def fit_posterior(answers: Answers, design: DesignMatrix) -> Posterior | str:
    """Fit the model.

    Parameters
    ----------
    answers : Answers
        N answers, neither all correct nor all wrong.
    design : DesignMatrix
        Of the same answers.

    Returns
    -------
    Posterior or str
        A str says why the fit failed.
    """
    from scipy import sparse
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    participants = _indicators(answers.participant)  # [N, P]
    trials = _indicators(answers.trial)  # [N, I]
    model = BinomialBayesMixedGLM(
        answers.correct.astype(float),
        design.matrix,
        sparse.hstack([participants, trials], format="csr"),
        np.repeat([0, 1], [participants.shape[1], trials.shape[1]]),
        vcp_p=_LOG_SD_PRIOR_SD,
        fe_p=_FIXED_EFFECT_PRIOR_SD,
    )
    unknowns = design.matrix.shape[1] + 2 + participants.shape[1] + trials.shape[1]
    # Convergence is checked below. Full BFGS would store a square matrix of all unknowns.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = model.fit_vb(
            mean=np.zeros(unknowns),
            sd=np.full(unknowns, _INITIAL_SD),
            fit_method="L-BFGS-B",
            minim_opts={"maxiter": _MAX_ITERATIONS, "maxfun": 2 * _MAX_ITERATIONS},
        )
    means = np.concatenate([fit.fe_mean, fit.vcp_mean, fit.vc_mean])
    if not fit.optim_retvals.success or not np.isfinite(means).all():
        return f"the fit did not converge in {fit.optim_retvals.nit} iterations"
    sds = np.exp(fit.vcp_mean)
    log_odds = design.matrix @ fit.fe_mean + model.exog_vc @ fit.vc_mean  # [N]
    covariance = _covariance(design.matrix, participants, trials, log_odds, sds)
    return Posterior(np.asarray(fit.fe_mean), covariance, sds)


def _covariance(
    matrix: NDArray[np.float64],
    participants: Any,
    trials: Any,
    log_odds: NDArray[np.float64],
    sds: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The block [K, K] of the inverse curvature of the log-posterior.

    Participants [N, P] are independent of one another given the rest: their block is diagonal and
    is eliminated first (Schur complement), so that no square matrix of all participants is stored.
    """
    from scipy import sparse

    effects, items = matrix.shape[1], trials.shape[1]
    weight = 0.25 / np.cosh(log_odds / 2) ** 2  # [N]
    rest = sparse.hstack([sparse.csr_array(matrix), trials], format="csr")  # [N, K + I]
    prior = np.repeat([_FIXED_EFFECT_PRIOR_SD**-2, sds[1] ** -2], [effects, items])
    weighted = rest.multiply(weight[:, None]).tocsr()
    diagonal = participants.T @ weight + sds[0] ** -2  # [P]
    shared = (participants.T @ weighted).tocsr()  # [P, K + I]
    eliminated = shared.T @ shared.multiply(1 / diagonal[:, None]).tocsr()
    curvature = (rest.T @ weighted - eliminated).toarray() + np.diag(prior)
    return np.asarray(np.linalg.inv(curvature)[:effects, :effects])


def _indicators(names: NDArray[np.str_]) -> Any:
    """A sparse matrix of 0 and 1 with a row for each answer and a column for each name."""
    from scipy import sparse

    found, column = np.unique(names, return_inverse=True)
    rows = np.arange(len(names))
    return sparse.csr_array((np.ones(len(names)), (rows, column)), shape=(len(names), len(found)))
