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
from bachbot.scores.musicxml.complete import names_of
from bachbot.scores.musicxml.copied_parts import HARMONY, belongs_to_line
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
    """The notes of all voices, named and with their fermatas."""
    known = {voice: names_of(score.lines[voice], chorale.frames) for voice in VOICES}
    names = spell(chorale, known, cells)
    given = cells[:, Voice.SOPRANO]
    marked = np.where(given, score.chorale.fermata, chorale.fermata)
    held = fermata_frames(marked, chorale.onset[:, Voice.SOPRANO])
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
    replaced : ndarray of bool, shape [bars, 4]
        Which of them are written anew, in each voice.
    hands : dict of Voice to Hand
        How each voice is written.
    """

    score: Score
    slots: list[GridBar]
    replaced: NDArray[np.bool_]
    hands: dict[Voice, VoiceNotation]

    def written(self, chorale: Chorale, notes: dict[Voice, list[GridNote]]) -> Element:
        """Give a copy of the page with the new notes."""
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
        """Give a part that ends early the bars that are written in it."""
        have = len(part.findall("measure"))
        longest = max(self.score.document.root.findall("part"), key=len).findall("measure")
        for measure in longest[have : int(np.flatnonzero(replaced)[-1]) + 1]:
            SubElement(part, "measure", {"number": measure.get("number", "")})

    def _line(self, voice: Voice) -> Line:
        return self.hands[voice].line

    def _write(self, part: Element, notes: dict[Voice, list[GridNote]]) -> None:
        terms = PartAttributes()
        measures = part.findall("measure")
        for measure, slot, replaced in zip(measures, self.slots, self.replaced, strict=False):
            if replaced.any():
                for tag in HARMONY:
                    for symbol in measure.findall(tag):
                        measure.remove(symbol)
            voices = [(self.hands[v], notes[v]) for v in notes if replaced[v]]
            if voices:
                replace_notes(measure, terms, slot, voices)
            for attributes in measure.findall("attributes"):
                terms.read(attributes)

    def _set_ties(self, part: Element, voice: Voice, chorale: Chorale) -> None:
        """Let the notes before a bar that is written anew lead into it as the chorale does."""
        replaced = self.replaced[:, voice]
        bars = notes_by_measure(part, self._line(voice))
        for bar, (_, slot) in enumerate(pairwise(self.slots)):
            frame = slot.start
            if replaced[bar] or not replaced[bar + 1] or not 0 < frame < chorale.frames:
                continue
            before = without_grace_notes(bars[bar])[-1:]
            if chorale.pitch[frame - 1, voice] != REST and before:
                set_tie(before[0], "start", bool(chorale.tied[frame, voice]))
        starts = np.array([slot.start for slot in self.slots])
        remove_ending_ties(
            part, bars, replaced, chorale.tied[np.minimum(starts, chorale.frames - 1), voice]
        )

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


_SPANS = ("slur", "glissando", "slide", "wavy-line")


def notes_by_measure(part: Element, line: Line) -> list[list[Element]]:
    """List the notes and rests of a line, bar by bar in order of time, grace notes among them."""
    terms = PartAttributes()
    out = []
    for measure in part.findall("measure"):
        items = read_timeline(measure, terms.divisions)
        items.sort(key=lambda item: item.start)
        out.append([i.first for i in items if i.is_note and belongs_to_line(i.first, line)])
        for attributes in measure.findall("attributes"):
            terms.read(attributes)
    return out


def remove_spanners(bars: Sequence[Sequence[Element]], replaced: NDArray[np.bool_]) -> None:
    """Take slurs, glissandi and trill lines out of bars that stay where their other end goes.

    Parameters
    ----------
    bars : sequence of sequences of Element
        Notes of one line, bar by bar.
    replaced : ndarray of bool, shape [bars]
        Bars whose notes are going to be replaced.
    """
    opened: dict[tuple[str, str], list[tuple[int, Element, Element]]] = {}
    for bar, notes in enumerate(bars):
        for note in notes:
            for span in list(_spans(note)):
                key = span.tag, span.get("number", "1")
                if span.get("type") == "start":
                    opened[key] = []
                elif key not in opened:
                    continue
                opened[key].append((bar, note, span))
                if span.get("type") == "stop":
                    run = opened.pop(key)
                    if replaced[run[0][0]] or replaced[run[-1][0]]:
                        for where, owner, end in run:
                            if not replaced[where]:
                                _drop(owner, end)


def _spans(note: Element) -> Iterator[Element]:
    for notations in note.findall("notations"):
        for parent in (notations, *notations.findall("ornaments")):
            yield from (child for child in parent if child.tag in _SPANS)


def _drop(note: Element, mark: Element) -> None:
    """Take a mark out of a note's notations, and what is empty without it."""
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
    """Take off the beams of bars that stay where they led over a bar line to notes that go."""
    for bar in range(len(bars) - 1):
        if replaced[bar + 1] and not replaced[bar]:
            _cut_beam(reversed(bars[bar]), inner="end", outer="begin")
        if replaced[bar] and not replaced[bar + 1]:
            _cut_beam(bars[bar + 1], inner="begin", outer="end")


def _cut_beam(notes: Iterable[Element], inner: str, outer: str) -> None:
    """From the bar line inward: `inner` would close the beam there, `outer` ends it elsewhere."""
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
    """Have a tie start, or stop, at a note or not.

    Parameters
    ----------
    note : Element
        A note with a pitch.
    kind : str
        ``"start"`` or ``"stop"``.
    on : bool
        Whether it does.
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
        _drop(note, old)


def without_grace_notes(notes: Iterable[Element]) -> list[Element]:
    """Leave grace and cue notes out."""
    return [n for n in notes if n.find("grace") is None and n.find("cue") is None]


def remove_ending_ties(
    part: Element,
    bars: Sequence[Sequence[Element]],
    replaced: NDArray[np.bool_],
    tied: NDArray[np.bool_],
) -> None:
    """End the ties that led from before a first ending into a later one, where none starts now.

    Parameters
    ----------
    part : Element
        The part, its new notes written.
    bars : sequence of sequences of Element
        Notes of one line of it, bar by bar.
    replaced : ndarray of bool, shape [bars]
        Bars whose notes were replaced.
    tied : ndarray of bool, shape [bars]
        Bars that begin with a note tied to the bar before on the page.
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
            before = without_grace_notes(bars[source])[-1:] if source >= 0 else []
            for note in without_grace_notes(bars[bar])[:1]:
                if not any(_leads(last, note) for last in before):
                    set_tie(note, "stop", False)


def _leads(before: Element, note: Element) -> bool:
    """Whether a tie starts at one note that can stop at the other."""
    if before.find("tie[@type='start']") is None:
        return False
    same = ("pitch/step", "pitch/alter", "pitch/octave")
    return all((before.findtext(p) or "0") == (note.findtext(p) or "0") for p in same)
