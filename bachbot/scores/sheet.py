"""Sheet music: a page of any parts, as it is written, and the notes that sound in them."""

from collections.abc import Iterable
from dataclasses import dataclass

from bachbot.scores.grid import LineNote, bar_count
from bachbot.scores.performance import USUAL_TEMPO, Performance
from bachbot.scores.readers.document import Document
from bachbot.scores.score import Notice, Score, Sounding, soundings


@dataclass(frozen=True)
class SheetVoice:
    """A voice of sheet music.

    Parameters
    ----------
    name : str
        Name of its part, with a number if the part has several voices.
    part : int
        Index of the part in the tree.
    staff : str
        Staff within the part.
    notes : tuple of LineNote
        All notes, those of a chord from the top down, at sounding pitch.
    """

    name: str
    part: int
    staff: str
    notes: tuple[LineNote, ...]


@dataclass(frozen=True, eq=False)
class Sheet:
    """Sheet music of any number of parts and voices.

    Parameters
    ----------
    title : str
        Title of the piece.
    document : Document
        The MusicXML, as it was read.
    voices : tuple of SheetVoice
        From the top of the page down; none if nothing has a pitch.
    notices : tuple of Notice
        What the reader left out.
    """

    title: str
    document: Document
    voices: tuple[SheetVoice, ...]
    notices: tuple[Notice, ...] = ()

    def __repr__(self) -> str:
        voices = ", ".join(voice.name for voice in self.voices) or "no voice"
        return f"<Sheet {self.title!r}: {voices}; {bar_count(self.document.bars)}>"

    def _repr_html_(self) -> str:
        """A picture and a player, for a notebook."""
        from bachbot.scores.notebook import html_of

        return html_of(self)

    @property
    def tempo(self) -> float | None:
        """Quarter notes per minute at the beginning; None if the page does not say it."""
        return self.document.tempos[0].tempo if self.document.tempos else None


def performance_of(music: Score | Sheet, tempo: float | None = None) -> float | Performance:
    """How a score is played: as its performance says, at a given tempo, or by its tempo marks.

    Parameters
    ----------
    music : Score or Sheet
        What is played.
    tempo : float, optional
        Quarter notes per minute, in place of those of the page. A performance comes before it.

    Returns
    -------
    float or Performance
        A tempo alone, or those of passages; `USUAL_TEMPO` for a page that says nothing.
    """
    own = music.performance if isinstance(music, Score) else None
    if own is not None:
        return own
    if tempo is not None:
        return tempo
    found = music.document.tempos
    return Performance(found) if found else USUAL_TEMPO


def sheet_soundings(music: Score | Sheet) -> list[Sounding]:
    """List the notes of a score or of sheet music as they sound, in order of time.

    Parameters
    ----------
    music : Score or Sheet
        Of a `Score` the voices count as 0 to 3, of a `Sheet` in the order of its voices.
    """
    if isinstance(music, Score):
        return soundings(music)
    found = [
        sounding
        for number, voice in enumerate(music.voices)
        for sounding in join_ties(voice.notes, number)
    ]
    return sorted(found, key=lambda s: (s.start, s.voice, -s.pitch))


def join_ties(notes: Iterable[LineNote], voice: int) -> list[Sounding]:
    """The notes of one voice as they sound: tied notes are one, also in chords.

    Parameters
    ----------
    notes : iterable of LineNote
        In order of time.
    voice : int
        What the sounding notes name as their voice.
    """
    found: list[Sounding] = []
    last: dict[int, int] = {}  # place of the latest note of each pitch
    for note in notes:
        place = last.get(note.pitch) if note.tied else None
        before = None if place is None else found[place]
        if place is not None and before is not None and before.start + before.length == note.start:
            fermata = before.fermata or note.fermata
            length = before.length + note.length
            found[place] = Sounding(voice, note.pitch, before.start, length, fermata)
        else:
            last[note.pitch] = len(found)
            found.append(Sounding(voice, note.pitch, note.start, note.length, note.fermata))
    return found
