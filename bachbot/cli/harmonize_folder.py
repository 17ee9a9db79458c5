"""``bachbot harmonize FOLDER``: progress while it runs, and a table of what was skipped at the end.

Plain lines take the place of the progress bar where no terminal shows it.
"""

import json
import sys
from collections import Counter
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bachbot.errors import ScoreError

if TYPE_CHECKING:
    from bachbot.engine.folder import Outcome
    from bachbot.engine.folder_work import FolderSettings


def harmonize_folder(
    folder: Path,
    output: Path | None,
    settings: "FolderSettings",
    *,
    jobs: int | None,
    timeout: float | None,
    force: bool,
    as_json: bool = False,
) -> None:
    """Harmonize every tune in a folder into another one, and print what became of each.

    With `as_json` standard output gets one JSON object, at the end.

    Raises
    ------
    UsageError, OutputError, CheckpointError, WorkerError
        As `bachbot.engine.folder.harmonize_folder`, before the work begins.
    ScoreError
        If some were skipped, after all others are written.
    KeyboardInterrupt
        After Ctrl-C, once the summary is printed.
    """
    from bachbot.cli.show import progress
    from bachbot.engine.folder import TIME_LIMIT
    from bachbot.engine.folder import harmonize_folder as run

    target = output or Path(f"{folder.resolve().name}-harmonized")
    lines = not as_json and not (sys.stdout.isatty() and sys.stderr.isatty())
    summarize = _print_json if as_json else _print_summary
    found: list[Outcome] = []
    counts = [0, 0]  # done, and in all
    try:
        # Where each tune has a line of its own, that is the progress.
        quiet = lines and not sys.stderr.isatty()
        with nullcontext(lambda *_: None) if quiet else progress("harmonizing") as advance:

            def count(done: int, total: int) -> None:
                counts[:] = done, total
                advance(done, total)

            outcomes = run(
                folder,
                target,
                settings,
                jobs=jobs,
                time_limit=TIME_LIMIT if timeout is None else timeout,
                force=force,
                progress=count,
            )
            with closing(outcomes):
                for outcome in outcomes:
                    found.append(outcome)
                    _print_outcome(outcome, f"{counts[0]}/{counts[1]}" if lines else "")
    except KeyboardInterrupt:
        summarize(found, counts[1], target)
        raise
    summarize(found, counts[1], target)
    skipped = sum(o.status == "skipped" for o in found)
    if skipped:
        raise ScoreError(
            f"{skipped} of {len(found)} tunes were skipped, the others are in {target}: "
            "the table above says why"
        )


def _print_outcome(outcome: "Outcome", place: str) -> None:
    """Print the notices of a tune, and where no bar shows the progress, a line of its own."""
    for notice in outcome.notices:
        _print(f"bachbot: warning: {outcome.label}: {notice}", to_error=True)
    if outcome.status == "skipped":
        _print(f"bachbot: skipped {outcome.label}: {outcome.reason}", to_error=True)
    elif place:
        what = outcome.summary or "done before"
        _print(f"{place} {', '.join(map(str, outcome.outputs))}: {what}")


def _print(line: str, *, to_error: bool = False) -> None:
    print(line, file=sys.stderr if to_error else sys.stdout, flush=True)


def _print_json(found: "list[Outcome]", total: int, target: Path) -> None:
    plain = {
        "folder": str(target),
        "total": total,
        "tunes": [outcome.to_json() for outcome in found],
    }
    _print(json.dumps(plain, ensure_ascii=False))


def _print_summary(found: "list[Outcome]", total: int, target: Path) -> None:
    from bachbot.cli.show import print_table
    from bachbot.tables import Cell, Column, Table

    count = Counter(outcome.status for outcome in found)
    skipped = sorted((o.label, o.reason) for o in found if o.status == "skipped")
    if skipped:
        columns = [Column("skipped", align="left"), Column("why", align="left")]
        print_table(Table("", columns, [[Cell(label), Cell(why)] for label, why in skipped]))
    parts = [f"{count['done'] + count['unchanged']} of {total} tunes harmonized"]
    if count["unchanged"]:
        parts.append(f"{count['unchanged']} of them before")
    if count["skipped"]:
        parts.append(f"{count['skipped']} skipped")
    if left := total - len(found):
        parts.append(f"{left} not begun or not finished")
    typer.echo(f"{target}: {', '.join(parts)}")
