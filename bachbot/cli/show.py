"""The user's own pieces: four-part chorales in files or folders, as measures want them."""

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bachbot.errors import OutputError, UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Chorale, Key, Voice
    from bachbot.scores import Score
    from bachbot.scores.score import NoticeKind


def read_pieces(paths: Sequence[Path]) -> "list[Chorale]":
    """The chorales of some files, each in its own key.

    Parameters
    ----------
    paths : sequence of Path
        Score files, folders of them, and ``.npz`` files as `bachbot.corpus.jsb` describes them:
        of JSB-16th the test part, of a set without parts all.

    Raises
    ------
    UsageError
        If a folder holds no score.
    ScoreError
        If a file cannot be read, or is no four-part piece.
    CorpusError
        If an ``.npz`` file is something else.
    """
    from bachbot.chorale import VOICES
    from bachbot.corpus.jsb import read_as_they_are

    found: list[Chorale] = []
    for path in paths:
        if path.suffix == ".npz":
            found += read_as_they_are(path)
        elif path.is_dir():
            found += [read_score(file, voices=VOICES).chorale for file in scores_in(path)]
        else:
            found.append(read_score(path, voices=VOICES).chorale)
    return found


def read_score(
    path: Path,
    *,
    key: "Key | None" = None,
    voices: "Sequence[Voice]",
    ignore: "Collection[NoticeKind]" = (),
) -> "Score":
    """Load a score and print its notices to standard error.

    Parameters
    ----------
    path, key, voices
        As `bachbot.load_score` takes them.
    ignore : collection of NoticeKind
        Notices that are not printed.
    """
    from bachbot.scores import load_score

    score = load_score(path, key=key, voices=voices)
    for notice in score.notices:
        if notice.kind not in ignore:
            print(f"bachbot: warning: {path.name}: {notice}", file=sys.stderr)  # noqa: T201
    return score


def scores_in(folder: Path) -> list[Path]:
    """The score files of a folder, by name.

    Raises
    ------
    UsageError
        If there is none.
    """
    from bachbot.scores.readers.source import INPUT_FORMATS

    files = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in INPUT_FORMATS)
    if not files:
        raise UsageError(
            f"the folder {folder} holds no score: give one with files in {' '.join(INPUT_FORMATS)}"
        )
    return files


Advance = Callable[[int, int], None]
"""Called with how much is done and how much there is."""


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """A bar on standard error that goes when it is done, and only where someone watches.

    Parameters
    ----------
    label : str
        What is being done.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    unseen = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=unseen) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; figures flush right."""
    from rich.console import Console
    from rich.table import Table

    made = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        numbers = rows and all(isinstance(r[index], int | float) for r in rows)
        made.add_column(column, justify="right" if numbers else "left")
    for row in rows:
        made.add_row(*(f"{x:.3f}" if isinstance(x, float) else str(x) for x in row))
    Console().print(made)


def check_output(path: Path, suffixes: Sequence[str]) -> Path:
    """Check where something is to be written before any work is done for it.

    Raises
    ------
    UsageError
        If its suffix is none of those.
    OutputError
        If its folder is not there.
    """
    if path.suffix.lower() not in suffixes:
        raise UsageError(
            f"{path} has the suffix '{path.suffix}': give a file that ends in one of "
            f"{' '.join(suffixes)}"
        )
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} is not there: make it, or write elsewhere")
    return path


def writable(path: Path, source: Path | None = None) -> Path:
    """Check where a score is to be written; it may not be the file that it is made from.

    Raises
    ------
    UsageError
        If its suffix is none that can be written, or it would write over its source.
    OutputError
        If its folder is not there.
    """
    from bachbot.scores.save import OUTPUT_FORMATS

    check_output(path, tuple(OUTPUT_FORMATS))
    if source is not None and path.exists() and source.exists() and path.samefile(source):
        raise UsageError(f"{path} is the file that is read: write to another one")
    return path


def numbered(path: Path, number: int) -> list[Path]:
    """The path itself for one file; for several, NAME-1, NAME-2 and so on."""
    if number == 1:
        return [path]
    width = len(str(number))
    return [path.with_stem(f"{path.stem}-{i:0{width}d}") for i in range(1, number + 1)]


def page(score: "Score", numerals: bool) -> "Score":
    """A score as it is to be written, with Roman numerals under the bass if they are wanted."""
    if not numerals:
        return score
    from bachbot.scores.musicxml.roman_numerals import add_roman_numerals

    return add_roman_numerals(score)
