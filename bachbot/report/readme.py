"""The README's tables of results, written anew from a report.

A table stands between two comments, which stay::

    <!-- results:begin losses -->
    ...
    <!-- results:end losses -->
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from bachbot.errors import UsageError
from bachbot.files import write_whole
from bachbot.report.readme_tables import TABLES

_MARK = re.compile(r"^<!-- results:(begin|end) ([\w-]+) -->$", re.MULTILINE)


def regenerate(path: Path, report: Mapping[str, Any]) -> list[str]:
    """Write a README's tables anew; all else stays as it is.

    Parameters
    ----------
    path : Path
        The README; written whole or not at all.
    report : mapping
        What ``report.json`` holds.

    Returns
    -------
    list of str
        Names of the tables.

    Raises
    ------
    UsageError
        If the README cannot be read, has no marks or marks that do not fit, or the report lacks
        what a table needs.
    OutputError
        If it cannot be written.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(
            f"{path} cannot be read ({reason}): give the README by --readme"
        ) from error
    written, names = regenerated(text, report, str(path))
    write_whole(path, written.encode())
    return names


def regenerated(text: str, report: Mapping[str, Any], where: str) -> tuple[str, list[str]]:
    """A README's text with its tables written anew, and their names.

    Parameters
    ----------
    text : str
        The whole README.
    report : mapping
        What ``report.json`` holds.
    where : str
        What to call the README in a message.

    Raises
    ------
    UsageError
        If there are no marks or they do not fit, or the report lacks what a table needs.
    """
    if report["asked"]["limit"] is not None:
        raise UsageError(
            f"the report is a quick look at {report['corpus']['pieces']} pieces: "
            "make one without --limit"
        )
    marks = list(_MARK.finditer(text))
    if not marks:
        raise UsageError(
            f"{where} has no place for results: put '<!-- results:begin losses -->' and "
            "'<!-- results:end losses -->' where a table is to stand, on lines of their own "
            f"(tables are {', '.join(TABLES)})"
        )
    pieces, names, last = [], [], 0
    for begin, end in _pairs(marks, where):
        name = begin[2]
        pieces += [text[last : begin.end()], "\n", TABLES[name](report), "\n"]
        names.append(name)
        last = end.start()
    return "".join([*pieces, text[last:]]), names


def _pairs(
    marks: Sequence[re.Match[str]], where: str
) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Marks that begin and end a table, two by two."""
    for begin, end in zip_longest(marks[::2], marks[1::2]):
        if begin[1] != "begin" or end is None or (end[1], end[2]) != ("end", begin[2]):
            raise UsageError(
                f"{where}: the mark '{begin[0]}' has no other that fits: a table begins and ends "
                "by one name before the next begins"
            )
        if begin[2] not in TABLES:
            raise UsageError(
                f"{where}: there is no table '{begin[2]}': tables are {', '.join(TABLES)}"
            )
        yield begin, end
