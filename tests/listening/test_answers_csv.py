import csv
import io

import pytest
from hypothesis import given, settings
from listening_answers import answer, any_answers

from bachbot.errors import UsageError
from bachbot.listening import answers_csv
from bachbot.listening.analysis.exclusions import sift
from bachbot.listening.answers import Answers
from bachbot.listening.answers_csv import HEADER, read_csv, spelled, spelled_left_out, write_csv


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
    """What is said of a text that cannot be read."""

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
    rows = list(csv.DictReader(io.StringIO(spelled(Answers.of([answer(), answer(trial="t2")])))))
    rows[1] |= changes
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@settings(max_examples=40)
@given(any_answers(max_size=10))
def test_what_is_written_is_read_back(tmp_path_factory, answers):
    path = tmp_path_factory.mktemp("csv") / "answers.csv"
    write_csv(answers, path)
    assert list(read_csv(path).rows()) == list(answers.rows())


@settings(max_examples=40)
@given(any_answers(max_size=10))
def test_no_cell_begins_as_a_formula_does(answers):
    texts = [spelled(answers), spelled_left_out(sift(answers))]
    cells = [cell for text in texts for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_columns_may_stand_in_any_order_without_correct_and_with_a_byte_order_mark(read):
    rows = list(csv.reader(io.StringIO(changed())))
    turned = [[c for h, c in zip(HEADER, row, strict=True) if h != "correct"][::-1] for row in rows]
    text = "\r\n".join(",".join(row) for row in turned)
    found = read(b"\xef\xbb\xbf" + text.encode())
    assert list(found.rows()) == [answer(), answer(trial="t2")]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"type": "SATB"}, "row 3: type is 'SATB': give one of S, A"),
        ({"order": "1.5"}, "row 3: order is '1.5': give a whole number"),
        ({"order": "１"}, r"row 3: order is '\uff11': give a whole number"),
        ({"order": "0"}, "row 3: order is 0: give 1 to 10000"),
        ({"seconds": "nan"}, "row 3: seconds is 'nan': give a number"),
        ({"seconds": "-1"}, "row 3: seconds is '-1': give a number"),
        ({"seconds": "1e309"}, "row 3: seconds is inf"),
        ({"seconds": "1e99"}, "row 3: seconds is 1e+99"),
        ({"plays_left": ""}, "row 3: plays_left is '': give a whole number"),
        ({"heard_left": "2"}, "row 3: heard_left is 2.0: give 0 to 1"),
        ({"correct": "false"}, "row 3: correct is 'false', but by the sides it is true"),
        ({"correct": "yes"}, "row 3: correct is 'yes', but by the sides it is true"),
        ({"answered_at": "yesterday"}, "row 3: answered_at is 'yesterday'"),
        ({"trial": "a\nb"}, r"row 3: trial is 'a\nb'"),
        ({"trial": "\x00"}, "row 3"),
        ({"age": "\u202e"}, r"row 3: age is '\u202e'"),
        ({"age": "under 18"}, "participant 'p1' has age '26-45' and 'under 18'"),
    ],
)
def test_a_bad_row_is_named(refused, cells, told):
    assert told in refused(changed(**cells))


def test_bad_headers_are_named(refused):
    lines = changed().splitlines()
    assert "columns unknown: 'extra'" in refused("\n".join([lines[0] + ",extra", *lines[1:]]))
    assert "columns missing: 'trial'" in refused(changed().replace(",trial,", ",", 1))
    assert "columns twice: 'age'" in refused(
        changed().replace(",experience,", ",age,experience,", 1)
    )
    assert "columns unknown" in refused("<html>")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\xff\xfe", "is not in UTF-8"),
        (changed() + "a,b\n", "row 4: it has 2 fields: give 15"),
        (changed() + 'p1,"t', "row 4"),
        (changed() + "x" * 200_000, "row 4"),
    ],
)
def test_what_is_no_table_is_refused(refused, content, told):
    assert told in refused(content)


def test_a_file_that_is_too_large_is_not_read(refused, monkeypatch):
    monkeypatch.setattr(answers_csv, "LARGEST", 100)
    assert "give a smaller file" in refused(changed())


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(UsageError, match="could not be read"):
            read_csv(path)


def test_a_header_alone_is_no_answers(read):
    assert len(read(",".join(HEADER))) == 0


def test_what_was_left_out_is_spelled_with_the_reason():
    sifted = sift(Answers.of([answer(), answer(trial="=t2", order=2, seconds=1.0)]))
    assert spelled_left_out(sifted) == ("participant,trial,order,reason\np1,'=t2,2,too fast\n")
