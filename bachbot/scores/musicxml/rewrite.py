"""Rewrite some bars of a four-part score in place."""

from collections.abc import Iterable, Iterator, Sequence
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
from bachbot.scores.musicxml.complete import HARMONY, belongs_to_line, names_of
from bachbot.scores.musicxml.measures import (
    PartAttributes,
    VoiceNotation,
    read_timeline,
    replace_notes,
)
from bachbot.scores.musicxml.notes import (
    GridBar,
    GridNote,
    fermata_frames,
    grid_bars,
    grid_notes,
    insert_child,
)
from bachbot.scores.pitch import spell
from bachbot.scores.readers.document import Line, read_document
from bachbot.scores.score import Score


def rewrite_bars(score: Score, chorale: Chorale, cells: NDArray[np.bool_]) -> Score:
    """Rewrite some measures of some voices, and leave the rest of the score as it is.

    A measure of a voice is rewritten if one of its cells is not given: its notes, with their
    lyrics, slurs and grace notes, are replaced by those of the chorale, spelled to fit key,
    harmony and the notes that are kept. Attributes, bar lines, layout and directions are kept. Two
    voices on a staff, or four on the two staves of one part, are rewritten there.

    Outside those measures only this changes: ties into and out of them follow the chorale, slurs
    and beams into them are removed, and notes that share a staff with new ones get the accidentals
    that they now need. Chord symbols in those measures are removed from every part, because the
    harmony is different.

    A rewritten soprano has the chorale's fermatas; rewritten lower voices have the soprano's.

    Parameters
    ----------
    score : Score
        From `load_score`, with all four voices.
    chorale : Chorale
        All four voices in the written key, as many frames as `score.chorale`.
    cells : ndarray of bool, shape [T, 4]
        True where a voice is given; it is then the same in both.

    Returns
    -------
    Score
        The rewritten score; `score` itself if all cells are given.

    Raises
    ------
    UsageError
        If a voice is not in the score, lengths or given cells differ, or a measure does not have a
        whole number of sixteenths.
    """
    _check(score, chorale, cells)
    if cells.all():
        return score
    slots = grid_bars(score.document.bars)
    replaced = np.array([~cells[slot.start : slot.stop].all(axis=0) for slot in slots])
    check_on_grid(score, range(0))
    for bar in np.flatnonzero(replaced.any(axis=1)).tolist():
        check_on_grid(score, range(bar, bar + 1))
    page = _Page(
        score,
        slots,
        replaced,
        {v: VoiceNotation.of(score.document, score.lines[v], v) for v in VOICES},
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
    """Return the notes of all voices, with spelling and fermatas."""
    known = {voice: names_of(score.lines[voice], chorale.frames) for voice in VOICES}
    names = spell(chorale, known, cells)
    given = cells[:, Voice.SOPRANO]
    marked = np.where(given, score.chorale.fermata, chorale.fermata)
    held = fermata_frames(marked, chorale.onset[:, Voice.SOPRANO])
    return {v: grid_notes(chorale, v, names[:, v], held) for v in VOICES}


@dataclass(frozen=True, eq=False)
class _Page:
    """A score and its measures to rewrite.

    Parameters
    ----------
    score : Score
        The original.
    slots : list of GridBar
        Its measures on the grid.
    replaced : ndarray of bool, shape [bars, 4]
        Measures to rewrite, by voice.
    notations : dict of Voice to VoiceNotation
        Notation of each voice.
    """

    score: Score
    slots: list[GridBar]
    replaced: NDArray[np.bool_]
    notations: dict[Voice, VoiceNotation]

    def written(self, chorale: Chorale, notes: dict[Voice, list[GridNote]]) -> Element:
        """Return a copy of the score with the new notes."""
        root = deepcopy(self.score.document.root)
        parts = root.findall("part")
        changed = [voice for voice in VOICES if self.replaced[:, voice].any()]
        for voice in changed:
            part, replaced = parts[self._line(voice).part], self.replaced[:, voice]
            self._lengthen(part, replaced)
            bars = notes_by_measure(part, self._line(voice))
            remove_spanners(bars, replaced)
            remove_beams(bars, replaced)
        for index, part in enumerate(parts):
            self._write(part, {v: n for v, n in notes.items() if self._line(v).part == index})
        for voice in changed:
            self._set_ties(parts[self._line(voice).part], voice, chorale)
        return root

    def _lengthen(self, part: Element, replaced: NDArray[np.bool_]) -> None:
        """Add measures to a part that ends before the last measure to rewrite."""
        have = len(part.findall("measure"))
        longest = max(self.score.document.root.findall("part"), key=len).findall("measure")
        for measure in longest[have : int(np.flatnonzero(replaced)[-1]) + 1]:
            SubElement(part, "measure", {"number": measure.get("number", "")})

    def _line(self, voice: Voice) -> Line:
        return self.notations[voice].line

    def _write(self, part: Element, notes: dict[Voice, list[GridNote]]) -> None:
        current = PartAttributes()
        measures = part.findall("measure")
        for measure, slot, replaced in zip(measures, self.slots, self.replaced, strict=False):
            if replaced.any():
                for tag in HARMONY:
                    for symbol in measure.findall(tag):
                        measure.remove(symbol)
            voices = [(self.notations[v], notes[v]) for v in notes if replaced[v]]
            if voices:
                replace_notes(measure, current, slot, voices)
            for attributes in measure.findall("attributes"):
                current.update(attributes)

    def _set_ties(self, part: Element, voice: Voice, chorale: Chorale) -> None:
        """Tie the notes before rewritten measures into them where the chorale does."""
        replaced = self.replaced[:, voice]
        bars = notes_by_measure(part, self._line(voice))
        for bar, (_, slot) in enumerate(pairwise(self.slots)):
            frame = slot.start
            if replaced[bar] or not replaced[bar + 1] or not 0 < frame < chorale.frames:
                continue
            before = without_grace_and_cue_notes(bars[bar])[-1:]
            if chorale.pitch[frame - 1, voice] != REST and before:
                set_tie(before[0], "start", bool(chorale.tied[frame, voice]))
        starts = np.array([slot.start for slot in self.slots])
        remove_ending_ties(
            part, bars, replaced, chorale.tied[np.minimum(starts, chorale.frames - 1), voice]
        )

    def read(self, root: Element, chorale: Chorale) -> Score:
        """Return the rewritten score."""
        document = read_document(root, [notation.line for notation in self.notations.values()])
        lines = {}
        for voice, notation in self.notations.items():
            old = notation.line
            lines[voice] = next(
                (
                    line
                    for line in document.lines_of(old.part)
                    if line.staff == old.staff and line.voices & old.voices
                ),
                replace(old, notes=(), names=()),
            )
        # As written: a fermata on a note tied out of a rewritten measure may be missing.
        fermata = quantize([lines[voice].notes for voice in VOICES], document.bars).fermata
        source = self.score.chorale
        found = replace(chorale, fermata=fermata, meter=source.meter, position=source.position)
        return Score(found, VOICES, self.score.title, document, lines, self.score.notices)


_SPANNERS = ("slur", "glissando", "slide", "wavy-line")


def notes_by_measure(part: Element, line: Line) -> list[list[Element]]:
    """Return the notes and rests of a line by measure, in order of time, with grace notes."""
    current = PartAttributes()
    out = []
    for measure in part.findall("measure"):
        items = read_timeline(measure, current.divisions)
        items.sort(key=lambda item: item.start)
        out.append([i.first for i in items if i.is_note and belongs_to_line(i.first, line)])
        for attributes in measure.findall("attributes"):
            current.update(attributes)
    return out


def remove_spanners(bars: Sequence[Sequence[Element]], replaced: NDArray[np.bool_]) -> None:
    """Remove slurs, glissandi and trill lines of kept measures whose other end is replaced.

    Parameters
    ----------
    bars : sequence of sequences of Element
        Notes of one line by measure.
    replaced : ndarray of bool, shape [bars]
        Measures whose notes will be replaced.
    """
    open_spanners: dict[tuple[str, str], list[tuple[int, Element, Element]]] = {}
    for bar, notes in enumerate(bars):
        for note in notes:
            for span in list(_spanners(note)):
                key = span.tag, span.get("number", "1")
                if span.get("type") == "start":
                    open_spanners[key] = []
                elif key not in open_spanners:
                    continue
                open_spanners[key].append((bar, note, span))
                if span.get("type") == "stop":
                    run = open_spanners.pop(key)
                    if replaced[run[0][0]] or replaced[run[-1][0]]:
                        for where, owner, end in run:
                            if not replaced[where]:
                                _remove_notation(owner, end)


def _spanners(note: Element) -> Iterator[Element]:
    for notations in note.findall("notations"):
        for parent in (notations, *notations.findall("ornaments")):
            yield from (child for child in parent if child.tag in _SPANNERS)


def _remove_notation(note: Element, mark: Element) -> None:
    """Remove a mark from a note's notations, and the elements that are then empty."""
    for notations in note.findall("notations"):
        for ornaments in notations.findall("ornaments"):
            if mark in list(ornaments):
                ornaments.remove(mark)
                if not len(ornaments):
                    notations.remove(ornaments)
        if mark in list(notations):
            notations.remove(mark)
        if not len(notations):
            note.remove(notations)


def remove_beams(bars: Sequence[Sequence[Element]], replaced: NDArray[np.bool_]) -> None:
    """Remove beams of kept measures over a bar line to notes that will be replaced."""
    for bar in range(len(bars) - 1):
        if replaced[bar + 1] and not replaced[bar]:
            _remove_beam(reversed(bars[bar]), inner="end", outer="begin")
        if replaced[bar] and not replaced[bar + 1]:
            _remove_beam(bars[bar + 1], inner="begin", outer="end")


def _remove_beam(notes: Iterable[Element], inner: str, outer: str) -> None:
    """Remove the beam at a bar line, note by note from there.

    `inner` is the value of a note that ends a beam at the bar line, `outer` that of its other end.
    """
    for note in notes:
        if note.find("grace") is not None:
            continue
        beam = (note.findtext("beam[@number='1']") or note.findtext("beam") or inner).strip()
        if beam == inner:
            return
        for old in note.findall("beam"):
            note.remove(old)
        if beam == outer:
            return


def set_tie(note: Element, kind: str, on: bool) -> None:
    """Set or remove the start or the end of a tie at a note.

    Parameters
    ----------
    note : Element
        A note with a pitch.
    kind : str
        ``"start"`` or ``"stop"``.
    on : bool
        Whether the note has it.
    """
    if on:
        if note.find(f"tie[@type='{kind}']") is None:
            insert_child(note, Element("tie", {"type": kind}))
        if note.find(f"notations/tied[@type='{kind}']") is None:
            if note.find("notations") is None:
                insert_child(note, Element("notations"))
            SubElement(note.find("notations"), "tied", {"type": kind})  # type: ignore[arg-type]
        return
    for old in note.findall(f"tie[@type='{kind}']"):
        note.remove(old)
    for old in note.findall(f"notations/tied[@type='{kind}']"):
        _remove_notation(note, old)


def without_grace_and_cue_notes(notes: Iterable[Element]) -> list[Element]:
    """Return the notes that are not grace or cue notes."""
    return [n for n in notes if n.find("grace") is None and n.find("cue") is None]


def remove_ending_ties(
    part: Element,
    bars: Sequence[Sequence[Element]],
    replaced: NDArray[np.bool_],
    tied: NDArray[np.bool_],
) -> None:
    """Remove ties from before a first ending into a later ending, if none starts there now.

    Parameters
    ----------
    part : Element
        The part with its new notes.
    bars : sequence of sequences of Element
        Notes of one line of it by measure.
    replaced : ndarray of bool, shape [bars]
        Measures whose notes were replaced.
    tied : ndarray of bool, shape [bars]
        Measures that begin with a note tied to the previous measure on the page.
    """
    source: int | None = None
    for bar, measure in enumerate(part.findall("measure")[: len(bars)]):
        ending = measure.find("barline/ending[@type='start']")
        if ending is None:
            continue
        if "1" in ending.get("number", "1").replace(",", " ").split():
            source = bar - 1
        elif source is None or replaced[bar] or tied[bar]:
            continue
        elif replaced[max(0, source) : bar].any():
            before = without_grace_and_cue_notes(bars[source])[-1:] if source >= 0 else []
            for note in without_grace_and_cue_notes(bars[bar])[:1]:
                if not any(_can_tie(last, note) for last in before):
                    set_tie(note, "stop", False)


def _can_tie(before: Element, note: Element) -> bool:
    """Return whether a tie that starts at one note can end at the other."""
    if before.find("tie[@type='start']") is None:
        return False
    same = ("pitch/step", "pitch/alter", "pitch/octave")
    return all((before.findtext(p) or "0") == (note.findtext(p) or "0") for p in same)
