"""``bachbot realize``: three upper voices over a figured or an unfigured bass."""

from pathlib import Path
from typing import Annotated

import typer

from bachbot.cli import options as shared


def realize(
    bass: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Score with a bass (MusicXML, .mxl, MIDI, ABC or Humdrum kern), with or without "
            "figured bass.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"File to write: {shared.OUTPUT_FORMATS_HELP}. [default: NAME-realized.musicxml]",
            show_default=False,
        ),
    ] = None,
    figures: Annotated[
        str | None,
        typer.Option(
            "--figures",
            metavar="TEXT",
            help="Figures, such as '5 6 | 7 | 5': one for each note of a bar, or sharing the bar "
            "evenly ('.' continues, '?' leaves the harmony open); a text file of them; or 'none'. "
            "[default: those in the score, if any]",
            show_default=False,
        ),
    ] = None,
    cadences: shared.Cadences = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Key, such as 'F# minor'. [default: estimated]")
    ] = None,
    beam: Annotated[int, typer.Option("--beam", metavar="N", help="Width of the beam search.")] = 5,
    sample: Annotated[
        bool,
        typer.Option("--sample", help="Choose notes at random, weighted by their probability."),
    ] = False,
    seed: shared.Seed = 0,
    number: shared.Number = 1,
    numerals: shared.Numerals = False,
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    staves: shared.Staves = 4,
    tempo: shared.Tempo = 72.0,
    sound: shared.Sound = "organ",
) -> None:
    """Realize a bass: write soprano, alto and tenor above it.

    The bass stays unchanged. With figures the upper voices make the chords that the figures stand
    for; without any, the model chooses the chords.
    """
    from bachbot.chorale import Key, Voice
    from bachbot.cli.show import numbered, page, progress, read_score, writable
    from bachbot.decoding import DecodingOptions
    from bachbot.engine import Engine
    from bachbot.scores import Layout, save_score

    layout = Layout(staves=staves, tempo=tempo, sound=sound)  # type: ignore[arg-type]
    options = DecodingOptions(
        method="sample" if sample else "beam", beam=beam, seed=seed, number=number
    )
    output = writable(output or Path(f"{bass.stem}-realized.musicxml"), bass)
    score = read_score(
        bass,
        key=Key.parse(key) if key else None,
        voices=[Voice.BASS],
        ignore=["chord symbols"],
    )
    engine = Engine.load(checkpoint)
    with progress("realizing") as advance:
        found = engine.realize(
            score, figures=figures, cadences=cadences, options=options, progress=advance
        )
    for notice in found[0].notices:
        typer.echo(f"bachbot: warning: {bass.name}: {notice}", err=True)
    for path, one in zip(numbered(output, len(found)), found, strict=True):
        save_score(page(one.score, numerals), path, layout=layout)
        typer.echo(f"{path}: {score.chorale.key}, {one.log_probability:.1f} nats")
