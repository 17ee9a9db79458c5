"""The posterior of the mixed model: means by variational Bayes, covariance by the curvature."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bachbot.listening.answers import Answers
from bachbot.listening.design import Design

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
