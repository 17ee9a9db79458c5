import csv
import io

import pytest
from hypothesis import given, settings
from listening_answers import answer, any_answers

from bachbot.errors import UsageError
from bachbot.listening import answers_csv
from bachbot.listening.analysis.exclusions import apply_exclusions
from bachbot.listening.answers import Answers
from bachbot.listening.answers_csv import (
    HEADER,
    answers_to_csv,
    exclusions_to_csv,
    read_csv,
    write_csv,
)


@pytest.fixture
def read(tmp_path):
    """Reads a text as a file of answers."""

    def call(content):
        path = tmp_path / "answers.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_csv(path)

    return call


@pytest.fixture
def refused(read):
    """The message for a text that cannot be read."""

    def call(content):
        with pytest.raises(UsageError) as caught:
            read(content)
        message = str(caught.value)
        assert "answers.csv" in message
        assert "\n" not in message
        assert message.isprintable()
        return message

    return call


def changed(**changes):
    """A file of two answers, the second with some cells replaced."""
    text = answers_to_csv(Answers.from_rows([answer(), answer(trial="t2")]))
    rows = list(csv.DictReader(io.StringIO(text)))
    rows[1] |= changes
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.mark.slow
@settings(max_examples=40)
@given(any_answers(max_size=10))
def test_answers_are_the_same_after_writing_and_reading(tmp_path_factory, answers):
    path = tmp_path_factory.mktemp("csv") / "answers.csv"
    write_csv(answers, path)
    assert list(read_csv(path).rows()) == list(answers.rows())


@pytest.mark.slow
@settings(max_examples=40)
@given(any_answers(max_size=10))
def test_no_cell_starts_like_a_formula(answers):
    texts = [answers_to_csv(answers), exclusions_to_csv(apply_exclusions(answers))]
    cells = [cell for text in texts for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_columns_may_be_in_any_order_without_correct_and_with_a_byte_order_mark(read):
    rows = list(csv.reader(io.StringIO(changed())))
    turned = [[c for h, c in zip(HEADER, row, strict=True) if h != "correct"][::-1] for row in rows]
    text = "\r\n".join(",".join(row) for row in turned)
    found = read(b"\xef\xbb\xbf" + text.encode())
    assert list(found.rows()) == [answer(), answer(trial="t2")]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"condition": "SATB"}, "row 3: condition is 'SATB': give one of S, A"),
        ({"position": "1.5"}, "row 3: position is '1.5': give a whole number"),
        ({"position": "１"}, r"row 3: position is '\uff11': give a whole number"),
        ({"position": "0"}, "row 3: position is 0: give 1 to 10000"),
        ({"response_time": "nan"}, "row 3: response_time is 'nan': give a number"),
        ({"response_time": "-1"}, "row 3: response_time is '-1': give a number"),
        ({"response_time": "1e309"}, "row 3: response_time is inf"),
        ({"response_time": "1e99"}, "row 3: response_time is 1e+99"),
        ({"plays_left": ""}, "row 3: plays_left is '': give a whole number"),
        ({"heard_left": "2"}, "row 3: heard_left is 2.0: give 0 to 1"),
        ({"correct": "false"}, "row 3: correct is 'false', but by bach_side and chosen it is true"),
        ({"correct": "yes"}, "row 3: correct is 'yes', but by bach_side and chosen it is true"),
        ({"answered_at": "yesterday"}, "row 3: answered_at is 'yesterday'"),
        ({"trial": "a\nb"}, r"row 3: trial is 'a\nb'"),
        ({"trial": "\x00"}, "row 3"),
        ({"age": "\u202e"}, r"row 3: age is '\u202e'"),
        ({"age": "under 18"}, "participant 'p1' has age '26-45' and 'under 18'"),
    ],
)
def test_a_message_names_the_bad_row(refused, cells, message):
    assert message in refused(changed(**cells))


def test_a_message_names_bad_columns(refused):
    lines = changed().splitlines()
    assert "columns unknown: 'extra'" in refused("\n".join([lines[0] + ",extra", *lines[1:]]))
    assert "columns missing: 'trial'" in refused(changed().replace(",trial,", ",", 1))
    assert "columns duplicate: 'age'" in refused(
        changed().replace(",experience,", ",age,experience,", 1)
    )
    assert "columns unknown" in refused("<html>")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xff\xfe", "is not in UTF-8"),
        (changed() + "a,b\n", "row 4: it has 2 fields: give 15"),
        (changed() + 'p1,"t', "row 4"),
        (changed() + "x" * 200_000, "row 4"),
    ],
)
def test_a_file_that_is_not_csv_is_rejected(refused, content, message):
    assert message in refused(content)


def test_a_file_that_is_too_large_is_not_read(refused, monkeypatch):
    monkeypatch.setattr(answers_csv, "MAX_CSV_BYTES", 100)
    assert "give a smaller file" in refused(changed())


def test_a_missing_file_and_a_folder_are_rejected(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UsageError, match="could not be read"):
            read_csv(path)


def test_a_header_alone_is_an_empty_table(read):
    assert len(read(",".join(HEADER))) == 0


def test_excluded_answers_are_written_with_the_reason():
    exclusions = apply_exclusions(
        Answers.from_rows([answer(), answer(trial="=t2", position=2, response_time=1.0)])
    )
    assert exclusions_to_csv(exclusions) == (
        "participant,trial,position,reason\np1,'=t2,2,too fast\n"
    )
