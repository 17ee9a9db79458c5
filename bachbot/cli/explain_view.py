"""Tables and lines of ``bachbot explain``: rules, chords, cadences, faults, and two versions."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from bachbot.teaching import Comparison
    from bachbot.theory.cadence import PhraseCadence
    from bachbot.theory.explanation import Explanation, Fault
    from bachbot.theory.rules import RuleSet

WORD, SENTENCE, REASON = 1, 2, 3
"""How much is told of a fault."""


def show_rules(rules: "RuleSet") -> None:
    """Print the rules of a set with their severities, and those that are off."""
    from bachbot.theory.rules import LESSONS

    rows = (
        (name, rules.severities.get(name, "off"), lesson.sentence)
        for name, lesson in LESSONS.items()
    )
    _print(f"Rules: {rules.name}", ("rule", "severity", "what it asks for"), rows)
    if rules.exceptions:
        count = len(rules.exceptions)
        typer.echo(f"{count} exception{'s' * (count > 1)}")
    typer.echo(
        'Give --rules bach, strict, or a TOML file: base = "bach", [severity] "overlap" = '
        '"off", [[exceptions]] rule = "crossing", voices = "tenor,bass", bars = "5-8"'
    )


def show(found: "Explanation", title: str, depth: int) -> None:
    """Print findings, chords, cadences and faults, and a line that sums them up."""
    for finding in found.findings:
        typer.echo(finding)
    if found.findings:
        typer.echo()
    if found.harmonies:
        _print("Chords", ("bar.beat", "key", "numeral", "chord", "remarks"), _chords(found))
    if found.phrase_cadences:
        _print("Cadences", ("bar.beat", "key", "cadence", "chords"), _cadences(found))
    if found.faults:
        told = "notes" if depth >= SENTENCE else "voices"
        headings = ("bar.beat", "rule", "severity", told)
        _print("Faults", headings, fault_rows(found.faults, depth))
        if depth >= REASON:
            _show_reasons(found.faults)
    typer.echo(_summary(found, title))


def _show_reasons(faults: Iterable["Fault"]) -> None:
    """Print once for each rule that is broken what it asks for, why, and an example."""
    from bachbot.theory.rules import LESSONS

    for name in dict.fromkeys(fault.rule for fault in faults):
        lesson = LESSONS[name]
        typer.echo(f"{name}: {lesson.sentence}\n  {lesson.reason}")
        typer.echo(f"  not  {lesson.wrong}\n  but  {lesson.right}\n")


def show_comparison(found: "Comparison", names: tuple[str, str], *, depth: int) -> None:
    """Print two versions bar by bar."""
    first, second = names

    def rows() -> Iterator[tuple[str, ...]]:
        for bar in found.bars:
            chords = [" ".join(side) for side in bar.chords]
            faults = ["; ".join(_short(f, depth) for f in side) for side in bar.faults]
            notes = "; ".join(
                f"{_beat(n.beat)} {n.voice.label} {n.first} / {n.second}" for n in bar.notes
            )
            for name, only in zip(names, bar.only, strict=True):
                notes = f"only in {name}" if only else notes
            yield str(bar.bar), *chords, *faults, notes

    headings = (
        "bar", f"chords: {first}", second, f"faults: {first}", second, "notes that differ",
    )  # fmt: skip
    _print("Bar by bar", headings, rows())
    bars = len(found.differing)
    notes = sum(len(bar.notes) for bar in found.bars)
    counts = [sum(len(bar.faults[side]) for bar in found.bars) for side in (0, 1)]
    if not bars:
        typer.echo(f"{first} and {second} have the same notes")
        return
    typer.echo(
        f"{_count(notes, 'note')} differ{'s' * (notes == 1)} in {_count(bars, 'bar')}; "
        f"{first} has {_count(counts[0], 'fault')}, {second} {_count(counts[1], 'fault')}"
    )


def _short(fault: "Fault", depth: int) -> str:
    told = f" ({fault.sentence})" if depth >= SENTENCE else ""
    return f"{_beat(fault.beat)} {fault.rule}{told}"


def fault_rows(faults: Iterable["Fault"], depth: int) -> Iterator[tuple[str, ...]]:
    """A row for each fault: its place, rule, severity, and its notes or its voices."""
    from bachbot.chorale.place import place_text

    for fault in faults:
        voices = ", ".join(voice.label for voice in fault.sounding)
        told = fault.sentence if depth >= SENTENCE else voices
        yield place_text(fault.bar, fault.beat), fault.rule, fault.severity, told


def _print(title: str, headings: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    from bachbot.cli.show import print_table
    from bachbot.tables import Cell, Column, Table

    columns = [Column(name, align="left") for name in headings]
    print_table(Table(title, columns, [[Cell(text) for text in row] for row in rows]))


def _beat(beat: object) -> str:
    from bachbot.chorale.place import beat_text

    return beat_text(beat)  # type: ignore[arg-type]


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
    from bachbot.theory.rules import counted as faults

    return f"{count} without a cadence" if name == "none" else faults(name, count)
