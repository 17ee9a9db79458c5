"""``bachbot bach``: a chorale of Bach's from the user's own music21."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.paths import ScoreOutput
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from bachbot.corpus.bach import BachChorale

_NAMED = 6


def bach(
    query: Annotated[
        list[str],
        typer.Argument(
            metavar="QUERY",
            help="Words of a title, such as wachet auf; 'BWV 140.7'; R179 (Riemenschneider); or "
            "the first notes, such as 'C D E F'.",
        ),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"Write the chorale: {shared.OUTPUT_FORMATS_HELP}; {shared.SEVERAL_FILES_HELP}; - "
            "for standard output.",
            show_default=False,
        ),
    ] = None,
    staves: shared.Staves = None,
    tempo: shared.Tempo = None,
    sound: shared.Sound = None,
    write_as: shared.To = None,
    force: shared.Force = False,
    as_json: shared.JsonOption = False,
) -> None:
    """Find a chorale of Bach's in your own music21, and write it.

    Without -o it lists the chorales that match. A chorale that is written can be explained,
    rendered, practiced, or compared with yours (bachbot diff).
    """
    from bachbot.cli.show import progress
    from bachbot.corpus.bach import bach as find

    layout = shared.layout_of(shared.singers(None, None), staves=staves, tempo=tempo, sound=sound)
    target = ScoreOutput.of(output, ("", ""), to=write_as, force=force) if output else None
    if target is None and write_as is not None:
        raise UsageError("--to has no effect without -o: give both or neither")
    if target is not None and target.is_standard and as_json:
        raise UsageError("--json and the score would both go to standard output: give a file")
    with progress("reading the chorales") as advance:
        found = find(" ".join(query), progress=advance)
    if target is not None:
        if len(found) > 1:
            raise UsageError(f"{len(found)} chorales match: give one of {_named(found)}")
        [name] = target.write([found[0].load()], layout)
        if as_json:
            typer.echo(json.dumps({"file": name} | found[0].to_json(), ensure_ascii=False))
        else:
            target.say(f"{name}: {found[0].label}")
        return
    if as_json:
        typer.echo(json.dumps([one.to_json() for one in found], ensure_ascii=False))
        return
    _show(found)


def _named(found: "list[BachChorale]") -> str:
    """The numbers of the first few."""
    names = ", ".join(f"'BWV {one.bwv}'" for one in found[:_NAMED])
    return f"{names} and others" if len(found) > _NAMED else names


def _show(found: "list[BachChorale]") -> None:
    from bachbot.cli.show import print_table
    from bachbot.tables import Cell, Column, Table

    columns = [
        Column("BWV", align="left"), Column("Riemenschneider"), Column("title", align="left"),
    ]  # fmt: skip
    rows = [
        [Cell(one.bwv), Cell(", ".join(map(str, one.riemenschneider))), Cell(one.title)]
        for one in found
    ]
    print_table(Table("", columns, rows))
    typer.echo(f"write one with -o, such as: bachbot bach 'BWV {found[0].bwv}' -o bach.pdf")
