"""Moods change a tune as a musician would write it out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moods_made import EXAMPLES, made_tune

from bachbot import load_score
from bachbot.chorale import REST, Key, Meter, Voice
from bachbot.errors import UsageError
from bachbot.scores.phrases import phrase_ends_of
from bachbot.theory.moods import MOODS, change_tune, mood_of, notes_of, place_tune
from bachbot.theory.recognition import recognizability, tune_distance

_C, _A_MINOR = Key("C"), Key("A", "minor")


def _written(tune):
    return [(note.start, note.pitch) for note in notes_of(tune)]


def _pitches(tune):
    return [note.pitch for note in notes_of(tune)]


def test_minor_lowers_third_sixth_and_seventh_and_raises_what_goes_up():
    # C E G A B C | C B A G: up by the melodic minor, down by the natural one.
    up = made_tune([60, 64, 67, 69, 71, 72], [4] * 6, key=_C)
    down = made_tune([72, 71, 69, 67, 64, 60], [4] * 6, key=_C)
    grieving = MOODS["grieving"]
    assert _pitches(change_tune(up, grieving)) == [60, 63, 67, 69, 71, 72]
    assert _pitches(change_tune(down, grieving)) == [72, 70, 68, 67, 63, 60]


def test_a_repeated_leading_note_is_raised_each_time_and_so_is_one_that_ends_a_phrase():
    tune = made_tune([71, 71, 72, 71, 67], [4] * 5, key=_C)
    assert _pitches(change_tune(tune, MOODS["grieving"])) == [71, 71, 72, 70, 67]
    # And the sigh holds C into it.
    half_close = change_tune(tune, MOODS["grieving"], phrase_ends=[12])
    assert _pitches(half_close) == [71, 71, 72, 72, 71, 67]


def test_major_raises_third_sixth_and_seventh_and_keeps_a_raised_seventh():
    tune = made_tune([69, 72, 77, 79, 80, 81], [4] * 6, key=_A_MINOR)
    assert _pitches(change_tune(tune, MOODS["tender"])) == [69, 73, 78, 80, 80, 81]


def test_a_chromatic_note_stays():
    tune = made_tune([67, 66, 67], [4] * 3, key=_C)
    assert _pitches(change_tune(tune, MOODS["grieving"])) == [67, 66, 67]


def test_joy_fills_thirds_within_a_phrase_and_not_between_phrases():
    tune = made_tune([60, 64, 67, 67], [4] * 4, key=_C)
    joyful = MOODS["joyful"]
    assert _written(change_tune(tune, joyful)) == [
        (0, 60), (2, 62), (4, 64), (6, 65), (8, 67), (12, 67),
    ]  # fmt: skip
    assert _written(change_tune(tune, joyful, phrase_ends=[4])) == [
        (0, 60), (2, 62), (4, 64), (8, 67), (12, 67),
    ]  # fmt: skip


def test_thirds_in_minor_are_filled_without_an_augmented_second():
    # E up to G sharp passes F sharp; G sharp down to E too. A down to F passes G natural.
    tune = made_tune([76, 80, 76, 81, 77, 76], [4] * 6, key=_A_MINOR)
    assert _pitches(change_tune(tune, MOODS["restless"])) == [
        76, 78, 80, 78, 76, 81, 79, 77, 76,
    ]  # fmt: skip


def test_restlessness_turns_below_repeated_notes_and_below_the_tonic_to_the_leading_note():
    tune = made_tune([69, 69, 76, 76, 80, 80], [4] * 6, key=_A_MINOR)
    assert _written(change_tune(tune, MOODS["restless"])) == [
        (0, 69), (2, 68), (4, 69), (8, 76), (10, 74), (12, 76), (14, 78), (16, 80),
        (18, 78), (20, 80),
    ]  # fmt: skip


def test_grief_sighs_where_a_phrase_falls_to_its_end_and_not_on_the_last_note():
    tune = made_tune([65, 64, 62, 60, 62, 60], [4, 4, 4, 4, 8, 8], key=Key("C", "minor"))
    grieving = change_tune(tune, MOODS["grieving"], phrase_ends=[12, 31])
    assert _written(grieving)[3:5] == [(12, 62), (14, 60)]
    assert _written(grieving)[-2:] == [(16, 62), (24, 60)]


def test_a_sigh_under_a_fermata_leaves_the_fermata_on_its_resolution():
    tune = made_tune([62, 60, 60], [4, 4, 8], key=_C)
    fermata = np.zeros(16, dtype=np.bool_)
    fermata[4:8] = True
    changed = change_tune(type(tune)(tune.pitch, tune.tied, fermata, key=_C), MOODS["grieving"])
    assert _written(changed) == [(0, 62), (4, 62), (6, 60), (8, 60)]
    assert changed.fermata.tolist() == [False] * 6 + [True] * 2 + [False] * 8


def test_a_dotted_note_sighs_over_two_thirds_of_its_length():
    tune = made_tune([74, 72, 72], [6, 6, 12], meter=Meter(6, 8), key=_C)
    changed = change_tune(tune, MOODS["grieving"], phrase_ends=[6])
    assert _written(changed) == [(0, 74), (6, 74), (10, 72), (12, 72)]


def test_solemnity_leaves_out_ornaments_but_no_syllable_and_no_eighth_of_six_eight():
    tune = made_tune([64, 62, 60, 62], [6, 2, 2, 6], key=_C)
    solemn = MOODS["solemn"]
    assert _written(change_tune(tune, solemn)) == [(0, 64), (8, 60), (10, 62)]
    assert _written(change_tune(tune, solemn, syllables=[6])) == _written(tune)
    jig = made_tune([67, 69, 67, 64], [3, 1, 2, 6], meter=Meter(6, 8), key=_C)
    assert _written(change_tune(jig, solemn)) == [(0, 67), (4, 67), (6, 64)]


def test_keys_are_spelled_with_few_accidentals():
    tune = made_tune([67, 69, 71, 67], [4] * 4, key=Key("G"))
    placed, up = place_tune(change_tune(tune, MOODS["grieving"]), -4)
    assert str(placed.key) in ("E minor", "D minor")
    assert up < 0
    high, up = place_tune(made_tune([67, 71], [4, 4], key=Key("C")), 3)
    assert str(high.key) == "Eb major"
    assert up == 3


def test_another_mood_is_refused_in_one_line():
    with pytest.raises(UsageError, match="'jolly' is not a mood: give joyful, solemn"):
        mood_of("jolly")


_TUNES = st.lists(
    st.tuples(st.sampled_from([0, *range(57, 82)]), st.sampled_from([1, 2, 3, 4, 6, 8, 12])),
    min_size=1,
    max_size=24,
)
_KEYS = st.builds(
    Key, st.sampled_from(["C", "Eb", "F#", "A", "Ab", "B"]), st.sampled_from(["major", "minor"])
)


@settings(max_examples=30)
@given(_TUNES, _KEYS, st.sampled_from(sorted(MOODS)), st.sets(st.integers(0, 250), max_size=6))
def test_kept_notes_begin_where_they_began(notes, key, name, ends):
    mood = MOODS[name]
    tune = made_tune(*zip(*notes, strict=True), key=key)
    changed = change_tune(tune, mood, phrase_ends=ends)
    before, after = tune.onset[:, Voice.SOPRANO], changed.onset[:, Voice.SOPRANO]
    assert not (after & ~before).any() if mood.density < 0 else not (before & ~after).any()
    sounded = tune.pitch[:, Voice.SOPRANO] != REST
    assert (sounded == (changed.pitch[:, Voice.SOPRANO] != REST)).all()
    assert changed.key.mode == (mood.mode or key.mode)
    assert changed.key.pitch_class == key.pitch_class


@settings(max_examples=30)
@given(_TUNES, _KEYS, st.sampled_from(sorted(MOODS)))
def test_a_placed_tune_is_within_the_sopranos_range_if_it_can_be(notes, key, name):
    mood = MOODS[name]
    tune = made_tune(*zip(*notes, strict=True), key=key)
    changed = change_tune(tune, mood)
    placed, up = place_tune(changed, mood.register)
    assert abs(up) <= 7
    assert abs(placed.key.fifths) <= 7
    assert placed.key.pitch_class == (changed.key.pitch_class + up) % 12
    pitch = placed.pitch[:, Voice.SOPRANO]
    sounding = pitch[pitch != REST]
    low, high = Voice.SOPRANO.range
    if sounding.size and int(np.ptp(sounding)) <= high - low - 2:
        assert low <= sounding.min()
        assert sounding.max() <= high


@settings(max_examples=30)
@given(_TUNES, _KEYS, st.integers(-5, 5))
def test_a_tune_in_another_key_is_the_same_tune(notes, key, up):
    tune = made_tune(*zip(*notes, strict=True), key=key)
    moved = place_tune(tune, up)[0]
    assert recognizability(tune, moved) == 1
    assert tune_distance(tune, tune) == 0


def test_half_of_a_tune_is_half_recognized():
    tune = made_tune([60, 62, 64, 65], [4] * 4, key=_C)
    other = made_tune([60, 62, 71, 71], [4] * 4, key=_C)
    assert recognizability(tune, other) == 0.5
    assert tune_distance(tune, other) == pytest.approx(2 * 1.05 / 4)
    assert tune_distance(tune, made_tune([60, 62, 64], [4] * 3, key=_C)) == 0.25


@pytest.fixture(scope="module")
def examples():
    return {path.name: load_score(path) for path in EXAMPLES}


@pytest.mark.slow
def test_every_example_is_recognized_in_every_mood_and_nearer_to_itself_than_to_any_other(examples):
    assert len(examples) == 9
    for name, score in examples.items():
        ends = phrase_ends_of(score) or ()
        for mood in MOODS.values():
            changed = change_tune(score.chorale, mood, phrase_ends=ends)
            assert recognizability(score.chorale, changed) >= 0.8, (name, mood.name)
            placed, _ = place_tune(changed, mood.register)
            distance = {
                other: tune_distance(placed, one.chorale) for other, one in examples.items()
            }
            own = distance.pop(name)
            assert own < min(distance.values()), (name, mood.name)
