"""The tempo marks of a MusicXML tree: what its ``sound`` and ``metronome`` elements say."""

import re
from collections.abc import Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from bachbot.scores.grid import Bar
from bachbot.scores.performance import FASTEST, SLOWEST, Passage
from bachbot.scores.readers.part_reader import plain_number

_FIRST_NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,6})?")
_LONGEST = 60
"""Characters of a mark that are looked at, such as ``c. 72``."""

_NOTE_VALUES = {
    "long": Fraction(16),
    "breve": Fraction(8),
    "whole": Fraction(4),
    "half": Fraction(2),
    "quarter": Fraction(1),
    "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4),
    "32nd": Fraction(1, 8),
}
"""Quarter notes of each note value that a beat is written with."""


def tempo_passages(root: Element, bars: Sequence[Bar]) -> tuple[Passage, ...]:
    """Find the tempos of a page.

    A ``sound`` element counts before a ``metronome`` at the same place, and an upper part before a
    lower one. The first mark holds from the beginning. Marks slower than 10 or faster than 400
    quarter notes per minute are passed over, and so are words without a number.

    Parameters
    ----------
    root : Element
        A ``score-partwise`` tree.
    bars : sequence of Bar
        Its bars.

    Returns
    -------
    tuple of Passage
        In order of time, each of another tempo than the one before; empty for a page that has no
        mark.
    """
    found: dict[Fraction, float] = {}
    for part in root.findall("part"):
        own: dict[Fraction, float] = {}
        divisions = Fraction(1)
        for measure, bar in zip(part.findall("measure"), bars, strict=False):
            divisions = _read_measure(measure, bar, divisions, own)
        found = own | found
    passages: list[Passage] = []
    for start, tempo in sorted(found.items()):
        if not passages:
            passages.append(Passage(tempo))
        elif tempo != passages[-1].tempo:
            passages.append(Passage(tempo, start))
    return tuple(passages)


def _read_measure(
    measure: Element, bar: Bar, divisions: Fraction, found: dict[Fraction, float]
) -> Fraction:
    """Collect the marks of a measure; return the divisions at its end."""
    position = Fraction(0)
    for element in measure:
        if element.tag == "attributes":
            divisions = plain_number(element.findtext("divisions")) or divisions
        elif element.tag in ("direction", "sound"):
            tempo = _tempo(element)
            if tempo is not None and position < bar.length:
                found[bar.start + position] = tempo
        elif element.tag in ("note", "forward", "backup") and element.find("chord") is None:
            length = (plain_number(element.findtext("duration")) or Fraction(0)) / divisions
            position = max(
                Fraction(0), position - length if element.tag == "backup" else position + length
            )
    return divisions


def _tempo(element: Element) -> float | None:
    """Quarter notes per minute of a ``direction`` or a ``sound``."""
    sound = element if element.tag == "sound" else element.find("sound")
    if sound is not None and sound.get("tempo") is not None:
        return _number(sound.get("tempo"), Fraction(1))
    metronome = element.find("direction-type/metronome")
    if metronome is None:
        return None
    beat = _NOTE_VALUES.get((metronome.findtext("beat-unit") or "").strip())
    if beat is None:
        return None
    dots = min(len(metronome.findall("beat-unit-dot")), 3)
    return _number(metronome.findtext("per-minute"), beat * (2 - Fraction(1, 2**dots)))


def _number(text: str | None, beat: Fraction) -> float | None:
    """The first number of a mark in quarter notes per minute; None if it cannot be played."""
    match = _FIRST_NUMBER.search((text or "")[:_LONGEST])
    tempo = float(Fraction(match[0]) * beat) if match else 0.0
    return tempo if SLOWEST <= tempo <= FASTEST else None
