"""Notes of a chorale's grid as MusicXML, measure by measure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, Chorale, Meter, Voice
from bachbot.scores.grid import Bar, bar_offsets, frame_of, supported_meter
from bachbot.scores.musicxml.note_values import VALUES, assign_beams, split_duration
from bachbot.scores.pitch import ACCIDENTALS, signature_alter, spelled_pitch

_ORDER = (
    "grace", "chord", "cue", "pitch", "rest", "unpitched", "duration", "tie", "instrument",
    "footnote", "level", "voice", "type", "dot", "accidental", "time-modification", "stem",
    "notehead", "notehead-text", "staff", "beam", "notations", "lyric", "play", "listen",
)  # fmt: skip


@dataclass(frozen=True)
class GridBar:
    """A measure on the grid.

    Parameters
    ----------
    start, stop : int
        Its frames, `stop` excluded.
    position : int
        Metrical position of its first frame, in frames; above 0 for a pickup.
    meter : Meter
        Meter in force.
    """

    start: int
    stop: int
    position: int
    meter: Meter


@dataclass(frozen=True)
class GridNote:
    """A note or rest of the grid.

    Parameters
    ----------
    start, stop : int
        Its frames, `stop` excluded.
    pitch : int
        MIDI pitch; not used for a rest.
    name : int or None
        Spelling: position on the line of fifths; None for a rest.
    fermata : bool
        Whether it is under a fermata.
    """

    start: int
    stop: int
    pitch: int
    name: int | None
    fermata: bool = False


@dataclass
class Accidentals:
    """Accidentals in force in a measure.

    Parameters
    ----------
    fifths : int
        Key signature.
    seen : dict
        Last alteration of each step and octave.
    """

    fifths: int
    seen: dict[tuple[str, int], int] = field(default_factory=dict)

    def needed(self, step: str, alter: int, octave: int) -> bool:
        """Return whether a note needs an accidental, and record its alteration."""
        signature = signature_alter(self.fifths, step)
        changed = self.seen.get((step, octave), signature) != alter
        self.seen[step, octave] = alter
        return changed


def grid_bars(bars: Sequence[Bar]) -> list[GridBar]:
    """Return the measures on the grid."""
    return [
        GridBar(
            start=frame_of(bar.start),
            stop=frame_of(bar.start + bar.length),
            position=frame_of(offset),
            meter=supported_meter(bar.beats, bar.unit),
        )
        for bar, offset in zip(bars, bar_offsets(bars), strict=True)
    ]


def fermata_frames(fermata: NDArray[np.bool_], onset: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the frames where all voices have a fermata: the last of each held soprano note.

    Parameters
    ----------
    fermata : ndarray of bool, shape [T]
        Frames of soprano notes with a fermata.
    onset : ndarray of bool, shape [T]
        Frames where a soprano note begins.
    """
    ends = np.ones(len(fermata), dtype=np.bool_)
    ends[:-1] = ~fermata[1:] | onset[1:]
    return fermata & ends


def grid_notes(
    chorale: Chorale, voice: Voice, names: NDArray[np.int16], held: NDArray[np.bool_]
) -> list[GridNote]:
    """Return the notes and rests of a voice.

    Parameters
    ----------
    chorale : Chorale
        T frames.
    voice : Voice
        Voice to read.
    names : ndarray of int, shape [T]
        Spelling of the voice: position on the line of fifths in each frame.
    held : ndarray of bool, shape [T]
        Frames whose notes have a fermata.
    """
    pitch, tied = chorale.pitch[:, voice], chorale.tied[:, voice]
    new = ~tied
    # Adjacent rests are one rest.
    new[1:] &= (pitch[1:] != REST) | (pitch[:-1] != REST)
    edges = [*np.flatnonzero(new).tolist(), len(pitch)]
    return [
        GridNote(
            start,
            stop,
            int(pitch[start]),
            None if pitch[start] == REST else int(names[start]),
            bool(held[start:stop].any()),
        )
        for start, stop in pairwise(edges)
    ]


def bar_notes(notes: Sequence[GridNote], bar: GridBar) -> Iterator[tuple[int, int, Element]]:
    """Write the notes of a measure, split at beats by the meter, tied and beamed.

    Parameters
    ----------
    notes : sequence of GridNote
        In order; notes outside the measure are ignored.
    bar : GridBar
        The measure.

    Yields
    ------
    start, length : int
        Position in the measure and duration, in frames.
    note : Element
        A ``note`` with four divisions per quarter, without accidental.
    """
    first = bisect_right(notes, bar.start, key=lambda note: note.stop)
    inside = notes[first : bisect_left(notes, bar.stop, key=lambda note: note.start)]
    if not inside or (len(inside) == 1 and inside[0].name is None):
        yield 0, bar.stop - bar.start, _measure_rest(bar.stop - bar.start)
        return
    pieces = []
    for note in inside:
        start, stop = max(note.start, bar.start), min(note.stop, bar.stop)
        for value in split_duration(start - bar.start + bar.position, stop - start, bar.meter):
            pieces.append((start, value, note))
            start += value
    shape = [(s - bar.start + bar.position, v, n.name is None) for s, v, n in pieces]
    for (start, value, note), levels in zip(pieces, assign_beams(shape, bar.meter), strict=True):
        yield start - bar.start, value, _note(note, start, value, levels)


def _measure_rest(frames: int) -> Element:
    element = Element("note")
    SubElement(element, "rest", {"measure": "yes"})
    SubElement(element, "duration").text = str(frames)
    SubElement(element, "voice").text = "1"
    return element


def _note(note: GridNote, start: int, value: int, levels: Sequence[str]) -> Element:
    element = Element("note")
    ties = []
    if note.name is None:
        SubElement(element, "rest")
    else:
        step, alter, octave = spelled_pitch(note.pitch, note.name)
        pitch = SubElement(element, "pitch")
        SubElement(pitch, "step").text = step
        if alter:
            SubElement(pitch, "alter").text = str(alter)
        SubElement(pitch, "octave").text = str(octave)
        ties = ["stop"] if start > note.start else []
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


def add_accidental(note: Element, accidentals: Accidentals) -> None:
    """Add an accidental to a note if it needs one, and record its alteration.

    A note at the end of a tie needs none.
    """
    if note.find("pitch") is None or note.find("tie[@type='stop']") is not None:
        return
    step = note.findtext("pitch/step", "C").strip()
    octave = int(float(note.findtext("pitch/octave", "4")))
    alter = float(note.findtext("pitch/alter") or 0)
    if not alter.is_integer() or int(alter) not in ACCIDENTALS:
        return
    if accidentals.needed(step, int(alter), octave) and note.find("accidental") is None:
        shown = Element("accidental")
        shown.text = ACCIDENTALS[int(alter)]
        insert_child(note, shown)


def insert_child(note: Element, child: Element) -> None:
    """Insert a child into a note, in the order of elements that MusicXML requires."""
    rank = _ORDER.index(child.tag)
    note.insert(sum(_ORDER.index(c.tag) <= rank for c in note if c.tag in _ORDER), child)
