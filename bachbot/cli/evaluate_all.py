"""``bachbot evaluate all``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared

if TYPE_CHECKING:
    from bachbot.report.reporting import Report


def all_command(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for report.html and report.json.")
    ],
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--checkpoint",
            help="Name of a shipped checkpoint, or its directory; repeatable. [default: lookahead]",
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
            help="An .npz file of chorales to stand beside: of JSB-16th the test part, of a set "
            "without parts all; repeatable.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Only the section of this name; repeatable."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Measure anew what was measured before.")
    ] = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Measure everything and write one page that stands alone.

    What is measured is kept in the user's cache by checkpoint, corpus and code: a run that was
    killed goes on where it was, and a second one has only what is new to do. A section that cannot
    be measured says why in its place, and the exit status is then 1. --limit 10 is a quick look.
    """
    from bachbot.cli.report_view import print_faults, print_times, watching
    from bachbot.report import page as writing
    from bachbot.report.cache import Cache, default_folder
    from bachbot.report.context import Asked, Context
    from bachbot.report.reporting import make
    from bachbot.report.sections import sections
    from bachbot.report.subject import load_subjects

    wanted = sections(only or [])
    peers = _named(jsb or [])
    subjects = load_subjects(checkpoint or [shared.DEFAULT_CHECKPOINT])
    prepared = shared.load_corpus(corpus)
    pieces = shared.pieces_of(prepared, part, split, limit)
    for subject in subjects:
        shared.warn_of_leaks(subject.checkpoint, prepared, split)
        shared.warn_of_what_is_not_told(subject.checkpoint, pieces)
    writing.writable(output)
    with watching() as watch:
        context = Context(
            prepared, Asked(split, part, limit), Cache(default_folder(), fresh), watch, peers
        )
        report: Report = make(context, subjects, wanted)
    written = writing.write(report, output)
    print_times(report)
    print_faults(report)
    typer.echo(written)
    if not report.whole:
        raise typer.Exit(1)


def _named(paths: list[Path]) -> dict[str, Path]:
    """Files by their stems, each of which comes once."""
    from bachbot.errors import UsageError

    found: dict[str, Path] = {}
    for path in paths:
        if path.stem in found or path.stem in ("Bach", "harmonized", "composed"):
            raise UsageError(f"the name '{path.stem}' is taken: give {path} another one")
        found[path.stem] = path
    return found
