"""The posterior of the mixed model: its design, means by variational Bayes, covariance by the curvature."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.listening.answers import EXPERIENCES, KINDS, Answers

Term = Literal["kind", "experience", "order"]

_LEVELS: dict[Term, tuple[str, ...]] = {"kind": KINDS, "experience": EXPERIENCES}

INTERCEPT = "intercept"
A_TRIAL = "each trial of the session"


@dataclass(frozen=True, eq=False)
class Design:
    """N answers by K fixed effects, the first the intercept.

    Parameters
    ----------
    matrix : ndarray of float64, shape [N, K]
        Levels as 0 and 1; the position in the session about its mean, in its own deviations.
    names : tuple of str
        Of each column.
    scales : tuple of float
        What an effect is to be multiplied by to be in the unit that its name says.
    levels : dict of Term to tuple of str
        Those that have answers, of each term with levels.
    against : dict of str to str
        The level of each such term that has no column: the one with most answers.
    notes : tuple of str
        Terms that were left out.
    """

    matrix: NDArray[np.float64]
    names: tuple[str, ...]
    scales: tuple[float, ...]
    levels: dict[Term, tuple[str, ...]]
    against: dict[str, str]
    notes: tuple[str, ...]


def design(answers: Answers, terms: Sequence[Term]) -> Design:
    """Columns of the terms asked for.

    Parameters
    ----------
    answers : Answers
        One or more.
    terms : sequence of {"kind", "experience", "order"}
        Each once at most.

    Raises
    ------
    UsageError
        If a term is not known, or there twice.
    """
    known = ("kind", "experience", "order")
    if set(terms) - set(known) or len(set(terms)) < len(terms):
        raise UsageError(f"the terms are {', '.join(terms)}: give some of {', '.join(known)}")
    columns = [np.ones(len(answers))]
    names, scales, notes = [INTERCEPT], [1.0], []
    levels: dict[Term, tuple[str, ...]] = {}
    against: dict[str, str] = {}
    for term in terms:
        values = getattr(answers, term)
        found, counts = np.unique(values, return_counts=True)
        if len(found) < 2:
            notes.append(f"{_LABELS[term]} is the same in all answers: it is left out")
        elif term == "order":
            spread = float(values.std())
            columns.append((values - values.mean()) / spread)
            names.append(A_TRIAL)
            scales.append(1 / spread)
        else:
            levels[term] = tuple(level for level in _LEVELS[term] if level in found)
            against[_LABELS[term]] = str(found[counts.argmax()])
            for level in levels[term]:
                if level != against[_LABELS[term]]:
                    columns.append((values == level).astype(float))
                    names.append(f"{_LABELS[term]} {level}")
                    scales.append(1.0)
    matrix = np.stack(columns, axis=1)  # [N, K]
    return Design(matrix, tuple(names), tuple(scales), levels, against, tuple(notes))


_LABELS: dict[Term, str] = {
    "kind": "type",
    "experience": "experience",
    "order": "the position in the session",
}


_FIXED_PRIOR = 2.0
_LOG_PRIOR = 1.0
_START = np.exp(-0.5)
_STEPS = 5_000


@dataclass(frozen=True, eq=False)
class Posterior:
    """What the answers say of the fixed effects and of the two spreads.

    Parameters
    ----------
    effects : ndarray of float64, shape [K]
        Means, in log-odds.
    covariance : ndarray of float64, shape [K, K]
        With participants and trials free and their deviations held.
    deviations : ndarray of float64, shape [2]
        Of participants and of trials, in log-odds.
    """

    effects: NDArray[np.float64]
    covariance: NDArray[np.float64]
    deviations: NDArray[np.float64]


def fit_posterior(answers: Answers, made: Design) -> Posterior | str:
    """Fit the model of a design.

    Parameters
    ----------
    answers : Answers
        N of them, neither all right nor all wrong.
    made : Design
        Of the same answers.

    Returns
    -------
    Posterior or str
        The latter says why there is none.
    """
    from scipy import sparse
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    people = _indicators(answers.participant)  # [N, P]
    trials = _indicators(answers.trial)  # [N, I]
    model = BinomialBayesMixedGLM(
        answers.correct.astype(float),
        made.matrix,
        sparse.hstack([people, trials], format="csr"),
        np.repeat([0, 1], [people.shape[1], trials.shape[1]]),
        vcp_p=_LOG_PRIOR,
        fe_p=_FIXED_PRIOR,
    )
    unknown = made.matrix.shape[1] + 2 + people.shape[1] + trials.shape[1]
    # Whether it converged is asked below. The full BFGS would hold a square of all unknowns.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = model.fit_vb(
            mean=np.zeros(unknown),
            sd=np.full(unknown, _START),
            fit_method="L-BFGS-B",
            minim_opts={"maxiter": _STEPS, "maxfun": 2 * _STEPS},
        )
    means = np.concatenate([fit.fe_mean, fit.vcp_mean, fit.vc_mean])
    if not fit.optim_retvals.success or not np.isfinite(means).all():
        return f"the fit did not converge in {fit.optim_retvals.nit} steps"
    deviations = np.exp(fit.vcp_mean)
    eta = made.matrix @ fit.fe_mean + model.exog_vc @ fit.vc_mean  # [N]
    covariance = _covariance(made.matrix, people, trials, eta, deviations)
    return Posterior(np.asarray(fit.fe_mean), covariance, deviations)


def _covariance(
    matrix: NDArray[np.float64],
    people: Any,
    trials: Any,
    eta: NDArray[np.float64],
    deviations: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Block [K, K] of the inverse curvature of the log-posterior; people [N, P], trials [N, I].

    Participants answer apart from one another: their block is diagonal and is folded into the
    others' (Schur), so that no square of all participants is ever held.
    """
    from scipy import sparse

    effects, items = matrix.shape[1], trials.shape[1]
    weight = 0.25 / np.cosh(eta / 2) ** 2  # [N]
    rest = sparse.hstack([sparse.csr_array(matrix), trials], format="csr")  # [N, K + I]
    prior = np.repeat([_FIXED_PRIOR**-2, deviations[1] ** -2], [effects, items])
    weighted = rest.multiply(weight[:, None]).tocsr()
    own = people.T @ weight + deviations[0] ** -2  # [P]
    shared = (people.T @ weighted).tocsr()  # [P, K + I]
    folded = shared.T @ shared.multiply(1 / own[:, None]).tocsr()
    curvature = (rest.T @ weighted - folded).toarray() + np.diag(prior)
    return np.asarray(np.linalg.inv(curvature)[:effects, :effects])


def _indicators(names: NDArray[np.str_]) -> Any:
    """A sparse table of 0 and 1 with a row for each answer and a column for each name."""
    from scipy import sparse

    found, which = np.unique(names, return_inverse=True)
    rows = np.arange(len(names))
    return sparse.csr_array((np.ones(len(names)), (rows, which)), shape=(len(names), len(found)))
