"""Decorations, directions and chord symbols of ABC, and what they are in MusicXML."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from xml.etree.ElementTree import Element, SubElement

MARKS: Mapping[str, str] = MappingProxyType({
    ".": "staccato", "staccato": "staccato", "wedge": "staccatissimo", "tenuto": "tenuto",
    "accent": "accent", ">": "accent", "emphasis": "accent", "^": "strong-accent",
    "marcato": "strong-accent",
    "fermata": "fermata", "invertedfermata": "inverted fermata",
    "trill": "trill-mark", "turn": "turn", "invertedturn": "inverted-turn",
    "mordent": "mordent", "lowermordent": "mordent",
    "uppermordent": "inverted-mordent", "pralltriller": "inverted-mordent",
    "upbow": "up-bow", "downbow": "down-bow", "breath": "breath-mark",
})  # fmt: skip
"""MusicXML's names of the decorations that are kept on a note."""

SYMBOLS: Mapping[str, str] = MappingProxyType({
    ".": ".", "~": "roll", "H": "fermata", "L": "accent", "M": "lowermordent", "O": "coda",
    "P": "uppermordent", "S": "segno", "T": "trill", "u": "upbow", "v": "downbow",
})  # fmt: skip
"""Decorations of the letters that ``U:`` can redefine."""

_DYNAMICS = ("pppp", "ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "ffff", "sfz")
_WEDGES = {
    "crescendo(": "crescendo", "<(": "crescendo", "crescendo)": "stop", "<)": "stop",
    "diminuendo(": "diminuendo", ">(": "diminuendo", "diminuendo)": "stop", ">)": "stop",
}  # fmt: skip
_JUMPS: Mapping[str, tuple[str, dict[str, str]]] = MappingProxyType({
    "segno": ("segno", {"segno": "segno"}),
    "coda": ("coda", {"coda": "coda"}),
    "fine": ("Fine", {"fine": "yes"}),
    "D.C.": ("D.C.", {"dacapo": "yes"}),
    "dacapo": ("D.C.", {"dacapo": "yes"}),
    "D.C.alfine": ("D.C. al Fine", {"dacapo": "yes"}),
    "D.C.alcoda": ("D.C. al Coda", {"dacapo": "yes"}),
    "D.S.": ("D.S.", {"dalsegno": "segno"}),
    "D.S.alfine": ("D.S. al Fine", {"dalsegno": "segno"}),
    "D.S.alcoda": ("D.S. al Coda", {"dalsegno": "segno"}),
    "dacoda": ("To Coda", {"tocoda": "coda"}),
})  # fmt: skip
_NOT_KEPT = frozenset((
    "roll", "plus", "+", "snap", "slide", "open", "thumb", "arpeggio", "trill(", "trill)",
    "shortphrase", "mediumphrase", "longphrase", "0", "1", "2", "3", "4", "5",
))  # fmt: skip

KNOWN = frozenset((*MARKS, *_DYNAMICS, *_WEDGES, *_JUMPS, *_NOT_KEPT))
"""All decorations of ABC 2.1."""

_WORD = re.compile(r"[A-Za-z0-9.=_()+-]*[IJKNQRVWh-tw][A-Za-z0-9.=_()+-]*")
"""With a letter that is no sign of music, unless ``U:`` makes it one."""


def decoration(name: str) -> str | None:
    """The decoration that a name between two ``!`` stands for.

    Programs have names of their own, and write some as ``!Segno!``.

    Returns
    -------
    str or None
        The name in `KNOWN`, or as it is if it is a word; None if it is music between two ``!`` that
        are line breaks.
    """
    for known in (name, name.lower()):
        if known in KNOWN:
            return known
    return name if _WORD.fullmatch(name) else None


_CHORD = re.compile(r"([A-G])([#b♯♭]?)([^/\s]{0,12})(?:/([A-Ga-g])([#b♯♭]?))?")
_KINDS = {
    "": "major", "maj": "major", "M": "major", "m": "minor", "min": "minor", "-": "minor",
    "aug": "augmented", "+": "augmented", "dim": "diminished", "o": "diminished",
    "7": "dominant", "maj7": "major-seventh", "M7": "major-seventh", "m7": "minor-seventh",
    "min7": "minor-seventh", "dim7": "diminished-seventh", "o7": "diminished-seventh",
    "aug7": "augmented-seventh", "+7": "augmented-seventh", "m7b5": "half-diminished",
    "6": "major-sixth", "m6": "minor-sixth", "min6": "minor-sixth", "9": "dominant-ninth",
    "maj9": "major-ninth", "m9": "minor-ninth", "11": "dominant-11th", "13": "dominant-13th",
    "sus2": "suspended-second", "sus": "suspended-fourth", "sus4": "suspended-fourth",
    "5": "power",
}  # fmt: skip
_ALTERS = {"#": 1, "♯": 1, "b": -1, "♭": -1}


_PLACES = ("^", "_", "<", ">", "@")
"""Signs that make text in quotation marks words, not a chord symbol."""

_MOST_WORDS = 200
"""Letters of words that are kept."""

_OFFSET = re.compile(r"^-?[\d.]{1,9},-?[\d.]{1,9}")


def direction(name: str) -> Element | None:
    """The direction of MusicXML for a decoration such as ``D.C.`` or ``mf``; None if it is none."""
    element = Element("direction", {"placement": "above"})
    kind = SubElement(element, "direction-type")
    if name in _JUMPS:
        words, sound = _JUMPS[name]
        if words in ("segno", "coda"):
            SubElement(kind, words)
        else:
            SubElement(kind, "words").text = words
        SubElement(element, "sound", sound)
    elif name in _WEDGES:
        SubElement(kind, "wedge", {"type": _WEDGES[name]})
    elif name in _DYNAMICS:
        SubElement(SubElement(kind, "dynamics"), name)
    else:
        return None
    return element


def quoted_text(text: str) -> Element | None:
    """The element of MusicXML for text in quotation marks; None if it cannot be read.

    Parameters
    ----------
    text : str
        A chord symbol such as ``"Gm7"``, or words with the sign that says where they stand, such
        as ``"^Refrain"`` (``^`` above, ``_`` below; ``<``, ``>`` and ``@`` are read as above).
    """
    if text[:1] not in _PLACES:
        return chord_symbol(text)
    words = text[1:_MOST_WORDS].strip()
    if text[:1] == "@":
        words = _OFFSET.sub("", words).strip()
    if not words:
        return None
    element = Element("direction", {"placement": "below" if text[0] == "_" else "above"})
    SubElement(SubElement(element, "direction-type"), "words").text = words
    return element


def chord_symbol(text: str) -> Element | None:
    """The ``harmony`` of MusicXML for a chord symbol; None if it is none that can be read.

    Parameters
    ----------
    text : str
        Such as ``"F#m7/C#"``, without the quotation marks.
    """
    match = _CHORD.fullmatch(text.strip().strip("()"))
    if match is None or match[3] not in _KINDS:
        return None
    element = Element("harmony")
    _spelled(SubElement(element, "root"), "root", match[1], match[2])
    SubElement(element, "kind", {"text": match[3]}).text = _KINDS[match[3]]
    if match[4]:
        _spelled(SubElement(element, "bass"), "bass", match[4].upper(), match[5])
    return element


def _spelled(parent: Element, what: str, step: str, sign: str) -> None:
    SubElement(parent, f"{what}-step").text = step
    if sign:
        SubElement(parent, f"{what}-alter").text = str(_ALTERS[sign])
