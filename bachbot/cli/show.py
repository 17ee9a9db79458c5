"""What commands read and print: scores, progress bars, tables, and the files they write."""

import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bachbot.errors import OutputError, ScoreError, UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text as RichText

    from bachbot.chorale import Choir, Chorale, Key, Voice
    from bachbot.cli.paths import ScoreInput
    from bachbot.scores import Score
    from bachbot.scores.score import NoticeKind
    from bachbot.tables import Cell, Table


def read_pieces(paths: Sequence[Path]) -> "list[Chorale]":
    """Read four-part chorales from files, each in its own key.

    A file of a folder that cannot be read is passed over and said.

    Parameters
    ----------
    paths : sequence of Path
        Score files, folders of them, and ``.npz`` files as `bachbot.corpus.jsb` describes them:
        the test part of JSB-16th, or all pieces of a file without parts.

    Raises
    ------
    UsageError
        If a folder holds no score.
    ScoreError
        If a file cannot be read, or is not a four-part piece; in a folder if all are such.
    CorpusError
        If an ``.npz`` file holds something else.
    """
    from bachbot.chorale import VOICES
    from bachbot.corpus.jsb import read_as_they_are

    found: list[Chorale] = []
    for path in paths:
        if path.suffix == ".npz":
            found += read_as_they_are(path)
        elif path.is_dir():
            found += [score.chorale for score in read_folder(path, voices=VOICES)]
        else:
            found.append(read_score(path, voices=VOICES).chorale)
    return found


def read_folder(
    folder: Path, *, voices: "Sequence[Voice]", limit: int | None = None
) -> "list[Score]":
    """Load the scores in a folder, by name; one that cannot be read is passed over and said.

    Parameters
    ----------
    folder : Path
        The folder.
    voices : sequence of Voice
        What each score has to have.
    limit : int, optional
        The most scores that are loaded.

    Raises
    ------
    UsageError
        If the folder holds no score, or cannot be read.
    ScoreError
        If none of its scores can be read.
    """
    from bachbot.scores.readers.source import scores_in

    found: list[Score] = []
    paths = scores_in(folder)
    for path in paths:
        if limit is not None and len(found) == limit:
            break
        try:
            found.append(read_score(path, voices=voices))
        except ScoreError as error:
            print(f"bachbot: warning: passed over: {error}", file=sys.stderr)  # noqa: T201
    if not found:
        raise ScoreError(
            f"none of the {len(paths)} scores in {folder} can be read: give another folder"
        )
    return found


def read_score(
    source: "Path | ScoreInput",
    *,
    key: "Key | None" = None,
    voices: "Sequence[Voice]",
    ignore: "Collection[NoticeKind]" = (),
    transpose: str = "auto",
    tune: int | None = None,
    choir: "Choir | None" = None,
) -> "Score":
    """Load a score and print its notices to standard error.

    Parameters
    ----------
    source : Path or ScoreInput
        What to read.
    key, voices, transpose, tune, choir
        As `bachbot.load_score` takes them.
    ignore : collection of NoticeKind
        Notices that are not printed.
    """
    from bachbot.cli.paths import ScoreInput
    from bachbot.scores import load_score

    if isinstance(source, Path):
        source = ScoreInput(source)
    score = load_score(
        source.source, format=source.format, key=key, voices=voices, transpose=transpose,
        tune=tune, choir=choir,
    )  # fmt: skip
    where = source.label if tune is None else f"{source.label}, tune {tune}"
    print_notices(score, where, ignore)
    return score


def print_notices(score: "Score", where: str, ignore: "Collection[NoticeKind]" = ()) -> None:
    """Print what the reader of a score says to standard error.

    Parameters
    ----------
    score : Score
        The score.
    where : str
        What messages call it.
    ignore : collection of NoticeKind
        Notices that are not printed.
    """
    for notice in score.notices:
        if notice.kind not in ignore:
            print(f"bachbot: warning: {where}: {notice}", file=sys.stderr)  # noqa: T201


Advance = Callable[[int, int], None]
"""Called with how much is done, and with the total."""


@contextmanager
def progress(label: str) -> Iterator[Advance]:
    """Show on standard error how far the block is: a bar on a terminal, else a line now and then.

    Parameters
    ----------
    label : str
        What is being done.
    """
    if not sys.stderr.isatty():
        yield ProgressLines(label)
        return
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
    # A terminal may be too simple for a bar.
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


LINE_EVERY = 10.0
"""Seconds from one line of progress to the next; what is done sooner has none."""


class ProgressLines:
    """Prints plain lines of progress to standard error, for a log or a pipe.

    Parameters
    ----------
    label : str
        What is being done.
    clock : callable
        Gives the time in seconds.
    """

    def __init__(self, label: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._label, self._clock = label, clock
        self._last = clock()

    def __call__(self, done: int, total: int) -> None:
        """Say how much is done, if the last line is long ago."""
        now = self._clock()
        if now - self._last < LINE_EVERY or done >= total:
            return
        self._last = now
        print(  # noqa: T201
            f"bachbot: {self._label}: {100 * done // total}%", file=sys.stderr, flush=True
        )


def print_table(table: "Table", console: "Console | None" = None) -> None:
    """Print a table of results on a terminal.

    Parameters
    ----------
    table : bachbot.tables.Table
        What to show.
    console : rich.console.Console, optional
        Where to print; default: standard output.
    """
    from rich.console import Console
    from rich.text import Text

    console = console or Console()
    console.print(_on_terminal(table, console.width))
    for note in table.footnotes:
        console.print(Text(note, "dim"))
    console.print()


_CROWDED = 9
"""A table of more columns has no space between them on a terminal of 80 characters."""

_SHORT_NAME = 24
"""Names of rows up to this length stay on one line."""


def _on_terminal(table: "Table", width: int) -> "RichTable":
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    crowded = len(table.columns) > _CROWDED and width <= 80
    found = RichTable(
        title=Text(table.title, "bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 0 if crowded else 1, 0, 0),
        pad_edge=False,
    )
    short = all(len(row[0].text) <= _SHORT_NAME for row in table.rows if row)
    for index, column in enumerate(table.columns):
        heading = Text(column.heading)
        if column.unit:
            heading.append(f"\n{column.unit}", "dim")
        # Where names are short they do not fold, and where they are long the figures do not.
        whole = index == 0 and short and not crowded
        figure = None if short or crowded or column.align == "left" else _widest(table, index)
        found.add_column(
            heading, justify=column.align, overflow="fold", no_wrap=whole, min_width=figure or None
        )
    for index, row in enumerate(table.rows):
        if not row:
            continue
        following = table.rows[index + 1] if index + 1 < len(table.rows) else None
        one = len(row) == 1 < len(table.columns)
        cells = [_cell_text(cell, strong=one) for cell in row]
        # An empty row, or a heading that follows, ends a section.
        ends = following is not None and len(following) <= 1 and not one
        found.add_row(*cells, end_section=ends)
    return found


def _widest(table: "Table", index: int) -> int:
    """The width of the longest line in a column, headings of rows left out."""
    cells = (row[index] for row in table.rows if len(row) > index and len(row) > 1)
    return max((len(line) for cell in cells for line in (cell.text, *cell.small_print)), default=0)


def _cell_text(cell: "Cell", *, strong: bool) -> "RichText":
    from rich.text import Text

    text = Text(cell.text, "bold" if strong or cell.emphasis else "")
    for line in cell.small_print:
        text.append(f"\n{line}", "dim")
    return text


def check_output(path: Path, suffixes: Sequence[str]) -> Path:
    """Check the path of an output file before any work is done for it.

    Raises
    ------
    UsageError
        If its suffix is not one of those.
    OutputError
        If its folder does not exist.
    """
    if path.suffix.lower() not in suffixes:
        raise UsageError(
            f"{path} has the suffix '{path.suffix}': give a file that ends in one of "
            f"{' '.join(suffixes)}"
        )
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist: create it, or write elsewhere")
    return path


def page(score: "Score", numerals: bool) -> "Score":
    """A score as it is written, with Roman numerals under the bass if wanted."""
    if not numerals:
        return score
    from bachbot.scores.musicxml.roman_numerals import add_roman_numerals

    return add_roman_numerals(score)
