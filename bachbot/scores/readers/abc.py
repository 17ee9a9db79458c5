"""Reader of ABC notation.

music21 also reads ABC, but it loses lyrics, endings, fermatas and slurs. This reader follows the
standard (abcnotation.com, version 2.1) for single tunes.
"""

import html
import re
import unicodedata
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import line_of_fifths
from bachbot.errors import ScoreError
from bachbot.scores.musicxml.parts import key_element
from bachbot.scores.pitch import SEMITONES, signature_alter
from bachbot.scores.readers.abc_music import ALTERS, AbcVoice, align_lyrics
from bachbot.scores.readers.tune import tune_tree
from bachbot.scores.score import Notice

_FIELD = re.compile(r"([A-Za-z+]):(.*)")
_KEY = re.compile(r"([A-G])(#|b)?\s*([A-Za-z]*)(.*)", re.DOTALL)
_MODES = {
    "": ("major", 0), "maj": ("major", 0), "ion": ("ionian", 0), "mix": ("mixolydian", -1),
    "dor": ("dorian", -2), "min": ("minor", -3), "m": ("minor", -3), "aeo": ("aeolian", -3),
    "phr": ("phrygian", -4), "loc": ("locrian", -5), "lyd": ("lydian", 1),
}  # fmt: skip
_METER = re.compile(r"\(?(\d{1,2}(?:\s*\+\s*\d{1,2}){0,7})\)?\s*/\s*(1|2|4|8|16|32)")
_TEMPO = re.compile(r'(?:"([^"]*)")?\s*(?:(\d{1,2})/(\d{1,2})\s*=)?\s*(\d{1,3})?')
_ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308",
            "c": "\u0327", "v": "\u030c", "u": "\u0306", "o": "\u030a"}  # fmt: skip
_MAX_VOICES = 16


def abc_tree(content: bytes) -> tuple[Element, tuple[Notice, ...]]:
    """Convert an ABC tune to MusicXML.

    It reads notes, chords, rests, ties, tuplets, broken rhythm, grace notes, slurs, the usual
    decorations, repeats and endings, changes of key, meter and unit, any number of verses, voices
    and tempo. It ignores chord symbols, annotations, overlays and directives.

    Parameters
    ----------
    content : bytes
        The file, in UTF-8 or else Latin-1.

    Returns
    -------
    tree : Element
        ``score-partwise``.
    notices : tuple of Notice
        What was left out.

    Raises
    ------
    ScoreError
        If it has no tune, or one that cannot be read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    reader = _TuneReader()
    tunes = 0
    pending = ""
    verse = 0
    for line in text.splitlines():
        line = re.sub(r"(?<!\\)%.*", "", line).strip()
        if not line:
            continue
        found = _FIELD.match(line)
        if found and found[1] == "X":
            tunes += 1
            if tunes > 1:
                break
            continue
        if found and found[1] == "w" and reader.in_body:
            verse += 1
            align_lyrics(reader.voice.line, _decode_text(found[2], keep="-~"), verse)
        elif found:
            reader.field(found[1], found[2].strip())
        elif reader.in_body:
            if line.endswith("\\"):
                pending += line[:-1] + " "
                continue
            reader.music(pending + line)
            pending, verse = "", 0
    if pending:
        reader.music(pending)
    if tunes > 1:
        return reader.tree(), (Notice("tunes", "it has several tunes: only the first is read"),)
    return reader.tree(), ()


class _TuneReader:
    """The fields of a tune, and its voices."""

    def __init__(self) -> None:
        self.in_body = False
        self.title = ""
        self.creators: list[Element] = []
        self.first = AbcVoice()
        self.voices: dict[str, AbcVoice] = {}
        self.voice = self.first
        self.unit: Fraction | None = None

    def tree(self) -> Element:
        voices = [voice for voice in self.voices.values() if voice.bars] or [self.first]
        if self.first.bars and self.first not in voices:
            voices.insert(0, self.first)
        for voice in voices:
            voice.finish()
        if not self.in_body:
            raise ScoreError("it has no K: line, with which the music begins: give an ABC tune")
        if not any(voice.bars for voice in voices):
            raise ScoreError("its tune has no notes: give a tune")
        parts = [(voice.name, voice.bars) for voice in voices if voice.bars]
        return tune_tree(parts, self.title, self.creators)

    def field(self, letter: str, value: str) -> None:
        """Read an information field."""
        if letter == "T" and not self.title:
            self.title = _decode_text(value)
        elif letter == "C" and value:
            self.creators.append(_creator_element("composer", _decode_text(value)))
        elif letter == "L":
            self._unit(value)
        elif letter == "M":
            self._meter(value)
        elif letter == "Q":
            self._tempo(value)
        elif letter == "V":
            self._voice(value)
        elif letter == "K":
            self._key(value)

    def music(self, line: str) -> None:
        """Read a line of music in the current voice."""
        for field in self.voice.read(line):
            letter, _, value = field.partition(":")
            before = self.voice
            self.field(letter, value.strip())
            if self.voice is not before:  # an inline change of voice
                rest = line.partition(f"[{field}]")[2]
                self.music(rest)
                return

    def _voices_of_field(self) -> list[AbcVoice]:
        """The voices that a field applies to: all of them in the header, then the current one."""
        return [self.voice] if self.in_body else [self.first, *self.voices.values()]

    def _unit(self, value: str) -> None:
        match = re.match(r"(\d{1,3})(?:/(\d{1,3}))?", value)
        if match and int(match[2] or 1) and int(match[1]):
            self.unit = Fraction(4 * int(match[1]), int(match[2] or 1))
            for voice in self._voices_of_field():
                voice.unit = self.unit

    def _meter(self, value: str) -> None:
        symbol = {"C": "common", "C|": "cut"}.get(value, "")
        match = _METER.match({"C": "4/4", "C|": "2/2"}.get(value, value))
        if match is None:  # a free meter
            return
        beats = sum(int(number) for number in match[1].split("+"))
        beat_type = int(match[2])
        for voice in self._voices_of_field():
            voice.beats, voice.beat_type = beats, beat_type
            voice.add_signature(_time_element(beats, beat_type, symbol))
            if not self.in_body and self.unit is None:
                # The standard's default: sixteenths in meters below 3/4, else eighths.
                voice.unit = Fraction(1, 4) if beats * 4 < 3 * beat_type else Fraction(1, 2)

    def _tempo(self, value: str) -> None:
        match = _TEMPO.match(value)
        if match is None or not (match[1] or match[4]):
            return
        tempo = ""
        if match[4]:
            unit = Fraction(int(match[2] or 1), int(match[3] or 4) or 4)
            tempo = f"{float(unit * 4 * int(match[4])):g}"
        (self.voice if self.in_body else self.first).tempo = (_decode_text(match[1] or ""), tempo)

    def _voice(self, value: str) -> None:
        identity = value.split()[0] if value.split() else ""
        if not identity:
            return
        if identity not in self.voices:
            if len(self.voices) >= _MAX_VOICES:
                raise ScoreError(f"it has more than {_MAX_VOICES} voices: give a tune with fewer")
            # The first voice continues with the music before any V: line.
            voice = AbcVoice() if self.voices else self.first
            if voice is not self.first:
                voice.unit, voice.beats, voice.beat_type = (
                    self.first.unit,
                    self.first.beats,
                    self.first.beat_type,
                )
                voice.signature, voice.fifths = self.first.signature, self.first.fifths
                voice.pending = (
                    [*self.first.bars[0].new] if self.first.bars else [*self.first.pending]
                )
            self.voices[identity] = voice
        self.voice = self.voices[identity]
        name = re.search(r'\b(?:name|nm)\s*=\s*(?:"([^"]*)"|(\S+))', value)
        if name:
            self.voice.name = _decode_text(name[1] or name[2] or "")

    def _key(self, value: str) -> None:
        signature, fifths, mode = _signature(value)
        for voice in self._voices_of_field():
            voice.signature, voice.fifths = signature, fifths
            voice.add_signature(key_element(fifths, mode))
        self.in_body = True


def _signature(value: str) -> tuple[dict[str, int], int, str | None]:
    """Alteration of each step, fifths and mode of a ``K:`` field."""
    match = _KEY.match(value)
    if value[:2].upper() == "HP":  # the Highland pipes
        fifths, mode, rest = 2, "mixolydian", ""
    elif match is None:
        fifths, mode, rest = 0, None, value
    else:
        word, rest = match[3], match[4]
        short = "m" if word == "m" else word.lower()[:3]
        if short in _MODES:
            mode, offset = _MODES[short]
        else:  # such as K:Gclef=bass or K:C exp
            mode, offset, rest = "major", 0, word + rest
        fifths = line_of_fifths(match[1] + (match[2] or "")) + offset
        if re.match(r"\s*exp\b", rest):
            fifths, mode = 0, None
    if abs(fifths) > 7:
        raise ScoreError(f"K:{value[:20]} has more than seven accidentals: write another key")
    signature = {step: signature_alter(fifths, step) for step in SEMITONES}
    for sign, letter in re.findall(r"(?<![\w=])(\^{1,2}|_{1,2}|=)([A-Ga-g])(?!\w)", rest):
        signature[letter.upper()] = ALTERS[sign]
    return signature, fifths, mode


def _decode_text(text: str, keep: str = "") -> str:
    """Replace the escapes of accented letters by the letters."""
    text = html.unescape(text)
    text = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda m: chr(int(m[1], 16)), text)
    text = re.sub(r"\\([`'^~\"cvuo])([A-Za-z])", lambda m: m[2] + _ACCENTS[m[1]], text)
    text = "".join(c for c in text if c.isprintable() and not 0xD800 <= ord(c) < 0xE000)
    return unicodedata.normalize("NFC", text).strip()


def _creator_element(kind: str, name: str) -> Element:
    """Name of an author."""
    element = Element("creator", {"type": kind})
    element.text = name
    return element


def _time_element(beats: int, beat_type: int, symbol: str) -> Element:
    """Time signature, with its symbol if it has one."""
    element = Element("time", {"symbol": symbol} if symbol else {})
    SubElement(element, "beats").text = str(beats)
    SubElement(element, "beat-type").text = str(beat_type)
    return element
