"""An explained piece as tables and as JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bachbot.theory.cadence import Close
from bachbot.theory.explanation import Explanation, beat_text


def as_json(found: Explanation, file: Path, title: str) -> str:
    """One JSON object: `Explanation.to_json`, with ``file`` and ``title`` before it."""
    return json.dumps({"file": str(file), "title": title} | found.to_json(), ensure_ascii=False)


def show(found: Explanation, title: str, console: Console | None = None) -> None:
    """Print chords, cadences and faults as tables, and a line that sums them up.

    Parameters
    ----------
    found : Explanation
        A piece.
    title : str
        What it is called.
    console : Console, optional
        Where to; the standard output unless given.
    """
    console = console or Console()
    console.print(_table("Chords", ("key", "numeral", "chord", ""), _chords(found)))
    console.print(_table("Cadences", ("key", "cadence", "chords"), _cadences(found)))
    if found.faults:
        console.print(_table("Faults", ("rule", "voices"), _faults(found)))
    console.print(Text(_summary(found, title)))


def _table(title: str, columns: Sequence[str], rows: Iterator[tuple[str, ...]]) -> Table:
    made = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in ("bar", "beat"):
        made.add_column(column, justify="right")
    for column in columns:
        made.add_column(column)
    for row in rows:
        # Texts, for rich would read brackets in strings as markup.
        made.add_row(*map(Text, row))
    return made


def _place(found: Explanation, frame: int) -> tuple[str, str]:
    bar, at = found.position(frame)
    return str(bar), beat_text(at)


def _chords(found: Explanation) -> Iterator[tuple[str, ...]]:
    """Bar and key where they change, and what there is to say of each chord."""
    bar, key = "", None
    closing = {close.frame: close for close in found.closes}
    for harmony in found.harmonies:
        here, at = _place(found, harmony.start)
        remarks = [f"{note.voice.label}: {note.kind}" for note in harmony.ornaments]
        close = closing.get(harmony.start)
        if close is not None:
            remarks.insert(0, _cadence(close))
        yield (
            here if here != bar else "",
            at,
            str(harmony.key) if harmony.key != key else "",
            harmony.text,
            harmony.chord,
            "; ".join(remarks),
        )
        bar, key = here, harmony.key


def _cadence(close: Close) -> str:
    return "no cadence" if close.kind == "none" else f"{close.kind} cadence"


def _cadences(found: Explanation) -> Iterator[tuple[str, ...]]:
    for close in found.closes:
        chords = " - ".join(harmony.text for harmony in close.chords)
        yield *_place(found, close.frame), str(close.key), close.kind, chords


def _faults(found: Explanation) -> Iterator[tuple[str, ...]]:
    for fault in found.faults:
        voices = ", ".join(voice.label for voice in fault.voices)
        yield str(fault.bar), beat_text(fault.beat), fault.rule, voices


def _summary(found: Explanation, title: str) -> str:
    chorale = found.chorale
    cadences = _counted([close.kind for close in found.closes])
    faults = _counted([fault.rule for fault in found.faults])
    return (
        f"{title}: {chorale.key}, {chorale.meter}, {_number(found.bars, 'bar')}, "
        f"{_number(len(found.harmonies), 'chord')}; {_number(len(found.closes), 'phrase')}"
        f"{cadences}; {_number(len(found.faults), 'fault')}{faults}"
    )


def _number(count: int, thing: str) -> str:
    return f"{count or 'no'} {thing}{'' if count == 1 else 's'}"


def _counted(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f" ({', '.join(f'{n} {name}' for name, n in Counter(names).most_common())})"


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
    from bachbot.cli.show import read_score, writable
    from bachbot.scores import save_score
    from bachbot.scores.musicxml.roman_numerals import add_roman_numerals
    from bachbot.theory.explanation import explain as explained

    if numerals is not None:
        writable(numerals, file)
    # The score gets no new harmony that its chord symbols might not fit.
    tonality = Key.parse(key) if key else None
    score = read_score(file, key=tonality, voices=VOICES, ignore=["chord symbols"])
    found = explained(score.chorale)
    if numerals is not None:
        save_score(add_roman_numerals(score, found.harmonies), numerals)
    if json:
        typer.echo(as_json(found, file, score.title))
    else:
        show(found, score.title)
        if numerals is not None:
            typer.echo(numerals)
