"""The harmony that a score has itself: chord symbols, numerals, or figures under a bass.

``harmony`` elements of MusicXML are chord symbols, or numerals where they have a ``function``;
``figured-bass`` elements stand before the bass note that they belong to; a verse of lyrics counts
as numerals if every syllable of it is one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from xml.etree.ElementTree import Element

from bachbot.chorale import Chorale, GivenChord, GivenHarmony, Key, Voice, note_name
from bachbot.errors import UsageError
from bachbot.scores.bars import beats_of
from bachbot.scores.grid import frame_of
from bachbot.scores.musicxml.complete import belongs_to_line
from bachbot.scores.readers.part_reader import plain_number, transposition
from bachbot.scores.score import Score
from bachbot.theory.given.chord_text import ChordText, read_chord
from bachbot.theory.given.figured_bass import BassNote, Figures, figured_harmony
from bachbot.theory.given.given_chords import BarBeats, chords_at, where_in

_KINDS: Mapping[str, str] = MappingProxyType({
    "major": "", "minor": "m", "augmented": "aug", "diminished": "dim", "dominant": "7",
    "major-seventh": "maj7", "minor-seventh": "m7", "diminished-seventh": "dim7",
    "augmented-seventh": "aug7", "half-diminished": "m7b5", "major-minor": "mM7",
    "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9", "major-ninth": "maj9",
    "minor-ninth": "m9", "dominant-11th": "11", "major-11th": "maj11", "minor-11th": "m11",
    "dominant-13th": "13", "major-13th": "maj13", "minor-13th": "m13",
    "suspended-second": "sus2", "suspended-fourth": "sus4", "power": "5",
})  # fmt: skip
"""Suffix of a chord symbol by the kind in MusicXML."""

_STEPS = {"C": 0, "D": 2, "E": 4, "F": -1, "G": 1, "A": 3, "B": 5}
"""Letters on the line of fifths."""

_ALTERED: Mapping[str, str] = MappingProxyType({
    "sharp": "#", "flat": "b", "natural": "n", "plus": "+", "slash": "+", "back-slash": "+",
    "cross": "+", "vertical": "+",
})  # fmt: skip
"""Signs of figures by the accidental in MusicXML."""


def score_harmony(score: Score) -> GivenHarmony:
    """The chords that a score has itself.

    Chord symbols and numerals over any part come first, then figures under a bass that is read,
    then lyrics.

    Parameters
    ----------
    score : Score
        The score.

    Returns
    -------
    GivenHarmony
        Each chord on its first frame and on the beats up to the next chord.

    Raises
    ------
    UsageError
        If it has none, or one cannot be read; the message names the bar and the beat.
    """
    for found in (_symbols(score), figures_of(score), _lyrics(score)):
        if found is not None:
            return found
    raise UsageError(
        "the score has no chord symbols, Roman numerals or figured bass that can be read: write "
        "some into it as MusicXML, or give the chords as text, such as 'I | V6 I'"
    )


def bass_notes(score: Score) -> tuple[BassNote, ...]:
    """The notes of the bass on the grid, with their names; a tied note is one."""
    line = score.lines[Voice.BASS]
    found: list[BassNote] = []
    for note, name in zip(line.notes, line.names, strict=True):
        start, stop = frame_of(note.start), frame_of(note.start + note.length)
        if note.tied and found and found[-1].stop == start and found[-1].name == name:
            found[-1] = BassNote(found[-1].start, stop, name)
        elif stop > start:
            found.append(BassNote(start, stop, name))
    return tuple(found)


def figures_of(score: Score) -> GivenHarmony | None:
    """The chords of the figures under the bass; None if the score has no bass or no figures.

    A bass note on a beat without figures has a triad in root position, unless it repeats the note
    before.
    """
    if Voice.BASS not in score.present:
        return None
    line = score.lines[Voice.BASS]
    marks = [
        (frame_of(at), _figures(element))
        for at, element, _ in part_elements(score, line.part, "figured-bass")
    ]
    if not marks:
        return None
    bars, bass = beats_of(score), bass_notes(score)
    written = dict(marks)
    beats = {beat for bar in bars for beat in bar.beats}
    repeated = {b.start for a, b in pairwise(bass) if (a.name, a.stop) == (b.name, b.start)}
    for note in bass:
        if note.start in beats - repeated:
            written.setdefault(note.start, "5")
    starts = sorted(written)
    last = score.chorale.frames
    figures: list[Figures] = [
        (start, stop, written[start])
        for start, stop in zip(starts, [*starts[1:], last], strict=True)
    ]
    return figured_harmony(figures, bars, bass, score.chorale.key)


@dataclass
class _Chords:
    """Chords in order of time, on the way to a `GivenHarmony`."""

    bars: Sequence[BarBeats]
    home: Key
    local: Key | None = None
    found: list[tuple[int, ChordText | None, str]] = field(default_factory=list)
    notices: dict[str, None] = field(default_factory=dict)

    def add(self, frame: int, text: str) -> None:
        """Add a chord; no text ends the chord before."""
        head, colon, rest = text.partition(":")
        if colon and len(head.strip()) <= 2 and head.strip()[:1].isalpha():
            self.local, text = Key.parse(head.strip()), rest.strip()
        if not text:
            self.found.append((frame, None, ""))
            return
        try:
            chord = read_chord(text, self.local or self.home, self.home)
        except UsageError as error:
            raise UsageError(f"{where_in(self.bars, frame)}: {error}") from error
        if chord.notice:
            self.notices[f"{where_in(self.bars, frame)}: {chord.notice}"] = None
        self.found.append((frame, chord, text))

    def harmony(self, chorale: Chorale) -> GivenHarmony:
        beats = [beat for bar in self.bars for beat in bar.beats]
        stops = [frame for frame, *_ in self.found[1:]] + [chorale.frames]
        chords: dict[int, GivenChord] = {}
        for (start, chord, text), stop in zip(self.found, stops, strict=True):
            if chord is not None and start < chorale.frames:
                later = [beat for beat in beats if start < beat < stop]
                chords |= {c.frame: c for c in chords_at(chord, text, start, later)}
        ordered = tuple(chords[frame] for frame in sorted(chords))
        return GivenHarmony(ordered, notices=tuple(self.notices))


def _symbols(score: Score) -> GivenHarmony | None:
    """The ``harmony`` elements of the first part that has any, those with a given voice first."""
    given = [score.lines[voice].part for voice in score.present]
    parts = range(len(score.document.root.findall("part")))
    for part in dict.fromkeys([*given, *parts]):
        elements = list(part_elements(score, part, "harmony"))
        if elements:
            chords = _Chords(beats_of(score), score.chorale.key)
            for at, element, fifths in sorted(elements, key=lambda item: item[0]):
                chords.add(frame_of(at), _symbol(element, fifths))
            return chords.harmony(score.chorale)
    return None


def _lyrics(score: Score) -> GivenHarmony | None:
    """The first verse under a given voice whose syllables are all numerals."""
    for voice in score.present:
        line = score.lines[voice]
        verses: dict[str, list[tuple[int, str]]] = {}
        for at, element, _ in part_elements(score, line.part, "note"):
            if belongs_to_line(element, line):
                for lyric in element.findall("lyric"):
                    text = "".join((t.text or "") for t in lyric.findall("text")).strip()
                    if text:
                        verses.setdefault(lyric.get("number", "1"), []).append((frame_of(at), text))
        for verse in verses.values():
            chords = _Chords(beats_of(score), score.chorale.key)
            try:
                for frame, text in verse:
                    chords.add(frame, text)
            except UsageError:
                continue
            return chords.harmony(score.chorale)
    return None


def part_elements(score: Score, part: int, tag: str) -> Iterator[tuple[Fraction, Element, int]]:
    """Elements of a part.

    Yields
    ------
    position : Fraction
        In quarter notes from the beginning.
    element : Element
        With that tag.
    fifths : int
        Transposition of the part on the line of fifths.
    """
    divisions, fifths = Fraction(1), 0
    measures = score.document.part(part).findall("measure")
    for measure, bar in zip(measures, score.document.bars, strict=False):
        position = Fraction(0)  # of the next note
        figured = Fraction(0)  # of several figures over one note
        for element in measure:
            length = _number(element, "duration") / divisions
            if element.tag == "attributes":
                divisions = _number(element, "divisions") or divisions
                transpose = element.find("transpose")
                if transpose is not None:
                    fifths = transposition(transpose)[1]
            if element.tag == tag == "figured-bass":
                yield bar.start + position + figured, element, fifths
                figured += length
                continue
            if element.tag == tag:
                offset = _number(element, "offset") / divisions
                yield bar.start + position + offset, element, fifths
            if element.tag == "backup":
                position -= length
            elif element.tag == "forward":
                position += length
            elif (
                element.tag == "note"
                and element.find("chord") is None
                and element.find("grace") is None
            ):
                position += length
                figured = Fraction(0)


def _number(element: Element, tag: str) -> Fraction:
    return plain_number(element.findtext(tag), Fraction(0)) or Fraction(0)


def _symbol(element: Element, fifths: int) -> str:
    """The text of a ``harmony`` element, at concert pitch; empty if it stands for no chord."""
    kind = element.find("kind")
    name = (kind.text or "").strip() if kind is not None else ""
    shown = kind.get("text", "") if kind is not None else ""
    function = (element.findtext("function") or "").strip()
    if function:
        key, colon, _ = shown.partition(":")
        return f"{key}: {function}" if colon else function
    root = _note(element, "root", fifths)
    if root is None or name == "none":
        return ""
    suffix = _KINDS.get(name, shown)
    altered = {
        (int(_number(d, "degree-value")), int(_number(d, "degree-alter")))
        for d in element.findall("degree")
    }
    if suffix == "m7" and (5, -1) in altered:
        suffix = "m7b5"
    bass = _note(element, "bass", fifths)
    inversion = int(_number(element, "inversion"))
    text = root + suffix + (f"/{bass}" if bass and bass != root else "")
    if not bass and inversion in (1, 2, 3):
        chord = read_chord(text, Key())
        if inversion < len(chord.intervals):
            above = {3: -3, 4: 4, 6: -6, 7: 1, 8: 8, 9: -9, 10: -2, 11: 5}
            own = _STEPS[root[0]] + 7 * (root.count("#") - root[1:].count("b"))
            text += "/" + note_name(own + above.get(chord.intervals[inversion], 0))
    return text


def _note(element: Element, what: str, fifths: int) -> str | None:
    """Name of the root or the bass of a chord symbol; None if it has none."""
    step = (element.findtext(f"{what}/{what}-step") or "").strip()
    if step not in _STEPS:
        return None
    alter = int(_number(element, f"{what}/{what}-alter"))
    return note_name(_STEPS[step] + 7 * max(-2, min(alter, 2)) + fifths)


def _figures(element: Element) -> str:
    """The text of a ``figured-bass`` element."""
    found = []
    for figure in element.findall("figure"):
        number = (figure.findtext("figure-number") or "").strip()
        names = (figure.findtext("prefix"), figure.findtext("suffix"))
        sign = next((_ALTERED[n.strip()] for n in names if n and n.strip() in _ALTERED), "")
        if number == "5" and sign == "+":
            sign = "b"  # a stroke through 5 is a diminished fifth
        found.append(sign + number)
    return "/".join(text for text in found if text) or "5"
