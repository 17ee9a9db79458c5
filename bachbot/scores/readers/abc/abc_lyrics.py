"""Words and symbols under the notes of an ABC tune."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from bachbot.scores.readers.tune import Syllable, TuneNote

_PIECE = re.compile(r"(?:\\-|[^\s\-_*|])+|[-_*|]")
_SYMBOL = re.compile(r'!([^!\s]{1,40})!|\+([^+\s]{1,40})\+|"([^"]*)"|([*|])')


class _Cursor:
    """The note that the next syllable or symbol belongs to."""

    def __init__(self, line: Sequence[tuple[int, TuneNote]]) -> None:
        self.line = line
        self.bars = [bar for bar, _ in line]
        self.at = -1
        self.bar: int | None = None

    def step(self) -> TuneNote | None:
        """Go to the next note; None at the end."""
        self.at = min(self.at + 1, len(self.line))
        if self.at == len(self.line):
            return None
        self.bar, note = self.line[self.at]
        return note

    def step_bar(self) -> None:
        """Go before the first note of the next bar; a bar line before all words changes nothing."""
        if self.bar is None:
            self.bar = self.bars[0] if self.bars else 0
        else:
            self.bar += 1
            self.at = bisect_left(self.bars, self.bar) - 1


class Misfit(NamedTuple):
    """How words and notes do not fit each other.

    Parameters
    ----------
    left : str
        Words after the last note, which are not kept.
    bare : int
        Notes after the last word, without those that are slurred or tied to it.
    """

    left: str
    bare: int


def align_lyrics(line: Sequence[tuple[int, TuneNote]], text: str, verse: int) -> Misfit:
    """Align the words of a ``w:`` field with notes.

    Parameters
    ----------
    line : sequence of (int, TuneNote)
        Bar index and note, without rests.
    text : str
        The lyrics: ``-`` ends a syllable, ``_`` extends one, ``*`` skips a note, ``~`` is a space
        within a syllable, ``|`` goes to the next bar.
    verse : int
        Number of the verse.

    Returns
    -------
    Misfit
        What is left over of both.
    """
    cursor = _Cursor(line)
    inside = False  # whether a word is unfinished
    last: TuneNote | None = None
    for match in _PIECE.finditer(text):
        piece = match[0]
        if piece == "-":
            if last is None or inside:  # a second hyphen extends over a note
                cursor.step()
            elif verse in last.lyrics:
                syllable = last.lyrics[verse]
                position = {"single": "begin", "end": "middle"}[syllable.position]
                last.lyrics[verse] = Syllable(position, syllable.text)
            inside = True
            continue
        if piece == "|":
            cursor.step_bar()
            continue
        note = cursor.step()
        if note is None:
            left = text[match.start() :].strip("-_*| \t") if piece not in "_*" else ""
            return Misfit(left.replace("~", " "), 0)
        if piece == "_":
            if last is not None and verse in last.lyrics:
                syllable = last.lyrics[verse]
                last.lyrics[verse] = Syllable(syllable.position, syllable.text, extended=True)
        elif piece != "*":
            last = note
            words = piece.replace("~", " ").replace("\\-", "-")
            last.lyrics[verse] = Syllable("end" if inside else "single", words)
            inside = False
    return Misfit("", _bare([note for _, note in line], cursor.at))


def _bare(notes: Sequence[TuneNote], last: int) -> int:
    """How many notes after the last one with words are not tied or slurred to the note before."""
    found, slurs = 0, 0
    for index, note in enumerate(notes):
        if index > last and not slurs and "tie stop" not in note.edges:
            found += 1
        kinds = [kind for kind, _ in note.slurs]
        slurs += kinds.count("start") - kinds.count("stop")
    return found


def count_syllables(text: str) -> int:
    """How many notes the words of a ``w:`` field need at least; bar lines are not counted."""
    return sum(match[0] not in "-|" for match in _PIECE.finditer(text))


def align_symbols(
    line: Sequence[tuple[int, TuneNote]], text: str, add: Callable[[TuneNote, str, str], None]
) -> None:
    """Align the decorations and chord symbols of an ``s:`` field with notes.

    Parameters
    ----------
    line : sequence of (int, TuneNote)
        Bar index and note, without rests.
    text : str
        The symbols: ``*`` skips a note, ``|`` goes to the next bar.
    add : callable
        Is called with the note, a decoration or an empty string, and quoted text or an empty
        string.
    """
    cursor = _Cursor(line)
    for match in _SYMBOL.finditer(text):
        if match[4] == "|":
            cursor.step_bar()
            continue
        note = cursor.step()
        if note is None:
            return
        if match[4] is None:
            add(note, match[1] or match[2] or "", match[3] or "")
