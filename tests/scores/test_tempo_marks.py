"""A page is played at the tempos that it names, whatever its format."""

import io
import re
from dataclasses import replace
from fractions import Fraction

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunes import note, tune

from bachbot import Layout, Voice, load_score, load_sheet, render
from bachbot.scores import complete
from bachbot.scores.performance import Passage, Performance
from bachbot.scores.practice import PracticeOptions, practice
from bachbot.scores.sheet import performance_of
from bachbot.scores.sound.audio import RATE

FOUR = "".join(note(pitch, 4) for pitch in ("C5", "D5", "E5", "F5"))


def direction(content):
    return f"<direction>{content}</direction>"


def metronome(unit, number, dots=0):
    dot = "<beat-unit-dot/>" * dots
    return direction(
        f"<direction-type><metronome><beat-unit>{unit}</beat-unit>{dot}"
        f"<per-minute>{number}</per-minute></metronome></direction-type>"
    )


def page(*bars):
    return load_sheet(tune(*bars).encode())


def tempos(sheet):
    return [(one.start, one.tempo) for one in sheet.document.tempos]


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ('<sound tempo="96"/>', 96),
        (direction('<sound tempo="63.5"/>'), 63.5),
        (metronome("half", "60"), 120),
        (metronome("quarter", "40", dots=1), 60),
        (metronome("eighth", "c. 120-132"), 60),
        (metronome("half", "60").replace("</direction>", '<sound tempo="80"/></direction>'), 80),
    ],
)
def test_a_mark_says_quarter_notes_per_minute(mark, expected):
    sheet = page(mark + FOUR)
    assert tempos(sheet) == [(0, expected)]
    assert sheet.tempo == expected
    assert mido_tempos(render(sheet, "midi")) == [(0, expected)]


@pytest.mark.parametrize(
    "mark",
    [
        '<sound tempo="0"/>',
        '<sound tempo="9999999999"/>',
        '<sound tempo="quick"/>',
        '<sound tempo="5"/>',
        metronome("maxima", "60"),
        metronome("quarter", ""),
        direction("<direction-type><words>Allegro</words></direction-type>"),
    ],
)
def test_what_cannot_be_played_is_passed_over(mark):
    sheet = page(mark + FOUR)
    assert tempos(sheet) == []
    assert performance_of(sheet) == 72


def test_marks_within_a_bar_stand_where_they_are_written():
    half = note("C5", 8, "half")
    sheet = page(
        half + '<sound tempo="60"/>' + half,  # the first mark holds from the beginning
        half + direction('<sound tempo="120"/>') + half,
    )
    assert tempos(sheet) == [(0, 60), (6, 120)]


def mido_tempos(content):
    now, found = 0, []
    file = mido.MidiFile(file=io.BytesIO(content))
    for message in file.tracks[0]:
        now += message.time
        if message.type == "set_tempo":
            found.append((Fraction(now, file.ticks_per_beat), round(6e7 / message.tempo, 1)))
    return found


ABC = "X:1\nT:Two tempos\nM:4/4\nL:1/4\nQ:1/4=90\nK:C\nCDEF|GABc|\nQ:1/2=60\ncBAG|FEDC|]\n"
KERN = "**kern\n*M4/4\n*MM90\n=1\n4c\n4d\n4e\n4f\n=2\n1g\n=3\n*MM120\n1c\n==\n*-\n"


@pytest.mark.parametrize(("content", "kind"), [(ABC, "abc"), (KERN, "kern")])
def test_abc_and_kern_change_their_tempo(content, kind):
    sheet = load_sheet(content.encode(), format=kind)
    assert tempos(sheet) == [(0, 90), (8, 120)]
    assert load_score(content.encode(), format=kind).tempo == 90


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(20, 300)), unique_by=lambda one: one[0], max_size=4
    )
)
def test_tempos_come_back_from_midi_and_from_musicxml(changes):
    bars = ["" for _ in range(8)]
    for bar, tempo in changes:
        bars[bar] = f'<sound tempo="{tempo}"/>'
    sheet = page(*(mark + FOUR for mark in bars))
    for format_ in ("midi", "musicxml"):
        again = load_sheet(render(sheet, format_))
        expected = tempos(sheet) or ([(0, 72)] if format_ == "midi" else [])
        assert tempos(again) == expected


def test_a_tempo_that_is_given_comes_before_the_page_and_a_performance_before_both():
    sheet = page('<sound tempo="100"/>' + FOUR)
    assert mido_tempos(render(sheet, "midi", layout=Layout(tempo=50))) == [(0, 50)]
    score = load_score(tune('<sound tempo="100"/>' + FOUR).encode())
    assert score.tempo == 100
    own = replace(score, performance=Performance((Passage(80),)))
    assert own.tempo == 80
    assert performance_of(own, 50) is own.performance


def test_practice_tracks_and_their_count_in_follow_the_page():
    slow, fast = (
        next(practice(page(f'<sound tempo="{tempo}"/>' + FOUR))).samples for tempo in (100, 200)
    )
    given_ = next(practice(page('<sound tempo="100"/>' + FOUR), PracticeOptions(tempo=200))).samples
    assert len(given_) == len(fast)
    reverberation = 1.2 * RATE
    assert (len(slow) - reverberation) / (len(fast) - reverberation) == pytest.approx(2, rel=0.01)


def test_only_the_first_tempo_of_a_midi_file_is_printed():
    sheet = page('<sound tempo="60"/>' + FOUR, '<sound tempo="90"/>' + FOUR)
    again = load_sheet(render(sheet, "midi"))
    assert len(again.document.root.findall(".//metronome")) == 1
    assert tempos(again) == [(0, 60), (4, 90)]


def test_tempos_of_a_part_that_is_not_kept_stand_above_the_new_page():
    quick = tune('<sound tempo="132"/>' + FOUR, FOUR, '<sound tempo="66"/>' + FOUR, name="Flute")
    slow = tune(FOUR, FOUR, FOUR, name="Soprano")
    part = re.search("<part .*</part>", slow)[0].replace("P1", "P2")
    listed = '<score-part id="P2"><part-name>Soprano</part-name></score-part></part-list>'
    both = quick.replace("</part-list>", listed).replace("</score-partwise>", "")
    score = load_score((both + part + "</score-partwise>").encode())
    pitch = np.repeat(score.chorale.pitch[:, :1], 4, axis=1) - [0, 12, 16, 24]
    tied = np.repeat(score.chorale.tied[:, :1], 4, axis=1)
    page = complete(score, replace(score.chorale, pitch=pitch, tied=tied), [Voice.SOPRANO])
    assert tempos(page) == [(0, 132), (8, 66)]
