"""``bachbot mood``: a tune changed until it sounds joyful or grieving, and harmonized."""

from typing import Annotated, get_args

import typer

from bachbot.cli import options as shared
from bachbot.cli.paths import STANDARD, ScoreInput, ScoreOutput


def mood(
    melody: Annotated[
        str,
        typer.Argument(
            metavar="TUNE",
            help="Melody (MusicXML, .mxl, MIDI, ABC or Humdrum kern), or - for standard input.",
        ),
    ],
    name: Annotated[
        str,
        typer.Option(
            "--mood",
            metavar="MOOD",
            help="joyful, solemn, tender, grieving, restless or serene.  [required]",
            show_default=False,
        ),
    ] = "",
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"File to write: {shared.OUTPUT_FORMATS_HELP}; {shared.SEVERAL_FILES_HELP}; - for "
            "standard output. [default: NAME-MOOD.musicxml]",
            show_default=False,
        ),
    ] = None,
    tempo: Annotated[
        float | None,
        typer.Option(
            "--tempo",
            metavar="BPM",
            help="Quarter notes per minute. [default: the mood's]",
            show_default=False,
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Key that the music is in, such as 'F# minor'. [default: estimated]",
            show_default=False,
        ),
    ] = None,
    tune: shared.Tune = None,
    phrases: shared.Phrases = None,
    number: shared.Number = 1,
    numerals: shared.Numerals = False,
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    words: shared.Words = None,
    paper: shared.Paper = "a4",
    size: shared.Size = "normal",
    staves: shared.Staves = None,
    sound: shared.Sound = None,
    ranges: shared.Range = None,
    choir: shared.ChoirName = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was changed as JSON.")
    ] = False,
    read_as: shared.From = None,
    write_as: shared.To = None,
    force: shared.Force = False,
) -> None:
    """Change a tune until it has a mood, and harmonize it in four voices.

    Mode, tempo, register, articulation, loudness, density and contour change as experiments on
    musical emotion say; the tune stays recognizable, and its words stay under their notes. The
    last line says what was changed.
    """
    import json

    from bachbot.chorale import Key, Voice
    from bachbot.cli.show import progress, read_score
    from bachbot.decoding import DecodingOptions
    from bachbot.engine import Engine
    from bachbot.engine.difference import diff
    from bachbot.errors import UsageError
    from bachbot.scores.performance import Passage
    from bachbot.theory.moods import MoodName, mood_of

    if not name:
        raise UsageError(f"no mood is given: give --mood {', '.join(get_args(MoodName))}")
    mood_of(name)
    if tempo is not None:
        Passage(tempo)
    settings = shared.singers(choir, ranges)
    layout = shared.layout_of(
        settings, staves=staves, tempo=None, sound=sound, paper=paper, size=size, words=words
    )
    options = DecodingOptions(number=number, ranges=settings.choir.ranges)
    tonality = Key.parse(key) if key is not None else None
    source = ScoreInput.of(melody, read_as)
    if not output and source.path is None:
        output = [STANDARD]
    target = ScoreOutput.of(
        output, (source.stem, f"-{name}"), to=write_as, number=number, force=force,
        inputs=[source.path],
    )  # fmt: skip
    score = read_score(
        source,
        key=tonality,
        voices=[Voice.SOPRANO],
        ignore=["chord symbols", "transposed", "octave"],
        tune=shared.tune_number(tune),
    )
    engine = Engine.load(checkpoint)
    with progress(name) as advance:
        found = engine.mood(
            score, name, tempo=tempo, phrases=phrases, options=options, progress=advance
        )
    moods = {id(one.result): one for one in found}
    labels = []
    for label, result in target.save([one.result for one in found], layout, numerals=numerals):
        one = moods[id(result)]
        labels.append(label)
        if as_json:
            target.say(json.dumps({"file": label} | one.to_json(), ensure_ascii=False))
        else:
            target.say(
                f"{label}: {name}: {one.changes}; {100 * one.recognizability:.0f}% of the tune's "
                "notes are still there"
            )
    if as_json:
        return
    for label, other in zip(labels[1:], found[1:], strict=True):
        target.say(f"{labels[0]} and {label}: {diff(found[0].score, other.score)}")
