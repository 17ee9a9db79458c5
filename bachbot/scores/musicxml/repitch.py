"""Give single notes of a score other pitches, and leave everything else on the page."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Voice
from bachbot.errors import UsageError
from bachbot.scores.grid import frame_of
from bachbot.scores.musicxml.complete import belongs_to_line
from bachbot.scores.musicxml.measures import PartAttributes, read_timeline
from bachbot.scores.musicxml.notes import Accidentals, add_accidental
from bachbot.scores.pitch import ACCIDENTALS, spelled_pitch
from bachbot.scores.readers.document import Line
from bachbot.scores.readers.voices import read_again
from bachbot.scores.score import Score


def repitch(score: Score, chorale: Chorale, names: NDArray[np.int16]) -> Score:
    """Write the pitches of a chorale into a score that has the same rhythm.

    Only notes whose pitch differs are changed, with their accidentals and those that later notes
    of the measure then need. Words, ties, slurs, layout and all other notes stay as they are.

    Parameters
    ----------
    score : Score
        From `bachbot.load_score`, with the voices that change.
    chorale : Chorale
        As many frames as ``score.chorale``, with the same ties and rests.
    names : ndarray of int16, shape [T, 4]
        Names of the notes as positions on the line of fifths.

    Returns
    -------
    Score
        With the new notes; `score` itself if none differs.

    Raises
    ------
    UsageError
        If the rhythm differs.
    """
    old = score.chorale
    if chorale.frames != old.frames or not np.array_equal(chorale.tied, old.tied):
        raise UsageError("the chorale has another rhythm than the score: keep its rhythm")
    differs = chorale.pitch != old.pitch
    if ((chorale.pitch < 0) != (old.pitch < 0)).any():
        raise UsageError("the chorale has other rests than the score: keep its rests")
    if not differs.any():
        return score
    root = deepcopy(score.document.root)
    parts = root.findall("part")
    for voice in Voice:
        if differs[:, voice].any():
            line = score.lines[voice]
            _write(score, parts[line.part], voice, chorale, names)
    document, lines = read_again(root, score.lines)
    return replace(score, chorale=chorale, document=document, lines=lines)


def _write(
    score: Score, part: Element, voice: Voice, chorale: Chorale, names: NDArray[np.int16]
) -> None:
    """Write the changed notes of one voice."""
    line, old = score.lines[voice], score.chorale.pitch[:, voice]
    current = PartAttributes()
    for measure, bar in zip(part.findall("measure"), score.document.bars, strict=False):
        changed = False
        before = replace(current, fifths=dict(current.fifths))
        for start, element in _notes(measure, bar.start, line, current):
            frame = frame_of(start)
            if frame < chorale.frames and chorale.pitch[frame, voice] != old[frame]:
                pitch, name = int(chorale.pitch[frame, voice]), int(names[frame, voice])
                _set_pitch(element, pitch, name, current)
                changed = True
        if changed:
            _set_accidentals(measure, before, line.staff)


def _notes(
    measure: Element, begin: Fraction, line: Line, current: PartAttributes
) -> Iterator[tuple[Fraction, Element]]:
    """The notes of a line in a measure with their times; keeps the attributes up to date."""
    for item in read_timeline(measure, current.divisions):
        if item.first.tag == "attributes":
            current.update(item.first)
        elif item.is_note and item.length and belongs_to_line(item.first, line):
            for element in item.elements:
                if element.find("pitch") is not None:
                    yield begin + item.start, element


def _set_pitch(note: Element, pitch: int, name: int, current: PartAttributes) -> None:
    """Set the pitch of a note, at written pitch in a transposing part."""
    pitch, name = pitch - current.chromatic, name - current.shift
    # Twelve fifths are the same pitch: at most a double accidental.
    while spelled_pitch(pitch, name)[1] > max(ACCIDENTALS):
        name -= 12
    while spelled_pitch(pitch, name)[1] < min(ACCIDENTALS):
        name += 12
    step, alter, octave = spelled_pitch(pitch, name)
    place = note.find("pitch")
    assert place is not None
    tail = place.tail
    place.clear()
    place.tail = tail
    SubElement(place, "step").text = step
    if alter:
        SubElement(place, "alter").text = str(alter)
    SubElement(place, "octave").text = str(octave)
    for accidental in note.findall("accidental"):
        note.remove(accidental)


def _set_accidentals(measure: Element, before: PartAttributes, staff: str) -> None:
    """Add the accidentals that the notes of a staff need and do not have."""
    here = replace(before, fifths=dict(before.fifths))
    accidentals = Accidentals(here.signature(staff))
    items = read_timeline(measure, before.divisions)
    for item in sorted(items, key=lambda item: item.start):
        if item.first.tag == "attributes" and item.first.find("key") is not None:
            here.update(item.first)
            accidentals = Accidentals(here.signature(staff))
        for note in item.elements if item.is_note else ():
            if (note.findtext("staff") or "1").strip() == staff:
                add_accidental(note, accidentals)
