"""``bachbot evaluate``: what a model is worth."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bachbot.errors import BachbotWarning

evaluate_app = typer.Typer(
    help="Measure a model on held-out chorales.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@evaluate_app.callback()
def evaluate_command() -> None:
    """Measure a model on held-out chorales."""


@evaluate_app.command("losses")
def losses_command(
    checkpoint: Annotated[
        str, typer.Option("--checkpoint", help="A shipped checkpoint's name, or a path.")
    ] = "paper",
    split: Annotated[str, typer.Option("--split", help="tune (the honest one) or file.")] = "tune",
    part: Annotated[
        str, typer.Option("--part", help="train, validation, test, or several with commas.")
    ] = "validation,test",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", help="Prepared corpus; the user's cache unless given."),
    ] = None,
) -> None:
    """Nats per token, frame and onset, by voice, and accuracy.

    Choose the split that the checkpoint was trained on; with the other one it has heard some of
    the pieces.
    """
    from rich.console import Console
    from rich.progress import Progress

    from bachbot.cli.losses_view import losses_table
    from bachbot.corpus.store import PreparedCorpus, default_path
    from bachbot.evaluation.losses import measure
    from bachbot.runtime import build_model, load_checkpoint

    prepared = PreparedCorpus.load(corpus if corpus is not None else default_path())
    names = part.split(",")
    pieces = {name: prepared.part(name, split) for name in names}  # type: ignore[arg-type]
    loaded = load_checkpoint(checkpoint)
    _warn_of_leaks(loaded.config, prepared.fingerprint, split)
    model = build_model(loaded)
    results = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for name in names:
            task = progress.add_task(name)
            losses = measure(
                model,
                pieces[name],
                progress=lambda done, whole, task=task: progress.update(  # type: ignore[misc]
                    task, completed=done, total=whole
                ),
            )
            results[name] = losses.to_json()
    if as_json:
        typer.echo(json.dumps({"checkpoint": checkpoint, "split": split, "parts": results}))
    else:
        Console().print(losses_table(results))


def _warn_of_leaks(config: Mapping[str, Any], corpus: str, split: str) -> None:
    training = config.get("training", {}).get("config", {})
    if training.get("split", split) != split:
        warnings.warn(
            f"this checkpoint was trained on the split by {training['split']}: it has heard some "
            f"of what the split by {split} holds out; give --split {training['split']}",
            BachbotWarning,
            stacklevel=2,
        )
    elif config.get("corpus_fingerprint") != corpus:
        warnings.warn(
            "this checkpoint was trained on another prepared corpus, it may have heard some of "
            "these pieces: prepare the corpus with the version that trained it",
            BachbotWarning,
            stacklevel=2,
        )
