"""The score: a chorale, its MusicXML, the notes that sound, and notices of its reader."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from bachbot.chorale import Chorale, Voice
from bachbot.scores.grid import bar_count, frame_of
from bachbot.scores.interval import Interval
from bachbot.scores.performance import Performance
from bachbot.scores.readers.document import Document, Line

NoticeKind = Literal[
    "parts",
    "percussion",
    "tunes",
    "transposed",
    "octave",
    "range",
    "off grid",
    "chord symbols",
    "key",
    "key change",
    "chords",
    "voices",
    "passed over",
    "concert pitch",
    "overlays",
    "transposition",
    "not read",
    "bar lines",
    "timing",
    "assumed",
    "words",
    "missing voices",
    "shared chords",
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
    """A note as it sounds: tied notes are one, repeated notes are several.

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
    """A chorale and its MusicXML.

    Parameters
    ----------
    chorale : Chorale
        The music on the grid, in the written key; absent voices are rests.
    present : tuple of Voice
        Voices that the score has, in score order.
    title : str
        Title of the piece.
    document : Document
        The MusicXML.
    lines : mapping of Voice to Line
        Where each voice is in the MusicXML.
    notices : tuple of Notice
        What the reader changed or left out.
    interval : Interval or None
        By which the reader moved the music to another key; None if it did not.
    performance : Performance or None
        How MIDI and sound play it; None: by its tempo marks, or at the tempo of the `Layout`.
    """

    chorale: Chorale
    present: tuple[Voice, ...]
    title: str
    document: Document
    lines: Mapping[Voice, Line]
    notices: tuple[Notice, ...] = ()
    interval: Interval | None = None
    performance: Performance | None = None

    def __repr__(self) -> str:
        voices = ", ".join(voice.label for voice in self.present)
        bars = bar_count(self.document.bars)
        return f"<Score {self.title!r}: {voices}; {bars} in {self.chorale.key}>"

    def _repr_html_(self) -> str:
        """A picture and a player, for a notebook."""
        from bachbot.scores.notebook import html_of

        return html_of(self)

    @property
    def tempo(self) -> float | None:
        """Quarter notes per minute at the beginning; None if the page does not say it."""
        plan = self.performance.passages if self.performance else self.document.tempos
        return plan[0].tempo if plan else None


def soundings(score: Score) -> list[Sounding]:
    """List the notes of a score as they sound, in order of time.

    Tied notes are one, repeated notes are several, and a unison of two voices is two notes.
    Triplets and notes shorter than a sixteenth keep their exact times. Repeats are not expanded
    and grace notes are left out.

    Parameters
    ----------
    score : Score
        Any number of voices.

    Returns
    -------
    list of Sounding
        Sorted by start, then from the soprano down.
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
    """Find the bars that can follow another bar than the one written before them.

    They are the bars after a repeat sign and those that begin an ending. No note can be tied into
    them, since at the second time another note comes before.

    Parameters
    ----------
    score : Score
        The bar lines of its first voice count.

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
