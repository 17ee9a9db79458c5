"""Writes a report into a folder, and reads one again."""

import json
from pathlib import Path
from typing import Any

from bachbot.errors import OutputError, UsageError
from bachbot.files import write_whole
from bachbot.report.page import page
from bachbot.report.reporting import FORMAT, Report

PAGE, FIGURES = "report.html", "report.json"


def writable(folder: Path) -> Path:
    """Make a folder for a report before any work is done for it.

    Raises
    ------
    OutputError
        If it cannot be made, or is a file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {folder} cannot be made ({error.strerror or error}): write elsewhere"
        ) from error
    return folder


def write(report: Report, folder: Path) -> Path:
    """Write ``report.json`` and ``report.html``, each whole.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        If the file system refuses.
    """
    figures = json.dumps(report.to_json(), indent=1, allow_nan=False)
    write_whole(folder / FIGURES, figures.encode() + b"\n")
    write_whole(folder / PAGE, page(report).encode())
    return folder / PAGE


def read(path: Path) -> dict[str, Any]:
    """A ``report.json``, or the one in a folder.

    Raises
    ------
    UsageError
        If it is missing, damaged or something else.
    """
    path = path / FIGURES if path.is_dir() else path
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read ({error.strerror or error}): "
            "give the report.json that 'bachbot evaluate all' wrote"
        ) from error
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UsageError(f"{path} is no report: give the report.json of 'bachbot evaluate all'")
    return found
