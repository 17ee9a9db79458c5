"""Take the requested voices out of a score, each as a line of its own."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from bachbot.chorale import VOICES, Voice
from bachbot.errors import ScoreError
from bachbot.scores.musicxml.own_voices import (
    fill_up,
    own_voice,
    write_own_voices,
    write_sounding_ties,
)
from bachbot.scores.readers.assign import Choice, assign_voices, ignored_lines, part_name
from bachbot.scores.readers.document import Document, Line, Place, read_document
from bachbot.scores.readers.part_reader import PartContent
from bachbot.scores.readers.staff_lines import Staff, StaffLine
from bachbot.scores.score import Notice

_KINDS = {
    "cue": ("cue note", "cue notes"),
    "unpitched": ("note without pitch", "notes without pitch"),
    "slash": ("note with a slash for its head", "notes with slashes for heads"),
    "hidden": ("note that is not printed", "notes that are not printed"),
}


@dataclass(frozen=True, eq=False)
class TakenVoices:
    """The requested voices of a score.

    Parameters
    ----------
    document : Document
        The score, in which each of the voices is a line without chords; other parts are as they
        came.
    lines : mapping of Voice to Line
        The voices.
    ignored : tuple of str
        Names of the other parts and voices.
    notices : tuple of Notice
        What was read otherwise than it is written.
    """

    document: Document
    lines: Mapping[Voice, Line]
    ignored: tuple[str, ...]
    notices: tuple[Notice, ...]


def take_voices(root: Element, wanted: Sequence[Voice]) -> TakenVoices:
    """Take voices out of a ``score-partwise`` tree.

    Parameters
    ----------
    root : Element
        The tree. It is not changed.
    wanted : sequence of Voice
        In score order.

    Raises
    ------
    ScoreError
        If a voice is missing, or its part is too long or has notes without pitch or duration.
    """
    document = read_document(root)
    choice = assign_voices(document, wanted)
    lines = {
        voice: staff.line(lower=lower, both=_shared(choice, staff))
        for voice, (staff, lower) in choice.items()
    }
    new = Element(root.tag, dict(root.attrib))
    new[:], new.text = list(root), root.text
    places = _write_own_voices(new, choice, lines)
    for part in {staff.part for staff, _ in choice.values()}:
        _write_ties(new, part)
    found = read_document(new, places.values(), document)
    _fill_up_parts(found)
    return TakenVoices(
        document=found,
        lines={voice: line_at(found, places[voice]) for voice in wanted},
        ignored=tuple(ignored_lines(document, choice)),
        notices=tuple(_notices(document, choice, lines)),
    )


def read_again(root: Element, lines: Mapping[Voice, Line]) -> tuple[Document, dict[Voice, Line]]:
    """Read voices again after a change of their notes.

    Parameters
    ----------
    root : Element
        The tree of a document of `take_voices`, with other pitches.
    lines : mapping of Voice to Line
        Where the voices are.
    """
    document = read_document(root, lines.values())
    return document, {voice: line_at(document, line) for voice, line in lines.items()}


def line_at(document: Document, place: Place) -> Line:
    """The line of a document at a place."""
    for line in document.lines_of(place.part):
        if line.staff == place.staff and line.voices & place.voices:
            return line
    raise ScoreError("a voice has no notes: give a score in which every voice sounds")


def _shared(choice: Choice, staff: Staff) -> bool:
    return sum(chosen is staff for chosen, _ in choice.values()) > 1


def _content(document: Document, part: int) -> PartContent:
    return next(content for content in document.contents if content.index == part)


def _write_own_voices(
    root: Element, choice: Choice, lines: Mapping[Voice, StaffLine]
) -> dict[Voice, Place]:
    """Write the lines of each staff in voices of their own, unless they have them already."""
    staves: dict[int, list[Voice]] = {}
    for voice, (staff, _) in choice.items():
        staves.setdefault(id(staff), []).append(voice)
    mixed = [own for own in staves.values() if not all(lines[voice].plain for voice in own)]
    places: dict[Voice, Place] = dict(lines)
    parts = root.findall("part")
    for index in {lines[own[0]].part for own in mixed}:
        here = [own for own in mixed if lines[own[0]].part == index]
        new = write_own_voices(parts[index], [[lines[voice] for voice in own] for own in here])
        root[list(root).index(parts[index])] = new
        for own in here:
            for number, voice in enumerate(own):
                line = lines[voice]
                found = frozenset([own_voice(line.staff, number)])
                places[voice] = replace(line, voices=found)
    return places


def _write_ties(root: Element, index: int) -> None:
    """Write the ties of a part that are only printed."""
    part = root.findall("part")[index]
    if any(
        note.find("tie") is None and note.find("notations/tied") is not None
        for note in part.iter("note")
    ):
        copy = deepcopy(part)
        root[list(root).index(part)] = copy
        write_sounding_ties(copy)


def _fill_up_parts(document: Document) -> None:
    """Give each part that is used as many bars as the longest has."""
    longest = max(document.contents, key=lambda content: len(content.lengths))
    parts = document.root.findall("part")
    for content in document.contents:
        if len(content.lengths) < len(longest.lengths):
            copy = deepcopy(parts[content.index])
            document.root[list(document.root).index(parts[content.index])] = copy
            fill_up(copy, parts[longest.index], document.bars)


def _notices(
    document: Document, choice: Choice, lines: Mapping[Voice, StaffLine]
) -> Iterable[Notice]:
    """What was read otherwise than it is written."""
    staves = {id(staff): staff for staff, _ in choice.values()}
    for key, staff in staves.items():
        own = [voice for voice, (chosen, _) in choice.items() if id(chosen) == key]
        name = part_name(document, staff.part)
        if staff.swapped:
            upper, other = (min(strand.voices) for strand in staff.strands[:2])
            yield Notice(
                "voices",
                f"voice {upper} of {name} lies above voice {other}: it is read as the upper voice",
            )
        chords = max(lines[voice].chords for voice in own)
        if chords:
            yield Notice("chords", _chords(own, chords, lower=lines[own[0]].lower))
    yield from _passed_over(document, staves.values())
    # A score of all voices keeps its own page; otherwise new parts stand beside the part.
    copied = {staff.part for staff in staves.values()} if len(choice) < len(VOICES) else set()
    for part in sorted(copied):
        if _content(document, part).transposed:
            yield Notice(
                "concert pitch",
                f"{part_name(document, part)} is a transposing instrument: it is written at "
                "concert pitch",
            )


def _chords(voices: Sequence[Voice], count: int, *, lower: bool) -> str:
    chords = "a chord" if count == 1 else f"{count} chords"
    if len(voices) > 1:
        upper, other = (voice.label for voice in voices[:2])
        verb = "is" if count == 1 else "are"
        return f"{chords} {verb} read as {upper} and {other}: the top note and the bottom note"
    which = "bottom" if lower else "top"
    notes = "note is" if count == 1 else "notes are"
    return f"the {voices[0].label} has {chords}: the {which} {notes} read"


def _passed_over(document: Document, staves: Iterable[Staff]) -> Iterable[Notice]:
    """Say which notes of the staves are not read."""
    found: Counter[str] = Counter()
    for staff in staves:
        found += _content(document, staff.part).passed.get(staff.name, Counter())
    if found:
        kinds = [f"{count} {_KINDS[kind][count > 1]}" for kind, count in sorted(found.items())]
        verb = "is" if found.total() == 1 else "are"
        yield Notice("passed over", f"{' and '.join(kinds)} {verb} passed over")
