from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from listening_answers import NOON, answer, any_answers

from bachbot.errors import UsageError
from bachbot.listening.answers import Answers, parse_timestamp


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"participant": ""}, "participant is ''"),
        ({"participant": "a\nb"}, r"participant is 'a\\nb'"),
        ({"trial": " a"}, "trial is ' a'"),
        ({"trial": "x" * 101}, "trial is 'xxx"),
        ({"condition": "SATB"}, "condition is 'SATB': give one of S, A"),
        ({"bach_side": "Left"}, "bach_side is 'Left'"),
        ({"chosen": "both"}, "chosen is 'both'"),
        ({"position": 0}, "position is 0: give 1 to 10000"),
        ({"response_time": float("nan")}, "response_time is nan"),
        ({"response_time": -0.1}, "response_time is -0.1"),
        ({"plays_right": -1}, "plays_right is -1"),
        ({"heard_left": 1.01}, "heard_left is 1.01: give 0 to 1"),
        ({"age": "27"}, "age is '27'"),
        ({"experience": "\x1b[31m"}, r"experience is '\\x1b\[31m'"),
        ({"answered_at": datetime(2026, 5, 1)}, "give a time in UTC"),
        ({"answered_at": NOON.astimezone(timezone(timedelta(hours=1)))}, "give a time in UTC"),
    ],
)
def test_a_value_out_of_range_is_rejected_in_one_line(change, message):
    with pytest.raises(UsageError, match=message) as caught:
        answer(**change)
    assert "\n" not in str(caught.value)


def test_an_answer_is_correct_if_bachs_side_was_chosen():
    answers = Answers.from_rows(
        answer(trial=f"t{n}", bach_side=bach, chosen=chosen)
        for n, (bach, chosen) in enumerate(
            [("left", "left"), ("left", "right"), ("right", "left"), ("right", "right")]
        )
    )
    assert answers.correct.tolist() == [True, False, False, True]
    assert answers.bach_left.tolist() == [True, True, False, False]
    assert answers.chose_left.tolist() == [True, False, True, False]
    assert [row.correct for row in answers.rows()] == answers.correct.tolist()


def test_min_heard_is_the_share_of_the_clip_played_less():
    answers = Answers.from_rows([answer(heard_left=0.25, heard_right=1.0)])
    assert answers.min_heard.tolist() == [0.25]


@pytest.mark.slow
@settings(max_examples=50)
@given(any_answers())
def test_rows_are_the_same_after_conversion_to_columns(answers):
    rows = list(answers.rows())
    assert list(Answers.from_rows(rows).rows()) == rows
    assert answers.participants == len({row.participant for row in rows})
    assert answers.trials == len({row.trial for row in rows})


@pytest.mark.slow
@settings(max_examples=50)
@given(any_answers())
def test_a_mask_selects_rows_in_order(answers):
    rows = list(answers.rows())
    mask = np.arange(len(rows)) % 3 == 0
    assert list(answers.select(mask).rows()) == rows[::3]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"participant": "p2", "condition": "S"}, "trial 't1' has condition 'AT' and 'S'"),
        ({"trial": "t2", "age": "18-25"}, "participant 'p1' has age '26-45' and '18-25'"),
        ({"trial": "t2", "experience": "expert"}, "has experience 'novice' and 'expert'"),
    ],
)
def test_contradicting_rows_are_rejected(second, message):
    with pytest.raises(UsageError, match=message):
        Answers.from_rows([answer(), answer(**second)])


def test_columns_of_unequal_length_are_rejected():
    whole = Answers.from_rows([answer(), answer(trial="t2")])
    columns = {name: getattr(whole, name) for name in whole.__dataclass_fields__}
    with pytest.raises(UsageError, match="'position': 1"):
        Answers(**columns | {"position": whole.position[:1]})


@pytest.mark.parametrize(
    "text", ["2026-05-01T12:00:00Z", "2026-05-01T12:00:00+00:00", "2026-05-01T12:00:00.000000Z"]
)
def test_a_timestamp_in_utc_is_parsed(text):
    assert parse_timestamp(text) == NOON


@pytest.mark.parametrize(
    "text",
    ["", "2026-05-01", "2026-05-01T12:00:00", "2026-05-01T12:00:00+02:00", "2026-13-01T12:00:00Z"],
)
def test_a_timestamp_not_in_utc_is_rejected(text):
    with pytest.raises(UsageError, match="give a time in UTC such as"):
        parse_timestamp(text)
