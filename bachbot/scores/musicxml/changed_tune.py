"""Write a changed tune in the measures of its score, with the words under their notes."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from bachbot.chorale import Chorale, Voice
from bachbot.errors import UsageError
from bachbot.scores.given_harmony import part_elements
from bachbot.scores.grid import frame_of
from bachbot.scores.musicxml.complete import belongs_to_line, creators_of, measure_templates
from bachbot.scores.musicxml.directions import TempoMark, insert_directions
from bachbot.scores.musicxml.notes import fermata_frames, insert_child
from bachbot.scores.musicxml.parts import BarTemplate, build_part, key_element, score_root
from bachbot.scores.pitch import spell, written_fifths
from bachbot.scores.readers.document import read_document
from bachbot.scores.score import Score


def syllables_of(score: Score) -> dict[int, list[Element]]:
    """The words of the soprano: the ``lyric`` elements of all verses by the frame of their note.

    Parameters
    ----------
    score : Score
        With a soprano.
    """
    line = score.lines[Voice.SOPRANO]
    found: dict[int, list[Element]] = {}
    for position, element, _ in part_elements(score, line.part, "note"):
        frame = frame_of(position)
        if not belongs_to_line(element, line) or frame >= score.chorale.frames:
            continue
        if element.find("pitch") is None or element.find("grace") is not None:
            continue
        lyrics = element.findall("lyric")
        if lyrics:
            # Two syllables on one sixteenth: the first one is kept.
            found.setdefault(frame, lyrics)
    return found


def replace_tune(score: Score, tune: Chorale, title: str, mark: TempoMark) -> Score:
    """Replace the soprano of a score by a changed tune, and leave out every other voice.

    Parameters
    ----------
    score : Score
        With a soprano.
    tune : Chorale
        The changed soprano in its key, as many frames as `score.chorale`; its other voices are
        ignored.
    title : str
        Title of the result.
    mark : TempoMark
        What stands above its first note.

    Returns
    -------
    Score
        The tune in measures with the numbers, lengths, repeats and meters of the score, and with
        the words of all verses under the notes that begin where their syllables did. A syllable
        over several notes has a slur.

    Raises
    ------
    UsageError
        If the lengths differ, or the score has no soprano.
    """
    if Voice.SOPRANO not in score.present:
        raise UsageError("the score has no soprano: load it with that voice")
    if tune.frames != score.chorale.frames:
        raise UsageError(
            f"the score has {score.chorale.frames} frames and the tune {tune.frames}: "
            "change this score's tune"
        )
    fifths = written_fifths(tune)
    bars = [
        replace(bar, fifths=fifths, new=_signatures(bar, fifths if index == 0 else None, tune))
        for index, bar in enumerate(measure_templates(score.document, score.lines[Voice.SOPRANO]))
    ]
    held = fermata_frames(tune.fermata, tune.onset[:, Voice.SOPRANO])
    names = spell(tune)
    part = build_part(tune, Voice.SOPRANO, names[:, Voice.SOPRANO], bars, held)
    _write_words(part, bars, tune, syllables_of(score))
    insert_directions(part[0], mark.elements())
    root = score_root(title, {Voice.SOPRANO: part}, creators_of(score.document.root))
    document = read_document(root)
    lines = {Voice.SOPRANO: document.lines_of(0)[0]}
    return Score(tune, (Voice.SOPRANO,), title, document, lines, score.notices, score.interval)


def _signatures(bar: BarTemplate, fifths: int | None, tune: Chorale) -> tuple[Element, ...]:
    """The signatures of a measure: the first one's key, and the score's own changes of meter."""
    times = [deepcopy(element) for element in bar.new if element.tag == "time"]
    if fifths is None:
        return tuple(times)
    return (key_element(fifths, tune.key.mode), *times)


def _write_words(
    part: Element,
    bars: list[BarTemplate],
    tune: Chorale,
    syllables: Mapping[int, list[Element]],
) -> None:
    """Write the syllables under their notes, and a slur over the notes of each."""
    if not syllables:
        return
    begun: list[tuple[int, Element]] = []
    for bar, measure in zip(bars, part, strict=True):
        frame = bar.start
        for note in measure.findall("note"):
            if note.find("pitch") is not None:
                begun.append((frame, note))
            frame += int(note.findtext("duration", "0"))
    onsets = set(np.flatnonzero(tune.onset[:, Voice.SOPRANO]).tolist())
    sung: list[Element] = []  # the written notes of one syllable
    count, after = 0, 0
    for frame, note in begun:
        rested = frame > after
        after = frame + int(note.findtext("duration", "0"))
        if frame in syllables and frame in onsets:
            _slur(sung, count)
            sung, count = [note], 1
            for lyric in syllables[frame]:
                insert_child(note, _lyric(lyric))
        elif rested:
            _slur(sung, count)
            sung, count = [], 0
        elif sung:
            sung.append(note)
            count += frame in onsets
    _slur(sung, count)


def _lyric(lyric: Element) -> Element:
    """A copy without the place on the page that it had."""
    copy = deepcopy(lyric)
    for name in ("default-x", "default-y", "relative-x", "relative-y"):
        copy.attrib.pop(name, None)
    return copy


def _slur(notes: list[Element], count: int) -> None:
    """Slur the notes of one syllable, if they are several and not parts of one note."""
    if count < 2:
        return
    for note, kind in ((notes[0], "start"), (notes[-1], "stop")):
        notations = note.find("notations")
        if notations is None:
            notations = Element("notations")
            insert_child(note, notations)
        SubElement(notations, "slur", {"type": kind, "number": "1"})
