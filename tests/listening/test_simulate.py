import numpy as np
import pytest

from bachbot.errors import UsageError
from bachbot.listening.analysis.exclusions import NOT_HEARD, TOO_FAST, sift
from bachbot.listening.analysis.power import Crowd, simulate


def of(seed=0, **crowd):
    return simulate(Crowd(**{"participants": 300} | crowd), np.random.default_rng(seed))


def test_the_same_seed_gives_the_same_answers():
    assert list(of(3).rows()) == list(of(3).rows())
    assert list(of(3).rows()) != list(of(4).rows())


def test_a_session_is_the_originals():
    answers = of()
    for who in np.unique(answers.participant)[:20]:
        own = answers.where(answers.participant == who)
        assert sorted(own.order) == [1, 2, 3, 4, 5]
        kinds = own.kind.tolist()
        assert [kinds.count(k) for k in ("AT", "ATB", "composition")] == [1, 1, 2]
        assert len(set(own.trial)) == 5


@pytest.mark.parametrize("spread", [0.0, 1.5])
def test_the_skill_is_what_the_population_gets_right(spread):
    # Trials as many as people, so that those drawn are like all.
    answers = of(
        participants=1500,
        skill=0.7,
        participant_deviation=spread,
        trial_deviation=spread,
        trials_a_kind=300,
    )
    assert answers.correct.mean() == pytest.approx(0.7, abs=0.03)


def test_spreads_are_seen_in_people_and_in_trials():
    def spread(answers, names):
        which = np.unique(names, return_inverse=True)[1]
        return (np.bincount(which, answers.correct) / np.bincount(which)).std()

    alike = of(session=("AT",) * 8)
    people = of(session=("AT",) * 8, participant_deviation=1.5)
    trials = of(session=("AT",) * 8, trial_deviation=1.5)
    assert spread(people, people.participant) > 1.4 * spread(alike, alike.participant)
    assert spread(trials, trials.trial) > 4 * spread(alike, alike.trial)


def test_a_leaning_shows_without_any_skill():
    answers = of(leaning=1.0)
    assert answers.chose_left.mean() == pytest.approx(0.731, abs=0.03)
    assert answers.correct.mean() == pytest.approx(0.5, abs=0.04)


def test_guesses_take_the_skill_away():
    assert of(skill=0.99, guesses=1.0).correct.mean() == pytest.approx(0.5, abs=0.04)
    assert of(skill=0.9, guesses=0.5).correct.mean() == pytest.approx(0.7, abs=0.04)


def test_easier_types_and_later_trials_are_right_more_often():
    answers = of(kind_effects={"ATB": 2.0}, learning=0.0)
    assert answers.correct[answers.kind == "ATB"].mean() == pytest.approx(0.881, abs=0.05)
    assert answers.correct[answers.kind == "AT"].mean() == pytest.approx(0.5, abs=0.08)
    learned = of(learning=0.5)
    assert learned.correct[learned.order == 5].mean() == pytest.approx(0.881, abs=0.05)


def test_who_leaves_leaves_out_the_last():
    answers = of(drops=0.3)
    counts = np.bincount(answers.order)[1:]
    assert counts[0] == 300
    assert (np.diff(counts) < 0).all()
    assert counts[1] == pytest.approx(210, abs=30)
    assert len(of(drops=1.0)) == 300


def test_the_hasty_and_the_unheard_are_left_out_for_that():
    out = sift(of(hasty=0.1, unheard=0.2)).left_out
    assert out[TOO_FAST] == pytest.approx(150, abs=40)
    assert out[NOT_HEARD] == pytest.approx(270, abs=50)
    assert sum(sift(of()).left_out.values()) == 0


def test_all_faults_are_told_at_once():
    with pytest.raises(UsageError) as caught:
        Crowd(0, skill=1.0, session=("SATB",), drops=2, trial_deviation=-1)
    message = str(caught.value)
    for fault in ("1 or more", "skill is 1.0", "deviations", "shares", "types must be"):
        assert fault in message
