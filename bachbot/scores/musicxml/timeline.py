"""The elements of a bar of MusicXML, each at its time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import FRAMES_PER_QUARTER
from bachbot.scores.readers.document import plain_number, transposition

_UNMOVED = ("barline", "print")
"""They stand where they are written, whatever time it is there."""


@dataclass
class Terms:
    """In what terms a part writes, where one has got to in it.

    Parameters
    ----------
    divisions : Fraction
        Units of duration in a quarter note.
    chromatic, shift : int
        How much higher than written it sounds: semitones, and places on the line of fifths.
    fifths : dict
        Key signature of each staff, as written; that of `None` is for staves without their own.
    """

    divisions: Fraction = Fraction(1)
    chromatic: int = 0
    shift: int = 0
    fifths: dict[str | None, int] = field(default_factory=dict)

    def read(self, attributes: Element) -> None:
        """Take note of what changes."""
        self.divisions = plain_number(attributes.findtext("divisions")) or self.divisions
        transpose = attributes.find("transpose")
        if transpose is not None:
            self.chromatic, self.shift = transposition(transpose)
        for key in attributes.findall("key"):
            fifths = plain_number(key.findtext("fifths"))
            if fifths is not None:
                if key.get("number") is None:
                    self.fifths.clear()
                self.fifths[key.get("number")] = int(fifths)

    def signature(self, staff: str) -> int:
        """Key signature of a staff."""
        return self.fifths.get(staff, self.fifths.get(None, 0))


@dataclass
class Timed:
    """An element of a bar, at its time.

    Parameters
    ----------
    elements : list of Element
        The element; of a chord all its notes.
    start, length : Fraction
        In quarter notes from the beginning of the bar; only notes have a length.
    divisions : Fraction
        What its durations are counted in.
    """

    elements: list[Element]
    start: Fraction
    length: Fraction
    divisions: Fraction

    @property
    def first(self) -> Element:
        """The element, the first note of a chord."""
        return self.elements[0]

    @property
    def is_note(self) -> bool:
        """Whether it is a note, rest or chord."""
        return self.first.tag == "note"


def timeline(measure: Element, divisions: Fraction) -> list[Timed]:
    """Read a bar, in the order of the file; skips forth and back are left out.

    Parameters
    ----------
    measure : Element
        A ``measure``.
    divisions : Fraction
        Divisions in force where it begins.
    """
    items: list[Timed] = []
    position = Fraction(0)
    for element in measure:
        if element.tag == "attributes":
            divisions = plain_number(element.findtext("divisions")) or divisions
        length = (plain_number(element.findtext("duration")) or Fraction(0)) / divisions
        if element.tag == "backup":
            position = max(Fraction(0), position - length)
        elif element.tag == "forward":
            position += length
        elif element.tag != "note":
            items.append(Timed([element], position, Fraction(0), divisions))
        elif element.find("chord") is not None and items and items[-1].is_note:
            items[-1].elements.append(element)
        else:
            items.append(Timed([element], position, length, divisions))
            position += length
    return items


def set_timeline(measure: Element, items: Sequence[Timed], divisions: Fraction) -> None:
    """Write a bar anew, with the skips that its elements need.

    Where the part's divisions are too coarse for a note the bar has finer ones of its own, and
    leaves those that it found to the next.

    Parameters
    ----------
    measure : Element
        Its content is replaced.
    items : sequence of Timed
        In the order of the file.
    divisions : Fraction
        Divisions in force where it begins.
    """
    opening = next((i for i, item in enumerate(items) if item.is_note), len(items))
    changes = [
        (index, item.first)
        for index, item in enumerate(items)
        if item.first.tag == "attributes" and item.first.find("divisions") is not None
    ]
    after = divisions
    if changes:
        after = plain_number(changes[-1][1].findtext("divisions")) or divisions
    settled = all(index < opening for index, _ in changes)
    unit = after
    if not (settled and all(_counts(item, after) for item in items)):
        used = {divisions, after, *(item.divisions for item in items)}
        unit = Fraction(lcm(FRAMES_PER_QUARTER, *(d.numerator for d in used)))
        items = _redivided(items, unit, after)
    measure[:] = list(_in_sequence(items, unit))


def _counts(item: Timed, unit: Fraction) -> bool:
    """Whether a bar of one unit throughout can hold an item."""
    if not item.is_note:
        return True
    return (item.start * unit).denominator == 1 == (item.length * unit).denominator


def _redivided(items: Sequence[Timed], unit: Fraction, after: Fraction) -> list[Timed]:
    """Set one unit for the bar, and another for what comes after it."""
    out = []
    for item in items:
        divisions = item.first.find("divisions")
        if item.first.tag == "attributes" and divisions is not None:
            item.first.remove(divisions)
        if item.first.tag != "attributes" or len(item.first):
            out.append(item)
    head = next((i for i, item in enumerate(out) if item.first.tag not in _UNMOVED), 0)
    if not (out and out[head].first.tag == "attributes"):
        out.insert(head, _attributes(Fraction(0), unit))
    first = Element("divisions")
    first.text = _plain(unit)
    out[head].first.insert(0, first)
    if unit != after:
        end = next((item.start + item.length for item in reversed(out) if item.is_note), 0)
        out.append(_attributes(Fraction(end), unit))
        SubElement(out[-1].first, "divisions").text = _plain(after)
    return out


def _attributes(start: Fraction, unit: Fraction) -> Timed:
    return Timed([Element("attributes")], start, Fraction(0), unit)


def _in_sequence(items: Sequence[Timed], unit: Fraction) -> Iterator[Element]:
    position = Fraction(0)
    for item in items:
        gap = item.start - position
        if gap and item.first.tag not in _UNMOVED:
            skip = Element("forward" if gap > 0 else "backup")
            SubElement(skip, "duration").text = _plain(abs(gap) * unit)
            yield skip
            position = item.start
        for element in item.elements:
            for child in element:
                if child.tag in ("duration", "offset") and item.divisions != unit:
                    count = plain_number(child.text) or Fraction(0)
                    child.text = _plain(count / item.divisions * unit)
            yield element
        position += item.length


def _plain(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):.6f}"
