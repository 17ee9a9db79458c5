"""Measures of MusicXML as timelines, and new notes written into them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import lcm
from xml.etree.ElementTree import Element, SubElement, indent

from bachbot.chorale import FRAMES_PER_QUARTER, Voice
from bachbot.scores.musicxml.copied_parts import belongs_to_line
from bachbot.scores.musicxml.notes import (
    Accidentals,
    GridBar,
    GridNote,
    add_accidental,
    bar_notes,
    insert_child,
)
from bachbot.scores.pitch import ACCIDENTALS, spelled_pitch
from bachbot.scores.readers.document import Document, Line, plain_number, transposition

_UNMOVED = ("barline", "print")
"""They stand where they are written, whatever time it is there."""


@dataclass
class PartAttributes:
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
class TimedElement:
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


def read_timeline(measure: Element, divisions: Fraction) -> list[TimedElement]:
    """Read a bar, in the order of the file; skips forth and back are left out.

    Parameters
    ----------
    measure : Element
        A ``measure``.
    divisions : Fraction
        Divisions in force where it begins.
    """
    items: list[TimedElement] = []
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
            items.append(TimedElement([element], position, Fraction(0), divisions))
        elif element.find("chord") is not None and items and items[-1].is_note:
            items[-1].elements.append(element)
        else:
            items.append(TimedElement([element], position, length, divisions))
            position += length
    return items


def write_timeline(measure: Element, items: Sequence[TimedElement], divisions: Fraction) -> None:
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


def _counts(item: TimedElement, unit: Fraction) -> bool:
    """Whether a bar of one unit throughout can hold an item."""
    if not item.is_note:
        return True
    return (item.start * unit).denominator == 1 == (item.length * unit).denominator


def _redivided(
    items: Sequence[TimedElement], unit: Fraction, after: Fraction
) -> list[TimedElement]:
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


def _attributes(start: Fraction, unit: Fraction) -> TimedElement:
    return TimedElement([Element("attributes")], start, Fraction(0), unit)


def _in_sequence(items: Sequence[TimedElement], unit: Fraction) -> Iterator[Element]:
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


_OFFSET_AFTER = ("direction-type",)


@dataclass(frozen=True)
class VoiceNotation:
    """How the notes of a voice are written on its page.

    Parameters
    ----------
    line : Line
        Where the voice stands.
    staff : bool
        Whether its notes name their staff.
    stem : str or None
        Which way its stems go, where it shares a staff.
    fermata : str or None
        Which kind of fermata it has; None where the other voice of its staff shows it.
    """

    line: Line
    staff: bool = False
    stem: str | None = None
    fermata: str | None = "upright"

    @classmethod
    def of(cls, document: Document, line: Line, voice: Voice) -> "VoiceNotation":
        """See how a page writes a voice.

        Of two voices on a staff the upper has its stems up and the lower down, and the outer
        voice of the choir shows the fermatas of both.
        """
        staff = document.part(line.part).find("measure/note/staff") is not None
        sharing = [other for other in document.lines_of(line.part) if other.staff == line.staff]
        if len(sharing) < 2:
            return cls(_with_rests(document, line), staff)
        upper = sharing[0] is line
        outer = voice in (Voice.SOPRANO, Voice.BASS)
        kind = "upright" if upper else "inverted"
        return cls(line, staff, "up" if upper else "down", kind if outer else None)

    def finished(self, note: Element, instead: Element | None) -> Element:
        """Give a new note what the page's own have; `instead` is a note that it replaces."""
        voice = note.find("voice")
        if voice is not None:
            old = None if instead is None else instead.findtext("voice")
            voice.text = (old or min(self.line.voices, default="1")).strip()
        instrument = None if instead is None else instead.find("instrument")
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
    """The line with those voices of its staff that have nothing but rests."""
    without_grace_notes: dict[str, bool] = {}
    for note in document.part(line.part).iterfind("measure/note"):
        if (note.findtext("staff") or "1").strip() == line.staff:
            voice = (note.findtext("voice") or "1").strip()
            without_grace_notes[voice] = (
                without_grace_notes.get(voice, False) or note.find("rest") is None
            )
    silent = {voice for voice, sounds in without_grace_notes.items() if not sounds}
    return replace(line, voices=line.voices | silent)


def _element(tag: str, text: str) -> Element:
    element = Element(tag)
    element.text = text
    return element


def replace_notes(
    measure: Element,
    terms: PartAttributes,
    slot: GridBar,
    voices: Iterable[tuple[VoiceNotation, Sequence[GridNote]]],
) -> None:
    """Write the notes of some lines of a bar anew, in place.

    All else stays at its time: other lines, attributes, bar lines, layout and directions. One
    that stood within a note that is new is written before the next with an offset.

    Parameters
    ----------
    measure : Element
        The bar.
    terms : Terms
        In what terms the part writes where the bar begins.
    slot : Slot
        The bar on the grid; it holds whole frames.
    voices : iterable of (Hand, sequence of GridNote)
        The lines of the part that are written, and all their notes in the piece.
    """
    written: list[Element] = []
    staves: dict[str, None] = {}
    for hand, notes in voices:
        items = read_timeline(measure, terms.divisions)
        there = _in_terms(items, terms)
        own = [
            i
            for i, item in enumerate(items)
            if item.is_note and belongs_to_line(item.first, hand.line)
        ]
        instead = items[own[0]].first if own else None
        block = [
            TimedElement(
                [hand.finished(note, instead)],
                Fraction(start, FRAMES_PER_QUARTER),
                Fraction(length, FRAMES_PER_QUARTER),
                Fraction(FRAMES_PER_QUARTER),
            )
            for start, length, note in bar_notes(_as_written(notes, there), slot)
        ]
        write_timeline(measure, _replaced(items, own, block), terms.divisions)
        written += [item.first for item in block]
        staves[hand.line.staff] = None
    for staff in staves:
        _show_accidentals(measure, terms, staff)
    indent(measure, " ", level=2)


def _in_terms(items: Sequence[TimedElement], terms: PartAttributes) -> PartAttributes:
    """The terms in which the first notes of a bar are written."""
    there = replace(terms, fifths=dict(terms.fifths))
    for item in items:
        if item.is_note:
            break
        if item.first.tag == "attributes":
            there.read(item.first)
    return there


def _as_written(notes: Sequence[GridNote], terms: PartAttributes) -> Sequence[GridNote]:
    """The notes of a part that sounds at another pitch than it is written."""
    if not (terms.chromatic or terms.shift):
        return notes
    return [n if n.name is None else _transposed(n.pitch, n.name, n, terms) for n in notes]


def _transposed(pitch: int, name: int, note: GridNote, terms: PartAttributes) -> GridNote:
    pitch, name = pitch - terms.chromatic, name - terms.shift
    # Twelve fifths away is the same pitch: no more than a double accidental.
    while spelled_pitch(pitch, name)[1] > max(ACCIDENTALS):
        name -= 12
    while spelled_pitch(pitch, name)[1] < min(ACCIDENTALS):
        name += 12
    return replace(note, pitch=pitch, name=name)


def _replaced(
    items: list[TimedElement], own: Sequence[int], block: list[TimedElement]
) -> list[TimedElement]:
    """Put a block of notes where a line has had its own, and what stood among them within it."""
    if not own:
        end = len(items)
        while end and _closes(items[end - 1].first):
            end -= 1
        return [*items[:end], *block, *items[end:]]
    first, last = own[0], own[-1]
    among = [items[i] for i in range(first, last) if i not in own]
    return [
        *items[:first],
        *_merged(block, [item for item in among if not item.is_note]),
        *(item for item in among if item.is_note),
        *items[last + 1 :],
    ]


def _closes(element: Element) -> bool:
    return element.tag == "barline" and element.get("location", "right") == "right"


def _merged(block: Sequence[TimedElement], among: Collection[TimedElement]) -> list[TimedElement]:
    out: list[TimedElement] = []
    waiting = sorted(among, key=lambda item: item.start)
    for note in block:
        while waiting and waiting[0].start <= note.start:
            out.append(_at(waiting.pop(0), note.start))
        out.append(note)
    end = block[-1].start + block[-1].length
    return [*out, *(_at(item, end) for item in waiting)]


def _at(item: TimedElement, start: Fraction) -> TimedElement:
    """Write an element at another place of a bar, with an offset if it can have one."""
    early = item.start - start
    if early and item.first.tag in ("direction", "sound"):
        offset = item.first.find("offset")
        if offset is None:
            offset = Element("offset")
            after = sum(child.tag in _OFFSET_AFTER for child in item.first)
            item.first.insert(after if item.first.tag == "direction" else len(item.first), offset)
        count = (plain_number(offset.text) or Fraction(0)) / item.divisions + early
        # Counted in divisions that hold it exactly; the bar's own follow.
        divisions = item.divisions * count.denominator
        offset.text = str(int(count * divisions))
        item = replace(item, divisions=divisions)
    return replace(item, start=start)


def _show_accidentals(measure: Element, terms: PartAttributes, staff: str) -> None:
    """Write the accidentals that the notes of a staff need between them, and do not show."""
    here = replace(terms, fifths=dict(terms.fifths))
    accidentals = Accidentals(here.signature(staff))
    for item in sorted(read_timeline(measure, terms.divisions), key=lambda item: item.start):
        if item.first.tag == "attributes" and item.first.find("key") is not None:
            here.read(item.first)
            accidentals = Accidentals(here.signature(staff))
        for note in item.elements if item.is_note else ():
            if (note.findtext("staff") or "1").strip() == staff:
                add_accidental(note, accidentals)
