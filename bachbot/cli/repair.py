"""``bachbot repair``: a score with its faults mended by the fewest changed notes."""

import json
from typing import Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.explain import LIST, RulesOption, key_of, read_any_score
from bachbot.cli.paths import STANDARD, ScoreInput, ScoreOutput
from bachbot.errors import UsageError

_NOBODY = "none"
"""What --keep stands for no voice by."""


def repair(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Score with a voice a line: MusicXML, .mxl, MIDI, ABC or kern; - for standard "
            "input.",
        ),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"File to write: {shared.OUTPUT_FORMATS_HELP}; {shared.SEVERAL_FILES_HELP}; - for "
            "standard output. [default: NAME-mended.musicxml]",
            show_default=False,
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            "--only",
            metavar="RULES",
            help="Mend these faults and leave others: rules, or parallels, contrary, hidden, gaps, "
            "range, leaps, leading-note, seventh, third, separated by commas. [default: all "
            "errors and warnings]",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        str,
        typer.Option("--keep", metavar="VOICES", help="Voices that stay as they are, or none."),
    ] = "soprano",
    rules: RulesOption = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Key, such as 'F# minor'. [default: estimated]",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was done as JSON instead of a table.")
    ] = False,
    tune: shared.Tune = None,
    staves: shared.Staves = None,
    tempo: shared.Tempo = None,
    sound: shared.Sound = None,
    read_as: shared.From = None,
    write_as: shared.To = None,
    force: shared.Force = False,
) -> None:
    """Mend the faults of a score with the fewest changed notes.

    Rhythm and words stay, and so does every note that no fault asks to change. Each fault has a
    line with its place and the note that mends it, or why it cannot be mended with what is kept.
    No change makes a new error or warning; remarks are not mended.
    """
    from bachbot.chorale import parse_voices
    from bachbot.cli.repair_view import show_repair
    from bachbot.teaching import RepairOptions
    from bachbot.teaching import repair as mend

    if rules == LIST:
        raise UsageError("--rules needs a value here: 'bachbot explain --rules' lists the rules")
    layout = shared.layout_of(shared.singers(None, None), staves=staves, tempo=tempo, sound=sound)
    options = RepairOptions(
        only=tuple(only.split(",")) if only is not None else (),
        keep=() if keep.strip().lower() == _NOBODY else parse_voices(keep),
        rules=rules or "bach",
    )
    source = ScoreInput.of(file, read_as)
    if not output and source.path is None:
        output = [STANDARD]
    target = ScoreOutput.of(
        output, (source.stem, "-mended"), to=write_as, force=force, inputs=[source.path]
    )
    if as_json and target.is_standard:
        raise UsageError("--json prints where the score would go: give a file with -o")
    score = read_any_score(source, key_of(key), shared.tune_number(tune))
    result = mend(score, options)
    [name] = target.write([result.score], layout)
    if as_json:
        named: dict[str, object] = {"file": file, "output": name}
        typer.echo(json.dumps(named | result.to_json(), ensure_ascii=False))
        return
    show_repair(result, name, target.say)
