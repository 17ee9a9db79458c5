"""Reader of the music lines of ABC: notes, rests, tuplets, slurs and bar lines."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from bachbot.errors import ScoreError
from bachbot.scores.musicxml.parts import key_element
from bachbot.scores.pitch import midi_and_name
from bachbot.scores.readers.abc.abc_bar_rests import BarRest, settle
from bachbot.scores.readers.abc.abc_decorations import MARKS, decoration, direction, quoted_text
from bachbot.scores.readers.abc.abc_fields import (
    ALTERS,
    NO_KEY,
    NO_PROPERTIES,
    KeyField,
    Properties,
    sounding_shift,
)
from bachbot.scores.readers.abc.abc_file import plain_text
from bachbot.scores.readers.abc.abc_tokens import PITCH, ending_numbers, read_length, read_tuplet
from bachbot.scores.readers.budget import Budget
from bachbot.scores.readers.tune import TuneBar, TuneNote, drop_slurs

_SPACE = frozenset(("space", "field", "quoted"))
_KEEPS_GAP = frozenset(("decoration", "symbol", "grace", "tuplet", "slur", "dotted"))
_MAX_GRACES, _MAX_SLURS, _MAX_DIRECTIONS = 24, 6, 12
_CLEF_ORDER = ("key", "time", "clef")

_Pitch = tuple[int, int, str, int, int]  # MIDI pitch and name; letter, octave and alteration


@dataclass
class AbcVoice:
    """One voice of an ABC tune, while it is read.

    Parameters
    ----------
    count : Budget
        Counts the notes of all voices.
    symbols : mapping of str to str
        Decorations of the letters that stand for them.
    unit : Fraction
        Length of a note without a number, in quarter notes.
    beats, beat_type : int
        Upper and lower number of the time signature.
    key : KeyField
        Key signature as written.
    fifths : int
        Key signature as it sounds: sharps, or minus flats.
    properties : Properties
        Its clef, and how far it sounds from where it is written.
    spread : str
        How far an accidental holds: ``"pitch"``, ``"octave"`` or ``"not"``.
    name : str
        Its name.
    bars : list of TuneBar
        What has been read.
    line : list of (int, TuneNote)
        Bar index and note of what has had no words so far.
    slips : list of int
        Indices of the bars in which a rest of a whole bar stood beside notes.
    """

    count: Budget
    symbols: Mapping[str, str]
    unit: Fraction = Fraction(1, 2)
    beats: int = 4
    beat_type: int = 4
    key: KeyField = NO_KEY
    fifths: int = 0
    properties: Properties = NO_PROPERTIES
    spread: str = "pitch"
    name: str = ""
    bars: list[TuneBar] = field(default_factory=list)
    line: list[tuple[int, TuneNote]] = field(default_factory=list)
    line_start: int = 0
    verse: int = 0
    pending: list[Element] = field(default_factory=list)
    tempo: tuple[str, str] | None = None
    symbol_lines: int = 0
    slips: list[int] = field(default_factory=list)
    _semitones: int = 0  # from the written to the sounding notes
    _shift: int = 0  # the same in fifths
    _budget: Budget = field(default_factory=Budget)
    _altered: dict[tuple[str, int], int] = field(default_factory=dict)
    _last: TuneNote | None = None
    _sung: TuneNote | None = None  # the last that is no rest
    _written: list[_Pitch] = field(default_factory=list)  # the pitches of the last note
    _ties: set[int] = field(default_factory=set)  # indices of the last note's pitches
    _slurs: list[int] = field(default_factory=list)
    _new_slurs: list[int] = field(default_factory=list)
    _tuplet: tuple[int, int, int, bool] | None = None  # p, q, notes to come, at its start
    _marks: list[str] = field(default_factory=list)
    _directions: list[Element] = field(default_factory=list)
    _graces: list[tuple[int, int]] = field(default_factory=list)
    _broken: Fraction | None = None  # factor for the next note
    _gap: bool = True
    _ending: str = ""
    _overlay: str = ""  # what ends it: "bar" or "&)"
    _long_overlay: bool = False
    _new_line: bool = False
    _summed: tuple[int, Fraction] = (0, Fraction(0))  # notes of the bar, and their length
    _bar_rests: list[BarRest] = field(default_factory=list)  # of the bar

    def begin_line(self, *, continues: bool) -> None:
        """Begin a line of music; `continues` if the line before ends with a backslash."""
        if self.verse:  # the line before has words
            self.line, self.verse = [], 0
        if not continues:
            self.line_start = len(self.line)
            self._gap = True
        self._new_line = True
        self.symbol_lines = 0

    def set_key(self, key: KeyField) -> None:
        """Set the key signature from here on."""
        self.key = key
        self._transpose()
        self.add_signature(key_element(self.fifths, key.mode))

    def set_properties(self, properties: Properties) -> None:
        """Set the name, the clef and the transposition, as far as they are given."""
        before = self._shift
        self.properties = self.properties.updated(properties)
        self.name = self.properties.name or ""
        self._transpose()
        if properties.clef is not None:
            self.add_signature(deepcopy(properties.clef))
        if self._shift != before and self.key.alters:
            self.add_signature(key_element(self.fifths, self.key.mode))

    def _transpose(self) -> None:
        """Find the interval to the sounding notes."""
        semitones = self.properties.semitones or 0
        octaves = (self.properties.octaves or 0) + (self.properties.clef_octaves or 0)
        self._semitones = semitones + 12 * octaves
        self._shift = sounding_shift(semitones, self.key.fifths)
        self.fifths = self.key.fifths + self._shift

    def read(self, kind: str, match: re.Match[str]) -> bool:
        """Read a sign of a music line; return whether it belongs to an overlay."""
        if kind == "overlay":
            self._read_overlay(match["overlay"])
            return True
        if self._overlay == "bar" and kind == "bar":
            self._overlay = ""
        if self._overlay:
            return True
        reader = _READERS.get(kind)
        if reader is not None:
            reader(self, match)
        self._gap = kind in _SPACE or (self._gap and kind in _KEEPS_GAP)
        return False

    @staticmethod
    def mark(note: TuneNote, name: str, quoted: str) -> None:
        """Add a decoration or a chord symbol to a note that has been read."""
        element = direction(name) if name else quoted_text(plain_text(quoted))
        if MARKS.get(name) and MARKS[name] not in note.marks:
            note.marks.append(MARKS[name])
        elif element is not None and len(note.directions) < _MAX_DIRECTIONS:
            note.directions.append(element)

    def add_mark(self, name: str) -> None:
        """Add a decoration to the next note, or a direction before it."""
        mark = MARKS.get(name)
        if mark:
            if mark not in self._marks:
                self._marks.append(mark)
        elif len(self._directions) < _MAX_DIRECTIONS:
            element = direction(name)
            if element is not None:
                self._directions.append(element)

    def add_signature(self, element: Element) -> None:
        """Add a clef, key or time signature before the next note."""
        bar = self.bars[-1] if self.bars and not self.bars[-1].notes else None
        new = self.pending if bar is None else bar.new
        new[:] = [e for e in new if e.tag != element.tag] + [element]
        new.sort(key=lambda e: _CLEF_ORDER.index(e.tag))
        if bar is not None:
            bar.beats, bar.unit, bar.fifths = self.beats, self.beat_type, self.fifths

    def finish(self) -> None:
        """End the tune: drop empty bars at its end, and end its last ending and slurs."""
        self._settle_rests()
        while self.bars and not self.bars[-1].notes:
            self.bars.pop()
        if self.bars:
            self._end_ending(self.bars[-1], "discontinue")
            self.bars[-1].closing += self._directions
        if self._ties and self._last is not None:
            self._last.edges.discard("tie start")
        drop_slurs([note for bar in self.bars for note in bar.notes], self._slurs)

    def _read_overlay(self, sign: str) -> None:
        if sign == "(&":
            self._long_overlay = True
        elif sign == "&)":
            self._overlay, self._long_overlay = "", False
        else:
            self._overlay = "&)" if self._long_overlay else "bar"

    def _current_bar(self) -> TuneBar:
        if not self.bars:
            self._begin_bar()
        elif self._new_line and self._is_full(self.bars[-1]):
            altered = self._altered  # accidentals hold to the next bar line that is written
            self._begin_bar()
            self._altered = altered
        self._new_line = False
        return self.bars[-1]

    def _is_full(self, bar: TuneBar) -> bool:
        """Whether a bar is full at the end of a line, which then is a bar line as well."""
        number, length = self._summed
        length += sum((note.length for note in bar.notes[number:-1]), Fraction(0))
        self._summed = max(number, len(bar.notes) - 1), length
        if not bar.notes or self._tuplet or self._broken:
            return False
        return (length + bar.notes[-1].length) % Fraction(4 * self.beats, self.beat_type) == 0

    def _begin_bar(self) -> None:
        """Begin a bar, with the signatures and the tempo that precede it."""
        self._budget.bar()
        self._settle_rests()
        bar = TuneBar([], self.beats, self.beat_type, self.fifths)
        bar.new, self.pending = self.pending, []
        bar.tempo, self.tempo = self.tempo, None
        self.bars.append(bar)
        self._altered = {}
        self._summed = 0, Fraction(0)

    def _read_symbol(self, match: re.Match[str]) -> None:
        self.add_mark(self.symbols.get(match["letter"], ""))

    def _read_decoration(self, match: re.Match[str]) -> None:
        name = match["name"] or match["old"]
        self.add_mark(decoration(name) or name)

    def _read_quoted(self, match: re.Match[str]) -> None:
        if len(self._directions) < _MAX_DIRECTIONS:
            element = quoted_text(plain_text(match[0][1:-1]))
            if element is not None:
                self._directions.append(element)

    def _read_grace(self, match: re.Match[str]) -> None:
        self.count.note()
        for pitch in PITCH.finditer(match["grace"]):
            if len(self._graces) == _MAX_GRACES:
                break
            self._graces.append(self._pitch(pitch)[:2])

    def _read_note(self, match: re.Match[str]) -> None:
        self._add(PITCH.match(match["note"]), read_length(match["length"]))

    def _read_chord(self, match: re.Match[str]) -> None:
        pitches = list(PITCH.finditer(match["chord"][: match["chord"].rindex("]")]))
        if pitches:
            # The first note of a chord gives its length.
            length = read_length(match["chordlength"]) * read_length(pitches[0][4])
            self._add(pitches[0], length, pitches[1:])

    def _read_rest(self, match: re.Match[str]) -> None:
        if match["rest"] in "zx":
            self._add(None, read_length(match["restlength"]))
            return
        count = read_length(match["restlength"])
        if count.denominator > 1 or not count:
            raise ScoreError(f"a rest of {count} bars is not possible: correct the ABC")
        for number in range(int(count)):
            if number:
                self._begin_bar()
            self._append(TuneNote(Fraction(4 * self.beats, self.beat_type)), [])
        if count == 1 and self._last is not None:
            self._bar_rests.append(BarRest(self._last, self.unit))

    def _settle_rests(self) -> None:
        rests, self._bar_rests = self._bar_rests, []
        if rests and settle(self.bars[-1], rests):
            self.slips.append(len(self.bars) - 1)

    def _add(
        self, match: re.Match[str] | None, length: Fraction, more: list[re.Match[str]] | None = None
    ) -> None:
        """Add a note, a rest if there is no `match`, or a chord if there are `more` pitches."""
        bar = self._current_bar()
        note = TuneNote(length * self.unit, joined=not self._gap and bool(bar.notes))
        if self._broken is not None:
            note.value, self._broken = note.value * self._broken, None
        if self._tuplet is not None:
            self._add_to_tuplet(note, self._tuplet)
        if note.value.numerator <= 0:
            raise ScoreError("a note has no length: correct the ABC")
        pitches: list[_Pitch] = []
        if match is not None:
            found = [(self._pitch(m), bool(m[1]), bool(m[5])) for m in (match, *(more or ()))]
            found.sort(key=lambda entry: entry[0][0])
            pitches = [pitch for pitch, _, _ in found]
            note.pitches = [pitch[:2] for pitch in pitches]
            note.explicit = {i for i, (_, explicit, _) in enumerate(found) if explicit}
        self._append(note, pitches)
        if match is not None:
            self._ties = {i for i, (_, _, tied) in enumerate(found) if tied and more is not None}
            self._mark_ties()

    def _append(self, note: TuneNote, pitches: list[_Pitch]) -> None:
        self._budget.note(note.length)
        self.count.note(number=max(1, len(pitches)))
        bar = self._current_bar()
        self._stop_ties(note, pitches)
        note.marks, self._marks = self._marks, []
        note.directions, self._directions = self._directions, []
        note.graces, self._graces = self._graces, []
        note.slurs += [("start", number) for number in self._new_slurs]
        self._new_slurs = []
        bar.notes.append(note)
        self._last, self._written = note, pitches
        if pitches:
            self.line.append((len(self.bars) - 1, note))
            self._sung = note

    def _pitch(self, match: re.Match[str]) -> _Pitch:
        """Read a pitch; an accidental is kept for the rest of the bar."""
        letter = match[2].upper()
        octave = 4 + match[2].islower() + match[3].count("'") - match[3].count(",")
        key = letter, octave if self.spread == "octave" else 0
        if match[1]:
            alter = ALTERS[match[1]]
            if self.spread != "not":
                self._altered[key] = alter
        else:
            alter = self._altered.get(key, self.key.alters.get(letter, 0))
            for index in self._ties:  # a tie keeps its accidental over the bar line
                if self._written[index][2:4] == (letter, octave):
                    alter = self._written[index][4]
        midi, name = midi_and_name(letter, alter, octave)
        midi += self._semitones
        if not 0 <= midi <= 127:
            raise ScoreError("a note is outside the range of MIDI: correct the ABC")
        return midi, name + self._shift, letter, octave, alter

    def _stop_ties(self, note: TuneNote, pitches: list[_Pitch]) -> None:
        """Tie a note to the one before, as far as the pitches are the same."""
        if not self._ties or self._last is None:
            return
        before = self._last
        stops: set[int] = set()
        for index in self._ties:
            same = next((i for i, p in enumerate(pitches)
                         if p[0] == self._written[index][0] and i not in stops), None)  # fmt: skip
            if same is None:
                before.untied.add(("start", index))
            else:
                stops.add(same)
        self._ties = set()
        if stops:
            note.edges.add("tie stop")
            note.untied |= {("stop", i) for i in range(len(pitches)) if i not in stops}
        else:
            before.edges.discard("tie start")

    def _read_tie(self, match: re.Match[str]) -> None:
        if self._last is not None and self._written:
            self._ties = set(range(len(self._written)))
            self._mark_ties()

    def _mark_ties(self) -> None:
        note = self._last
        if note is not None and self._ties:
            note.edges.add("tie start")
            note.untied = {entry for entry in note.untied if entry[0] == "stop"} | {
                ("start", i) for i in range(len(self._written)) if i not in self._ties
            }

    def _read_slur(self, match: re.Match[str]) -> None:
        for sign in match["slur"][:_MAX_SLURS]:
            if sign == "(":
                number = len(self._slurs) + 1
                if number <= _MAX_SLURS:
                    self._slurs.append(number)
                    self._new_slurs.append(number)
            elif self._slurs and self._sung is not None:
                number = self._slurs.pop()
                if number in self._new_slurs:  # no note is under it
                    self._new_slurs.remove(number)
                else:
                    self._sung.slurs.append(("stop", number))

    def _read_tuplet(self, match: re.Match[str]) -> None:
        if self._tuplet is not None:
            self.count.note()  # a tuplet before the last is full
        compound = self.beat_type == 8 and self.beats % 3 == 0
        self._tuplet = *read_tuplet(match["tuplet"], compound=compound), True

    def _add_to_tuplet(self, note: TuneNote, tuplet: tuple[int, int, int, bool]) -> None:
        notes, time, left, first = tuplet
        note.tuplet = (notes, time)
        if first:
            note.edges.add("tuplet start")
        if left == 1:
            note.edges.add("tuplet stop")
        self._tuplet = (notes, time, left - 1, False) if left > 1 else None

    def _read_broken(self, match: re.Match[str]) -> None:
        notes = self.bars[-1].notes if self.bars else []
        if not notes or self._broken is not None:
            return
        short = Fraction(1, 2 ** min(len(match[0]), 3))
        before, after = (2 - short, short) if match[0][0] == ">" else (short, 2 - short)
        notes[-1].value *= before
        self._broken = after

    def _read_bar(self, match: re.Match[str]) -> None:
        sign = match["bar"]
        self._new_line = False
        ended = next((bar for bar in self.bars[-1:-3:-1] if bar.notes), None)
        if ended is not None:
            ended.closing += [e for e in self._directions if e.tag == "direction"]
            self._directions = [e for e in self._directions if e.tag != "direction"]
            for mark in self._marks:
                if mark.endswith("fermata") and all(e.tag != "fermata" for e in ended.right):
                    ended.right.append(Element("fermata"))
            self._end_bar(ended, sign)
        self._marks = []
        if self.bars and not self.bars[-1].notes:
            self.count.note()  # a bar line after nothing
        bar = self._empty_bar()
        if sign.endswith(":") and not any(e.tag == "repeat" for e in bar.left):
            bar.left += [_style("heavy-light"), Element("repeat", {"direction": "forward"})]
        if match["first"]:
            self._begin_ending(match["first"])

    def _empty_bar(self) -> TuneBar:
        """The current bar if it has no notes, else a new one."""
        if not self.bars or self.bars[-1].notes:
            self._begin_bar()
        return self.bars[-1]

    def _end_bar(self, bar: TuneBar, sign: str) -> None:
        """Add the marks of a bar line to the end of a bar."""
        backward = sign.startswith(":")
        style = "light-light" if sign.startswith("||") else ""
        if backward or "|]" in sign:
            style = "light-heavy"
        if style:
            bar.right = [e for e in bar.right if e.tag != "bar-style"] + [_style(style)]
        if backward and not any(e.tag == "repeat" for e in bar.right):
            bar.right.append(Element("repeat", {"direction": "backward"}))
        if backward or style:
            self._end_ending(bar, "stop" if backward or "|]" in sign else "discontinue")

    def _read_ending(self, match: re.Match[str]) -> None:
        text = match["ending"][1:]
        found = re.search("[1-9][0-9,.-]*", text[:40])
        if found:
            self._begin_ending(found[0])

    def _begin_ending(self, number: str) -> None:
        number = ending_numbers(number)
        bar = self._empty_bar()
        if any(e.tag == "ending" for e in bar.left):
            self.count.note()
            bar.left = [e for e in bar.left if e.tag != "ending"]
        elif len(self.bars) > 1:
            self._end_ending(self.bars[-2], "stop")
        bar.left.append(Element("ending", {"number": number, "type": "start"}))
        self._ending = number

    def _end_ending(self, bar: TuneBar, kind: str) -> None:
        if self._ending:
            bar.right.append(Element("ending", {"number": self._ending, "type": kind}))
            self._ending = ""


def _style(text: str) -> Element:
    style = Element("bar-style")
    style.text = text
    return style


_READERS: dict[str, Callable[[AbcVoice, re.Match[str]], None]] = {
    "symbol": AbcVoice._read_symbol,
    "decoration": AbcVoice._read_decoration,
    "quoted": AbcVoice._read_quoted,
    "grace": AbcVoice._read_grace,
    "note": AbcVoice._read_note,
    "chord": AbcVoice._read_chord,
    "rest": AbcVoice._read_rest,
    "tie": AbcVoice._read_tie,
    "slur": AbcVoice._read_slur,
    "tuplet": AbcVoice._read_tuplet,
    "broken": AbcVoice._read_broken,
    "bar": AbcVoice._read_bar,
    "ending": AbcVoice._read_ending,
}
