"""A MusicXML tree, read into bars and lines.

Every score is kept as MusicXML: the user's own stays as it is, and other formats are converted
first. This reader spares the usual path the import of music21 (a third of a second), and lets
the given parts be written back element by element.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from xml.etree.ElementTree import Element

from bachbot.errors import ScoreError
from bachbot.scores.grid import Bar, LineNote
from bachbot.scores.pitch import SEMITONES, midi_and_name

MAX_QUARTERS = 4096
"""Longest piece, in quarter notes."""

_MAX_BARS = 4096
_NUMBER = re.compile(r"\s*([+-]?\d{1,7}(\.\d{1,6})?)\s*")
_BEATS = re.compile(r"\s*\d{1,3}(\s*\+\s*\d{1,3})*\s*")


@dataclass(frozen=True)
class Line:
    """One voice as it is written in a part.

    Parameters
    ----------
    part : int
        Index of the part in the tree.
    staff : str
        Staff within the part.
    voices : frozenset of str
        Voices of the part that form the line.
    notes : tuple of LineNote
        In order, at sounding pitch.
    names : tuple of int
        Name of each note: position on the line of fifths (C 0, G 1, F -1).
    chord : tuple of (int, Fraction) or None
        Bar index and offset in quarter notes of the first chord, if there is one.
    """

    part: int
    staff: str
    voices: frozenset[str]
    notes: tuple[LineNote, ...]
    names: tuple[int, ...]
    chord: tuple[int, Fraction] | None = None


@dataclass(frozen=True)
class Signature:
    """A key signature: start in quarter notes, sharps or minus flats, and the mode if written."""

    start: Fraction
    fifths: int
    mode: str | None = None


@dataclass(frozen=True, eq=False)
class Document:
    """A score as MusicXML, with its bars and lines.

    Parameters
    ----------
    root : Element
        The ``score-partwise`` tree. It is never changed; changes are made to copies.
    bars : tuple of Bar
        Each as long as the longest part in it.
    lines : tuple of Line
        From the top of the page down.
    names : tuple of str
        Name of each part.
    signatures : tuple of Signature
        Key signatures of the first part that has any, at concert pitch.
    percussion : tuple of int
        Parts that have only unpitched notes.
    """

    root: Element
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    names: tuple[str, ...]
    signatures: tuple[Signature, ...]
    percussion: tuple[int, ...]

    def part(self, index: int) -> Element:
        """The tree of a part."""
        return self.root.findall("part")[index]

    def lines_of(self, part: int) -> tuple[Line, ...]:
        """The lines of a part, from the top down."""
        return tuple(line for line in self.lines if line.part == part)

    def where(self, bar: int, offset: Fraction) -> str:
        """Bar and beat in words, by the printed numbers."""
        number = self.part(0).findall("measure")[bar].get("number") or str(bar + 1)
        first = self.bars[bar]
        if bar == 0 and first.length < first.nominal and len(self.bars) > 1:
            offset += first.nominal - first.length
        return f"bar {number}, beat {float(1 + offset * first.unit / 4):.4g}"


@dataclass
class _StaffVoice:
    """Notes of one (staff, voice) of a part: bar, offset within it, note and name."""

    notes: list[tuple[int, Fraction, LineNote, int]] = field(default_factory=list)
    chord: tuple[int, Fraction] | None = None


@dataclass
class _PartReader:
    """Reads one part, bar by bar."""

    index: int
    divisions: Fraction = Fraction(1)
    chromatic: int = 0
    shift: int = 0  # of the transposition in fifths
    beats: int = 4
    unit: int = 4
    bar: int = 0
    reached: Fraction = Fraction(0)
    sounded: Fraction = Fraction(0)  # end of the last note or rest of the bar
    voices: dict[tuple[str, str], _StaffVoice] = field(default_factory=dict)
    lengths: list[Fraction] = field(default_factory=list)
    meters: list[tuple[int, int]] = field(default_factory=list)
    signatures: list[tuple[int, Fraction, int, str | None]] = field(default_factory=list)
    unpitched: bool = False

    def read(self, part: Element) -> None:
        for self.bar, measure in enumerate(part.findall("measure")):
            if self.bar >= _MAX_BARS:
                raise ScoreError(f"it has more than {_MAX_BARS} bars: give a part of it")
            self._measure(measure)

    def _measure(self, measure: Element) -> None:
        position = last = furthest = sounded = Fraction(0)
        self.meters.append((self.beats, self.unit))
        for element in measure:
            tag = element.tag
            if tag == "note":
                if element.find("grace") is not None:
                    continue
                duration = self._quarters(element)
                chord = element.find("chord") is not None
                if not chord:
                    last, position = position, position + duration
                sounded = max(sounded, position)
                if element.find("cue") is None:
                    self._note(element, last, duration, chord)
            elif tag == "backup":
                position = max(Fraction(0), position - self._quarters(element))
            elif tag == "forward":
                position += self._quarters(element)
            elif tag == "attributes":
                self._attributes(element, position)
            furthest = max(furthest, position)
        self.reached += furthest
        if self.reached > MAX_QUARTERS:
            raise ScoreError(f"it is longer than {MAX_QUARTERS} quarter notes: give a part of it")
        self.lengths.append(furthest)
        self.sounded = sounded

    def _note(self, element: Element, start: Fraction, length: Fraction, chord: bool) -> None:
        if element.find("unpitched") is not None:
            self.unpitched = True
            return
        staff = (element.findtext("staff") or "1").strip()
        voice = (element.findtext("voice") or "1").strip()
        pitch = element.find("pitch")
        if pitch is None or not length:  # a rest
            return
        found = self.voices.setdefault((staff, voice), _StaffVoice())
        if chord and found.chord is None:
            found.chord = (self.bar, start)
        midi, name = self._pitch(pitch)
        tied = any(t.get("type") == "stop" for t in element.findall("tie"))
        fermata = any(n.find("fermata") is not None for n in element.findall("notations"))
        note = LineNote(start, length, midi, tied, fermata)
        found.notes.append((self.bar, start, note, name))

    def _pitch(self, pitch: Element) -> tuple[int, int]:
        """MIDI pitch and name, both as they sound."""
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

    def _quarters(self, element: Element) -> Fraction:
        duration = plain_number(element.findtext("duration"))
        if duration is None or duration < 0:
            raise ScoreError(f"a note in bar {self.bar + 1} has no valid duration: export it again")
        return duration / self.divisions

    def _attributes(self, element: Element, position: Fraction) -> None:
        if element.find("divisions") is not None:
            divisions = plain_number(element.findtext("divisions"))
            if divisions is None or divisions <= 0:
                raise ScoreError(f"bar {self.bar + 1} has no valid divisions: export it again")
            self.divisions = divisions
        transpose = element.find("transpose")
        if transpose is not None:
            self.chromatic, self.shift = transposition(transpose)
        time = element.find("time")
        if time is not None:
            self.beats, self.unit = _meter(time) or (self.beats, self.unit)
            if not position:
                self.meters[-1] = (self.beats, self.unit)
        key = element.find("key")
        if key is not None:
            fifths = plain_number(key.findtext("fifths"))
            if fifths is not None and abs(fifths) <= 7:
                mode = (key.findtext("mode") or "").strip().lower() or None
                concert = int(fifths) + self.shift
                self.signatures.append((self.bar, position, concert, mode))


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


def read_document(root: Element) -> Document:
    """Read the bars and lines of a ``score-partwise`` tree.

    Raises
    ------
    ScoreError
        If it has no parts or bars, is too long, or a note has no pitch or duration.
    """
    parts = root.findall("part")
    readers = []
    for index, part in enumerate(parts):
        reader = _PartReader(index)
        reader.read(part)
        readers.append(reader)
    count = max((len(reader.lengths) for reader in readers), default=0)
    if not count:
        raise ScoreError("it has no music: give a score with a melody")
    bars = _bars(readers, count)
    lines = [line for reader in readers for line in _lines(reader, bars)]
    signed = next((reader.signatures for reader in readers if reader.signatures), [])
    return Document(
        root=root,
        bars=tuple(bars),
        lines=tuple(lines),
        names=_names(root, parts),
        signatures=tuple(Signature(bars[b].start + at, f, m) for b, at, f, m in signed),
        percussion=tuple(r.index for r in readers if r.unpitched and not r.voices),
    )


def _bars(readers: Sequence[_PartReader], count: int) -> list[Bar]:
    bars: list[Bar] = []
    start = Fraction(0)
    for index in range(count):
        here = [reader for reader in readers if index < len(reader.lengths)]
        length = max(reader.lengths[index] for reader in here)
        if index == count - 1:
            # Finale fills a short last bar with a skip, which does not count.
            length = max(reader.sounded for reader in here)
        beats, unit = here[0].meters[index]
        if not length:  # a bar without even a rest
            length = Fraction(4 * beats, unit)
        bars.append(Bar(start, length, beats, unit))
        start += length
    if start > MAX_QUARTERS:
        raise ScoreError(f"it is longer than {MAX_QUARTERS} quarter notes: give a part of it")
    return bars


def _lines(reader: _PartReader, bars: Sequence[Bar]) -> Iterator[Line]:
    """The lines of a part; voices of a staff that never sound together are one line."""
    merged: list[tuple[str, set[str], list, tuple[int, Fraction] | None]] = []
    for (staff, voice), found in sorted(reader.voices.items(), key=lambda item: _sort_key(item[0])):
        notes = sorted(
            (
                (LineNote(bars[b].start + at, n.length, n.pitch, n.tied, n.fermata), name)
                for b, at, n, name in found.notes
            ),
            key=lambda pair: pair[0].start,
        )
        for other_staff, voices, others, chord in merged:
            if other_staff == staff and chord is None and found.chord is None:
                both = sorted(others + notes, key=lambda pair: pair[0].start)
                if all(a.start + a.length <= b.start for (a, _), (b, _) in pairwise(both)):
                    voices.add(voice)
                    others[:] = both
                    break
        else:
            merged.append((staff, {voice}, notes, found.chord))
    for staff, voices, notes, chord in merged:
        yield Line(
            part=reader.index,
            staff=staff,
            voices=frozenset(voices),
            notes=tuple(note for note, _ in notes),
            names=tuple(name for _, name in notes),
            chord=chord,
        )


def _sort_key(key: tuple[str, str]) -> tuple[tuple[int, str], ...]:
    """Sort staves and voices by their numbers."""
    return tuple((int(k) if k.isascii() and k.isdigit() and len(k) < 6 else 99, k) for k in key)


def _names(root: Element, parts: Sequence[Element]) -> tuple[str, ...]:
    named = {
        entry.get("id"): " ".join((entry.findtext("part-name") or "").split())
        for entry in root.iter("score-part")
    }
    return tuple(named.get(part.get("id"), "") for part in parts)
