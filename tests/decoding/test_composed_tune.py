import numpy as np
import pytest
from hypothesis import assume, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from toy_models import random_model

from bachbot.chorale import Meter, Voice
from bachbot.decoding import ComposeRequest, DecodingOptions, compose, compose_and_search
from bachbot.decoding.composed_tune import draw_phrase_lengths, harmonize_tunes, with_phrases
from bachbot.encoding import Vocabulary
from bachbot.errors import UsageError

WIDE = Vocabulary()
MODEL = random_model(WIDE, scale=0.7)
SAMPLE = DecodingOptions("sample", temperature=0.9)
METERS = st.sampled_from(
    [Meter(), Meter(3, 4), Meter(6, 8), Meter(2, 4), Meter(3, 2), Meter(4, 4, 4), Meter(3, 4, 4)]
)


@for_all(METERS, st.integers(1, 60), st.integers(0, 99))
def test_phrases_fill_the_piece(meter, bars, seed):
    lengths = draw_phrase_lengths(meter, bars, seed)
    assert sum(lengths) == bars
    assert min(lengths) >= 1
    assert lengths == draw_phrase_lengths(meter, bars, seed)


def test_most_phrases_are_as_long_as_in_the_chorales():
    four = [n for seed in range(60) for n in draw_phrase_lengths(Meter(), 16, seed)]
    three = [n for seed in range(60) for n in draw_phrase_lengths(Meter(3, 4), 16, seed)]
    assert 0.7 < four.count(2) / len(four) < 0.95
    assert 0.6 < three.count(4) / len(three) < 0.95


def test_a_phrase_ends_on_the_last_strong_beat():
    # Quarters: with a pickup of one, a phrase of two bars ends with the third beat.
    [note] = ComposeRequest(4, Meter(4, 4, 4), phrase_ends=(32,)).phrase_final_notes
    assert note == range(28, 32)
    [note] = ComposeRequest(4, Meter(), phrase_ends=(32,)).phrase_final_notes
    assert note == range(24, 32)
    [note] = ComposeRequest(8, Meter(3, 4), phrase_ends=(48,)).phrase_final_notes
    assert note == range(36, 48)
    [note] = ComposeRequest(8, Meter(3, 4, 4), phrase_ends=(48,)).phrase_final_notes
    assert note == range(40, 48)


def test_nothing_is_drawn_without_a_length_or_with_an_opening():
    assert with_phrases(ComposeRequest(), 1).phrase_ends == ()
    [first] = compose(MODEL, ComposeRequest(bars=2), SAMPLE)
    assert with_phrases(ComposeRequest(bars=8, prime=first.chorale), 1).phrase_ends == ()


@pytest.mark.parametrize("ends", [(0,), (64,), (16, 65)])
def test_a_phrase_that_ends_outside_the_piece(ends):
    with pytest.raises(UsageError, match=r"a phrase ends outside frames 1 to 63"):
        ComposeRequest(4, phrase_ends=ends)


@pytest.mark.slow
@settings(max_examples=4)
@for_all(METERS, st.integers(3, 4), st.integers(0, 99))
def test_fermatas_are_where_phrases_end(meter, bars, seed):
    request = with_phrases(ComposeRequest(bars, meter), seed)
    assume(request.phrase_ends)
    [found] = compose(MODEL, request, DecodingOptions("sample", seed=seed))
    music = found.chorale
    expected = np.zeros(music.frames, dtype=bool)
    for note in request.phrase_final_notes:
        expected[note.start : note.stop] = True
        assert music.onset[note.start, Voice.SOPRANO]
        assert not music.onset[note.start + 1 : note.stop, Voice.SOPRANO].any()
        assert music.onset[note.stop, Voice.SOPRANO]
    expected[request.final_chord :] = True
    assert np.array_equal(music.fermata, expected)


@pytest.mark.slow
def test_the_sampled_tune_and_its_first_chord_stay():
    request = with_phrases(ComposeRequest(3, mode="minor", transposed_by=-2), 5)
    sampled = compose(MODEL, request, SAMPLE)
    found = compose_and_search(MODEL, MODEL, request, SAMPLE)
    for before, after in zip(sampled, found, strict=True):
        a, b = before.chorale, after.chorale
        assert np.array_equal(a.pitch[:, Voice.SOPRANO], b.pitch[:, Voice.SOPRANO])
        assert np.array_equal(a.tied[:, Voice.SOPRANO], b.tied[:, Voice.SOPRANO])
        assert np.array_equal(a.fermata, b.fermata)
        assert np.array_equal(a.pitch[0], b.pitch[0])
        assert (a.meter, a.key, a.transposed_by) == (b.meter, b.key, b.transposed_by)
        assert not np.array_equal(a.pitch, b.pitch)


@pytest.mark.slow
def test_an_opening_stays_in_all_voices():
    [first] = compose(MODEL, ComposeRequest(bars=2), SAMPLE)
    request = ComposeRequest(bars=4, prime=first.chorale)
    [found] = compose_and_search(MODEL, MODEL, request, SAMPLE)
    assert np.array_equal(found.chorale.pitch[:32], first.chorale.pitch)
    assert np.array_equal(found.chorale.tied[:32], first.chorale.tied)


def test_a_tune_that_cannot_be_harmonized_stays_as_it_was_sampled():
    [sampled] = compose(MODEL, ComposeRequest(bars=1), SAMPLE)
    narrow = random_model(Vocabulary(low=70, high=76), scale=0.7)
    assert harmonize_tunes(narrow, [sampled], ComposeRequest(bars=1), DecodingOptions()) == [
        sampled
    ]
