"""Answers as CSV files, which anybody may have written."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from bachbot.errors import UsageError
from bachbot.files import write_atomically
from bachbot.listening.analysis.exclusions import Sifted
from bachbot.listening.answer_key import Solution, Solutions
from bachbot.listening.answers import Answer, Answers, moment, shown

HEADER = (
    "participant",
    "trial",
    "type",
    "bach_side",
    "chosen",
    "correct",
    "order",
    "seconds",
    "plays_left",
    "plays_right",
    "heard_left",
    "heard_right",
    "age",
    "experience",
    "answered_at",
)

LARGEST = 64 * 2**20
"""Bytes of a file that is read, some half a million answers."""

_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,20}(\.\d{1,30})?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_FORMULA = ("=", "+", "-", "@", "'")


def read_csv(path: Path) -> Answers:
    """Read answers.

    Parameters
    ----------
    path : Path
        In UTF-8, a comma between the fields, the header of `HEADER` in any order.

    Raises
    ------
    UsageError
        If the file cannot be read, is too large, has a column too many or too few, or a row has a
        value that cannot be; the message names the row, the header being row 1.
    """
    path = Path(path)
    text = text_of(path)
    rows = list(_rows(path, text))
    try:
        return Answers.of(rows)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def text_of(path: Path) -> str:
    """The text of a CSV file of answers.

    Raises
    ------
    UsageError
        If it cannot be read, is too large or is not in UTF-8.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(
                f"{path} has more than {LARGEST >> 20} MiB: give a smaller file of answers"
            )
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"{path} could not be read ({error.strerror}): give a CSV file of answers"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not in UTF-8: save it as CSV in UTF-8") from error


def write_csv(answers: Answers, path: Path) -> None:
    """Write answers, the columns in the order of `HEADER`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    write_atomically(path, spelled(answers).encode())


def spelled(answers: Answers) -> str:
    """The text of a CSV file of answers."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for row in answers.rows():
        writer.writerow([_spell(getattr(row, _ATTRIBUTES.get(c, c))) for c in HEADER])
    return out.getvalue()


def spelled_left_out(sifted: Sifted) -> str:
    """The text of a CSV file of the answers that do not count, each with the reason."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("participant", "trial", "order", "reason"))
    for row, reason in zip(sifted.answers.rows(), sifted.reason.tolist(), strict=True):
        if reason:
            writer.writerow((_spell(row.participant), _spell(row.trial), row.order, reason))
    return out.getvalue()


_ATTRIBUTES = {"type": "kind"}


def _rows(path: Path, text: str) -> Iterator[Answer]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 0
    header: list[str] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if number == 1:
                header = _checked(path, cells)
            elif cells:
                yield _answer(dict(_paired(header, cells)))
    except csv.Error as error:
        raise UsageError(f"{path}, row {number + 1}: {error}: write it as plain CSV") from error
    except UsageError as error:
        if number < 2:
            raise
        raise UsageError(f"{path}, row {number}: {error}") from error
    if not header:
        raise UsageError(f"{path} is empty: give a CSV file with the columns {', '.join(HEADER)}")


def _checked(path: Path, header: list[str]) -> list[str]:
    unknown = [c for c in header if c not in HEADER]
    missing = [c for c in HEADER if c not in header and c != "correct"]
    twice = [c for c in HEADER if header.count(c) > 1]
    for what, columns in (("unknown", unknown), ("missing", missing), ("twice", twice)):
        if columns:
            named = ", ".join(shown(c) for c in columns[:5])
            raise UsageError(f"{path}: columns {what}: {named}: give {', '.join(HEADER)}")
    return header


def _paired(header: list[str], cells: list[str]) -> Iterator[tuple[str, str]]:
    if len(cells) != len(header):
        raise UsageError(f"it has {len(cells)} fields: give {len(header)}, one for each column")
    for column, cell in zip(header, cells, strict=True):
        yield column, cell.removeprefix("'")


def _answer(cells: dict[str, str]) -> Answer:
    said = cells.pop("correct", None)
    values = {_ATTRIBUTES.get(c, c): _READERS.get(c, as_it_is)(c, v) for c, v in cells.items()}
    answer = Answer(**values)  # type: ignore[arg-type]
    if said is None:
        return answer
    if _TRUTH.get(said.lower()) is not answer.correct:
        true = str(answer.correct).lower()
        raise UsageError(
            f"correct is {shown(said)}, but by the sides it is {true}: mend it, or leave it out"
        )
    return answer


def as_it_is(_: str, text: str) -> str:
    """A cell that is read as it stands."""
    return text


def whole(column: str, text: str) -> int:
    """A cell that holds a whole number, 0 or more.

    Raises
    ------
    UsageError
        If it holds none.
    """
    if not _WHOLE.fullmatch(text):
        raise UsageError(f"{column} is {shown(text)}: give a whole number")
    return int(text)


def _decimal(column: str, text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise UsageError(f"{column} is {shown(text)}: give a number")
    return float(text)


_READERS: dict[str, Callable[[str, str], object]] = {
    **dict.fromkeys(("order", "plays_left", "plays_right"), whole),
    **dict.fromkeys(("seconds", "heard_left", "heard_right"), _decimal),
    "answered_at": lambda _, text: moment(text),
}


def _spell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


RAW_HEADER = (
    "participant",
    "trial",
    "left_clip",
    "right_clip",
    "chosen",
    "order",
    "seconds",
    "plays_left",
    "plays_right",
    "heard_left",
    "heard_right",
    "age",
    "experience",
    "answered_at",
)

_RAW_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)


def score_raw(paths: Sequence[Path], key: Solutions) -> Answers:
    """Say of each answer whether Bach's clip was left or right.

    Parameters
    ----------
    paths : sequence of Path
        CSV files with the columns of `RAW_HEADER`. A row that is there twice counts once: a file that
        was downloaded later holds the earlier answers too.
    key : Solutions
        The test's.

    Returns
    -------
    Answers
        As `bachbot.listening.answers_csv.write_csv` takes them.

    Raises
    ------
    UsageError
        If a file cannot be read or is too large, a column is missing or unknown, a row has a value
        that cannot be or a trial or clip that the key does not know, or somebody answered a trial
        twice, and differently.
    """
    found: dict[tuple[str, str], Answer] = {}
    for path in map(Path, paths):
        for number, cells in _raw_rows(path):
            try:
                answer = _raw_answer(cells, key)
                again = found.setdefault((answer.participant, answer.trial), answer)
                if again != answer:
                    raise UsageError(
                        f"participant {shown(answer.participant)} has answered trial "
                        f"{answer.trial} already, and differently: leave one out"
                    )
            except UsageError as error:
                raise UsageError(f"{path}, row {number}: {error}") from error
    return Answers.of(found.values())


def _raw_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a file, each with its number; the header is row 1."""
    reader = csv.reader(io.StringIO(text_of(path), newline=""), strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number == 1:
                if sorted(cells) != sorted(RAW_HEADER):
                    raise UsageError(
                        f"{path} has other columns than {', '.join(RAW_HEADER)}: give a file that the "
                        "test's page wrote"
                    )
                header = cells
            elif cells:
                if len(cells) != len(header):
                    raise UsageError(
                        f"{path}, row {number}: it has {len(cells)} fields: give {len(header)}"
                    )
                yield number, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise UsageError(f"{path}, row {number + 1}: {error}: write it as plain CSV") from error
    if not number:
        raise UsageError(f"{path} is empty: give a file that the test's page wrote")


def _raw_answer(cells: dict[str, str], key: Solutions) -> Answer:
    solution = key.trials.get(cells["trial"])
    if solution is None:
        raise UsageError(
            f"the key knows no trial {shown(cells['trial'])}: give the key of this test"
        )
    values: dict[str, object] = {
        name: _RAW_READERS.get(name, as_it_is)(name, cells[name])
        for name in RAW_HEADER
        if not name.endswith("_clip")
    }
    side = _side(cells["left_clip"], cells["right_clip"], solution)
    return Answer(kind=solution.type, bach_side=side, **values)  # type: ignore[arg-type]


def _side(left: str, right: str, solution: Solution) -> str:
    """Where Bach's clip was."""
    sides = {(solution.bach, solution.other): "left", (solution.other, solution.bach): "right"}
    if (left, right) not in sides:
        raise UsageError(
            f"the clips {shown(left)} and {shown(right)} are not those of the trial: give the key "
            "of this test"
        )
    return sides[left, right]


def _raw_decimal(column: str, text: str) -> float:
    if not _RAW_DECIMAL.fullmatch(text):
        raise UsageError(f"{column} is {shown(text)}: give a number")
    return float(text)


_RAW_READERS: dict[str, Callable[[str, str], object]] = {
    **dict.fromkeys(("order", "plays_left", "plays_right"), whole),
    **dict.fromkeys(("seconds", "heard_left", "heard_right"), _raw_decimal),
    "answered_at": lambda _, text: moment(text),
}
