"""A MusicXML tree, read into bars and lines.

Every score is kept as MusicXML: the user's own stays as it is, and other formats are converted
first. This reader spares the usual path the import of music21 (a third of a second), and lets
the given parts be written back element by element.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from math import floor
from typing import Protocol
from xml.etree.ElementTree import Element

from bachbot.chorale.place import beat_text
from bachbot.errors import ScoreError
from bachbot.scores.grid import Bar, LineNote, bar_offsets
from bachbot.scores.performance import Passage
from bachbot.scores.readers.budget import Budget
from bachbot.scores.readers.part_reader import PartContent, read_part
from bachbot.scores.readers.staff_lines import Staff, Strand, staves_of
from bachbot.scores.readers.tempo_marks import tempo_passages

_METER = 4, 4
"""Time signature of a score that has none."""


class Place(Protocol):
    """Where a line is: its part, its staff there, and its voices on the staff."""

    @property
    def part(self) -> int:
        """Index of the part in the tree."""

    @property
    def staff(self) -> str:
        """Staff within the part."""

    @property
    def voices(self) -> frozenset[str]:
        """Voices of the part that form the line."""


@dataclass(frozen=True)
class Line:
    """One voice as it is written in a part.

    Parameters
    ----------
    part : int
        Index of the part in the tree.
    staff : str
        Staff within the part.
    voices : frozenset of str
        Voices of the part that form the line.
    notes : tuple of LineNote
        In order, at sounding pitch; of a chord the top note.
    names : tuple of int
        Name of each note: position on the line of fifths (C 0, G 1, F -1).
    """

    part: int
    staff: str
    voices: frozenset[str]
    notes: tuple[LineNote, ...]
    names: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """A key signature: start in quarter notes, sharps or minus flats, and the mode if written."""

    start: Fraction
    fifths: int
    mode: str | None = None


@dataclass(frozen=True, eq=False)
class Document:
    """A score as MusicXML, with its bars and lines.

    Parameters
    ----------
    root : Element
        The ``score-partwise`` tree. It is never changed; changes are made to copies.
    bars : tuple of Bar
        As long as the lines that are used.
    names : tuple of str
        Name of each part.
    signatures : tuple of Signature
        Key signatures of the first part used that has any, at concert pitch.
    contents : tuple of PartContent
        The parts that were read.
    staves : tuple of Staff
        Their staves that have notes, from the top of the page down.
    """

    root: Element
    bars: tuple[Bar, ...]
    names: tuple[str, ...]
    signatures: tuple[Signature, ...]
    contents: tuple[PartContent, ...]
    staves: tuple[Staff, ...]

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines of the parts that are used, from the top of the page down."""
        ticks = {content.index: content.ticks for content in self.contents}
        return tuple(
            _line(staff, strand, ticks[staff.part], self.bars)
            for staff in self.staves
            for strand in staff.strands
        )

    @cached_property
    def tempos(self) -> tuple[Passage, ...]:
        """The tempos of the page, in order of time; empty if it has no tempo mark."""
        return tempo_passages(self.root, self.bars)

    def part(self, index: int) -> Element:
        """The tree of a part."""
        return self.root.findall("part")[index]

    def lines_of(self, part: int) -> tuple[Line, ...]:
        """The lines of a part, from the top down."""
        return tuple(line for line in self.lines if line.part == part)

    def where(self, bar: int, offset: Fraction) -> str:
        """Bar and beat in words, by the printed numbers: `bachbot.chorale.place` has the rule."""
        measures = self.part(self.contents[0].index).findall("measure")
        numbers = [(measure.get("number") or "")[:9] for measure in measures[: bar + 1]]
        # The second part of a split bar has no number of its own.
        number = next((n for n in reversed(numbers) if n[:1].isdigit()), str(bar + 1))
        here = self.bars[bar]
        offset += bar_offsets(self.bars[: bar + 2])[bar]
        return f"bar {number}, beat {beat_text(1 + offset / here.beat)}"


def read_document(
    root: Element, places: Iterable[Place] | None = None, before: Document | None = None
) -> Document:
    """Read the bars and lines of a ``score-partwise`` tree.

    Parameters
    ----------
    root : Element
        The tree.
    places : iterable of Place, optional
        The lines that are used. No other part is read, and bars are as long as these lines; other
        voices of their parts fill a bar up to its time signature at most. Default: all parts.
    before : Document, optional
        A reading of a tree that shares parts with this one: those are not read again.

    Raises
    ------
    ScoreError
        If a part that is used is too long or a note of it has no pitch or duration, or if no part
        has bars.
    """
    parts = root.findall("part")
    used = None if places is None else list(places)
    known = {}
    if before is not None:
        shared = before.root.findall("part")
        known = {id(shared[c.index]): c for c in before.contents if c.error is None}
    budget = Budget()
    contents = [
        known.get(id(part)) or read_part(index, part, budget)
        for index, part in enumerate(parts)
        if used is None or any(place.part == index for place in used)
    ]
    sound = [content for content in contents if content.error is None]
    fault = next((content.error for content in contents if content.error is not None), None)
    if fault is not None and (used is not None or not sound):
        raise fault
    if not any(content.lengths for content in sound):
        raise ScoreError("it has no music: give a score with a melody")
    bars = _bars(sound, used)
    signed = next((content for content in sound if content.signatures), sound[0])
    signatures = (
        Signature(bars[bar].start + Fraction(offset, signed.ticks), fifths, mode)
        for bar, offset, fifths, mode in signed.signatures
    )
    return Document(
        root=root,
        bars=tuple(bars),
        names=_names(root, parts),
        signatures=tuple(signatures),
        contents=tuple(contents),
        staves=tuple(staff for content in sound for staff in staves_of(content)),
    )


def _bars(contents: Sequence[PartContent], used: Sequence[Place] | None) -> list[Bar]:
    count = max(len(content.lengths) for content in contents)
    bars: list[Bar] = []
    start = Fraction(0)
    budget = Budget()
    for index in range(count):
        here = [content for content in contents if index < len(content.lengths)]
        meters = (content.meters[index] for content in here)
        beats, unit = next((meter for meter in meters if meter is not None), _METER)
        nominal = Fraction(4 * beats, unit)
        # Finale fills a short last bar with a skip, which does not count.
        last = index == count - 1
        if used is None:
            length = max(Fraction((c.sounded if last else c.lengths)[index], c.ticks) for c in here)
        else:
            length = max(_length(content, used, index, nominal, last=last) for content in here)
        bars.append(Bar(start, length or nominal, beats, unit))  # a bar may have not even a rest
        start += bars[-1].length
        budget.long(start)
    return bars


def _length(
    content: PartContent, used: Sequence[Place], bar: int, nominal: Fraction, *, last: bool
) -> Fraction:
    """Length of a bar in a part of which some lines are used."""
    length = (content.sounded if last else content.lengths)[bar]
    length = min(length, floor(nominal * content.ticks))
    for place in used:
        for voice in place.voices if place.part == content.index else ():
            found = content.voices.get((place.staff, voice))
            if found is not None:
                length = max(length, (found.sounded if last else found.ends).get(bar, 0))
    return Fraction(length, content.ticks)


def _line(staff: Staff, strand: Strand, ticks: int, bars: Sequence[Bar]) -> Line:
    @cache
    def quarters(count: int) -> Fraction:
        return Fraction(count, ticks)

    return Line(
        part=staff.part,
        staff=staff.name,
        voices=frozenset(strand.voices),
        notes=tuple(
            LineNote(
                bars[slot.bar].start + quarters(slot.offset),
                quarters(slot.end - slot.begin),
                slot.notes[0].pitch,
                slot.notes[0].tied,
                slot.fermata,
            )
            for slot in strand.slots
        ),
        names=tuple(slot.notes[0].name for slot in strand.slots),
    )


def _names(root: Element, parts: Sequence[Element]) -> tuple[str, ...]:
    named = {
        entry.get("id"): " ".join((entry.findtext("part-name") or "").split())
        for entry in root.iter("score-part")
    }
    return tuple(named.get(part.get("id"), "") for part in parts)
