"""``bachbot evaluate fit``."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as common
from bachbot.cli import options as shared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import Console

    from bachbot.evaluation.fitting import RateMeasurement, Round


def fit_command(
    checkpoint: common.CheckpointName = common.DEFAULT_CHECKPOINT,
    split: shared.SplitOption = "tune",
    pieces: Annotated[
        int | None, typer.Option("--pieces", min=1, help="Only the first so many.")
    ] = None,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="How often all are decoded at most.")
    ] = 6,
    beam: shared.BeamOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Fit what part-writing is charged on the validation part (for maintainers).

    Begins from the charges that are in use and moves each weight until its rate is Bach's on the
    same pieces, sopranos given: parallels, hidden fifths and octaves, strikes between the beats by
    onsets a beat, notes struck again by repeated notes, leaps, and fresh chords by different
    chords a beat.
    """
    from rich.console import Console

    from bachbot.chorale import Voice
    from bachbot.cli.fit_view import charges_text
    from bachbot.cli.show import progress
    from bachbot.decoding import Penalties
    from bachbot.decoding.penalties import DEFAULT_PENALTIES
    from bachbot.evaluation.fitting import fit
    from bachbot.evaluation.generated import fill_request, harmonize_pieces
    from bachbot.runtime import build_model, load_checkpoint

    prepared = shared.load_corpus(corpus)
    bach = shared.pieces_of(prepared, "validation", split, pieces)
    loaded = load_checkpoint(checkpoint)
    shared.warn_of_leaks(loaded, prepared, split)
    model = build_model(loaded)
    works = [fill_request(c, (Voice.SOPRANO,)) for c in bach]

    def decode(charges: Penalties) -> list:
        options = shared.decoding_options("default", beam=beam)
        with progress("harmonizing") as advance:
            return harmonize_pieces(
                model, works, replace(options, charges=charges), progress=advance
            )

    console = Console(quiet=as_json)
    found = fit(decode, bach, DEFAULT_PENALTIES, rounds=rounds, listen=_telling(console))
    if as_json:
        typer.echo(json.dumps({"checkpoint": checkpoint, "split": split, **found.to_json()}))
        return
    console.print(f"Nearest to Bach: round {found.best + 1}.", highlight=False)
    console.print(charges_text(found.charges), highlight=False, soft_wrap=True)


def _telling(console: "Console") -> "Callable[[Mapping[str, RateMeasurement], Round], None]":
    """Prints each round as it is done."""
    from bachbot.cli.fit_view import round_table

    done: list[Round] = []

    def listen(targets: "Mapping[str, RateMeasurement]", tried: "Round") -> None:
        done.append(tried)
        console.print(round_table(len(done), targets, tried))

    return listen
