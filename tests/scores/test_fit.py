"""Tunes and choirs: where a tune goes so that the singers can sing it, and what is said of it."""

import re

import numpy as np
import pytest

from bachbot.chorale import Choir, Key, Voice, VoiceRanges
from bachbot.errors import UsageError
from bachbot.scores import load_score
from bachbot.scores.readers.fit import fit
from bachbot.scores.readers.placement import Transposition

HIGH = b"X:1\nT:High\nL:1/4\nM:4/4\nK:D\nDFAd|dcAB|AFAd|edcA|BAGE|D4|\n"
LOW_CHOIR = Choir(VoiceRanges(soprano=(60, 74)))


def pitches(score):
    return score.chorale.pitch[:, Voice.SOPRANO]


def said(score, kind):
    return [notice.message for notice in score.notices if notice.kind == kind]


def test_a_tune_that_fits_bach_but_not_the_choir_is_moved():
    assert said(load_score(HIGH), "transposed") == []
    found = load_score(HIGH, choir=LOW_CHOIR)
    assert pitches(found).max() <= 74
    assert pitches(found).min() >= 60
    assert "highest note is D5" in said(found, "transposed")[0]


def test_a_given_note_outside_stays_and_is_said():
    found = load_score(HIGH, choir=LOW_CHOIR, transpose="no")
    assert (pitches(found) == pitches(load_score(HIGH))).all()
    assert "outside a choir soprano's range, C4 to D5" in said(found, "range")[0]
    assert "another octave" not in said(found, "range")[0]


def test_best_says_why_with_figures():
    found = load_score(HIGH, choir=LOW_CHOIR, transpose="best")
    [why] = said(found, "transposed")
    assert re.search(
        r"where tune and choir fit best: about \d+% of the notes .*; the tune goes from [A-G].*\d "
        r"to [A-G].*\d; (no|\d) accidentals? in the key signature$",
        why,
    )
    assert pitches(found).max() <= 74


def test_best_is_at_least_as_comfortable_as_every_other_key():
    choir = Choir(VoiceRanges(soprano=(60, 74), tenor=(50, 62)))
    best = load_score(HIGH, choir=choir, transpose="best")
    found = comfort(best, choir)
    others = [comfort(load_score(HIGH, transpose=f"{n:+d}"), choir) for n in range(-11, 12) if n]
    assert found.outside <= min(one.outside for one in others)
    rivals = [one for one in others if one.outside <= found.outside]
    # Fewer accidentals and a smaller move may cost a little comfort.
    assert found.comfortable >= max(one.comfortable for one in rivals) - 0.2


def comfort(score, choir):
    onsets = score.chorale.onset[:, Voice.SOPRANO]
    counts = np.bincount(pitches(score)[onsets], minlength=128)
    return fit({Voice.SOPRANO: counts}, {Voice.SOPRANO: 0}, choir.ranges)


def test_a_key_that_the_choir_prefers_wins_where_both_fit():
    plain = load_score(HIGH, transpose="best").chorale.key
    other = Key("Eb", "major") if plain != Key("Eb", "major") else Key("E", "major")
    liked = load_score(HIGH, choir=Choir(keys=(other,)), transpose="best")
    assert liked.chorale.key == other


def test_a_tune_that_lies_well_stays():
    tune = b"X:1\nT:Here\nL:1/4\nM:4/4\nK:F\nFGAc|cBAG|ABcd|cAF2|\n"
    found = load_score(tune, transpose="best")
    assert found.chorale.key == Key("F", "major")
    assert "stays in F major" in said(found, "transposed")[0]


def test_known_fits():
    counts = np.zeros(128, dtype=np.int64)
    counts[[60, 70]] = 3, 1
    ranges = VoiceRanges(soprano=(62, 74))
    found = fit({Voice.SOPRANO: counts}, {Voice.SOPRANO: 0}, ranges)
    moved = fit({Voice.SOPRANO: counts}, {Voice.SOPRANO: 4}, ranges)
    # Three of four sopranos' notes are below D4, and none of four voices' after the move.
    assert found.outside >= 3 / 4 / 4
    assert moved.outside < found.outside
    assert 0 <= found.comfortable <= 1


def test_nothing_else_says_how_to_move():
    assert Transposition.parse("best").kind == "best"
    with pytest.raises(UsageError, match="auto, best, no"):
        Transposition.parse("better")
