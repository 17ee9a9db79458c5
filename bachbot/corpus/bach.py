"""Finds a chorale of Bach's in the user's own music21: by name, number or opening notes.

Titles and Riemenschneider's numbers are read from music21 when they are asked for, opening notes
from the prepared corpus. Nothing of either is in this package.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from bachbot.chorale import VOICES, Voice
from bachbot.corpus.prepare import Progress, open_corpus
from bachbot.corpus.sources import KNOWN_BAD, find_files, natural
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from bachbot.scores import Score

_BWV = re.compile(r"(bwv)?\s*(\d{1,4})(?:[./](\d{1,2}))?([a-z-]{0,4})", re.IGNORECASE)
_RIEMENSCHNEIDER = re.compile(r"(?:riemenschneider|r)\.?\s*(?:nr?\.?|no\.?)?\s*(\d{1,3})", re.I)
_NOTE = re.compile(r"([A-Ga-g])(##|#|bb|b|♯|♭)?(\d)?")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ALTER = {"": 0, "#": 1, "♯": 1, "##": 2, "b": -1, "♭": -1, "bb": -2}
_FEWEST_NOTES = 3
_LONGEST = 200


@dataclass(frozen=True)
class BachChorale:
    """A chorale in music21's corpus.

    Parameters
    ----------
    path : Path
        Its file.
    title : str
        First line of its text; empty where music21 knows none.
    riemenschneider : tuple of int
        Its numbers in Riemenschneider's edition of 371 chorales.
    """

    path: Path
    title: str
    riemenschneider: tuple[int, ...]

    @property
    def bwv(self) -> str:
        """Number in the catalogue of Bach's works, such as ``"140.7"``."""
        return self.path.stem.removeprefix("bwv")

    @property
    def label(self) -> str:
        """Title and number, such as ``"Wachet auf, ruft uns die Stimme (BWV 140.7)"``."""
        return f"{self.title} (BWV {self.bwv})" if self.title else f"BWV {self.bwv}"

    def load(self) -> "Score":
        """Read it in four voices, in its own key, with its title.

        Raises
        ------
        ScoreError
            If its file has no four voices that can be read.
        """
        from bachbot.scores import load_score

        score = load_score(self.path, voices=VOICES, transpose="no")
        # The files have their own name for a title.
        root = score.document.root
        for work in root.findall("work"):
            root.remove(work)
        work = Element("work")
        SubElement(work, "work-title").text = self.label
        root.insert(0, work)
        for movement in root.findall("movement-title"):
            root.remove(movement)
        return replace(score, title=self.label)

    def to_json(self) -> dict[str, object]:
        """Convert to plain data."""
        return {
            "title": self.title,
            "bwv": self.bwv,
            "riemenschneider": list(self.riemenschneider),
            "file": self.path.name,
        }


def bach(query: str, *, progress: Progress | None = None) -> list[BachChorale]:
    """Find chorales of Bach's in the installed music21.

    Parameters
    ----------
    query : str
        Words of a title (``"wachet auf"``), a BWV number (``"BWV 140.7"`` or ``"140"``), a
        Riemenschneider number (``"R179"``), or the first notes of the soprano (``"C D E F"``, with
        or without octaves), three or more; those of other keys come after those that begin on the
        same note. A number alone may be either.
    progress : callable, optional
        Told of each file done, if the corpus has to be prepared first, for opening notes.

    Returns
    -------
    list of BachChorale
        Best first.

    Raises
    ------
    UsageError
        If none matches; the message names titles that are near.
    CorpusError
        If music21 has no corpus.

    Examples
    --------
    >>> [chorale] = bach("BWV 140.7")  # doctest: +SKIP
    >>> chorale.load().chorale.key  # doctest: +SKIP
    Key(tonic='Eb', mode='major')
    """
    text = " ".join(query[: _LONGEST + 1].split())
    if not text or len(text) > _LONGEST:
        raise UsageError(
            "nothing to look for: give a title, a number such as 'BWV 140.7' or R179, or the "
            "first notes"
        )
    known = index()
    found = _by_number(text, known) or _by_notes(text, known, progress) or _by_title(text, known)
    if not found:
        titles = sorted({one.title for one in known if one.title})
        near = get_close_matches(text, titles, n=3, cutoff=0.4)
        hint = f"; near it are {'; '.join(near)}" if near else ""
        raise UsageError(
            f"no chorale of Bach's matches '{text[:60]}'{hint}: give words of a title, 'BWV 140.7',"
            " R179, or the first notes"
        )
    return found


def index() -> list[BachChorale]:
    """All files of Bach's chorales in music21, by BWV number, with titles and numbers.

    Raises
    ------
    CorpusError
        If music21 is not installed or has no corpus.
    """
    files = [
        path
        for path in find_files()
        if path.stem.startswith("bwv") and path.suffix == ".mxl" and path.name not in KNOWN_BAD
    ]
    from music21.corpus.chorales import ChoraleListRKBWV

    titles: dict[str, str] = {}
    numbers: dict[str, list[int]] = {}
    for number, entry in ChoraleListRKBWV().byRiemenschneider.items():
        name = str(entry["bwv"])
        titles[name] = str(entry["title"])
        numbers.setdefault(name, []).append(int(number))
    return [
        BachChorale(
            path,
            titles.get(path.stem.removeprefix("bwv"), ""),
            tuple(sorted(numbers.get(path.stem.removeprefix("bwv"), []))),
        )
        for path in sorted(files, key=lambda path: natural(path.name))
    ]


def _by_number(text: str, known: Sequence[BachChorale]) -> list[BachChorale]:
    """Chorales of a Riemenschneider or BWV number."""
    riemenschneider = _RIEMENSCHNEIDER.fullmatch(text)
    if riemenschneider is not None:
        return [one for one in known if int(riemenschneider[1]) in one.riemenschneider]
    match = _BWV.fullmatch(text)
    if match is None:
        return []
    work = match[2].lstrip("0") + (f".{int(match[3])}" if match[3] else "") + match[4].lower()
    begins = re.compile(re.escape(work) + r"(?![0-9])")
    found = [one for one in known if begins.match(one.bwv)]
    exact = [one for one in found if one.bwv == work and match[3]]
    plain = match[1] is None and match[3] is None and not match[4]
    also = [one for one in known if plain and int(match[2]) in one.riemenschneider]
    return exact or [*also, *(one for one in found if one not in also)]


def _by_notes(
    text: str, known: Sequence[BachChorale], progress: Progress | None
) -> list[BachChorale]:
    """Chorales whose soprano begins with some notes: in their key, then in others."""
    words = [_NOTE.fullmatch(word) for word in text.replace(",", " ").split()]
    if len(words) < _FEWEST_NOTES or not all(words):
        return []
    wanted = [_STEPS[w[1].upper()] + _ALTER[w[2] or ""] for w in words if w]
    octaves = [int(w[3]) if w[3] else None for w in words if w]
    by_name = {one.path.name: one for one in known}
    here: list[BachChorale] = []
    elsewhere: list[BachChorale] = []
    for piece in open_corpus(progress=progress).pieces:
        chorale = piece.chorale
        one = by_name.get(chorale.name) or by_name.get(f"{chorale.name}.mxl")
        onsets = np.flatnonzero(chorale.onset[:, Voice.SOPRANO])[: len(wanted)]
        if one is None or len(onsets) < len(wanted):
            continue
        pitch = chorale.pitch[onsets, Voice.SOPRANO].astype(int) - chorale.transposed_by
        away = (pitch - np.array(wanted)) % 12
        if len(set(away.tolist())) > 1:
            continue
        heights = [
            int(p) - (12 * (octave + 1) + w)
            for p, w, octave in zip(pitch, wanted, octaves, strict=True)
            if octave is not None
        ]
        if len(set(heights)) > 1:
            continue
        same = away[0] == 0 and not any(heights)
        (here if same else elsewhere).append(one)
    return [*here, *elsewhere]


def _by_title(text: str, known: Sequence[BachChorale]) -> list[BachChorale]:
    """Chorales whose titles have words that begin with those of a text; those in order first."""
    wanted = _words(text)
    ranked = []
    for one in known:
        words = _words(one.title)
        if wanted and all(any(word.startswith(w) for word in words) for w in wanted):
            begins = " ".join(words).startswith(" ".join(wanted))
            ranked.append((not begins, one))
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def _words(text: str) -> list[str]:
    """Words without case, accents and apostrophes."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c) and c not in "'’‘`")
    return re.findall(r"\w+", plain)
