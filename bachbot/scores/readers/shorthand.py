"""Shorthand of MusicXML written out: the sign that repeats the measure before."""

from copy import deepcopy
from xml.etree.ElementTree import Element

from bachbot.scores.readers.budget import Budget

_MUSIC = ("note", "backup", "forward")
_MAX_PATTERN = 8


def write_out(root: Element) -> None:
    """Write the notes into measures that only have the sign to repeat earlier ones, in place.

    Parameters
    ----------
    root : Element
        A ``score-partwise`` tree.

    Raises
    ------
    ScoreError
        If there are more notes than a score may have.
    """
    budget = Budget()
    for part in root.findall("part"):
        measures = part.findall("measure")
        pattern = 0
        for index, measure in enumerate(measures):
            for sign in measure.iterfind("attributes/measure-style/measure-repeat"):
                text = (sign.text or "").strip()
                length = int(text) if text in map(str, range(1, _MAX_PATTERN + 1)) else 1
                pattern = length if sign.get("type") == "start" else 0
            if pattern and index >= pattern and measure.find("note/pitch") is None:
                _repeat(measure, measures[index - pattern], budget)


def _repeat(measure: Element, source: Element, budget: Budget) -> None:
    """Put the notes of a measure in place of those of another."""
    music = [element for element in source if element.tag in _MUSIC]
    budget.note(number=sum(element.tag == "note" for element in music))
    place = next((i for i, e in enumerate(measure) if e.tag in _MUSIC), None)
    if place is None:
        heads = [i for i, e in enumerate(measure) if e.tag in ("attributes", "print")]
        place = heads[-1] + 1 if heads else 0
    kept = [element for element in measure if element.tag not in _MUSIC]
    for element in music:
        copy = deepcopy(element)
        # Words are not sung again.
        for lyric in copy.findall("lyric"):
            copy.remove(lyric)
        kept.insert(place, copy)
        place += 1
    measure[:] = kept
