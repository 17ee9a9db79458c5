from math import comb, isnan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listening_answers import answer

from bachbot.errors import UsageError
from bachbot.listening.analysis.proportions import (
    estimate_proportion,
    holm_correction,
    proportion_of,
    proportions_by_group,
)
from bachbot.listening.answers import Answers

Z = 1.959963984540054


@pytest.mark.parametrize(("hits", "answers"), [(8, 10), (0, 7), (5, 5), (425, 721), (50, 100)])
def test_wilsons_interval_inverts_the_score_test(hits, answers):
    found = estimate_proportion(hits, answers, 3)
    middle = (hits + Z * Z / 2) / (answers + Z * Z)
    half = Z * sqrt(hits * (answers - hits) / answers + Z * Z / 4) / (answers + Z * Z)
    assert found.interval.low == pytest.approx(middle - half, abs=1e-12)
    assert found.interval.high == pytest.approx(middle + half, abs=1e-12)
    for bound in (found.interval.low, found.interval.high):
        if 0 < bound < 1:
            distance = abs(found.value - bound) / sqrt(bound * (1 - bound) / answers)
            assert distance == pytest.approx(Z)


def test_wilson_and_the_binomial_test_by_hand():
    found = estimate_proportion(8, 10)
    assert found.value == 0.8
    # From a table of Wilson's interval.
    assert found.interval.low == pytest.approx(0.4902, abs=5e-5)
    assert found.interval.high == pytest.approx(0.9433, abs=5e-5)
    # 8, 9 or 10 right, and 2, 1 or 0: twice (45 + 10 + 1) of 1024.
    assert found.p_value == pytest.approx(112 / 1024)


@given(st.integers(1, 60), st.data())
def test_the_p_value_sums_all_counts_at_most_as_likely(answers, data):
    hits = data.draw(st.integers(0, answers))
    ways = [comb(answers, k) for k in range(answers + 1)]
    expected = sum(w for w in ways if w <= ways[hits]) / 2**answers
    assert estimate_proportion(hits, answers).p_value == pytest.approx(expected)


def test_no_answers_have_no_proportion():
    found = estimate_proportion(0, 0)
    assert isnan(found.value)
    assert found.to_json()["proportion"] is None
    assert found.to_json()["interval"] == [None, None]
    with pytest.raises(UsageError, match="3 hits in 2 answers"):
        estimate_proportion(3, 2)


def test_holm_by_hand():
    assert holm_correction([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm_correction([0.9, 0.8]) == [1.0, 1.0]
    assert holm_correction([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_never_lowers_a_p_value(values):
    corrected = holm_correction(values)
    assert all(p <= q <= 1 for p, q in zip(values, corrected, strict=True))
    ranked = np.argsort(values, kind="stable")
    assert (np.diff(np.array(corrected)[ranked]) >= 0).all()


def test_groups_are_in_order_with_participants_counted():
    rows = [answer("a", f"s{n}", condition="S") for n in range(3)]
    rows += [answer(f"p{n}", "c", condition="composition", chosen="right") for n in range(4)]
    answers = Answers.from_rows(rows)
    found = proportions_by_group(answers, answers.condition, ("S", "A", "composition"))
    assert list(found) == ["S", "composition"]
    assert (found["S"].hits, found["S"].answers, found["S"].participants) == (3, 3, 1)
    assert (found["composition"].hits, found["composition"].participants) == (0, 4)
    # 2 of 8 and 2 of 16: the smaller is doubled, the other stays.
    assert found["S"].holm == pytest.approx(0.25)
    assert found["composition"].holm == pytest.approx(0.25)
    assert proportion_of(answers, answers.correct).hits == 3
