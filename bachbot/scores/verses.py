"""Words for a tune that is to be composed: verses of lines of syllables, as hymnals print them.

Syllables of a word are joined by hyphens (``A-maz-ing grace!``), two words on one note by ``_``.
Each line of the text is a phrase of the tune; an empty line begins another verse.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from bachbot.errors import UsageError

MOST_BYTES, MOST_VERSES, MOST_LINES, MOST_SYLLABLES = 2**16, 12, 40, 40

_HYPHENS = str.maketrans({"\u00ad": "-", "\u2010": "-", "\u2011": "-", "\u00b7": "-"})
_SPACED = re.compile(r"(?<=\S) -{1,2} (?=\S)")
_VOWELS = re.compile(r"[aeiouyäöüáéíóúàèìòùâêîôûæøåœ]+")
_SILENT_END = re.compile(r"e[sd]?$")


@dataclass(frozen=True)
class Syllable:
    """A syllable.

    Parameters
    ----------
    text : str
        As it is printed, without its hyphen.
    begins, ends : bool
        Whether it is the first and the last of its word.
    """

    text: str
    begins: bool = True
    ends: bool = True

    @property
    def syllabic(self) -> str:
        """Its place in the word, as MusicXML has it."""
        return {(True, True): "single", (True, False): "begin", (False, True): "end"}.get(
            (self.begins, self.ends), "middle"
        )


Line = tuple[Syllable, ...]
"""A line of a verse: a phrase of the tune."""


@dataclass(frozen=True)
class Verses:
    """The words of a tune.

    Parameters
    ----------
    verses : tuple of tuple of Line
        One or more verses, all with the same number of syllables in each line.
    notices : tuple of str
        What may have been meant otherwise, a line each.
    """

    verses: tuple[tuple[Line, ...], ...]
    notices: tuple[str, ...] = ()

    @property
    def lengths(self) -> tuple[int, ...]:
        """Syllables of each line: the meter of the hymn."""
        return tuple(map(len, self.verses[0]))

    @property
    def has_upbeat(self) -> bool:
        """Whether its lines are taken to begin on an upbeat.

        By the meter, as hymnals sing it: lines of 8 and 7 syllables in turn, or all of 7, are
        trochaic and begin on the beat; others are iambic.
        """
        return set(self.lengths) not in ({7}, {8, 7}, {5, 6}, {7, 4}, {8, 7, 4})


def parse_verses(text: str) -> Verses:
    """Read verses.

    Parameters
    ----------
    text : str
        As the module's docstring has it.

    Raises
    ------
    UsageError
        If there are no words, too many, or verses do not fit one tune.
    """
    verses: list[list[Line]] = [[]]
    long_words: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        if not raw.strip():
            if verses[-1]:
                verses.append([])
            continue
        line = _line(raw, number, long_words)
        verses[-1].append(line)
        if len(verses) > MOST_VERSES + 1 or len(verses[-1]) > MOST_LINES:
            raise UsageError(
                f"the words have more than {MOST_VERSES} verses or {MOST_LINES} lines: give fewer"
            )
    if not verses[-1]:
        verses.pop()
    if not verses:
        raise UsageError("the words are empty: give lines of words, with hyphens in each word")
    _check_alike(verses)
    notices: tuple[str, ...] = ()
    if long_words:
        named = ", ".join(long_words[:5]) + (" and others" if len(long_words) > 5 else "")
        notices = (f"each of these words is sung on one note: {named}: divide them by hyphens",)
    return Verses(tuple(tuple(verse) for verse in verses), notices)


def read_verses(path: str | Path) -> Verses:
    """Read verses from a text file.

    Raises
    ------
    UsageError
        If the file cannot be read as text, or as `parse_verses`.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES // 1024} KiB: give fewer words")
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} cannot be read as text ({reason}): give a text file") from error
    try:
        return parse_verses(text)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _line(raw: str, number: int, long_words: list[str]) -> Line:
    found: list[Syllable] = []
    for word in _SPACED.sub("-", raw.translate(_HYPHENS)).split():
        parts = [part.replace("_", "\u203f") for part in word.split("-") if part]
        if not any(c.isalpha() for c in word):
            if found and parts:  # a dash or a mark that stands alone
                last = found[-1]
                found[-1] = Syllable(f"{last.text} {''.join(parts)}", last.begins, last.ends)
            continue
        if len(parts) == 1 and _is_long(parts[0]):
            long_words.append(parts[0].strip(".,;:!?\"'"))
        for index, part in enumerate(parts):
            found.append(Syllable(part, index == 0, index == len(parts) - 1))
    if not 2 <= len(found) <= MOST_SYLLABLES:
        raise UsageError(
            f"line {number} of the words has {len(found)} syllables: give 2 to {MOST_SYLLABLES}"
        )
    return tuple(found)


def _is_long(word: str) -> bool:
    """Whether a word without hyphens looks as if it had several syllables."""
    letters = "".join(c for c in word.lower() if c.isalpha())
    return len(_VOWELS.findall(_SILENT_END.sub("", letters))) > 1


def _check_alike(verses: list[list[Line]]) -> None:
    first = [len(line) for line in verses[0]]
    for number, verse in enumerate(verses[1:], 2):
        if len(verse) != len(first):
            raise UsageError(
                f"verse {number} has {len(verse)} lines and verse 1 has {len(first)}: give as many"
            )
        for index, line in enumerate(verse):
            if len(line) != first[index]:
                raise UsageError(
                    f"line {index + 1} of verse {number} has {len(line)} syllables and that of "
                    f"verse 1 has {first[index]}: give as many"
                )
