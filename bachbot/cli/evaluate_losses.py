"""``bachbot evaluate losses``."""

import json
from typing import Annotated

import typer

from bachbot.cli import held_out as shared
from bachbot.cli import options as common


def losses_command(
    checkpoint: common.CheckpointName = "lookahead",
    split: shared.SplitOption = "tune",
    part: Annotated[
        str, typer.Option("--part", help="train, validation, test, or several with commas.")
    ] = "validation,test",
    given: Annotated[
        str | None,
        typer.Option("--given", help="Voices that are given, such as soprano or soprano,bass."),
    ] = None,
    fermatas_unknown: Annotated[
        bool,
        typer.Option(
            "--fermatas-unknown", help="Do not tell the fermatas to one that looks ahead."
        ),
    ] = False,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Nats per token, frame and onset, by voice, and accuracy.

    With --given soprano only alto, tenor and bass are counted: what they cost given the soprano.
    Choose the split that the checkpoint was trained on; with the other one it has heard some of
    the pieces.
    """
    from rich.console import Console

    from bachbot.chorale import parse_voices
    from bachbot.cli.losses_view import losses_caption, losses_table
    from bachbot.cli.show import progress
    from bachbot.evaluation.losses import measure
    from bachbot.runtime import build_model, load_checkpoint

    voices = parse_voices(given) if given else ()
    prepared = shared.load_corpus(corpus)
    pieces = {name: shared.pieces_of(prepared, name, split) for name in part.split(",")}
    loaded = load_checkpoint(checkpoint)
    shared.warn_of_leaks(loaded, prepared, split)
    moved = shared.warn_of_what_is_not_told(loaded, (c for p in pieces.values() for c in p))
    model = build_model(loaded)
    results = {}
    for name, chorales in pieces.items():
        with progress(name) as advance:
            losses = measure(
                model, chorales, given=voices, fermatas=not fermatas_unknown, progress=advance
            )
        results[name] = (losses.untransposed() if moved else losses).to_json()
    asked = {
        "checkpoint": checkpoint,
        "split": split,
        "given": [voice.label for voice in voices],
        "fermatas_told": not fermatas_unknown,
        "untransposed": moved,
    }
    if as_json:
        typer.echo(json.dumps({**asked, "parts": results}))
        return
    Console().print(losses_table(results, voices))
    caption = losses_caption(
        foresees=model.foresees, fermatas=not fermatas_unknown, untransposed=moved
    )
    Console().print(caption, highlight=False)
