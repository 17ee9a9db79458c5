"""Complete a score with the missing voices and copy its own, or write a chorale as a score."""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.errors import UsageError
from bachbot.scores.grid import frame_of
from bachbot.scores.musicxml.concert_pitch import to_concert_pitch
from bachbot.scores.musicxml.directions import keep_tempos
from bachbot.scores.musicxml.notes import (
    Accidentals,
    add_accidental,
    fermata_frames,
    grid_bars,
)
from bachbot.scores.musicxml.parts import (
    BarTemplate,
    build_part,
    clef,
    key_element,
    score_root,
    time_element,
)
from bachbot.scores.pitch import spell, written_fifths
from bachbot.scores.readers.document import Document, Line, read_document
from bachbot.scores.readers.part_reader import plain_number
from bachbot.scores.score import Score


def complete(score: Score, chorale: Chorale, given: Sequence[Voice]) -> Score:
    """Add the harmonized voices of a chorale to the given voices of a score.

    The given parts are copied element by element. The others get the same measures, with their
    lengths, numbers, repeats and signatures, a spelling that fits the key and the harmony, and
    the fermatas of the soprano. Tempo marks of parts that are not given stand above the first.

    Parameters
    ----------
    score : Score
        From `load_score`, with the given voices.
    chorale : Chorale
        All four voices in the written key, as many frames as `score.chorale`.
    given : sequence of Voice
        Voices to take from `score`; the others are taken from `chorale`.

    Returns
    -------
    Score
        All four voices.

    Raises
    ------
    UsageError
        If a given voice is not in the score, or the lengths differ.
    """
    given = tuple(sorted(set(given)))
    lacking = [voice.label for voice in given if voice not in score.present]
    if lacking or not given:
        raise UsageError(
            f"the score has no {', '.join(lacking) or 'given voice'}: load it with the voices "
            "that are given"
        )
    if chorale.frames != score.chorale.frames:
        raise UsageError(
            f"the score has {score.chorale.frames} frames and the chorale {chorale.frames}: "
            "harmonize this score"
        )
    document = score.document
    known = {voice: names_of(score.lines[voice], chorale.frames) for voice in given}
    names = spell(chorale, known)
    # The fermatas of a given soprano count; otherwise those of the model.
    marked = score.chorale if Voice.SOPRANO in given else chorale
    held = fermata_frames(marked.fermata, chorale.onset[:, Voice.SOPRANO])
    bars = measure_templates(document, score.lines[given[0]])
    parts = {
        voice: copy_part(document, score.lines[voice])
        if voice in given
        else build_part(chorale, voice, names[:, voice], bars, held)
        for voice in VOICES
    }
    root = score_root(score.title, parts, creators_of(document.root))
    keep_tempos(root, document)
    return replace(score_of(chorale, score.title, root), notices=score.notices)


def from_chorale(chorale: Chorale, title: str, voices: Sequence[Voice] = VOICES) -> Score:
    """Write a chorale as a score.

    Parameters
    ----------
    chorale : Chorale
        In the key to write it in.
    title : str
        Title of the score.
    voices : sequence of Voice
        The voices that are written, from the top down. The others rest.
    """
    if not chorale.frames:
        raise UsageError("the chorale is empty: give one of at least one frame")
    fifths = written_fifths(chorale)
    new = (key_element(fifths, chorale.key.mode), time_element(chorale.meter))
    starts = [*chorale.bar_starts.tolist(), chorale.frames]
    counted = int(not chorale.meter.pickup)
    bars = []
    for index, start in enumerate(starts[:-1]):
        last = index == len(starts) - 2
        bars.append(
            BarTemplate(
                start,
                starts[index + 1],
                int(chorale.position[start]),
                chorale.meter,
                number=str(index + counted),
                implicit=index + counted == 0,
                fifths=fifths,
                new=new if index == 0 else (),
                barlines=(_final_barline(),) if last else (),
            )
        )
    names = spell(chorale, {})
    held = fermata_frames(chorale.fermata, chorale.onset[:, Voice.SOPRANO])
    parts = {v: build_part(chorale, v, names[:, v], bars, held) for v in voices}
    creator = Element("creator", {"type": "composer"})
    creator.text = "bachbot"
    return score_of(chorale, title, score_root(title, parts, [creator]), voices)


def score_of(
    chorale: Chorale, title: str, root: Element, voices: Sequence[Voice] = VOICES
) -> Score:
    """Return the score of a tree that has one part for each of some voices of a chorale."""
    document = read_document(root)
    lines = {}
    for part, voice in enumerate(voices):
        silent = Line(part, "1", frozenset(), (), ())
        lines[voice] = next(iter(document.lines_of(part)), silent)
    return Score(chorale, tuple(voices), title, document, lines)


def names_of(line: Line, frames: int) -> NDArray[np.int16]:
    """Return the spelling of a line in each frame as positions on the line of fifths, shape [T]."""
    names = np.zeros(frames, dtype=np.int16)
    for note, name in zip(line.notes, line.names, strict=True):
        names[frame_of(note.start) : frame_of(note.start + note.length)] = name
    return names


def measure_templates(document: Document, line: Line) -> list[BarTemplate]:
    """Return the measures of a score, as in the part of a given line."""
    measures = document.part(line.part).findall("measure")
    bars = []
    fifths = 0
    changes = {signature.start: signature for signature in document.signatures}
    slots = grid_bars(document.bars)
    for index, (bar, slot) in enumerate(zip(document.bars, slots, strict=True)):
        measure = measures[index] if index < len(measures) else Element("measure")
        new: list[Element] = []
        # A key change within a measure is written at the next bar line.
        for start in sorted(changes):
            if start <= bar.start:
                signature = changes.pop(start)
                fifths = max(-7, min(7, signature.fifths))
                new = [key_element(fifths, signature.mode)]
        times = [t for a in measure.findall("attributes") for t in a.findall("time")]
        if times:
            time = deepcopy(times[0])
            time.attrib.pop("number", None)
            new.append(time)
        bars.append(
            BarTemplate(
                slot.start,
                slot.stop,
                slot.position,
                slot.meter,
                number=measure.get("number") or str(index + 1),
                implicit=measure.get("implicit") == "yes",
                fifths=fifths,
                new=tuple(new),
                barlines=tuple(_barlines(measure)),
            )
        )
    return bars


def _barlines(measure: Element) -> Iterable[Element]:
    for barline in measure.findall("barline"):
        copy = deepcopy(barline)
        copy[:] = [e for e in copy if e.tag in ("bar-style", "ending", "repeat")]
        for ending in copy.findall("ending"):
            # Only the top staff prints its number.
            ending.set("print-object", "no")
        yield copy


def _final_barline() -> Element:
    barline = Element("barline", {"location": "right"})
    SubElement(barline, "bar-style").text = "light-heavy"
    return barline


def creators_of(root: Element) -> list[Element]:
    """Return the authors that the file names, and bachbot as arranger."""
    kept = [
        deepcopy(element)
        for element in root.findall("identification/*")
        if element.tag in ("creator", "rights", "source")
        and (element.text or "").strip()
        and not (element.text or "").startswith("Music21")
    ]
    arranger = Element("creator", {"type": "arranger"})
    arranger.text = "bachbot"
    # MusicXML requires creators before rights.
    creators = [e for e in kept if e.tag == "creator" and e.get("type") != "arranger"]
    return [*creators, arranger, *(e for e in kept if e.tag == "rights")]


HARMONY = ("harmony", "figured-bass")
"""Chord symbols and figured bass, which do not fit a new harmony."""

_LEFT_OUT = (*HARMONY, "print", "listening", "grouping", "link", "bookmark")
"""Elements that are not copied: page layout and harmony."""


def copy_part(document: Document, line: Line) -> Element:
    """Copy the part of a line without other lines, page layout and harmony, at concert pitch.

    Every note, tie, fermata, lyric, slur, grace note, tuplet, direction, bar line, repeat and
    signature is kept as it is. A note gets the accidental that another line of its staff showed.
    """
    part = deepcopy(document.part(line.part))
    to_concert_pitch(part)
    staves = part.find("measure/attributes/staves") is not None
    alone = not staves and all(belongs_to_line(note, line) for note in part.iter("note"))
    for measure in part.findall("measure"):
        measure.attrib.pop("width", None)
        kept = [element for element in measure if element.tag not in _LEFT_OUT]
        measure[:] = kept if alone else list(_of_line(kept, line))
        for attributes in measure.findall("attributes"):
            # Signs for a player's part, such as rests of many bars, and slashes.
            for style in attributes.findall("measure-style"):
                attributes.remove(style)
        for note in measure.iter("note"):
            # It refers to the part list, which is not copied.
            for instrument in note.findall("instrument"):
                note.remove(instrument)
    if not alone:
        _add_accidentals(part)
    return part


def _add_accidentals(part: Element) -> None:
    """Add the accidentals that the notes of a part need and do not have."""
    fifths = 0
    for measure in part.findall("measure"):
        accidentals = Accidentals(fifths)
        for element in measure:
            written = plain_number(element.findtext("key/fifths"))
            if element.tag == "note":
                add_accidental(element, accidentals)
            elif element.tag == "attributes" and written is not None:
                fifths = int(written)
                accidentals = Accidentals(fifths)


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
