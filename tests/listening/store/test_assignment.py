"""The random assignment of trials to participants."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.listening.answers import CONDITIONS
from bachbot.listening.store.schema import TrialAssignment, assign_trials
from bachbot.listening.trials import Clip, Trial, clip_path


def trials(conditions):
    made = []
    for number, condition in enumerate(conditions):
        ids = [f"{number:06x}{side:06x}" for side in (0, 1)]
        clips = tuple(Clip(i, 1.0, {"wav": clip_path(i, "wav")}) for i in ids)
        made.append(Trial(f"{number:06x}ffffff", condition, clips))
    return tuple(made)


@given(
    st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=40),
    st.integers(5, 10),
    st.integers(0, 2**32),
)
def test_conditions_are_balanced(conditions, per_participant, seed):
    stimuli = trials(conditions)
    plan = assign_trials(stimuli, per_participant, Random(seed))
    assert len(plan) == min(per_participant, len(stimuli))
    assert len({pair.trial for pair in plan}) == len(plan)
    by_id = {trial.id: trial for trial in stimuli}
    there, drawn = Counter(conditions), Counter(by_id[pair.trial].condition for pair in plan)
    for pair in plan:
        assert {pair.left, pair.right} == {clip.id for clip in by_id[pair.trial].clips}
    most = max(drawn.values())
    # A type that comes more seldom than another by two has no trial left.
    assert all(drawn[condition] >= min(there[condition], most - 1) for condition in there)


def test_the_same_seed_gives_the_same_assignment():
    stimuli = trials(CONDITIONS * 3)
    assert assign_trials(stimuli, 10, Random(1)) == assign_trials(stimuli, 10, Random(1))
    assert assign_trials(stimuli, 10, Random(1)) != assign_trials(stimuli, 10, Random(2))


def test_order_and_sides_are_uniform():
    stimuli = trials(CONDITIONS)
    random = Random(0)
    plans = [assign_trials(stimuli, 7, random) for _ in range(2000)]
    first = Counter(plan[0].trial for plan in plans)
    # Of 2000 draws among seven, 286 per_participant, with a deviation of 16.
    assert all(220 < first[trial.id] < 352 for trial in stimuli)
    for at in range(7):
        left = sum(plan[at].left.endswith("000000") for plan in plans)
        assert 888 < left < 1112  # five deviations of 22


def test_no_condition_is_preferred_if_there_are_more_than_trials():
    stimuli = trials(CONDITIONS)
    random = Random(0)
    conditions = Counter(
        pair.trial for _ in range(2000) for pair in assign_trials(stimuli, 5, random)
    )
    assert all(1300 < conditions[trial.id] < 1560 for trial in stimuli)


def test_sides():
    pair = TrialAssignment("t", "a", "b")
    assert (pair.side_of("a"), pair.side_of("b")) == ("left", "right")
    with pytest.raises(UsageError, match="clip c is not in trial t"):
        pair.side_of("c")
    assert TrialAssignment(**pair.to_json()) == pair


@pytest.mark.parametrize(("number", "per_participant"), [(0, 5), (3, 0), (3, -1)])
def test_nothing_to_assign(number, per_participant):
    with pytest.raises(UsageError):
        assign_trials(trials(["S"] * number), per_participant, Random(0))
