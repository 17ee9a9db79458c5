"""A singer's own page: the voice with its words, and cues before it enters after long rests."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from bachbot.scores.engraving.engrave import engraving_bytes
from bachbot.scores.engraving.page_size import A4, PageSize
from bachbot.scores.grid import Bar
from bachbot.scores.musicxml.complete import copy_part
from bachbot.scores.musicxml.measures import PartAttributes, read_timeline, write_timeline
from bachbot.scores.musicxml.notes import insert_child
from bachbot.scores.musicxml.words import with_words
from bachbot.scores.practice.singers import Ensemble, Singer
from bachbot.scores.readers.part_reader import plain_number
from bachbot.scores.save import xml_text
from bachbot.scores.score import Sounding

LONG_REST = 2
"""Bars of rest after which an entry has a cue."""

_NOT_IN_A_CUE = ("lyric", "tie", "voice", "stem", "staff", "instrument", "dynamics")


def singer_page(ensemble: Ensemble, number: int, page: PageSize = A4) -> bytes:
    """Engrave the page of one singer as PDF.

    Parameters
    ----------
    ensemble : Ensemble
        The voices.
    number : int
        Which of them, from 0.
    page : PageSize
        Paper and size of the staves.
    """
    return engraving_bytes(xml_text(singer_tree(ensemble, number)), ".pdf", page=page)


def singer_tree(ensemble: Ensemble, number: int) -> Element:
    """The page of one singer as MusicXML.

    Words of the tune stand under the voice if it sings them with it. Where it enters after
    `LONG_REST` bars or more, the bar before has small notes of the highest voice that sounds
    there.

    Parameters
    ----------
    ensemble : Ensemble
        The voices.
    number : int
        Which of them, from 0.
    """
    document, singers = ensemble.document, ensemble.singers
    whole = Element("score-partwise", {"version": "4.0"})
    for singer in singers:
        whole.append(
            deepcopy(document.part(singer.part))
            if singer.line is None
            else copy_part(document, singer.line)
        )
    parts = with_words(whole, document.bars, "all").findall("part")
    part = deepcopy(parts[number])
    if singers[number].line is not None:
        for bar in cue_bars(singers[number].notes, document.bars):
            _add_cue(part, parts, ensemble, number, bar)
    root = Element("score-partwise", {"version": "4.0"})
    SubElement(SubElement(root, "work"), "work-title").text = ensemble.title
    identification = SubElement(root, "identification")
    identification.extend(ensemble.creators)
    SubElement(identification, "creator", {"type": "part"}).text = _title(singers[number])
    listing = SubElement(root, "part-list")
    entry = SubElement(listing, "score-part", {"id": "P1"})
    SubElement(entry, "part-name").text = _title(singers[number])
    part.set("id", "P1")
    root.append(part)
    return root


def _title(singer: Singer) -> str:
    return singer.name[:1].upper() + singer.name[1:]


def cue_bars(notes: Sequence[Sounding], bars: Sequence[Bar]) -> list[int]:
    """The bars that get a cue: the last of each long rest before an entry.

    Parameters
    ----------
    notes : sequence of Sounding
        Of one voice.
    bars : sequence of Bar
        Of the piece.
    """
    sounding = _sounding_bars(notes, bars)
    found, rest = [], 0
    for index in range(len(bars)):
        if index in sounding:
            if rest >= LONG_REST:
                found.append(index - 1)
            rest = 0
        else:
            rest += 1
    return found


def _sounding_bars(notes: Sequence[Sounding], bars: Sequence[Bar]) -> set[int]:
    """The bars in which a note sounds."""
    starts = [bar.start for bar in bars]
    return {
        bar
        for note in notes
        for bar in range(
            max(0, bisect_right(starts, note.start) - 1),
            bisect_left(starts, note.start + note.length),
        )
    }


def _add_cue(
    part: Element, parts: Sequence[Element], ensemble: Ensemble, number: int, bar: int
) -> None:
    """Put the notes of another voice into a bar of rest, small, in place."""
    bars = ensemble.document.bars
    other = next(
        (
            index
            for index, singer in enumerate(ensemble.singers)
            if index != number
            and singer.line is not None
            and bar in _sounding_bars(singer.notes, bars)
        ),
        None,
    )
    if other is None:
        return
    measures, theirs = part.findall("measure"), parts[other].findall("measure")
    if bar >= min(len(measures), len(theirs)):
        return
    octaves = _octaves(ensemble.singers[other].notes, ensemble.singers[number].notes)
    mine, divisions = measures[bar], _divisions(measures, bar)
    kept = [i for i in read_timeline(mine, divisions) if not i.is_note]
    cues = [
        replace(item, elements=[_cue(note, octaves) for note in item.elements])
        for item in read_timeline(theirs[bar], _divisions(theirs, bar))
        if item.is_note and item.first.find("grace") is None
    ]
    if not cues:
        return
    before = [item for item in kept if item.first.tag in ("attributes", "print")]
    after = [item for item in kept if item not in before]
    label = Element("direction", {"placement": "above"})
    words = SubElement(SubElement(label, "direction-type"), "words", {"font-size": "8"})
    words.text = _title(ensemble.singers[other])
    named = replace(cues[0], elements=[label], length=Fraction(0))
    write_timeline(mine, [*before, named, *cues, *after], divisions)


def _cue(note: Element, octaves: int) -> Element:
    """A note as a small one, in another octave."""
    copy = deepcopy(note)
    for tag in _NOT_IN_A_CUE:
        for child in copy.findall(tag):
            copy.remove(child)
    for notations in copy.findall("notations"):
        notations[:] = [mark for mark in notations if mark.tag == "tied"]
        if not len(notations):
            copy.remove(notations)
    octave = copy.find("pitch/octave")
    if octave is not None:
        octave.text = str(int(plain_number(octave.text) or 4) + octaves)
    if copy.find("cue") is None:
        insert_child(copy, Element("cue"))
    return copy


def _octaves(cue: Sequence[Sounding], own: Sequence[Sounding]) -> int:
    """By how many octaves a cue is moved to lie near the voice that reads it."""

    def middle(notes: Sequence[Sounding]) -> float:
        return sum(note.pitch for note in notes) / len(notes)

    return round((middle(own) - middle(cue)) / 12)


def _divisions(measures: Sequence[Element], bar: int) -> Fraction:
    """The divisions in force at the beginning of a bar."""
    current = PartAttributes()
    for measure in measures[:bar]:
        for attributes in measure.findall("attributes"):
            current.update(attributes)
    return current.divisions
