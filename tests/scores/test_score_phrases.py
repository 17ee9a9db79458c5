"""Phrase ends of scores: words, breath marks, and places that a user gives."""

import numpy as np
import pytest
from tunes import note, tune

from bachbot.errors import UsageError
from bachbot.scores import load_score
from bachbot.scores.phrases import phrase_ends_of, word_scores

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
