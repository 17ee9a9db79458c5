"""The words of Humdrum files: spines of syllables beside those of notes."""

import html
import re
import unicodedata
from dataclasses import dataclass, field, replace

from bachbot.scores.readers.kern.kern_part import KernPart
from bachbot.scores.readers.tune import TuneNote, syllable

_KINDS = ("**text", "**silbe", "**lyrics")
_UMLAUT = re.compile(r"\\([aouAOU])3")
"""As the Bach chorales of the Center for Computer Assisted Research in the Humanities have it."""

_LONGEST = 80
_MOST_VERSES = 20
_HELD = ("_", "|", "%", "-")
"""Cells of a syllable that goes on."""


def is_words(kind: str) -> bool:
    """Whether a representation is one of syllables, such as ``**text`` or ``**text@DE``."""
    return kind.partition("@")[0] in _KINDS


@dataclass
class Words:
    """A verse below a part.

    Parameters
    ----------
    part : KernPart
        The nearest kern spine to the left.
    verse : int
        From 1.
    left : list of str
        Syllables without a note, which are not kept.
    """

    part: KernPart
    verse: int
    left: list[str] = field(default_factory=list)
    inside: bool = False
    last: TuneNote | None = field(default=None, repr=False)

    def add(self, cell: str, note: TuneNote | None) -> None:
        """Set the syllable of a cell under a note."""
        text = html.unescape(_UMLAUT.sub("\\1\u0308", cell[: 2 * _LONGEST])).strip()
        text = unicodedata.normalize("NFC", text.replace("~", " "))
        if text and (note is None or not note.pitches) and text not in _HELD:
            self.left.append(text[:_LONGEST])
        if note is None or not note.pitches or not text or self.verse > _MOST_VERSES:
            return
        if text in _HELD:
            self._extend()
            return
        continues = text.endswith("-")
        inside = self.inside or text.startswith("-")
        words = text.strip("-_").strip()[:_LONGEST]
        if not words:
            return
        before = note.lyrics.get(self.verse)
        if before is not None and note is self.last:  # two syllables on one note
            inside = before.position in ("middle", "end")
            words = f"{before.text} {words}"[:_LONGEST]
        found = syllable(words, inside=inside, continues=continues)
        note.lyrics[self.verse] = replace(found, extended=text.endswith("_"))
        self.inside, self.last = continues, note

    def _extend(self) -> None:
        if self.last is not None and self.verse in self.last.lyrics and not self.inside:
            before = self.last.lyrics[self.verse]
            self.last.lyrics[self.verse] = replace(before, extended=True)
