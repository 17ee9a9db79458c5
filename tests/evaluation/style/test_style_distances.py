"""Distances by hand, and against scipy."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.evaluation.style.distances import ordered, ranked, total_variation, wasserstein

COUNTS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 9), min_size=1)
NUMBERS = st.dictionaries(st.integers(-9, 9).map(float), st.integers(1, 9), min_size=1)


def test_earth_moved_by_hand():
    values = [0, 1, 3]
    assert wasserstein(values, np.array([1.0, 0, 0]), np.array([0, 0, 1.0])) == 3
    assert wasserstein(values, np.array([1.0, 1, 0]), np.array([0, 2.0, 2.0])) == 1.5
    rows = wasserstein(values, np.array([[1.0, 0, 0], [0, 1, 0]]), np.array([0, 1.0, 0]))
    assert rows.tolist() == [1, 0]


def test_ranked_by_hand():
    bach = {"step": 6, "third": 3, "leap": 1}
    # Bach's order: step, third, leap. All thirds: seven tenths move one rank.
    assert ranked({"third": 5}, bach) == pytest.approx(0.7)
    assert ranked({"step": 1}, bach) == pytest.approx(0.3 * 1 + 0.1 * 2)
    # Labels that Bach does not have come last.
    assert ranked({"cluster": 1}, bach) == pytest.approx(0.6 * 3 + 0.3 * 2 + 0.1 * 1)
    # Of two such labels the rarer one comes first.
    odd = {"step": 6, "rare": 1, "often": 3}
    assert ranked(odd, {"step": 1}) == pytest.approx(0.1 * 1 + 0.3 * 2)


def test_total_variation_by_hand():
    assert total_variation(np.array([1.0, 1]), np.array([3.0, 1])) == pytest.approx(0.25)
    assert total_variation(np.array([1.0, 0]), np.array([0, 5.0])) == 1


def test_nothing_is_infinitely_far():
    assert ranked({}, {"a": 1}) == inf
    assert ordered({}, {1.0: 1}) == inf
    assert total_variation(np.zeros(2), np.ones(2)) == inf


@given(COUNTS, COUNTS)
def test_ranked_is_nought_for_itself_alone(ours, theirs):
    assert ranked(theirs, theirs) == 0
    twice = {label: 2 * times for label, times in theirs.items()}
    assert ranked(twice, theirs) == pytest.approx(0)
    same = {k: v / sum(ours.values()) for k, v in ours.items()} == {
        k: v / sum(theirs.values()) for k, v in theirs.items()
    }
    assert (ranked(ours, theirs) > 1e-9) != same


@pytest.mark.slow
@given(NUMBERS, NUMBERS)
def test_ordered_is_what_scipy_finds(ours, theirs):
    from scipy.stats import wasserstein_distance

    expected = wasserstein_distance(
        list(ours), list(theirs), list(ours.values()), list(theirs.values())
    )
    assert ordered(ours, theirs) == pytest.approx(expected, abs=1e-12)
    assert ordered(ours, theirs) == pytest.approx(ordered(theirs, ours))
