"""New notes in a bar of a page, in place of those of one line."""

from collections.abc import Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from fractions import Fraction
from xml.etree.ElementTree import Element, indent

from bachbot.chorale import FRAMES_PER_QUARTER, Voice
from bachbot.scores.musicxml.notes import (
    Accidentals,
    GridNote,
    Slot,
    bar_notes,
    put,
    show_accidental,
)
from bachbot.scores.musicxml.timeline import Terms, Timed, set_timeline, timeline
from bachbot.scores.musicxml.verbatim import belongs
from bachbot.scores.pitch import ACCIDENTALS, spelled_pitch
from bachbot.scores.readers.document import Document, Line, plain_number

_OFFSET_AFTER = ("direction-type",)


@dataclass(frozen=True)
class Hand:
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
    def of(cls, document: Document, line: Line, voice: Voice) -> "Hand":
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
            put(note, deepcopy(instrument))
        if self.stem and note.find("pitch") is not None:
            put(note, _element("stem", self.stem))
        if self.staff:
            put(note, _element("staff", self.line.staff))
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


def splice(
    measure: Element, terms: Terms, slot: Slot, voices: Iterable[tuple[Hand, Sequence[GridNote]]]
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
        items = timeline(measure, terms.divisions)
        there = _in_terms(items, terms)
        own = [i for i, item in enumerate(items) if item.is_note and belongs(item.first, hand.line)]
        instead = items[own[0]].first if own else None
        block = [
            Timed(
                [hand.finished(note, instead)],
                Fraction(start, FRAMES_PER_QUARTER),
                Fraction(length, FRAMES_PER_QUARTER),
                Fraction(FRAMES_PER_QUARTER),
            )
            for start, length, note in bar_notes(_as_written(notes, there), slot)
        ]
        set_timeline(measure, _replaced(items, own, block), terms.divisions)
        written += [item.first for item in block]
        staves[hand.line.staff] = None
    for staff in staves:
        _show_accidentals(measure, terms, staff)
    indent(measure, " ", level=2)


def _in_terms(items: Sequence[Timed], terms: Terms) -> Terms:
    """The terms in which the first notes of a bar are written."""
    there = replace(terms, fifths=dict(terms.fifths))
    for item in items:
        if item.is_note:
            break
        if item.first.tag == "attributes":
            there.read(item.first)
    return there


def _as_written(notes: Sequence[GridNote], terms: Terms) -> Sequence[GridNote]:
    """The notes of a part that sounds at another pitch than it is written."""
    if not (terms.chromatic or terms.shift):
        return notes
    return [n if n.name is None else _transposed(n.pitch, n.name, n, terms) for n in notes]


def _transposed(pitch: int, name: int, note: GridNote, terms: Terms) -> GridNote:
    pitch, name = pitch - terms.chromatic, name - terms.shift
    # Twelve fifths away is the same pitch: no more than a double accidental.
    while spelled_pitch(pitch, name)[1] > max(ACCIDENTALS):
        name -= 12
    while spelled_pitch(pitch, name)[1] < min(ACCIDENTALS):
        name += 12
    return replace(note, pitch=pitch, name=name)


def _replaced(items: list[Timed], own: Sequence[int], block: list[Timed]) -> list[Timed]:
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


def _merged(block: Sequence[Timed], among: Collection[Timed]) -> list[Timed]:
    out: list[Timed] = []
    waiting = sorted(among, key=lambda item: item.start)
    for note in block:
        while waiting and waiting[0].start <= note.start:
            out.append(_at(waiting.pop(0), note.start))
        out.append(note)
    end = block[-1].start + block[-1].length
    return [*out, *(_at(item, end) for item in waiting)]


def _at(item: Timed, start: Fraction) -> Timed:
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


def _show_accidentals(measure: Element, terms: Terms, staff: str) -> None:
    """Write the accidentals that the notes of a staff need between them, and do not show."""
    here = replace(terms, fifths=dict(terms.fifths))
    accidentals = Accidentals(here.signature(staff))
    for item in sorted(timeline(measure, terms.divisions), key=lambda item: item.start):
        if item.first.tag == "attributes" and item.first.find("key") is not None:
            here.read(item.first)
            accidentals = Accidentals(here.signature(staff))
        for note in item.elements if item.is_note else ():
            if (note.findtext("staff") or "1").strip() == staff:
                show_accidental(note, accidentals)
