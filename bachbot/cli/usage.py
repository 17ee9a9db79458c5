"""What a command says of arguments that the parser of the command line refuses: one plain line."""

import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

_WANTED = (
    (re.compile("valid integer"), "a whole number"),
    (re.compile("valid number"), "a number"),
    (re.compile(r"greater than or equal to (\S+)"), r"\1 or more"),
    (re.compile(r"greater than (\S+)"), r"more than \1"),
    (re.compile(r"less than or equal to (\S+)"), r"\1 or less"),
    (re.compile(r"less than (\S+)"), r"less than \1"),
)
"""What Typer's messages ask for, in plain words."""


def usage_line(error: "typer.TyperException", argv: Sequence[str] | None = None) -> str:
    """What came and what was wanted, in one line.

    Parameters
    ----------
    error : TyperException
        What Typer raised.
    argv : sequence of str, optional
        The arguments; default: those of the process.
    """
    arguments = [str(argument) for argument in (sys.argv[1:] if argv is None else argv)]
    if hasattr(error, "option_name"):
        for argument in arguments:
            if _names_file(argument):
                return (
                    f"{argument} begins with a dash, and so it is taken for an option: write "
                    f"./{argument} if it is a file"
                )
    names: Sequence[str] = getattr(getattr(error, "param", None), "opts", ())
    value = _value(names, arguments)
    message = error.format_message()
    if value is not None:
        for pattern, words in _WANTED:
            found = pattern.search(message)
            if found:
                shown = value if re.fullmatch(r"-?[\d.]+", value) else f"'{value[:40]}'"
                return f"{names[0]} is {shown}: give {found.expand(words)}"
    return f"{message} (see --help)"


def _names_file(argument: str) -> bool:
    """Whether an argument that looks like an option is rather the name of a file."""
    from bachbot.scores.readers.source import INPUT_FORMATS

    if not argument.startswith("-") or argument == "-":
        return False
    with suppress(OSError, ValueError):
        if Path(argument).exists():
            return True
    return Path(argument).suffix.lower() in INPUT_FORMATS


def _value(names: Sequence[str], arguments: Sequence[str]) -> str | None:
    """What was given for an option of some names, at last."""
    found = None
    for index, argument in enumerate(arguments):
        name, equals, rest = argument.partition("=")
        if name in names:
            found = rest if equals else next(iter(arguments[index + 1 : index + 2]), None)
    return found
