"""The score: a chorale, the page that it stands on, and the notes that sound in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from bachbot.chorale import Chorale, Voice
from bachbot.scores.grid import frame_of
from bachbot.scores.readers.document import Document, Line

NoticeKind = Literal[
    "parts", "percussion", "tunes", "octave", "off grid", "chord symbols", "key change"
]
"""What a notice is about."""


@dataclass(frozen=True)
class Notice:
    """Something that a reader changed or left out, and that the user should know.

    Parameters
    ----------
    kind : NoticeKind
        What it is about.
    message : str
        One line, without the name of the file.
    """

    kind: NoticeKind
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Sounding:
    """One sounding note: tied notes are one, struck notes are two.

    Parameters
    ----------
    voice : int
        0 to 3 for S, A, T, B.
    pitch : int
        MIDI pitch.
    start, length : Fraction
        In quarter notes from the beginning of the piece.
    fermata : bool
        Whether the note is under a fermata.
    """

    voice: int
    pitch: int
    start: Fraction
    length: Fraction
    fermata: bool = False


@dataclass(frozen=True, eq=False)
class Score:
    """A chorale and the page that it stands on.

    Parameters
    ----------
    chorale : Chorale
        The music on the grid, in the written key; voices that are absent are all rests.
    present : tuple of Voice
        The voices that are there, in score order.
    title : str
        Title of the tune.
    document : Document
        The page, as MusicXML.
    lines : mapping of Voice to Line
        Where on the page each voice is.
    notices : tuple of Notice
        What the reader changed or left out.
    """

    chorale: Chorale
    present: tuple[Voice, ...]
    title: str
    document: Document
    lines: Mapping[Voice, Line]
    notices: tuple[Notice, ...] = ()


def soundings(score: Score) -> list[Sounding]:
    """List the notes of a score as they sound, in order of time.

    Tied notes are one, struck notes are two; unisons of two voices are two. Triplets and notes
    finer than a sixteenth keep their exact times. Repeats are not played out and grace notes
    are left out.

    Parameters
    ----------
    score : Score
        Any number of voices.

    Returns
    -------
    list of Sounding
        By start, then from the soprano down.
    """
    out = []
    for voice in score.present:
        merged: list[Sounding] = []
        for note in score.lines[voice].notes:
            last = merged[-1] if merged else None
            if (
                note.tied
                and last is not None
                and last.pitch == note.pitch
                and last.start + last.length == note.start
            ):
                length, fermata = last.length + note.length, last.fermata or note.fermata
                merged[-1] = Sounding(int(voice), note.pitch, last.start, length, fermata)
            else:
                merged.append(
                    Sounding(int(voice), note.pitch, note.start, note.length, note.fermata)
                )
        out += merged
    return sorted(out, key=lambda s: (s.start, s.voice))


def section_starts(score: Score) -> list[int]:
    """Find the bars that may follow another bar than the one before them on the page.

    They are those after a repeat sign and those that begin an ending: no tie can be led into
    them, for at the second time it would come from elsewhere.

    Parameters
    ----------
    score : Score
        Its first voice is looked at.

    Returns
    -------
    list of int
        First frame of each such bar.
    """
    document = score.document
    measures = document.part(score.lines[score.present[0]].part).findall("measure")
    found, after = [], False
    for measure, bar in zip(measures, document.bars, strict=True):
        left = measure.findall("barline[@location='left']")
        begins = any(b.find("repeat") is not None or b.find("ending") is not None for b in left)
        frame = frame_of(bar.start)
        if (begins or after) and 0 < frame < score.chorale.frames:
            found.append(frame)
        right = [b for b in measure.findall("barline") if b not in left]
        after = any(b.find("repeat") is not None or b.find("ending") is not None for b in right)
    return found
