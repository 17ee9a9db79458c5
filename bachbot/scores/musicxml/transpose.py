"""Transposition of a MusicXML score as a whole: notes, key signatures, accidentals and chords."""

from collections.abc import Iterable
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import line_of_fifths, note_name
from bachbot.scores.interval import Interval
from bachbot.scores.musicxml.notes import insert_child
from bachbot.scores.pitch import (
    ACCIDENTALS,
    SEMITONES,
    midi_and_name,
    signature_alter,
    spelled_pitch,
)
from bachbot.scores.readers.part_reader import plain_number

_PLAIN = {*ACCIDENTALS.values(), "sharp-sharp", "natural-sharp", "natural-flat"}
"""Accidentals that say a note's alteration; others are microtones."""

_FIGURE_SIGNS = {"sharp": 1, "flat": -1}
_LETTERS = "CDEFGAB"
_MOST = 7
"""Most accidentals of a key signature."""


def transpose_score(root: Element, interval: Interval) -> None:
    """Move a score by an interval, in place.

    Every pitch of every part moves by the same interval, spelled on the line of fifths, and with
    it key signatures, accidentals, chord symbols and figured bass. Where a key signature would
    have more than seven accidentals, it and the notes under it are written enharmonically.

    Parameters
    ----------
    root : Element
        A ``score-partwise`` tree with valid pitches.
    interval : Interval
        The interval.
    """
    for part in root.findall("part"):
        _PartTransposer(part, interval).transpose()


class _PartTransposer:
    """Moves one part."""

    def __init__(self, part: Element, interval: Interval) -> None:
        self.part = part
        self.interval = interval
        # By staff; None is for those without a signature of their own.
        self.respelled: dict[str | None, int] = {}
        self.fifths: dict[str | None, int] = {None: 0}

    def transpose(self) -> None:
        measures = self.part.findall("measure")
        if self.part.find("measure/note/pitch") is not None and not _is_signed(measures):
            self._sign(measures[0])
        figures: list[Element] = []
        for measure in measures:
            for element in measure:
                if element.tag == "attributes":
                    for key in element.findall("key"):
                        self._key(key)
                elif element.tag == "figured-bass":
                    figures.append(element)
                elif element.tag == "harmony":
                    self._harmony(element)
                elif element.tag == "note" and element.find("pitch") is not None:
                    if element.find("grace") is None:
                        for figure in figures:
                            self._figured_bass(figure, element)
                        figures.clear()
                    self._note(element)

    def _sign(self, measure: Element) -> None:
        """Write the signature of C major, to be moved, into a part that has none."""
        attributes = measure.find("attributes")
        if attributes is None:
            attributes = Element("attributes")
            measure.insert(0, attributes)
        key = Element("key")
        SubElement(key, "fifths").text = "0"
        before = ("footnote", "level", "divisions")
        attributes.insert(sum(child.tag in before for child in attributes), key)

    def _shift(self, staff: str | None) -> int:
        """Steps on the line of fifths under the signature in force."""
        respelled = self.respelled.get(staff, self.respelled.get(None, 0))
        return self.interval.fifths + respelled

    def _key(self, key: Element) -> None:
        staff = key.get("number")
        if staff is None:
            self.respelled.clear()
            self.fifths.clear()
        fifths = key.find("fifths")
        if fifths is None:
            _move_altered_steps(key, self.interval.fifths)
            return
        old = _whole(fifths.text)
        self.fifths[staff] = old
        moved = old + self.interval.fifths
        new = _within_seven(moved)
        self.respelled[staff] = new - moved
        fifths.text = str(new)
        cancel = key.find("cancel")
        if cancel is not None:
            cancel.text = str(_within_seven(_whole(cancel.text) + self.interval.fifths))

    def _note(self, note: Element) -> None:
        pitch = note.find("pitch")
        read = None if pitch is None else _read_pitch(pitch)
        if pitch is None or read is None:  # a damaged grace note, which no reader has looked at
            return
        midi, name, micro = read
        staff = (note.findtext("staff") or "1").strip()
        midi += self.interval.semitones
        while midi < 0:
            midi += 12
        while midi > 127:
            midi -= 12
        name, doubled = _at_most_double(name + self._shift(staff))
        step, alter, octave = spelled_pitch(midi, name)
        _write_pitch(pitch, step, alter + micro, octave)
        accidental = note.find("accidental")
        if accidental is not None:
            if (accidental.text or "").strip() in _PLAIN and not micro:
                accidental.text = ACCIDENTALS[alter]
        elif doubled:
            shown = Element("accidental")
            shown.text = ACCIDENTALS[alter]
            insert_child(note, shown)

    def _harmony(self, harmony: Element) -> None:
        """Move the roots and basses of a chord symbol, and the keys of numerals."""
        staff = (harmony.findtext("staff") or "1").strip()
        for what in ("root", "bass"):
            for owner in harmony.findall(what):
                step = (owner.findtext(f"{what}-step") or "").strip()
                if step not in SEMITONES:
                    continue
                alter = owner.find(f"{what}-alter")
                old = max(-2, min(2, _whole(owner.findtext(f"{what}-alter"))))
                name, _ = _at_most_double(line_of_fifths(step) + 7 * old + self._shift(staff))
                letter, new = _letter_and_alter(name)
                owner.find(f"{what}-step").text = letter  # type: ignore[union-attr]
                if alter is None and new:
                    alter = Element(f"{what}-alter")
                    owner.insert([c.tag for c in owner].index(f"{what}-step") + 1, alter)
                if alter is not None:
                    alter.text = str(new)
        for fifths in harmony.iter("numeral-fifths"):
            fifths.text = str(_within_seven(_whole(fifths.text) + self.interval.fifths))

    def _figured_bass(self, element: Element, bass: Element) -> None:
        """Rewrite the signs of figures: they raise or lower a tone of the key.

        A natural over B flat major may be a sharp over G major.
        """
        staff = (bass.findtext("staff") or "1").strip()
        fifths = self.fifths.get(staff, self.fifths.get(None, 0))
        letter = (bass.findtext("pitch/step") or "").strip()
        if letter not in SEMITONES:
            return
        for figure in element.findall("figure"):
            number = (figure.findtext("figure-number") or "3").strip()
            old = _LETTERS[(_LETTERS.index(letter) + (_whole(number) or 3) - 1) % 7]
            was = signature_alter(fifths, old)
            name, _ = _at_most_double(line_of_fifths(old) + 7 * was + self._shift(staff))
            _, now = _letter_and_alter(name)
            for sign in (*figure.findall("prefix"), *figure.findall("suffix")):
                text = (sign.text or "").strip()
                # A natural takes away what the signature gives.
                raised = _FIGURE_SIGNS.get(text, -was if text == "natural" else 0)
                if raised:
                    signs = {0: "natural"}
                    sign.text = signs.get(now + raised, "sharp" if raised > 0 else "flat")


def _is_signed(measures: Iterable[Element]) -> bool:
    """Whether a part has a key signature before its first pitch."""
    for measure in measures:
        for element in measure:
            if element.tag == "attributes" and element.find("key") is not None:
                return True
            if element.find("pitch") is not None:
                return False
    return False


def _within_seven(fifths: int) -> int:
    """A key signature, or its enharmonic one if it has more than seven accidentals."""
    return fifths if abs(fifths) <= _MOST else (fifths + 5) % 12 - 5


def _letter_and_alter(name: int) -> tuple[str, int]:
    text = note_name(name)
    return text[0], text.count("#") - text.count("b")


def _at_most_double(name: int) -> tuple[int, bool]:
    """A name, or an enharmonic one without triple accidentals; whether it is another."""
    found = name
    while _letter_and_alter(found)[1] > max(ACCIDENTALS):
        found -= 12
    while _letter_and_alter(found)[1] < min(ACCIDENTALS):
        found += 12
    return found, found != name


def _read_pitch(pitch: Element) -> tuple[int, int, Fraction] | None:
    """MIDI pitch and name, as written, and what is left of a microtone in semitones."""
    alter = plain_number(pitch.findtext("alter"), Fraction(0)) or Fraction(0)
    octave = plain_number(pitch.findtext("octave"))
    step = (pitch.findtext("step") or "").strip()
    if step not in SEMITONES or octave is None or abs(alter) > 4 or abs(octave) > 12:
        return None
    midi, name = midi_and_name(step, round(alter), int(octave))
    return midi, name, alter - round(alter)


def _whole(text: str | None) -> int:
    """A whole number; 0 for anything else."""
    return int(plain_number(text, Fraction(0)) or 0)


def _write_pitch(pitch: Element, step: str, alter: Fraction | int, octave: int) -> None:
    pitch[:] = [child for child in pitch if child.tag in ("step", "octave")]
    for child in pitch:
        child.text = step if child.tag == "step" else str(octave)
    if alter:
        written = Element("alter")
        written.text = f"{float(alter):g}"
        pitch.insert(1, written)


def _move_altered_steps(key: Element, fifths: int) -> None:
    """Move a signature that names its altered steps one by one."""
    alters = dict.fromkeys(_LETTERS, 0)
    for step, alter in zip(key.findall("key-step"), key.findall("key-alter"), strict=False):
        if (step.text or "").strip() in alters:
            alters[(step.text or "").strip()] = max(-2, min(2, _whole(alter.text)))
    key[:] = []
    for step_name, alter_value in alters.items():
        name, _ = _at_most_double(line_of_fifths(step_name) + 7 * alter_value + fifths)
        letter, alter_now = _letter_and_alter(name)
        if alter_now:
            SubElement(key, "key-step").text = letter
            SubElement(key, "key-alter").text = str(alter_now)
