"""Parts copied from the user's score."""

from collections.abc import Iterator
from copy import deepcopy
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import Voice
from bachbot.scores.musicxml.parts import clef
from bachbot.scores.readers.document import Document, Line

HARMONY = ("harmony", "figured-bass")
"""Chord symbols and figured bass, which do not fit a new harmony."""

_LEFT_OUT = (*HARMONY, "print", "listening", "grouping", "link", "bookmark")
"""Elements that are not copied: page layout and harmony."""


def copy_part(document: Document, line: Line) -> Element:
    """Copy the part of a line without other lines, page layout and harmony.

    Every note, tie, fermata, lyric, slur, grace note, tuplet, direction, bar line, repeat and
    signature is kept as it is.
    """
    part = deepcopy(document.part(line.part))
    alone = len(document.lines_of(line.part)) == 1
    for measure in part.findall("measure"):
        measure.attrib.pop("width", None)
        kept = [element for element in measure if element.tag not in _LEFT_OUT]
        measure[:] = kept if alone else list(_of_line(kept, line))
        for note in measure.iter("note"):
            # It refers to the part list, which is not copied.
            for instrument in note.findall("instrument"):
                note.remove(instrument)
    return part


def has_chord_symbols(part: Element) -> bool:
    """Return whether a part has chord symbols or figured bass, which `copy_part` omits."""
    return any(measure.find(tag) is not None for measure in part for tag in HARMONY)


def _of_line(elements: list[Element], line: Line) -> Iterator[Element]:
    """Yield the elements of one line of a measure in order of time, with ``forward`` for gaps."""
    position = reached = last = Fraction(0)
    for element in elements:
        duration = Fraction((element.findtext("duration") or "0").strip())
        if element.tag == "backup":
            position -= duration
        elif element.tag == "forward":
            position += duration
        elif element.tag == "note":
            chord = element.find("chord") is not None
            grace = element.find("grace") is not None
            start = last if chord else position
            if not (chord or grace):
                last, position = position, position + duration
            if belongs_to_line(element, line):
                if start > reached:
                    yield _skip(start - reached)
                for staff in element.findall("staff"):
                    element.remove(staff)
                reached = max(reached, start + (0 if grace else duration))
                yield element
        elif element.tag == "attributes":
            for child in list(element):
                number = child.get("number", line.staff)
                if child.tag == "staves" or number != line.staff:
                    element.remove(child)
                child.attrib.pop("number", None)
            yield element
        elif (element.findtext("staff") or line.staff).strip() == line.staff:
            for staff in element.findall("staff"):
                element.remove(staff)
            yield element


def belongs_to_line(note: Element, line: Line) -> bool:
    """Return whether a note of the line's part belongs to the line."""
    staff = (note.findtext("staff") or "1").strip()
    voice = (note.findtext("voice") or "1").strip()
    return staff == line.staff and voice in line.voices


def _skip(duration: Fraction) -> Element:
    forward = Element("forward")
    SubElement(forward, "duration").text = f"{float(duration):g}"
    return forward


def transpose_octaves(part: Element, line: Line, octaves: int, voice: Voice) -> None:
    """Transpose a line of a part by octaves, in place, and set the clef of its voice."""
    for note in part.iter("note"):
        octave = note.find("pitch/octave")
        if octave is not None and belongs_to_line(note, line):
            octave.text = str(int(Fraction((octave.text or "").strip())) + octaves)
    for attributes in part.iter("attributes"):
        for index, element in enumerate(list(attributes)):
            if element.tag == "clef" and element.get("number", "1") == line.staff:
                standard = clef(voice)
                standard.attrib.update(element.attrib)
                attributes[index] = standard
