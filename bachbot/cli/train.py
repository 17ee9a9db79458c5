"""The command ``bachbot train`` and those under it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli.interruption import go_on_by
from bachbot.cli.measuring import load_corpus
from bachbot.cli.options import JsonOption
from bachbot.cli.results import print_result
from bachbot.cli.train_options import Corpus, Device, Settings, Threads, parse_settings
from bachbot.cli.train_preference import pairs_command, prefer_command
from bachbot.errors import UsageError
from bachbot.files import DEFAULT_CHECKPOINT

if TYPE_CHECKING:
    from bachbot.training.moments import MomentLearner

train_app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


@train_app.callback(invoke_without_command=True)
def train_command(
    context: typer.Context,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            metavar="NAME",
            help="Settings to start from: paper (the LSTM of the BachBot article), original (the "
            "same network trained as in the article), lookahead (a model that reads ahead), tiny "
            "or lookahead-tiny (for tests). [default: paper]",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="NAME",
            help="How the corpus is split: tune (no tune is in two parts) or file (by file, so "
            "that the parts share tunes). [default: that of the preset]",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs",
            metavar="N",
            help="Passes over the training data. [default: that of the preset]",
        ),
    ] = None,
    batch_norm: Annotated[
        bool | None,
        typer.Option(
            "--batch-norm/--no-batch-norm",
            help="Batch normalization between the layers, of an LSTM only.",
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            metavar="NAME",
            help="auto, float32 or bfloat16. [default: that of the preset]",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Random seed. [default: that of the preset]"),
    ] = None,
    settings: Settings = None,
    device: Device = "auto",
    threads: Threads = 0,
    corpus: Corpus = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Folder of the run. [default: runs/PRESET]",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in the folder.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a model on the prepared corpus.

    The folder receives the state of the run, metrics.jsonl, curve.png and, in best, the checkpoint
    with the lowest validation loss. A run that was interrupted continues with --resume, and gives
    the same weights as an uninterrupted run.
    """
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console

    from bachbot.cli.train_view import run_progress, show_result
    from bachbot.training.config import changed
    from bachbot.training.device import use_threads
    from bachbot.training.kinds import preset as find_preset
    from bachbot.training.run import train
    from bachbot.training.run_folder import STATE, saved_config

    options = {"split": split, "epochs": epochs, "batch_norm": batch_norm, "precision": precision,
               "seed": seed}  # fmt: skip
    changes = {k: v for k, v in options.items() if v is not None} | parse_settings(settings)
    folder = output if output is not None else Path("runs") / (preset or "paper")
    # Unless a preset is given, a resumed run keeps its own settings.
    base = saved_config(folder) if resume and preset is None else find_preset(preset or "paper")
    config = changed(base, changes)
    use_threads(threads)
    console = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")
    prepared = load_corpus(corpus)
    try:
        with run_progress(console, config, folder) as callback:
            result = train(
                prepared, config, folder=folder, resume=resume, device=device, callback=callback
            )
    except KeyboardInterrupt:
        if (folder / STATE).exists():
            go_on_by(f"give 'bachbot train --resume -o {folder}'")
        raise
    if as_json and not console.quiet:
        print_result({"folder": str(folder), **result.record}, "", as_json=True)
    elif not console.quiet:
        show_result(result.record, folder)


@train_app.command("search", short_help="Search for better hyperparameters.")
def search_command(
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", min=1, help="Number of trials to run.")
    ] = 10,
    sampler: Annotated[
        str,
        typer.Option(
            "--sampler",
            metavar="NAME",
            help="grid (all combinations), random, or tpe (Bayesian optimization).",
        ),
    ] = "tpe",
    storage: Annotated[
        str,
        typer.Option(
            "--storage", metavar="PATH", help="Path of a journal file, or URL of a database."
        ),
    ] = "runs/search.journal",
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Name of the study.")
    ] = "bachbot",
    preset: Annotated[
        str, typer.Option("--preset", metavar="NAME", help="Settings that every trial starts from.")
    ] = "paper",
    epochs: Annotated[
        int | None, typer.Option("--epochs", metavar="N", help="Epochs per trial.")
    ] = None,
    settings: Settings = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            "--grid",
            metavar="NAME=A,B",
            help="Values to try, in place of the preset's own grid; repeatable.",
        ),
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option("--figure", metavar="FILE", help="Plot loss by dropout into this file."),
    ] = None,
    device: Device = "auto",
    threads: Threads = 0,
    corpus: Corpus = None,
    as_json: JsonOption = False,
) -> None:
    """Search for better hyperparameters, such as network sizes and dropout.

    The search uses optuna. The same command continues a study: it adds trials, and repeats those
    that were interrupted. Several commands can work on one storage at the same time, on one or
    more machines, once the first of them has created the study.
    """
    from rich.console import Console

    from bachbot.cli.train_view import search_progress, show_leaderboard
    from bachbot.training.config import changed
    from bachbot.training.device import use_threads
    from bachbot.training.kinds import KINDS
    from bachbot.training.kinds import preset as find_preset
    from bachbot.training.search import SearchConfig, leaderboard, open_study, search

    changes = ({} if epochs is None else {"epochs": epochs}) | parse_settings(settings)
    config = SearchConfig(
        base=changed(find_preset(preset), changes),
        name=name,
        sampler=sampler,  # type: ignore[arg-type]
        storage=storage,
        grid=_parse_grid(grid),  # type: ignore[arg-type]
    )
    use_threads(threads)
    prepared = load_corpus(corpus)
    console = Console(stderr=True)
    study = open_study(config)
    try:
        with search_progress(console) as callback:
            search(study, prepared, config, trials, device=device, callback=callback)
    except KeyboardInterrupt:
        go_on_by(f"give the same command again: the study '{name}' is saved")
        raise
    rows = leaderboard(study)
    units = KINDS[config.base.kind].units
    if as_json:
        plain = {"study": name, "trials": len(study.trials), "leaderboard": rows}
        print_result(plain, "", as_json=True)
    else:
        show_leaderboard(rows, len(study.trials), units)
    if figure is not None and rows:
        from bachbot.training.plots import plot_dropout

        plot_dropout([row for row in rows if "dropout" in row], figure, units)


@train_app.command("features", short_help="Learn what beam search adds to a model's scores.")
def features_command(
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Folder of the checkpoint that is written."
        ),
    ],
    checkpoint: Annotated[
        str,
        typer.Option(
            "--checkpoint", metavar="NAME", help="A shipped checkpoint, or its directory."
        ),
    ] = DEFAULT_CHECKPOINT,
    expert: Annotated[
        str | None,
        typer.Option(
            "--expert",
            metavar="NAME",
            help="A shipped checkpoint whose log-probabilities are averaged with the model's.",
        ),
    ] = None,
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", min=1, help="Rounds in all.")
    ] = 20,
    settings: Settings = None,
    part: Annotated[
        str, typer.Option("--part", metavar="NAME", help="Part of the split to learn from.")
    ] = "train",
    split: Annotated[str, typer.Option("--split", metavar="NAME", help="tune or file.")] = "tune",
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an interrupted run in the folder.")
    ] = False,
    corpus: Corpus = None,
    as_json: JsonOption = False,
) -> None:
    """Learn weights of local features for beam search, and write a checkpoint with them.

    In each round some tunes are harmonized, and the weights of what Bach has more of rise, those of
    what the model has more of fall. The checkpoint is written after every round.
    """
    from rich.console import Console

    from bachbot.cli.measuring import pieces_of
    from bachbot.runtime import load_checkpoint
    from bachbot.training.moments import FeatureRun

    prepared = load_corpus(corpus)
    run = FeatureRun.open(
        output, load_checkpoint(checkpoint), expert, parse_settings(settings), resume=resume
    )
    console = Console(stderr=True)

    def after_round(state: "MomentLearner") -> None:
        console.print(
            f"round {state.rounds}: counts disagree by {state.disagreement:.3f} "
            f"({len(state.weights)} features)",
            highlight=False,
        )

    run.learn(pieces_of(prepared, part, split, None), rounds, after_round)
    print_result({"checkpoint": output}, f"Wrote {output}.", as_json=as_json)


train_app.command("prefer", short_help="Tune a model by pairs of which one is better.")(
    prefer_command
)
train_app.command("pairs", short_help="Write pairs of Bach's settings and a model's own.")(
    pairs_command
)


@train_app.command("export")
def export_command(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Folder to write the checkpoint to."),
    ],
    half: Annotated[
        bool,
        typer.Option(
            "--half", help="Round the weights to half precision: the files are half as large."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the best checkpoint of a finished run, with its model card."""
    from bachbot.training.run_folder import export_checkpoint

    export_checkpoint(run, output, half=half)
    print_result({"checkpoint": output}, f"Wrote {output}.", as_json=as_json)


def _parse_grid(texts: list[str] | None) -> dict[str, tuple[float, ...]] | None:
    if not texts:
        return None
    grid: dict[str, tuple[float, ...]] = {}
    for name, values in parse_settings(texts).items():
        try:
            grid[name] = tuple(float(v) if "." in v else int(v) for v in values.split(","))
        except ValueError:
            raise UsageError(
                f"--grid {name}={values} is no list of numbers: give for example dropout=0.1,0.3"
            ) from None
    return grid
