"""Reader of the music lines of ABC: notes, rests, tuplets, slurs, bar lines and lyrics."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from bachbot.errors import ScoreError
from bachbot.scores.pitch import midi_and_name, spelled_pitch
from bachbot.scores.readers.tune import Syllable, TuneBar, TuneNote

_TOKEN = re.compile(
    r"""
    (?P<field>\[[A-Za-z]:[^\]]*\])
  | (?P<remark>"[^"]*")
  | (?P<mark>![^!\s]{1,40}!|\+[a-z]{1,20}\+|[.~HLMOPSTuv])
  | (?P<bar>\[?\|+:+|:+\|*:+|:+\|+\]?|\[\||\|\]|\|+)(?P<first>[1-9][0-9,.-]*)?
  | (?P<ending>\[[1-9][0-9,.-]*)
  | (?P<grace>\{[^}]*\})
  | (?P<tuplet>\([2-9](:[1-9]?){0,2})
  | (?P<chord>\[[^\]|]*\](?P<chordlength>[0-9]{0,3}/*[0-9]{0,3}))
  | (?P<note>(\^{1,2}|_{1,2}|=)?[A-Ga-g][,']*)(?P<length>[0-9]{0,3}/*[0-9]{0,3})
  | (?P<rest>[xzZX])(?P<restlength>[0-9]{0,3}/*[0-9]{0,3})
  | (?P<slur>[()])
  | (?P<tie>-)
  | (?P<broken>>{1,3}|<{1,3})
  | (?P<space>[\s`$\\*y&]+[0-9]*)
    """,
    re.VERBOSE,
)
_PITCH = re.compile(r"(\^{1,2}|_{1,2}|=)?([A-Ga-g])([,']*)")
ALTERS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
"""Accidentals of ABC, in semitones."""

_MARKS = {
    ".": "staccato", "!staccato!": "staccato", "!tenuto!": "tenuto",
    "!accent!": "accent", "!>!": "accent", "!emphasis!": "accent", "L": "accent",
    "H": "fermata", "!fermata!": "fermata", "T": "trill-mark", "!trill!": "trill-mark",
    "M": "mordent", "!mordent!": "mordent", "!lowermordent!": "mordent",
    "P": "inverted-mordent", "!uppermordent!": "inverted-mordent", "!pralltriller!":
    "inverted-mordent", "!turn!": "turn", "!breath!": "breath-mark",
}  # fmt: skip
_SPACE = ("space", "field", "remark")


@dataclass
class AbcVoice:
    """One voice of an ABC tune, while it is read.

    Parameters
    ----------
    unit : Fraction
        Length of a note without a number, in quarter notes.
    beats, beat_type : int
        Upper and lower number of the time signature.
    signature : dict
        Alteration of each step by the key signature.
    fifths : int
        Key signature: sharps, or minus flats.
    """

    unit: Fraction = Fraction(1, 2)
    beats: int = 4
    beat_type: int = 4
    signature: dict[str, int] = field(default_factory=dict)
    fifths: int = 0
    name: str = ""
    bars: list[TuneBar] = field(default_factory=list)
    line: list[tuple[int, TuneNote]] = field(default_factory=list)  # bar index and note
    pending: list[Element] = field(default_factory=list)
    tempo: tuple[str, str] | None = None
    altered: dict[str, int] = field(default_factory=dict)
    ties: dict[tuple[str, int], int] = field(default_factory=dict)
    slurs: list[int] = field(default_factory=list)
    tuplet: tuple[int, int, int, bool] | None = None  # p, q, notes to come, at its start
    marks: list[str] = field(default_factory=list)
    new_slurs: list[int] = field(default_factory=list)
    graces: list[tuple[int, int]] = field(default_factory=list)
    broken: Fraction | None = None  # factor for the next note
    gap: bool = True
    ending: str = ""

    def read(self, text: str) -> Iterator[str]:
        """Read a music line; yield its inline fields for the caller to read."""
        self.line = []
        for match in _TOKEN.finditer(text):  # anything else is ignored
            kind = next(k for k, v in match.groupdict().items() if v is not None)
            if kind == "field":
                yield match["field"][1:-1]
            elif kind == "mark":
                mark = _MARKS.get(match["mark"].replace("+", "!"))
                if mark:
                    self.marks.append(mark)
            elif kind == "bar":
                self._bar_line(match["bar"], match["first"])
            elif kind == "ending":
                self._ending(match["ending"][1:])
            elif kind == "grace":
                self.graces = [self._pitch(m) for m in _PITCH.finditer(match["grace"])]
            elif kind == "tuplet":
                self._tuplet(match["tuplet"][1:])
            elif kind in ("note", "chord", "rest"):
                self._note(kind, match)
            elif kind == "slur":
                self._slur(match["slur"])
            elif kind == "tie":
                self._tie()
            elif kind == "broken":
                self._broken(match["broken"])
            self.gap = kind in _SPACE or (self.gap and kind in ("mark", "grace", "tuplet", "slur"))

    def _current_bar(self) -> TuneBar:
        if not self.bars:
            self.begin_bar()
        return self.bars[-1]

    def begin_bar(self) -> None:
        """Begin a bar, with the signatures and the tempo that precede it."""
        bar = TuneBar([], self.beats, self.beat_type, self.fifths)
        bar.new, self.pending = self.pending, []
        bar.tempo, self.tempo = self.tempo, None
        self.bars.append(bar)
        self.altered = {}

    def add_signature(self, element: Element) -> None:
        """Add a key or time signature before the next note."""
        if self.bars and not self.bars[-1].notes:
            bar = self.bars[-1]
            bar.new = [e for e in bar.new if e.tag != element.tag] + [element]
            bar.new.sort(key=lambda e: ("key", "time").index(e.tag))
            bar.beats, bar.unit, bar.fifths = self.beats, self.beat_type, self.fifths
        else:
            self.pending = [e for e in self.pending if e.tag != element.tag] + [element]
            self.pending.sort(key=lambda e: ("key", "time").index(e.tag))

    def _note(self, kind: str, match: re.Match[str]) -> None:
        bar = self._current_bar()
        if kind == "rest" and match["rest"] in "ZX":
            self._bars_of_rest(match["restlength"])
            return
        length = _length(match[kind + "length" if kind != "note" else "length"]) * self.unit
        note = TuneNote(length, joined=not self.gap and bool(bar.notes))
        ties, self.ties = self.ties, {}
        if kind == "note":
            self._add_pitch(note, _PITCH.match(match["note"]), ties)
        elif kind == "chord":
            inner = match["chord"]
            first = re.search(r"[A-Ga-g][,']*([0-9]{0,3}/*[0-9]{0,3})", inner)
            note.value *= _length(first.group(1)) if first else 1
            for pitch in _PITCH.finditer(inner):
                self._add_pitch(note, pitch, ties)
            if not note.pitches:
                return
        if ties and "tie stop" not in note.edges and self.line:
            self.line[-1][1].edges.discard("tie start")  # the next note has another pitch
        if self.broken is not None:
            note.value, self.broken = note.value * self.broken, None
        if self.tuplet is not None:
            self._add_to_tuplet(note)
        if note.value <= 0:
            raise ScoreError("a note has no length: correct the ABC")
        note.marks, self.marks = self.marks, []
        note.graces, self.graces = self.graces, []
        note.slurs += [("start", number) for number in self.new_slurs]
        self.new_slurs = []
        bar.notes.append(note)
        if note.pitches:
            self.line.append((len(self.bars) - 1, note))

    def _add_pitch(
        self, note: TuneNote, match: re.Match[str] | None, ties: dict[tuple[str, int], int]
    ) -> None:
        if match is None:
            return
        letter, octave = match[2].upper(), _octave(match)
        carried = ties.get((letter, octave))
        if match[1] is None and carried is not None:
            alter = carried  # a tie keeps its accidental over the bar line
            midi, name = midi_and_name(letter, alter, octave)
        else:
            midi, name = self._pitch(match)
        if carried is not None and midi_and_name(letter, carried, octave)[0] == midi:
            note.edges.add("tie stop")
        if match[1]:
            note.explicit.add(len(note.pitches))
        note.pitches.append((midi, name))

    def _pitch(self, match: re.Match[str]) -> tuple[int, int]:
        """MIDI pitch and name; an accidental is kept for the rest of the bar."""
        letter, octave = match[2].upper(), _octave(match)
        if match[1]:
            self.altered[letter] = ALTERS[match[1]]
        alter = self.altered.get(letter, self.signature.get(letter, 0))
        return midi_and_name(letter, alter, octave)

    def _bars_of_rest(self, figure: str) -> None:
        count = int(_length(figure))
        if not 1 <= count <= 999:
            raise ScoreError(f"a rest of {figure} bars is not possible: correct the ABC")
        for number in range(count):
            if number:
                self.begin_bar()
            rest = Fraction(4 * self.beats, self.beat_type)
            self._current_bar().notes.append(TuneNote(rest))

    def _tie(self) -> None:
        if not self.line:
            return
        note = self.line[-1][1]
        if self.bars and self.bars[-1].notes and self.bars[-1].notes[-1] is note:
            note.edges.add("tie start")
            for midi, name in note.pitches:
                letter, alter, octave = spelled_pitch(midi, name)
                self.ties[letter, octave] = alter

    def _slur(self, sign: str) -> None:
        if sign == "(":
            number = len(self.slurs) + 1
            if number <= 6:
                self.slurs.append(number)
                self.new_slurs.append(number)
        elif self.slurs and self.line:
            number = self.slurs.pop()
            if number in self.new_slurs:  # no note is under it
                self.new_slurs.remove(number)
            else:
                self.line[-1][1].slurs.append(("stop", number))

    def _tuplet(self, text: str) -> None:
        figures = [int(f) if f else 0 for f in (text + "::").split(":")]
        notes = figures[0]
        compound = self.beat_type == 8 and self.beats % 3 == 0
        usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(notes, 3 if compound else 2)
        self.tuplet = (notes, figures[1] or usual, figures[2] or notes, True)

    def _add_to_tuplet(self, note: TuneNote) -> None:
        assert self.tuplet is not None
        notes, time, left, first = self.tuplet
        note.tuplet = (notes, time)
        if first:
            note.edges.add("tuplet start")
        if left == 1:
            note.edges.add("tuplet stop")
        self.tuplet = (notes, time, left - 1, False) if left > 1 else None

    def _broken(self, signs: str) -> None:
        notes = self.bars[-1].notes if self.bars else []
        if not notes:
            return
        short = Fraction(1, 2 ** len(signs))
        long = 2 - short
        before, after = (long, short) if signs[0] == ">" else (short, long)
        notes[-1].value *= before
        self.broken = after

    def _bar_line(self, sign: str, ending: str | None) -> None:
        ended = next((bar for bar in self.bars[-1:-3:-1] if bar.notes), None)
        if ended is not None:
            self._end_bar(ended, sign)
        bar = self._empty_bar()
        if sign.endswith(":") and not any(e.tag == "repeat" for e in bar.left):
            style = Element("bar-style")
            style.text = "heavy-light"
            bar.left += [style, Element("repeat", {"direction": "forward"})]
        if ending:
            self._ending(ending)

    def _empty_bar(self) -> TuneBar:
        """The current bar if it has no notes, else a new one."""
        if not self.bars or self.bars[-1].notes:
            self.begin_bar()
        return self.bars[-1]

    def _end_bar(self, bar: TuneBar, sign: str) -> None:
        """Add the marks of a bar line to the end of a bar."""
        backward = sign.startswith(":")
        style = Element("bar-style")
        if backward or "|]" in sign:
            style.text = "light-heavy"
        elif sign == "||":
            style.text = "light-light"
        if style.text:
            bar.right = [e for e in bar.right if e.tag != "bar-style"] + [style]
        if backward and not any(e.tag == "repeat" for e in bar.right):
            bar.right.append(Element("repeat", {"direction": "backward"}))
        if backward or style.text:
            self._end_ending(bar, "stop" if backward or "|]" in sign else "discontinue")

    def _ending(self, number: str) -> None:
        # MusicXML writes both "1-3" and "1,2,3" as the list.
        first, dash, last = number.strip(",.-").partition("-")
        if dash and first.isdigit() and last.isdigit() and int(first) < int(last) < 20:
            number = ",".join(str(n) for n in range(int(first), int(last) + 1))
        else:
            number = ",".join(re.findall(r"[1-9][0-9]?", number))
        bar = self._empty_bar()
        if len(self.bars) > 1:
            self._end_ending(self.bars[-2], "stop")
        bar.left = [e for e in bar.left if e.tag != "ending"]
        bar.left.append(Element("ending", {"number": number, "type": "start"}))
        self.ending = number

    def _end_ending(self, bar: TuneBar, kind: str) -> None:
        if self.ending:
            bar.right.append(Element("ending", {"number": self.ending, "type": kind}))
            self.ending = ""

    def finish(self) -> None:
        """End the tune: drop empty bars at its end, and end its last ending and slurs."""
        while self.bars and not self.bars[-1].notes:
            self.bars.pop()
        if self.bars:
            self._end_ending(self.bars[-1], "discontinue")
        notes = [note for bar in self.bars for note in bar.notes]
        for number in self.slurs:
            for note in reversed(notes):
                if ("start", number) in note.slurs:
                    note.slurs.remove(("start", number))
                    break


def align_lyrics(line: list[tuple[int, TuneNote]], text: str, verse: int) -> None:
    """Align a ``w:`` line with the notes of a music line.

    Parameters
    ----------
    line : list of (int, TuneNote)
        Bar index and note, without rests.
    text : str
        The lyrics: ``-`` ends a syllable, ``_`` extends one, ``*`` skips a note, ``~`` is a space
        within a syllable, ``|`` goes to the next bar.
    verse : int
        Number of the verse.
    """
    notes = iter(range(len(line)))
    index = -1
    inside = False  # whether a word is unfinished
    last: TuneNote | None = None
    for piece in re.findall(r"(?:\\-|[^\s\-_*|])+|[-_*|]", text):
        if piece == "-":
            if last is None or inside:  # a second hyphen extends over a note
                index = next(notes, len(line))
            elif verse in last.lyrics:
                syllable = last.lyrics[verse]
                position = {"single": "begin", "end": "middle"}[syllable.position]
                last.lyrics[verse] = Syllable(position, syllable.text)
            inside = True
            continue
        if piece == "|":
            bar = line[index][0] if 0 <= index < len(line) else -1
            ahead = [i for i, (b, _) in enumerate(line) if b > bar and i > index]
            notes = iter(range(ahead[0], len(line))) if ahead else iter(())
            continue
        index = next(notes, len(line))
        if index >= len(line):
            return
        if piece == "_":
            if last is not None and verse in last.lyrics:
                syllable = last.lyrics[verse]
                last.lyrics[verse] = Syllable(syllable.position, syllable.text, extended=True)
        elif piece != "*":
            last = line[index][1]
            words = piece.replace("~", " ").replace("\\-", "-")
            last.lyrics[verse] = Syllable("end" if inside else "single", words)
            inside = False


def _length(text: str) -> Fraction:
    """Read a length such as ``3``, ``3/2``, ``/`` or ``//``."""
    over, slashes, under = re.fullmatch(r"([0-9]*)(/*)([0-9]*)", text).groups()  # type: ignore[union-attr]
    denominator = int(under) if under and slashes else 2 ** min(len(slashes), 8)
    if denominator == 0:
        raise ScoreError(f"a length of {text} is not possible: correct the ABC")
    return Fraction(int(over or 1), denominator)


def _octave(match: re.Match[str]) -> int:
    octave = 4 + match[2].islower() + match[3].count("'") - match[3].count(",")
    if not 0 <= octave <= 8:
        raise ScoreError("a note is outside the range of MIDI: correct the ABC")
    return octave
