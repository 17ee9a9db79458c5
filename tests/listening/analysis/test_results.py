import json

import numpy as np
import pytest
from listening_answers import answer

from bachbot.errors import UsageError
from bachbot.listening.analysis.exclusions import ExclusionCriteria
from bachbot.listening.analysis.mixed_model import UnfittedModel
from bachbot.listening.analysis.results import AnalysisSettings, analyze_answers
from bachbot.listening.analysis.simulation import Population, simulate_answers
from bachbot.listening.answers import Answers


def found(seed=0, settings=None, **population):
    values = {"participants": 100, "participant_sd": 0.5, "trial_sd": 0.4}
    return analyze_answers(
        simulate_answers(Population(**values | population), np.random.default_rng(seed)), settings
    )


@pytest.mark.slow
@pytest.mark.parametrize("accuracy", [0.5, 0.59, 0.75])
def test_the_accuracy_of_simulated_participants_is_estimated(accuracy):
    # Without random effects Wilson's interval holds too.
    alike = found(2, accuracy=accuracy, participant_sd=0.0, trial_sd=0.0)
    assert alike.overall.interval.low <= accuracy <= alike.overall.interval.high
    assert (alike.overall.p_value < 0.05) == (accuracy > 0.5)
    for analysis in (alike, found(3, accuracy=accuracy)):
        for model in (analysis.intercept_only, analysis.full):
            assert model.overall.interval.low <= accuracy <= model.overall.interval.high


@pytest.mark.slow
@pytest.mark.parametrize("left_bias", [-0.7, 0.7])
def test_a_side_bias_does_not_bias_the_proportion(left_bias):
    analysis = found(1, accuracy=0.59, left_bias=left_bias, participants=300)
    assert analysis.intercept_only.overall.value == pytest.approx(0.59, abs=0.04)
    first = analysis.side.correct_where_left
    assert not first.interval.low <= 0.59 <= first.interval.high


@pytest.mark.slow
def test_fast_answers_are_excluded_and_the_others_show_the_accuracy():
    analysis = found(4, accuracy=0.75, fast_rate=0.25, participants=200)
    everything = found(
        4,
        AnalysisSettings(ExclusionCriteria(min_response_time=0)),
        accuracy=0.75,
        fast_rate=0.25,
        participants=200,
    )
    assert analysis.overall.value > everything.overall.value + 0.03
    assert (
        analysis.intercept_only.overall.interval.low
        <= 0.75
        <= analysis.intercept_only.overall.interval.high
    )
    assert everything.overall.answers == 1000
    assert analysis.overall.answers == 1000 - analysis.exclusions.excluded["too fast"]


@pytest.mark.slow
def test_every_breakdown_has_all_answers_that_are_kept():
    analysis = found(5, fast_rate=0.1, unheard_rate=0.1, dropout_rate=0.1)
    kept = analysis.exclusions.to_json()["kept"]
    assert kept == analysis.overall.answers
    for groups in (
        analysis.by_condition,
        analysis.by_experience,
        analysis.by_age,
        analysis.by_trial,
        analysis.learning.by_position,
    ):
        assert sum(p.answers for p in groups.values()) == kept
        assert sum(p.hits for p in groups.values()) == analysis.overall.hits
    side = analysis.side
    assert side.correct_where_left.answers + side.correct_where_right.answers == kept
    assert side.correct_where_left.hits + side.correct_where_right.hits == analysis.overall.hits


@pytest.mark.slow
def test_the_json_has_the_results_of_the_original_study():
    data = json.loads(json.dumps(found(0, participants=40).to_json(), allow_nan=False))
    assert data["original_study"]["by_condition"]["composition"]["proportion"] == 0.59
    assert data["mixed_models"]["intercept_only"]["fitted"] is True
    assert [power["trials"] for power in data["power"]][1:] == [
        2 * data["power"][0]["trials"],
        4 * data["power"][0]["trials"],
    ]
    assert {result["proportion"] for result in data["related_results"]} >= {0.573, 0.51}


@pytest.mark.slow
def test_the_next_test_is_planned_by_the_settings():
    settings = AnalysisSettings(
        target_proportion=0.6, power=0.9, answers_per_participant=10, trials=80
    )
    (power,) = found(0, settings, participants=60).powers
    assert (power.design.answers_per_participant, power.design.trials) == (10, 80)
    assert (power.proportion, power.target) == (0.6, 0.9)
    assert power.participants > 2


def test_a_single_answer_can_be_analyzed():
    analysis = analyze_answers(Answers.from_rows([answer()]))
    assert analysis.overall.hits == 1
    assert isinstance(analysis.intercept_only, UnfittedModel)
    assert analysis.powers == ()
    json.dumps(analysis.to_json(), allow_nan=False)


def test_a_message_says_why_all_answers_are_excluded():
    rows = [answer(trial="a", response_time=1.0), answer(trial="b", heard_left=0.0)]
    with pytest.raises(UsageError, match=r"all 2 .* excluded \(1 too fast, 1 not listened\)"):
        analyze_answers(Answers.from_rows(rows))
    with pytest.raises(UsageError, match="there are no answers"):
        analyze_answers(Answers.from_rows([]))
