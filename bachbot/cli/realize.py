"""``bachbot realize``: three upper voices over a figured or an unfigured bass."""

from typing import Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.difficulty_options import (
    AccidentalsOption,
    LeapsOption,
    MaxRhythmOption,
    StyleOption,
    difficulty_of,
)
from bachbot.cli.paths import STANDARD, ScoreInput, ScoreOutput
from bachbot.cli.results import Report, drawn_seed


def realize(
    bass: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Score with a bass (MusicXML, .mxl, MIDI, ABC or Humdrum kern), with or without "
            "figured bass; - for standard input.",
        ),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"File to write: {shared.OUTPUT_FORMATS_HELP}; {shared.SEVERAL_FILES_HELP}; - for "
            "standard output. [default: NAME-realized.musicxml]",
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
    style: StyleOption = "bach",
    max_rhythm: MaxRhythmOption = None,
    accidentals: AccidentalsOption = None,
    leaps: LeapsOption = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="KEY", help="Key, such as 'F# minor'. [default: estimated]"),
    ] = None,
    transpose: shared.Transpose = "auto",
    tune: shared.Tune = None,
    beam: Annotated[int, typer.Option("--beam", metavar="N", help="Width of the beam search.")] = 5,
    sample: Annotated[
        bool,
        typer.Option("--sample", help="Choose notes at random, weighted by their probability."),
    ] = False,
    seed: shared.Seed = None,
    number: shared.Number = 1,
    numerals: shared.Numerals = False,
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    words: shared.Words = None,
    paper: shared.Paper = "a4",
    size: shared.Size = "normal",
    staves: shared.Staves = None,
    tempo: shared.Tempo = None,
    sound: shared.Sound = None,
    ranges: shared.Range = None,
    choir: shared.ChoirName = None,
    read_as: shared.From = None,
    write_as: shared.To = None,
    force: shared.Force = False,
    verbose: shared.Verbose = False,
    as_json: shared.JsonOption = False,
) -> None:
    """Realize a bass: write soprano, alto and tenor above it.

    The bass stays unchanged. With figures the upper voices make the chords that the figures stand
    for; without any, the model chooses the chords.
    """
    from bachbot.chorale import Key, Voice
    from bachbot.cli.show import progress, read_score
    from bachbot.decoding import DecodingOptions
    from bachbot.engine import Engine

    report = Report(as_json, verbose)
    settings = shared.singers(choir, ranges)
    layout = shared.layout_of(
        settings, staves=staves, tempo=tempo, sound=sound, paper=paper, size=size, words=words
    )
    options = DecodingOptions(
        method="sample" if sample else "beam",
        beam=beam,
        seed=drawn_seed(seed, used=sample or number > 1, needs="--sample or --number"),
        number=number,
        ranges=settings.choir.ranges,
        difficulty=difficulty_of(style, max_rhythm, accidentals, leaps),
    )
    shared.check_transposition(transpose)
    source = ScoreInput.of(bass, read_as)
    if not output and source.path is None:
        output = [STANDARD]
    target = ScoreOutput.of(
        output, (source.stem, "-realized"), to=write_as, number=options.number, force=force,
        inputs=[source.path],
    )  # fmt: skip
    report.check(target)
    score = read_score(
        source,
        key=Key.parse(key) if key is not None else None,
        voices=[Voice.BASS],
        ignore=["chord symbols"],
        transpose=transpose,
        tune=shared.tune_number(tune),
        choir=settings.choir,
    )
    engine = Engine.load(checkpoint)
    with progress("realizing") as advance:
        found = engine.realize(
            score, figures=figures, cadences=cadences, options=options, progress=advance
        )
    for notice in found[0].notices:
        typer.echo(f"bachbot: warning: {source.label}: {notice}", err=True)
    notices = tuple(map(str, score.notices))
    report.write(target, found, layout, options, numerals=numerals, notices=notices)
