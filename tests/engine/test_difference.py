"""In what two scores differ, by known answers."""

import json
from dataclasses import replace

import numpy as np
import pytest

import bachbot
from bachbot.chorale import VOICES, Voice
from bachbot.cli import main
from bachbot.engine.difference import number_words

FOUR = """X:1
T:Four
M:4/4
L:1/4
K:C
V:S
c d e f|g2 e2|f e d c|c4|
V:A
G G G A|G2 G2|A G G G|G4|
V:T
E D C C|B,2 C2|C C B, E|E4|
V:B
C, B,, C, F,|G,2 C,2|F,, C, G,, C,|C,4|
"""
OTHER = FOUR.replace("G,2 C,2|F,, C, G,, C,", "G,2 C,/2C,/4D,/4 C,|F,, C, G,, A,,").replace(
    "G G G A|", "G G G- G|"
)


def load(text, voices=VOICES):
    return bachbot.load_score(text.encode(), voices=voices, transpose="no")


def test_a_score_does_not_differ_from_itself():
    found = bachbot.diff(load(FOUR), load(FOUR))
    assert str(found) == "the same notes"
    assert found.changes == found.cadences == found.faults_gone == found.faults_new == ()


def test_bars_and_voices_that_differ():
    found = bachbot.diff(load(FOUR), load(OTHER))
    assert found.bars == 4
    assert found.changed_bars == (1, 2, 3)
    assert found.by_voice == {Voice.ALTO: 1, Voice.BASS: 2}
    notes = [(c.bar, c.voice, c.before, c.now) for c in found.changes]
    assert notes == [
        (1, Voice.ALTO, "G4 G4 G4 A4", "G4 G4 G4x2"),
        (2, Voice.BASS, "G3x2 C3x2", "G3x2 C3/2 C3/4 D3/4 C3"),
        (3, Voice.BASS, "F2 C3 G2 C3", "F2 C3 G2 A2"),
    ]
    assert str(found).startswith("3 of 4 bars differ (bars 1-3; alto in 1, bass in 2)")


def test_the_other_way_round_everything_is_reversed():
    one, other = bachbot.diff(load(FOUR), load(OTHER)), bachbot.diff(load(OTHER), load(FOUR))
    assert [(c.before, c.now) for c in one.changes] == [(c.now, c.before) for c in other.changes]
    assert one.faults_gone == other.faults_new
    assert [(c.before, c.now) for c in one.cadences] == [(c.now, c.before) for c in other.cadences]


def test_a_transposed_score_is_known_as_one():
    score = load(FOUR)
    moved = bachbot.load_score(FOUR.encode(), voices=VOICES, transpose="+2")
    assert bachbot.diff(score, moved).transposition == 2
    assert str(bachbot.diff(score, moved)) == "the same music, moved by +2 semitones"


def test_parallel_fifths_that_come_are_faults_of_the_second():
    score = load(FOUR)
    pitch = np.array(score.chorale.pitch)
    pitch[0:4, 2], pitch[4:8, 2] = 53, 55  # F3 G3 under C5 D5: the soprano's fifths
    tied = np.array(score.chorale.tied)
    worse = replace(score, chorale=replace(score.chorale, pitch=pitch, tied=tied))
    found = bachbot.diff(score, worse)
    assert "parallel fifths" in {fault.rule for fault in found.faults_new}
    assert "parallel fifths" in str(found)
    assert "parallel fifths" in {fault.rule for fault in bachbot.diff(worse, score).faults_gone}


def test_a_cadence_that_is_lost_is_said():
    deceptive = FOUR.replace("C,4|", "A,,4|")
    found = bachbot.diff(load(FOUR), load(deceptive))
    last = found.cadences[-1]
    assert last.bar == 4
    assert last.before != last.now
    assert "in C major" in last.before


def test_a_longer_score_has_bars_that_the_other_lacks():
    longer = FOUR.replace("c4|", "c4|c4|").replace("\nG G G A|", "\nG G G A|").replace(
        "G4|", "G4|G4|").replace("E4|", "E4|E4|").replace("C,4|", "C,4|C,4|")  # fmt: skip
    found = bachbot.diff(load(FOUR), load(longer))
    assert found.bars == 5
    assert {c.voice for c in found.changes} == set(VOICES)
    assert {c.bar for c in found.changes} == {5}
    assert {c.before for c in found.changes} == {""}


FERMATAS = FOUR.replace("g2 e2|f", "Hg2 e2|f").replace("c4|", "Hc4|")
"""With a fermata in the middle of a bar, where nobody would hear a phrase end without it."""


def as_midi(score):
    return bachbot.load_score(bachbot.render(score, "midi"), voices=VOICES, transpose="no")


@pytest.mark.parametrize("text", [FOUR, FERMATAS, FOUR.replace("c d e f", "f d e c")])
def test_a_score_differs_from_its_midi_in_fermatas_at_most(text):
    score = load(text)
    for found in (bachbot.diff(score, as_midi(score)), bachbot.diff(as_midi(score), score)):
        assert found.changes == found.cadences == found.faults_gone == found.faults_new == ()
        assert str(found).startswith("the same notes")
    assert ("no fermatas" in str(found)) == bool(found.phrases)


def test_it_is_said_whose_fermatas_count_where_that_matters():
    score, plain = load(FERMATAS), load(FOUR)
    heard = bachbot.Summary(plain).explanation.phrase_cadences
    assert [c.end for c in heard] != [
        c.end for c in bachbot.Summary(score).explanation.phrase_cadences
    ]
    remark = "the second has no fermatas, so its phrases are taken to end as those of the first"
    assert str(bachbot.diff(score, plain)) == f"the same notes; {remark}"
    other = bachbot.diff(load(OTHER), score)
    assert other.phrases.startswith("the first has no fermatas")
    assert str(other).endswith(other.phrases)
    assert str(other).count("fermatas") == 1
    # Fermatas in other places are a difference of the music.
    elsewhere = load(FOUR.replace("f e d c|", "f e Hd c|").replace("c4|", "Hc4|"))
    assert {c.bar for c in bachbot.diff(score, elsewhere).cadences} >= {2, 3}
    assert not bachbot.diff(score, elsewhere).phrases


def test_bars_are_matched_by_time_where_their_numbers_are_shifted():
    score = load(FOUR)
    later = bachbot.render(score, "musicxml").replace(b'number="3"', b'number="5"')
    later = later.replace(b'number="4"', b'number="6"')
    moved = bachbot.load_score(later, voices=VOICES, transpose="no")
    assert not bachbot.diff(score, moved).changes
    found = bachbot.diff(load(OTHER), moved)
    assert [(c.bar, c.voice) for c in found.changes] == [
        (1, Voice.ALTO), (2, Voice.BASS), (3, Voice.BASS)
    ]  # fmt: skip


def test_words_count_for_both_if_one_of_two_tunes_has_them():
    words = FOUR.replace("c4|\n", "c4|\nw: one two three four five. Six se-ven eight nine ten\n", 1)
    score, plain = load(words), load(FOUR)
    assert str(bachbot.diff(score, plain)) == str(bachbot.diff(plain, score)) == "the same notes"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [([4], "bar 4"), ([1, 2, 3, 5], "bars 1-3, 5"), ([1, 3], "bars 1, 3"), ([7, 8], "bars 7-8")],
)
def test_runs_of_bars(numbers, words):
    assert number_words(numbers) == words


@pytest.mark.slow
def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.abc").write_text(FOUR)
    (tmp_path / "b.abc").write_text(OTHER)
    assert main(["diff", "a.abc", "b.abc"]) == 0
    said = capsys.readouterr().out
    assert "F2 C3 G2 A2" in said
    assert said.splitlines()[-1].startswith("a.abc and b.abc: 3 of 4 bars differ")
    assert main(["diff", "a.abc", "b.abc", "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["changed_bars"] == [1, 2, 3]
    assert main(["diff", "-", "-"]) == 2
    assert "give at least one file" in capsys.readouterr().err


def test_tunes_alone_are_compared_by_their_sopranos(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.abc").write_text("X:1\nL:1/4\nM:4/4\nK:C\nc d e f|g4|\n")
    (tmp_path / "b.abc").write_text("X:1\nL:1/4\nM:4/4\nK:C\nc d e f|e4|\n")
    assert main(["diff", "a.abc", "b.abc"]) == 0
    assert "1 of 2 bars differ (bar 2; soprano in 1)" in capsys.readouterr().out
