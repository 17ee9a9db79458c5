"""Reader of ABC notation.

music21 also reads ABC, but it loses lyrics, endings, fermatas and slurs. This reader follows the
standard (abcnotation.com, version 2.1); ``tests/scores/README.md`` says what becomes of each
element of it.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from bachbot.errors import ScoreError
from bachbot.scores.readers.abc.abc_decorations import SYMBOLS
from bachbot.scores.readers.abc.abc_fields import (
    NO_KEY,
    NO_PROPERTIES,
    KeyField,
    Meter,
    Properties,
    read_key,
    read_meter,
    read_properties,
    read_tempo,
    read_unit,
    time_element,
)
from bachbot.scores.readers.abc.abc_file import DIRECTIVE, AbcLine, plain_text, read_tunes
from bachbot.scores.readers.abc.abc_lyrics import (
    Misfit,
    align_lyrics,
    align_symbols,
    count_syllables,
)
from bachbot.scores.readers.abc.abc_music import AbcVoice
from bachbot.scores.readers.abc.abc_prose import has_notes, is_words, quoted, words_error
from bachbot.scores.readers.abc.abc_tokens import tokens
from bachbot.scores.readers.budget import Budget
from bachbot.scores.readers.tune import TuneHeading, number_tunes, tune_tree
from bachbot.scores.score import Notice

_MAX_NOTES = 12_000  # of all voices, with fields and bar lines after nothing
_MAX_VERSES = 32
_MAX_CREATORS = 20
_MAX_SYMBOL_LINES = 8
_NAMED = 4
"""How many places a notice names."""
_PARTS = re.compile("[A-Z0-9().* ]+")
_FREE_METERS = frozenset(("none", "free"))
_VOICE = re.compile(r"[^\s()\[\]{}|*+&]+")
_SYMBOL = re.compile(r'([.~H-Wh-w])\s*=\s*(?:!([^!]{1,40})!|\+([^+]{1,40})\+|"[^"]*")')
_SINGER = re.compile(r"s|sop|sopran|soprano|s ?1|soprano ?1|cantus|discant", re.IGNORECASE)
_DIRECTIVES = frozenset(("score", "staves", "linebreak", "propagate-accidentals"))


def abc_tunes(content: bytes) -> tuple[TuneHeading, ...]:
    r"""List the tunes of an ABC file, in linear time and without reading their music.

    Parameters
    ----------
    content : bytes
        The file.

    Examples
    --------
    >>> abc_tunes(b"X:7\nT:Scale\nK:C\nCDEF|\n\nX:9\nK:G\nGABc|\n")
    (TuneHeading(number=7, title='Scale'), TuneHeading(number=9, title=''))
    """
    _, tunes = read_tunes(content)
    titles = (next((line.value for line in t.lines() if line.letter == "T"), "") for t in tunes)
    return number_tunes(
        (tune.number, plain_text(title[:400])) for tune, title in zip(tunes, titles, strict=True)
    )


def abc_tree(content: bytes, tune: int | None = None) -> tuple[Element, tuple[Notice, ...]]:
    """Convert an ABC tune to MusicXML, at concert pitch.

    Parameters
    ----------
    content : bytes
        The file, in any encoding that `bachbot.scores.readers.source.decode_text` knows.
    tune : int, optional
        Which tune of the file, by its place: 1 is the first. Default: the first, with a notice if
        there are several.

    Returns
    -------
    tree : Element
        ``score-partwise`` with a part for each voice.
    notices : tuple of Notice
        What was left out or changed.

    Raises
    ------
    ScoreError
        If it has no such tune, or one that cannot be read or is too long.
    """
    header, tunes = read_tunes(content)
    if not tunes:
        raise ScoreError("it has no K: line, with which the music begins: give an ABC tune")
    if tune is not None and not 1 <= tune <= len(tunes):
        count = f"{len(tunes)} tunes" if len(tunes) > 1 else "one tune"
        raise ScoreError(f"it has {count}, and no tune {tune}: give one from 1 to {len(tunes)}")
    wanted = tunes[(tune or 1) - 1]
    reader = _TuneReader(has_key=wanted.in_body)
    for line in (*header.lines(), *wanted.lines()):
        reader.read(line)
    root = reader.tree()
    if tune is None and len(tunes) > 1:
        message = f"it has {len(tunes)} tunes: the first is read; say --tune N for another"
        reader.notices["tunes"] = Notice("tunes", message)
    return root, tuple(reader.notices.values())


class _TuneReader:
    """The fields of a tune, and its voices.

    Parameters
    ----------
    has_key : bool
        Whether it has a line ``K:``. If not, its music begins with the first line of notes.
    """

    def __init__(self, *, has_key: bool = True) -> None:
        self.has_key = has_key
        self.in_body = False
        self.words: list[str] = []  # lines that are no music
        self.bad_unit = ""
        self.misfits: list[tuple[AbcVoice, int, int, Misfit]] = []  # bar and verse
        self.title = ""
        self.creators: list[Element] = []
        self.notices: dict[str, Notice] = {}
        self.count = Budget(most_notes=_MAX_NOTES)
        self.symbols = dict(SYMBOLS)
        self.unit: Fraction | None = None
        self.meter: Meter | None = None
        self.key: KeyField = NO_KEY
        self.general = NO_PROPERTIES  # of all voices, from K:
        self.properties: dict[str, Properties] = {}  # of each voice, from V: in the header
        self.directives: dict[str, str] = {}
        self.first = self._new_voice()
        self.voices: dict[str, AbcVoice] = {}
        self.voice = self.first
        self.continues = False

    def tree(self) -> Element:
        """The MusicXML of what has been read."""
        if not self.in_body:
            if self.words:
                raise words_error(self.words)
            raise ScoreError("it has no K: line, with which the music begins: give an ABC tune")
        voices = self._ordered()
        for _, voice in voices:
            voice.finish()
        pitched = [(i, v) for i, v in voices if v.bars and not v.properties.percussion]
        if len(pitched) < sum(bool(voice.bars) for _, voice in voices):
            self._note("percussion", "its percussion is ignored")
        if not pitched:
            if self.words:
                raise words_error(self.words)
            raise ScoreError("its tune has no notes: give a tune")
        if self.words:
            many = len(self.words)
            lines = "a line of words is" if many == 1 else f"{many} lines of words are"
            self._note("not read", f"{lines} passed over in its music ({quoted(self.words)})")
        for _, voice in pitched:
            if voice.properties.semitones:
                self._note(
                    "transposition",
                    f"it is written {voice.properties.semitones:+d} semitones from where it sounds "
                    "(transpose=): it is read as it sounds".replace("+-", "-"),
                )
        # An identity such as S names a voice, where S is the soprano and not just any letter.
        named = any(voice.name for _, voice in pitched)
        singers = not named and any(_SINGER.fullmatch(identity) for identity, _ in pitched)
        parts = [(identity if singers else voice.name, voice.bars) for identity, voice in pitched]
        root = tune_tree(parts, self.title, self.creators)
        read = [voice for _, voice in pitched]
        numbers = {id(v): _numbers(p) for v, p in zip(read, root.findall("part"), strict=True)}
        self._say_misfits(numbers)
        self._say_slips([f"bar {numbers[id(v)][bar]}" for v in read for bar in v.slips])
        return root

    def _say_slips(self, places: Sequence[str]) -> None:
        """Say in which bars rests of a whole bar stand beside notes."""
        if places:
            self._note(
                "assumed",
                f"Z is a rest of a whole bar, and stands beside notes in {_some(places)}: it is "
                "read as the rest that is missing there; write z",
            )

    def _say_misfits(self, numbers: Mapping[int, Sequence[str]]) -> None:
        """Say where words and notes do not fit each other, in a line for each way."""
        left, bare = [], []
        for voice, bar, verse, misfit in self.misfits:
            if id(voice) in numbers:
                place = f"verse {verse} in bar {numbers[id(voice)][bar]}"
                if misfit.left:
                    left.append(f"{place} ({quoted([misfit.left])})")
                if misfit.bare:
                    notes = "a note" if misfit.bare == 1 else f"{misfit.bare} notes"
                    bare.append(f"{place} ({notes})")
        if left:
            self._note("words", f"words without a note are left out: {_some(left)}")
        if bare:
            self._note("words", f"words end before the notes above them: {_some(bare)}")

    def _ordered(self) -> list[tuple[str, AbcVoice]]:
        """The voices in the order of ``%%score``, without those that it leaves out."""
        voices = {i: voice for i, voice in self.voices.items() if voice.bars}
        if not any(voice is self.first for voice in voices.values()) and self.first.bars:
            voices = {"": self.first, **voices}
        text = self.directives.get("score") or self.directives.get("staves") or ""
        listed = [i for i in dict.fromkeys(_VOICE.findall(text)) if i in voices]
        if not listed:
            return list(voices.items())
        if len(listed) < len(voices):
            hidden = [i or "the first" for i in voices if i not in listed]
            self._note(
                "not read", f"%%score leaves out {', '.join(hidden[:8])}, which is passed over"
            )
        return [(identity, voices[identity]) for identity in listed]

    def _note(self, kind: str, message: str) -> None:
        self.notices.setdefault(message, Notice(kind, message))  # type: ignore[arg-type]

    def read(self, line: AbcLine) -> None:
        """Read a line."""
        if line.letter == DIRECTIVE:
            self._directive(line.value)
        elif line.letter:
            self._field(line.letter, line.value)
        elif is_words(line.value, self.symbols):
            self.words.append(line.value)
        elif self.in_body or (not self.has_key and has_notes(line.value, self.symbols)):
            if not self.in_body:
                self._begin_without_key()
            continues = line.value.endswith("\\")
            self._music(line.value[:-1] if continues else line.value)
            self.continues = continues

    def _begin_without_key(self) -> None:
        lacks = "K:" if self.meter is not None else "K: and no M:"
        meter = "" if self.meter is not None else ", in 4/4"
        self._note(
            "assumed",
            f"it has no {lacks} line: it is read without sharps and flats in its key"
            f"{meter}; write lines such as K:G and M:3/4 above it",
        )
        self._read_key("")

    def _music(self, line: str) -> None:
        """Read a line of music, in the voice that its inline fields change to."""
        started = {id(self.voice)}
        self.voice.begin_line(continues=self.continues)
        overlay = False
        for kind, match in tokens(line, self.directives.get("linebreak", "")):
            if kind == "field":
                self._field(match["field"][1], match["field"][3:-1].strip())
                if id(self.voice) not in started:
                    started.add(id(self.voice))
                    self.voice.begin_line(continues=False)
            overlay |= self.voice.read(kind, match)
        if overlay:
            self._note("overlays", "its voice overlays (&) are left out: the upper voice is read")

    def _directive(self, value: str) -> None:
        name, _, rest = value.partition(" ")
        if name in _DIRECTIVES:
            rest = rest.strip()
            if name == "linebreak":
                rest = "!" if "!" in rest else ""
            self.directives.setdefault(name, rest[:1000])
            if name == "propagate-accidentals" and rest in ("pitch", "octave", "not"):
                self.first.spread = rest
                for voice in self.voices.values():
                    voice.spread = rest

    def _field(self, letter: str, value: str) -> None:
        """Read an information field."""
        reader = _FIELDS.get(letter)
        if reader is not None:
            if self.in_body:
                self.count.note()
            reader(self, value)

    def _read_title(self, value: str) -> None:
        self.title = self.title or plain_text(value[:400])

    def _read_composer(self, value: str) -> None:
        if value and len(self.creators) < _MAX_CREATORS:
            element = Element("creator", {"type": "composer"})
            element.text = plain_text(value[:400])
            self.creators.append(element)

    def _read_instruction(self, value: str) -> None:
        self._directive(value)

    def _read_words(self, value: str) -> None:
        voice = self.voice
        if not self.in_body or not voice.line:
            return
        voice.verse += 1
        if voice.verse > _MAX_VERSES:
            raise ScoreError(f"it has more than {_MAX_VERSES} verses: give fewer")
        text = plain_text(value)
        if voice.verse == 1 and count_syllables(text) <= len(voice.line) - voice.line_start:
            # Words that fit under the last line are its own. Longer ones begin, as the standard
            # says, at the first note after the words before.
            voice.line = voice.line[voice.line_start :]
        misfit = align_lyrics(voice.line, text, voice.verse)
        if misfit.left or misfit.bare:
            self.misfits.append((voice, voice.line[-1][0], voice.verse, misfit))

    def _read_symbols(self, value: str) -> None:
        voice = self.voice
        if voice.symbol_lines < _MAX_SYMBOL_LINES:
            voice.symbol_lines += 1
            align_symbols(voice.line[voice.line_start :], value, AbcVoice.mark)

    def _read_parts(self, value: str) -> None:
        order = value[:40]
        # AB is as written, and words are no order.
        if not self.in_body and _PARTS.fullmatch(order) and list(order) != sorted(set(order)):
            self._note("not read", f"its parts are read as written, not in the order {order} (P:)")

    def _read_macro(self, value: str) -> None:
        self._note("not read", "its macros (m:) are passed over")

    def _read_user_symbol(self, value: str) -> None:
        match = _SYMBOL.match(value)
        if match:
            self.symbols[match[1]] = match[2] or match[3] or ""

    def _read_unit(self, value: str) -> None:
        unit = read_unit(value)
        if unit is not None:
            if self._before_voices():
                self.unit = unit
            self.voice.unit = unit
        elif value:
            self.bad_unit = plain_text(value[:20])
            if self.in_body:
                self._say_unit()

    def _say_unit(self) -> None:
        if self.bad_unit:
            self._note(
                "not read",
                f"L:{self.bad_unit} is no length of a note: a note without a number is read as "
                f"{self.voice.unit / 4} of a whole note; write one such as L:1/8",
            )

    def _read_meter(self, value: str) -> None:
        meter = read_meter(value)
        if meter is None:
            if value and value.strip().lower() not in _FREE_METERS:
                self._note(
                    "not read",
                    f"M:{plain_text(value[:20])} is no meter: it is read in {self.voice.beats}/"
                    f"{self.voice.beat_type}; write one such as M:4/4",
                )
            return
        if self._before_voices():
            self.meter = meter
        self._set_meter(self.voice, meter)
        if not self.in_body:
            self.voice.unit = self._default_unit()

    def _default_unit(self) -> Fraction:
        if self.unit is not None:
            return self.unit
        # The standard's default: sixteenths in meters below 3/4, else eighths.
        short = self.meter is not None and self.meter.beats * 4 < 3 * self.meter.unit
        return Fraction(1, 4) if short else Fraction(1, 2)

    def _read_tempo(self, value: str) -> None:
        tempo = read_tempo(value, self.voice.unit)
        bar = self.voice.bars[-1] if self.voice.bars else None
        if tempo is not None and bar is not None and not bar.notes:
            bar.tempo = tempo
        elif tempo is not None:
            self.voice.tempo = tempo

    def _read_key(self, value: str) -> None:
        key, properties = read_key(value), read_properties(value)
        if self._before_voices():
            self.key = key or self.key
            self.general = self.general.updated(properties)
        self.voice.set_properties(properties)
        if key is not None or not self.in_body:
            self.voice.set_key(key or read_key("") or self.key)
        if key is not None and key.unread:
            self._note(
                "not read",
                f"K:{plain_text(value[:20])} is no key: it is read {_accidentals(key.fifths)}; "
                "write one such as K:G or K:Em",
            )
        if not self.in_body:
            self.in_body = True
            self._say_unit()
            for identity in list(self.properties):
                self._select(identity)
            if self.properties:
                self._select(next(iter(self.properties)))

    def _read_voice(self, value: str) -> None:
        identity, _, rest = value.partition(" ")
        identity = identity[:40]
        if not identity:
            return
        properties = read_properties(rest)
        if identity == "*":
            self.general = self.general.updated(properties)
            for voice in {id(v): v for v in (self.first, *self.voices.values())}.values():
                voice.set_properties(properties)
        elif self.in_body:
            self._select(identity)
            if properties != NO_PROPERTIES:
                self.voice.set_properties(properties)
        elif identity in self.properties or len(self.properties) < 1000:
            known = self.properties.get(identity, NO_PROPERTIES)
            self.properties[identity] = known.updated(properties)

    def _select(self, identity: str) -> None:
        """Go to a voice, and begin it if it is new."""
        voice = self.voices.get(identity)
        if voice is None:
            self.count.part()
            # The first voice continues with the music before any V: line.
            voice = self._new_voice() if self.voices else self.first
            if self.voices:
                self._begin(voice)
            self.voices[identity] = voice
            if identity in self.properties:
                voice.set_properties(self.properties[identity])
        self.voice = voice

    def _new_voice(self) -> AbcVoice:
        return AbcVoice(self.count, self.symbols)

    def _begin(self, voice: AbcVoice) -> None:
        """Give a new voice what holds for all of them."""
        voice.unit = self._default_unit()
        voice.spread = self.first.spread
        voice.set_properties(self.general)
        voice.set_key(self.key)
        if self.meter is not None:
            self._set_meter(voice, self.meter)

    def _set_meter(self, voice: AbcVoice, meter: Meter) -> None:
        voice.beats, voice.beat_type = meter.beats, meter.unit
        voice.add_signature(time_element(meter))

    def _before_voices(self) -> bool:
        """Whether a field holds for all voices: in the header, or before the first of them."""
        return not self.in_body or not (self.voices or self.first.bars)


def _numbers(part: Element) -> list[str]:
    """The printed number of each bar; the second part of a split bar has that of the first."""
    numbers: list[str] = []
    for measure in part.findall("measure"):
        number = measure.get("number", "")
        numbers.append(numbers[-1] if number.startswith("X") else number)
    return numbers


def _some(places: Sequence[str]) -> str:
    """Some of the places that a notice names."""
    others = len(places) - _NAMED
    more = f"; and {others} {'other' if others == 1 else 'others'}" if others > 0 else ""
    return "; ".join(places[:_NAMED]) + more


def _accidentals(fifths: int) -> str:
    """A key signature in words, such as ``"with 2 sharps"``."""
    if not fifths:
        return "without sharps and flats"
    return f"with {abs(fifths)} {'sharp' if fifths > 0 else 'flat'}{'s' * (abs(fifths) > 1)}"


_FIELDS = {
    "T": _TuneReader._read_title,
    "C": _TuneReader._read_composer,
    "I": _TuneReader._read_instruction,
    "K": _TuneReader._read_key,
    "L": _TuneReader._read_unit,
    "M": _TuneReader._read_meter,
    "P": _TuneReader._read_parts,
    "Q": _TuneReader._read_tempo,
    "U": _TuneReader._read_user_symbol,
    "V": _TuneReader._read_voice,
    "m": _TuneReader._read_macro,
    "s": _TuneReader._read_symbols,
    "w": _TuneReader._read_words,
}
