import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.listening.analysis.mixed_model import fit_mixed_model
from bachbot.listening.analysis.power import (
    StudyDesign,
    compute_power,
    plan_power,
)
from bachbot.listening.analysis.simulation import Population, simulate_answers

designs = st.builds(
    StudyDesign,
    answers_per_participant=st.integers(1, 10),
    trials=st.integers(2, 300),
    participant_sd=st.floats(0, 2),
    trial_sd=st.floats(0, 2),
)


def test_independent_answers_need_the_textbook_number():
    # (1.96 + .8416)^2 / (log-odds of .55)^2 / (.55 x .45): 787 answers, a few more by Student's t.
    found = plan_power(StudyDesign(1, 10_000, 0.0, 0.0), 0.55)
    assert found.participants == pytest.approx(787, abs=5)
    assert found.design_effect == 1
    assert found.max_power == 1


def test_five_answers_per_participant_take_a_fifth_of_the_participants_where_they_do_not_differ():
    one = plan_power(StudyDesign(1, 10_000, 0.0, 0.0), 0.55).participants
    five = plan_power(StudyDesign(5, 10_000, 0.0, 0.0), 0.55).participants
    assert five == pytest.approx(one / 5, rel=0.03)


def test_no_number_of_participants_makes_up_for_few_trials():
    found = plan_power(StudyDesign(5, 12, 0.6, 0.5), 0.55)
    assert found.participants is None
    assert found.design_effect is None
    assert found.max_power < 0.8
    assert found.max_power == pytest.approx(compute_power(found.design, 0.55, 10**8), abs=1e-3)
    enough = plan_power(StudyDesign(5, found.min_trials, 0.6, 0.5), 0.55)
    assert enough.participants is not None
    assert plan_power(StudyDesign(5, found.min_trials - 1, 0.6, 0.5), 0.55).participants is None


@given(designs, st.floats(0.55, 0.9), st.integers(1, 2000))
def test_power_never_decreases_with_participants_and_accuracy(design, proportion, participants):
    power = compute_power(design, proportion, participants)
    assert 0 <= power <= 1
    assert compute_power(design, proportion, 2 * participants) >= power - 1e-9
    assert compute_power(design, proportion, None) >= power - 1e-9
    assert compute_power(design, proportion + 0.05, participants) >= power - 1e-9
    # Above one half or below it is the same to the test.
    assert compute_power(design, 1 - proportion, participants) == pytest.approx(power, abs=1e-6)


@settings(max_examples=30)
@given(designs, st.floats(0.6, 0.9))
def test_the_number_of_participants_is_the_smallest(design, proportion):
    found = plan_power(design, proportion)
    if found.participants is not None:
        assert compute_power(design, proportion, found.participants) >= 0.8
        if found.participants > 2:
            assert compute_power(design, proportion, found.participants - 1) < 0.8


@pytest.mark.slow
def test_simulated_tests_have_the_planned_power():
    design = StudyDesign(5, 16, 0.6, 0.5)
    needed = plan_power(design, 0.68).participants
    significant = 0
    for seed in range(24):
        population = Population(
            needed,
            0.68,
            session=("AT", "ATB", "AT", "ATB", "AT"),
            trials_per_condition=8,
            participant_sd=0.6,
            trial_sd=0.5,
        )
        found = fit_mixed_model(simulate_answers(population, np.random.default_rng(seed)))
        significant += found.overall.interval.low > 0.5
    # 19 of 24 are planned for; two standard errors are 4.
    assert 15 <= significant <= 23


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: StudyDesign(0, 5, 0.1, 0.1), "0 answers per participant"),
        (lambda: StudyDesign(5, 1, 0.1, 0.1), "on 1 trials"),
        (lambda: StudyDesign(5, 5, -0.1, 0.1), "standard deviation is below 0"),
        (lambda: plan_power(StudyDesign(5, 5, 0.1, 0.1), 0.5), "proportion of 0.5"),
        (lambda: plan_power(StudyDesign(5, 5, 0.1, 0.1), 1.0), "proportion of 1.0"),
        (lambda: plan_power(StudyDesign(5, 5, 0.1, 0.1), 0.6, 1.0), "power of 1.0"),
    ],
)
def test_an_impossible_plan_is_rejected(call, message):
    with pytest.raises(UsageError, match=message):
        call()
