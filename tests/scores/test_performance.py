"""Tempo, articulation and loudness of passages, as sound and MIDI play them."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from bachbot import load_score, render
from bachbot.errors import UsageError
from bachbot.scores import soundings
from bachbot.scores.performance import Passage, Performance
from bachbot.scores.sound.audio import RATE, synthesize
from bachbot.scores.sound.mixing import loudness
from bachbot.scores.sound.timing import perform, tempo_map

_SCALE = b"X:1\nT:Scale\nL:1/4\nK:C\ncdef|gagf|edcB|c4|"


@pytest.fixture(scope="module")
def scale():
    return load_score(_SCALE)


def test_a_performance_of_one_passage_is_the_tempo(scale):
    notes = soundings(scale)
    assert perform(notes, tempo=Performance((Passage(90),))) == perform(notes, tempo=90)


def test_a_passage_begins_when_the_one_before_has_lasted_its_time(scale):
    # Four quarters at 60, then eight at 120, then the end.
    plan = Performance((Passage(60), Passage(120, Fraction(4))))
    notes = perform(soundings(scale), tempo=plan)
    assert [n.start for n in notes[:6]] == pytest.approx([0, 1, 2, 3, 4, 4.5])
    assert tempo_map(soundings(scale), plan).at([4, 6]) == pytest.approx([4, 5])


def test_detached_notes_sound_their_share(scale):
    plan = Performance((Passage(60, legato=0.5),))
    first = perform(soundings(scale), tempo=plan)[0]
    assert first.stop - first.start == pytest.approx(0.5)


@pytest.mark.slow
def test_a_softer_passage_sounds_softer_by_its_decibels(scale):
    notes = soundings(scale)
    usual = loudness(synthesize(notes, tempo=120), RATE)
    soft = loudness(synthesize(notes, tempo=Performance((Passage(120, loudness=-8),))), RATE)
    assert soft == pytest.approx(usual - 8, abs=0.1)
    plan = Performance((Passage(120), Passage(120, Fraction(8), loudness=-12)))
    both = synthesize(notes, tempo=plan)
    loud, low = (
        np.sqrt((part**2).mean()) for part in (both[RATE : 3 * RATE], both[5 * RATE : 6 * RATE])
    )
    assert 20 * np.log10(loud / low) == pytest.approx(12, abs=3)


def test_midi_has_tempos_velocities_and_shorter_notes(scale):
    import io

    import mido

    plan = Performance((Passage(60, legato=0.5), Passage(120, Fraction(4), loudness=-6)))
    content = render(replace(scale, performance=plan), "midi")
    file = mido.MidiFile(file=io.BytesIO(content))
    tempos = [m.tempo for m in file.tracks[0] if m.type == "set_tempo"]
    assert tempos == [1_000_000, 500_000]
    notes = [m for m in file.tracks[1] if m.type in ("note_on", "note_off")]
    assert notes[1].time == 240
    velocities = [m.velocity for m in notes if m.type == "note_on"]
    assert velocities[0] == 80
    assert velocities[4] == round(80 * 10 ** (-6 / 40))


@pytest.mark.parametrize(
    "wrong", [{"tempo": 5}, {"tempo": float("nan")}, {"legato": 0}, {"loudness": 3}]
)
def test_a_passage_that_cannot_be_played_is_refused(wrong):
    with pytest.raises(UsageError, match="give"):
        Passage(**wrong)


def test_passages_are_in_order():
    with pytest.raises(UsageError, match="give the first at 0"):
        Performance((Passage(60, Fraction(1)),))
    with pytest.raises(UsageError, match="after the one before"):
        Performance((Passage(60), Passage(60, Fraction(2)), Passage(60, Fraction(2))))
