"""Whatever voices a score has: missing ones, keyboard chords, five parts, other octaves."""

import pytest
from tunes import SCALE, note, tune

from bachbot.chorale import VOICES
from bachbot.errors import ScoreError
from bachbot.scores import load_any_score, load_score

S, A, T, B = VOICES


def abc(body, *voices):
    heads = "".join(f'V:{v} name="{name}"\n' for v, name in voices)
    return load_any_score(f"X:1\nM:4/4\nL:1/1\nK:C\n{heads}{body}".encode(), format="abc")


def found(score):
    return {v: score.chorale.pitch[::16, v].tolist() for v in score.present}


def findings(score):
    kinds = ("missing voices", "shared chords")
    return [notice.message for notice in score.notices if notice.kind in kinds]


def test_four_voices_are_read_as_ever():
    body = "[V:1]c|]\n[V:2]G|]\n[V:3]E|]\n[V:4]C,|]\n"
    score = abc(body, (1, "Soprano"), (2, "Alto"), (3, "Tenor"), (4, "Bass"))
    assert found(score) == {S: [72], A: [67], T: [64], B: [48]}
    assert not findings(score)


def test_one_voice():
    score = load_any_score(SCALE.encode(), format="musicxml")
    assert score.present == (S,)
    assert findings(score) == ["it has no alto, tenor and bass: what needs them is not judged"]


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (("Soprano", "Tenor", "Bass"), {S: [72], T: [60], B: [48]}),
        (("Soprano", "Alto", "Bass"), {S: [72], A: [60], B: [48]}),
        (("", "", ""), {S: [72], T: [60], B: [48]}),
    ],
)
def test_three_voices(names, wanted):
    body = "[V:1]c|]\n[V:2]C|]\n[V:3]C,|]\n"
    score = abc(body, *zip((1, 2, 3), names, strict=True))
    assert found(score) == wanted
    [finding] = findings(score)
    [lacking] = [v.label for v in VOICES if v not in wanted]
    assert finding == f"it has no {lacking}: what needs it is not judged"


def test_five_voices():
    body = "[V:1]g|]\n[V:2]e|]\n[V:3]c|]\n[V:4]G|]\n[V:5]C,|]\n"
    score = abc(body, *((i, f"Part {i}") for i in range(1, 6)))
    assert found(score)[S] == [79]
    assert found(score)[B] == [48]
    assert score.present == VOICES
    assert findings(score) == ["it has 5 voices: four are judged, one is not (Part 4)"]


def test_chords_of_four_on_one_staff():
    score = abc("[C,EGc]|[G,DGB]|[A,CEA]|]\n", (1, "Piano"))
    assert found(score) == {S: [72, 71, 69], A: [67, 67, 64], T: [64, 62, 60], B: [48, 55, 57]}
    assert "read as voices" in findings(score)[0]


def test_three_notes_over_a_bass_and_a_chord_of_three():
    body = "[V:1][EGc]|[DGB]|[Ec]|]\n[V:2]C,|G,,|C,|]\n"
    score = abc(body, (1, "Right"), (2, "Left"))
    pitches = found(score)
    assert pitches[S] == [72, 71, 72]
    assert pitches[B] == [48, 43, 48]
    assert sorted(p[-1] for v, p in pitches.items() if v in (A, T)) == [-1, 64]


def test_more_than_four_notes_of_a_chord():
    score = abc("[C,EGce]|[C,EGce]|]\n", (1, "Piano"))
    assert found(score)[S] == [76, 76]
    assert found(score)[B] == [48, 48]
    assert any("more than four voices can sing" in line for line in findings(score))


def test_a_voice_stays_in_its_octave():
    body = "[V:1]c|]\n[V:2]G|]\n[V:3]e|]\n[V:4]C,|]\n"
    voices = ((1, "Soprano"), (2, "Alto"), (3, "Tenor"), (4, "Bass"))
    assert found(abc(body, *voices))[T] == [76]


def test_what_is_refused():
    with pytest.raises(ScoreError, match="rest"):
        load_any_score(tune(note(None, 16, "whole")).encode(), format="musicxml")
    with pytest.raises(ScoreError, match="this needs four"):
        load_score(SCALE.encode(), format="musicxml", voices=VOICES)
