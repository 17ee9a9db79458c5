import numpy as np
import pytest

from bachbot.errors import UsageError
from bachbot.listening.analysis.exclusions import NOT_LISTENED, TOO_FAST, apply_exclusions
from bachbot.listening.analysis.simulation import Population, simulate_answers


def of(seed=0, **changes):
    return simulate_answers(
        Population(**{"participants": 300} | changes), np.random.default_rng(seed)
    )


@pytest.mark.slow
def test_the_same_seed_gives_the_same_answers():
    assert list(of(3).rows()) == list(of(3).rows())
    assert list(of(3).rows()) != list(of(4).rows())


def test_a_session_is_that_of_the_original_study():
    answers = of()
    for who in np.unique(answers.participant)[:20]:
        own = answers.select(answers.participant == who)
        assert sorted(own.position) == [1, 2, 3, 4, 5]
        conditions = own.condition.tolist()
        assert [conditions.count(k) for k in ("AT", "ATB", "composition")] == [1, 1, 2]
        assert len(set(own.trial)) == 5


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_the_accuracy_is_the_proportion_correct(spread):
    # With many trials and participants, the sample is like the population.
    answers = of(
        participants=1500,
        accuracy=0.7,
        participant_sd=spread,
        trial_sd=spread,
        trials_per_condition=300,
    )
    assert answers.correct.mean() == pytest.approx(0.7, abs=0.03)


@pytest.mark.slow
def test_participants_and_trials_differ_by_their_standard_deviations():
    def spread(answers, names):
        which = np.unique(names, return_inverse=True)[1]
        return (np.bincount(which, answers.correct) / np.bincount(which)).std()

    alike = of(session=("AT",) * 8)
    people = of(session=("AT",) * 8, participant_sd=1.5)
    trials = of(session=("AT",) * 8, trial_sd=1.5)
    assert spread(people, people.participant) > 1.4 * spread(alike, alike.participant)
    assert spread(trials, trials.trial) > 4 * spread(alike, alike.trial)


def test_a_bias_shows_without_any_accuracy():
    answers = of(left_bias=1.0)
    assert answers.chose_left.mean() == pytest.approx(0.731, abs=0.03)
    assert answers.correct.mean() == pytest.approx(0.5, abs=0.04)


def test_guesses_lower_the_accuracy():
    assert of(accuracy=0.99, guess_rate=1.0).correct.mean() == pytest.approx(0.5, abs=0.04)
    assert of(accuracy=0.9, guess_rate=0.5).correct.mean() == pytest.approx(0.7, abs=0.04)


def test_easier_conditions_and_later_trials_are_correct_more_often():
    answers = of(condition_effects={"ATB": 2.0}, learning=0.0)
    assert answers.correct[answers.condition == "ATB"].mean() == pytest.approx(0.881, abs=0.05)
    assert answers.correct[answers.condition == "AT"].mean() == pytest.approx(0.5, abs=0.08)
    learned = of(learning=0.5)
    assert learned.correct[learned.position == 5].mean() == pytest.approx(0.881, abs=0.05)


def test_participants_who_leave_have_no_later_answers():
    answers = of(dropout_rate=0.3)
    counts = np.bincount(answers.position)[1:]
    assert counts[0] == 300
    assert (np.diff(counts) < 0).all()
    assert counts[1] == pytest.approx(210, abs=30)
    assert len(of(dropout_rate=1.0)) == 300


def test_fast_and_unheard_answers_are_excluded():
    out = apply_exclusions(of(fast_rate=0.1, unheard_rate=0.2)).excluded
    assert out[TOO_FAST] == pytest.approx(150, abs=40)
    assert out[NOT_LISTENED] == pytest.approx(270, abs=50)
    assert sum(apply_exclusions(of()).excluded.values()) == 0


def test_all_faults_are_listed_at_once():
    with pytest.raises(UsageError) as caught:
        Population(0, accuracy=1.0, session=("SATB",), dropout_rate=2, trial_sd=-1)
    message = str(caught.value)
    for fault in ("1 or more", "accuracy is 1.0", "deviations", "rates", "conditions must be"):
        assert fault in message
