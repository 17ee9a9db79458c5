"""One part of a MusicXML tree, read into notes in bars.

What no singer sings is not read: grace and cue notes, unpitched notes, notes that are hidden or
whose heads are slashes. A fault of the part is kept beside what was read before it, so that it
counts only if the part is used.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from xml.etree.ElementTree import Element

from bachbot.errors import ScoreError
from bachbot.scores.pitch import SEMITONES, midi_and_name
from bachbot.scores.readers.budget import Budget

MAX_NOTES_OF_A_PART = 16_384
"""Most notes and rests of a part: a sixteenth long each, they fill the longest piece."""

MAX_VOICES = 32
"""Most voices of a part."""

_MAX_TICKS = 10**9
_DECIMAL_TICKS = 10080
_NUMBER = re.compile(r"\s*([+-]?\d{1,7}(\.\d{1,6})?)\s*")
_BEATS = re.compile(r"\s*\d{1,3}(\s*\+\s*\d{1,3})*\s*")
_SMALL_STAVES = ("ossia", "cue", "editorial", "alternate")


@dataclass(frozen=True, eq=False)
class WrittenNote:
    """A note as it is written: its element, sounding MIDI pitch, name and whether a tie ends in it.

    The name is a position on the line of fifths (C 0, G 1, F -1).
    """

    element: Element
    pitch: int
    name: int
    tied: bool


@dataclass(frozen=True, eq=False)
class Slot:
    """A note, a chord or a rest of one voice on one staff.

    Parameters
    ----------
    bar : int
        Index of its bar.
    begin, end : int
        In ticks from the beginning of the part.
    offset : int
        Beginning in ticks from that of the bar.
    elements : tuple of Element
        The ``note`` elements; the first has what belongs to the whole chord.
    notes : tuple of WrittenNote
        From the top down; empty for a rest.
    fermata : bool
        Whether it is under a fermata.
    """

    bar: int
    begin: int
    end: int
    offset: int
    elements: tuple[Element, ...]
    notes: tuple[WrittenNote, ...]
    fermata: bool = False


@dataclass
class VoiceContent:
    """What one voice has on one staff.

    Parameters
    ----------
    slots, rests : list of Slot
        Notes and chords, and visible rests.
    hidden : list of Slot
        Notes that are not printed.
    ends, sounded : dict of int to int
        End of the voice in each bar, and end of its last note or rest there, in ticks.
    passed : int
        Notes of other kinds that are in the tree and not read, without grace notes.
    """

    slots: list[Slot] = field(default_factory=list)
    rests: list[Slot] = field(default_factory=list)
    hidden: list[Slot] = field(default_factory=list)
    ends: dict[int, int] = field(default_factory=dict)
    sounded: dict[int, int] = field(default_factory=dict)
    passed: int = 0


@dataclass
class PartContent:
    """What a part has.

    Parameters
    ----------
    index : int
        Index of the part in the tree.
    ticks : int
        Ticks of a quarter note, in which all times of the part are whole numbers.
    voices : dict of (str, str) to VoiceContent
        By staff and voice.
    lengths, sounded : list of int
        Length of each bar, and end of its last note or rest, in ticks.
    meters : list of (int, int) or None
        Beats and unit in each bar; None before the first time signature.
    signatures : list of (int, int, int, str or None)
        Bar, offset in ticks, fifths at concert pitch and mode of each key signature.
    small : set of str
        Staves for an ossia, cues or an editor's alternatives.
    passed : dict of str to Counter
        Notes that were passed over, by staff and kind.
    transposed : bool
        Whether its written pitch is not its sounding pitch.
    error : ScoreError or None
        The first fault; nothing after it was read.
    """

    index: int
    ticks: int = 1
    voices: dict[tuple[str, str], VoiceContent] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)
    sounded: list[int] = field(default_factory=list)
    meters: list[tuple[int, int] | None] = field(default_factory=list)
    signatures: list[tuple[int, int, int, str | None]] = field(default_factory=list)
    small: set[str] = field(default_factory=set)
    passed: dict[str, Counter[str]] = field(default_factory=dict)
    transposed: bool = False
    error: ScoreError | None = None


def read_part(index: int, part: Element, budget: Budget) -> PartContent:
    """Read a part.

    Parameters
    ----------
    index : int
        Index of the part in the tree.
    part : Element
        The ``part``.
    budget : Budget
        Counts the notes of the score.

    Raises
    ------
    ScoreError
        If the score has too many parts; other faults are in the result.
    """
    return _PartReader(PartContent(index), budget).read(part)


@dataclass
class _PartReader:
    """Reads one part, bar by bar."""

    found: PartContent
    budget: Budget
    divisions: Fraction = Fraction(1)
    chromatic: int = 0
    shift: int = 0  # of the transposition in fifths
    meter: tuple[int, int] | None = None
    bar: int = 0
    begin: int = 0  # of the bar, in ticks
    known: dict[str, int] = field(default_factory=dict)  # lengths by text of the duration
    pitches: dict[tuple[str | None, ...], tuple[int, int]] = field(default_factory=dict)
    last: tuple[str, str] = ("1", "1")  # staff and voice of the note before

    def read(self, part: Element) -> PartContent:
        measures = part.findall("measure")
        self.budget.part()
        count = 0
        try:
            self.budget.bar(len(measures))
            self.found.ticks = _common_ticks(part)
            for self.bar, measure in enumerate(measures):
                notes = sum(child.tag == "note" for child in measure)
                self.budget.note(number=notes)
                count += notes
                if count > MAX_NOTES_OF_A_PART:
                    raise ScoreError(
                        f"a part has more than {MAX_NOTES_OF_A_PART} notes: give a part of it"
                    )
                self._measure(measure)
                self.begin += self.found.lengths[-1]
                self.budget.long(Fraction(self.begin, self.found.ticks))
        except ScoreError as error:
            self.found.error = error
        self._use_hidden()
        return self.found

    def _measure(self, measure: Element) -> None:
        position = start = furthest = sounded = 0
        self.found.meters.append(self.meter)
        group: list[tuple[Element, dict[str, Element]]] = []
        for element in measure:
            tag = element.tag
            if tag == "note":
                children = {child.tag: child for child in reversed(element)}
                if "grace" in children:
                    continue
                if "chord" in children and group:
                    group.append((element, children))
                    continue
                self._add(group, start)
                group = [(element, children)]
                start = position
                position += self._length(element)
                sounded = max(sounded, position)
            elif tag == "backup":
                position = max(0, position - self._length(element))
            elif tag == "forward":
                position += self._length(element)
                self._skip(element, position)
            elif tag == "attributes":
                self._add(group, start)
                group = []
                self._attributes(element, position)
            furthest = max(furthest, position)
        self._add(group, start)
        self.found.lengths.append(furthest)
        self.found.sounded.append(sounded)

    def _voice(self, staff: str, voice: str) -> VoiceContent:
        found = self.found.voices.get((staff, voice))
        if found is None:
            if len(self.found.voices) >= MAX_VOICES:
                raise ScoreError(
                    f"a part has more than {MAX_VOICES} voices: give each voice a part of its own"
                )
            found = self.found.voices[staff, voice] = VoiceContent()
        return found

    def _skip(self, forward: Element, position: int) -> None:
        """A gap belongs to the voice that it names, or to that of the note before."""
        staff = (forward.findtext("staff") or self.last[0]).strip()
        voice = (forward.findtext("voice") or self.last[1]).strip()
        found = self.found.voices.get((staff, voice))
        if found is not None:
            found.ends[self.bar] = max(found.ends.get(self.bar, 0), position)

    def _add(self, group: list[tuple[Element, dict[str, Element]]], start: int) -> None:
        """Add a note or chord, whose notes may be on several staves."""
        if not group:
            return
        first, children = group[0]
        voice = _text(children, "voice")
        length = self._length(first)
        staves: dict[str, list[tuple[Element, dict[str, Element]]]] = {}
        for element, own in group:
            staves.setdefault(_text(own, "staff"), []).append((element, own))
        for staff, members in staves.items():
            self.last = staff, voice
            found = self._voice(staff, voice)
            end = start + length
            found.ends[self.bar] = max(found.ends.get(self.bar, 0), end)
            found.sounded[self.bar] = max(found.sounded.get(self.bar, 0), end)
            if length:
                self._place(found, staff, members, start, length)

    def _place(
        self,
        found: VoiceContent,
        staff: str,
        members: list[tuple[Element, dict[str, Element]]],
        start: int,
        length: int,
    ) -> None:
        notes: list[WrittenNote] = []
        hidden = fermata = False
        for element, children in members:
            kind = _passed_over(children)
            if kind:
                found.passed += 1
                self.found.passed.setdefault(staff, Counter())[kind] += 1
                continue
            hidden |= element.get("print-object") == "no"
            fermata |= "notations" in children and any(
                n.find("fermata") is not None for n in element.findall("notations")
            )
            if "pitch" in children:
                midi, name = self._pitch(children["pitch"])
                notes.append(WrittenNote(element, midi, name, _ends_tie(element, children)))
            elif "rest" not in children:
                raise ScoreError(
                    f"a note in bar {self.bar + 1} has no valid pitch: export it again"
                )
        notes.sort(key=lambda note: -note.pitch)
        elements = tuple(element for element, _ in members)
        begin = self.begin + start
        slot = Slot(self.bar, begin, begin + length, start, elements, tuple(notes), fermata)
        if notes:
            (found.hidden if hidden else found.slots).append(slot)
        elif not hidden and "rest" in members[0][1]:
            found.rests.append(slot)

    def _pitch(self, pitch: Element) -> tuple[int, int]:
        """MIDI pitch and name, both as they sound."""
        text = pitch.findtext("step"), pitch.findtext("alter"), pitch.findtext("octave")
        found = self.pitches.get(text)
        if found is None:
            found = self.pitches[text] = self._read_pitch(pitch)
        return found

    def _read_pitch(self, pitch: Element) -> tuple[int, int]:
        step = (pitch.findtext("step") or "").strip()
        octave = plain_number(pitch.findtext("octave"))
        alter = round(plain_number(pitch.findtext("alter"), Fraction(0)) or 0)
        if step not in SEMITONES or octave is None or abs(alter) > 4:
            raise ScoreError(f"a note in bar {self.bar + 1} has no valid pitch: export it again")
        midi, name = midi_and_name(step, alter, int(octave))
        midi += self.chromatic
        if not 0 <= midi <= 127:
            raise ScoreError(
                f"a note in bar {self.bar + 1} is outside the range of MIDI: correct it"
            )
        return midi, name + self.shift

    def _length(self, element: Element) -> int:
        text = element.findtext("duration") or ""
        length = self.known.get(text)
        if length is None:
            duration = plain_number(text)
            if duration is None or duration < 0:
                raise ScoreError(
                    f"a note in bar {self.bar + 1} has no valid duration: export it again"
                )
            length = self.known[text] = round(duration * self.found.ticks / self.divisions)
        return length

    def _attributes(self, element: Element, position: int) -> None:
        if element.find("divisions") is not None:
            self._divisions(element.findtext("divisions"))
        transpose = element.find("transpose")
        self.pitches.clear()
        if transpose is not None:
            self.chromatic, self.shift = transposition(transpose)
            self.found.transposed |= bool(self.chromatic or self.shift)
        time = element.find("time")
        if time is not None:
            self.meter = _meter(time) or self.meter
            if not position:
                self.found.meters[-1] = self.meter
        key = element.find("key")
        if key is not None:
            fifths = plain_number(key.findtext("fifths"))
            if fifths is not None and abs(fifths) <= 7:
                mode = (key.findtext("mode") or "").strip().lower() or None
                concert = readable_fifths(int(fifths) + self.shift)
                self.shift = concert - int(fifths)
                self.found.signatures.append((self.bar, position, concert, mode))
        for details in element.findall("staff-details"):
            if (details.findtext("staff-type") or "").strip() in _SMALL_STAVES:
                self.found.small.add(details.get("number", "1"))

    def _divisions(self, text: str | None) -> None:
        divisions = plain_number(text)
        if divisions is None or divisions <= 0:
            raise ScoreError(f"bar {self.bar + 1} has no valid divisions: export it again")
        self.divisions = divisions
        self.known.clear()

    def _use_hidden(self) -> None:
        """Pass over hidden notes, unless all notes of the part are hidden."""
        voices = self.found.voices
        all_hidden = not any(voice.slots for voice in voices.values())
        for (staff, _), voice in voices.items():
            if voice.hidden and all_hidden:
                voice.slots, voice.hidden = voice.hidden, []
            elif voice.hidden:
                counter = self.found.passed.setdefault(staff, Counter())
                counter["hidden"] += sum(len(slot.notes) for slot in voice.hidden)


def _common_ticks(part: Element) -> int:
    """Ticks of a quarter note in which all durations of a part are whole numbers."""
    ticks = 1
    for text in {element.text or "" for element in part.iter("divisions")}:
        ticks = lcm(ticks, (plain_number(text, Fraction(1)) or Fraction(1)).numerator)
        if ticks > _MAX_TICKS:
            raise ScoreError("its units of duration have no common multiple: export it again")
    # Durations that are written as decimals are rounded.
    decimal = any("." in (element.text or "") for element in part.iter("duration"))
    return ticks * _DECIMAL_TICKS if decimal else ticks


def _text(children: dict[str, Element], tag: str) -> str:
    """Staff or voice of a note: 1 if it names none."""
    child = children.get(tag)
    return "1" if child is None else (child.text or "1").strip() or "1"


def _passed_over(children: dict[str, Element]) -> str:
    """Kind of a note that is not sung; empty for one that is."""
    if "cue" in children:
        return "cue"
    if "unpitched" in children:
        return "unpitched"
    head = children.get("notehead")
    return "slash" if head is not None and (head.text or "").strip() == "slash" else ""


def _ends_tie(element: Element, children: dict[str, Element]) -> bool:
    """Whether a tie ends in a note. Some programs write only what sounds, some what is printed."""
    if "tie" in children and any(t.get("type") == "stop" for t in element.findall("tie")):
        return True
    return "notations" in children and any(
        tied.get("type") in ("stop", "continue") for tied in element.findall("notations/tied")
    )


def plain_number(text: str | None, default: Fraction | None = None) -> Fraction | None:
    """Read a plain decimal number; a long one gives `default`, since Fraction would be slow."""
    match = _NUMBER.fullmatch(text) if text else None
    return Fraction(match.group(1)) if match else default


def transposition(transpose: Element) -> tuple[int, int]:
    """Interval from the written to the sounding pitch, in semitones and in fifths."""
    diatonic, chromatic, octaves = (
        int(plain_number(transpose.findtext(tag), Fraction(0)) or 0)
        for tag in ("diatonic", "chromatic", "octave-change")
    )
    # A step up is two fifths; each semitone more or less is seven.
    return chromatic + 12 * octaves, 7 * chromatic - 12 * diatonic


def readable_fifths(fifths: int) -> int:
    """The enharmonic equal of a key signature that has at most seven accidentals."""
    return fifths - 12 * ((fifths + 4) // 12) if abs(fifths) > 7 else fifths


def _meter(time: Element) -> tuple[int, int] | None:
    """Beats and unit of a time signature, composite ones added; None for a free meter."""
    total, unit = Fraction(0), 1
    for beats, kind in zip(time.findall("beats"), time.findall("beat-type"), strict=False):
        lower = plain_number(kind.text)
        if not _BEATS.fullmatch(beats.text or "") or lower not in (1, 2, 4, 8, 16, 32, 64):
            return None
        upper = sum(int(number) for number in (beats.text or "").split("+"))
        total += Fraction(upper, int(lower))
        unit = max(unit, int(lower))
    return (int(total * unit), unit) if total else None
