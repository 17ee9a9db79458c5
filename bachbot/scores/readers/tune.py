"""Tunes as the readers of MIDI, ABC and kern find them, and their MusicXML."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from math import lcm
from xml.etree.ElementTree import Element, SubElement

from bachbot.errors import ScoreError
from bachbot.scores.grid import Bar, bar_offsets
from bachbot.scores.musicxml.metronome import metronome
from bachbot.scores.musicxml.note_values import beam_values
from bachbot.scores.musicxml.notes import Accidentals
from bachbot.scores.pitch import ACCIDENTALS, spelled_pitch
from bachbot.scores.readers.budget import MAX_DIVISIONS

_TYPES = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th")
_LARGEST_TUPLET = 15
_MARKS = {
    "ornaments": ("trill-mark", "turn", "inverted-turn", "mordent", "inverted-mordent"),
    "technical": ("up-bow", "down-bow"),
    "articulations": (
        "accent", "strong-accent", "staccato", "tenuto", "staccatissimo", "breath-mark",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class TuneHeading:
    """A tune in a file of many: the number by which it is asked for, and its title."""

    number: int
    title: str


def number_tunes(found: Iterable[tuple[str, str]]) -> tuple[TuneHeading, ...]:
    """Headings of the tunes of a file, from the number that it gives to each, and its title.

    They are numbered in order instead if a number is missing or stands twice.

    Examples
    --------
    >>> number_tunes([("51", "One"), ("52", "Two")])[1].number
    52
    >>> number_tunes([("51", "One"), ("51", "Two")])[1].number
    2
    """
    tunes = list(found)
    written = [_TUNE_NUMBER.match(number) for number, _ in tunes]
    numbers = [int(match[1]) if match else 0 for match in written]
    if 0 in numbers or len(set(numbers)) < len(numbers):
        numbers = list(range(1, len(tunes) + 1))
    return tuple(TuneHeading(n, title) for n, (_, title) in zip(numbers, tunes, strict=True))


_TUNE_NUMBER = re.compile(r"\s*(\d{1,9})")


@dataclass(frozen=True)
class Syllable:
    """A syllable: MusicXML's ``syllabic`` (such as ``"single"``), text, whether it is extended."""

    position: str
    text: str
    extended: bool = False


def syllable(text: str, *, inside: bool, continues: bool) -> Syllable:
    """A syllable of a word that has begun before it, or that goes on after it."""
    if continues:
        return Syllable("middle" if inside else "begin", text)
    return Syllable("end" if inside else "single", text)


@dataclass
class TuneNote:
    """A written note, chord or rest.

    Parameters
    ----------
    value : Fraction
        Written length in quarter notes, not shortened by a tuplet.
    pitches : list of (int, int)
        MIDI pitch and name (position on the line of fifths), from the lowest up; empty for a
        rest.
    explicit : set of int
        Indices of the pitches with a written accidental.
    tuplet : tuple of (int, int) or None
        Notes of the tuplet, and normal notes in the same time.
    edges : set of str
        ``"tuplet start"``, ``"tuplet stop"``, ``"tie start"``, ``"tie stop"``.
    slurs : list of (str, int)
        Start or stop, and the slur's number.
    marks : list of str
        MusicXML names of articulations and ornaments, and ``"fermata"``.
    lyrics : dict of int to Syllable
        By verse.
    graces : list of (int, int)
        Grace notes before it: MIDI pitch and name.
    joined : bool
        Whether it is beamed to the note before, if both have flags.
    untied : set of (str, int)
        ``"start"`` or ``"stop"``, and the index of a pitch that such a tie of the chord leaves out.
    directions : list of Element
        Directions and chord symbols before it.
    hidden : bool
        Whether a rest is only time that passes, and is not written.
    """

    value: Fraction
    pitches: list[tuple[int, int]] = field(default_factory=list)
    explicit: set[int] = field(default_factory=set)
    tuplet: tuple[int, int] | None = None
    edges: set[str] = field(default_factory=set)
    slurs: list[tuple[str, int]] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    lyrics: dict[int, Syllable] = field(default_factory=dict)
    graces: list[tuple[int, int]] = field(default_factory=list)
    joined: bool = False
    untied: set[tuple[str, int]] = field(default_factory=set)
    directions: list[Element] = field(default_factory=list)
    hidden: bool = False

    @property
    def length(self) -> Fraction:
        """Sounding length in quarter notes."""
        if self.tuplet is None:
            return self.value
        return self.value * Fraction(self.tuplet[1], self.tuplet[0])


@dataclass
class TuneBar:
    """The music between two bar lines.

    Parameters
    ----------
    notes : list of TuneNote
        In order.
    beats, unit : int
        Time signature in force.
    fifths : int
        Key signature in force.
    new : list of Element
        Key and time elements that begin here.
    tempo : tuple of (str, str) or None
        Words, and quarter notes per minute, over the bar.
    left, right : list of Element
        Elements of the bar lines.
    closing : list of Element
        Directions after the last note.
    lower : list of list of TuneNote
        The other voices of the staff from the top down, each from the beginning of the bar.
    """

    notes: list[TuneNote] = field(default_factory=list)
    beats: int = 4
    unit: int = 4
    fifths: int = 0
    new: list[Element] = field(default_factory=list)
    tempo: tuple[str, str] | None = None
    left: list[Element] = field(default_factory=list)
    right: list[Element] = field(default_factory=list)
    closing: list[Element] = field(default_factory=list)
    lower: list[list[TuneNote]] = field(default_factory=list)

    @property
    def length(self) -> Fraction:
        """Total length of the notes of its longest voice, in quarter notes."""
        return max(total_length(notes) for notes in (self.notes, *self.lower))


def total_length(notes: Sequence[TuneNote]) -> Fraction:
    """Total length of notes in quarter notes, by few sums of fractions."""
    sums: dict[int, int] = {}
    for note in notes:
        length = note.length
        sums[length.denominator] = sums.get(length.denominator, 0) + length.numerator
    return sum((Fraction(count, parts) for parts, count in sums.items()), Fraction(0))


def drop_slurs(notes: Sequence[TuneNote], numbers: Iterable[int]) -> None:
    """Take slurs that are not closed from the notes with which they begin."""
    for number in numbers:
        for note in reversed(notes):
            if ("start", number) in note.slurs:
                note.slurs.remove(("start", number))
                break


def tune_tree(
    parts: Sequence[tuple[str, Sequence[TuneBar]]], title: str, creators: Iterable[Element] = ()
) -> Element:
    """Build a MusicXML score from tunes.

    Parameters
    ----------
    parts : sequence of (str, sequence of TuneBar)
        Name and bars of each part.
    title : str
        Title of the work.
    creators : iterable of Element
        Children of ``identification``.
    """
    root = Element("score-partwise", {"version": "4.0"})
    if title:
        SubElement(SubElement(root, "work"), "work-title").text = title
    SubElement(root, "identification").extend(creators)
    listing = SubElement(root, "part-list")
    for number, (name, bars) in enumerate(parts, start=1):
        entry = SubElement(listing, "score-part", {"id": f"P{number}"})
        SubElement(entry, "part-name").text = name
        part = SubElement(root, "part", {"id": f"P{number}"})
        _write_bars(part, bars)
    return root


def _write_bars(part: Element, bars: Sequence[TuneBar]) -> None:
    denominators = {
        note.length.denominator
        for bar in bars
        for notes in (bar.notes, *bar.lower)
        for note in notes
    }
    divisions = lcm(4, *denominators)
    if divisions > MAX_DIVISIONS:
        raise ScoreError("its note lengths have no common divisor: simplify the tuplets")
    start, plain = Fraction(0), []
    for bar in bars:
        length = bar.length
        plain.append(Bar(start, length, bar.beats, bar.unit))
        start += length
    number = 0
    for index, (bar, offset) in enumerate(zip(bars, bar_offsets(plain), strict=True)):
        measure = SubElement(part, "measure")
        number += not offset
        # A pickup is bar 0; the second part of a split bar has no number of its own.
        measure.set("number", f"X{index}" if offset and index else str(number))
        if offset:
            measure.set("implicit", "yes")
        _write_barline(measure, "left", bar.left)
        if index == 0 or bar.new:
            attributes = SubElement(measure, "attributes")
            if index == 0:
                SubElement(attributes, "divisions").text = str(divisions)
            attributes.extend(bar.new)
        if bar.tempo:
            _write_tempo(measure, *bar.tempo, plain[index].beat)
        written = 0
        for voice, notes in enumerate((bar.notes, *bar.lower), start=1):
            if voice > 1 and written:
                back = SubElement(measure, "backup")
                SubElement(back, "duration").text = str(written)
            written = _write_voice(measure, notes, voice, bar.fifths, divisions)
            if voice == 1:
                measure.extend(bar.closing)
        _write_barline(measure, "right", bar.right)


def _write_barline(measure: Element, location: str, content: Sequence[Element]) -> None:
    if content:
        barline = SubElement(measure, "barline", {"location": location})
        order = ("bar-style", "fermata", "ending", "repeat")
        barline.extend(sorted(content, key=lambda element: order.index(element.tag)))


def _write_tempo(measure: Element, words: str, tempo: str, beat: Fraction) -> None:
    direction = SubElement(measure, "direction", {"placement": "above"})
    if words:
        SubElement(SubElement(direction, "direction-type"), "words").text = words
    if tempo:
        SubElement(direction, "direction-type").append(metronome(float(tempo), beat))
        SubElement(direction, "sound", {"tempo": tempo})


def _write_voice(
    measure: Element, notes: Sequence[TuneNote], voice: int, fifths: int, divisions: int
) -> int:
    """Write the notes of a voice; return their length in divisions."""
    accidentals = Accidentals(fifths)
    pieces = [piece for note in notes for piece in _split_note(note)]
    flags = [max(0, _TYPES.index(_note_type(p.value)[0]) - 3) if p.pitches else 0 for p in pieces]
    lengths = [piece.length for piece in pieces]
    durations = [length.numerator * divisions // length.denominator for length in lengths]
    groups: list[list[int]] = []
    for index, piece in enumerate(pieces):
        if flags[index]:
            if piece.joined and groups and groups[-1][-1] == index - 1:
                groups[-1].append(index)
            else:
                groups.append([index])
    starts = [0, *accumulate(durations)]
    levels = beam_values(groups, flags, starts, divisions)
    for piece, beams, duration in zip(pieces, levels, map(str, durations), strict=True):
        if piece.hidden:
            SubElement(SubElement(measure, "forward"), "duration").text = duration
            continue
        measure.extend(piece.directions)
        for grace in piece.graces:
            _write_grace(measure, grace, voice, accidentals)
        for number, (pitch, name) in enumerate(piece.pitches or [(None, None)]):
            element = SubElement(measure, "note")
            if number:
                SubElement(element, "chord")
            accidental = None
            if pitch is None or name is None:
                SubElement(element, "rest")
            else:
                accidental = _write_pitch(element, pitch, name, accidentals)
                if number in piece.explicit:
                    accidental = ACCIDENTALS.get(spelled_pitch(pitch, name)[1])
                elif "tie stop" in piece.edges and ("stop", number) not in piece.untied:
                    accidental = None
            SubElement(element, "duration").text = duration
            ties = _write_ties(element, piece, number)
            SubElement(element, "voice").text = str(voice)
            _write_note_end(element, piece, accidental, beams if not number else ())
            notations = _notations(piece, ties, first=not number)
            if len(notations):
                element.append(notations)
            if not number:
                _write_lyrics(element, piece)
    return starts[-1]


def _split_note(note: TuneNote) -> Iterable[TuneNote]:
    """The note itself, or several tied notes if no single value has its length."""
    if note.hidden or _note_type(note.value)[0]:
        return [note]
    odd = _odd_part(note.value.denominator)
    if note.tuplet is None and 1 < odd <= _LARGEST_TUPLET:
        # Such as a third of a quarter without a sign of a triplet.
        normal = 2 ** (odd.bit_length() - 1)
        tuplet = (odd, normal)
        return _split_note(replace(note, value=note.value * odd / normal, tuplet=tuplet))
    values = _split_value(note.value)
    out = [TuneNote(value, note.pitches, tuplet=note.tuplet) for value in values]
    for before, after in pairwise(out):
        if note.pitches:
            before.edges.add("tie start")
            after.edges.add("tie stop")
    first, last = out[0], out[-1]
    first.explicit, first.lyrics, first.graces = note.explicit, note.lyrics, note.graces
    first.joined, first.directions = note.joined, note.directions
    first.untied = {entry for entry in note.untied if entry[0] == "stop"}
    last.untied = {entry for entry in note.untied if entry[0] == "start"}
    first.edges |= note.edges & {"tuplet start", "tie stop"}
    first.slurs = [s for s in note.slurs if s[0] == "start"]
    last.edges |= note.edges & {"tuplet stop", "tie start"}
    last.slurs = [s for s in note.slurs if s[0] == "stop"]
    last.marks = note.marks
    return out


@lru_cache(maxsize=1000)
def _split_value(value: Fraction) -> tuple[Fraction, ...]:
    """Note values that add up to a length, the longest first."""
    whole, rest = divmod(value, _VALUES[0])
    values = [_VALUES[0]] * int(whole)
    while rest:
        found = next((v for v in _VALUES if v <= rest), None)
        if found is None:
            raise ScoreError("a note is shorter than a 128th: write it in longer notes")
        values.append(found)
        rest -= found
    return tuple(values)


def _odd_part(number: int) -> int:
    """The largest odd divisor."""
    return number // (number & -number)


def _note_type(value: Fraction) -> tuple[str, int]:
    """MusicXML type of a note value and its dots; an empty type if there is none."""
    return _TYPE_OF.get((value.numerator, value.denominator), ("", 0))


def _note_values() -> dict[Fraction, tuple[str, int]]:
    """All values with up to two dots, the longest first."""
    found = {
        Fraction(8, 2**exponent) * (2 - Fraction(1, 2**dots)): (name, dots)
        for exponent, name in enumerate(_TYPES)
        for dots in range(3)
    }
    return dict(sorted(found.items(), reverse=True))


_VALUES = list(_note_values())
_TYPE_OF = {(v.numerator, v.denominator): name for v, name in _note_values().items()}
"""By numerator and denominator, whose hash is faster than that of a fraction."""


def _write_grace(
    measure: Element, grace: tuple[int, int], voice: int, accidentals: Accidentals
) -> None:
    element = SubElement(measure, "note")
    SubElement(element, "grace")
    accidental = _write_pitch(element, *grace, accidentals)
    SubElement(element, "voice").text = str(voice)
    SubElement(element, "type").text = "eighth"
    if accidental:
        SubElement(element, "accidental").text = accidental


def _write_pitch(element: Element, midi: int, name: int, accidentals: Accidentals) -> str | None:
    """Write a pitch; return its accidental if it needs one."""
    step, alter, octave = spelled_pitch(midi, name)
    pitch = SubElement(element, "pitch")
    SubElement(pitch, "step").text = step
    if alter:
        SubElement(pitch, "alter").text = str(alter)
    SubElement(pitch, "octave").text = str(octave)
    return ACCIDENTALS.get(alter) if accidentals.needed(step, alter, octave) else None


def _write_ties(element: Element, note: TuneNote, number: int) -> list[str]:
    """Write the ties of a pitch of a note; return their kinds."""
    ties = [
        kind
        for kind in ("stop", "start")
        if f"tie {kind}" in note.edges and note.pitches and (kind, number) not in note.untied
    ]
    for kind in ties:
        SubElement(element, "tie", {"type": kind})
    return ties


def _write_note_end(
    element: Element, note: TuneNote, accidental: str | None, beams: Sequence[str]
) -> None:
    """Write the elements from the note type to the beams, in the order of MusicXML."""
    name, dots = _note_type(note.value)
    SubElement(element, "type").text = name
    for _ in range(dots):
        SubElement(element, "dot")
    if accidental:
        SubElement(element, "accidental").text = accidental
    if note.tuplet:
        modification = SubElement(element, "time-modification")
        SubElement(modification, "actual-notes").text = str(note.tuplet[0])
        SubElement(modification, "normal-notes").text = str(note.tuplet[1])
    for level, kind in enumerate(beams, start=1):
        SubElement(element, "beam", {"number": str(level)}).text = kind


def _write_lyrics(element: Element, note: TuneNote) -> None:
    for verse, syllable in sorted(note.lyrics.items()):
        lyric = SubElement(element, "lyric", {"number": str(verse)})
        SubElement(lyric, "syllabic").text = syllable.position
        SubElement(lyric, "text").text = syllable.text
        if syllable.extended:
            SubElement(lyric, "extend")


def _notations(note: TuneNote, ties: Sequence[str], *, first: bool) -> Element:
    notations = Element("notations")
    for kind in ties:
        SubElement(notations, "tied", {"type": kind})
    if not first:
        return notations
    for kind, number in note.slurs:
        SubElement(notations, "slur", {"type": kind, "number": str(number)})
    for kind in ("start", "stop"):
        if f"tuplet {kind}" in note.edges:
            SubElement(notations, "tuplet", {"type": kind})
    for group, names in _MARKS.items():
        marks = [mark for mark in note.marks if mark in names]
        if marks:
            holder = SubElement(notations, group)
            for mark in marks:
                SubElement(holder, mark)
    if "fermata" in note.marks:
        SubElement(notations, "fermata", {"type": "upright"})
    elif "inverted fermata" in note.marks:
        SubElement(notations, "fermata", {"type": "inverted"})
    return notations
