"""From the log-odds of one listener to the proportion of all, and back.

A listener drawn at random who hears a trial drawn at random has the log-odds eta + x, x normal of
mean 0 and some deviation. What all of them get right is the mean of the logistic function over x,
nearer one half than the logistic function of eta (Agresti, *Foundations of Linear and Generalized
Linear Models*, section 9.4).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bachbot.errors import UsageError

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
