"""Parts of the user's own score, as they came."""

from collections.abc import Iterator
from copy import deepcopy
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import Voice
from bachbot.scores.musicxml.parts import clef
from bachbot.scores.readers.document import Document, Line

HARMONY = ("harmony", "figured-bass")
"""Chord symbols, which belong to the harmony that they were written for."""

_LEFT_OUT = (*HARMONY, "print", "listening", "grouping", "link", "bookmark")
"""Layout was made for another page, chord symbols for another harmony."""


def copy_part(document: Document, line: Line) -> Element:
    """Copy the part of a line, without what belongs to other lines, the page or the harmony.

    Every note, tie, fermata, lyric, slur, grace note, tuplet, direction, bar line, repeat and
    signature stays as it is.
    """
    part = deepcopy(document.part(line.part))
    alone = len(document.lines_of(line.part)) == 1
    for measure in part.findall("measure"):
        measure.attrib.pop("width", None)
        kept = [element for element in measure if element.tag not in _LEFT_OUT]
        measure[:] = kept if alone else list(_of_line(kept, line))
        for note in measure.iter("note"):
            # It names an instrument of the part list that is not copied.
            for instrument in note.findall("instrument"):
                note.remove(instrument)
    return part


def has_chord_symbols(part: Element) -> bool:
    """Tell whether a part has chord symbols or a figured bass, which `copy_part` leaves out."""
    return any(measure.find(tag) is not None for measure in part for tag in HARMONY)


def _of_line(elements: list[Element], line: Line) -> Iterator[Element]:
    """The elements of one line of a measure, in order of time, with gaps as skips."""
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
    """Tell whether a note of the line's part is of the line."""
    staff = (note.findtext("staff") or "1").strip()
    voice = (note.findtext("voice") or "1").strip()
    return staff == line.staff and voice in line.voices


def _skip(duration: Fraction) -> Element:
    forward = Element("forward")
    SubElement(forward, "duration").text = f"{float(duration):g}"
    return forward


def transpose_octaves(part: Element, line: Line, octaves: int, voice: Voice) -> None:
    """Move a line of a part by octaves, in place, and give it the clef of its voice."""
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
