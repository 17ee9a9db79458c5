"""Scoring of the answers from the exported page with the answer key."""

import pytest

from bachbot.errors import UsageError
from bachbot.listening.answer_key import AnswerKey, KeyEntry
from bachbot.listening.answers_csv import UNSCORED_HEADER, read_csv, score_answers, write_csv

A, B, C, D = ("a" * 12, "b" * 12, "c" * 12, "d" * 12)
ONE, TWO = "1" * 12, "2" * 12
KEY = AnswerKey(
    "0" * 64,
    0,
    {
        ONE: KeyEntry("ATB", A, B, "bwv1", "all", 0.5, "0", "beam", 0),
        TWO: KeyEntry("composition", D, C, "bwv2", "all", 0.9, "0", "sample", 0),
    },
)
ROW = {
    "participant": "p1",
    "trial": ONE,
    "left_clip": A,
    "right_clip": B,
    "chosen": "left",
    "position": "1",
    "response_time": "61.3",
    "plays_left": "2",
    "plays_right": "1",
    "heard_left": "1",
    "heard_right": "0.734",
    "age": "26-45",
    "experience": "novice",
    "answered_at": "2026-05-01T12:30:00.123Z",
}


def table(*rows, header=UNSCORED_HEADER):
    lines = [",".join(header)] + [",".join(row[c] for c in header) for row in rows]
    return "\n".join(lines) + "\n"


@pytest.fixture
def scored(tmp_path):
    """Scores files of these texts."""

    def call(*texts):
        paths = []
        for i, text in enumerate(texts):
            paths.append(tmp_path / f"answers{i}.csv")
            paths[-1].write_bytes(text if isinstance(text, bytes) else text.encode())
        return score_answers(paths, KEY)

    return call


def test_the_key_gives_the_side_of_bach(scored):
    found = scored(
        table(
            ROW,
            {**ROW, "trial": TWO, "left_clip": C, "right_clip": D, "position": "2"},
            {**ROW, "participant": "p2", "left_clip": B, "right_clip": A},
        )
    )
    assert found.condition.tolist() == ["ATB", "composition", "ATB"]
    assert found.bach_side.tolist() == ["left", "right", "right"]
    assert found.correct.tolist() == [True, False, False]
    assert found.response_time[0] == 61.3
    assert found.min_heard.tolist() == [0.734] * 3


def test_scored_answers_can_be_read_again(scored, tmp_path):
    found = scored(table(ROW))
    write_csv(found, tmp_path / "answers.csv")
    assert list(read_csv(tmp_path / "answers.csv").rows()) == list(found.rows())


def test_columns_may_be_in_any_order_with_a_byte_order_mark(scored):
    text = table(ROW, header=UNSCORED_HEADER[::-1])
    assert len(scored(b"\xef\xbb\xbf" + text.encode())) == 1


def test_a_row_in_two_files_counts_once(scored):
    later = {**ROW, "trial": TWO, "left_clip": C, "right_clip": D}
    assert len(scored(table(ROW), table(ROW, later))) == 2


def test_two_different_answers_to_a_trial_are_rejected(scored):
    with pytest.raises(UsageError, match="row 3: participant 'p1' has another answer to trial"):
        scored(table(ROW, {**ROW, "chosen": "right"}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"trial": "3" * 12}, "the key has no trial '333333333333'"),
        ({"left_clip": C}, "are not those of the trial"),
        ({"left_clip": B}, "are not those of the trial"),
        ({"chosen": "bach"}, "chosen is 'bach': give one of left, right"),
        ({"position": "0"}, "position is 0: give 1"),
        ({"position": "1.0"}, "position is '1.0': give a whole number"),
        ({"response_time": "nan"}, "response_time is 'nan': give a number"),
        ({"response_time": "-1"}, "response_time is '-1': give a number"),
        ({"heard_left": "1.1"}, "heard_left is 1.1: give 0 to 1"),
        ({"plays_left": "99999"}, "plays_left is 99999"),
        ({"age": "44"}, "age is '44'"),
        ({"answered_at": "yesterday"}, "answered_at is 'yesterday'"),
        ({"participant": ""}, "participant is ''"),
    ],
)
def test_a_message_names_the_row_of_a_bad_value(scored, values, message):
    with pytest.raises(UsageError, match=rf"answers0.csv, row 2: .*{message}") as error:
        scored(table({**ROW, **values}))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("participant,trial\n", "does not have the columns"),
        (table(ROW).replace("age,", "age,age,"), "does not have the columns"),
        (table(ROW) + "a,b\n", "row 3: it has 2 fields: give 14"),
        (table(ROW) + '"open', "row 3: unexpected end of data"),
        (b"\xff\xfe", "is not in UTF-8"),
    ],
)
def test_a_file_that_is_not_csv_of_answers_is_rejected(scored, text, message):
    with pytest.raises(UsageError, match=message):
        scored(text)


def test_a_missing_file_is_rejected(tmp_path):
    with pytest.raises(UsageError, match="could not be read"):
        score_answers([tmp_path / "no.csv"], KEY)
