"""Single notes get other pitches, and nothing else on the page changes."""

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from pieces import bach

from bachbot.chorale import Voice
from bachbot.errors import UsageError
from bachbot.scores import load_any_score, render
from bachbot.scores.musicxml.fault_marks import Mark, add_marks
from bachbot.scores.musicxml.repitch import repitch
from bachbot.scores.pitch import spell


def other(score, voice, note, up):
    """The chorale with one note of a voice moved, and its names."""
    chorale = score.chorale
    start = int(np.flatnonzero(chorale.onset[:, voice])[note])
    stop = start + 1
    while stop < chorale.frames and chorale.tied[stop, voice]:
        stop += 1
    pitch = chorale.pitch.copy()
    pitch[start:stop, voice] += up
    new = replace(chorale, pitch=pitch)
    return new, spell(new)


def elements(score):
    return [ElementTree.tostring(note) for note in score.document.root.iter("note")]


@pytest.mark.slow
@pytest.mark.parametrize("voice", [Voice.ALTO, Voice.BASS])
@pytest.mark.parametrize("up", [-12, -1, 2])
def test_one_note(voice, up):
    score = bach("bwv269")
    chorale, names = other(score, voice, 7, up)
    new = repitch(score, chorale, names)
    read = load_any_score(render(new, "musicxml"), format="musicxml")
    assert np.array_equal(read.chorale.pitch, chorale.pitch)
    assert np.array_equal(read.chorale.tied, score.chorale.tied)
    before, after = elements(score), elements(new)
    assert len(before) == len(after)
    # The note, and at most the notes of its bar that need an accidental now.
    assert 1 <= sum(a != b for a, b in zip(before, after, strict=True)) <= 3
    assert elements(bach("bwv269")) == before


def test_nothing_to_change_and_another_rhythm():
    score = bach("bwv269")
    assert repitch(score, score.chorale, spell(score.chorale)) is score
    tied = score.chorale.tied.copy()
    tied[:] = False
    with pytest.raises(UsageError, match="another rhythm"):
        repitch(score, replace(score.chorale, tied=tied), spell(score.chorale))


def test_marks_color_the_notes_that_sound_there():
    score = bach("bwv269")
    frame = int(np.flatnonzero(score.chorale.onset[:, 2])[5])
    pitch = int(score.chorale.pitch[frame, 2])
    marked = add_marks(score, [Mark(frame, ((Voice.TENOR, pitch),), (), "here", "#C00000")] * 2)
    part = marked.document.root.findall("part")[score.lines[Voice.TENOR].part]
    colored = [n for n in marked.document.root.iter("note") if n.get("color")]
    assert len(colored) == 1
    assert colored[0] in list(part.iter("note"))
    assert [w.text for w in part.iter("words") if w.get("color")] == ["here"]
    assert not any(n.get("color") for n in score.document.root.iter("note"))
