"""Metronome marks that bachbot writes count the beats of the meter; `sound` is what is heard."""

from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest

from bachbot import Voice, load_score, load_sheet, render
from bachbot.chorale import Meter
from bachbot.scores import complete
from bachbot.scores.musicxml.directions import TempoMark
from bachbot.scores.musicxml.metronome import metronome


def mark_of(root):
    """Unit with its dots, and the number, of the first mark."""
    found = root.find(".//metronome")
    dots = "." * len(found.findall("beat-unit-dot"))
    return found.findtext("beat-unit") + dots, found.findtext("per-minute")


@pytest.mark.parametrize(
    ("meter", "unit", "number"),
    [
        ("4/4", "quarter", "84"),
        ("3/4", "quarter", "84"),
        ("2/2", "half", "42"),
        ("3/2", "half", "42"),
        ("3/8", "eighth", "168"),
        ("6/8", "quarter.", "56"),
        ("9/8", "quarter.", "56"),
        ("12/8", "quarter.", "56"),
    ],
)
def test_the_beat_of_the_meter_is_counted(meter, unit, number):
    wrap = ElementTree.Element("score")
    wrap.extend(TempoMark("Serene", 84.0, Meter.parse(meter)).elements())
    assert mark_of(wrap) == (unit, number)
    assert wrap.find(".//sound").get("tempo") == "84"


def test_a_beat_that_no_note_has_is_counted_in_quarters():
    mark = metronome(60, Fraction(5, 2))
    assert (mark.findtext("beat-unit"), mark.findtext("per-minute")) == ("quarter", "60")


JIG = "X:1\nT:Jig\nM:6/8\nL:1/8\nQ:3/8=62\nK:C\nc2e g2e|c6|]\n"


def test_a_tune_in_six_eight_is_marked_in_dotted_quarters_and_heard_as_before():
    sheet = load_sheet(JIG.encode(), format="abc")
    assert mark_of(sheet.document.root) == ("quarter.", "62")
    assert sheet.tempo == 93
    midi = load_sheet(render(sheet, "midi"), format="midi")
    assert mark_of(midi.document.root) == ("quarter.", "62")
    assert midi.tempo == pytest.approx(93, abs=0.01)


def test_a_kept_tempo_is_marked_in_the_beat_of_its_bar():
    two = JIG.replace("K:C\n", "K:C\nV:1 name=Flute\n") + "V:2 name=Soprano\nc2e g2e|c6|]\n"
    score = load_score(two.encode(), format="abc")
    for part in score.document.root.findall("part")[1:]:
        assert part.find(".//metronome") is None
    pitch = np.repeat(score.chorale.pitch[:, :1], 4, axis=1) - [0, 12, 16, 24]
    tied = np.repeat(score.chorale.tied[:, :1], 4, axis=1)
    page = complete(score, replace(score.chorale, pitch=pitch, tied=tied), [Voice.SOPRANO])
    assert mark_of(page.document.root) == ("quarter.", "62")
    assert page.tempo == score.tempo == 93
