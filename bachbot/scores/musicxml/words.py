"""Words under every voice that sings them together with the tune, placed by rhythm.

A syllable belongs under the note that begins with it. Further notes before the next syllable are a
melisma, which is slurred. Where a voice holds a note while the tune sings several syllables, the
note carries all of them: its singers repeat the note, as is usual in hymns.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal
from xml.etree.ElementTree import Element, SubElement

from bachbot.scores.grid import Bar
from bachbot.scores.musicxml.measures import read_timeline
from bachbot.scores.musicxml.notes import insert_child
from bachbot.scores.readers.part_reader import plain_number

Words = Literal["all", "soprano"]
"""Whose words are printed: those of every voice that sings them, or of the tune alone."""

_TOGETHER = Fraction(1, 2)
"""A voice sings with the tune if it begins a note with this share of the syllables or more."""

_NOT_SUNG = ("grace", "cue", "rest", "unpitched")

_SLUR_NUMBER = "6"
"""Of the slurs that are added, which do not overlap."""


def with_words(root: Element, bars: Sequence[Bar], words: Words) -> Element:
    """A score with its words under every voice, or under the tune alone.

    Parameters
    ----------
    root : Element
        A ``score-partwise`` tree; it is not changed.
    bars : sequence of Bar
        Its bars.
    words : {"all", "soprano"}
        ``"all"``: the words of the highest voice that has any are also put under the voices of
        other staves that begin at least half of its syllables with it. A staff that has words of
        its own, or more than one voice, stays as it is. ``"soprano"``: no voice but that one
        keeps words.
    """
    parts = root.findall("part")
    staves = [staff for index, part in enumerate(parts) for staff in _staves(index, part, bars)]
    source = next((staff for staff in staves if staff.has_words), None)
    if source is None:
        return root
    copy = Element(root.tag, dict(root.attrib))
    copy.text, copy.tail = root.text, root.tail
    copy.extend(root)
    verses = _verses(source.voices[source.words_voice])
    for index, part in enumerate(parts):
        if words == "soprano":
            new = _without_words(part, source.words_voice if index == source.part else None)
        elif any(_takes(s, verses) for s in staves if s.part == index):
            new = deepcopy(part)
            for staff in _staves(index, new, bars):
                if _takes(staff, verses):
                    _place(_onsets(next(iter(staff.voices.values()))), verses)
        else:
            continue
        copy[list(copy).index(part)] = new
    return copy


@dataclass(frozen=True)
class _Note:
    """A note or chord of a voice, in quarter notes from the beginning of the piece."""

    element: Element
    start: Fraction
    stop: Fraction
    tied: bool


@dataclass(frozen=True)
class _Onset:
    """A note with all that is tied to it."""

    notes: list[_Note]

    @property
    def start(self) -> Fraction:
        return self.notes[0].start

    @property
    def stop(self) -> Fraction:
        return self.notes[-1].stop

    @property
    def element(self) -> Element:
        return self.notes[0].element


@dataclass
class _StaffOfPart:
    """A staff: the notes of each of its voices in order of time."""

    part: int
    voices: dict[str, list[_Note]] = field(default_factory=dict)

    @property
    def has_words(self) -> bool:
        """Whether a voice has words."""
        return any(_has_words(notes) for notes in self.voices.values())

    @property
    def words_voice(self) -> str:
        """The first voice that has words."""
        return next(voice for voice, notes in self.voices.items() if _has_words(notes))


@dataclass(frozen=True)
class _Syllable:
    start: Fraction
    stop: Fraction
    lyric: Element


def _staves(index: int, part: Element, bars: Sequence[Bar]) -> Iterator[_StaffOfPart]:
    """The staves of a part that have notes, from the top down."""
    found: dict[str, _StaffOfPart] = {}
    divisions = Fraction(1)
    for measure, bar in zip(part.findall("measure"), bars, strict=False):
        for item in read_timeline(measure, divisions):
            first = item.first
            if not item.is_note or any(first.find(tag) is not None for tag in _NOT_SUNG):
                continue
            staff = found.setdefault(_text(first, "staff"), _StaffOfPart(index))
            start = bar.start + item.start
            tied = first.find("tie[@type='stop']") is not None
            staff.voices.setdefault(_text(first, "voice"), []).append(
                _Note(first, start, start + item.length, tied)
            )
        for changed in measure.iterfind("attributes/divisions"):
            divisions = plain_number(changed.text) or divisions
    for _, staff in sorted(found.items()):
        for notes in staff.voices.values():
            notes.sort(key=lambda note: note.start)
        yield staff


def _has_words(notes: Iterable[_Note]) -> bool:
    return any(note.element.find("lyric/text") is not None for note in notes)


def _onsets(notes: Iterable[_Note]) -> list[_Onset]:
    """The notes of a voice, tied ones as one."""
    found: list[_Onset] = []
    for note in notes:
        if note.tied and found and found[-1].stop == note.start:
            found[-1].notes.append(note)
        else:
            found.append(_Onset([note]))
    return found


def _text(note: Element, tag: str) -> str:
    return (note.findtext(tag) or "1").strip() or "1"


def _verses(notes: Sequence[_Note]) -> dict[str, list[_Syllable]]:
    """The syllables of each verse: each lasts until the next, or until the voice rests."""
    found: dict[str, list[_Syllable]] = {}
    ends: list[Fraction] = []  # for each note where the voice rests next
    for note, following in zip(reversed(notes), [None, *reversed(notes)], strict=False):
        joined = following is not None and following.start <= note.stop
        ends.append(ends[-1] if joined else note.stop)
    ends.reverse()
    for note, end in zip(notes, ends, strict=True):
        for lyric in note.element.findall("lyric"):
            if lyric.find("text") is None:
                continue
            verse = found.setdefault(lyric.get("number") or "1", [])
            if verse and verse[-1].stop > note.start:
                last = verse[-1]
                verse[-1] = _Syllable(last.start, note.start, last.lyric)
            verse.append(_Syllable(note.start, end, lyric))
    return found


def _takes(staff: _StaffOfPart, verses: Mapping[str, Sequence[_Syllable]]) -> bool:
    """Whether a staff has one voice without words that begins enough of the syllables."""
    if staff.has_words or len(staff.voices) != 1:
        return False
    [notes] = staff.voices.values()
    starts = {syllable.start for verse in verses.values() for syllable in verse}
    begun = starts & {onset.start for onset in _onsets(notes)}
    return len(begun) >= _TOGETHER * len(starts)


def _place(onsets: Sequence[_Onset], verses: Mapping[str, Sequence[_Syllable]]) -> None:
    """Put syllables under the notes of a voice, and slur its melismas, in place."""
    begins = [onset.start for onset in onsets]
    carried: set[int] = set()  # notes that carry a syllable of any verse
    for number, syllables in verses.items():
        at: dict[int, list[Element]] = {}
        for syllable in syllables:
            place = bisect_left(begins, syllable.start)
            if place == len(begins) or begins[place] >= syllable.stop:
                place -= 1  # no note begins with it: the note before is held, or there is a rest
                if place < 0 or onsets[place].stop <= syllable.start:
                    continue
            at.setdefault(place, []).append(syllable.lyric)
        for place, lyrics in at.items():
            insert_child(onsets[place].element, _joined(lyrics, number))
        carried |= at.keys()
    end = max(syllable.stop for verse in verses.values() for syllable in verse)
    _slur(onsets, carried, end)


def _joined(lyrics: Sequence[Element], verse: str) -> Element:
    """One lyric of the syllables that a note carries."""
    first, last = lyrics[0], lyrics[-1]
    joined = Element("lyric", {"number": verse})
    begins = _syllabic(first) in ("single", "begin")
    ends = _syllabic(last) in ("single", "end")
    kinds = {(True, True): "single", (True, False): "begin", (False, True): "end"}
    SubElement(joined, "syllabic").text = kinds.get((begins, ends), "middle")
    text = ""
    for before, lyric in zip([None, *lyrics], lyrics, strict=False):
        # A hard space keeps the words of one note together.
        if before is not None and _syllabic(before) in ("single", "end"):
            text += "\u00a0"
        text += "".join((t.text or "") if t.tag == "text" else "\u203f" for t in _texts(lyric))
    SubElement(joined, "text").text = text
    if last.find("extend") is not None:
        SubElement(joined, "extend")
    return joined


def _texts(lyric: Element) -> Iterator[Element]:
    return (child for child in lyric if child.tag in ("text", "elision"))


def _syllabic(lyric: Element) -> str:
    # After an elision there is a second one, of the last syllable.
    return (lyric.findtext("syllabic") or "single").strip()


def _slur(onsets: Sequence[_Onset], carried: set[int], end: Fraction) -> None:
    """Slur the notes of each melisma, unless they are slurred already."""
    slurred = _under_slurs(note.element for onset in onsets for note in onset.notes)
    for place in sorted(carried):
        last = place
        while (
            last + 1 < len(onsets)
            and last + 1 not in carried
            and onsets[last].stop == onsets[last + 1].start < end
        ):
            last += 1
        if last == place:
            continue
        for lyric in onsets[place].element.findall("lyric"):
            if _syllabic(lyric) in ("single", "end") and lyric.find("extend") is None:
                SubElement(lyric, "extend")
        if any(id(onset.element) in slurred for onset in onsets[place : last + 1]):
            continue
        ends = (onsets[place].element, "start"), (onsets[last].notes[-1].element, "stop")
        for element, kind in ends:
            notations = element.find("notations")
            if notations is None:
                notations = Element("notations")
                insert_child(element, notations)
            SubElement(notations, "slur", {"type": kind, "number": _SLUR_NUMBER})


def _under_slurs(notes: Iterable[Element]) -> set[int]:
    """Identities of the notes that are under a slur of the page."""
    found: set[int] = set()
    running: set[str] = set()
    for note in notes:
        slurs = note.findall("notations/slur")
        if running or slurs:
            found.add(id(note))
        running |= {s.get("number", "1") for s in slurs if s.get("type") == "start"}
        running -= {s.get("number", "1") for s in slurs if s.get("type") == "stop"}
    return found


def _without_words(part: Element, voice: str | None) -> Element:
    """A copy of a part in which only one voice, or none, has words."""
    copy = deepcopy(part)
    for note in copy.iter("note"):
        if voice is None or _text(note, "voice") != voice:
            for lyric in note.findall("lyric"):
                note.remove(lyric)
    return copy
