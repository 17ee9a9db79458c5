"""Answers as CSV files: scored ones, and those of the offline page, which the answer key scores."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from bachbot.errors import UsageError
from bachbot.files import write_atomically
from bachbot.listening.analysis.exclusions import Exclusions
from bachbot.listening.answer_key import AnswerKey, KeyEntry
from bachbot.listening.answers import LEFT, RIGHT, Answer, Answers, parse_timestamp, quoted

_ANSWER_COLUMNS = (
    "position",
    "response_time",
    "plays_left",
    "plays_right",
    "heard_left",
    "heard_right",
    "age",
    "experience",
    "answered_at",
)

HEADER = ("participant", "trial", "condition", "bach_side", "chosen", "correct", *_ANSWER_COLUMNS)
"""Columns of scored answers: the fields of `Answer`, and whether it is correct."""

UNSCORED_HEADER = ("participant", "trial", "left_clip", "right_clip", "chosen", *_ANSWER_COLUMNS)
"""Columns of the offline page's answers, which do not say which clip is by Bach."""

MAX_CSV_BYTES = 64 * 2**20
"""Size of the largest file that is read, about half a million answers."""

_INTEGER = re.compile(r"\d{1,9}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,20}(\.\d{1,30})?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

_FORMULA = ("=", "+", "-", "@", "'")
"""A spreadsheet takes a cell that begins so for a formula; it is written with a quote before it."""


def read_csv(path: Path) -> Answers:
    """Read scored answers.

    Parameters
    ----------
    path : Path
        A file in UTF-8 with commas between the fields and the columns of `HEADER` in any order;
        ``correct`` may be missing.

    Raises
    ------
    UsageError
        If the file cannot be read, is too large, has unknown or missing columns, or has a value
        out of range. The message names the row; the header is row 1.
    """
    path = Path(path)
    answers = []
    for number, cells in _read_rows(path, _check_header):
        try:
            unescaped = {column: cell.removeprefix("'") for column, cell in cells.items()}
            answers.append(_parse_answer(unescaped))
        except UsageError as error:
            raise UsageError(f"{path}, row {number}: {error}") from error
    try:
        return Answers.from_rows(answers)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def write_csv(answers: Answers, path: Path) -> None:
    """Write scored answers with the columns in the order of `HEADER`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_atomically(path, answers_to_csv(answers).encode())


def answers_to_csv(answers: Answers) -> str:
    """Scored answers as the text of a CSV file."""
    rows = ([_format_cell(getattr(row, c)) for c in HEADER] for row in answers.rows())
    return _to_csv(HEADER, rows)


def exclusions_to_csv(exclusions: Exclusions) -> str:
    """The excluded answers, each with the reason, as the text of a CSV file."""
    reasons = exclusions.reason.tolist()
    rows = (
        [_format_cell(row.participant), _format_cell(row.trial), str(row.position), reason]
        for row, reason in zip(exclusions.answers.rows(), reasons, strict=True)
        if reason
    )
    return _to_csv(("participant", "trial", "position", "reason"), rows)


def score_answers(paths: Sequence[Path], key: AnswerKey) -> Answers:
    """Score the answers of the offline page with the answer key.

    Parameters
    ----------
    paths : sequence of Path
        CSV files with the columns of `UNSCORED_HEADER`. Identical rows count once, because a file
        that is downloaded later contains the earlier answers too.
    key : AnswerKey
        The key of the test.

    Raises
    ------
    UsageError
        If a file cannot be read or is too large, a column is missing or unknown, a value is out of
        range, the key does not have a trial or clip, or a participant has two different answers to
        one trial.
    """
    found: dict[tuple[str, str], Answer] = {}
    for path in map(Path, paths):
        for number, cells in _read_rows(path, _check_unscored_header):
            try:
                answer = _score(cells, key)
                earlier = found.setdefault((answer.participant, answer.trial), answer)
                if earlier != answer:
                    raise UsageError(
                        f"participant {quoted(answer.participant)} has another answer to trial "
                        f"{answer.trial} already: remove one of the two"
                    )
            except UsageError as error:
                raise UsageError(f"{path}, row {number}: {error}") from error
    return Answers.from_rows(found.values())


def _read_rows(
    path: Path, check_header: Callable[[Path, list[str]], None]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Cells by column of each row of a file, with the number of the row; the header is row 1."""
    reader = csv.reader(io.StringIO(_read_text(path), newline=""), strict=True)
    number = 0
    header: list[str] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if number == 1:
                check_header(path, cells)
                header = cells
            elif cells:
                if len(cells) != len(header):
                    raise UsageError(
                        f"{path}, row {number}: it has {len(cells)} fields: give {len(header)}, "
                        "one for each column"
                    )
                yield number, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise UsageError(f"{path}, row {number + 1}: {error}: save it as plain CSV") from error
    if not header:
        raise UsageError(f"{path} is empty: give a CSV file of answers")


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_CSV_BYTES:
            raise UsageError(
                f"{path} has more than {MAX_CSV_BYTES >> 20} MiB: give a smaller file of answers"
            )
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"{path} could not be read ({error.strerror}): give a CSV file of answers"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not in UTF-8: save it as CSV in UTF-8") from error


def _check_header(path: Path, header: list[str]) -> None:
    unknown = [c for c in header if c not in HEADER]
    missing = [c for c in HEADER if c not in header and c != "correct"]
    duplicate = [c for c in HEADER if header.count(c) > 1]
    for what, columns in (("unknown", unknown), ("missing", missing), ("duplicate", duplicate)):
        if columns:
            listed = ", ".join(quoted(c) for c in columns[:5])
            raise UsageError(f"{path}: columns {what}: {listed}: give {', '.join(HEADER)}")


def _check_unscored_header(path: Path, header: list[str]) -> None:
    if sorted(header) != sorted(UNSCORED_HEADER):
        raise UsageError(
            f"{path} does not have the columns {', '.join(UNSCORED_HEADER)}: give a file that was "
            "downloaded from the test's page"
        )


def _parse_answer(cells: dict[str, str]) -> Answer:
    stated = cells.pop("correct", None)
    answer = Answer(**_parse_cells(cells))  # type: ignore[arg-type]
    if stated is not None and _BOOLEANS.get(stated.lower()) is not answer.correct:
        correct = str(answer.correct).lower()
        raise UsageError(
            f"correct is {quoted(stated)}, but by bach_side and chosen it is {correct}: "
            "fix one of them, or leave the column out"
        )
    return answer


def _score(cells: dict[str, str], key: AnswerKey) -> Answer:
    entry = key.trials.get(cells["trial"])
    if entry is None:
        raise UsageError(
            f"the key has no trial {quoted(cells['trial'])}: give the key of this test"
        )
    side = _side_of_bach(cells.pop("left_clip"), cells.pop("right_clip"), entry)
    return Answer(condition=entry.condition, bach_side=side, **_parse_cells(cells))  # type: ignore[arg-type]


def _side_of_bach(left: str, right: str, entry: KeyEntry) -> str:
    sides = {(entry.bach, entry.other): LEFT, (entry.other, entry.bach): RIGHT}
    if (left, right) not in sides:
        raise UsageError(
            f"the clips {quoted(left)} and {quoted(right)} are not those of the trial: give the "
            "key of this test"
        )
    return sides[left, right]


def _parse_cells(cells: dict[str, str]) -> dict[str, object]:
    return {c: _PARSERS[c](c, text) if c in _PARSERS else text for c, text in cells.items()}


def _parse_integer(column: str, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise UsageError(f"{column} is {quoted(text)}: give a whole number")
    return int(text)


def _parse_decimal(column: str, text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise UsageError(f"{column} is {quoted(text)}: give a number")
    return float(text)


_PARSERS: dict[str, Callable[[str, str], object]] = {
    **dict.fromkeys(("position", "plays_left", "plays_right"), _parse_integer),
    **dict.fromkeys(("response_time", "heard_left", "heard_right"), _parse_decimal),
    "answered_at": lambda _, text: parse_timestamp(text),
}


def _to_csv(header: Sequence[str], rows: Iterator[list[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def _format_cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
