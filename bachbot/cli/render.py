"""``bachbot render``: a score of any parts as a page, as sound, or in another format."""

import sys
from typing import Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.paths import STANDARD, ScoreInput, ScoreOutput
from bachbot.cli.results import Report, print_result


def render(
    score: Annotated[
        str,
        typer.Argument(
            metavar="SCORE",
            help="Score of any parts (MusicXML, .mxl, MIDI, ABC or Humdrum kern); - for standard "
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
            "standard output. [default: NAME-rendered.pdf]",
            show_default=False,
        ),
    ] = None,
    words: shared.Words = None,
    paper: shared.Paper = "a4",
    size: shared.Size = "normal",
    staves: shared.Staves = None,
    tempo: shared.Tempo = None,
    sound: shared.Sound = None,
    tune: shared.Tune = None,
    read_as: shared.From = None,
    write_as: shared.To = None,
    force: shared.Force = False,
    as_json: shared.JsonOption = False,
) -> None:
    """Engrave a score, play it, or convert it to another format.

    The score may have any parts: one voice, two or five, or two staves of chords. Its notes come
    back as they are.
    """
    from bachbot.scores import load_sheet

    layout = shared.layout_of(
        shared.singers(None, None), staves=staves, tempo=tempo, sound=sound, paper=paper, size=size,
        words=words,
    )  # fmt: skip
    source = ScoreInput.of(score, read_as)
    if not output and source.path is None:
        output = [STANDARD]
    name = f"{f'-{tune}' if tune else ''}-rendered"
    target = ScoreOutput.of(
        output, (source.stem, name), to=write_as or (None if output else "pdf"), force=force,
        inputs=[source.path],
    )  # fmt: skip
    Report(as_json, verbose=False).check(target)
    sheet = load_sheet(source.source, format=source.format, tune=shared.tune_number(tune))
    for notice in sheet.notices:
        print(f"bachbot: warning: {source.label}: {notice}", file=sys.stderr)  # noqa: T201
    voices = len(sheet.voices)
    for names in target.write([sheet], layout):
        said = f"{names}: {voices or 'no'} voice{'' if voices == 1 else 's'}"
        if as_json:
            plain = {"file": names, "title": sheet.title, "voices": voices, "tempo": sheet.tempo}
            print_result(plain | {"notices": list(map(str, sheet.notices))}, said, as_json=True)
        elif names:
            target.say(said)
