from dataclasses import replace
from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from listening_answers import answer

from bachbot.listening.analysis.power import Crowd, simulate
from bachbot.listening.analysis.proportions import learning, side_bias
from bachbot.listening.answers import Answers

z = NormalDist().inv_cdf


def test_sensitivity_and_criterion_by_hand():
    # On the left 7 of 9 hold left for Bach's, on the right 3 of 9: 7.5 and 3.5 of 10.
    rows = [answer(trial=f"l{n}", chosen="left" if n < 7 else "right") for n in range(9)]
    rows += [
        answer(trial=f"r{n}", bach_side="right", chosen="left" if n < 3 else "right")
        for n in range(9)
    ]
    found = side_bias(Answers.of(rows))
    assert found.sensitivity == pytest.approx((z(0.75) - z(0.35)) / sqrt(2))
    assert found.criterion == pytest.approx(-(z(0.75) + z(0.35)) / 2)
    assert (found.left.hits, found.left.answers) == (10, 18)
    assert (found.correct_where_left.hits, found.correct_where_right.hits) == (7, 6)
    assert found.balanced == pytest.approx(13 / 18)
    density = [NormalDist().pdf(z(p)) for p in (0.75, 0.35)]
    variances = [p * (1 - p) / (10 * d * d) for p, d in zip((0.75, 0.35), density, strict=True)]
    half = found.criterion_interval.high - found.criterion
    assert half == pytest.approx(1.96 * sqrt(sum(variances)) / 2, rel=1e-3)


def test_one_side_alone_is_told_as_such():
    found = side_bias(Answers.of([answer(), answer(trial="t2")]))
    assert np.isnan(found.balanced)
    assert found.to_json()["balanced"] is None
    assert found.to_json()["correct_where_bach_right"]["proportion"] is None
    assert np.isfinite(found.sensitivity)


@pytest.mark.parametrize("leaning", [-0.8, 0.8])
def test_a_script_that_keeps_bach_first_finds_the_leaning_and_not_the_skill(leaning):
    # The fault of the published 51%: only trials with Bach's clip first were counted.
    answers = simulate(Crowd(800, 0.59, leaning=leaning), np.random.default_rng(4))
    whole = side_bias(answers)
    first = whole.correct_where_left
    assert abs(first.value - 0.59) > 0.12
    assert not first.interval.low <= 0.59 <= first.interval.high
    assert whole.balanced == pytest.approx(0.59, abs=0.03)
    assert answers.correct.mean() == pytest.approx(0.59, abs=0.03)
    assert np.sign(whole.criterion) == -np.sign(leaning)
    assert not whole.criterion_interval.low <= 0 <= whole.criterion_interval.high
    assert whole.bach_left.interval.low <= 0.5 <= whole.bach_left.interval.high


def test_swapping_the_sides_turns_the_criterion_and_leaves_the_rest():
    answers = simulate(Crowd(60, 0.7, leaning=0.5), np.random.default_rng(0))
    other = {"left": "right", "right": "left"}
    turned = Answers.of(
        replace(row, bach_side=other[row.bach_side], chosen=other[row.chosen])
        for row in answers.rows()
    )
    one, two = side_bias(answers), side_bias(turned)
    assert two.criterion == pytest.approx(-one.criterion)
    assert two.sensitivity == pytest.approx(one.sensitivity)
    assert two.correct_where_left == one.correct_where_right


@pytest.mark.parametrize("gain", [0.0, 0.3])
def test_learning_of_known_speed_is_found_within_its_interval(gain):
    found = learning(simulate(Crowd(400, 0.55, learning=gain), np.random.default_rng(1)))
    assert found.trouble == ""
    assert found.interval.low <= gain <= found.interval.high
    assert (found.p_value < 0.05) == (gain > 0)
    assert list(found.by_order) == [1, 2, 3, 4, 5]
    assert {p.answers for p in found.by_order.values()} == {400}


def by_position(right):
    """Six people whose answers at each position are right as said."""
    return [
        answer(f"p{n}", f"t{o}", order=o, chosen="left" if right(n, o) else "right")
        for n in range(6)
        for o in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([answer(f"p{n}", chosen="right") for n in range(6)], "one position"),
        (by_position(lambda n, o: n != o)[:12], "fewer than 5 participants"),
        (by_position(lambda n, o: True), "every answer is right"),
        (by_position(lambda n, o: o > 1), "do not overlap"),
        (by_position(lambda n, o: o == 3 or (o == 2 and n % 2)), "do not overlap"),
        (by_position(lambda n, o: o == 1), "do not overlap"),
    ],
)
def test_where_no_slope_can_be_found_it_says_why(rows, told):
    found = learning(Answers.of(rows))
    assert told in found.trouble
    assert found.slope is found.interval is found.p_value is None
    assert found.to_json()["slope"] is None
