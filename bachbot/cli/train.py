"""What a training run looks like while it goes on, and what it shows at the end."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from bachbot.cli.show import print_table
from bachbot.errors import UsageError
from bachbot.tables.losses import infilling_table, losses_table, short
from bachbot.training.config import TrainingConfig
from bachbot.training.objective import Evaluated, Stepped, TrainingCallback, Units
from bachbot.training.plots import plot_learning_curve
from bachbot.training.run import METRICS

if TYPE_CHECKING:
    from bachbot.corpus.store import PreparedCorpus


@contextmanager
def watching(console: Console, config: TrainingConfig, folder: Path) -> Iterator[TrainingCallback]:
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
    tables = {"lstm": losses_table, "lookahead": infilling_table}
    print_table(tables[record["config"]["kind"]](record["losses"]), console)
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


train_app = typer.Typer(
    context_settings={"help_option_names": ["-h", "--help"]},
)

Corpus = Annotated[
    Path | None, typer.Option("--corpus", help="Prepared corpus; the user's cache unless given.")
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Any other setting, such as dropout=0.4."),
]
Threads = Annotated[
    int,
    typer.Option(
        "--threads", min=0, show_default=False, help="Threads on a CPU; every core unless given."
    ),
]


@train_app.callback(invoke_without_command=True)
def train_command(
    context: typer.Context,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help="paper, original, lookahead, or tiny and lookahead-tiny for tests. "
            "[default: paper]",
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option("--split", help="tune (the honest one) or file.")
    ] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Passes over the data.")] = None,
    batch_norm: Annotated[
        bool | None,
        typer.Option(
            "--batch-norm/--no-batch-norm", help="Normalize between the layers of a plain LSTM."
        ),
    ] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="auto, float32 or bfloat16.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Makes the run repeatable.")] = None,
    settings: Settings = None,
    device: Device = "auto",
    threads: Threads = 0,
    corpus: Corpus = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="The run's folder. [default: runs/PRESET]")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in that folder.")
    ] = False,
) -> None:
    """Train a model on the prepared corpus.

    The folder holds the run's state, metrics.jsonl, curve.png and, under best, the checkpoint that
    validated best. A run that was killed goes on with --resume as if it never had been.
    """
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console

    from bachbot.training.config import changed
    from bachbot.training.config import preset as named
    from bachbot.training.device import use_threads
    from bachbot.training.run import STATE, saved_config, train

    own = {"split": split, "epochs": epochs, "batch_norm": batch_norm, "precision": precision,
           "seed": seed}  # fmt: skip
    changes = {k: v for k, v in own.items() if v is not None} | _pairs(settings)
    folder = out if out is not None else Path("runs") / (preset or "paper")
    # Without a preset of its own, a resumed run keeps the settings that it was begun with.
    base = saved_config(folder) if resume and preset is None else named(preset or "paper")
    config = changed(base, changes)
    use_threads(threads)
    console = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")
    prepared = _load(corpus)
    try:
        with watching(console, config, folder) as listen:
            outcome = train(
                prepared, config, folder=folder, resume=resume, device=device, listen=listen
            )
    except KeyboardInterrupt:
        if (folder / STATE).exists():
            console.print(
                f"The run in {folder} is whole: go on with 'bachbot train --resume -o {folder}'.",
                highlight=False,
                soft_wrap=True,
            )
        raise
    if not console.quiet:
        show_outcome(outcome.record, folder)


@train_app.command("search")
def search_command(
    trials: Annotated[int, typer.Option("--trials", min=1, help="How many more trials.")] = 10,
    sampler: Annotated[str, typer.Option("--sampler", help="grid, random or tpe.")] = "tpe",
    storage: Annotated[
        str, typer.Option("--storage", help="A journal file's path, or a database URL.")
    ] = "runs/search.journal",
    name: Annotated[str, typer.Option("--name", help="The study's name.")] = "bachbot",
    preset: Annotated[str, typer.Option("--preset", help="What the trials begin from.")] = "paper",
    epochs: Annotated[int | None, typer.Option("--epochs", help="Epochs a trial.")] = None,
    settings: Settings = None,
    grid: Annotated[
        list[str] | None,
        typer.Option("--grid", metavar="NAME=A,B", help="Search these values instead; repeatable."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Draw loss by dropout into this file.")
    ] = None,
    device: Device = "auto",
    threads: Threads = 0,
    corpus: Corpus = None,
) -> None:
    """Search over layers, sizes and dropout, and over the BPTT length of a plain LSTM.

    A study goes on where it stopped: trials add up, and the settings of one that was killed are
    tried again. Once a first command has made the study, more of them may work on its storage at
    the same time, on one machine or many.
    """
    from rich.console import Console

    from bachbot.training.config import changed
    from bachbot.training.config import preset as named
    from bachbot.training.device import use_threads
    from bachbot.training.objective import UNITS
    from bachbot.training.search import SearchConfig, leaderboard, open_study, search

    changes = ({} if epochs is None else {"epochs": epochs}) | _pairs(settings)
    config = SearchConfig(
        base=changed(named(preset), changes),
        name=name,
        sampler=sampler,  # type: ignore[arg-type]
        storage=storage,
        grid=_grid(grid),  # type: ignore[arg-type]
    )
    use_threads(threads)
    prepared = _load(corpus)
    console = Console(stderr=True)
    study = open_study(config)
    try:
        with watching_trials(console) as listen:
            search(study, prepared, config, trials, device=device, listen=listen)
    except KeyboardInterrupt:
        console.print(
            f"The study '{name}' is whole: the same command goes on with it.",
            highlight=False,
            soft_wrap=True,
        )
        raise
    rows = leaderboard(study)
    units = UNITS[config.base.kind]
    show_leaderboard(rows, len(study.trials), units)
    if figure is not None and rows:
        from bachbot.training.plots import plot_dropout

        plot_dropout([row for row in rows if "dropout" in row], figure, units)


@train_app.command("export")
def export_command(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The checkpoint's folder.")],
) -> None:
    """Write a run's best model as a checkpoint of its own, with its card."""
    from bachbot.training.export import export

    export(run, out)
    typer.echo(f"Wrote {out}.")


def _pairs(settings: list[str] | None) -> dict[str, str]:
    pairs = {}
    for text in settings or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {text} is no setting: give NAME=VALUE, such as dropout=0.4")
        pairs[name.strip().replace("-", "_")] = value.strip()
    return pairs


def _grid(texts: list[str] | None) -> dict[str, tuple[float, ...]] | None:
    if not texts:
        return None
    grid: dict[str, tuple[float, ...]] = {}
    for name, values in _pairs(texts).items():
        try:
            grid[name] = tuple(float(v) if "." in v else int(v) for v in values.split(","))
        except ValueError:
            raise UsageError(
                f"--grid {name}={values} is no list of numbers: give such as dropout=0.1,0.3"
            ) from None
    return grid


def _load(path: Path | None) -> "PreparedCorpus":
    from bachbot.corpus.store import PreparedCorpus, default_path

    return PreparedCorpus.load(path if path is not None else default_path())
