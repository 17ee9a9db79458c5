import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from novelty_made import moved, naive_longest, naive_slices, piece, quarters
from strategies import chorales

from bachbot.chorale import REST, VOICES, Chorale, Voice
from bachbot.corpus.jsb import tie_repeated_notes
from bachbot.errors import UsageError
from bachbot.evaluation.novelty import TrainingIndex
from bachbot.evaluation.novelty.passages import measure_overlap

S, A, T, B = ((voice,) for voice in VOICES)
LOWER = (Voice.ALTO, Voice.TENOR, Voice.BASS)
GROUPS = [S, B, LOWER, VOICES]

# Of few pitches, so that they share something.
few = chorales(max_frames=14, low=60, high=62)
small = st.lists(few, min_size=1, max_size=3)

# A tune no stretch of which comes twice, and leaps that it has none of.
TUNE = [60, 62, 64, 65, 64, 67, 65, 69, 71, 72, 69, 70, 67, 66, 62, 63, 59, 60]
STRANGE = [90, 50, 93, 40]


def planted(notes, semitones):
    """The tune's notes from the third on, so many, moved, in strange surroundings."""
    copy = [pitch + semitones for pitch in TUNE[2 : 2 + notes]]
    return quarters(*STRANGE, *copy, *STRANGE)


@pytest.mark.slow
@settings(max_examples=60)
@given(small, few, st.sampled_from(GROUPS))
def test_the_index_finds_what_comparing_all_with_all_finds(train, query, voices):
    found = measure_overlap(query, voices, TrainingIndex(train))
    for passage, free in ((found.longest, False), (found.rhythm_free, True)):
        naive = naive_longest(query, voices, train, free=free)
        assert (passage.notes if passage else 0) == naive


@pytest.mark.slow
@settings(max_examples=60)
@given(small, few, st.integers(-20, 20), st.sampled_from(GROUPS))
def test_transposing_changes_nothing_but_how_far_it_is_moved(train, query, semitones, voices):
    index = TrainingIndex(train)
    there = measure_overlap(query, voices, index)
    here = measure_overlap(moved(query, semitones), voices, index)
    # `moved` says by how much, as preparing does: in the key it was written in, all is as it was.
    assert here.to_json() == there.to_json()
    unsaid = Chorale(**vars(moved(query, semitones)) | {"transposed_by": 0})
    beside = measure_overlap(unsaid, voices, index)
    if there.longest is not None:
        assert beside.longest.source.higher == there.longest.source.higher + semitones
        assert beside.longest.notes == there.longest.notes


@pytest.mark.slow
@settings(max_examples=40)
@given(small, st.data(), st.sampled_from(GROUPS))
def test_a_training_piece_is_a_copy_of_itself(train, data, voices):
    query = data.draw(st.sampled_from(train))
    slices = naive_slices(query, voices)
    assume(len(slices) > 1)
    found = measure_overlap(query, voices, TrainingIndex(train))
    assert found.longest.notes == len(slices)
    assert len(found.copied) == found.bars


@pytest.mark.slow
@settings(max_examples=40)
@given(st.integers(2, 14), st.integers(-12, 12), st.sampled_from([S, A, T, B]))
def test_a_planted_passage_is_found_whole_and_no_longer(notes, semitones, voices):
    others = [piece(bass=quarters(40, 47, 40, 47), name="other")]
    train = piece(tenor=quarters(*TUNE), name="source", moved=3)
    name = voices[0].label
    query = piece(**{name: planted(notes, semitones)}, moved=1)
    found = measure_overlap(query, voices, TrainingIndex([*others, train])).longest
    assert (found.notes, found.beats, found.pieces) == (notes, notes - 1, 1)
    # After four notes of a quarter, that is a bar.
    assert (found.bar, found.beat) == (2, 1)
    assert found.source.to_json() == {
        "piece": "source", "voices": ["tenor"], "bar": 1, "beat": 3.0,
        "higher": semitones - 1 + 3,
    }  # fmt: skip


@pytest.mark.slow
@settings(max_examples=40)
@given(st.integers(2, 10), st.integers(-5, 5))
def test_a_planted_texture_is_found_whole(notes, semitones):
    rng = np.random.default_rng(7)
    lines = {v.label: rng.integers(50, 70, 12).tolist() for v in VOICES}
    train = piece(**{v: quarters(*line) for v, line in lines.items()}, name="source")
    copied = {
        v: quarters(20, *(p + semitones for p in line[1 : 1 + notes]), 110)
        for v, line in lines.items()
    }
    query = piece(**copied)
    index = TrainingIndex([piece(bass=quarters(40, 47)), train])
    for voices in (VOICES, LOWER):
        found = measure_overlap(query, voices, index).longest
        assert (found.notes, found.beats) == (notes, notes - 1)
        assert (found.source.piece, found.source.bar, found.source.beat) == ("source", 1, 2)
        assert found.source.higher == semitones
        assert found.source.voices == voices
    # One voice an octave away, and only what is below it is shared.
    high = [(pitch + 12, length) for pitch, length in copied["soprano"]]
    query = piece(**copied | {"soprano": high})
    assert measure_overlap(query, VOICES, index).longest is None
    assert measure_overlap(query, LOWER, index).longest.notes == notes


def longest(query, train, voices=S):
    found = measure_overlap(query, voices, TrainingIndex(train)).longest
    return (found.notes, found.beats) if found else None


def test_the_last_note_may_be_held_for_longer():
    train = [piece(quarters(60, 62, 64))]
    assert longest(piece([(60, 4), (62, 4), (64, 12)]), train) == (3, 2)
    assert longest(piece([(60, 4), (62, 6), (64, 2)]), train) == (2, 1)
    assert longest(piece([(60, 2), (62, 4), (64, 2)]), train) == (2, 1)


def test_rhythm_free_passages():
    train = [piece(quarters(60, 62, 64, 67))]
    query = piece([(60, 1), (62, 7), (64, 2), (67, 2)])
    found = measure_overlap(query, S, TrainingIndex(train))
    assert found.longest is None
    assert (found.rhythm_free.notes, found.rhythm_free.beats) == (4, 2.5)


def test_rests_are_part_of_a_passage():
    rests = [(60, 4), (REST, 4), (62, 4), (64, 4)]
    assert longest(piece(rests), [piece(rests)]) == (4 - 1, 3)
    held = [(60, 8), (62, 4), (64, 4)]
    assert longest(piece(held), [piece(rests)]) == (2, 1)


def test_an_onset_is_no_tie_in_several_voices():
    held = piece(alto=[(60, 8)], bass=quarters(48, 50))
    repeated = piece(alto=quarters(60, 60), bass=quarters(48, 50))
    assert longest(repeated, [held], (Voice.ALTO, Voice.BASS)) is None
    assert longest(tie_repeated_notes(repeated), [held], (Voice.ALTO, Voice.BASS)) == (2, 1)


def test_no_passage_goes_from_one_piece_into_the_next():
    halves = [piece(quarters(*TUNE[:6])), piece(quarters(*TUNE[6:]))]
    assert longest(piece(quarters(*TUNE)), halves) == (12, 11)
    # Nor from one voice into the next.
    voices = [piece(quarters(*TUNE[:6]), quarters(*TUNE[6:]))]
    assert longest(piece(quarters(*TUNE)), voices) == (12, 11)


def test_of_equal_passages_the_one_with_most_beats_is_reported():
    train = piece([(60, 2), (61, 2), (50, 4), (53, 4)])
    query = piece([(60, 2), (61, 2), (90, 4), (50, 4), (53, 4)])
    assert longest(query, [train]) == (2, 1)


def test_what_is_found_in_many_pieces():
    train = [piece(quarters(60, 62), name="a"), piece(quarters(50, 52), name="b")]
    found = measure_overlap(piece(quarters(70, 72)), S, TrainingIndex(train)).longest
    assert (found.pieces, found.source.piece) == (2, "a")


def test_mean_length_of_shared_passages():
    train = [piece(quarters(60, 62, 64))]
    query = piece(quarters(60, 62, 64, 90, 60))
    found = measure_overlap(query, S, TrainingIndex(train))
    assert found.mean_notes == (3 + 2 + 0 + 0) / 4
    assert np.isnan(measure_overlap(piece(quarters(60)), S, TrainingIndex(train)).mean_notes)


def test_silence_shares_nothing():
    train = [piece(), piece([(REST, 16)]), piece(quarters(60, 62))]
    for quiet in train[:2]:
        found = measure_overlap(quiet, VOICES, TrainingIndex(train))
        assert found.longest is None
        assert found.bars == 0
    assert found.to_json()["mean_notes"] is None


def test_no_training_piece():
    with pytest.raises(UsageError, match="no training piece"):
        TrainingIndex([])


@settings(max_examples=40)
@given(chorales(min_frames=1, max_frames=40))
def test_repeated_notes_are_held(chorale):
    held = tie_repeated_notes(chorale)
    assert (held.pitch == chorale.pitch).all()
    assert not (held.onset[1:] & (held.pitch[1:] == held.pitch[:-1])).any()
