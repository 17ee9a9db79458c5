"""What the exported page writes, put together with the key."""

import pytest

from bachbot.errors import UsageError
from bachbot.listening.answer_key import Solution, Solutions
from bachbot.listening.answers_csv import RAW_HEADER, read_csv, score_raw, write_csv

A, B, C, D = ("a" * 12, "b" * 12, "c" * 12, "d" * 12)
ONE, TWO = "1" * 12, "2" * 12
KEY = Solutions(
    "0" * 64,
    0,
    {
        ONE: Solution("ATB", A, B, "bwv1", "all", 0.5, "0", "beam", 0),
        TWO: Solution("composition", D, C, "bwv2", "all", 0.9, "0", "sample", 0),
    },
)
ROW = {
    "participant": "p1",
    "trial": ONE,
    "left_clip": A,
    "right_clip": B,
    "chosen": "left",
    "order": "1",
    "seconds": "61.3",
    "plays_left": "2",
    "plays_right": "1",
    "heard_left": "1",
    "heard_right": "0.734",
    "age": "26-45",
    "experience": "novice",
    "answered_at": "2026-05-01T12:30:00.123Z",
}


def table(*rows, header=RAW_HEADER):
    lines = [",".join(header)] + [",".join(row[c] for c in header) for row in rows]
    return "\n".join(lines) + "\n"


@pytest.fixture
def scored(tmp_path):
    """Scores files of these texts."""

    def call(*texts):
        paths = []
        for i, text in enumerate(texts):
            paths.append(tmp_path / f"raw{i}.csv")
            paths[-1].write_bytes(text if isinstance(text, bytes) else text.encode())
        return score_raw(paths, KEY)

    return call


def test_the_key_says_which_side_was_bachs(scored):
    found = scored(
        table(
            ROW,
            {**ROW, "trial": TWO, "left_clip": C, "right_clip": D, "order": "2"},
            {**ROW, "participant": "p2", "left_clip": B, "right_clip": A},
        )
    )
    assert found.kind.tolist() == ["ATB", "composition", "ATB"]
    assert found.bach_side.tolist() == ["left", "right", "right"]
    assert found.correct.tolist() == [True, False, False]
    assert found.seconds[0] == 61.3
    assert found.heard.tolist() == [0.734] * 3


def test_what_is_scored_can_be_analyzed(scored, tmp_path):
    found = scored(table(ROW))
    write_csv(found, tmp_path / "answers.csv")
    assert list(read_csv(tmp_path / "answers.csv").rows()) == list(found.rows())


def test_columns_in_another_order_and_a_byte_order_mark_do_no_harm(scored):
    text = table(ROW, header=RAW_HEADER[::-1])
    assert len(scored(b"\xef\xbb\xbf" + text.encode())) == 1


def test_a_row_that_two_files_hold_counts_once(scored):
    later = {**ROW, "trial": TWO, "left_clip": C, "right_clip": D}
    assert len(scored(table(ROW), table(ROW, later))) == 2


def test_two_answers_to_one_trial_are_refused(scored):
    with pytest.raises(UsageError, match="row 3: participant 'p1' has answered trial"):
        scored(table(ROW, {**ROW, "chosen": "right"}))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"trial": "3" * 12}, "the key knows no trial '333333333333'"),
        ({"left_clip": C}, "are not those of the trial"),
        ({"left_clip": B}, "are not those of the trial"),
        ({"chosen": "bach"}, "chosen is 'bach': give one of left, right"),
        ({"order": "0"}, "order is 0: give 1"),
        ({"order": "1.0"}, "order is '1.0': give a whole number"),
        ({"seconds": "nan"}, "seconds is 'nan': give a number"),
        ({"seconds": "-1"}, "seconds is '-1': give a number"),
        ({"heard_left": "1.1"}, "heard_left is 1.1: give 0 to 1"),
        ({"plays_left": "99999"}, "plays_left is 99999"),
        ({"age": "44"}, "age is '44'"),
        ({"answered_at": "yesterday"}, "answered_at is 'yesterday'"),
        ({"participant": ""}, "participant is ''"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_row(scored, values, told):
    with pytest.raises(UsageError, match=rf"raw0.csv, row 2: .*{told}") as error:
        scored(table({**ROW, **values}))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("participant,trial\n", "has other columns"),
        (table(ROW).replace("age,", "age,age,"), "has other columns"),
        (table(ROW) + "a,b\n", "row 3: it has 2 fields: give 14"),
        (table(ROW) + '"open', "row 3: unexpected end of data"),
        (b"\xff\xfe", "is not in UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused(scored, text, told):
    with pytest.raises(UsageError, match=told):
        scored(text)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="could not be read"):
        score_raw([tmp_path / "no.csv"], KEY)
