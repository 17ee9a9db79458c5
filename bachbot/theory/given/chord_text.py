"""Chords read from text: Roman numerals in a key, and chord symbols.

What `bachbot.theory.numerals.Numeral.figured` writes is read back as the same chord. Beside it
stand the other spellings in use: figures with a stroke (``V6/5``), ``2`` for ``42``, ``°``,
secondary chords of any kind (``ii65/V``), ``N6``, ``Ger6``, and a star for any inversion (``I*``).
"""

import re
from dataclasses import dataclass, replace
from functools import cache

from bachbot.chorale import Key, Mode, line_of_fifths
from bachbot.errors import UsageError
from bachbot.theory.numerals import NUMERALS, SHAPES

MAJOR, MINOR, DIMINISHED, AUGMENTED = (0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8)
DOMINANT_SEVENTH, MAJOR_SEVENTH, MINOR_SEVENTH = (0, 4, 7, 10), (0, 4, 7, 11), (0, 3, 7, 10)
HALF_DIMINISHED, DIMINISHED_SEVENTH, AUGMENTED_SEVENTH = (0, 3, 6, 10), (0, 3, 6, 9), (0, 4, 8, 10)

WANTED = "give a Roman numeral such as V65/ii or a chord symbol such as G7/B"

_SCALES: dict[Mode, tuple[int, ...]] = {
    "major": (0, 2, 4, -1, 1, 3, 5),
    "minor": (0, 2, -3, -1, 1, -4, -2),
}
"""Position of each degree on the line of fifths above the tonic."""

_DEGREES = ("I", "II", "III", "IV", "V", "VI", "VII")
_SIGNS = str.maketrans({"°": "o", "º": "o", "Ø": "ø", "∅": "ø", "♭": "b", "♯": "#"})
_STROKE = re.compile(r"(?<=\d)/(?=\d)")
_NUMERAL = re.compile(
    r"(?P<sign>b{0,2}|#{0,2})(?P<degree>VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)"
    r"(?P<mark>o|ø|\+|maj|M)?(?P<figures>\d*)(?P<more>(?:sus[24]?|add\d+|[b#]\d+)*)"
)
_FIGURES: dict[str, tuple[bool, int]] = {
    "": (False, 0), "5": (False, 0), "53": (False, 0), "6": (False, 1), "63": (False, 1),
    "64": (False, 2), "7": (True, 0), "75": (True, 0), "73": (True, 0), "753": (True, 0),
    "65": (True, 1), "653": (True, 1), "43": (True, 2), "643": (True, 2), "42": (True, 3),
    "2": (True, 3), "642": (True, 3),
}  # fmt: skip
"""Whether figures stand for a seventh chord, and the inversion."""
_BEYOND = {"9": "7", "11": "7", "13": "7", "4": "", "54": "", "69": "", "8": ""}
"""Figures outside the style, and those that they are read as."""
_ALIASES = {
    "N": "bII6", "N6": "bII6", "It": "It6", "Fr": "Fr43", "Fr6": "Fr43", "Ger": "Ger65",
    "Ger6": "Ger65",
}  # fmt: skip

_SYMBOL = re.compile(
    r"(?P<root>[A-G](?:bb|b|##|#)?)(?P<quality>[^/\s]*?(?:6/9)?[^/\s]*?)"
    r"(?:/(?P<bass>[A-G](?:bb|b|##|#)?))?"
)
_QUALITIES: dict[str, tuple[int, ...]] = {
    "": MAJOR, "maj": MAJOR, "M": MAJOR, "m": MINOR, "min": MINOR, "-": MINOR,
    "dim": DIMINISHED, "o": DIMINISHED, "aug": AUGMENTED, "+": AUGMENTED,
    "7": DOMINANT_SEVENTH, "maj7": MAJOR_SEVENTH, "M7": MAJOR_SEVENTH, "Δ": MAJOR_SEVENTH,
    "m7": MINOR_SEVENTH, "min7": MINOR_SEVENTH, "-7": MINOR_SEVENTH, "m7b5": HALF_DIMINISHED,
    "ø": HALF_DIMINISHED, "ø7": HALF_DIMINISHED, "dim7": DIMINISHED_SEVENTH,
    "o7": DIMINISHED_SEVENTH, "7b5": (0, 4, 6, 10), "7(no5)": (0, 4, 10),
    "aug7": AUGMENTED_SEVENTH, "+7": AUGMENTED_SEVENTH, "7#5": AUGMENTED_SEVENTH,
}  # fmt: skip
_NEAREST: tuple[tuple[str, str], ...] = (
    (r"(maj|M)(9|11|13)(#11|add\d+)*", "maj7"),
    (r"(m|min|-)(9|11|13)", "m7"),
    (r"(m|min|-)\(?(maj|M)7?\)?", "m"),
    (r"(m|min|-)(6|69|6/9|add\d+|sus[24]?)", "m"),
    (r"(9|11|13)?(7|9|11|13)\(?([b#+-]?(5|9|11|13)|alt|sus[24]?)*\)?", "7"),
    (r"7\(?(alt|sus[24]?|[b#](9|11|13))+\)?|7?alt", "7"),
    (r"sus[24]?(add\d+)?", ""),
    (r"(5|6|2|4|69|6/9|add\d+|\(add\d+\))(add\d+)*", ""),
)  # fmt: skip
"""Chord symbols outside the style, as patterns, and those that they are read as."""


@dataclass(frozen=True)
class ChordText:
    """A chord as it is read from text.

    Parameters
    ----------
    root : int
        Semitones above the tonic, 0 to 11.
    intervals : tuple of int
        Its tones from the root up, in semitones above the root.
    inversion : int, optional
        Index of the tone in the bass; None leaves it open.
    notice : str
        What was read in place of a chord outside the style; empty if nothing was.
    """

    root: int
    intervals: tuple[int, ...]
    inversion: int | None
    notice: str = ""


def read_chord(text: str, key: Key, home: Key | None = None) -> ChordText:
    """Read a Roman numeral or a chord symbol.

    A numeral without figures is in root position; a chord symbol without a bass in any position.
    Chords outside the style are read as the nearest triad or seventh chord: ninths and elevenths
    as sevenths; added sixths, suspensions and open fifths as triads.

    Parameters
    ----------
    text : str
        Such as ``"V65/ii"``, ``"viio7"``, ``"I*"`` or ``"G7/B"``.
    key : Key
        The key of numerals.
    home : Key, optional
        The key that the root is measured from. Default: `key`.

    Raises
    ------
    UsageError
        If the text is neither.

    Examples
    --------
    >>> read_chord("V6/5", Key("C"))
    ChordText(root=7, intervals=(0, 4, 7, 10), inversion=1, notice='')
    >>> read_chord("Am7", Key("C")).notice, read_chord("G9", Key("C")).notice
    ('', "'G9' is outside the style and is read as G7")
    """
    home = home or key
    plain = text.strip().translate(_SIGNS)
    star = plain.endswith("*")
    plain = plain.removesuffix("*")
    found = _numeral(plain, key.mode)
    if found is not None:
        root = (key.pitch_class + found.root - home.pitch_class) % 12
        found = replace(found, root=root)
    else:
        found = _symbol(plain, home)
    if found is None:
        raise UsageError(f"{text.strip()[:40]!r} is not a chord: {WANTED}")
    return replace(found, inversion=None) if star else found


@cache
def _table(mode: Mode) -> dict[str, ChordText]:
    """Every numeral that the analysis writes, with figures."""
    return {
        numeral.figured(i): ChordText(numeral.semitones, SHAPES[numeral.shape].tones, i)
        for numeral in NUMERALS[mode]
        for i in range(len(SHAPES[numeral.shape].fifths))
    }


def _numeral(text: str, mode: Mode) -> ChordText | None:
    """A numeral with its goal, relative to the tonic of a key; None if it is none."""
    text = _ALIASES.get(text, text)
    if text == "Cad64":
        text = "I64" if mode == "major" else "i64"
    head, stroke, goal = _STROKE.sub("", text).partition("/")
    match = _NUMERAL.fullmatch(head)
    if match is None:
        return _table(mode).get(head) if not stroke else None
    figures, notice = match["figures"], ""
    if match["more"] or figures in _BEYOND:
        figures = _BEYOND.get(figures, figures)
        nearest = head[: match.start("figures")] + figures
        notice = f"'{text}' is outside the style and is read as {nearest}{stroke}{goal}"
    if figures not in _FIGURES:
        return None
    seventh, inversion = _FIGURES[figures]
    standard = ("7", "65", "43", "42")[inversion] if seventh else ("", "6", "64")[inversion]
    written = head[: match.start("figures")] + standard
    known = _table(mode).get(written + stroke + goal)
    if known is not None:
        return replace(known, notice=notice)
    if not stroke:
        return replace(_spelled(match, seventh, inversion, mode), notice=notice)
    local = _numeral(goal, mode)
    if local is None:
        return None
    minor = local.intervals[:2] == MINOR[:2]
    within = _numeral(written, "minor" if minor else "major")
    if within is None:
        return None
    return replace(within, root=(local.root + within.root) % 12, notice=notice)


def _spelled(match: re.Match[str], seventh: bool, inversion: int, mode: Mode) -> ChordText:
    """A numeral that the analysis never writes, by its degree, case and mark."""
    name, mark = match["degree"], match["mark"] or ""
    degree = _DEGREES.index(name.upper())
    signs = match["sign"].count("#") - match["sign"].count("b")
    large = name.isupper()
    if not large and not mark and (degree == 6 or (degree == 5 and mode == "minor")):
        mark = "ø" if seventh and mode == "major" else "o"
    if mode == "minor" and degree in (2, 5, 6):
        # In minor these degrees are lowered as they are; small letters stand on the raised ones.
        raised = degree in (5, 6) and (mark in ("o", "ø") or not large)
        signs = max(signs, int(raised)) if signs >= 0 else signs + 1
    intervals = {
        "o": DIMINISHED_SEVENTH if seventh else DIMINISHED,
        "ø": HALF_DIMINISHED,
        "+": AUGMENTED_SEVENTH if seventh else AUGMENTED,
        "maj": MAJOR_SEVENTH, "M": MAJOR_SEVENTH,
    }.get(mark)  # fmt: skip
    if intervals is None:
        intervals = MAJOR if large else MINOR
        if seventh:
            intervals += (10,)
    root = (_SCALES[mode][degree] + 7 * signs) * 7 % 12
    return ChordText(root, intervals, inversion)


def _symbol(text: str, home: Key) -> ChordText | None:
    """A chord symbol, relative to the tonic of a key; None if it is none."""
    match = _SYMBOL.fullmatch(text)
    if match is None:
        return None
    quality, notice = match["quality"], ""
    if quality not in _QUALITIES:
        nearest = next((n for p, n in _NEAREST if re.fullmatch(p, quality)), None)
        if nearest is None:
            return None
        notice = f"'{text}' is outside the style and is read as {match['root']}{nearest}"
        if match["bass"]:
            notice += f"/{match['bass']}"
        quality = nearest
    intervals = _QUALITIES[quality]
    pitch_class = line_of_fifths(match["root"]) * 7 % 12
    inversion = None
    if match["bass"]:
        above = (line_of_fifths(match["bass"]) * 7 - pitch_class) % 12
        if len(intervals) == 3 and above in (10, 11) and above not in intervals:
            intervals += (above,)
        if above in intervals:
            inversion = intervals.index(above)
        else:
            notice = (
                f"the bass of '{text}' is no tone of the chord and is left out: it is read as "
                f"{match['root']}{quality}"
            )
    return ChordText((pitch_class - home.pitch_class) % 12, intervals, inversion, notice)
