"""Figured bass: figures over a bass note, read as the chord that they stand for.

Figures are completed as in the schools (C. P. E. Bach, *Versuch*, part 2): nothing is 5/3, 6 is
6/3, 7 is 7/5/3, 6/5 is 6/5/3, 4/3 is 6/4/3, 2 is 6/4/2, 4 is 5/4, 9 is 9/5/3. A sign alone belongs
to the third. ``#`` and ``+`` raise a tone of the key by a semitone, ``b`` lowers it, ``n`` takes
away its accidental.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from bachbot.chorale import GivenChord, GivenHarmony, Key
from bachbot.errors import UsageError
from bachbot.theory.given.chord_text import ChordText
from bachbot.theory.given.given_chords import (
    CONTINUE,
    OPEN,
    BarBeats,
    cells_of,
    chords_at,
    symbols_of,
    where_in,
)

_LETTERS = "CDEFGAB"
_FIFTHS_OF_LETTER = (0, 2, 4, -1, 1, 3, 5)
_FIGURE = re.compile(
    r"(?P<before>[#bn+])?(?P<number>[2-9])(?P<after>[#bn+](?!\d))?|(?P<alone>[#bn])"
)
_SIGNS = str.maketrans({"♯": "#", "♭": "b", "♮": "n"})

_COMPLETED: Mapping[frozenset[int], tuple[int, ...]] = MappingProxyType({
    frozenset(written): stacked
    for written, stacked in (
        ((), (1, 3, 5)), ((3,), (1, 3, 5)), ((5,), (1, 3, 5)), ((5, 3), (1, 3, 5)),
        ((8,), (1, 3, 5)), ((8, 5), (1, 3, 5)), ((8, 3), (1, 3, 5)), ((8, 5, 3), (1, 3, 5)),
        ((6,), (6, 1, 3)), ((6, 3), (6, 1, 3)), ((8, 6), (6, 1, 3)), ((8, 6, 3), (6, 1, 3)),
        ((6, 4), (4, 6, 1)), ((8, 6, 4), (4, 6, 1)),
        ((7,), (1, 3, 5, 7)), ((7, 3), (1, 3, 5, 7)), ((7, 5), (1, 3, 5, 7)),
        ((7, 5, 3), (1, 3, 5, 7)), ((8, 7), (1, 3, 5, 7)), ((8, 7, 3), (1, 3, 5, 7)),
        ((6, 5), (6, 1, 3, 5)), ((6, 5, 3), (6, 1, 3, 5)),
        ((4, 3), (4, 6, 1, 3)), ((6, 4, 3), (4, 6, 1, 3)),
        ((2,), (2, 4, 6, 1)), ((4, 2), (2, 4, 6, 1)), ((6, 4, 2), (2, 4, 6, 1)),
        ((6, 2), (2, 4, 6, 1)), ((5, 2), (1, 2, 5)),
        ((4,), (1, 4, 5)), ((5, 4), (1, 4, 5)), ((8, 5, 4), (1, 4, 5)), ((8, 4), (1, 4, 5)),
        ((7, 4), (1, 4, 5, 7)), ((7, 5, 4), (1, 4, 5, 7)),
        ((9,), (1, 3, 5, 9)), ((9, 3), (1, 3, 5, 9)), ((9, 5), (1, 3, 5, 9)),
        ((9, 5, 3), (1, 3, 5, 9)), ((9, 4), (1, 4, 5, 9)), ((9, 5, 4), (1, 4, 5, 9)),
        ((9, 7), (1, 3, 7, 9)), ((9, 7, 3), (1, 3, 7, 9)), ((9, 6), (6, 1, 3, 9)),
        ((9, 6, 3), (6, 1, 3, 9)), ((7, 6), (1, 3, 7)), ((7, 2), (1, 2, 4, 7)),
        ((7, 4, 2), (1, 2, 4, 7)),
    )
})  # fmt: skip
"""The tones of each chord over the bass (1), from its root up, by the figures that are written."""


def read_figures(text: str, bass: int, key: Key) -> ChordText:
    """Read the figures over a bass note.

    Parameters
    ----------
    text : str
        Figures with or without strokes: ``"6"``, ``"6/5"``, ``"65"``, ``"#"``, ``"4+/2"``; empty
        for a note without figures.
    bass : int
        Name of the bass note: position on the line of fifths (C 0, G 1, F -1).
    key : Key
        The key whose signature is in force.

    Returns
    -------
    ChordText
        Relative to the key's tonic, with the bass note in the bass.

    Raises
    ------
    UsageError
        If the text is not of figures.

    Examples
    --------
    >>> read_figures("6", 4, Key("C"))  # over E
    ChordText(root=0, intervals=(0, 4, 7), inversion=1, notice='')
    >>> read_figures("#", 4, Key("A", "minor")).intervals  # over E
    (0, 4, 7)
    """
    figures = _parsed(text)
    stacked = _COMPLETED.get(frozenset(figures))
    if stacked is None:
        raise UsageError(
            f"{text[:40]!r} are not figures of a bass that are known: give some such as 6, 6/4, "
            "7, 6/5, 4/3, 2, 4 or #"
        )
    names = [bass if n == 1 else _named(bass, n, figures.get(n, ""), key) for n in stacked]
    root = names[0] * 7 % 12
    intervals = tuple(dict.fromkeys((name * 7 - root) % 12 for name in names))
    inversion = intervals.index((bass * 7 - root) % 12)
    return ChordText((root - key.pitch_class) % 12, intervals, inversion)


def _parsed(text: str) -> dict[int, str]:
    """The sign of each figure, by its number."""
    found: dict[int, str] = {}
    for piece in re.split(r"[/,\s]+", text.strip().translate(_SIGNS)):
        at = 0
        while at < len(piece):
            match = _FIGURE.match(piece, at)
            if match is None:
                raise UsageError(
                    f"{text[:40]!r} are not figures of a bass: give some such as 6, 6/5, 7 or #"
                )
            number = int(match["number"] or 3)
            found[number] = match["before"] or match["after"] or match["alone"] or ""
            at = match.end()
    return found


def _named(bass: int, number: int, sign: str, key: Key) -> int:
    """Name of the tone that a figure stands for, as a position on the line of fifths."""
    letter = (bass + 1) % 7  # in the order F C G D A E B
    index = (_LETTERS.index("FCGDAEB"[letter]) + number - 1) % 7
    plain = _FIFTHS_OF_LETTER[index]
    lowest = key.fifths - 1
    name = lowest + (plain - lowest) % 7  # as the signature has it
    if sign in ("#", "+"):
        return name + 7
    if sign == "b":
        # Over a leading note the sign only confirms the diminished fifth of the key.
        return name if number == 5 and name - bass == -6 else name - 7
    return plain if sign == "n" else name


@dataclass(frozen=True)
class BassNote:
    """A note of a given bass: its first frame, the frame after it, and its name in fifths."""

    start: int
    stop: int
    name: int


Figures = tuple[int, int, str]
"""Figures with the frame in which they begin, and the frame up to which they hold."""


def parse_figures(
    text: str, bars: Sequence[BarBeats], bass: Sequence[BassNote], key: Key
) -> GivenHarmony:
    """Read the figures of a bass, bar by bar, such as ``"5 6 | 7 | 5"``.

    A bar with as many figures as notes has one for each note; otherwise the figures share the bar
    evenly, as chords do in `bachbot.theory.given.given_chords.parse_chords`, with the same signs
    for a figure that continues (``.``) and for none (``?``). A triad in root position is ``5``.

    Parameters
    ----------
    text : str
        The figures.
    bars : sequence of BarBeats
        The bars of the piece.
    bass : sequence of BassNote
        The notes of the bass, in order.
    key : Key
        The key of the piece.

    Raises
    ------
    UsageError
        If they cannot be read; the message names the bar and the beat.
    """
    figures: list[Figures] = []
    for bar, cell in cells_of(text, bars, "figures"):
        words = cell.split()
        notes = [note for note in bass if note.start in bar.frames]
        if len(words) == len(notes):
            figures += [(n.start, n.stop, word) for n, word in zip(notes, words, strict=True)]
        else:
            figures += symbols_of(bar, words)
    return figured_harmony(figures, bars, bass, key)


def figured_harmony(
    figures: Iterable[Figures], bars: Sequence[BarBeats], bass: Sequence[BassNote], key: Key
) -> GivenHarmony:
    """The chords of figures over the notes of a bass.

    A chord holds on the first frame of its figures, and on each further beat up to their end on
    which the bass has one of its tones.

    Parameters
    ----------
    figures : iterable of Figures
        In order.
    bars, bass, key
        As in `parse_figures`.

    Raises
    ------
    UsageError
        If figures cannot be read, or stand where the bass rests.
    """
    chords: dict[int, GivenChord] = {}
    chord, label = None, ""
    beats = [beat for bar in bars for beat in bar.beats]
    for start, stop, text in figures:
        begins = text not in CONTINUE
        if text in OPEN:
            chord = None
        elif begins:
            chord, label = _over(text, start, bars, bass, key), text
        if chord is None:
            continue
        tones = {(chord.root + i) % 12 for i in chord.intervals}
        for frame in (start, *(b for b in beats if start < b < stop)):
            note = _sounding(bass, frame)
            above = None if note is None else (note.name * 7 - key.pitch_class) % 12
            if above in tones and (begins or frame in beats):
                written = f"the figures {label}"
                chords[frame] = next(chords_at(replace(chord, inversion=None), written, frame, ()))
    return GivenHarmony(tuple(chords[frame] for frame in sorted(chords)))


def _over(
    text: str, frame: int, bars: Sequence[BarBeats], bass: Sequence[BassNote], key: Key
) -> ChordText:
    note = _sounding(bass, frame)
    if note is None:
        raise UsageError(
            f"{where_in(bars, frame)}: the figures {text[:40]!r} stand where the bass rests: "
            "give figures under notes, and '?' elsewhere"
        )
    try:
        return read_figures(text, note.name, key)
    except UsageError as error:
        raise UsageError(f"{where_in(bars, frame)}: {error}") from error


def _sounding(bass: Sequence[BassNote], frame: int) -> BassNote | None:
    return next((note for note in bass if note.start <= frame < note.stop), None)
