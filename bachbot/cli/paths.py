"""The scores that a command reads and writes: files, standard input and standard output."""

import errno
import io
import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import typer

from bachbot.errors import OutputError, ScoreError, UsageError
from bachbot.files import check_replaceable, numbered

if TYPE_CHECKING:
    from bachbot.engine import DecodingResult
    from bachbot.scores import Layout, Score, Sheet
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
            If there is no such file, or standard input cannot be read.
        """
        from typing import get_args

        from bachbot.scores.readers.source import MAX_BYTES, InputFormat

        if format is not None and format not in get_args(InputFormat):
            raise UsageError(
                f"'{format}' is not a format that can be read: give --from "
                f"{', '.join(get_args(InputFormat))}"
            )
        if text != STANDARD:
            path = path_of(text)
            # Here and not where it is read, so that options are not blamed for a name mistyped.
            with suppress(OSError, ValueError):
                if not path.exists() and not path.is_symlink():
                    kind = "folder" if text.endswith(("/", os.sep)) else "file"
                    raise ScoreError(
                        f"there is no {kind} {printable(path)}: give the name of a score that is "
                        "there"
                    )
            return cls(path, format)  # type: ignore[arg-type]
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
    targets : tuple of tuple of (Path, OutputFormat)
        For each score its files, each with its format; empty for standard output.
    format : OutputFormat
        The format of standard output.
    """

    targets: "tuple[tuple[tuple[Path, OutputFormat], ...], ...]"
    format: "OutputFormat"

    @classmethod
    def of(
        cls,
        text: str | Sequence[str] | None,
        default: tuple[str, str],
        *,
        to: str | None = None,
        number: int = 1,
        force: bool = False,
        inputs: Iterable[Path | None] = (),
    ) -> "ScoreOutput":
        """The output that one ``-o`` or several name, checked before any work is done for it.

        Parameters
        ----------
        text : str, sequence of str, or None
            The names of files, ``-`` for standard output, or None or nothing for the default.
        default : tuple of str
            Beginning and end of the default's name, without a suffix.
        to : str, optional
            What ``--format`` says: one format or several. Default: by the suffix, else MusicXML.
        number : int
            How many scores; several are numbered.
        force : bool
            Whether files are replaced that bachbot did not write.
        inputs : iterable of Path or None
            Files that are read.

        Raises
        ------
        UsageError
            If suffix or format is none that can be written; if a file is one that is read, is
            given twice, or one that bachbot did not write and that may not be replaced.
        OutputError
            If the folder does not exist, or the path is no plain file.
        """
        texts = [text] if isinstance(text, str) else list(text or ())
        wanted = output_formats(to)
        if STANDARD in texts:
            if len(texts) > 1:
                raise UsageError("-o - writes to standard output alone: leave out the other -o")
            if number > 1:
                raise UsageError(
                    f"{number} versions do not fit into standard output: give a file with -o"
                )
            if len(wanted) > 1:
                raise UsageError(
                    f"{len(wanted)} formats do not fit into standard output: give a file for each "
                    "with -o"
                )
            return cls((), wanted[0] if wanted else "musicxml")
        inputs = list(inputs)
        if texts:
            # Before its suffix is looked at: the file that is read may have any.
            for one in texts:
                check_not_read(path_of(one), inputs)
            found = [_file_of(one, wanted) for one in texts]
        else:
            found = [
                (Path(name_of(*default, suffix_of(format_))), format_)
                for format_ in wanted or ("musicxml",)
            ]
        paths = [[(one, format_) for one in numbered(path, number)] for path, format_ in found]
        seen = set()
        for file, _ in itertools.chain.from_iterable(paths):
            place = os.path.normcase(os.path.normpath(file.absolute()))
            if place in seen:
                raise UsageError(f"{printable(file)} would be written twice: give other names")
            seen.add(place)
            check_output_file(file, inputs, force=force)
        return cls(tuple(zip(*paths, strict=True)), found[0][1])

    @property
    def is_standard(self) -> bool:
        """Whether it is standard output."""
        return not self.targets

    def save(
        self, results: "Iterable[DecodingResult]", layout: "Layout", *, numerals: bool = False
    ) -> "Iterator[tuple[str, DecodingResult]]":
        """Write results, and yield the names of the files of each when they are written.

        Raises
        ------
        OutputError
            If a file could not be written, after all others are.
        """
        from bachbot.cli.show import page

        found = list(results)
        scores = (page(result.score, numerals) for result in found)
        for index, names in enumerate(self.write(scores, layout)):
            if names:
                yield names, found[index]

    def write(self, scores: "Iterable[Score | Sheet]", layout: "Layout") -> Iterator[str]:
        """Write scores, and yield the names of the files of each that could be written.

        Raises
        ------
        OutputError
            If a file could not be written, after all others are.
        """
        from bachbot.scores.save import Saved, raise_failures, save_each

        outcomes: list[Saved] = []
        for index, score in enumerate(scores):
            if self.is_standard:
                write_standard(score, self.format, layout)
                yield "standard output"
                continue
            own = list(save_each(score, self.targets[index], layout))
            outcomes += own
            yield ", ".join(printable(path) for path, error in own if error is None)
        raise_failures(outcomes)

    def say(self, line: str) -> None:
        """Print a line about what was written: beside a score on standard output, to the errors."""
        typer.echo(line, err=self.is_standard)


def _file_of(text: str, wanted: "tuple[OutputFormat, ...]") -> "tuple[Path, OutputFormat]":
    """The file that one ``-o`` names, and its format.

    Raises
    ------
    UsageError
        If its suffix names no format and none is wanted, or another one is.
    """
    from bachbot.scores.save import OUTPUT_FORMATS

    path = path_of(text)
    found = OUTPUT_FORMATS.get(path.suffix.lower())
    if found is None and not wanted and not path.is_dir():
        raise UsageError(
            f"{printable(path)} does not end in the name of a format: give one of "
            f"{' '.join(OUTPUT_FORMATS)}, or say --format"
        )
    if found is None and len(wanted) > 1:
        raise UsageError(
            f"{printable(path)} cannot be a file of {len(wanted)} formats: give each its own -o"
        )
    if found is not None and wanted and found not in wanted:
        raise UsageError(
            f"--format {','.join(wanted)} does not fit {printable(path)}: leave out --format, or "
            "give another suffix"
        )
    return path, found or (wanted[0] if wanted else "musicxml")


def folder_of(outputs: Sequence[str] | None, what: str) -> Path | None:
    """The folder that ``-o`` names, where several scores are written.

    Parameters
    ----------
    outputs : sequence of str, optional
        What ``-o`` says, each time that it is given.
    what : str
        What is written, such as ``"a folder of tunes"``.

    Returns
    -------
    Path or None
        None for the default.

    Raises
    ------
    UsageError
        If it is standard output, several, or the name of a file.
    """
    from bachbot.scores.save import OUTPUT_FORMATS

    if not outputs:
        return None
    if len(outputs) > 1:
        raise UsageError(
            f"{what} is written into one folder, not {len(outputs)}: give one -o, and --format "
            "pdf,mp3 for several formats"
        )
    if outputs[0] == STANDARD:
        raise UsageError("several tunes do not fit into standard output: give a folder with -o")
    path = path_of(outputs[0])
    found = OUTPUT_FORMATS.get(path.suffix.lower())
    if found is not None and not path.is_dir():
        raise UsageError(
            f"{what} is written into a folder, and {printable(path)} is the name of a file: give "
            f"-o {printable(path.with_suffix(''))} --format {found}"
        )
    return path


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


def output_formats(to: str | None) -> "tuple[OutputFormat, ...]":
    """The formats that ``--format`` names, with commas between them; empty if it is not given.

    Raises
    ------
    UsageError
        If there is none of a name, or one is given twice.
    """
    from typing import get_args

    from bachbot.scores.save import OUTPUT_FORMATS, OutputFormat

    if to is None:
        return ()
    # A suffix is understood too: .mid for midi.
    names = [name.strip().lower() for name in to.split(",")]
    found = [OUTPUT_FORMATS.get(f".{name.removeprefix('.')}", name) for name in names]
    for name, format_ in zip(names, found, strict=True):
        if format_ not in get_args(OutputFormat):
            raise UsageError(
                f"'{name}' is not a format that can be written: give --format "
                f"{', '.join(get_args(OutputFormat))}"
            )
    if len(set(found)) < len(found):
        raise UsageError(f"--format {to} names a format twice: name each once")
    return tuple(found)  # type: ignore[arg-type]


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

    check_not_read(path, inputs)
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


def check_not_read(path: Path, inputs: Iterable[Path | None]) -> None:
    """Check that an output is none of the files that are read, nor standard input.

    Raises
    ------
    UsageError
        If it is one of them, by whatever name.
    """
    with suppress(OSError):
        if path.is_file() and os.path.samestat(os.fstat(0), path.stat()):
            raise UsageError(f"{printable(path)} is standard input: write to another file")
    with suppress(OSError):
        if path.is_file():
            for source in inputs:
                if source is not None and source.is_file() and path.samefile(source):
                    raise UsageError(
                        f"{printable(path)} is the file that is read: write to another one"
                    )


def write_standard(score: "Score | Sheet", format: "OutputFormat", layout: "Layout") -> None:  # noqa: A002
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
