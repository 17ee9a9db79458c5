from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listening_answers import answer, any_answers, minutes

from bachbot.errors import UsageError
from bachbot.listening.analysis.exclusions import (
    AGAIN,
    NOT_HEARD,
    ONE_SIDE,
    REASONS,
    TOO_FAST,
    WHOLE,
    Rules,
    Sifted,
    sift,
)
from bachbot.listening.answers import Answers

any_rules = st.builds(
    Rules,
    fastest=st.sampled_from([0.0, 5.0, 60.0, 3600.0]),
    heard=st.floats(0, 1),
    one_side=st.none() | st.integers(2, 6),
    whole=st.booleans(),
)


def reasons(rows, **rules):
    return sift(Answers.of(rows), Rules(**rules)).reason.tolist()


@settings(max_examples=50)
@given(any_answers(), any_rules)
def test_every_answer_is_kept_or_has_one_reason(answers, rules):
    sifted = sift(answers, rules)
    assert len(sifted.kept) + sum(sifted.left_out.values()) == len(answers)
    kept = list(sifted.kept.rows())
    out = [r for r, why in zip(answers.rows(), sifted.reason, strict=True) if why]
    assert sorted(map(repr, kept + out)) == sorted(map(repr, answers.rows()))
    used = {reason for reason, number in sifted.left_out.items() if number}
    assert used <= set(rules.described())
    told = sifted.to_json()
    assert told["kept"] + sum(told["left_out"].values()) == told["answers"]


@settings(max_examples=50)
@given(any_answers(), any_rules)
def test_what_is_kept_keeps_the_rules_and_is_kept_again(answers, rules):
    kept = sift(answers, rules).kept
    assert (kept.seconds >= rules.fastest).all()
    assert (kept.heard >= rules.heard).all()
    pairs = {(r.participant, r.trial) for r in kept.rows()}
    assert len(pairs) == len(kept)
    once_more = sift(kept, replace(rules, one_side=None, whole=False))
    assert len(once_more.kept) == len(kept)


def test_answers_cannot_go_missing_on_the_way():
    answers = Answers.of([answer(), answer(trial="t2")])
    with pytest.raises(UsageError, match="1 reasons for 2 answers"):
        Sifted(answers, np.array([""]), Rules())
    with pytest.raises(UsageError, match="'for fun'"):
        Sifted(answers, np.array(["", "for fun"]), Rules())


def test_too_fast_and_not_heard_by_the_bounds_themselves():
    rows = [
        answer(trial="a", seconds=5.0),
        answer(trial="b", seconds=4.99),
        answer(trial="c", heard_right=0.5),
        answer(trial="d", heard_right=0.49),
        answer(trial="e", heard_left=0.0, seconds=0.0),
    ]
    assert reasons(rows) == ["", TOO_FAST, "", NOT_HEARD, TOO_FAST]
    assert reasons(rows, fastest=0) == ["", "", "", NOT_HEARD, NOT_HEARD]
    assert reasons(rows, fastest=0, heard=0) == [""] * 5


def test_of_two_answers_to_a_trial_the_first_by_the_clock_counts():
    rows = [
        answer(order=2, answered_at=minutes(2), chosen="right"),
        answer(order=1, answered_at=minutes(1)),
        answer("p2", order=3, answered_at=minutes(3)),
    ]
    assert reasons(rows) == [AGAIN, "", ""]


def test_an_answer_given_again_has_that_reason_whatever_else():
    rows = [answer(), answer(seconds=0.0, answered_at=minutes(1))]
    assert reasons(rows, whole=True) == ["", AGAIN]


def test_always_the_same_side_takes_as_many_answers_as_said():
    lefts = [answer("a", f"t{n}") for n in range(4)]
    mixed = [answer("b", f"t{n}", chosen="left" if n else "right") for n in range(4)]
    few = [answer("c", f"t{n}", chosen="right") for n in range(3)]
    assert reasons(lefts + mixed + few, one_side=4) == [ONE_SIDE] * 4 + [""] * 7
    assert reasons(lefts + mixed + few) == [""] * 11


def test_as_the_original_did_one_unheard_answer_takes_the_participant():
    rows = [answer("a", "t1"), answer("a", "t2", heard_left=0.0), answer("b", "t1")]
    assert reasons(rows, whole=True) == [WHOLE, NOT_HEARD, ""]
    assert reasons(rows) == ["", NOT_HEARD, ""]


def test_only_reasons_that_can_be_are_described():
    assert list(Rules().described()) == [AGAIN, TOO_FAST, NOT_HEARD]
    assert list(Rules(one_side=5, whole=True).described()) == list(REASONS)
    assert list(Rules(fastest=0, heard=0).described()) == [AGAIN]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"fastest": -1}, "fastest answer is -1"),
        ({"fastest": float("nan")}, "fastest answer is nan"),
        ({"heard": 1.1}, "share to be heard is 1.1"),
        ({"one_side": 1}, "1 answers on one side"),
    ],
)
def test_rules_out_of_range_are_refused(rules, told):
    with pytest.raises(UsageError, match=told):
        Rules(**rules)
