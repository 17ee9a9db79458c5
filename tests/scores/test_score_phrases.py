"""Phrase ends of scores: words, breath marks, and places that a user gives."""

from dataclasses import replace

import numpy as np
import pytest
from tunes import note, tune

from bachbot.chorale.place import place_text
from bachbot.errors import UsageError
from bachbot.scores import load_score
from bachbot.scores.bars import frame_bar_numbers
from bachbot.scores.phrases import phrase_ends_of, predicted_places, word_scores
from bachbot.theory.explanation import explain

BREATH = "<notations><articulations><breath-mark/></articulations></notations>"


def sung(text, syllabic="single", more=""):
    return f"<lyric><syllabic>{syllabic}</syllabic><text>{text}</text>{more}</lyric>"


@pytest.fixture
def load(tmp_path):
    def load(*bars):
        path = tmp_path / "tune.musicxml"
        path.write_text(tune(*bars), encoding="utf-8")
        return load_score(path)

    return load


def line(*extras, pitch="G4"):
    return "".join(note(pitch, extra=extra) for extra in extras)


def test_words_and_breath_marks(load):
    score = load(
        line(sung("Si", "begin"), sung("lent", "end"), sung("night,"), sung("ho")),
        line(sung("ly.", more="<extend/>"), "", sung("All"), BREATH),
    )
    said = word_scores(score)
    assert np.flatnonzero(said).tolist() == [0, 8, 16, 20, 28]
    assert said[0] < 0 < said[8] < said[20] < said[28]
    assert said[16] < 0  # the syllable goes on over the note that has none of its own


def test_a_line_of_the_words_may_end_without_punctuation(load):
    said = word_scores(load(line(sung("one", more="<end-line/>"), sung("two"), "", "")))
    assert said[0] > 0


def test_a_breath_mark_ends_a_phrase(load):
    plain = load(*[line("", "", "", "")] * 4)
    marked = load(line("", "", "", ""), line(BREATH, "", "", ""), *[line("", "", "", "")] * 2)
    assert 19 not in phrase_ends_of(plain)
    assert 19 in phrase_ends_of(marked)


def test_fermatas_say_where_phrases_end(load):
    fermata = "<notations><fermata/></notations>"
    assert phrase_ends_of(load(line("", "", "", fermata))) is None


@pytest.mark.parametrize(
    ("text", "frames"),
    [("1", (12,)), ("1,2.3", (12, 24)), ("2.3 1.2", (4, 24)), ("2.2.5", (22,)), ("none", None)],
)
def test_places_that_a_user_gives(load, text, frames):
    score = load(line("", "", "", ""), line("", "", "", ""))
    assert phrase_ends_of(score, text) == frames


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("x", "'x' is not a phrase end: give a bar, or bar.beat such as 12.3"),
        ("9", "the score has no bar 9: give bars from 1 to 2"),
        ("1.9", "bar 1 has no note on beat 9"),
    ],
)
def test_bad_places(load, text, message):
    score = load(line("", "", "", ""), line("", "", "", ""))
    with pytest.raises(UsageError, match=message):
        phrase_ends_of(score, text)


@pytest.mark.parametrize(
    ("text", "frame"), [("1.2", 6), ("1.1.67", 4), ("1.2.33", 8), ("2.1", 12), ("1.1.3", 2)]
)
def test_beats_of_six_eight_are_dotted(text, frame):
    score = load_score(b"X:1\nM:6/8\nL:1/8\nK:C\nGAG cBA|GFE D3|\n", format="abc")
    assert phrase_ends_of(score, text) == (frame,)


def test_a_notice_counts_the_beats_of_six_eight_in_the_same_way():
    score = load_score(b"X:1\nM:6/8\nL:1/8\nK:C\nGAG c'BA|GFE D3|\n", format="abc", transpose="no")
    assert "(C6 in bar 1, beat 2)" in str(score.notices[0])


def test_places_that_explain_prints_are_places_of_phrases():
    # Bars that begin with 5, as in an excerpt, and eighths in 6/8.
    bar = "".join(note(pitch, 2, "eighth") for pitch in ("C5", "D5", "E5", "F5", "D5", "E5"))
    page = tune(bar, bar).replace("<beats>4</beats><beat-type>4", "<beats>6</beats><beat-type>8")
    page = page.replace('number="2"', 'number="6"').replace('number="1"', 'number="5"')
    score = load_score(page.encode())
    pitch = score.chorale.pitch[:, :1] - np.array([0, 5, 12, 24], dtype=np.int16)
    found = explain(replace(score.chorale, pitch=pitch), (), frame_bar_numbers(score))
    assert {found.position(frame)[0] for frame in range(24)} == {5, 6}
    assert {fault.bar for fault in found.faults} <= {5, 6}
    for frame in range(0, 24, 2):
        assert phrase_ends_of(score, place_text(*found.position(frame))) == (frame,)


TWINKLE = b"X:1\nL:1/4\nM:4/4\nK:C\nCCGG|AAG2|FFEE|DDC2|GGFF|EED2|GGFF|EED2|CCGG|AAG2|FFEE|DDC2|]\n"


def test_predicted_phrase_ends_are_said_in_one_line():
    score = load_score(TWINKLE, format="abc")
    assert predicted_places(score) == (
        "no fermatas: phrases are taken to end in bars 2, 4, 6, 8, 10, 12; set them with --phrases"
    )


@pytest.mark.parametrize(
    "music",
    [
        TWINKLE,
        b"X:1\nL:1/4\nM:3/4\nK:G\nD|G2B|A2F|G3|z2D|G2B|d2c|B3-|B2 z|]\n",
        b"X:1\nL:1/8\nM:6/8\nK:D\nA|d2d def|e3 A2 A|e2e efg|f3- f2||A|d2d faf|gfe fed|d5|]\n",
    ],
)
def test_the_places_that_are_said_set_the_same_phrase_ends(music):
    score = load_score(music, format="abc")
    listed = predicted_places(score).partition(" in bar")[2].lstrip("s ").partition(";")[0]
    starts = np.flatnonzero(~score.chorale.tied[:, 0])

    def notes(frames):
        return np.searchsorted(starts, frames, side="right").tolist()

    assert notes(phrase_ends_of(score, listed)) == notes(phrase_ends_of(score))


def test_fermatas_leave_nothing_to_say():
    assert predicted_places(load_score(b"X:1\nL:1/4\nK:C\nCDEHC|]\n", format="abc")) is None
