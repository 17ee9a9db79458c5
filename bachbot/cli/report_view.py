"""A report as it is made: bars while it runs, then where the time went."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from bachbot.cli.show import Advance

if TYPE_CHECKING:
    from bachbot.report.reporting import Report


@contextmanager
def watching() -> Iterator[Callable[[str], AbstractContextManager[Advance]]]:
    """Bars on standard error, one below the other: a section, and what it asks for in turn."""
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
    unseen = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=unseen) as bars:

        @contextmanager
        def watch(label: str) -> Iterator[Advance]:
            task = bars.add_task(label, total=None)
            try:
                yield lambda done, total: bars.update(task, completed=done, total=total)
            finally:
                bars.remove_task(task)

        yield watch


def print_times(report: "Report") -> None:
    """The five longest pieces of work, and the whole."""
    from rich.console import Console
    from rich.table import Table

    made = [row for row in report.times["rows"] if not row["cached"]]
    table = Table(
        title="where the time went",
        title_justify="left",
        caption="The page has every row.",
        caption_justify="left",
    )
    table.add_column("")
    table.add_column("checkpoint")
    table.add_column("seconds", justify="right")
    for row in sorted(made, key=lambda row: row["seconds"], reverse=True)[:5]:
        table.add_row(row["what"], row["of"] or "", f"{row['seconds']:.1f}")
    before = len(report.times["rows"]) - len(made)
    table.add_section()
    table.add_row("the whole run", f"{before} measured before", f"{report.times['seconds']:.1f}")
    Console(stderr=True).print(table)


def print_faults(report: "Report") -> None:
    """A line for each section that could not be measured."""
    import typer

    for chapter in report.chapters:
        for name, error in chapter.errors.items():
            typer.echo(f"bachbot: {name}, {chapter.section.name}: {error}", err=True)
