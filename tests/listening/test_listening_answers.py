from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from listening_answers import NOON, answer, any_answers

from bachbot.errors import UsageError
from bachbot.listening.answers import Answers, moment


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"participant": ""}, "participant is ''"),
        ({"participant": "a\nb"}, r"participant is 'a\\nb'"),
        ({"trial": " a"}, "trial is ' a'"),
        ({"trial": "x" * 101}, "trial is 'xxx"),
        ({"kind": "SATB"}, "type is 'SATB': give one of S, A"),
        ({"bach_side": "Left"}, "bach_side is 'Left'"),
        ({"chosen": "both"}, "chosen is 'both'"),
        ({"order": 0}, "order is 0: give 1 to 10000"),
        ({"seconds": float("nan")}, "seconds is nan"),
        ({"seconds": -0.1}, "seconds is -0.1"),
        ({"plays_right": -1}, "plays_right is -1"),
        ({"heard_left": 1.01}, "heard_left is 1.01: give 0 to 1"),
        ({"age": "27"}, "age is '27'"),
        ({"experience": "\x1b[31m"}, r"experience is '\\x1b\[31m'"),
        ({"answered_at": datetime(2026, 5, 1)}, "give a moment in UTC"),
        ({"answered_at": NOON.astimezone(timezone(timedelta(hours=1)))}, "give a moment in UTC"),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_one_line(change, told):
    with pytest.raises(UsageError, match=told) as caught:
        answer(**change)
    assert "\n" not in str(caught.value)


def test_correct_is_having_chosen_bachs_side():
    answers = Answers.of(
        answer(trial=f"t{n}", bach_side=bach, chosen=chosen)
        for n, (bach, chosen) in enumerate(
            [("left", "left"), ("left", "right"), ("right", "left"), ("right", "right")]
        )
    )
    assert answers.correct.tolist() == [True, False, False, True]
    assert answers.bach_left.tolist() == [True, True, False, False]
    assert answers.chose_left.tolist() == [True, False, True, False]
    assert [row.correct for row in answers.rows()] == answers.correct.tolist()


def test_heard_is_what_was_heard_of_the_clip_heard_less():
    answers = Answers.of([answer(heard_left=0.25, heard_right=1.0)])
    assert answers.heard.tolist() == [0.25]


@settings(max_examples=50)
@given(any_answers())
def test_rows_make_columns_make_rows(answers):
    rows = list(answers.rows())
    assert list(Answers.of(rows).rows()) == rows
    assert answers.participants == len({row.participant for row in rows})
    assert answers.trials == len({row.trial for row in rows})


@settings(max_examples=50)
@given(any_answers())
def test_a_mask_keeps_those_rows_in_their_order(answers):
    rows = list(answers.rows())
    mask = np.arange(len(rows)) % 3 == 0
    assert list(answers.where(mask).rows()) == rows[::3]


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ({"participant": "p2", "kind": "S"}, "trial 't1' has type 'AT' and 'S'"),
        ({"trial": "t2", "age": "18-25"}, "participant 'p1' has age '26-45' and '18-25'"),
        ({"trial": "t2", "experience": "expert"}, "has experience 'novice' and 'expert'"),
    ],
)
def test_what_changes_on_the_way_is_refused(second, told):
    with pytest.raises(UsageError, match=told):
        Answers.of([answer(), answer(**second)])


def test_columns_of_unequal_length_are_refused():
    whole = Answers.of([answer(), answer(trial="t2")])
    columns = {name: getattr(whole, name) for name in whole.__dataclass_fields__}
    with pytest.raises(UsageError, match="'order': 1"):
        Answers(**columns | {"order": whole.order[:1]})


@pytest.mark.parametrize(
    "text", ["2026-05-01T12:00:00Z", "2026-05-01T12:00:00+00:00", "2026-05-01T12:00:00.000000Z"]
)
def test_a_moment_is_read(text):
    assert moment(text) == NOON


@pytest.mark.parametrize(
    "text",
    ["", "2026-05-01", "2026-05-01T12:00:00", "2026-05-01T12:00:00+02:00", "2026-13-01T12:00:00Z"],
)
def test_no_moment_in_utc_is_refused(text):
    with pytest.raises(UsageError, match="give a moment in UTC such as"):
        moment(text)
