"""The cells of Humdrum kern: notes, chords, rests and grace notes (humdrum.org, "kern")."""

import re
from dataclasses import dataclass, field
from fractions import Fraction

from bachbot.errors import ScoreError
from bachbot.scores.pitch import midi_and_name
from bachbot.scores.readers.tune import TuneNote

_LENGTH = re.compile(r"(?<![0-9%])([0-9]{1,5})(?:%([0-9]{1,5}))?(?![0-9%])(\.{0,4})")
_PITCH = re.compile(r"([A-Ga-g])(\1{0,9})(#{1,3}|-{1,3}|n)?(X?)")
_MARKS = {
    ";": "fermata", "'": "staccato", "~": "tenuto", "`": "staccatissimo", ",": "breath-mark",
    "T": "trill-mark", "t": "trill-mark", "M": "mordent", "m": "mordent",
    "W": "inverted-mordent", "w": "inverted-mordent", "S": "turn", "$": "inverted-turn",
    "v": "up-bow", "u": "down-bow", "^": "accent",
}  # fmt: skip
_SIGNS = re.compile(r"""\^\^|[;'~`,TtMmWwS$vu^]""")
_LARGEST_CHORD = 64
_TIES = {"[": ("start",), "]": ("stop",), "_": ("stop", "start")}


TICKS = 2**9 * 3**2 * 5 * 7 * 11 * 13 * 17 * 19 * 23 * 29 * 31
"""Units of time in a quarter note, so that all lengths are whole numbers: sums of fractions would
take ten times as long."""


@dataclass
class KernNote:
    """A cell with a note, chord or rest.

    Parameters
    ----------
    note : TuneNote
        The note, without slurs, words and grace notes.
    ticks : int
        Its length, in units of `TICKS`; 0 for a grace note.
    grace : bool
        Whether it is a grace note.
    opened, closed : int
        Slurs that begin and end with it.
    beams : int
        Beams that begin with it, less those that end.
    phrase_end : bool
        Whether a phrase, a fermata or a breath ends with it.
    unmeasured, unpitched : bool
        Whether it has no length and is read as a quarter note; no pitch and is read as a rest.
    """

    note: TuneNote
    ticks: int = 0
    grace: bool = False
    opened: int = 0
    closed: int = 0
    beams: int = 0
    phrase_end: bool = False
    unmeasured: bool = False
    unpitched: bool = False
    pitches: list[tuple[int, int, bool, tuple[str, ...]]] = field(default_factory=list)

    def new_note(self) -> TuneNote:
        """A note of its own for one occurrence of the cell."""
        note = self.note
        return TuneNote(
            note.value, note.pitches, note.explicit, note.tuplet, set(note.edges),
            marks=note.marks, untied=note.untied, hidden=note.hidden,
        )  # fmt: skip


def read_note(cell: str, line: int) -> KernNote:
    """Read a cell of a kern spine that is not null.

    Parameters
    ----------
    cell : str
        The notes of a chord are separated by spaces.
    line : int
        Number of the line, for messages.

    Raises
    ------
    ScoreError
        If it has neither pitch nor rest, or a length or a pitch that is not possible.

    Examples
    --------
    >>> read_note("[4.f#;", 7).note.pitches, read_note("12r", 7).note.length
    ([(66, 6)], Fraction(1, 3))
    """
    out = KernNote(TuneNote(Fraction(0)))
    out.grace = "q" in cell
    if cell.count(" ") >= _LARGEST_CHORD:
        raise ScoreError(f"line {line}: a chord has more than {_LARGEST_CHORD} notes: correct it")
    parts = cell.split()
    _set_length(out, parts[0] if parts else "", line)
    rests = 0
    for part in parts:
        if "r" in part:
            rests += 1
        elif (pitch := _PITCH.search(part)) is not None:
            ties = next((_TIES[sign] for sign in _TIES if sign in part), ())
            out.pitches.append((*_pitch(pitch, line), ties))
        elif "R" in part:
            out.unpitched = True
    if not out.pitches and not rests and not out.unpitched:
        raise ScoreError(f"line {line}: {cell[:20]!r} is not a note of kern: correct it")
    _set_pitches(out)
    note = out.note
    for sign in set(_SIGNS.findall(cell)):
        mark = "strong-accent" if sign == "^^" else _MARKS[sign]
        if mark not in note.marks:
            note.marks.append(mark)
    note.marks.sort()
    note.hidden = not note.pitches and "yy" in cell and not note.marks
    out.opened, out.closed = cell.count("("), cell.count(")")
    out.beams = cell.count("L") - cell.count("J")
    out.phrase_end = "}" in cell or "fermata" in note.marks or "breath-mark" in note.marks
    return out


def _set_length(out: KernNote, part: str, line: int) -> None:
    """Set the written length: the reciprocal of the part of a whole note, such as 4 or 3%2."""
    found = _LENGTH.search(part)
    if out.grace:
        return
    if found is None:
        if any(digit in part for digit in "0123456789"):
            raise ScoreError(f"line {line}: the length of {part[:20]!r} is too long: correct it")
        out.unmeasured = True
        out.note.value = Fraction(1)
        out.ticks = TICKS
        return
    below, above, dots = int(found[1]), int(found[2] or 1), len(found[3])
    if not below:  # 0 is a breve, 00 a long, 000 a maxima
        value = Fraction(4 * 2 ** len(found[1]))
    elif not above:
        raise ScoreError(f"line {line}: {part[:20]!r} has no length: correct it")
    else:
        whole = Fraction(above, below)
        odd = whole.denominator // (whole.denominator & -whole.denominator)
        if odd > 1:
            normal = 2 ** (odd.bit_length() - 1)
            out.note.tuplet = (odd, normal)
            whole = whole * odd / normal
        value = 4 * whole
    out.note.value = value * (2 - Fraction(1, 2**dots))
    ticks = out.note.length * TICKS
    if ticks.denominator > 1:
        raise ScoreError(f"line {line}: {part[:20]!r} divides a beat too finely: write it simpler")
    out.ticks = int(ticks)


def _pitch(match: re.Match[str], line: int) -> tuple[int, int, bool]:
    """MIDI pitch, name, and whether the accidental is to be written in any case."""
    letter, repeated, accidental = match[1], len(match[2]), match[3] or ""
    octave = 4 + repeated if letter.islower() else 3 - repeated
    alter = accidental.count("#") - accidental.count("-")
    if not 0 <= octave <= 8 or abs(alter) > 2:
        raise ScoreError(f"line {line}: {match[0][:20]!r} is out of reach: correct the note")
    midi, name = midi_and_name(letter.upper(), alter, octave)
    if not 0 <= midi <= 127:
        raise ScoreError(f"line {line}: {match[0][:20]!r} is out of reach: correct the note")
    return midi, name, accidental == "n" or bool(match[4])


def _set_pitches(out: KernNote) -> None:
    """Set the pitches of a chord from the lowest up, with their ties."""
    note = out.note
    for index, (midi, name, explicit, ties) in enumerate(sorted(out.pitches)):
        note.pitches.append((midi, name))
        if explicit:
            note.explicit.add(index)
        for kind in ("stop", "start"):
            if kind in ties:
                note.edges.add(f"tie {kind}")
            else:
                note.untied.add((kind, index))
    note.untied = {(kind, index) for kind, index in note.untied if f"tie {kind}" in note.edges}
