"""The voices that singers practice: those of a choir, or those of any page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bachbot.chorale import VOICES
from bachbot.errors import ScoreError
from bachbot.scores.readers.document import Document, Line
from bachbot.scores.readers.voices import take_voices
from bachbot.scores.score import Notice, Score, Sounding
from bachbot.scores.sheet import Sheet, join_ties

MAX_SINGERS = 12
"""Most voices that tracks are made for."""


@dataclass(frozen=True, eq=False)
class Singer:
    """One voice of a score.

    Parameters
    ----------
    name : str
        Such as ``"soprano"``, or the name of the part.
    notes : tuple of Sounding
        As they sound.
    part : int
        Index of its part in the document.
    line : Line or None
        Where it is written; None for a part of several staves, such as that of a piano.
    """

    name: str
    notes: tuple[Sounding, ...]
    part: int
    line: Line | None

    @property
    def slug(self) -> str:
        """The name as a part of a file name."""
        return re.sub(r"[\W_]+", "-", self.name.lower())[:40].strip("-") or "voice"


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The voices of a score, from the top down.

    Parameters
    ----------
    title : str
        Title of the piece.
    document : Document
        The page.
    singers : tuple of Singer
        One or more.
    notices : tuple of Notice
        What was read otherwise than it is written.
    """

    title: str
    document: Document
    singers: tuple[Singer, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def creators(self) -> list[Element]:
        """The authors that the page names."""
        return self.document.root.findall("identification/creator")


def ensemble_of(music: Score | Sheet) -> Ensemble:
    """The voices of a score or of sheet music.

    Four parts, or two staves of two voices each, are soprano, alto, tenor and bass. On any other
    page each voice of a staff is one, and a part of several staves is one.

    Raises
    ------
    ScoreError
        If nothing has a pitch, or there are more than `MAX_SINGERS` voices.
    """
    if isinstance(music, Score):
        lines = [(voice.label, music.lines[voice]) for voice in music.present]
        return _of_lines(music.title, music.document, lines)
    if not music.voices:
        raise ScoreError("the score has no notes to sing: give one that has some")
    try:
        taken = take_voices(music.document.root, VOICES)
    except ScoreError:
        return _of_sheet(music)
    if taken.ignored:
        return _of_sheet(music)
    lines = [(voice.label, taken.lines[voice]) for voice in VOICES]
    return _of_lines(music.title, taken.document, lines, taken.notices)


def _of_lines(
    title: str,
    document: Document,
    lines: Sequence[tuple[str, Line]],
    notices: tuple[Notice, ...] = (),
) -> Ensemble:
    singers = tuple(
        Singer(name, tuple(join_ties(line.notes, number)), line.part, line)
        for number, (name, line) in enumerate(lines)
    )
    return Ensemble(title, document, singers, notices)


def _of_sheet(sheet: Sheet) -> Ensemble:
    several = {
        staff.part
        for staff in sheet.document.staves
        if any(other.part == staff.part and other is not staff for other in sheet.document.staves)
    }
    found: list[Singer] = []
    for voice, line in zip(sheet.voices, sheet.document.lines, strict=True):
        whole = voice.part in several
        if whole and found and found[-1].part == voice.part:
            before = found.pop()
            notes = (*before.notes, *join_ties(voice.notes, len(found)))
            found.append(Singer(before.name, notes, before.part, None))
            continue
        name = sheet.document.names[voice.part] or voice.name if whole else voice.name
        notes = tuple(join_ties(voice.notes, len(found)))
        found.append(Singer(name, notes, voice.part, None if whole else line))
    if len(found) > MAX_SINGERS:
        raise ScoreError(
            f"the score has {len(found)} voices, and practice tracks are for at most "
            f"{MAX_SINGERS}: give the choir alone"
        )
    return Ensemble(sheet.title, sheet.document, tuple(found), sheet.notices)
