"""Roman numerals under the bass of a score."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import FRAMES_PER_QUARTER, Key, Voice
from bachbot.errors import UsageError
from bachbot.scores.musicxml.complete import belongs_to_line
from bachbot.scores.readers.document import Line
from bachbot.scores.score import Score
from bachbot.theory.analysis import Harmony, analyze

_SIGNS = str.maketrans({"o": "°"})
"""Characters printed for those of the analysis."""


def add_roman_numerals(score: Score, harmonies: Sequence[Harmony] | None = None) -> Score:
    """Write Roman numerals under the bass of a score.

    They are ``harmony`` elements of MusicXML with a ``function``, which notation programs show and
    edit as Roman numerals. The text for programs that cannot do so, and for bachbot's engravings,
    has the key at the first numeral and at every change, as in ``G: V7``; lower case is minor.
    Existing numerals are replaced.

    Parameters
    ----------
    score : Score
        With a bass.
    harmonies : sequence of Harmony, optional
        Its analysis; default: `bachbot.theory.analysis.analyze`.

    Returns
    -------
    Score
        The score with numerals; the original is unchanged.

    Raises
    ------
    UsageError
        If the score has no bass.
    """
    if Voice.BASS not in score.present:
        raise UsageError("numerals need a bass and the score has none: give all voices")
    labels = _labels(analyze(score.chorale) if harmonies is None else harmonies)
    root = deepcopy(score.document.root)
    line = score.lines[Voice.BASS]
    writer = _Writer(line)
    measures = root.findall("part")[line.part].findall("measure")
    for measure, bar in zip(measures, score.document.bars, strict=False):
        for old in measure.findall("harmony"):
            if old.find("function") is not None:
                measure.remove(old)
        stop = bar.start + bar.length
        writer.write(measure, bar.start, [x for x in labels if bar.start <= x.at < stop])
    return replace(score, document=replace(score.document, root=root))


@dataclass(frozen=True)
class _Label:
    """A numeral: its position in quarter notes, the numeral, and the printed text."""

    at: Fraction
    numeral: str
    shown: str


def _labels(harmonies: Sequence[Harmony]) -> list[_Label]:
    out = []
    key: Key | None = None
    for harmony in harmonies:
        shown = harmony.text.translate(_SIGNS)
        if harmony.key != key:
            key = harmony.key
            tonic = key.tonic if key.mode == "major" else key.tonic[0].lower() + key.tonic[1:]
            shown = f"{tonic}: {shown}"
        out.append(_Label(Fraction(harmony.start, FRAMES_PER_QUARTER), harmony.text, shown))
    return out


@dataclass
class _Writer:
    """Write numerals into the measures of a part, in order.

    Parameters
    ----------
    line : Line
        The bass.
    divisions : Fraction
        Divisions of a quarter note in force.
    """

    line: Line
    divisions: Fraction = Fraction(1)

    def write(self, measure: Element, begin: Fraction, labels: Sequence[_Label]) -> None:
        """Write the numerals of a measure that begins at `begin` quarter notes."""
        notes = list(self._notes(measure))
        for label in labels:
            position = label.at - begin
            begun = [(start, note) for start, note in notes if start <= position]
            start, note = begun[-1] if begun else (position, None)
            index = len(measure) if note is None else list(measure).index(note)
            measure.insert(index, self._harmony(label, (position - start) * self.divisions))

    def _notes(self, measure: Element) -> Iterator[tuple[Fraction, Element]]:
        """Yield the start of each note and rest of the bass, in quarter notes, and the element."""
        position = Fraction(0)
        for element in measure:
            if element.tag == "attributes" and element.find("divisions") is not None:
                self.divisions = Fraction((element.findtext("divisions") or "1").strip())
            length = Fraction((element.findtext("duration") or "0").strip()) / self.divisions
            if element.tag == "backup":
                position -= length
            elif element.tag == "forward":
                position += length
            elif element.tag == "note" and element.find("chord") is None:
                if length and belongs_to_line(element, self.line):
                    yield position, element
                position += length

    def _harmony(self, label: _Label, offset: Fraction) -> Element:
        harmony = Element("harmony", {"placement": "below"})
        SubElement(harmony, "function").text = label.numeral
        # Verovio does not support functions and shows the text of the kind.
        SubElement(harmony, "kind", {"text": label.shown}).text = "none"
        if offset:
            SubElement(harmony, "offset").text = f"{float(offset):g}"
        if self.line.staff != "1":
            SubElement(harmony, "staff").text = self.line.staff
        return harmony
