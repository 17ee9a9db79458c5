"""Section starts, fermatas and accidentals of a score, from its file to its page."""

import pytest
from tunes import note, tune

from bachbot import Engine
from bachbot.chorale import Voice
from bachbot.scores import load_score, section_starts

BAR = note("C5", 16, "whole")
FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'
BACKWARD = '<barline location="right"><repeat direction="backward"/></barline>'


def ending(number, kind, location, inner=""):
    return (
        f'<barline location="{location}"><ending number="{number}" type="{kind}"/>{inner}</barline>'
    )


REPEATED = tune(
    BAR,
    FORWARD + BAR,
    ending(1, "start", "left") + BAR + ending(1, "stop", "right", '<repeat direction="backward"/>'),
    ending(2, "start", "left") + BAR + ending(2, "stop", "right"),
    BAR + BACKWARD,
    BAR,
    BAR,
)


def test_section_starts_are_the_bars_after_repeats_and_at_endings(tmp_path):
    (tmp_path / "a.musicxml").write_text(REPEATED, encoding="utf-8")
    score = load_score(tmp_path / "a.musicxml")
    assert section_starts(score) == [16 * bar for bar in (1, 2, 3, 4, 5)]


@pytest.mark.slow
def test_no_harmonized_voice_ties_into_a_section_start(tmp_path):
    (tmp_path / "a.musicxml").write_text(REPEATED, encoding="utf-8")
    score = load_score(tmp_path / "a.musicxml")
    [found] = Engine.load().harmonize(score)
    for frame in section_starts(score):
        assert found.score.chorale.onset[frame, 1:].all()


def test_a_change_of_key_is_noticed(tmp_path):
    change = "<attributes><key><fifths>-4</fifths></key></attributes>"
    (tmp_path / "a.musicxml").write_text(tune(BAR, BAR, change + BAR), encoding="utf-8")
    [notice] = load_score(tmp_path / "a.musicxml").notices
    assert "changes at bar 3, beat 1" in notice.message


@pytest.mark.slow
def test_fermatas_of_a_given_bass_apply_to_all_voices(tmp_path):
    marked = BAR.replace("</note>", "<notations><fermata/></notations></note>")
    low = tune(BAR, marked, BAR).replace("<octave>5", "<octave>3")
    (tmp_path / "a.musicxml").write_text(low, encoding="utf-8")
    score = load_score(tmp_path / "a.musicxml", voices=[Voice.BASS])
    [found] = Engine.load().harmonize(score, given=[Voice.BASS])
    assert found.score.chorale.fermata.tolist() == [False] * 16 + [True] * 16 + [False] * 16
