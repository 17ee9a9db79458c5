"""``bachbot diff``: in what two scores differ."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.paths import ScoreInput
from bachbot.errors import ScoreError, UsageError

if TYPE_CHECKING:
    from bachbot.engine.difference import ScoreDifference
    from bachbot.scores import Score


def diff(
    before: Annotated[
        str, typer.Argument(metavar="A", help="The first score; - for standard input.")
    ],
    now: Annotated[
        str, typer.Argument(metavar="B", help="The second score; - for standard input.")
    ],
    read_as: shared.From = None,
    as_json: shared.JsonOption = False,
) -> None:
    """Print in what two scores differ: notes by bar and voice, cadences, faults.

    Of scores that do not both have four voices the sopranos are compared. Notes are written with
    their lengths: a quarter note has no number, /2 is an eighth and x2 a half note; ~ is held from
    the bar before, r is a rest.
    """
    from bachbot.engine.difference import diff as compare

    if before == now == "-":
        raise UsageError("both scores are standard input: give at least one file")
    sources = [ScoreInput.of(before, read_as), ScoreInput.of(now, read_as)]
    found = compare(*_read(sources))
    if as_json:
        typer.echo(json.dumps({"before": before, "now": now} | found.to_json(), ensure_ascii=False))
        return
    _show(found)
    typer.echo(f"{sources[0].label} and {sources[1].label}: {found}")


def _read(sources: "list[ScoreInput]") -> "list[Score]":
    """Both scores in four voices, or else the soprano of each."""
    from bachbot.chorale import VOICES, Voice
    from bachbot.scores import load_score

    def load(voices: "tuple[Voice, ...]") -> "list[Score]":
        return [
            load_score(one.source, format=one.format, voices=voices, transpose="no")
            for one in sources
        ]

    try:
        return load(VOICES)
    except ScoreError:
        return load((Voice.SOPRANO,))


def _show(found: "ScoreDifference") -> None:
    from bachbot.cli.show import print_table
    from bachbot.tables import Cell, Column, Table

    def show(title: str, headings: tuple[str, ...], rows: "Sequence[tuple[str, ...]]") -> None:
        if rows:
            columns = [Column("bar"), *(Column(name, align="left") for name in headings)]
            print_table(Table(title, columns, [[Cell(text) for text in row] for row in rows]))

    if found.transposition:
        return
    notes = [(str(c.bar), c.voice.label, c.before, c.now) for c in found.changes]
    show("Notes", ("voice", "A", "B"), notes)
    cadences = [(str(c.bar), c.before or "no end", c.now or "no end") for c in found.cadences]
    show("Cadences", ("A", "B"), cadences)
    faults = [
        (str(fault.bar), where, fault.rule, ", ".join(v.label for v in fault.voices))
        for where, faults in (("A", found.faults_gone), ("B", found.faults_new))
        for fault in faults
    ]
    show("Faults in one of them", ("in", "rule", "voices"), faults)
