"""Faults marked on the page of a score: colored notes, and a short label at the place."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Voice
from bachbot.scores.grid import frame_of
from bachbot.scores.musicxml.complete import belongs_to_line
from bachbot.scores.musicxml.measures import PartAttributes, TimedElement, read_timeline
from bachbot.scores.pitch import midi_and_name
from bachbot.scores.readers.document import Line
from bachbot.scores.readers.part_reader import plain_number
from bachbot.scores.score import Score


@dataclass(frozen=True)
class Mark:
    """Notes to color and a label.

    Parameters
    ----------
    frame : int
        Where the label stands, and where the marked notes sound.
    notes : tuple of (Voice, int)
        Voices and the MIDI pitches that they have there.
    before : tuple of int
        MIDI pitches in the frame before, in the same voices, that are marked too; empty for none.
    label : str
        A few letters.
    color : str
        Such as ``"#C00000"``.
    """

    frame: int
    notes: tuple[tuple[Voice, int], ...]
    before: tuple[int, ...]
    label: str
    color: str


@dataclass
class _Written:
    """A note on the page: when it sounds, in quarters, its line and its element."""

    start: Fraction
    stop: Fraction
    pitch: int
    part: int
    measure: Element
    element: Element


def add_marks(score: Score, marks: Sequence[Mark]) -> Score:
    """Color the notes of faults, and write a label above the note that begins there.

    Parameters
    ----------
    score : Score
        Of any number of voices.
    marks : sequence of Mark
        In order of importance: a note keeps the color of the first mark that has it. The same
        label at the same place is written once.

    Returns
    -------
    Score
        With the marks, which any notation program shows; the original is unchanged.
    """
    root = deepcopy(score.document.root)
    frames = {frame for mark in marks for frame in (mark.frame, mark.frame - 1)}
    notes: dict[int, list[_Written]] = {frame: [] for frame in frames}
    for index, part in enumerate(root.findall("part")):
        for note in _written(score, index, part):
            for frame in range(frame_of(note.start), frame_of(note.stop)):
                if frame in notes:
                    notes[frame].append(note)
    by_frame: dict[tuple[int, str], tuple[_Written, Mark]] = {}
    for mark in marks:
        found = [n for v, p in mark.notes for n in _at(score, notes, v, p, mark.frame)]
        if mark.before:
            voices = [voice for voice, _ in mark.notes]
            for voice, pitch in zip(voices, mark.before, strict=True):
                found += _at(score, notes, voice, pitch, mark.frame - 1)
        for note in found:
            _color(note.element, mark.color)
        here = [n for n in found if n.stop > Fraction(mark.frame, FRAMES_PER_QUARTER)]
        if here:
            # What begins last is at the place; of several the highest.
            last = max(here, key=lambda note: note.start)
            by_frame.setdefault((mark.frame, mark.label), (last, mark))
    for note, mark in by_frame.values():
        _label(note, mark)
    return replace(score, document=replace(score.document, root=root))


def _written(score: Score, index: int, part: Element) -> Iterator[_Written]:
    current = PartAttributes()
    for measure, bar in zip(part.findall("measure"), score.document.bars, strict=False):
        for item in read_timeline(measure, current.divisions):
            if item.is_note:
                yield from _sounding(item, bar.start, index, measure, current)
            elif item.first.tag == "attributes":
                current.update(item.first)


def _sounding(
    item: TimedElement, begin: Fraction, index: int, measure: Element, current: PartAttributes
) -> Iterator[_Written]:
    start = begin + item.start
    for element in item.elements:
        octave = plain_number(element.findtext("pitch/octave"))
        step = (element.findtext("pitch/step") or "").strip()
        if octave is None or len(step) != 1 or step not in "CDEFGAB":
            continue
        if element.find("grace") is not None:
            continue
        alter = plain_number(element.findtext("pitch/alter")) or Fraction(0)
        midi, _ = midi_and_name(step, round(alter), int(octave))
        pitch = midi + current.chromatic
        yield _Written(start, start + item.length, pitch, index, measure, element)


def _at(
    score: Score, notes: Mapping[int, list[_Written]], voice: Voice, pitch: int, frame: int
) -> list[_Written]:
    """The notes on the page that a voice sings in a frame: of its line, else of that pitch."""
    if pitch == REST or frame < 0:
        return []
    here = [note for note in notes.get(frame, ()) if note.pitch == pitch]
    line: Line = score.lines[voice]
    own = [n for n in here if n.part == line.part and belongs_to_line(n.element, line)]
    return (own or here)[:1]


def _color(note: Element, color: str) -> None:
    if note.get("color") is None:
        note.set("color", color)


def _label(note: _Written, mark: Mark) -> None:
    """Write a label above a note, at the time of its mark."""
    direction = Element("direction", {"placement": "above"})
    words = SubElement(
        SubElement(direction, "direction-type"),
        "words",
        {"color": mark.color, "font-size": "8", "font-weight": "bold"},
    )
    words.text = mark.label
    staff = note.element.findtext("staff")
    if staff:
        SubElement(direction, "staff").text = staff.strip()
    index = list(note.measure).index(note.element)
    while index and note.measure[index].find("chord") is not None:
        index -= 1
    note.measure.insert(index, direction)
