import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.listening.analysis.mixed_model import fit_mixed
from bachbot.listening.analysis.power import (
    Crowd,
    StudyDesign,
    chance_of_telling,
    power_of,
    simulate,
)

plans = st.builds(
    StudyDesign,
    answers_each=st.integers(1, 10),
    trials=st.integers(2, 300),
    participant_deviation=st.floats(0, 2),
    trial_deviation=st.floats(0, 2),
)


def test_of_independent_answers_it_is_the_formula_of_the_books():
    # (1.96 + .8416)^2 / (log-odds of .55)^2 / (.55 x .45): 787 answers, a few more by Student's t.
    found = power_of(StudyDesign(1, 10_000, 0.0, 0.0), 0.55)
    assert found.participants == pytest.approx(787, abs=5)
    assert found.design_effect == 1
    assert found.ceiling == 1


def test_five_answers_each_take_a_fifth_of_the_people_where_they_do_not_differ():
    one = power_of(StudyDesign(1, 10_000, 0.0, 0.0), 0.55).participants
    five = power_of(StudyDesign(5, 10_000, 0.0, 0.0), 0.55).participants
    assert five == pytest.approx(one / 5, rel=0.03)


def test_no_number_of_people_makes_up_for_few_trials():
    found = power_of(StudyDesign(5, 12, 0.6, 0.5), 0.55)
    assert found.participants is None
    assert found.design_effect is None
    assert found.ceiling < 0.8
    assert found.ceiling == pytest.approx(chance_of_telling(found.plan, 0.55, 10**8), abs=1e-3)
    enough = power_of(StudyDesign(5, found.trials_needed, 0.6, 0.5), 0.55)
    assert enough.participants is not None
    assert power_of(StudyDesign(5, found.trials_needed - 1, 0.6, 0.5), 0.55).participants is None


@given(plans, st.floats(0.55, 0.9), st.integers(1, 2000))
def test_more_people_more_trials_and_more_skill_never_tell_less(plan, proportion, people):
    chance = chance_of_telling(plan, proportion, people)
    assert 0 <= chance <= 1
    assert chance_of_telling(plan, proportion, 2 * people) >= chance - 1e-9
    assert chance_of_telling(plan, proportion, None) >= chance - 1e-9
    assert chance_of_telling(plan, proportion + 0.05, people) >= chance - 1e-9
    # Above one half or below it is the same to the test.
    assert chance_of_telling(plan, 1 - proportion, people) == pytest.approx(chance, abs=1e-6)


@settings(max_examples=30)
@given(plans, st.floats(0.6, 0.9))
def test_the_fewest_are_enough_and_one_fewer_are_not(plan, proportion):
    found = power_of(plan, proportion)
    if found.participants is not None:
        assert chance_of_telling(plan, proportion, found.participants) >= 0.8
        if found.participants > 2:
            assert chance_of_telling(plan, proportion, found.participants - 1) < 0.8


def test_simulated_tests_tell_as_often_as_planned():
    plan = StudyDesign(5, 16, 0.6, 0.5)
    needed = power_of(plan, 0.68).participants
    told = 0
    for seed in range(24):
        crowd = Crowd(
            needed,
            0.68,
            session=("AT", "ATB", "AT", "ATB", "AT"),
            trials_a_kind=8,
            participant_deviation=0.6,
            trial_deviation=0.5,
        )
        found = fit_mixed(simulate(crowd, np.random.default_rng(seed)))
        told += found.overall.interval.low > 0.5
    # 19 of 24 are planned for; two standard errors are 4.
    assert 15 <= told <= 23


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: StudyDesign(0, 5, 0.1, 0.1), "0 answers each"),
        (lambda: StudyDesign(5, 1, 0.1, 0.1), "on 1 trials"),
        (lambda: StudyDesign(5, 5, -0.1, 0.1), "spread below 0"),
        (lambda: power_of(StudyDesign(5, 5, 0.1, 0.1), 0.5), "proportion of 0.5"),
        (lambda: power_of(StudyDesign(5, 5, 0.1, 0.1), 1.0), "proportion of 1.0"),
        (lambda: power_of(StudyDesign(5, 5, 0.1, 0.1), 0.6, 1.0), "power of 1.0"),
    ],
)
def test_what_cannot_be_planned_is_refused(call, told):
    with pytest.raises(UsageError, match=told):
        call()
