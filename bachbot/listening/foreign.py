"""JSON files that may come from anywhere, read strictly."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from bachbot.errors import UsageError
from bachbot.listening.answer import shown

LARGEST = 16 * 2**20
"""Bytes of a file that is read."""

_ID = re.compile(r"[0-9a-f]{12}", re.ASCII)


def read_bytes(path: Path) -> bytes:
    """The bytes of a file of the test.

    Raises
    ------
    UsageError
        If it cannot be read or is too large.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} has more than {LARGEST >> 20} MiB: give a smaller file")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} could not be read ({error.strerror}): give what 'bachbot listen export' wrote"
        ) from error


def parsed(content: bytes) -> object:
    """What a JSON file holds.

    Raises
    ------
    UsageError
        If it is no JSON in UTF-8, or names something twice.
    """
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UsageError("it is no JSON in UTF-8: export it again") from error


def check_format(data: object, wanted: str) -> None:
    """See that a file is of a format.

    Raises
    ------
    UsageError
        If it is not.
    """
    found = data.get("format") if isinstance(data, dict) else None
    if found != wanted:
        raise UsageError(
            f"it is of format {shown(str(found))}, this version reads {wanted}: export it again"
        )


def fields_of(data: object, what: str, wanted: Sequence[str]) -> dict[str, object]:
    """An object with exactly these fields.

    Raises
    ------
    UsageError
        If it is none.
    """
    if not isinstance(data, dict) or set(data) != set(wanted):
        raise UsageError(f"{what} does not have just the fields {', '.join(wanted)}: give these")
    return data


def check_id(what: str, name: object) -> str:
    """See that something is a trial's or a clip's name.

    Raises
    ------
    UsageError
        If it is none.
    """
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise UsageError(f"a {what} is named {shown(str(name))}: give 12 hexadecimal digits")
    return name


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found
