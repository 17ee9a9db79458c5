"""``bachbot slideshow``: one piece of music for a slide show, each slide in its mood."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.paths import ScoreOutput, path_of

if TYPE_CHECKING:
    from bachbot.engine import SlideShowResult


def slideshow(
    show: Annotated[
        str,
        typer.Argument(
            metavar="SLIDES.toml",
            help='TOML file with tune = "FILE", optional sound and title, and for each slide a '
            "[[slides]] table with seconds (1 to 600), mood, and optional title.",
        ),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"File to write: {shared.OUTPUT_FORMATS_HELP}; {shared.SEVERAL_FILES_HELP}. "
            "[default: NAME-music.mp3]",
            show_default=False,
        ),
    ] = None,
    sound: Annotated[
        str | None,
        typer.Option(
            "--sound",
            metavar="NAME",
            help="Instrument: organ, choir, strings, piano or FILE.sf2[:PROGRAM]. [default: the "
            "file's, else organ]",
            show_default=False,
        ),
    ] = None,
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    paper: shared.Paper = "a4",
    size: shared.Size = "normal",
    staves: shared.Staves = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print when the music of each slide begins as JSON instead of a table."
        ),
    ] = False,
    write_as: shared.To = None,
    force: shared.Force = False,
) -> None:
    """Make one piece of music for a slide show.

    Every slide takes the next phrases of the tune in its own mood: joyful, solemn, tender,
    grieving, restless or serene. Between two moods the music modulates, and each section begins
    when its slide does. The table says when, in seconds, for the program that shows the slides.
    """
    from bachbot.chorale import Voice
    from bachbot.cli.show import progress, read_score
    from bachbot.engine import Engine, read_slideshow

    source = path_of(show)
    slides = read_slideshow(source)
    layout = shared.layout_of(
        shared.singers(None, None),
        staves=staves, tempo=None, sound=sound or slides.sound, paper=paper, size=size,
    )  # fmt: skip
    target = ScoreOutput.of(
        output, (source.stem, "-music"), to=write_as or (None if output else "mp3"), force=force,
        inputs=[source, slides.tune],
    )  # fmt: skip
    tune = read_score(slides.tune or Path(), voices=[Voice.SOPRANO], ignore=["chord symbols"])
    engine = Engine.load(checkpoint)
    with progress("moods") as advance:
        found = engine.slideshow(slides, tune, progress=advance)
    for names in target.write([found.score], layout):
        if as_json:
            target.say(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
            continue
        if not target.is_standard:
            _show(found)
        if names:
            target.say(f"{names}: {_summary(found)}")


def _show(found: "SlideShowResult") -> None:
    """Print when each slide begins, and its music."""
    from bachbot.cli.show import print_table
    from bachbot.scores.interval import key_words
    from bachbot.tables import Cell, Column, Table

    columns = [
        Column("slide", align="left"),
        Column("asked", "s"),
        Column("begins at", "s"),
        Column("mood", align="left"),
        Column("key", align="left"),
        Column("tempo"),
        Column("bar"),
    ]
    rows = [
        [
            Cell(f"{number}. {one.slide.title}".rstrip()),
            Cell(f"{one.slide.seconds:g}"),
            Cell(f"{one.begins:.2f}"),
            Cell(one.slide.mood),
            Cell(key_words(one.key)),
            Cell(f"{one.tempo:.0f}"),
            Cell(str(one.bar)),
        ]
        for number, one in enumerate(found.times, start=1)
    ]
    print_table(Table("Slides", columns, rows))


def _summary(found: "SlideShowResult") -> str:
    slides, most = len(found.times), max(abs(one.beats_off) for one in found.times)
    return (
        f"{slides} slide{'' if slides == 1 else 's'}, {found.seconds:.1f} seconds; every section "
        f"begins within {max(most, 0.01):.2f} beats of its slide"
    )
