"""Four parts on two staves (a closed score)."""

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from bachbot.errors import ScoreError
from bachbot.scores.musicxml.measures import is_right_barline
from bachbot.scores.pitch import ACCIDENTALS, signature_alter

_STAVES = (
    ("Soprano\nAlto", "S.\nA.", "G", "2"),
    ("Tenor\nBass", "T.\nB.", "F", "4"),
)
# Children of a note before its accidental, and before its stem.
_BEFORE_ACCIDENTAL = frozenset(
    ("grace", "cue", "chord", "pitch", "rest", "duration", "tie", "instrument",
     "footnote", "level", "voice", "type", "dot")
)  # fmt: skip
_BEFORE_STEM = _BEFORE_ACCIDENTAL | {"accidental", "time-modification"}
_SLUR_NUMBERS = 6
"""Slurs of the lower voice of a staff are numbered from here, those of the upper from 1."""


def two_staff_score(musicxml: str) -> str:
    """Write four parts on two staves, as in hymn books.

    Soprano and alto share the upper staff, tenor and bass the lower; the upper voice of each has
    stems up, the lower down. Accidentals are those that the staff needs. A fermata of both voices
    is written once: above the upper staff, and inverted below the lower. Common rests are written
    once. Lyrics are written once between the staves: those of the highest voice that has any.

    Parameters
    ----------
    musicxml : str
        Partwise MusicXML of S, A, T and B, one part each, with the same measures.

    Returns
    -------
    str
        Partwise MusicXML of two parts with two voices each.

    Raises
    ------
    ScoreError
        If there are not four parts, or their measures differ.
    """
    root = ElementTree.fromstring(musicxml)
    use_two_staves(root)
    return ElementTree.tostring(root, encoding="unicode")


def use_two_staves(root: Element) -> None:
    """Apply `two_staff_score` to a parsed score, in place."""
    parts = root.findall("part")
    if len(parts) != 4:
        raise ScoreError(
            f"the score has {len(parts)} parts and two staves need four: give S, A, T and B, "
            "or use four staves"
        )
    bars = [len(part.findall("measure")) for part in parts]
    if len(set(bars)) != 1:
        raise ScoreError(
            f"the parts have {', '.join(map(str, bars))} bars: two staves need the same in each"
        )
    lyrics_part = _lyrics_part(parts)
    try:
        divisions = _common_divisions(parts)
        pairs = [_pair(parts[i : i + 2], i // 2, divisions, lyrics_part) for i in (0, 2)]
    except (ValueError, ArithmeticError) as error:
        raise ScoreError(
            f"the score has an invalid number or step ({error}): give valid MusicXML"
        ) from error
    for part in parts:
        root.remove(part)
    _list_parts(root)
    for part in pairs:
        root.append(part)


def _lyrics_part(parts: Sequence[Element]) -> int:
    """Return the index of the part whose lyrics are kept."""
    for index, part in enumerate(parts):
        if part.find("measure/note/lyric") is not None:
            return index
    return 0


def _common_divisions(parts: Iterable[Element]) -> int:
    found = {
        max(1, int(Fraction((element.text or "1").strip())))
        for part in parts
        for element in part.iterfind("measure/attributes/divisions")
    }
    return min(lcm(*found), 1 << 20)


def _list_parts(root: Element) -> None:
    listing = root.find("part-list")
    if listing is None:
        listing = Element("part-list")
        root.append(listing)
    listing.clear()
    start = SubElement(listing, "part-group", {"number": "1", "type": "start"})
    SubElement(start, "group-symbol").text = "bracket"
    SubElement(start, "group-barline").text = "no"
    for number, (name, short, _, _) in enumerate(_STAVES, start=1):
        entry = SubElement(listing, "score-part", {"id": f"P{number}"})
        SubElement(entry, "part-name").text = name
        SubElement(entry, "part-abbreviation").text = short
    SubElement(listing, "part-group", {"number": "1", "type": "stop"})


@dataclass
class _Voice:
    """A part being read: its divisions, and the voice that it becomes."""

    number: int
    has_lyrics: bool
    target: int
    divisions: int = 1

    def rescale(self, text: str | None) -> int:
        """Return a duration in the common divisions."""
        return round(Fraction((text or "0").strip()) * self.target / self.divisions)

    def update(self, attributes: Element) -> None:
        """Apply new divisions of an ``attributes`` element."""
        text = attributes.findtext("divisions")
        if text:
            self.divisions = max(1, int(Fraction(text.strip())))


@dataclass
class _Bar:
    """A measure of one voice: its elements, and start, end and element of each note."""

    elements: list[Element] = field(default_factory=list)
    notes: list[tuple[int, int, Element]] = field(default_factory=list)
    length: int = 0


def _pair(parts: Sequence[Element], staff: int, divisions: int, lyrics_part: int) -> Element:
    out = Element("part", {"id": f"P{staff + 1}"})
    voices = [_Voice(number, 2 * staff + number - 1 == lyrics_part, divisions) for number in (1, 2)]
    fifths = 0
    for index, pair in enumerate(zip(*(p.findall("measure") for p in parts), strict=True)):
        measure = SubElement(out, "measure", dict(pair[0].attrib))
        bars = [_read(m, voice) for m, voice in zip(pair, voices, strict=True)]
        if index == 0:
            _set_attributes(bars[0].elements, staff, divisions)
        for element in bars[0].elements:
            text = element.findtext("key/fifths") if element.tag == "attributes" else None
            fifths = int(text) if text else fifths
        _share_fermatas(bars, staff)
        _share_rests(bars)
        _set_accidentals(bars, fifths)
        upper, lower = bars
        closing = [e for e in upper.elements if is_right_barline(e)]
        measure.extend(e for e in upper.elements if e not in closing)
        if upper.length:
            measure.append(_skip("backup", upper.length))
        measure.extend(
            e for e in lower.elements if e.tag in ("note", "forward", "backup", "harmony")
        )
        if lower.length < upper.length:
            measure.append(_skip("forward", upper.length - lower.length))
        measure.extend(closing)
    return out


def _skip(tag: str, duration: int) -> Element:
    element = Element(tag)
    SubElement(element, "duration").text = str(duration)
    return element


def _read(measure: Element, voice: _Voice) -> _Bar:
    bar = _Bar()
    position = last = 0
    for source in measure:
        element = deepcopy(source)
        duration = element.find("duration")
        length = 0
        if element.tag == "attributes":
            voice.update(element)
            for child in element.findall("divisions") + element.findall("clef"):
                element.remove(child)
            if not len(element):
                continue
        elif duration is not None:
            length = voice.rescale(duration.text)
            duration.text = str(length)
        elif element.tag == "direction" and element.find("offset") is not None:
            element.remove(element.find("offset"))  # type: ignore[arg-type]
        elif element.tag == "harmony":
            for offset in element.findall("offset"):
                offset.text = str(voice.rescale(offset.text))
        elif element.tag == "print":
            continue
        if element.tag == "note":
            start = last if element.find("chord") is not None else position
            _revoice(element, voice)
            bar.notes.append((start, start + length, element))
            last = start
            position = max(position, start + length)
        elif element.tag == "backup":
            position -= length
        elif element.tag == "forward":
            position += length
        bar.elements.append(element)
        bar.length = max(bar.length, position)
    if position < bar.length:
        bar.elements.append(_skip("forward", bar.length - position))
    return bar


def _set_attributes(elements: list[Element], staff: int, divisions: int) -> None:
    """Set divisions and clef of the first measure."""
    attributes = next((e for e in elements if e.tag == "attributes"), None)
    if attributes is None:
        attributes = Element("attributes")
        elements.insert(0, attributes)
    entry = Element("divisions")
    entry.text = str(divisions)
    attributes.insert(0, entry)
    clef = Element("clef")
    SubElement(clef, "sign").text = _STAVES[staff][2]
    SubElement(clef, "line").text = _STAVES[staff][3]
    before = ("divisions", "key", "time", "staves", "part-symbol", "instruments")
    attributes.insert(sum(child.tag in before for child in attributes), clef)


def _revoice(note: Element, voice: _Voice) -> None:
    for tag in ("voice", "stem", "staff", "instrument") + (() if voice.has_lyrics else ("lyric",)):
        for child in note.findall(tag):
            note.remove(child)
    number = Element("voice")
    number.text = str(voice.number)
    before = ("grace", "cue", "chord", "pitch", "rest", "duration", "tie")
    note.insert(_child_index(note, before), number)
    if note.find("pitch") is not None:
        stem = Element("stem")
        stem.text = "up" if voice.number == 1 else "down"
        note.insert(_child_index(note, _BEFORE_STEM), stem)
    if voice.number == 2:
        for slur in note.iterfind("notations/slur"):
            slur.set("number", str(int(slur.get("number", "1")) % _SLUR_NUMBERS + _SLUR_NUMBERS))


def _child_index(note: Element, before: Iterable[str]) -> int:
    return sum(child.tag in before for child in note)


def _share_fermatas(bars: Sequence[_Bar], staff: int) -> None:
    """Keep one fermata if both voices have one: above the upper staff, below the lower."""
    keep, drop = (bars[0], bars[1]) if staff == 0 else (bars[1], bars[0])
    held = [(a, b) for a, b, note in keep.notes if note.find("notations/fermata") is not None]
    for start, stop, note in drop.notes:
        if any(start < b and a < stop for a, b in held):
            for notations in note.findall("notations"):
                for fermata in notations.findall("fermata"):
                    notations.remove(fermata)
                if not len(notations):
                    note.remove(notations)
    for bar, kind in zip(bars, ("upright", "inverted"), strict=True):
        for _, _, note in bar.notes:
            for fermata in note.iterfind("notations/fermata"):
                fermata.set("type", kind)


def _share_rests(bars: Sequence[_Bar]) -> None:
    """Remove a rest of the lower voice if the upper voice has the same."""
    rests = {(a, b) for a, b, note in bars[0].notes if note.find("rest") is not None}
    lower = bars[1]
    for start, stop, note in list(lower.notes):
        if note.find("rest") is not None and (start, stop) in rests:
            lower.elements[lower.elements.index(note)] = _skip("forward", stop - start)
            lower.notes.remove((start, stop, note))


def _set_accidentals(bars: Sequence[_Bar], fifths: int) -> None:
    """Write the accidentals that two voices on a staff need."""
    seen: dict[tuple[str, str], int] = {}
    for note in _by_time(bars):
        pitch = note.find("pitch")
        written = note.find("accidental")
        if pitch is None:
            continue
        editorial = written is not None and "yes" in (
            written.get("cautionary"), written.get("editorial"), written.get("parentheses"),
        )  # fmt: skip
        if written is not None and not editorial:
            note.remove(written)
        if any(tie.get("type") == "stop" for tie in note.findall("tie")):
            continue  # the end of a tie needs none
        step = (pitch.findtext("step") or "C").strip()
        octave = (pitch.findtext("octave") or "4").strip()
        alter = round(Fraction((pitch.findtext("alter") or "0").strip()))
        signature = signature_alter(fifths, step)
        if seen.get((step, octave), signature) != alter and not editorial and alter in ACCIDENTALS:
            accidental = Element("accidental")
            accidental.text = ACCIDENTALS[alter]
            note.insert(_child_index(note, _BEFORE_ACCIDENTAL), accidental)
        seen[step, octave] = alter


def _by_time(bars: Sequence[_Bar]) -> Iterator[Element]:
    placed = [
        (start, voice, note) for voice, bar in enumerate(bars) for start, _, note in bar.notes
    ]
    for _, _, note in sorted(placed, key=lambda item: item[:2]):
        yield note
