"""``bachbot practice``: tracks to practice each voice with, and its own page."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.paths import ScoreInput, check_output_file, folder_of, name_of, printable
from bachbot.cli.results import print_result
from bachbot.errors import OutputError


def practice(
    score: Annotated[
        str,
        typer.Argument(
            metavar="SCORE",
            help="Score for a choir (MusicXML, .mxl, MIDI, ABC or Humdrum kern); - for standard "
            "input.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Folder to write; made if it is not there. [default: NAME-practice]",
            show_default=False,
        ),
    ] = None,
    soft: Annotated[
        float,
        typer.Option(
            "--soft", metavar="DB", help="By how many decibels the other voices are softer."
        ),
    ] = 12.0,
    count_in: Annotated[
        int, typer.Option("--count-in", metavar="BARS", help="Bars to count before the music.")
    ] = 1,
    click: Annotated[
        bool, typer.Option("--click", help="Let the beats be heard through the whole piece.")
    ] = False,
    tempo: shared.Tempo = None,
    sound: shared.Sound = None,
    format: Annotated[  # noqa: A002
        str, typer.Option("--format", metavar="NAME", help="Of the tracks: mp3, flac, wav or ogg.")
    ] = "mp3",
    paper: shared.Paper = "a4",
    size: shared.Size = "normal",
    tune: shared.Tune = None,
    read_as: shared.From = None,
    force: shared.Force = False,
    as_json: shared.JsonOption = False,
) -> None:
    """Make practice tracks of a score, and a page for each voice.

    For each voice there is a track in which it is forward and the others are soft, one in which it
    is left out, and its own page as PDF, with its words and with cues after long rests; and one
    track of all voices. Fermatas are held.
    """
    from bachbot.scores import load_sheet
    from bachbot.scores.engraving.page_size import PageSize
    from bachbot.scores.practice import PracticeOptions, practice_files, save_practice
    from bachbot.scores.practice.save import check_format
    from bachbot.scores.save import Saved, raise_failures

    layout = shared.layout_of(shared.singers(None, None), staves=None, tempo=tempo, sound=sound)
    options = PracticeOptions(
        tempo=layout.tempo, sound=layout.sound, soft=soft, count_in=count_in, click=click
    )
    page = PageSize(paper, size)
    check_format(format)
    source = ScoreInput.of(score, read_as)
    folder = folder_of([output] if output is not None else None, "practice material") or Path(
        name_of(source.stem, f"{f'-{tune}' if tune else ''}-practice")
    )
    sheet = load_sheet(source.source, format=source.format, tune=shared.tune_number(tune))
    for notice in sheet.notices:
        print(f"bachbot: warning: {source.label}: {notice}", file=sys.stderr)  # noqa: T201
    names = practice_files(sheet, format)  # type: ignore[arg-type]
    _make(folder)
    for name in names:
        check_output_file(folder / name, [source.path], force=force, ask=False)
    outcomes: list[Saved] = []
    for path, error in save_practice(sheet, folder, options, format=format, page=page):  # type: ignore[arg-type]
        outcomes.append((path, error))
        if error is None and not as_json:
            typer.echo(printable(path))
    if as_json:
        files = [printable(path) for path, error in outcomes if error is None]
        notices = list(map(str, sheet.notices))
        print_result({"title": sheet.title, "files": files, "notices": notices}, "", as_json=True)
    raise_failures(outcomes)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {printable(folder)} could not be made ({error.strerror}): give another "
            "one with -o"
        ) from error
