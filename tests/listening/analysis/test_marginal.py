from math import exp, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.listening.analysis.mixed_model import log_odds_of, marginal, marginal_slope

odds, deviations = st.floats(-4, 4), st.floats(0, 3)


def test_without_deviation_it_is_the_logistic_function():
    assert marginal(0.7, 0.0) == pytest.approx(1 / (1 + exp(-0.7)))
    assert marginal_slope(0.0, 0.0) == pytest.approx(0.25)


@given(odds, deviations)
def test_it_is_the_mean_over_a_normal_distribution(eta, deviation):
    # Against a plain sum over a fine grid.
    x = np.linspace(-9, 9, 20_001)
    weights = np.exp(-x * x / 2)
    values = 1 / (1 + np.exp(-(eta + deviation * x)))
    assert marginal(eta, deviation) == pytest.approx((values @ weights) / weights.sum(), abs=2e-5)


@given(odds, deviations)
def test_it_is_nearer_to_one_half_as_by_the_known_approximation(eta, deviation):
    value = float(marginal(eta, deviation))
    assert abs(value - 0.5) <= abs(1 / (1 + exp(-eta)) - 0.5) + 1e-12
    assert value + float(marginal(-eta, deviation)) == pytest.approx(1)
    # Zeger, Liang and Albert (1988): logit of the mean, eta over the root of 1 + .346 of variance.
    near = 1 / (1 + exp(-eta / sqrt(1 + 0.346 * deviation**2)))
    assert value == pytest.approx(near, abs=0.02)


@given(odds, deviations)
def test_the_slope_is_its_derivative(eta, deviation):
    step = 1e-4
    change = (marginal(eta + step, deviation) - marginal(eta - step, deviation)) / (2 * step)
    assert marginal_slope(eta, deviation) == pytest.approx(float(change), rel=1e-5, abs=1e-9)


@given(st.floats(0.001, 0.999), deviations)
def test_log_odds_of_is_its_inverse(proportion, deviation):
    assert marginal(log_odds_of(proportion, deviation), deviation) == pytest.approx(proportion)


@pytest.mark.parametrize("proportion", [0.0, 1.0, -0.2, float("nan")])
def test_a_proportion_without_log_odds_is_rejected(proportion):
    with pytest.raises(UsageError, match="has no log-odds"):
        log_odds_of(proportion, 1.0)


def test_the_shape_is_kept():
    assert marginal(np.zeros((2, 3)), 1.0).shape == (2, 3)
    assert marginal(0.0, 2.0) == pytest.approx(NormalDist().cdf(0))
