"""``bachbot evaluate partwriting``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bachbot.chorale import Chorale, Voice
    from bachbot.decoding import DecodingOptions
    from bachbot.evaluation.variety import DecodingMetrics
    from bachbot.runtime import Checkpoint


def partwriting_command(
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint",
            help="Name of a shipped checkpoint, or its directory. [default: lookahead, unless "
            "--jsb is given]",
        ),
    ] = None,
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    given: Annotated[
        str, typer.Option("--given", help="Voices that are given, such as soprano.")
    ] = "soprano",
    decoder: shared.DecoderOption = "default",
    beam: shared.BeamOption = None,
    temperature: shared.TemperatureOption = None,
    seed: shared.SeedOption = 0,
    charged: shared.ChargedOption = None,
    jsb: Annotated[
        list[Path] | None,
        typer.Option(
            "--jsb",
            help="Measure an .npz file of chorales: of JSB-16th the test part, of a set without "
            "parts all; repeatable.",
        ),
    ] = None,
    limit: shared.LimitOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Count how often the rules are broken, by Bach and by a decoder on the same pieces.

    Beside the rules stand onsets, different chords and chord changes a beat, and how many pitches
    are Bach's. Pieces from --jsb have no key: the rules that ask for one are left out for them.
    """
    from rich.console import Console

    from bachbot.chorale import parse_voices
    from bachbot.cli.partwriting_view import partwriting_table
    from bachbot.corpus.jsb import read_as_they_are
    from bachbot.evaluation.variety import KEYLESS, decoding_metrics
    from bachbot.runtime import load_checkpoint

    columns: dict[str, DecodingMetrics] = {}
    title = "part-writing"
    if checkpoint is not None or not jsb:
        options = shared.decoding_options(
            decoder, beam=beam, temperature=temperature, seed=seed, charged=charged
        )
        checkpoint = checkpoint or shared.DEFAULT_CHECKPOINT
        prepared = shared.load_corpus(corpus)
        pieces = shared.pieces_of(prepared, part, split, limit)
        loaded = load_checkpoint(checkpoint)
        shared.warn_of_leaks(loaded, prepared, split)
        columns |= _beside_bach(loaded, pieces, parse_voices(given), options)
        title = (
            f"{checkpoint}, {shared.described(options)}, given {given}: "
            f"{part} part of the split by {split}"
        )
    for path in jsb or []:
        columns[path.stem] = decoding_metrics(read_as_they_are(path)[:limit], rules=KEYLESS)
    if as_json:
        figures = {name: column.to_json() for name, column in columns.items()}
        typer.echo(json.dumps({"title": title, "columns": figures}))
    else:
        Console().print(partwriting_table(title, columns))


def _beside_bach(
    checkpoint: "Checkpoint",
    pieces: "Sequence[Chorale]",
    given: "tuple[Voice, ...]",
    options: "DecodingOptions",
) -> "dict[str, DecodingMetrics]":
    """His pieces, and the same as a decoder has them."""
    from bachbot.chorale import VOICES
    from bachbot.cli.show import progress
    from bachbot.evaluation.generated import fill_request, harmonize_pieces
    from bachbot.evaluation.variety import decoding_metrics
    from bachbot.runtime import build_model

    missing = [v for v in VOICES if v not in given]
    if not missing:
        raise UsageError("all four voices are given, none is missing: give three or fewer")
    model = build_model(checkpoint, dtype=shared.precision(options))
    works = [fill_request(c, given) for c in pieces]
    with progress("harmonizing") as advance:
        ours = harmonize_pieces(model, works, options, progress=advance)
    return {
        "Bach": decoding_metrics(pieces),
        "bachbot": decoding_metrics(ours, bach=pieces, masked=missing),
    }
