"""``bachbot explain``: a score's chords, cadences and part-writing faults."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.charges import show_charges
from bachbot.cli.paths import STANDARD, ScoreInput, ScoreOutput
from bachbot.errors import UsageError

_COUNTED = {
    "parallel fifths": ("pair of parallel fifths", "pairs of parallel fifths"),
    "parallel octaves": ("pair of parallel octaves", "pairs of parallel octaves"),
    "hidden fifths": ("hidden fifth", "hidden fifths"),
    "hidden octaves": ("hidden octave", "hidden octaves"),
    "crossing": ("crossing", "crossings"),
    "overlap": ("overlap", "overlaps"),
    "wide soprano-alto": (
        "wide gap between soprano and alto", "wide gaps between soprano and alto",
    ),
    "wide alto-tenor": ("wide gap between alto and tenor", "wide gaps between alto and tenor"),
    "out of range": ("note out of range", "notes out of range"),
    "tritone leaps": ("tritone leap", "tritone leaps"),
    "seventh leaps": ("leap of a seventh", "leaps of a seventh"),
    "leaps beyond an octave": ("leap beyond an octave", "leaps beyond an octave"),
    "leading note unresolved": ("unresolved leading note", "unresolved leading notes"),
    "leading note doubled": ("doubled leading note", "doubled leading notes"),
    "seventh unresolved": ("unresolved seventh", "unresolved sevenths"),
    "leap outside the harmony": ("leap outside the harmony", "leaps outside the harmony"),
    "none": ("without a cadence", "without a cadence"),
}  # fmt: skip
"""What is counted, one and several; other names stay as they are."""

if TYPE_CHECKING:
    from bachbot.theory.cadence import PhraseCadence
    from bachbot.theory.explanation import Explanation


def explain(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="Four-part score: MusicXML, .mxl, MIDI, ABC or kern; - for standard input.",
        ),
    ],
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
        bool, typer.Option("--json", help="Print the results as JSON instead of tables.")
    ] = False,
    numerals: Annotated[
        str | None,
        typer.Option(
            "--numerals",
            metavar="FILE",
            help="Also write the score with Roman numerals under the bass, as .musicxml .pdf .png "
            "or .svg.",
        ),
    ] = None,
    charges: Annotated[
        bool,
        typer.Option(
            "--charges",
            help="Also print what the search's penalties and learned features charge each bar.",
        ),
    ] = False,
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    tune: shared.Tune = None,
    read_as: shared.From = None,
    force: shared.Force = False,
) -> None:
    """Print the chords, cadences and part-writing faults of a four-part score.

    Chords are Roman numerals in the local key; the remarks name the nonharmonic notes. A phrase
    ends at each fermata and at the end of the piece, with a cadence or without one; in a score
    without fermatas phrase ends are predicted from its melody and words. Places are bar.beat, as
    --phrases and --cadences of harmonize read them: 12.3.5 is half a beat after beat 3 of bar 12.
    A pickup is bar 0. A beat of 6/8, 9/8 and 12/8 is three eighths.
    """
    from bachbot.chorale import VOICES, Key
    from bachbot.cli.show import read_score
    from bachbot.scores import save_score
    from bachbot.scores.bars import frame_bar_numbers
    from bachbot.scores.musicxml.roman_numerals import add_roman_numerals
    from bachbot.scores.phrases import phrase_ends_of
    from bachbot.theory.explanation import explain as find_explanation

    source = ScoreInput.of(file, read_as)
    if numerals is not None:
        if numerals == STANDARD:
            raise UsageError("--numerals writes beside what is printed: give a file")
        ScoreOutput.of(numerals, ("", ""), force=force, inputs=[source.path])
    # The score gets no new harmony that its chord symbols might not fit.
    tonality = Key.parse(key) if key else None
    score = read_score(
        source,
        key=tonality,
        voices=VOICES,
        ignore=["chord symbols", "range"],
        transpose="no",  # it is explained where it stands
        tune=shared.tune_number(tune),
    )
    found = find_explanation(score.chorale, phrase_ends_of(score), frame_bar_numbers(score))
    if numerals is not None:
        save_score(add_roman_numerals(score, found.harmonies), numerals)
    charged = None
    if charges:
        from bachbot.engine import Engine

        charged = Engine.load(checkpoint).charges(score)
    if as_json:
        named = {"file": file, "title": score.title}
        more = {} if charged is None else {"charges": charged.to_json()}
        typer.echo(json.dumps(named | found.to_json() | more, ensure_ascii=False))
    else:
        _show(found, score.title)
        if charged is not None:
            show_charges(charged)
        if numerals is not None:
            typer.echo(numerals)


def _show(found: "Explanation", title: str) -> None:
    """Print chords, cadences and faults as tables, and a line that sums them up."""
    _print("Chords", ("key", "numeral", "chord", "remarks"), _chords(found))
    _print("Cadences", ("key", "cadence", "chords"), _cadences(found))
    if found.faults:
        _print("Faults", ("rule", "voices"), _faults(found))
    typer.echo(_summary(found, title))


def _print(title: str, headings: Sequence[str], rows: Iterator[tuple[str, ...]]) -> None:
    from bachbot.cli.show import print_table
    from bachbot.tables import Cell, Column, Table

    columns = [Column(name, align="left") for name in ("bar.beat", *headings)]
    print_table(Table(title, columns, [[Cell(text) for text in row] for row in rows]))


def _place(found: "Explanation", frame: int) -> str:
    from bachbot.chorale.place import place_text

    return place_text(*found.position(frame))


def _chords(found: "Explanation") -> Iterator[tuple[str, ...]]:
    """A row for each chord, with the key where it changes."""
    key = None
    cadences = {cadence.frame: cadence for cadence in found.phrase_cadences}
    for harmony in found.harmonies:
        remarks = [f"{note.voice.label}: {note.kind}" for note in harmony.ornaments]
        cadence = cadences.get(harmony.start)
        if cadence is not None:
            remarks.insert(0, _cadence(cadence))
        yield (
            _place(found, harmony.start),
            str(harmony.key) if harmony.key != key else "",
            harmony.text,
            harmony.chord,
            "; ".join(remarks),
        )
        key = harmony.key


def _cadence(cadence: "PhraseCadence") -> str:
    return "no cadence" if cadence.kind == "none" else f"{cadence.kind} cadence"


def _cadences(found: "Explanation") -> Iterator[tuple[str, ...]]:
    for cadence in found.phrase_cadences:
        chords = " - ".join(harmony.text for harmony in cadence.chords)
        yield _place(found, cadence.frame), str(cadence.key), cadence.kind, chords


def _faults(found: "Explanation") -> Iterator[tuple[str, ...]]:
    from bachbot.chorale.place import place_text

    for fault in found.faults:
        voices = ", ".join(voice.label for voice in fault.voices)
        yield place_text(fault.bar, fault.beat), fault.rule, voices


def _summary(found: "Explanation", title: str) -> str:
    chorale = found.chorale
    cadences = _by_kind([cadence.kind for cadence in found.phrase_cadences])
    faults = _by_kind([fault.rule for fault in found.faults])
    return (
        f"{title}: {chorale.key}, {chorale.meter}, {_count(found.bars, 'bar')}, "
        f"{_count(len(found.harmonies), 'chord')}; {_count(len(found.phrase_cadences), 'phrase')}"
        f"{cadences}; {_count(len(found.faults), 'fault')}{faults}"
    )


def _count(count: int, thing: str) -> str:
    return f"{count or 'no'} {thing}{'' if count == 1 else 's'}"


def _by_kind(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f" ({', '.join(counted(name, count) for name, count in Counter(names).most_common())})"


def counted(name: str, count: int) -> str:
    """How many there are of a kind of fault or cadence, in words.

    Parameters
    ----------
    name : str
        The name of a rule or the kind of a cadence.
    count : int
        1 or more.
    """
    one, several = _COUNTED.get(name, (name, name))
    return f"{count} {one if count == 1 else several}"
