from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listening_answers import answer, any_answers, minutes

from bachbot.errors import UsageError
from bachbot.listening.analysis.exclusions import (
    NOT_LISTENED,
    ONE_SIDE,
    PARTICIPANT_EXCLUDED,
    REASONS,
    REPEATED,
    TOO_FAST,
    ExclusionCriteria,
    Exclusions,
    apply_exclusions,
)
from bachbot.listening.answers import Answers

any_criteria = st.builds(
    ExclusionCriteria,
    min_response_time=st.sampled_from([0.0, 5.0, 60.0, 3600.0]),
    min_heard=st.floats(0, 1),
    same_side_limit=st.none() | st.integers(2, 6),
    exclude_participants=st.booleans(),
)


def reasons(rows, **criteria):
    return apply_exclusions(Answers.from_rows(rows), ExclusionCriteria(**criteria)).reason.tolist()


@pytest.mark.slow
@settings(max_examples=50)
@given(any_answers(), any_criteria)
def test_every_answer_is_kept_or_has_one_reason(answers, criteria):
    exclusions = apply_exclusions(answers, criteria)
    assert len(exclusions.kept) + sum(exclusions.excluded.values()) == len(answers)
    kept = list(exclusions.kept.rows())
    out = [r for r, why in zip(answers.rows(), exclusions.reason, strict=True) if why]
    assert sorted(map(repr, kept + out)) == sorted(map(repr, answers.rows()))
    used = {reason for reason, number in exclusions.excluded.items() if number}
    assert used <= set(criteria.describe())
    data = exclusions.to_json()
    assert data["kept"] + sum(data["excluded"].values()) == data["answers"]


@pytest.mark.slow
@settings(max_examples=50)
@given(any_answers(), any_criteria)
def test_answers_that_are_kept_meet_the_criteria(answers, criteria):
    kept = apply_exclusions(answers, criteria).kept
    assert (kept.response_time >= criteria.min_response_time).all()
    assert (kept.min_heard >= criteria.min_heard).all()
    pairs = {(r.participant, r.trial) for r in kept.rows()}
    assert len(pairs) == len(kept)
    once_more = apply_exclusions(
        kept, replace(criteria, same_side_limit=None, exclude_participants=False)
    )
    assert len(once_more.kept) == len(kept)


def test_every_answer_needs_a_known_reason():
    answers = Answers.from_rows([answer(), answer(trial="t2")])
    with pytest.raises(UsageError, match="1 reasons for 2 answers"):
        Exclusions(answers, np.array([""]), ExclusionCriteria())
    with pytest.raises(UsageError, match="'for fun'"):
        Exclusions(answers, np.array(["", "for fun"]), ExclusionCriteria())


def test_the_bounds_themselves_are_kept():
    rows = [
        answer(trial="a", response_time=5.0),
        answer(trial="b", response_time=4.99),
        answer(trial="c", heard_right=0.5),
        answer(trial="d", heard_right=0.49),
        answer(trial="e", heard_left=0.0, response_time=0.0),
    ]
    assert reasons(rows) == ["", TOO_FAST, "", NOT_LISTENED, TOO_FAST]
    assert reasons(rows, min_response_time=0) == ["", "", "", NOT_LISTENED, NOT_LISTENED]
    assert reasons(rows, min_response_time=0, min_heard=0) == [""] * 5


def test_the_first_answer_to_a_trial_is_kept():
    rows = [
        answer(position=2, answered_at=minutes(2), chosen="right"),
        answer(position=1, answered_at=minutes(1)),
        answer("p2", position=3, answered_at=minutes(3)),
    ]
    assert reasons(rows) == [REPEATED, "", ""]


def test_a_repeated_answer_has_that_reason_before_others():
    rows = [answer(), answer(response_time=0.0, answered_at=minutes(1))]
    assert reasons(rows, exclude_participants=True) == ["", REPEATED]


def test_the_same_side_limit_counts_answers():
    lefts = [answer("a", f"t{n}") for n in range(4)]
    mixed = [answer("b", f"t{n}", chosen="left" if n else "right") for n in range(4)]
    few = [answer("c", f"t{n}", chosen="right") for n in range(3)]
    assert reasons(lefts + mixed + few, same_side_limit=4) == [ONE_SIDE] * 4 + [""] * 7
    assert reasons(lefts + mixed + few) == [""] * 11


def test_one_unheard_answer_can_exclude_the_participant():
    rows = [answer("a", "t1"), answer("a", "t2", heard_left=0.0), answer("b", "t1")]
    assert reasons(rows, exclude_participants=True) == [PARTICIPANT_EXCLUDED, NOT_LISTENED, ""]
    assert reasons(rows) == ["", NOT_LISTENED, ""]


def test_only_possible_reasons_are_described():
    assert list(ExclusionCriteria().describe()) == [REPEATED, TOO_FAST, NOT_LISTENED]
    assert list(ExclusionCriteria(same_side_limit=5, exclude_participants=True).describe()) == list(
        REASONS
    )
    assert list(ExclusionCriteria(min_response_time=0, min_heard=0).describe()) == [REPEATED]


@pytest.mark.parametrize(
    ("criteria", "message"),
    [
        ({"min_response_time": -1}, "minimum response time is -1"),
        ({"min_response_time": float("nan")}, "minimum response time is nan"),
        ({"min_heard": 1.1}, "minimum share heard is 1.1"),
        ({"same_side_limit": 1}, "1 answers on the same side"),
    ],
)
def test_criteria_out_of_range_are_rejected(criteria, message):
    with pytest.raises(UsageError, match=message):
        ExclusionCriteria(**criteria)
