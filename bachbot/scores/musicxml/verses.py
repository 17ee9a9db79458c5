"""Verses under the notes of a score."""

from copy import deepcopy
from dataclasses import replace
from xml.etree.ElementTree import Element, SubElement

from bachbot.chorale import Voice
from bachbot.errors import UsageError
from bachbot.scores.musicxml.notes import insert_child
from bachbot.scores.score import Score
from bachbot.scores.verses import Syllable, Verses


def add_verses(score: Score, words: Verses) -> Score:
    """Write verses under the soprano, one syllable a note.

    Parameters
    ----------
    score : Score
        With a soprano of as many notes as a verse has syllables.
    words : Verses
        The words.

    Returns
    -------
    Score
        With the words; the original is unchanged.

    Raises
    ------
    UsageError
        If the numbers of notes and syllables differ.
    """
    root = deepcopy(score.document.root)
    part = root.findall("part")[score.lines[Voice.SOPRANO].part]
    notes = [
        note
        for note in part.iter("note")
        if note.find("rest") is None
        and all(tie.get("type") != "stop" for tie in note.findall("tie"))
    ]
    syllables = [[one for line in verse for one in line] for verse in words.verses]
    if len(syllables[0]) != len(notes):
        raise UsageError(
            f"the tune has {len(notes)} notes and the words {len(syllables[0])} syllables: give "
            "as many"
        )
    for number, verse in enumerate(syllables, 1):
        for note, syllable in zip(notes, verse, strict=True):
            insert_child(note, _lyric(syllable, number))
    return replace(score, document=replace(score.document, root=root))


def _lyric(syllable: Syllable, number: int) -> Element:
    lyric = Element("lyric", {"number": str(number)})
    SubElement(lyric, "syllabic").text = syllable.syllabic
    SubElement(lyric, "text").text = syllable.text
    return lyric
