"""Rewrite some bars of a four-part score where they stand."""

from copy import deepcopy
from dataclasses import dataclass, replace
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, VOICES, Chorale, Voice
from bachbot.errors import UsageError
from bachbot.scores.bars import check_on_grid
from bachbot.scores.grid import quantize
from bachbot.scores.musicxml.complete import names_of
from bachbot.scores.musicxml.edges import cut_beams, cut_jumps, cut_spans, line_notes, sounding, tie
from bachbot.scores.musicxml.notes import GridNote, Slot, fermata_spots, grid_notes, slots_of
from bachbot.scores.musicxml.splice import Hand, splice
from bachbot.scores.musicxml.timeline import Terms
from bachbot.scores.musicxml.verbatim import HARMONY
from bachbot.scores.pitch import spell
from bachbot.scores.readers.document import Line, read_document
from bachbot.scores.score import Score


def rewritten(score: Score, chorale: Chorale, cells: NDArray[np.bool_]) -> Score:
    """Write some bars of some voices anew, and leave the rest of the page as it is.

    A bar of a voice is written anew if one of its cells is not given: its notes, with all that
    hangs on them (words, slurs, grace notes), go, and the chorale's come in their place, spelled
    to fit key, harmony and the notes that stay. Attributes, bar lines, layout and directions
    stay. Two voices on a staff, or four on the two staves of one part, are rewritten there.

    Outside those bars the page changes in this alone: ties over their edges begin as the
    chorale has them, slurs and beams go that led into them, and a note on a staff that it
    shares is given the accidental that a new note makes it need. Chord symbols of those bars go
    in every part, for the harmony is another.

    Fermatas of the soprano are the chorale's where it is rewritten; where lower voices are,
    they are held with the soprano.

    Parameters
    ----------
    score : Score
        As it was loaded, with all four voices.
    chorale : Chorale
        All four voices in the written key, as many frames as `score.chorale`.
    cells : ndarray of bool, shape [T, 4]
        True where a voice is given, and is the same in both.

    Returns
    -------
    Score
        The new page; `score` itself if all is given.

    Raises
    ------
    UsageError
        If a voice is not in the score, lengths differ, a given cell does, or a bar holds no
        whole number of sixteenths.
    """
    _check(score, chorale, cells)
    if cells.all():
        return score
    slots = slots_of(score.document.bars)
    anew = np.array([~cells[slot.start : slot.stop].all(axis=0) for slot in slots])
    check_on_grid(score, range(0))
    for bar in np.flatnonzero(anew.any(axis=1)).tolist():
        check_on_grid(score, range(bar, bar + 1))
    page = _Page(
        score, slots, anew, {v: Hand.of(score.document, score.lines[v], v) for v in VOICES}
    )
    root = page.written(chorale, _grid(score, chorale, cells))
    return page.read(root, chorale)


def _check(score: Score, chorale: Chorale, cells: NDArray[np.bool_]) -> None:
    lacking = [voice.label for voice in VOICES if voice not in score.present]
    if lacking:
        raise UsageError(
            f"the score has no {', '.join(lacking)}: bars can be rewritten in four parts, "
            "load it with all of them"
        )
    shape = (score.chorale.frames, 4)
    if (chorale.frames, 4) != shape or cells.shape != shape:
        raise UsageError(
            f"the score has {shape[0]} frames, the chorale {chorale.frames} and the cells "
            f"{len(cells)}: harmonize this score"
        )
    other = (chorale.pitch != score.chorale.pitch) | (chorale.tied != score.chorale.tied)
    if (other & cells).any():
        frame, voice = np.argwhere(other & cells)[0]
        raise UsageError(
            f"the chorale changes the {Voice(voice).label} in frame {frame}, which is given: "
            "keep what is given"
        )


def _grid(score: Score, chorale: Chorale, cells: NDArray[np.bool_]) -> dict[Voice, list[GridNote]]:
    """The notes of all voices, named and with their fermatas."""
    known = {voice: names_of(score.lines[voice], chorale.frames) for voice in VOICES}
    names = spell(chorale, known, cells)
    given = cells[:, Voice.SOPRANO]
    marked = np.where(given, score.chorale.fermata, chorale.fermata)
    held = fermata_spots(marked, chorale.onset[:, Voice.SOPRANO])
    return {v: grid_notes(chorale, v, names[:, v], held) for v in VOICES}


@dataclass(frozen=True, eq=False)
class _Page:
    """A page, and the bars of it that are written anew.

    Parameters
    ----------
    score : Score
        The page as it was.
    slots : list of Slot
        Its bars on the grid.
    anew : ndarray of bool, shape [bars, 4]
        Which of them are written anew, in each voice.
    hands : dict of Voice to Hand
        How each voice is written.
    """

    score: Score
    slots: list[Slot]
    anew: NDArray[np.bool_]
    hands: dict[Voice, Hand]

    def written(self, chorale: Chorale, notes: dict[Voice, list[GridNote]]) -> Element:
        """Give a copy of the page with the new notes."""
        root = deepcopy(self.score.document.root)
        parts = root.findall("part")
        changed = [voice for voice in VOICES if self.anew[:, voice].any()]
        for voice in changed:
            part, anew = parts[self._line(voice).part], self.anew[:, voice]
            self._lengthen(part, anew)
            bars = line_notes(part, self._line(voice))
            cut_spans(bars, anew)
            cut_beams(bars, anew)
        for index, part in enumerate(parts):
            self._write(part, {v: n for v, n in notes.items() if self._line(v).part == index})
        for voice in changed:
            self._tie(parts[self._line(voice).part], voice, chorale)
        return root

    def _lengthen(self, part: Element, anew: NDArray[np.bool_]) -> None:
        """Give a part that ends early the bars that are written in it."""
        have = len(part.findall("measure"))
        longest = max(self.score.document.root.findall("part"), key=len).findall("measure")
        for measure in longest[have : int(np.flatnonzero(anew)[-1]) + 1]:
            SubElement(part, "measure", {"number": measure.get("number", "")})

    def _line(self, voice: Voice) -> Line:
        return self.hands[voice].line

    def _write(self, part: Element, notes: dict[Voice, list[GridNote]]) -> None:
        terms = Terms()
        measures = part.findall("measure")
        for measure, slot, anew in zip(measures, self.slots, self.anew, strict=False):
            if anew.any():
                for tag in HARMONY:
                    for symbol in measure.findall(tag):
                        measure.remove(symbol)
            voices = [(self.hands[v], notes[v]) for v in notes if anew[v]]
            if voices:
                splice(measure, terms, slot, voices)
            for attributes in measure.findall("attributes"):
                terms.read(attributes)

    def _tie(self, part: Element, voice: Voice, chorale: Chorale) -> None:
        """Let the notes before a bar that is written anew lead into it as the chorale does."""
        anew = self.anew[:, voice]
        bars = line_notes(part, self._line(voice))
        for bar, (_, slot) in enumerate(pairwise(self.slots)):
            frame = slot.start
            if anew[bar] or not anew[bar + 1] or not 0 < frame < chorale.frames:
                continue
            before = sounding(bars[bar])[-1:]
            if chorale.pitch[frame - 1, voice] != REST and before:
                tie(before[0], "start", bool(chorale.tied[frame, voice]))
        starts = np.array([slot.start for slot in self.slots])
        cut_jumps(part, bars, anew, chorale.tied[np.minimum(starts, chorale.frames - 1), voice])

    def read(self, root: Element, chorale: Chorale) -> Score:
        """Read the new page."""
        document = read_document(root)
        lines = {}
        for voice, hand in self.hands.items():
            old = hand.line
            lines[voice] = next(
                (
                    line
                    for line in document.lines_of(old.part)
                    if line.staff == old.staff and line.voices & old.voices
                ),
                replace(old, notes=(), names=(), chord=None),
            )
        # What the page shows: a fermata on a note that leads out of a bar may not be there.
        fermata = quantize([lines[voice].notes for voice in VOICES], document.bars).fermata
        source = self.score.chorale
        found = replace(chorale, fermata=fermata, meter=source.meter, position=source.position)
        return Score(found, VOICES, self.score.title, document, lines, self.score.notices)
