import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from novelty_made import moved, piece, quarters
from strategies import chorales

from bachbot.chorale import REST, VOICES, Chorale, Meter, Voice
from bachbot.evaluation.novelty import TrainingIndex
from bachbot.evaluation.novelty.passages import measure_overlap
from bachbot.evaluation.novelty.slices import bar_keys

S = (Voice.SOPRANO,)
LOWER = (Voice.ALTO, Voice.TENOR, Voice.BASS)


def copied(query, train, voices=S):
    found = measure_overlap(query, voices, TrainingIndex(train))
    return [bar for bar, _ in found.copied], found.bars


def test_planted_bars():
    train = piece(quarters(60, 62, 64, 65, 67, 69, 70, 72), name="source", moved=2)
    query = piece(quarters(70, 72, 74, 75, 1, 2, 1, 2, 69, 71, 72, 74), name="query")
    found = measure_overlap(query, S, TrainingIndex([train]))
    assert found.bars == 3
    assert [bar for bar, _ in found.copied] == [1, 3]
    first, second = (source for _, source in found.copied)
    assert (first.piece, first.bar, first.higher) == ("source", 1, 12)
    assert (second.bar, second.higher) == (2, 4)
    assert found.copied_share == 2 / 3


def test_a_bar_is_copied_whole_or_not():
    train = [piece(quarters(60, 62, 64, 65))]
    assert copied(piece(quarters(60, 62, 64, 67)), train) == ([], 1)
    assert copied(piece([(60, 4), (62, 2), (62, 2), (64, 4), (65, 4)]), train) == ([], 1)
    # From the second beat on it is another bar.
    shifted = piece(quarters(1, 60, 62, 64, 65, 1, 1, 1))
    assert copied(shifted, train) == ([], 2)


def test_a_tie_into_a_bar_is_no_onset_there():
    train = [piece(quarters(1, 2, 3, 60, 60, 62, 64, 65))]
    held = [(1, 4), (2, 4), (3, 4), (60, 8), (62, 4), (64, 4), (65, 4)]
    assert copied(piece(held), train) == ([1], 2)


def test_what_is_no_whole_bar():
    tune = quarters(60, 60, 62, 64, 65, 60, 62, 64)
    upbeat = piece(tune, meter=Meter(4, 4, 4))
    assert copied(upbeat, [upbeat]) == ([1], 1)
    whole = piece(quarters(60, 62, 64), meter=Meter(3, 4))
    assert copied(whole, [whole]) == ([1], 1)
    assert copied(piece(quarters(60, 62, 64)), [whole]) == ([], 0)


def test_voices_that_are_given_can_be_left_out():
    lower = {"alto": quarters(67, 65, 64, 62), "bass": quarters(48, 50, 52, 53)}
    train = [piece(quarters(72, 74, 76, 77), **lower)]
    query = piece(quarters(72, 72, 76, 77), **lower)
    assert copied(query, train, VOICES) == ([], 1)
    assert copied(query, train, LOWER) == ([1], 1)


@pytest.mark.slow
@settings(max_examples=40)
@given(chorales(min_frames=16, max_frames=60), st.integers(-20, 20))
def test_a_bar_is_the_same_in_every_key(chorale, semitones):
    there = list(bar_keys(chorale, VOICES))
    here = list(bar_keys(moved(chorale, semitones), VOICES))
    assert [(start, key) for start, _, key in here] == [(start, key) for start, _, key in there]
    assert [low for _, low, _ in here] == [low + semitones for _, low, _ in there]


@settings(max_examples=40)
@given(chorales(min_frames=16, max_frames=60), st.data())
def test_one_other_pitch_makes_another_bar(chorale, data):
    frame = data.draw(st.integers(0, chorale.frames - 1))
    pitch, tied = chorale.pitch.copy(), chorale.tied.copy()
    pitch[frame, 0] = 120  # higher than any that is made
    tied[frame : frame + 2, 0] = False
    changed = Chorale(pitch, tied, chorale.fermata, meter=chorale.meter)
    after = {start: key for start, _, key in bar_keys(changed, VOICES)}
    for start, _, key in bar_keys(chorale, VOICES):
        bar = slice(start, start + chorale.meter.bar_frames)
        within = start <= frame < bar.stop
        # Alone it would be the same bar in another key.
        if not within or (chorale.pitch[bar, 1:] != REST).any():
            held = chorale.tied[frame + 1 : frame + 2, 0].any() and start == frame + 1
            assert (after[start] != key) == bool(within or held)
