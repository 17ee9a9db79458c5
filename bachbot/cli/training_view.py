"""What a training run looks like while it goes on, and what it shows at the end."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from bachbot.cli.fillings_view import fillings_table
from bachbot.cli.losses_view import losses_table, short
from bachbot.training.config import TrainingConfig
from bachbot.training.plots import plot_learning_curve
from bachbot.training.progress import Evaluated, Listener, Stepped, Units
from bachbot.training.run import METRICS


@contextmanager
def watching(console: Console, config: TrainingConfig, folder: Path) -> Iterator[Listener]:
    """A live line of progress, and one line that stays for each epoch."""
    with _progress(console) as progress:
        task = progress.add_task("training", total=None, note="")

        def listen(event: Stepped | Evaluated) -> None:
            if isinstance(event, Evaluated):
                plot_learning_curve(_history(folder), folder / "curve.png")
                progress.console.print(
                    _epoch_line(event, config.epochs), highlight=False, soft_wrap=True
                )
            else:
                progress.start()
                progress.update(
                    task, completed=event.step, total=event.steps, note=_note(event),
                    description=f"epoch {event.epoch}/{event.epochs}",
                )  # fmt: skip

        yield listen


@contextmanager
def watching_trials(console: Console) -> Iterator[Any]:
    """A live line of progress for each trial of a search."""
    with _progress(console) as progress:
        task = progress.add_task("search", total=None, note="")

        def listen(number: int, settings: dict[str, Any], event: Stepped | Evaluated) -> None:
            if isinstance(event, Evaluated):
                if event.epoch == 1:
                    told = ", ".join(f"{k} {short(v)}" for k, v in settings.items())
                    progress.console.print(
                        f"trial {number}: {told}", highlight=False, soft_wrap=True
                    )
            else:
                progress.start()
                progress.update(
                    task, completed=event.step, total=event.steps, note=_note(event),
                    description=f"trial {number}, epoch {event.epoch}/{event.epochs}",
                )  # fmt: skip

        yield listen


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    """A progress display that shows nothing before it is told to start."""
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
        # An error that comes before the first step has the terminal to itself.
        if progress.live.is_started:
            progress.stop()


def _history(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / METRICS).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _note(event: Stepped) -> str:
    left = int(event.seconds_left)
    return (
        f"loss {event.loss:.3f}  {event.tokens_per_second:,.0f} tokens/s  "
        f"{left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"
    )


def _epoch_line(event: Evaluated, epochs: int) -> str:
    training, validation = f"{event.train:.4f}", f"{event.validation:.4f} {event.validation_unit}"
    if event.train_unit == event.validation_unit:
        validation += f", {event.per_frame:.3f} a frame, {event.per_onset:.3f} an onset"
    else:
        training += f" {event.train_unit}"
        validation += f"; {event.per_onset:.3f} an onset, {event.onset_accuracy:.1%} of onsets"
    return (
        f"epoch {event.epoch:>{len(str(epochs))}}/{epochs}  training {training}  "
        f"validation {validation}{'  best' if event.best else ''}"
    )


def show_outcome(record: Mapping[str, Any], folder: Path) -> None:
    """The figures of a finished run and what it took."""
    console = Console()
    tables = {"lstm": losses_table, "lookahead": fillings_table}
    console.print(tables[record["config"]["kind"]](record["losses"]))
    minutes = record["seconds"] / 60
    console.print(
        f"{record['epochs']} epochs in {minutes:.1f} minutes on {record['machine']}, "
        f"{record['tokens_per_second']:,.0f} tokens a second. "
        f"The best, of epoch {record['best_epoch']}, is {folder / 'best'}.",
        highlight=False,
        soft_wrap=True,
    )


def show_leaderboard(rows: list[dict[str, Any]], tried: int, units: Units) -> None:
    """The twenty best trials of a study, and what their losses are counted in."""
    console = Console()
    if not rows:
        console.print("No trial has been finished yet.")
        return
    # A cut figure is of no use: rather wider than the terminal.
    console = Console(width=max(console.width, 14 * len(rows[0])))
    unit = units.validation
    if units.train != unit:
        unit = f"validation in {unit}, train in {units.train}"
    table = Table(title=f"{len(rows)} trials done of {tried} begun, {unit}")
    for name in rows[0]:
        table.add_column(name, justify="right")
    for row in rows[:20]:
        table.add_row(*(short(row.get(name)) for name in rows[0]))
    console.print(table)
