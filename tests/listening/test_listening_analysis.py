import json

import numpy as np
import pytest
from listening_answers import answer

from bachbot.errors import UsageError
from bachbot.listening.analysis.analysis import AnalysisSettings, analyze
from bachbot.listening.analysis.exclusions import Rules
from bachbot.listening.analysis.mixed_model import Unfitted
from bachbot.listening.analysis.power import Crowd, simulate
from bachbot.listening.answers import Answers


def found(seed=0, settings=None, **crowd):
    values = {"participants": 100, "participant_deviation": 0.5, "trial_deviation": 0.4}
    return analyze(simulate(Crowd(**values | crowd), np.random.default_rng(seed)), settings)


@pytest.mark.parametrize("skill", [0.5, 0.59, 0.75])
def test_participants_of_known_skill_are_recovered(skill):
    # One of alike ears and trials, by Wilson's interval too; and one of the usual spread.
    alike = found(2, skill=skill, participant_deviation=0.0, trial_deviation=0.0)
    assert alike.overall.interval.low <= skill <= alike.overall.interval.high
    assert (alike.overall.p_value < 0.05) == (skill > 0.5)
    for analysis in (alike, found(3, skill=skill)):
        for model in (analysis.plain, analysis.full):
            assert model.overall.interval.low <= skill <= model.overall.interval.high


@pytest.mark.parametrize("leaning", [-0.7, 0.7])
def test_a_side_bias_does_not_bias_the_proportion(leaning):
    analysis = found(1, skill=0.59, leaning=leaning, participants=300)
    assert analysis.plain.overall.value == pytest.approx(0.59, abs=0.04)
    first = analysis.side.correct_where_left
    assert not first.interval.low <= 0.59 <= first.interval.high


def test_the_hasty_are_left_out_and_the_rest_tell_the_skill():
    analysis = found(4, skill=0.75, hasty=0.25, participants=200)
    everything = found(
        4, AnalysisSettings(Rules(fastest=0)), skill=0.75, hasty=0.25, participants=200
    )
    assert analysis.overall.value > everything.overall.value + 0.03
    assert analysis.plain.overall.interval.low <= 0.75 <= analysis.plain.overall.interval.high
    assert everything.overall.answers == 1000
    assert analysis.overall.answers == 1000 - analysis.sifted.left_out["too fast"]


def test_every_breakdown_counts_every_answer_that_counts():
    analysis = found(5, hasty=0.1, unheard=0.1, drops=0.1)
    kept = analysis.sifted.to_json()["kept"]
    assert kept == analysis.overall.answers
    for groups in (
        analysis.by_kind,
        analysis.by_experience,
        analysis.by_age,
        analysis.by_trial,
        analysis.learning.by_order,
    ):
        assert sum(p.answers for p in groups.values()) == kept
        assert sum(p.hits for p in groups.values()) == analysis.overall.hits
    side = analysis.side
    assert side.correct_where_left.answers + side.correct_where_right.answers == kept
    assert side.correct_where_left.hits + side.correct_where_right.hits == analysis.overall.hits


def test_the_json_is_plain_and_holds_the_originals_figures():
    told = json.loads(json.dumps(found(0, participants=40).to_json(), allow_nan=False))
    assert told["original"]["by_type"]["composition"]["proportion"] == 0.59
    assert told["mixed"]["plain"]["fitted"] is True
    assert [power["trials"] for power in told["power"]][1:] == [
        2 * told["power"][0]["trials"],
        4 * told["power"][0]["trials"],
    ]
    assert {peer["proportion"] for peer in told["peers"]} >= {0.573, 0.51}


def test_the_next_test_is_planned_as_asked():
    settings = AnalysisSettings(tell=0.6, power=0.9, answers_each=10, trials=80)
    (power,) = found(0, settings, participants=60).powers
    assert (power.plan.answers_each, power.plan.trials) == (10, 80)
    assert (power.proportion, power.wanted) == (0.6, 0.9)
    assert power.participants > 2


def test_one_answer_is_analyzed_as_far_as_it_goes():
    analysis = analyze(Answers.of([answer()]))
    assert analysis.overall.hits == 1
    assert isinstance(analysis.plain, Unfitted)
    assert analysis.powers == ()
    json.dumps(analysis.to_json(), allow_nan=False)


def test_where_nothing_is_left_it_says_what_took_it():
    rows = [answer(trial="a", seconds=1.0), answer(trial="b", heard_left=0.0)]
    with pytest.raises(UsageError, match=r"none of 2 answers is left \(1 too fast, 1 not heard\)"):
        analyze(Answers.of(rows))
    with pytest.raises(UsageError, match="there are no answers"):
        analyze(Answers.of([]))
