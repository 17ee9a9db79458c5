"""Write a piece of several sections, each with its key, tempo mark and label."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.errors import UsageError
from bachbot.scores.musicxml.complete import score_of
from bachbot.scores.musicxml.directions import TempoMark, insert_directions
from bachbot.scores.musicxml.notes import fermata_frames
from bachbot.scores.musicxml.parts import (
    BarTemplate,
    build_part,
    key_element,
    score_root,
    time_element,
)
from bachbot.scores.pitch import spell, written_fifths
from bachbot.scores.score import Score


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a piece.

    Parameters
    ----------
    music : Chorale
        Four voices in their key; its positions in the bar go on from the section before, or a new
        bar begins.
    link : Chorale or None
        What follows it before the next section, in the next one's key.
    mark : TempoMark or None
        What stands above its first note; None to go on.
    """

    music: Chorale
    link: Chorale | None = None
    mark: TempoMark | None = None

    @property
    def frames(self) -> int:
        """Length with the link."""
        return self.music.frames + (self.link.frames if self.link is not None else 0)


def from_sections(sections: Sequence[Section], title: str, creators: Sequence[Element]) -> Score:
    """Write sections as one score.

    A section that begins within a bar is written after a double bar, as the rest of that bar.

    Parameters
    ----------
    sections : sequence of Section
        At least one; all in one meter.
    title : str
        Title of the score.
    creators : sequence of Element
        Its authors: children of ``identification``.

    Returns
    -------
    Score
        Four voices in the key of the first section, with signatures that change.

    Raises
    ------
    UsageError
        If there is no section.
    """
    if not sections:
        raise UsageError("there is no section: give one")
    pieces = [piece for one in sections for piece in (one.music, one.link) if piece is not None]
    names = np.concatenate([_spelled(pieces, index) for index in range(len(pieces))])
    whole = _joined(pieces)
    bars, starts = _bars(sections, whole)
    held = fermata_frames(whole.fermata, whole.onset[:, Voice.SOPRANO])
    parts = {v: build_part(whole, v, names[:, v], bars, held) for v in VOICES}
    for section, start in zip(sections, starts, strict=True):
        if section.mark is not None:
            measure = next(i for i, bar in enumerate(bars) if bar.start == start)
            insert_directions(parts[Voice.SOPRANO][measure], section.mark.elements())
    return score_of(whole, title, score_root(title, parts, creators))


def _spelled(pieces: Sequence[Chorale], index: int) -> NDArray[np.int16]:
    """Names of a piece, [T, 4]; what comes next in the same key is heard with it."""
    piece = pieces[index]
    if index + 1 < len(pieces) and pieces[index + 1].key == piece.key:
        # So C sharp leads to D from a link, and not D flat.
        return spell(_joined([piece, pieces[index + 1]]))[: piece.frames]
    return spell(piece)


def _joined(pieces: Sequence[Chorale]) -> Chorale:
    """Pieces one after the other, in the key and meter of the first."""
    tied = np.concatenate([piece.tied for piece in pieces])
    return replace(
        pieces[0],
        pitch=np.concatenate([piece.pitch for piece in pieces]),
        tied=tied,
        fermata=np.concatenate([piece.fermata for piece in pieces]),
        position=np.concatenate([piece.position for piece in pieces]),
    )


def _bars(sections: Sequence[Section], whole: Chorale) -> tuple[list[BarTemplate], list[int]]:
    """The measures, and the frame in which each section begins."""
    begins = np.cumsum([0, *(section.frames for section in sections)]).tolist()
    cuts = sorted({*whole.bar_starts.tolist(), *begins[:-1]})
    fifths, number = 0, 0 if whole.position[0] else 1
    bars: list[BarTemplate] = []
    for index, start in enumerate(cuts):
        stop = cuts[index + 1] if index + 1 < len(cuts) else whole.frames
        position = int(whole.position[start])
        new: list[Element] = []
        if start in begins:
            section = sections[begins.index(start)]
            signature = written_fifths(section.music)
            if index == 0 or signature != fifths:
                fifths = signature
                new.append(key_element(fifths, section.music.key.mode))
        if index == 0:
            new.append(time_element(whole.meter))
        elif position == 0:
            number += 1
        barlines: tuple[Element, ...] = ()
        if stop == whole.frames:
            barlines = (_barline("light-heavy"),)
        elif stop in begins:
            barlines = (_barline("light-light"),)
        bars.append(
            BarTemplate(
                start,
                stop,
                position,
                whole.meter,
                number=str(number),
                implicit=position > 0 or (index == 0 and not number),
                fifths=fifths,
                new=tuple(new),
                barlines=barlines,
            )
        )
    return bars, begins[:-1]


def _barline(style: str) -> Element:
    barline = Element("barline", {"location": "right"})
    SubElement(barline, "bar-style").text = style
    return barline
