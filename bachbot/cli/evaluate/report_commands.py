"""``bachbot evaluate`` all and readme: the whole evaluation as a page and in documents."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import measuring as shared
from bachbot.cli.options import JsonOption
from bachbot.cli.results import print_result
from bachbot.cli.show import ProgressLines
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from bachbot.cli.show import Advance
    from bachbot.report.reporting import Report


def all_command(
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Folder for report.html and report.json."
        ),
    ],
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--checkpoint",
            metavar="NAME",
            help="Model: lookahead, paper, or a checkpoint's directory; repeatable. "
            "[default: lookahead]",
            show_default=False,
        ),
    ] = None,
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    limit: shared.LimitOption = None,
    jsb: Annotated[
        list[Path] | None,
        typer.Option(
            "--jsb",
            metavar="FILE",
            help="An .npz file of chorales to compare with: the test part of JSB-16th, or all "
            "pieces of a file without parts; repeatable.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="NAME",
            help="Make only this section; repeatable: losses, harmonization, partwriting, style, "
            "novelty, detection, pianoroll or training.",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ignore cached results and measure again.")
    ] = False,
    corpus: shared.CorpusOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run every measurement and write one self-contained page.

    Results are cached by checkpoint, corpus and code: an interrupted run continues where it
    stopped, and a second run measures only what is new. A section that cannot be measured says
    why, and the exit status is then 1. For a quick look, use --limit 10.
    """
    from bachbot.cli.show import print_table
    from bachbot.report import page as writing
    from bachbot.report.cache import Cache, default_folder
    from bachbot.report.context import Context, Request, load_subjects
    from bachbot.report.reporting import make
    from bachbot.report.sections import sections
    from bachbot.tables.run_tables import longest_table

    wanted = sections(only or [])
    peers = _by_name(jsb or [])
    subjects = load_subjects(checkpoint or [shared.DEFAULT_CHECKPOINT])
    prepared = shared.load_corpus(corpus)
    pieces = shared.pieces_of(prepared, part, split, limit)
    for subject in subjects:
        shared.warn_of_leaks(subject.checkpoint, prepared, split)
        shared.warn_of_missing_conditioning(subject.checkpoint, pieces)
    writing.writable(output)
    with _progress_bars() as watch:
        request = Request(split, part, limit)
        context = Context(prepared, request, Cache(default_folder(), fresh), watch, peers)
        report = make(context, subjects, wanted)
    written = writing.write(report, output)
    from rich.console import Console

    print_table(longest_table(report.times), Console(stderr=True))
    _print_errors(report)
    plain = {"page": written, "whole": report.whole, "seconds": report.times}
    print_result(plain, str(written), as_json=as_json)
    if not report.whole:
        raise typer.Exit(1)


def _by_name(paths: list[Path]) -> dict[str, Path]:
    """Files by their stems, each of which must occur once."""
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found or path.stem in ("Bach", "harmonized", "composed"):
            raise UsageError(f"the name '{path.stem}' is taken: rename {path}")
        found[path.stem] = path
    return found


@contextmanager
def _progress_bars() -> "Iterator[Callable[[str], AbstractContextManager[Advance]]]":
    """Bars on standard error, one below the other: a section, and what it needs in turn.

    Without a terminal each prints a line now and then.
    """
    if not sys.stderr.isatty():
        yield lambda label: nullcontext(ProgressLines(label))
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bars:

        @contextmanager
        def watch(label: str) -> "Iterator[Advance]":
            task = bars.add_task(label, total=None)
            try:
                yield lambda done, total: bars.update(task, completed=done, total=total)
            finally:
                bars.remove_task(task)

        yield watch


def _print_errors(report: "Report") -> None:
    """A line for each section that could not be measured."""
    for chapter in report.chapters:
        for name, error in chapter.errors.items():
            typer.echo(f"bachbot: {name}, {chapter.section.name}: {error}", err=True)


def readme_command(
    report: Annotated[
        Path,
        typer.Argument(
            metavar="REPORT", help="report.json of 'bachbot evaluate all', or its folder."
        ),
    ],
    results: Annotated[
        Path,
        typer.Option("--results", metavar="FILE", help="The document for all tables of results."),
    ] = Path("checkpoints/RESULTS.md"),
    readme: Annotated[
        Path,
        typer.Option(
            "--readme", metavar="FILE", help="The document for the short table of results."
        ),
    ] = Path("README.md"),
    as_json: JsonOption = False,
) -> None:
    """Write the tables of a report into the results page and the README.

    A table replaces what stands between '<!-- results:begin NAME -->' and '<!-- results:end NAME
    -->', each on a line of its own; the rest of the document stays as it is. The README has the
    short table 'headline'; the results page has losses, harmonization, partwriting, style, novelty
    and detection. A wrong or missing mark is reported before anything is written.
    """
    from bachbot.report.page import read
    from bachbot.report.readme import regenerate

    written = regenerate([results, readme], read(report))
    said = "\n".join(f"{path}: {', '.join(names)}" for path, names in written.items())
    plain = {str(path): list(names) for path, names in written.items()}
    print_result(plain, said, as_json=as_json)
