"""An ABC file, split into its tunes: what is music, what is a field, and what is neither."""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from bachbot.scores.readers.abc.abc_prose import has_notes, words_error
from bachbot.scores.readers.source import decode_text

_NEWLINE = re.compile(r"\r\n|\r|\n")
_TUNE = re.compile(r"(?:^|[\r\n])[ \t]*X:")
_KEY = re.compile(r"(?:^|[\r\n])[ \t]*K:")
_FIELD = re.compile(r"([A-Za-z+]):(.*)")
_COMMENT = re.compile(r"(?<!\\)%.*")
_CHARSET = re.compile(rb"^(?:%%|I:)[ \t]{0,9}abc-charset[ \t]{1,9}([\w-]{1,20})", re.MULTILINE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|[A-Za-z]{2,8}\d{0,2});")
_UNICODE = re.compile(r"\\u([0-9A-Fa-f]{4})")
_LIGATURE = re.compile(r"\\(AA|aa|AE|ae|OE|oe|ss|/[Oo]|DH|dh|TH|th|HO|Ho|HU|Hu)")
_LIGATURES = {
    "AA": "Å", "aa": "å", "AE": "Æ", "ae": "æ", "OE": "Œ", "oe": "œ", "ss": "ß", "/O": "Ø",
    "/o": "ø", "DH": "Ð", "dh": "ð", "TH": "Þ", "th": "þ", "HO": "Ő", "Ho": "ő", "HU": "Ű",
    "Hu": "ű",
}  # fmt: skip
_ACCENT = re.compile(r"\\([`'^~\"=,;.cvuo])([A-Za-z])")
_ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308",
            "=": "\u0304", ",": "\u0327", ";": "\u0328", ".": "\u0307",
            "c": "\u0327", "v": "\u030c", "u": "\u0306", "o": "\u030a"}  # fmt: skip

DIRECTIVE = "%"
"""Letter of an `AbcLine` that is a directive, such as ``%%score`` or ``I:score``."""

_IN_FILE_HEADER = frozenset("CILMmU+" + DIRECTIVE)
"""Fields before the first tune that hold for every tune, of those that are read at all."""

_NOTE_LETTERS = frozenset("ABCDEFGabcdefgz")


class AbcLine(NamedTuple):
    """A line of a tune.

    Parameters
    ----------
    letter : str
        Letter of an information field, `DIRECTIVE`, or empty for music.
    value : str
        The rest of the field with what ``+:`` adds to it, or the music.
    """

    letter: str
    value: str


@dataclass
class AbcTune:
    """A tune of a file, or the header of the file, as it is read.

    Parameters
    ----------
    number : str
        As written after ``X:``.
    letters : list of str
        Letter of each line.
    values : list of (str or list of str)
        Value of each line, or its pieces.
    in_body : bool
        Whether there has been a line ``K:``.
    """

    number: str = ""
    letters: list[str] = field(default_factory=list)
    values: list[str | list[str]] = field(default_factory=list)
    in_body: bool = False

    def add(self, letter: str, value: str) -> None:
        """Add a line; a ``+:`` continues the field before."""
        if letter == "+":
            if self.letters and self.letters[-1]:
                self._last_pieces().append(value)
            return
        if letter in ("w", "s") and self.letters and self.letters[-1] == letter:
            pieces = self._last_pieces()
            if pieces[-1].endswith("\\"):
                pieces[-1] = pieces[-1][:-1]
                pieces.append(value)
                return
        self.in_body = self.in_body or letter == "K"
        self.letters.append(letter)
        self.values.append(value)

    def _last_pieces(self) -> list[str]:
        """The pieces of the last line; they are joined once."""
        last = self.values[-1]
        pieces = [last] if isinstance(last, str) else last
        self.values[-1] = pieces
        return pieces

    def lines(self) -> Iterator[AbcLine]:
        """The lines, each field with all its pieces."""
        for letter, value in zip(self.letters, self.values, strict=True):
            yield AbcLine(letter, value if isinstance(value, str) else " ".join(value))


@lru_cache(maxsize=1)  # all tunes of a file are read one after another
def read_tunes(content: bytes) -> tuple[AbcTune, tuple[AbcTune, ...]]:
    """Split a file into its header and its tunes, in linear time.

    A tune begins at a line ``X:`` and ends at the next one, or at an empty line after its ``K:``.
    Comments, free text between tunes and blocks such as ``%%begintext`` to ``%%endtext`` are left
    out.

    Parameters
    ----------
    content : bytes
        The file, in any encoding that `decode_text` knows.

    Returns
    -------
    header : AbcTune
        Fields before the first tune, which hold for all tunes.
    tunes : tuple of AbcTune
        In order. A file without ``X:`` is one tune without a number, if it has ``K:`` or a line of
        notes.

    Raises
    ------
    ScoreError
        If it has lines of words, and neither a tune nor notes.
    """
    declared = _CHARSET.search(content)
    text = decode_text(content, declared[1].decode("latin-1") if declared else "")
    header, tune, in_header = AbcTune(), None, True
    tunes: list[AbcTune] = []
    if not _TUNE.search(text):
        free = [line[1] for line in _lines(text) if line is not None and not line[0]]
        if _KEY.search(text) or any(map(has_notes, free)):
            tune, in_header = AbcTune(), False
            tunes.append(tune)
        elif free:
            raise words_error(free)
    for line in _lines(text):
        if line is None:  # an empty line
            in_header = in_header and not header.letters
            if tune is not None and tune.in_body:
                tune = None
            continue
        letter, value = line
        if letter == "X":
            tune, in_header = AbcTune(value[:40]), False
            tunes.append(tune)
        elif tune is not None:
            if tune.in_body and letter in _NOTE_LETTERS and value.startswith(("|", ":")):
                letter, value = "", f"{letter}:{value}"  # a note before a repeat sign
            tune.add(letter, value)
        elif in_header and letter in _IN_FILE_HEADER:
            header.add(letter, value)
    return header, tuple(tunes)


def _lines(text: str) -> Iterator[tuple[str, str] | None]:
    """Letter and value of each line without comments and text blocks; None for an empty line."""
    block = ""
    empty = True
    for raw in _NEWLINE.split(text):
        if block:
            # A block that is never closed ends at the next tune.
            if raw.startswith(f"%%end{block}"):
                block = ""
                continue
            if not (empty and raw.startswith("X:")):
                empty = not raw.strip()
                continue
            block = ""
        empty = not raw.strip()
        if empty:
            yield None
        elif raw.startswith("%%"):
            words = raw[2:].split(maxsplit=1)
            if words and words[0].startswith("begin"):
                block = words[0][5:]
                continue
            yield DIRECTIVE, _COMMENT.sub("", raw[2:]).strip()
        else:
            line = raw.strip()
            if "%" in line:
                line = _COMMENT.sub("", line).strip().replace("\\%", "%")
            found = _FIELD.match(line)
            if found:
                yield found[1], found[2].strip()
            elif line:
                yield "", line


def plain_text(text: str) -> str:
    r"""Replace the escapes of accented letters by the letters, such as ``\'e`` by é."""
    text = _ENTITY.sub(lambda m: html.unescape(m[0]), text)
    text = _UNICODE.sub(lambda m: chr(int(m[1], 16)), text)
    text = _LIGATURE.sub(lambda m: _LIGATURES[m[1]], text)
    text = _ACCENT.sub(lambda m: m[2] + _ACCENTS[m[1]], text)
    text = "".join(c for c in text if c.isprintable() and not 0xD800 <= ord(c) < 0xE000)
    return unicodedata.normalize("NFC", text).strip()
