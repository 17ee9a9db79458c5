"""Kern of music21's corpus against music21's own reading: the top line of each part.

The quartets, chorales and piano pieces are compared, and one in 110 movements by Palestrina. Bars
are not compared, since music21 fills short ones with rests.
"""

import importlib.util
from fractions import Fraction
from pathlib import Path

import pytest

from bachbot.scores.readers.document import read_document
from bachbot.scores.readers.kern.kern_reader import kern_tree

CORPUS = Path(importlib.util.find_spec("music21").origin).parent / "corpus"
FILES = sorted(CORPUS.glob("[!p]*/**/*.krn")) + sorted(CORPUS.glob("palestrina/*.krn"))[::110]


def top_line(events):
    """Start, pitch and whether it is tied from before, of the highest note at each time."""
    highest = {}
    for start, pitch, tied in events:
        if start not in highest or highest[start][1] < pitch:
            highest[start] = (start, pitch, tied)
    return sorted(highest.values())


def our_lines(content):
    document = read_document(kern_tree(content)[0])
    for part in range(len(document.names)):
        lines = document.lines_of(part)
        yield top_line((n.start, n.pitch, n.tied) for line in lines for n in line.notes)


def their_lines(content):
    from music21.converter.subConverters import ConverterHumdrum

    converter = ConverterHumdrum()
    converter.parseData(content.decode("utf-8"))
    for part in converter.stream.parts:
        events = []
        for note in part.recurse().notes:
            if note.quarterLength:
                top = max(note.notes if note.isChord else [note], key=lambda n: n.pitch.ps)
                tied = top.tie is not None and top.tie.type in ("stop", "continue")
                events.append((Fraction(note.getOffsetInHierarchy(part)), top.pitch.midi, tied))
        yield top_line(events)


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")
def test_pitches_and_onsets_are_those_that_music21_finds(path):
    content = path.read_bytes()
    ours, theirs = list(our_lines(content)), list(their_lines(content))
    assert len(ours) == len(theirs)
    assert ours == theirs
