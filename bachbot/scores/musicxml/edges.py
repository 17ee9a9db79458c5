"""What leads from one bar of a line into another: ties, slurs and beams."""

from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from numpy.typing import NDArray

from bachbot.scores.musicxml.notes import put
from bachbot.scores.musicxml.timeline import Terms, timeline
from bachbot.scores.musicxml.verbatim import belongs
from bachbot.scores.readers.document import Line

_SPANS = ("slur", "glissando", "slide", "wavy-line")


def line_notes(part: Element, line: Line) -> list[list[Element]]:
    """List the notes and rests of a line, bar by bar in order of time, grace notes among them."""
    terms = Terms()
    out = []
    for measure in part.findall("measure"):
        items = timeline(measure, terms.divisions)
        items.sort(key=lambda item: item.start)
        out.append([i.first for i in items if i.is_note and belongs(i.first, line)])
        for attributes in measure.findall("attributes"):
            terms.read(attributes)
    return out


def cut_spans(bars: Sequence[Sequence[Element]], anew: NDArray[np.bool_]) -> None:
    """Take slurs, glissandi and trill lines out of bars that stay where their other end goes.

    Parameters
    ----------
    bars : sequence of sequences of Element
        Notes of one line, bar by bar.
    anew : ndarray of bool, shape [bars]
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
                    if anew[run[0][0]] or anew[run[-1][0]]:
                        for where, owner, end in run:
                            if not anew[where]:
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


def cut_beams(bars: Sequence[Sequence[Element]], anew: NDArray[np.bool_]) -> None:
    """Take off the beams of bars that stay where they led over a bar line to notes that go."""
    for bar in range(len(bars) - 1):
        if anew[bar + 1] and not anew[bar]:
            _cut_beam(reversed(bars[bar]), inner="end", outer="begin")
        if anew[bar] and not anew[bar + 1]:
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


def tie(note: Element, kind: str, on: bool) -> None:
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
            put(note, Element("tie", {"type": kind}))
        if note.find(f"notations/tied[@type='{kind}']") is None:
            if note.find("notations") is None:
                put(note, Element("notations"))
            SubElement(note.find("notations"), "tied", {"type": kind})  # type: ignore[arg-type]
        return
    for old in note.findall(f"tie[@type='{kind}']"):
        note.remove(old)
    for old in note.findall(f"notations/tied[@type='{kind}']"):
        _drop(note, old)


def sounding(notes: Iterable[Element]) -> list[Element]:
    """Leave grace and cue notes out."""
    return [n for n in notes if n.find("grace") is None and n.find("cue") is None]


def cut_jumps(
    part: Element,
    bars: Sequence[Sequence[Element]],
    anew: NDArray[np.bool_],
    tied: NDArray[np.bool_],
) -> None:
    """End the ties that led from before a first ending into a later one, where none starts now.

    Parameters
    ----------
    part : Element
        The part, its new notes written.
    bars : sequence of sequences of Element
        Notes of one line of it, bar by bar.
    anew : ndarray of bool, shape [bars]
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
        elif source is None or anew[bar] or tied[bar]:
            continue
        elif anew[max(0, source) : bar].any():
            before = sounding(bars[source])[-1:] if source >= 0 else []
            for note in sounding(bars[bar])[:1]:
                if not any(_leads(last, note) for last in before):
                    tie(note, "stop", False)


def _leads(before: Element, note: Element) -> bool:
    """Whether a tie starts at one note that can stop at the other."""
    if before.find("tie[@type='start']") is None:
        return False
    same = ("pitch/step", "pitch/alter", "pitch/octave")
    return all((before.findtext(p) or "0") == (note.findtext(p) or "0") for p in same)
