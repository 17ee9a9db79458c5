"""Answers as the page without a server writes them: it does not know which clip is Bach's."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bachbot.errors import UsageError
from bachbot.listening.answer import Answer, moment, shown
from bachbot.listening.answers import Answers
from bachbot.listening.answers_csv import as_it_is, text_of, whole
from bachbot.listening.solutions import Solution, Solutions

HEADER = (
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

_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,9})?", re.ASCII)


def score_raw(paths: Sequence[Path], key: Solutions) -> Answers:
    """Say of each answer whether Bach's clip was left or right.

    Parameters
    ----------
    paths : sequence of Path
        CSV files with the columns of `HEADER`. A row that is there twice counts once: a file that
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
        for number, cells in _rows(path):
            try:
                answer = _answer(cells, key)
                again = found.setdefault((answer.participant, answer.trial), answer)
                if again != answer:
                    raise UsageError(
                        f"participant {shown(answer.participant)} has answered trial "
                        f"{answer.trial} already, and differently: leave one out"
                    )
            except UsageError as error:
                raise UsageError(f"{path}, row {number}: {error}") from error
    return Answers.of(found.values())


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a file, each with its number; the header is row 1."""
    reader = csv.reader(io.StringIO(text_of(path), newline=""), strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number == 1:
                if sorted(cells) != sorted(HEADER):
                    raise UsageError(
                        f"{path} has other columns than {', '.join(HEADER)}: give a file that the "
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


def _answer(cells: dict[str, str], key: Solutions) -> Answer:
    solution = key.trials.get(cells["trial"])
    if solution is None:
        raise UsageError(
            f"the key knows no trial {shown(cells['trial'])}: give the key of this test"
        )
    values: dict[str, object] = {
        name: _READERS.get(name, as_it_is)(name, cells[name])
        for name in HEADER
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


def _decimal(column: str, text: str) -> float:
    if not _DECIMAL.fullmatch(text):
        raise UsageError(f"{column} is {shown(text)}: give a number")
    return float(text)


_READERS: dict[str, Callable[[str, str], object]] = {
    **dict.fromkeys(("order", "plays_left", "plays_right"), whole),
    **dict.fromkeys(("seconds", "heard_left", "heard_right"), _decimal),
    "answered_at": lambda _, text: moment(text),
}
