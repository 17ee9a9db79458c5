"""Parts of transposing instruments, rewritten at concert pitch."""

from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import line_of_fifths
from bachbot.scores.musicxml.notes import insert_child
from bachbot.scores.pitch import (
    ACCIDENTALS,
    SEMITONES,
    midi_and_name,
    signature_alter,
    spelled_pitch,
)
from bachbot.scores.readers.part_reader import plain_number, readable_fifths, transposition

_ROOTS = ("root", "bass")


def to_concert_pitch(part: Element) -> None:
    """Rewrite a part at concert pitch, in place.

    Notes with their accidentals, key signatures and chord symbols are moved by the interval that
    the part transposes by, and that interval is removed. A signature with more than seven
    accidentals becomes its enharmonic equal, and the notes with it.

    Parameters
    ----------
    part : Element
        The ``part``.
    """
    chromatic = shift = fifths = 0
    for measure in part.findall("measure"):
        seen: dict[tuple[str, str, int], int] = {}
        for element in measure:
            if element.tag == "attributes":
                for transpose in element.findall("transpose"):
                    chromatic, shift = transposition(transpose)
                    element.remove(transpose)
                for key in element.findall("key"):
                    written = plain_number(key.findtext("fifths"))
                    if written is not None:
                        fifths = readable_fifths(int(written) + shift)
                        shift = fifths - int(written)
                        key.find("fifths").text = str(fifths)  # type: ignore[union-attr]
            elif element.tag == "note" and element.find("pitch") is not None:
                if chromatic or shift:
                    _move(element, chromatic, shift)
                    _show_accidental(element, fifths, seen)
            elif element.tag == "harmony" and shift:
                for name in _ROOTS:
                    _move_root(element, name, shift)


def _move(note: Element, chromatic: int, shift: int) -> None:
    pitch = note.find("pitch")
    assert pitch is not None
    step = (pitch.findtext("step") or "").strip()
    alter = round(plain_number(pitch.findtext("alter"), Fraction(0)) or 0)
    octave = plain_number(pitch.findtext("octave"))
    if step not in SEMITONES or octave is None:
        return
    midi, name = midi_and_name(step, alter, int(octave))
    write_pitch(note, midi + chromatic, name + shift)


def write_pitch(note: Element, midi: int, name: int) -> None:
    """Set the pitch of a note.

    Parameters
    ----------
    note : Element
        A note with a ``pitch``.
    midi : int
        MIDI pitch.
    name : int
        Its position on the line of fifths, which becomes an enharmonic equal with at most a
        double accidental.
    """
    while spelled_pitch(midi, name)[1] > max(ACCIDENTALS):
        name -= 12
    while spelled_pitch(midi, name)[1] < min(ACCIDENTALS):
        name += 12
    step, alter, octave = spelled_pitch(midi, name)
    pitch = note.find("pitch")
    assert pitch is not None
    pitch[:] = []
    SubElement(pitch, "step").text = step
    if alter:
        SubElement(pitch, "alter").text = str(alter)
    SubElement(pitch, "octave").text = str(octave)


def _show_accidental(note: Element, fifths: int, seen: dict[tuple[str, str, int], int]) -> None:
    """Replace the accidental of a note by the one that it has at its new pitch."""
    step = note.findtext("pitch/step") or "C"
    alter = int(note.findtext("pitch/alter") or 0)
    place = (note.findtext("staff") or "1").strip(), step, int(note.findtext("pitch/octave") or 4)
    shown = note.find("accidental")
    if shown is not None:
        note.remove(shown)
    if note.find("tie[@type='stop']") is None:
        needed = seen.get(place, signature_alter(fifths, step)) != alter
        if needed or shown is not None:
            accidental = Element("accidental", {} if shown is None else dict(shown.attrib))
            accidental.text = ACCIDENTALS[alter]
            insert_child(note, accidental)
    seen[place] = alter


def _move_root(harmony: Element, name: str, shift: int) -> None:
    """Move the root or the bass of a chord symbol."""
    parent = harmony.find(name)
    step = parent.find(f"{name}-step") if parent is not None else None
    if parent is None or step is None or (step.text or "").strip() not in SEMITONES:
        return
    alter = parent.find(f"{name}-alter")
    written = 0 if alter is None else int(plain_number(alter.text, Fraction(0)) or 0)
    position = line_of_fifths((step.text or "").strip()) + 7 * written + shift
    step.attrib.pop("text", None)
    step.text = "FCGDAEB"[(position + 1) % 7]
    new = (position + 1) // 7
    if alter is None:
        alter = Element(f"{name}-alter")
        parent.insert(list(parent).index(step) + 1, alter)
    alter.text = str(new)
    if not new:
        parent.remove(alter)
