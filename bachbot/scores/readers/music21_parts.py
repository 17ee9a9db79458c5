"""Parts of a music21 score, read into notes and bars."""

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from bachbot.errors import ScoreError
from bachbot.scores.grid import Bar, LineNote

if TYPE_CHECKING:
    from music21.stream import Part


def read_parts(parts: "Sequence[Part]") -> tuple[list[list[LineNote]], list[Bar]]:
    """Read the notes and bars of music21 parts.

    Positions are offsets, never bar numbers. Of a chord, and of two voices in one part, the upper
    note is kept.

    Parameters
    ----------
    parts : sequence of music21.stream.Part
        n parts with measures, at sounding pitch.

    Returns
    -------
    lines : list of n lists of LineNote
        The notes of each part.
    bars : list of Bar
        The bars of the first part.

    Raises
    ------
    ScoreError
        If a part has no measures.
    """
    lines = [_line_of(part) for part in parts]
    end = max([n.start + n.length for line in lines for n in line], default=Fraction(0))
    return lines, _bars_of(parts[0], end)


def _measures(part: "Part") -> list:
    found = [e for e in part.elements if "Measure" in e.classes]
    if not found:
        raise ScoreError(f"part {part.partName or part.id!r} has no bars: give a score with bars")
    return found


def _bars_of(part: "Part", end: Fraction) -> list[Bar]:
    """Bars of a part; the last one ends at `end` or with its own last note."""
    measures = _measures(part)
    starts = [Fraction(part.elementOffset(m)) for m in measures]
    starts.append(max(end, starts[-1] + Fraction(measures[-1].highestTime)))
    bars, beats, unit = [], 4, 4
    for measure, start, stop in zip(measures, starts, starts[1:], strict=False):
        for element in measure.elements:
            if "TimeSignature" in element.classes:
                beats, unit = element.numerator, element.denominator
                break
        if stop > start:
            bars.append(Bar(start, stop - start, beats, unit))
    return bars


def _line_of(part: "Part") -> list[LineNote]:
    notes: list[LineNote] = []
    for measure in _measures(part):
        offset = Fraction(part.elementOffset(measure))
        for element in measure.elements:
            if "Voice" in element.classes:
                inner = offset + Fraction(measure.elementOffset(element))
                for note in element.elements:
                    _append_note(notes, note, inner + Fraction(element.elementOffset(note)))
            else:
                _append_note(notes, element, offset + Fraction(measure.elementOffset(element)))
    return notes


def _append_note(notes: list[LineNote], element: object, start: Fraction) -> None:
    """Append a music21 note, or the top note of a chord; ignore everything else."""
    classes = element.classes  # type: ignore[attr-defined]
    if "Note" in classes:
        top = element
    elif "Chord" in classes and "Harmony" not in classes:
        top = max(element.notes, key=lambda n: n.pitch.ps)  # type: ignore[attr-defined]
    else:
        return
    length = Fraction(element.quarterLength)  # type: ignore[attr-defined]
    if length == 0:  # a grace note
        return
    tie = top.tie  # type: ignore[attr-defined]
    notes.append(
        LineNote(
            start=start,
            length=length,
            pitch=top.pitch.midi,  # type: ignore[attr-defined]
            tied=tie is not None and tie.type in ("stop", "continue"),
            fermata=any("Fermata" in e.classes for e in element.expressions),  # type: ignore[attr-defined]
        )
    )
