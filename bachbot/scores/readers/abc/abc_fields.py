"""Information fields of ABC: key, meter, unit, tempo, and the properties of a voice."""

import re
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import line_of_fifths
from bachbot.errors import ScoreError
from bachbot.scores.pitch import SEMITONES, signature_alter
from bachbot.scores.readers.abc.abc_file import plain_text

ALTERS = MappingProxyType({"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2})
"""Accidentals of ABC, in semitones."""

_KEY = re.compile(r"([A-Ga-g])(#|b|♯|♭|\s*(?:sharp|flat)\b)?\s*([A-Za-z]*)(.*)", re.DOTALL)
_MODES = {
    "": ("major", 0), "maj": ("major", 0), "ion": ("ionian", 0), "mix": ("mixolydian", -1),
    "dor": ("dorian", -2), "min": ("minor", -3), "m": ("minor", -3), "aeo": ("aeolian", -3),
    "phr": ("phrygian", -4), "loc": ("locrian", -5), "lyd": ("lydian", 1),
    "dur": ("major", 0), "mol": ("minor", -3),  # in German
}  # fmt: skip
_ACCIDENTAL = re.compile(r"(\^\^?|__?|=)([A-Ga-g])(?![A-Za-z=])")
_TERM = re.compile(r"\(?(\d{1,2}(?:\+\d{1,2}){0,7})\)?/(1|2|4|8|16|32|64)(?!\d)")
_PROPERTY = re.compile(
    r"(transpose|octave|clef|middle|subname|sname|name|snm|nm|stafflines|staffscale|stems?|merge"
    r"|gstem|score|sound|shift|instrument|style|space|cue|map|[mt])\s?=\s?"
    r'(?:"([^"]*)"|([^\s"]*))'
)
_CLEF = re.compile(
    r"(?<![A-Za-z=])(treble|alto|tenor|bass|perc|none|[GCF](?=[1-5]))([1-5]?)([-+^_]8|[-+^_]15)?"
    r"(?![A-Za-z=0-9])"
)
_CLEFS = {"treble": ("G", 2), "alto": ("C", 3), "tenor": ("C", 4), "bass": ("F", 4),
          "G": ("G", 2), "C": ("C", 3), "F": ("F", 4)}  # fmt: skip
_UNIT = re.compile(r"(\d{1,3})(?:/(\d{1,3}))?(?!\d)")
_QUOTED = re.compile(r'"([^"]*)"')
_BEAT = re.compile(r"(\d{1,2})/(\d{1,2})")
_TEMPO = re.compile(r"(?:((?:\d{1,2}/\d{1,2}\s*){1,8}|C\d{0,2}(?:/\d{0,2})?)\s*=)?\s*(\d{1,4})")


@dataclass(frozen=True)
class KeyField:
    """A key signature.

    Parameters
    ----------
    alters : dict
        Alteration of each step, in semitones.
    fifths : int
        The signature that is printed: sharps, or minus flats.
    mode : str or None
        MusicXML's name of the mode, if it is known.
    unread : str
        What the field has in place of a key or of a mode.
    """

    alters: dict[str, int]
    fifths: int
    mode: str | None
    unread: str = ""


@dataclass(frozen=True)
class Meter:
    """A time signature, with its symbol in MusicXML or an empty string."""

    beats: int
    unit: int
    symbol: str = ""


@dataclass(frozen=True)
class Properties:
    """What a ``V:`` or ``K:`` field says of a voice, where it says so.

    Parameters
    ----------
    name : str or None
        Its name.
    clef : Element or None
        Its clef.
    clef_octaves : int or None
        Octaves by which the clef moves the notes, as they sound.
    octaves, semitones : int or None
        By how much ``octave=`` and ``transpose=`` move the notes.
    percussion : bool
        Whether it has a percussion clef.
    """

    name: str | None = None
    clef: Element | None = None
    clef_octaves: int | None = None
    octaves: int | None = None
    semitones: int | None = None
    percussion: bool = False

    def updated(self, other: "Properties") -> "Properties":
        """These, with those that the other says."""
        said = {f.name: getattr(other, f.name) for f in fields(other)}
        return replace(self, **{k: v for k, v in said.items() if v is not None and v is not False})


NO_KEY = KeyField({}, 0, None)
"""What stands before the first ``K:``."""

NO_PROPERTIES = Properties()
"""Of a voice of which nothing is said."""


@lru_cache(maxsize=64)  # a tune has few keys
def read_key(value: str) -> KeyField | None:
    """Read the key of a ``K:`` field; None if it has only properties such as a clef.

    Raises
    ------
    ScoreError
        If it has more than seven accidentals.
    """
    value = value.strip()
    has_properties = bool(_PROPERTY.search(value))
    rest = _PROPERTY.sub(" ", value).strip()
    if rest[:2].upper() == "HP":  # the Highland pipes
        return KeyField(_alters(2), 2, "mixolydian")
    if rest.split()[:1] == ["none"]:
        return KeyField(_alters(0), 0, None)
    clef = _CLEF.search(rest)
    if clef and clef[1] not in "GCF":
        has_properties = True
        rest = (rest[: clef.start()] + " " + rest[clef.end() :]).strip()
    fifths, mode, unread = 0, None, ""
    match = _KEY.match(rest)
    if match is None:
        if not _ACCIDENTAL.search(rest):
            if has_properties:
                return None
            unread = rest
    else:
        sign = (match[2] or "").strip()
        sign = {"sharp": "#", "♯": "#", "flat": "b", "♭": "b"}.get(sign, sign)
        word, rest = match[3], match[4]
        short = "m" if word == "m" else word.lower()[:3]
        if short in _MODES:
            mode, offset = _MODES[short]
        else:  # such as K:C exp, or a word that is no mode
            mode, offset, rest = "major", 0, f"{word} {rest}"
            unread = "" if word == "exp" or _ACCIDENTAL.search(rest) else word
        fifths = line_of_fifths(match[1].upper() + sign) + offset
        if rest.split()[:1] == ["exp"]:
            fifths, mode = 0, None
    if abs(fifths) > 7:
        raise ScoreError(f"K:{value[:20]} has more than seven accidentals: write another key")
    return replace(_with_accidentals(rest, fifths, mode), unread=unread)


def _with_accidentals(text: str, fifths: int, mode: str | None) -> KeyField:
    """A signature with the accidentals that a field adds; a usual one if there is one."""
    alters = _alters(fifths)
    for sign, letter in _ACCIDENTAL.findall(text):
        alters[letter.upper()] = ALTERS[sign]
    if alters != _alters(fifths):
        usual = next((n for n in range(-7, 8) if _alters(n) == alters), None)
        return KeyField(alters, fifths if usual is None else usual, None)
    return KeyField(alters, fifths, mode)


def _alters(fifths: int) -> dict[str, int]:
    return {step: signature_alter(fifths, step) for step in SEMITONES}


def read_meter(value: str) -> Meter | None:
    """Read an ``M:`` field; None for a free meter."""
    value = value.replace(" ", "")
    symbol = {"C": "common", "C|": "cut"}.get(value, "")
    value = {"C": "4/4", "C|": "2/2"}.get(value, value)
    total, unit, at = Fraction(0), 1, 0
    while match := _TERM.match(value, at):  # a sum such as 2/4+3/8
        total += Fraction(sum(int(n) for n in match[1].split("+")), int(match[2]))
        unit, at = max(unit, int(match[2])), match.end()
        if value[at : at + 1] != "+" or at > 40:
            break
        at += 1
    return Meter(int(total * unit), unit, symbol) if total else None


def read_unit(value: str) -> Fraction | None:
    """Read an ``L:`` field, in quarter notes."""
    match = _UNIT.match(value)
    if match is None or not int(match[1]) or not int(match[2] or 1):
        return None
    return Fraction(4 * int(match[1]), int(match[2] or 1))


def read_tempo(value: str, unit: Fraction) -> tuple[str, str] | None:
    """Words, and quarter notes per minute, of a ``Q:`` field; None if it has neither.

    Parameters
    ----------
    value : str
        Such as ``"Andante" 1/4=60``. A number alone counts notes of the unit length.
    unit : Fraction
        Unit note length in quarter notes.
    """
    quoted = _QUOTED.search(value)
    words = plain_text(quoted[1][:200]) if quoted else ""
    match = _TEMPO.match(_QUOTED.sub(" ", value).strip())
    if match is None or not int(match[2]):
        return (words, "") if words else None
    beat = unit
    if match[1] and match[1].startswith("C"):
        found = read_unit(match[1][1:] if match[1][1:2].isdigit() else "1" + match[1][1:])
        beat = unit * (found / 4 if found else 1)
    elif match[1]:
        beats = [(int(a), int(b)) for a, b in _BEAT.findall(match[1])]
        beat = sum((Fraction(4 * a, b) for a, b in beats if a and b), Fraction(0)) or Fraction(1)
    return words, f"{float(beat * int(match[2])):g}"


@lru_cache(maxsize=64)
def read_properties(value: str) -> Properties:
    """Read what a ``V:`` or ``K:`` field says of a voice, such as ``clef=treble-8``."""
    found: dict[str, str] = {}
    for key, quoted, plain in _PROPERTY.findall(value):
        found.setdefault(key, quoted or plain)
    name = next((found[key] for key in ("name", "nm") if key in found), None)
    match = _CLEF.search(found.get("clef") or _PROPERTY.sub(" ", value))
    clef, octaves, percussion = None, None, False
    if match and (match[1] in _CLEFS and (match[1] not in "GCF" or "clef" in found)):
        clef, octaves = _clef(match)
    elif match:
        percussion = match[1] == "perc"
    return Properties(
        None if name is None else plain_text(name[:80]),
        clef,
        octaves,
        _small_number(found.get("octave"), 4),
        _small_number(found.get("transpose", found.get("t")), 48),
        percussion,
    )


def _clef(match: re.Match[str]) -> tuple[Element, int]:
    """The clef, and the octaves by which a player moves its notes: the signs + and - do so."""
    sign, line = _CLEFS[match[1]]
    mark = match[3] or ""
    size = {"8": 1, "15": 2}.get(mark[1:], 0) * (-1 if mark[:1] in ("-", "_") else 1)
    element = Element("clef")
    SubElement(element, "sign").text = sign
    SubElement(element, "line").text = match[2] or str(line)
    moves = size if mark[:1] in ("+", "-") else 0
    if moves:
        SubElement(element, "clef-octave-change").text = str(moves)
    return element, moves


def _small_number(text: str | None, most: int) -> int | None:
    if text is None or not re.fullmatch(r"[-+]?\d{1,2}", text):
        return None
    return max(-most, min(most, int(text)))


def time_element(meter: Meter) -> Element:
    """Time signature of MusicXML, with its symbol if it has one."""
    element = Element("time", {"symbol": meter.symbol} if meter.symbol else {})
    SubElement(element, "beats").text = str(meter.beats)
    SubElement(element, "beat-type").text = str(meter.unit)
    return element


def sounding_shift(semitones: int, fifths: int) -> int:
    """The interval from written to sounding notes, in fifths, with the fewest accidentals.

    Parameters
    ----------
    semitones : int
        The same in semitones.
    fifths : int
        Key signature as written.
    """
    if semitones % 12 == 0:
        return 0
    up = 7 * semitones % 12
    return min((up - 12, up), key=lambda shift: (abs(fifths + shift), abs(shift)))
