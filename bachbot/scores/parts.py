"""Parts of MusicXML built from a chorale's grid."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement, indent

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Metre, Voice, note_name
from bachbot.scores.values import VALUES, beams, split

ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
"""MusicXML's names of alterations."""

_CLEFS = {
    Voice.SOPRANO: ("G", 2, 0),
    Voice.ALTO: ("G", 2, 0),
    Voice.TENOR: ("G", 2, -1),
    Voice.BASS: ("F", 4, 0),
}
_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class BarPlan:
    """What a bar is to look like in every part.

    Parameters
    ----------
    start, stop : int
        Its frames.
    place : int
        Place of its first frame in the measure, in frames.
    metre : Metre
        Metre in force.
    number : str
        Bar number.
    implicit : bool
        Whether the number is not counted, as a pickup's.
    fifths : int
        Key signature in force.
    new : tuple of Element
        Key and time elements that begin with this bar.
    barlines : tuple of Element
        Bar lines, repeats and endings.
    """

    start: int
    stop: int
    place: int
    metre: Metre
    number: str
    implicit: bool = False
    fifths: int = 0
    new: tuple[Element, ...] = ()
    barlines: tuple[Element, ...] = ()


@dataclass(frozen=True)
class _Note:
    """A note or rest of the grid: `stop` is not included; `name` is None for a rest."""

    start: int
    stop: int
    pitch: int
    name: int | None
    fermata: bool = False


@dataclass
class Accidentals:
    """The accidentals in force in a bar.

    Parameters
    ----------
    fifths : int
        Key signature.
    seen : dict
        Alteration last written of each step and octave.
    """

    fifths: int
    seen: dict[tuple[str, int], int] = field(default_factory=dict)

    def needed(self, step: str, alter: int, octave: int) -> bool:
        """Whether a note needs its accidental written; takes note of it."""
        signature = (self.fifths - "FCGDAEB".index(step) + 6) // 7
        changed = self.seen.get((step, octave), signature) != alter
        self.seen[step, octave] = alter
        return changed


def build_part(
    chorale: Chorale,
    voice: Voice,
    names: NDArray[np.int16],
    bars: Sequence[BarPlan],
    held: NDArray[np.bool_],
) -> Element:
    """Write one voice of a chorale as a part.

    Notes are split at bar lines and into values that the metre shows, tied, beamed, and given
    the accidentals that they need.

    Parameters
    ----------
    chorale : Chorale
        T frames.
    voice : Voice
        Which of its voices.
    names : ndarray of int, shape [T]
        Spelling of the voice: place on the line of fifths in each frame.
    bars : sequence of BarPlan
        The bars, without gaps.
    held : ndarray of bool, shape [T]
        Frames at which whatever sounds is under a fermata.

    Returns
    -------
    Element
        A ``part`` without an id.
    """
    part = Element("part")
    notes = _notes(chorale, voice, names, held)
    index = 0
    for number, bar in enumerate(bars):
        measure = SubElement(part, "measure", {"number": bar.number})
        if bar.implicit:
            measure.set("implicit", "yes")
        left = [b for b in bar.barlines if b.get("location") == "left"]
        measure.extend(left)
        _attributes(measure, bar, voice if number == 0 else None)
        while index < len(notes) and notes[index].stop <= bar.start:
            index += 1
        inside = []
        for note in notes[index:]:
            if note.start >= bar.stop:
                break
            inside.append(note)
        _fill(measure, bar, inside)
        measure.extend(b for b in bar.barlines if b not in left)
    return part


def _notes(
    chorale: Chorale, voice: Voice, names: NDArray[np.int16], held: NDArray[np.bool_]
) -> list[_Note]:
    pitch, tied = chorale.pitch[:, voice], chorale.tied[:, voice]
    new = ~tied
    # Silence is one rest, however many frames it lasts.
    new[1:] &= (pitch[1:] != REST) | (pitch[:-1] != REST)
    edges = [*np.flatnonzero(new).tolist(), len(pitch)]
    return [
        _Note(
            start,
            stop,
            int(pitch[start]),
            None if pitch[start] == REST else int(names[start]),
            bool(held[start:stop].any()),
        )
        for start, stop in pairwise(edges)
    ]


def _attributes(measure: Element, bar: BarPlan, voice: Voice | None) -> None:
    """Write divisions and clef where a part begins, and what is new in this bar."""
    if voice is None and not bar.new:
        return
    attributes = SubElement(measure, "attributes")
    if voice is not None:
        SubElement(attributes, "divisions").text = str(FRAMES_PER_QUARTER)
    attributes.extend(deepcopy(element) for element in bar.new)
    if voice is not None:
        attributes.append(clef(voice))


def clef(voice: Voice) -> Element:
    """Give the clef of a voice in a modern choir edition."""
    sign, line, octave = _CLEFS[voice]
    element = Element("clef")
    SubElement(element, "sign").text = sign
    SubElement(element, "line").text = str(line)
    if octave:
        SubElement(element, "clef-octave-change").text = str(octave)
    return element


def _fill(measure: Element, bar: BarPlan, notes: Sequence[_Note]) -> None:
    if not notes or (len(notes) == 1 and notes[0].name is None):
        rest = SubElement(measure, "note")
        SubElement(rest, "rest", {"measure": "yes"})
        SubElement(rest, "duration").text = str(bar.stop - bar.start)
        SubElement(rest, "voice").text = "1"
        return
    pieces = []
    for note in notes:
        start, stop = max(note.start, bar.start), min(note.stop, bar.stop)
        for value in split(start - bar.start + bar.place, stop - start, bar.metre):
            pieces.append((start, value, note))
            start += value
    shape = [(s - bar.start + bar.place, v, n.name is None) for s, v, n in pieces]
    accidentals = Accidentals(bar.fifths)
    for (start, value, note), levels in zip(pieces, beams(shape, bar.metre), strict=True):
        measure.append(_note(note, start, value, levels, accidentals))


def _note(
    note: _Note, start: int, value: int, levels: Sequence[str], accidentals: Accidentals
) -> Element:
    element = Element("note")
    ties = []
    accidental = None
    if note.name is None:
        SubElement(element, "rest")
    else:
        step, alter, octave = spelled(note.pitch, note.name)
        pitch = SubElement(element, "pitch")
        SubElement(pitch, "step").text = step
        if alter:
            SubElement(pitch, "alter").text = str(alter)
        SubElement(pitch, "octave").text = str(octave)
        ties = ["stop"] if start > note.start else []
        # A note tied over a bar line needs no accidental again.
        if not ties and accidentals.needed(step, alter, octave):
            accidental = ACCIDENTALS[alter]
        if start + value < note.stop:
            ties.append("start")
    SubElement(element, "duration").text = str(value)
    for tie in ties:
        SubElement(element, "tie", {"type": tie})
    SubElement(element, "voice").text = "1"
    name, dots = VALUES[value]
    SubElement(element, "type").text = name
    for _ in range(dots):
        SubElement(element, "dot")
    if accidental:
        SubElement(element, "accidental").text = accidental
    for level, kind in enumerate(levels, start=1):
        SubElement(element, "beam", {"number": str(level)}).text = kind
    last = start + value == note.stop
    if ties or (note.fermata and last):
        notations = SubElement(element, "notations")
        for tie in ties:
            SubElement(notations, "tied", {"type": tie})
        if note.fermata and last:
            SubElement(notations, "fermata", {"type": "upright"})
    return element


def spelled(pitch: int, name: int) -> tuple[str, int, int]:
    """Step, alteration and octave of a pitch.

    Parameters
    ----------
    pitch : int
        MIDI pitch.
    name : int
        Its place on the line of fifths.

    Examples
    --------
    >>> spelled(60, 12), spelled(60, 0)  # B sharp 3, C 4
    (('B', 1, 3), ('C', 0, 4))
    """
    text = note_name(name)
    alter = text.count("#") - text.count("b")
    natural = pitch - alter
    return text[0], alter, (natural - _SEMITONES[text[0]]) // 12 - 1


def key_element(fifths: int, mode: str | None) -> Element:
    """Write a key signature."""
    element = Element("key")
    SubElement(element, "fifths").text = str(fifths)
    if mode:
        SubElement(element, "mode").text = mode
    return element


def time_element(metre: Metre) -> Element:
    """Write a time signature."""
    element = Element("time", {"symbol": "common"} if (metre.beats, metre.unit) == (4, 4) else {})
    SubElement(element, "beats").text = str(metre.beats)
    SubElement(element, "beat-type").text = str(metre.unit)
    return element


def score_root(title: str, parts: Mapping[Voice, Element], creators: Sequence[Element]) -> Element:
    """Put four parts together as a choir score.

    Parameters
    ----------
    title : str
        Title of the work.
    parts : mapping of Voice to Element
        The parts, in score order.
    creators : sequence of Element
        What goes into ``identification``: creators and rights.
    """
    root = Element("score-partwise", {"version": "4.0"})
    SubElement(SubElement(root, "work"), "work-title").text = title
    identification = SubElement(root, "identification")
    identification.extend(creators)
    encoding = SubElement(identification, "encoding")
    SubElement(encoding, "software").text = "bachbot"
    listing = SubElement(root, "part-list")
    group = SubElement(listing, "part-group", {"number": "1", "type": "start"})
    SubElement(group, "group-symbol").text = "bracket"
    SubElement(group, "group-barline").text = "no"
    for voice in parts:
        _list_part(listing, voice)
    SubElement(listing, "part-group", {"number": "1", "type": "stop"})
    for voice, part in parts.items():
        part.set("id", _part_id(voice))
        root.append(part)
    indent(root, " ")
    return root


def _part_id(voice: Voice) -> str:
    return f"P{voice + 1}"


def _list_part(listing: Element, voice: Voice) -> None:
    identity = _part_id(voice)
    entry = SubElement(listing, "score-part", {"id": identity})
    SubElement(entry, "part-name").text = voice.label.capitalize()
    SubElement(entry, "part-abbreviation").text = f"{voice.label[0].upper()}."
    instrument = SubElement(entry, "score-instrument", {"id": f"{identity}-I1"})
    SubElement(instrument, "instrument-name").text = "Choir"
    midi = SubElement(entry, "midi-instrument", {"id": f"{identity}-I1"})
    SubElement(midi, "midi-channel").text = str(voice + 1)
    SubElement(midi, "midi-program").text = "53"  # choir aahs
