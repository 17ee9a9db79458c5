"""What a training run shows: its progress, its results, and the leaderboard of a search."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from bachbot.cli.show import print_table
from bachbot.tables import Cell, Column, Table
from bachbot.tables.table import Row, figures, number
from bachbot.training.config import TrainingConfig
from bachbot.training.kinds import KINDS, ResultTable
from bachbot.training.objective import Evaluated, Stepped, TrainingCallback, Units
from bachbot.training.plots import plot_learning_curve
from bachbot.training.run_folder import BEST, METRICS
from bachbot.training.search import SearchCallback

_LEADERBOARD = 20
"""Trials that the leaderboard shows."""


@contextmanager
def run_progress(
    console: Console, config: TrainingConfig, folder: Path
) -> Iterator[TrainingCallback]:
    """A progress line, and a permanent line for each epoch; plots the learning curve.

    Parameters
    ----------
    console : Console
        Where the lines are printed.
    config : TrainingConfig
        Settings of the run.
    folder : Path
        Folder of the run, into which ``curve.png`` is written.
    """
    with _progress(console) as progress:
        task = progress.add_task("training", total=None, note="")

        def callback(event: Stepped | Evaluated) -> None:
            if isinstance(event, Evaluated):
                plot_learning_curve(_read_history(folder), folder / "curve.png")
                progress.console.print(
                    _epoch_line(event, config.epochs), highlight=False, soft_wrap=True
                )
            else:
                _show_step(progress, task, event)

        yield callback


@contextmanager
def search_progress(console: Console) -> Iterator[SearchCallback]:
    """A progress line for each trial of a search, and a permanent line with its settings."""
    with _progress(console) as progress:
        task = progress.add_task("search", total=None, note="")

        def callback(number: int, settings: Mapping[str, Any], event: Stepped | Evaluated) -> None:
            if isinstance(event, Evaluated):
                if event.epoch == 1:
                    text = ", ".join(f"{k} {_short(v)}" for k, v in settings.items())
                    progress.console.print(
                        f"trial {number}: {text}", highlight=False, soft_wrap=True
                    )
            else:
                _show_step(progress, task, event, f"trial {number}, ")

        yield callback


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    """A progress display that shows nothing until it is started."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
        transient=True,
    )
    try:
        yield progress
    finally:
        # Without a first step there is nothing to clear, and an error is printed alone.
        if progress.live.is_started:
            progress.stop()


def _read_history(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / METRICS).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _show_step(progress: Progress, task: TaskID, event: Stepped, prefix: str = "") -> None:
    left = int(event.seconds_left)
    note = (
        f"loss {event.loss:.3f}  {event.tokens_per_second:,.0f} tokens/s  "
        f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
    )
    progress.start()
    progress.update(
        task, completed=event.step, total=event.steps, note=note,
        description=f"{prefix}epoch {event.epoch}/{event.epochs}",
    )  # fmt: skip


def _epoch_line(event: Evaluated, epochs: int) -> str:
    training, validation = f"{event.train:.4f}", f"{event.validation:.4f} {event.validation_unit}"
    if event.train_unit == event.validation_unit:
        validation += f", {event.per_frame:.3f} per frame, {event.per_onset:.3f} per onset"
    else:
        training += f" {event.train_unit}"
        validation += (
            f"; {event.per_onset:.3f} per onset, onset accuracy {event.onset_accuracy:.1%}"
        )
    return (
        f"epoch {event.epoch:>{len(str(epochs))}}/{epochs}  training {training}  "
        f"validation {validation}{'  best' if event.best else ''}"
    )


def show_result(record: Mapping[str, Any], folder: Path) -> None:
    """Print the losses of a finished run and what it took.

    Parameters
    ----------
    record : mapping
        The training record, with losses.
    folder : Path
        Folder of the run.
    """
    console = Console()
    for table in KINDS[record["config"]["kind"]].results(record["losses"]):
        print_table(_results_table(table), console)
    console.print(
        f"{record['epochs']} epochs in {record['seconds'] / 60:.1f} minutes on "
        f"{record['machine']}, {record['tokens_per_second']:,.0f} tokens per second. "
        f"The best checkpoint, of epoch {record['best_epoch']}, is {folder / BEST}.",
        highlight=False,
        soft_wrap=True,
    )


def _results_table(results: ResultTable) -> Table:
    """A table with a section for each figure; rows without any value are left out."""
    rows: list[Row] = []
    for figure, labeled in results.figures.items():
        rows += [[]] if rows else []
        rows += [
            [Cell(f"{label}, {figure}" if figure else label), *(number(v, 3) for v in values)]
            for label, values in labeled.items()
            if any(value is not None for value in values)
        ]
    return Table(results.title, figures(results.parts), rows)


def show_leaderboard(rows: list[dict[str, Any]], trials: int, units: Units) -> None:
    """Print the twenty best trials of a study.

    Parameters
    ----------
    rows : list of dict
        From `bachbot.training.search.leaderboard`.
    trials : int
        Trials of the study, finished or not.
    units : Units
        Units of the losses.
    """
    console = Console()
    if not rows:
        console.print("No trial is finished yet.")
        return
    # A truncated number is useless: the table may be wider than the terminal.
    console = Console(width=max(console.width, 14 * len(rows[0])))
    unit = units.validation
    if units.train != unit:
        unit = f"validation in {unit}, train in {units.train}"
    shown = [[Cell(_short(row.get(name))) for name in rows[0]] for row in rows[:_LEADERBOARD]]
    title = f"{len(rows)} of {trials} trials finished, {unit}"
    print_table(Table(title, [Column(name) for name in rows[0]], shown), console)


def _short(value: Any) -> str:
    """A number with four significant digits; empty for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
