"""Staves rewritten so that each line that is read has a voice of its own, without chords."""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, SubElement, indent

from bachbot.scores.grid import Bar
from bachbot.scores.musicxml.measures import (
    PartAttributes,
    TimedElement,
    is_right_barline,
    read_timeline,
    write_timeline,
)
from bachbot.scores.musicxml.notes import insert_child
from bachbot.scores.readers.part_reader import plain_number
from bachbot.scores.readers.staff_lines import StaffLine

_OF_NOTE = ("tied", "slide", "glissando", "technical", "arpeggiate", "non-arpeggiate")
"""Notations of one note of a chord; the others belong to the whole chord."""

_SLUR_NUMBERS = 6
"""Slurs of a lower line are numbered from here, those of the upper from 1."""

_VOICES_OF_A_STAFF = 4
"""Voices are numbered from 1 on the first staff of a part, from 5 on the second."""


def write_own_voices(part: Element, staves: Iterable[Sequence[StaffLine]]) -> Element:
    """Copy a part with the lines of some staves in voices of their own.

    Of a chord only the note stays that a line takes, with the words and marks of the chord. A
    note that two lines take is written twice. These staves keep nothing else that sounds; other
    staves, signatures, bar lines, directions and layout stay as they are.

    Parameters
    ----------
    part : Element
        The part as it was read; it is not changed.
    staves : iterable of sequences of StaffLine
        One or two lines of each staff, the upper first.

    Returns
    -------
    Element
        The new part. On each staff its lines have the voices of `own_voice`.
    """
    writer = _Writer(
        {
            lines[0].staff: [
                _Taken.of(line, own_voice(line.staff, i)) for i, line in enumerate(lines)
            ]
            for lines in staves
        }
    )
    copy = Element(part.tag, dict(part.attrib))
    current = PartAttributes()
    for measure in part.findall("measure"):
        new = SubElement(copy, "measure", dict(measure.attrib))
        items = read_timeline(measure, current.divisions)
        before = current.divisions
        for attributes in measure.findall("attributes"):
            current.update(attributes)
        write_timeline(new, writer.rewritten(items), before)
    indent(copy, " ", level=1)
    copy.tail = part.tail
    return copy


def own_voice(staff: str, index: int) -> str:
    """Number of the voice of a line, which is the first or the second of its staff."""
    number = int(staff) if staff.isascii() and staff.isdigit() and len(staff) < 3 else 1
    return str(_VOICES_OF_A_STAFF * (max(number, 1) - 1) + 1 + index)


@dataclass
class _Taken:
    """What a line takes from a staff, by the identity of the elements."""

    voice: str
    voices: frozenset[str]
    notes: set[int]
    rests: set[int]

    @classmethod
    def of(cls, line: StaffLine, voice: str) -> "_Taken":
        return cls(
            voice,
            line.voices,
            {id(note.element) for _, note in line.notes},
            {id(rest.elements[0]) for rest in line.rests},
        )


@dataclass
class _Writer:
    """Rewrites the notes of some staves."""

    staves: Mapping[str, Sequence[_Taken]]

    def rewritten(self, items: Iterable[TimedElement]) -> list[TimedElement]:
        """Copy the elements of a measure; those of lower lines come last."""
        out: list[TimedElement] = []
        later: list[TimedElement] = []
        for item in items:
            if not item.is_note:
                out.append(self._copied(item, item.elements))
                continue
            by_staff: dict[str, list[Element]] = {}
            for element in item.elements:
                by_staff.setdefault(_staff_of(element), []).append(element)
            for staff, own in by_staff.items():
                if staff not in self.staves:
                    out.append(self._copied(item, own))
                for index, line in enumerate(self.staves.get(staff, ())):
                    taken = self._taken(line, own, self.staves[staff])
                    if taken is not None:
                        target = later if index else out
                        target.append(replace(item, elements=[taken]))
        end = len(out)
        while end and is_right_barline(out[end - 1].first):
            end -= 1
        return [*out[:end], *later, *out[end:]]

    def _copied(self, item: TimedElement, elements: Iterable[Element]) -> TimedElement:
        copies = [deepcopy(element) for element in elements]
        for chord in copies[0].findall("chord"):
            copies[0].remove(chord)
        return replace(item, elements=copies)

    def _taken(
        self, line: _Taken, own: Sequence[Element], lines: Sequence[_Taken]
    ) -> Element | None:
        """The element that a line takes from a note, chord, rest or grace note."""
        first, upper = own[0], line is lines[0]
        if first.find("grace") is not None:
            voice = (first.findtext("voice") or "1").strip() or "1"
            # Grace notes of two lines in one voice go with the upper.
            takes = voice in line.voices and (upper or voice not in lines[0].voices)
            return _placed(_outer(own, upper), own, line, lines) if takes else None
        if id(first) in line.rests:
            return _placed(first, own, line, lines)
        taken = next((element for element in own if id(element) in line.notes), None)
        return None if taken is None else _placed(taken, own, line, lines)


def _outer(notes: Sequence[Element], upper: bool) -> Element:
    """The top or the bottom of a chord of grace notes."""

    def height(note: Element) -> tuple[int, int]:
        octave = plain_number(note.findtext("pitch/octave")) or 0
        return int(octave), "CDEFGAB".find((note.findtext("pitch/step") or "C").strip())

    return (max if upper else min)(notes, key=height)


def _placed(
    element: Element, own: Sequence[Element], line: _Taken, lines: Sequence[_Taken]
) -> Element:
    """Copy a note or rest into the voice of a line, with what belongs to its whole chord."""
    upper = line is lines[0]
    note = deepcopy(element)
    for tag in ("chord", "voice", "stem"):
        for child in note.findall(tag):
            note.remove(child)
    if len(own) > 1:
        _take_marks(note, element, own)
    voice = Element("voice")
    voice.text = line.voice
    insert_child(note, voice)
    if len(lines) > 1 and note.find("pitch") is not None:
        stem = Element("stem")
        stem.text = "up" if upper else "down"
        insert_child(note, stem)
    if not upper:
        _mark_as_lower(note, shared=any(id(e) in lines[0].notes for e in own))
    return note


def _staff_of(note: Element) -> str:
    return (note.findtext("staff") or "1").strip() or "1"


def _take_marks(note: Element, element: Element, own: Sequence[Element]) -> None:
    """Give a note of a chord the words, beams and marks of the whole chord."""
    first = own[0]
    if element is not first:
        # A note of a chord sounds as long as its first note.
        for tag in ("duration", "type", "dot", "time-modification"):
            for child in note.findall(tag):
                note.remove(child)
            for child in first.findall(tag):
                insert_child(note, deepcopy(child))
    notations = note.find("notations")
    for other in own:
        if other is element:
            continue
        for tag in ("beam", "lyric"):
            if note.find(tag) is None:
                for child in other.findall(tag):
                    insert_child(note, deepcopy(child))
        for mark in (m for n in other.findall("notations") for m in n if m.tag not in _OF_NOTE):
            if notations is None:
                notations = Element("notations")
                insert_child(note, notations)
            same = [m for m in notations if m.tag == mark.tag and m.get("type") == mark.get("type")]
            if not same:
                notations.append(deepcopy(mark))


def _mark_as_lower(note: Element, *, shared: bool) -> None:
    """Number the slurs of a lower line apart; words that it shares stay with the upper."""
    for lyric in note.findall("lyric") if shared else ():
        note.remove(lyric)
    for slur in note.iterfind("notations/slur"):
        number = slur.get("number", "1")
        plain = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 1
        slur.set("number", str(plain % _SLUR_NUMBERS + _SLUR_NUMBERS))


def write_sounding_ties(part: Element) -> None:
    """Write ``tie`` beside each ``tied`` in place: what is printed as tied sounds as one note."""
    for note in part.iter("note"):
        if note.find("pitch") is None or note.find("notations") is None:
            continue
        kinds = {tied.get("type") for tied in note.findall("notations/tied")}
        for kind in ("stop", "start"):
            if kinds & {kind, "continue"} and note.find(f"tie[@type='{kind}']") is None:
                insert_child(note, Element("tie", {"type": kind}))


def fill_up(part: Element, like: Element, bars: Sequence[Bar]) -> None:
    """Give a part that ends early the last measures of another, with rests, in place.

    Parameters
    ----------
    part : Element
        The part that ends early.
    like : Element
        The longer part.
    bars : sequence of Bar
        The bars of the longer part.
    """
    have = part.findall("measure")
    current = PartAttributes()
    for measure in have:
        for attributes in measure.findall("attributes"):
            current.update(attributes)
    for measure, bar in list(zip(like.findall("measure"), bars, strict=False))[len(have) :]:
        new = SubElement(part, "measure", dict(measure.attrib))
        # A length that the divisions cannot express is that of the time signature.
        duration = bar.length * current.divisions
        if duration.denominator > 1:
            duration = bar.nominal * current.divisions
        rest = SubElement(new, "note")
        SubElement(rest, "rest", {"measure": "yes"})
        SubElement(rest, "duration").text = str(max(1, int(duration)))
        SubElement(rest, "voice").text = "1"
