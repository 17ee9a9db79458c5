"""MusicXML parts built from a chorale's grid."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale, Meter, Voice
from bachbot.scores.musicxml.notes import (
    Accidentals,
    GridBar,
    add_accidental,
    bar_notes,
    grid_notes,
)

_CLEFS = {
    Voice.SOPRANO: ("G", 2, 0),
    Voice.ALTO: ("G", 2, 0),
    Voice.TENOR: ("G", 2, -1),
    Voice.BASS: ("F", 4, 0),
}


@dataclass(frozen=True)
class BarTemplate(GridBar):
    """Content that a measure has in every part.

    Parameters
    ----------
    number : str
        Measure number.
    implicit : bool
        Whether the measure is not counted, such as a pickup.
    fifths : int
        Key signature in force.
    new : tuple of Element
        Key and time signatures that change in this measure.
    barlines : tuple of Element
        Bar lines, repeats and endings.
    """

    number: str
    implicit: bool = False
    fifths: int = 0
    new: tuple[Element, ...] = ()
    barlines: tuple[Element, ...] = ()


def build_part(
    chorale: Chorale,
    voice: Voice,
    names: NDArray[np.int16],
    bars: Sequence[BarTemplate],
    held: NDArray[np.bool_],
) -> Element:
    """Build the part of one voice of a chorale.

    Notes are split at bar lines and beats, tied, beamed, and given the accidentals that they need.

    Parameters
    ----------
    chorale : Chorale
        T frames.
    voice : Voice
        Voice to write.
    names : ndarray of int, shape [T]
        Spelling of the voice: position on the line of fifths in each frame.
    bars : sequence of BarTemplate
        The measures, without gaps.
    held : ndarray of bool, shape [T]
        Frames whose notes have a fermata.

    Returns
    -------
    Element
        A ``part`` without an id.
    """
    part = Element("part")
    notes = grid_notes(chorale, voice, names, held)
    for number, bar in enumerate(bars):
        measure = SubElement(part, "measure", {"number": bar.number})
        if bar.implicit:
            measure.set("implicit", "yes")
        left = [b for b in bar.barlines if b.get("location") == "left"]
        measure.extend(left)
        _attributes(measure, bar, voice if number == 0 else None)
        accidentals = Accidentals(bar.fifths)
        for _, _, note in bar_notes(notes, bar):
            add_accidental(note, accidentals)
            measure.append(note)
        measure.extend(b for b in bar.barlines if b not in left)
    return part


def _attributes(measure: Element, bar: BarTemplate, voice: Voice | None) -> None:
    """Write divisions and clef at the beginning of a part, and changed signatures."""
    if voice is None and not bar.new:
        return
    attributes = SubElement(measure, "attributes")
    if voice is not None:
        SubElement(attributes, "divisions").text = str(FRAMES_PER_QUARTER)
    attributes.extend(deepcopy(element) for element in bar.new)
    if voice is not None:
        attributes.append(clef(voice))


def clef(voice: Voice) -> Element:
    """Return the clef of a voice in a modern choir edition."""
    sign, line, octave = _CLEFS[voice]
    element = Element("clef")
    SubElement(element, "sign").text = sign
    SubElement(element, "line").text = str(line)
    if octave:
        SubElement(element, "clef-octave-change").text = str(octave)
    return element


def key_element(fifths: int, mode: str | None) -> Element:
    """Return a key signature."""
    element = Element("key")
    SubElement(element, "fifths").text = str(fifths)
    if mode:
        SubElement(element, "mode").text = mode
    return element


def time_element(meter: Meter) -> Element:
    """Return a time signature."""
    element = Element("time", {"symbol": "common"} if (meter.beats, meter.unit) == (4, 4) else {})
    SubElement(element, "beats").text = str(meter.beats)
    SubElement(element, "beat-type").text = str(meter.unit)
    return element


def score_root(title: str, parts: Mapping[Voice, Element], creators: Sequence[Element]) -> Element:
    """Combine four parts into a choir score.

    Parameters
    ----------
    title : str
        Title of the work.
    parts : mapping of Voice to Element
        The parts, in score order.
    creators : sequence of Element
        Children of ``identification``: creators and rights.
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
