"""``bachbot harmonize FOLDER`` or ``FILE --tune all``: progress, and a table of what was skipped.

Plain lines take the place of the progress bar where no terminal shows it.
"""

import json
import sys
from collections import Counter
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bachbot.cli.paths import ScoreInput, name_of, printable
from bachbot.errors import ScoreError

if TYPE_CHECKING:
    from bachbot.engine.folders import FolderSettings, Outcome


def harmonize_folder(
    source: ScoreInput,
    output: Path | None,
    settings: "FolderSettings",
    *,
    jobs: int | None,
    timeout: float | None,
    force: bool,
    as_json: bool = False,
) -> None:
    """Harmonize every tune in a folder or a file into a folder, and print what became of each.

    With `as_json` standard output gets one JSON object, at the end.

    Raises
    ------
    UsageError, OutputError, CheckpointError, WorkerError
        As `bachbot.engine.folders.harmonize_folder`, before the work begins.
    ScoreError
        If some were skipped, after all others are written.
    KeyboardInterrupt
        After Ctrl-C, once the summary is printed.
    """
    from bachbot.cli.show import progress
    from bachbot.engine import folders as engine

    target = output or _default(source)
    run = engine.harmonize_tunes if source.path is None else engine.harmonize_folder
    lines = not as_json and not (sys.stdout.isatty() and sys.stderr.isatty())
    summary = _Summary(target, as_json)
    counts = [0, 0]  # done, and in all
    try:
        # Where each tune has a line of its own, that is the progress.
        quiet = lines and not sys.stderr.isatty()
        with nullcontext(lambda *_: None) if quiet else progress("harmonizing") as advance:

            def count(done: int, total: int) -> None:
                counts[:] = done, total
                advance(done, total)

            outcomes = run(
                source.path or source.content,  # type: ignore[arg-type]
                target,
                settings,
                jobs=jobs,
                time_limit=engine.TIME_LIMIT if timeout is None else timeout,
                force=force,
                progress=count,
            )
            with closing(outcomes):
                for outcome in outcomes:
                    summary.add(outcome)
                    _print_outcome(outcome, f"{counts[0]}/{counts[1]}" if lines else "")
    except KeyboardInterrupt:
        if counts[1]:
            summary.show(counts[1])
        raise
    summary.show(counts[1])
    if summary.skipped:
        skipped, total = len(summary.skipped), counts[1]
        what = f"{skipped} of {total} tunes were skipped, the others are in {printable(target)}"
        if skipped == total:
            what = "the tune was skipped" if total == 1 else f"all {total} tunes were skipped"
        raise ScoreError(f"{what}: {'the JSON' if as_json else 'the table above'} says why")


def _default(source: ScoreInput) -> Path:
    name = source.path.resolve().name if source.path and source.is_folder() else source.stem
    return Path(name_of(name, "-harmonized"))


def _print_outcome(outcome: "Outcome", place: str) -> None:
    """Print the notices of a tune, and where no bar shows the progress, a line of its own."""
    label = printable(outcome.label)
    for notice in outcome.notices:
        _print(f"bachbot: warning: {label}: {notice}", to_error=True)
    if outcome.status == "skipped":
        _print(f"bachbot: skipped {label}: {outcome.reason}", to_error=True)
    elif place:
        before = "done before"
        if outcome.status == "edited":
            before += ", and edited since: it stays (--force harmonizes it anew)"
        what = outcome.summary or before
        _print(f"{place} {', '.join(map(printable, outcome.outputs))}: {what}")


def _print(line: str, *, to_error: bool = False) -> None:
    print(line, file=sys.stderr if to_error else sys.stdout, flush=True)


@dataclass
class _Summary:
    """How many tunes came out, and which did not; of the others nothing is kept but for JSON."""

    target: Path
    as_json: bool
    count: Counter[str] = field(default_factory=Counter)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    plain: list[dict[str, object]] = field(default_factory=list)

    def add(self, outcome: "Outcome") -> None:
        """Count an outcome."""
        self.count[outcome.status] += 1
        if outcome.status == "skipped":
            self.skipped.append((outcome.label, outcome.reason))
        if self.as_json:
            self.plain.append(outcome.to_json())

    def show(self, total: int) -> None:
        """Print a table of what was skipped, and a line with the counts; or all as JSON."""
        if self.as_json:
            plain = {"folder": str(self.target), "total": total, "tunes": self.plain}
            _print(json.dumps(plain, ensure_ascii=False))
            return
        from bachbot.cli.show import print_table
        from bachbot.tables import Cell, Column, Table

        if self.skipped:
            columns = [Column("skipped", align="left"), Column("why", align="left")]
            rows = [[Cell(printable(label)), Cell(why)] for label, why in sorted(self.skipped)]
            print_table(Table("", columns, rows))
        before = self.count["unchanged"] + self.count["edited"]
        parts = [f"{self.count['done'] + before} of {total} tunes harmonized"]
        if before:
            parts.append(f"{before} of them before")
        if edited := self.count["edited"]:
            parts.append(f"{edited} edited since, which stay as they are without --force")
        if self.skipped:
            parts.append(f"{len(self.skipped)} skipped")
        if left := total - sum(self.count.values()):
            parts.append(f"{left} not begun or not finished")
        typer.echo(f"{printable(self.target)}: {', '.join(parts)}")
