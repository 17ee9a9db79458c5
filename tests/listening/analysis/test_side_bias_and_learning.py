from dataclasses import replace
from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from listening_answers import answer

from bachbot.listening.analysis.proportions import estimate_learning, estimate_side_bias
from bachbot.listening.analysis.simulation import Population, simulate_answers
from bachbot.listening.answers import Answers

z = NormalDist().inv_cdf


def test_sensitivity_and_criterion_by_hand():
    # "left" is chosen in 7 of 9 if Bach is on the left, and in 3 of 9 if not: 7.5 and 3.5 of 10.
    rows = [answer(trial=f"l{n}", chosen="left" if n < 7 else "right") for n in range(9)]
    rows += [
        answer(trial=f"r{n}", bach_side="right", chosen="left" if n < 3 else "right")
        for n in range(9)
    ]
    found = estimate_side_bias(Answers.from_rows(rows))
    assert found.sensitivity == pytest.approx((z(0.75) - z(0.35)) / sqrt(2))
    assert found.criterion == pytest.approx(-(z(0.75) + z(0.35)) / 2)
    assert (found.left.hits, found.left.answers) == (10, 18)
    assert (found.correct_where_left.hits, found.correct_where_right.hits) == (7, 6)
    assert found.balanced_accuracy == pytest.approx(13 / 18)
    density = [NormalDist().pdf(z(p)) for p in (0.75, 0.35)]
    variances = [p * (1 - p) / (10 * d * d) for p, d in zip((0.75, 0.35), density, strict=True)]
    half = found.criterion_interval.high - found.criterion
    assert half == pytest.approx(1.96 * sqrt(sum(variances)) / 2, rel=1e-3)


def test_answers_with_bach_on_one_side_only():
    found = estimate_side_bias(Answers.from_rows([answer(), answer(trial="t2")]))
    assert np.isnan(found.balanced_accuracy)
    assert found.to_json()["balanced_accuracy"] is None
    assert found.to_json()["correct_where_bach_right"]["proportion"] is None
    assert np.isfinite(found.sensitivity)


@pytest.mark.parametrize("left_bias", [-0.8, 0.8])
def test_trials_with_bach_first_alone_show_the_bias_and_not_the_accuracy(left_bias):
    # The fault of the published 51%: only trials with Bach's clip first were counted.
    answers = simulate_answers(Population(800, 0.59, left_bias=left_bias), np.random.default_rng(4))
    whole = estimate_side_bias(answers)
    first = whole.correct_where_left
    assert abs(first.value - 0.59) > 0.12
    assert not first.interval.low <= 0.59 <= first.interval.high
    assert whole.balanced_accuracy == pytest.approx(0.59, abs=0.03)
    assert answers.correct.mean() == pytest.approx(0.59, abs=0.03)
    assert np.sign(whole.criterion) == -np.sign(left_bias)
    assert not whole.criterion_interval.low <= 0 <= whole.criterion_interval.high
    assert whole.bach_left.interval.low <= 0.5 <= whole.bach_left.interval.high


def test_swapping_the_sides_negates_the_criterion_alone():
    answers = simulate_answers(Population(60, 0.7, left_bias=0.5), np.random.default_rng(0))
    other = {"left": "right", "right": "left"}
    turned = Answers.from_rows(
        replace(row, bach_side=other[row.bach_side], chosen=other[row.chosen])
        for row in answers.rows()
    )
    one, two = estimate_side_bias(answers), estimate_side_bias(turned)
    assert two.criterion == pytest.approx(-one.criterion)
    assert two.sensitivity == pytest.approx(one.sensitivity)
    assert two.correct_where_left == one.correct_where_right


@pytest.mark.slow
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_the_interval_contains_the_simulated_slope(slope):
    found = estimate_learning(
        simulate_answers(Population(400, 0.55, learning=slope), np.random.default_rng(1))
    )
    assert found.problem == ""
    assert found.interval.low <= slope <= found.interval.high
    assert (found.p_value < 0.05) == (slope > 0)
    assert list(found.by_position) == [1, 2, 3, 4, 5]
    assert {p.answers for p in found.by_position.values()} == {400}


def by_position(right):
    """Answers of six participants, correct where the function says so."""
    return [
        answer(f"p{n}", f"t{o}", position=o, chosen="left" if right(n, o) else "right")
        for n in range(6)
        for o in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([answer(f"p{n}", chosen="right") for n in range(6)], "one position"),
        (by_position(lambda n, o: n != o)[:12], "fewer than 5 participants"),
        (by_position(lambda n, o: True), "every answer is correct"),
        (by_position(lambda n, o: o > 1), "do not overlap"),
        (by_position(lambda n, o: o == 3 or (o == 2 and n % 2)), "do not overlap"),
        (by_position(lambda n, o: o == 1), "do not overlap"),
    ],
)
def test_a_message_says_why_there_is_no_slope(rows, message):
    found = estimate_learning(Answers.from_rows(rows))
    assert message in found.problem
    assert found.slope is found.interval is found.p_value is None
    assert found.to_json()["slope"] is None
