"""``bachbot explain``."""

import warnings
from pathlib import Path
from typing import Annotated

import typer


def explain(
    file: Annotated[
        Path, typer.Argument(help="Score of four voices: MusicXML, .mxl, MIDI, ABC or kern.")
    ],
    key: Annotated[
        str | None, typer.Option("--key", help="Key, such as 'F# minor'. [default: estimated]")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    numerals: Annotated[
        Path | None,
        typer.Option(
            "--numerals",
            help="Write the score with Roman numerals under the bass: .musicxml .pdf .png .svg.",
        ),
    ] = None,
) -> None:
    """Tell the chords, the cadences and the part-writing faults of a score.

    Chords are Roman numerals in the key of the moment; beside them stand the notes that are not
    theirs. A cadence is told at each fermata and at the end. Bars are counted from 1, a pickup is
    bar 0.
    """
    from bachbot.chorale import VOICES, Key
    from bachbot.cli.explain_view import as_json, show
    from bachbot.cli.show import writable
    from bachbot.scores import load_score, save_score
    from bachbot.scores.numerals import with_numerals
    from bachbot.theory.explanation import explain as explained

    if numerals is not None:
        writable(numerals, file)
    with warnings.catch_warnings():
        # What is read here gets no new harmony that they might not fit.
        warnings.filterwarnings("ignore", message=".*chord symbols are left out")
        score = load_score(file, key=Key.parse(key) if key else None, voices=VOICES)
    found = explained(score.chorale)
    if numerals is not None:
        save_score(with_numerals(score, found.harmonies), numerals)
    if json:
        typer.echo(as_json(found, file, score.title))
    else:
        show(found, score.title)
        if numerals is not None:
            typer.echo(numerals)
