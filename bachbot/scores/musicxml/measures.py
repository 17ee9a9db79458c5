"""Measures of MusicXML as timelines, and replacement of the notes of a voice in them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import lcm
from xml.etree.ElementTree import Element, SubElement, indent

from bachbot.chorale import FRAMES_PER_QUARTER, Voice
from bachbot.scores.musicxml.complete import belongs_to_line
from bachbot.scores.musicxml.notes import (
    Accidentals,
    GridBar,
    GridNote,
    add_accidental,
    bar_notes,
    insert_child,
)
from bachbot.scores.pitch import ACCIDENTALS, spelled_pitch
from bachbot.scores.readers.document import Document, Line
from bachbot.scores.readers.part_reader import plain_number, transposition

_UNTIMED = ("barline", "print")
"""Elements whose position in time does not matter."""


@dataclass
class PartAttributes:
    """Attributes in force at some point of a part.

    Parameters
    ----------
    divisions : Fraction
        Units of duration per quarter note.
    chromatic, shift : int
        Transposition from written to sounding pitch: semitones, and steps on the line of fifths.
    fifths : dict
        Written key signature by staff; `None` is for staves without their own.
    """

    divisions: Fraction = Fraction(1)
    chromatic: int = 0
    shift: int = 0
    fifths: dict[str | None, int] = field(default_factory=dict)

    def update(self, attributes: Element) -> None:
        """Apply an ``attributes`` element."""
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
        """Return the key signature of a staff."""
        return self.fifths.get(staff, self.fifths.get(None, 0))


@dataclass
class TimedElement:
    """An element of a measure with its time.

    Parameters
    ----------
    elements : list of Element
        The element, or all notes of a chord.
    start, length : Fraction
        In quarter notes from the beginning of the measure; only notes have a length.
    divisions : Fraction
        Divisions in which its durations are counted.
    """

    elements: list[Element]
    start: Fraction
    length: Fraction
    divisions: Fraction

    @property
    def first(self) -> Element:
        """Return the element, or the first note of a chord."""
        return self.elements[0]

    @property
    def is_note(self) -> bool:
        """Return whether this is a note, rest or chord."""
        return self.first.tag == "note"


def read_timeline(measure: Element, divisions: Fraction) -> list[TimedElement]:
    """Read a measure in file order, without ``forward`` and ``backup``.

    Parameters
    ----------
    measure : Element
        A ``measure``.
    divisions : Fraction
        Divisions in force at its beginning.
    """
    items: list[TimedElement] = []
    chord: TimedElement | None = None  # the last note, which others may form a chord with
    position = Fraction(0)
    for element in measure:
        if element.tag == "attributes":
            chord = None
            divisions = plain_number(element.findtext("divisions")) or divisions
        length = (plain_number(element.findtext("duration")) or Fraction(0)) / divisions
        if element.tag == "backup":
            position = max(Fraction(0), position - length)
        elif element.tag == "forward":
            position += length
        elif element.tag != "note":
            items.append(TimedElement([element], position, Fraction(0), divisions))
        elif element.find("chord") is not None and chord is not None:
            chord.elements.append(element)
        else:
            chord = TimedElement([element], position, length, divisions)
            items.append(chord)
            position += length
    return items


def write_timeline(measure: Element, items: Sequence[TimedElement], divisions: Fraction) -> None:
    """Replace the content of a measure, with ``forward`` and ``backup`` as needed.

    If the part's divisions are too coarse for a note, the measure gets finer ones and restores the
    old ones at its end.

    Parameters
    ----------
    measure : Element
        Its content is replaced.
    items : sequence of TimedElement
        In file order.
    divisions : Fraction
        Divisions in force at its beginning.
    """
    first_note = next((i for i, item in enumerate(items) if item.is_note), len(items))
    changes = [
        (index, item.first)
        for index, item in enumerate(items)
        if item.first.tag == "attributes" and item.first.find("divisions") is not None
    ]
    after = divisions
    if changes:
        after = plain_number(changes[-1][1].findtext("divisions")) or divisions
    unchanged = all(index < first_note for index, _ in changes)
    unit = after
    if not (unchanged and all(_fits_divisions(item, after) for item in items)):
        used = {divisions, after, *(item.divisions for item in items)}
        unit = Fraction(lcm(FRAMES_PER_QUARTER, *(d.numerator for d in used)))
        items = _change_divisions(items, unit, after)
    measure[:] = list(_in_sequence(items, unit))


def _fits_divisions(item: TimedElement, unit: Fraction) -> bool:
    """Return whether the times of an item are whole numbers of a unit."""
    if not item.is_note:
        return True
    return (item.start * unit).denominator == 1 == (item.length * unit).denominator


def _change_divisions(
    items: Sequence[TimedElement], unit: Fraction, after: Fraction
) -> list[TimedElement]:
    """Set the divisions of a measure, and those of the measures after it."""
    out = []
    for item in items:
        divisions = item.first.find("divisions")
        if item.first.tag == "attributes" and divisions is not None:
            item.first.remove(divisions)
        if item.first.tag != "attributes" or len(item.first):
            out.append(item)
    head = next((i for i, item in enumerate(out) if item.first.tag not in _UNTIMED), 0)
    if not (out and out[head].first.tag == "attributes"):
        out.insert(head, _attributes(Fraction(0), unit))
    first = Element("divisions")
    first.text = _format_number(unit)
    out[head].first.insert(0, first)
    if unit != after:
        end = next((item.start + item.length for item in reversed(out) if item.is_note), 0)
        out.append(_attributes(Fraction(end), unit))
        SubElement(out[-1].first, "divisions").text = _format_number(after)
    return out


def _attributes(start: Fraction, unit: Fraction) -> TimedElement:
    return TimedElement([Element("attributes")], start, Fraction(0), unit)


def _in_sequence(items: Sequence[TimedElement], unit: Fraction) -> Iterator[Element]:
    position = Fraction(0)
    for item in items:
        gap = item.start - position
        if gap and item.first.tag not in _UNTIMED:
            skip = Element("forward" if gap > 0 else "backup")
            SubElement(skip, "duration").text = _format_number(abs(gap) * unit)
            yield skip
            position = item.start
        for element in item.elements:
            for child in element:
                if child.tag in ("duration", "offset") and item.divisions != unit:
                    count = plain_number(child.text) or Fraction(0)
                    child.text = _format_number(count / item.divisions * unit)
            yield element
        position += item.length


def _format_number(number: Fraction) -> str:
    return str(number) if number.denominator == 1 else f"{float(number):.6f}"


_OFFSET_AFTER = ("direction-type",)


@dataclass(frozen=True)
class VoiceNotation:
    """How a score notates a voice.

    Parameters
    ----------
    line : Line
        Part, staff and voices that it is written in.
    staff : bool
        Whether its notes have a ``staff`` element.
    stem : str or None
        Direction of its stems, if it shares a staff.
    fermata : str or None
        Type of its fermatas; None if the other voice of the staff shows them.
    """

    line: Line
    staff: bool = False
    stem: str | None = None
    fermata: str | None = "upright"

    @classmethod
    def of(cls, document: Document, line: Line, voice: Voice) -> "VoiceNotation":
        """Return how a score notates a voice.

        Of two voices on a staff the upper has stems up and the lower down, and the soprano or bass
        shows the fermatas of both.
        """
        staff = document.part(line.part).find("measure/note/staff") is not None
        sharing = [other for other in document.lines_of(line.part) if other.staff == line.staff]
        if len(sharing) < 2:
            return cls(_with_rests(document, line), staff)
        upper = sharing[0] is line
        outer = voice in (Voice.SOPRANO, Voice.BASS)
        kind = "upright" if upper else "inverted"
        return cls(line, staff, "up" if upper else "down", kind if outer else None)

    def adapt(self, note: Element, replaced: Element | None) -> Element:
        """Notate a new note like the others of its voice; `replaced` is a note that it replaces."""
        voice = note.find("voice")
        if voice is not None:
            old = None if replaced is None else replaced.findtext("voice")
            voice.text = (old or min(self.line.voices, default="1")).strip()
        instrument = None if replaced is None else replaced.find("instrument")
        if instrument is not None:
            insert_child(note, deepcopy(instrument))
        if self.stem and note.find("pitch") is not None:
            insert_child(note, _element("stem", self.stem))
        if self.staff:
            insert_child(note, _element("staff", self.line.staff))
        for notations in note.findall("notations"):
            for fermata in notations.findall("fermata"):
                if self.fermata:
                    fermata.set("type", self.fermata)
                else:
                    notations.remove(fermata)
            if not len(notations):
                note.remove(notations)
        return note


def _with_rests(document: Document, line: Line) -> Line:
    """Return the line with the voices of its staff that have only rests."""
    sounding: dict[str, bool] = {}
    for note in document.part(line.part).iterfind("measure/note"):
        if (note.findtext("staff") or "1").strip() == line.staff:
            voice = (note.findtext("voice") or "1").strip()
            sounding[voice] = sounding.get(voice, False) or note.find("rest") is None
    silent = {voice for voice, sounds in sounding.items() if not sounds}
    return replace(line, voices=line.voices | silent)


def _element(tag: str, text: str) -> Element:
    element = Element(tag)
    element.text = text
    return element


def replace_notes(
    measure: Element,
    current: PartAttributes,
    bar: GridBar,
    voices: Iterable[tuple[VoiceNotation, Sequence[GridNote]]],
) -> None:
    """Replace the notes of some lines of a measure, in place.

    Everything else keeps its time: other lines, attributes, bar lines, layout and directions. A
    direction within a new note is written before the next note with an offset.

    Parameters
    ----------
    measure : Element
        The measure.
    current : PartAttributes
        Attributes in force at its beginning.
    bar : GridBar
        The measure on the grid; it has a whole number of frames.
    voices : iterable of (VoiceNotation, sequence of GridNote)
        Lines of the part to write, and all their notes in the piece.
    """
    written: list[Element] = []
    staves: dict[str, None] = {}
    for notation, notes in voices:
        items = read_timeline(measure, current.divisions)
        at_note = _attributes_at_first_note(items, current)
        own = [
            i
            for i, item in enumerate(items)
            if item.is_note and belongs_to_line(item.first, notation.line)
        ]
        replaced = items[own[0]].first if own else None
        block = [
            TimedElement(
                [notation.adapt(note, replaced)],
                Fraction(start, FRAMES_PER_QUARTER),
                Fraction(length, FRAMES_PER_QUARTER),
                Fraction(FRAMES_PER_QUARTER),
            )
            for start, length, note in bar_notes(_at_written_pitch(notes, at_note), bar)
        ]
        write_timeline(measure, _replace_items(items, own, block), current.divisions)
        written += [item.first for item in block]
        staves[notation.line.staff] = None
    for staff in staves:
        _add_accidentals(measure, current, staff)
    indent(measure, " ", level=2)


def _attributes_at_first_note(
    items: Sequence[TimedElement], current: PartAttributes
) -> PartAttributes:
    """Return the attributes in force at the first note of a measure."""
    at_note = replace(current, fifths=dict(current.fifths))
    for item in items:
        if item.is_note:
            break
        if item.first.tag == "attributes":
            at_note.update(item.first)
    return at_note


def _at_written_pitch(notes: Sequence[GridNote], current: PartAttributes) -> Sequence[GridNote]:
    """Return notes at written pitch, for a transposing part."""
    if not (current.chromatic or current.shift):
        return notes
    return [n if n.name is None else _transposed(n.pitch, n.name, n, current) for n in notes]


def _transposed(pitch: int, name: int, note: GridNote, current: PartAttributes) -> GridNote:
    pitch, name = pitch - current.chromatic, name - current.shift
    # Twelve fifths are the same pitch: at most a double accidental.
    while spelled_pitch(pitch, name)[1] > max(ACCIDENTALS):
        name -= 12
    while spelled_pitch(pitch, name)[1] < min(ACCIDENTALS):
        name += 12
    return replace(note, pitch=pitch, name=name)


def _replace_items(
    items: list[TimedElement], own: Sequence[int], block: list[TimedElement]
) -> list[TimedElement]:
    """Put a block of notes in place of the old ones; elements between those go between the new."""
    if not own:
        end = len(items)
        while end and is_right_barline(items[end - 1].first):
            end -= 1
        return [*items[:end], *block, *items[end:]]
    first, last = own[0], own[-1]
    among = [items[i] for i in range(first, last) if i not in own]
    return [
        *items[:first],
        *_merge(block, [item for item in among if not item.is_note]),
        *(item for item in among if item.is_note),
        *items[last + 1 :],
    ]


def is_right_barline(element: Element) -> bool:
    """Return whether an element is the bar line at the end of a measure."""
    return element.tag == "barline" and element.get("location", "right") == "right"


def _merge(block: Sequence[TimedElement], among: Collection[TimedElement]) -> list[TimedElement]:
    out: list[TimedElement] = []
    waiting = sorted(among, key=lambda item: item.start)
    for note in block:
        while waiting and waiting[0].start <= note.start:
            out.append(_move(waiting.pop(0), note.start))
        out.append(note)
    end = block[-1].start + block[-1].length
    return [*out, *(_move(item, end) for item in waiting)]


def _move(item: TimedElement, start: Fraction) -> TimedElement:
    """Move an element in the file, with an offset for its time if it can have one."""
    early = item.start - start
    if early and item.first.tag in ("direction", "sound"):
        offset = item.first.find("offset")
        if offset is None:
            offset = Element("offset")
            after = sum(child.tag in _OFFSET_AFTER for child in item.first)
            item.first.insert(after if item.first.tag == "direction" else len(item.first), offset)
        count = (plain_number(offset.text) or Fraction(0)) / item.divisions + early
        # In divisions that can express it exactly; `write_timeline` converts them.
        divisions = item.divisions * count.denominator
        offset.text = str(int(count * divisions))
        item = replace(item, divisions=divisions)
    return replace(item, start=start)


def _add_accidentals(measure: Element, current: PartAttributes, staff: str) -> None:
    """Add the accidentals that the notes of a staff need and do not have."""
    here = replace(current, fifths=dict(current.fifths))
    accidentals = Accidentals(here.signature(staff))
    for item in sorted(read_timeline(measure, current.divisions), key=lambda item: item.start):
        if item.first.tag == "attributes" and item.first.find("key") is not None:
            here.update(item.first)
            accidentals = Accidentals(here.signature(staff))
        for note in item.elements if item.is_note else ():
            if (note.findtext("staff") or "1").strip() == staff:
                add_accidental(note, accidentals)
