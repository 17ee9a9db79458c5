"""Words, tempo marks and dynamics above a part."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import FRAMES_PER_QUARTER, Meter
from bachbot.scores.musicxml.metronome import metronome
from bachbot.scores.readers.document import Document
from bachbot.scores.readers.tempo_marks import tempo_passages


@dataclass(frozen=True)
class TempoMark:
    """What stands above the first note of a passage.

    Parameters
    ----------
    words : str
        Such as ``"Joyful"``.
    tempo : float
        Quarter notes per minute.
    meter : Meter
        Meter, whose beat is written before the number.
    dynamic : str
        A dynamic mark, such as ``"p"``; empty for none.
    label : str
        A rehearsal mark before the words; empty for none.
    """

    words: str
    tempo: float
    meter: Meter
    dynamic: str = ""
    label: str = ""

    def elements(self) -> list[Element]:
        """The ``direction`` elements, in order."""
        out = []
        if self.label:
            out.append(_direction(_text("rehearsal", self.label)))
        beat = metronome(self.tempo, Fraction(self.meter.beat_frames, FRAMES_PER_QUARTER))
        beat.set("parentheses", "yes")
        words = _text("words", f"{self.words} ")  # before the parenthesis of the tempo
        words.set("font-weight", "bold")
        mark = _direction(words, beat)
        SubElement(mark, "sound", {"tempo": f"{self.tempo:.4g}"})
        out.append(mark)
        if self.dynamic:
            dynamics = Element("dynamics")
            SubElement(dynamics, self.dynamic)
            out.append(_direction(dynamics))
        return out


def _text(tag: str, text: str) -> Element:
    element = Element(tag)
    element.text = text
    return element


def _direction(*kinds: Element) -> Element:
    direction = Element("direction", {"placement": "above"})
    for kind in kinds:
        SubElement(direction, "direction-type").append(kind)
    return direction


def insert_directions(measure: Element, directions: Sequence[Element]) -> None:
    """Insert directions before the first note of a measure, in place."""
    tags = [element.tag for element in measure]
    index = next((i for i, tag in enumerate(tags) if tag in ("note", "backup")), len(tags))
    measure[index:index] = directions


def keep_tempos(root: Element, document: Document) -> None:
    """Write the tempos of a page above the first part of one that is made from it, in place.

    Nothing is written if the parts that were copied have tempo marks. A mark within a bar holds
    from the next bar on.

    Parameters
    ----------
    root : Element
        A ``score-partwise`` tree of the same bars.
    document : Document
        Where the tempos are.
    """
    if not document.tempos or tempo_passages(root, document.bars):
        return
    passages = list(document.tempos)
    first = root.findall("part")[0]
    for measure, bar in zip(first.findall("measure"), document.bars, strict=False):
        tempo = None
        while passages and passages[0].start <= bar.start:
            tempo = passages.pop(0).tempo
        if tempo is not None:
            mark = _direction(metronome(tempo, bar.beat))
            SubElement(mark, "sound", {"tempo": f"{tempo:.4g}"})
            insert_directions(measure, [mark])
