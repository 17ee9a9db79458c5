"""The scores that a command reads and writes: files, standard input and standard output."""

import errno
import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

from bachbot.errors import OutputError, ScoreError, UsageError
from bachbot.files import check_replaceable, numbered, write_atomically

if TYPE_CHECKING:
    from bachbot.engine import DecodingResult
    from bachbot.scores import Layout, Score
    from bachbot.scores.readers.source import InputFormat
    from bachbot.scores.save import OutputFormat

STANDARD = "-"
"""Stands for standard input and standard output."""

BROKEN_PIPE = 141
"""Exit status of a program whose reader is gone, as a shell gives it: 128 + SIGPIPE."""

_LONGEST_NAME = 255
"""Most bytes of a file name."""


@dataclass(frozen=True)
class ScoreInput:
    """A score to read.

    Parameters
    ----------
    path : Path or None
        The file; None for standard input.
    format : InputFormat or None
        Its format; None: by the suffix or the content.
    content : bytes
        What standard input held.
    """

    path: Path | None
    format: "InputFormat | None" = None
    content: bytes = b""

    @classmethod
    def of(cls, text: str, format: str | None = None) -> "ScoreInput":  # noqa: A002
        """The input that an argument names.

        Parameters
        ----------
        text : str
            The name of a file, or ``-`` for standard input, which is read at once.
        format : str, optional
            What ``--from`` says.

        Raises
        ------
        UsageError
            If the name is empty, or there is no such format.
        ScoreError
            If standard input cannot be read.
        """
        from typing import get_args

        from bachbot.scores.readers.source import MAX_BYTES, InputFormat

        if format is not None and format not in get_args(InputFormat):
            raise UsageError(
                f"'{format}' is not a format that can be read: give --from "
                f"{', '.join(get_args(InputFormat))}"
            )
        if text != STANDARD:
            return cls(path_of(text), format)  # type: ignore[arg-type]
        try:
            content = sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin is not None else b""
        except OSError as error:
            raise ScoreError(
                f"standard input cannot be read ({error.strerror}): give a file"
            ) from error
        return cls(None, format, content)  # type: ignore[arg-type]

    @property
    def label(self) -> str:
        """What messages call it."""
        return "standard input" if self.path is None else printable(self.path.name)

    @property
    def stem(self) -> str:
        """Its name without a suffix."""
        return "tune" if self.path is None else self.path.stem

    @property
    def source(self) -> Path | BinaryIO:
        """What `bachbot.load_score` takes."""
        if self.path is not None:
            return self.path
        file = io.BytesIO(self.content)
        file.name = "<stdin>"
        return file

    def is_folder(self) -> bool:
        """Whether it is a folder; False if nobody can say."""
        with suppress(OSError, ValueError):
            return self.path is not None and self.path.is_dir()
        return False


@dataclass(frozen=True)
class ScoreOutput:
    """Where scores are written.

    Parameters
    ----------
    paths : tuple of Path
        A file for each score; empty for standard output.
    format : OutputFormat
        The format of all of them.
    """

    paths: tuple[Path, ...]
    format: "OutputFormat"

    @classmethod
    def of(
        cls,
        text: str | None,
        default: tuple[str, str],
        *,
        to: str | None = None,
        number: int = 1,
        force: bool = False,
        inputs: Iterable[Path | None] = (),
    ) -> "ScoreOutput":
        """The output that ``-o`` names, checked before any work is done for it.

        Parameters
        ----------
        text : str or None
            The name of a file, ``-`` for standard output, or None for the default.
        default : tuple of str
            Beginning and end of the default's name, without a suffix.
        to : str, optional
            What ``--to`` says. Default: by the suffix, else MusicXML.
        number : int
            How many scores; several are numbered.
        force : bool
            Whether files are replaced that bachbot did not write.
        inputs : iterable of Path or None
            Files that are read.

        Raises
        ------
        UsageError
            If suffix or format is none that can be written; if a file is one that is read, or
            one that bachbot did not write and that may not be replaced.
        OutputError
            If the folder does not exist, or the path is no plain file.
        """
        from bachbot.scores.save import OUTPUT_FORMATS

        wanted = output_format(to)
        if text == STANDARD:
            if number > 1:
                raise UsageError(
                    f"{number} versions do not fit into standard output: give a file with -o"
                )
            return cls((), wanted or "musicxml")
        if text is None:
            path = Path(name_of(*default, suffix_of(wanted or "musicxml")))
        else:
            path = path_of(text)
            known = path.suffix.lower() in OUTPUT_FORMATS or wanted is not None
            if not known and not path.is_dir():
                raise UsageError(
                    f"{printable(path)} does not end in the name of a format: give one of "
                    f"{' '.join(OUTPUT_FORMATS)}, or say --to"
                )
        found = OUTPUT_FORMATS.get(path.suffix.lower())
        if wanted is not None and found is not None and found != wanted:
            raise UsageError(
                f"--to {to} does not fit {printable(path)}: leave out --to, or give another suffix"
            )
        paths = tuple(numbered(path, number))
        for one in paths:
            check_output_file(one, inputs, force=force)
        return cls(paths, found or wanted or "musicxml")

    @property
    def is_standard(self) -> bool:
        """Whether it is standard output."""
        return not self.paths

    def save(
        self, results: "Iterable[DecodingResult]", layout: "Layout", *, numerals: bool = False
    ) -> "Iterable[tuple[str, DecodingResult]]":
        """Write results, and yield the name of each file when it is written."""
        from bachbot.cli.show import page
        from bachbot.scores import render

        for index, result in enumerate(results):
            score = page(result.score, numerals)
            if self.is_standard:
                write_standard(score, self.format, layout)
                yield "standard output", result
            else:
                content = render(score, self.format, layout=layout)
                write_atomically(self.paths[index], content)
                yield printable(self.paths[index]), result

    def say(self, line: str) -> None:
        """Print a line about what was written: beside a score on standard output, to the errors."""
        typer.echo(line, err=self.is_standard)


def path_of(text: str) -> Path:
    """The path that an argument names.

    Raises
    ------
    UsageError
        If the argument is empty, which `Path` would take for the folder one is in.
    """
    if not text.strip():
        raise UsageError("the name of a file is empty: give a file, a folder, or - for a pipe")
    return Path(text)


def printable(path: Path | str) -> str:
    """A path as one line of text, whatever bytes are in its name."""
    text = os.fsencode(str(path)).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def output_format(to: str | None) -> "OutputFormat | None":
    """The format that ``--to`` names.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    from typing import get_args

    from bachbot.scores.save import OutputFormat

    if to is not None and to not in get_args(OutputFormat):
        raise UsageError(
            f"'{to}' is not a format that can be written: give --to "
            f"{', '.join(get_args(OutputFormat))}"
        )
    return to  # type: ignore[return-value]


def suffix_of(format: "OutputFormat") -> str:  # noqa: A002
    """The usual suffix of a format."""
    from bachbot.scores.save import OUTPUT_FORMATS

    return next(suffix for suffix, name in OUTPUT_FORMATS.items() if name == format)


def name_of(begin: str, end: str, suffix: str = "") -> str:
    """A file name of at most as many bytes as a file system takes: its beginning is cut.

    Parameters
    ----------
    begin, end : str
        Such as ``"tune"`` and ``"-harmonized"``.
    suffix : str
        Such as ``".musicxml"``. Room is left for the number of one of several versions.
    """
    rest = f"{end}{suffix}"
    room = _LONGEST_NAME - len(os.fsencode(rest)) - len("-0000")
    while len(os.fsencode(begin)) > room:
        begin = begin[:-1]
    return begin + rest


def check_output_file(
    path: Path, inputs: Iterable[Path | None] = (), *, force: bool, ask: bool = True
) -> None:
    """Check that a file may be written: what is there already is not lost by accident.

    bachbot's own earlier output is replaced; for another file the user is asked on a terminal.

    Parameters
    ----------
    path : Path
        The file.
    inputs : iterable of Path or None
        Files that are read.
    force : bool
        Whether any other file is replaced.
    ask : bool
        Whether the user may be asked.

    Raises
    ------
    UsageError
        If it is a file that is read, or one that bachbot did not write and that stays.
    OutputError
        If its folder does not exist, or it is no plain file.
    """
    from bachbot.scores.provenance import written_by_bachbot

    with suppress(OSError):
        if path.exists():
            for source in inputs:
                if source is not None and source.exists() and path.samefile(source):
                    raise UsageError(
                        f"{printable(path)} is the file that is read: write to another one"
                    )
    try:
        check_replaceable(path)
    except OutputError as error:
        raise OutputError(printable(str(error))) from error
    if force or not path.exists() or written_by_bachbot(path):
        return
    question = f"{printable(path)} is there, and bachbot did not write it"
    if ask and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        if typer.confirm(f"{question}: replace it?", err=True):
            return
        raise UsageError(f"{printable(path)} stays as it is: write to another file with -o")
    raise UsageError(f"{question}: give --force to replace it, or another file with -o")


def write_standard(score: "Score", format: "OutputFormat", layout: "Layout") -> None:  # noqa: A002
    """Write a score to standard output, as bytes.

    Raises
    ------
    OutputError
        If it cannot be written, or is no text and would go to a terminal.
    typer.Exit
        With `BROKEN_PIPE`, if its reader is gone.
    """
    from bachbot.scores import render

    if format not in ("musicxml", "svg") and sys.stdout.isatty():
        raise OutputError(f"{format} is nothing to read on a terminal: give a file with -o")
    content = render(score, format, layout=layout)
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        discard_output()
        if error.errno == errno.EPIPE:
            raise typer.Exit(BROKEN_PIPE) from None
        raise OutputError(
            f"standard output could not be written ({error.strerror}): write to a file with -o"
        ) from error


def discard_output() -> None:
    """Send what is still to be printed nowhere, so that the interpreter does not fail at exit."""
    with suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
