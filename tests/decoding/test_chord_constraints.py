"""The search keeps given chords."""

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from toy_models import random_lookahead_model, random_model

from bachbot.chorale import Chorale, Given, GivenChord, Key, Pulse, Voice
from bachbot.decoding import DecodingOptions, fill, fill_request
from bachbot.decoding.harmony import ChordConstraints, chord_conflicts
from bachbot.encoding import FillRequest, Vocabulary
from bachbot.errors import UsageError
from bachbot.theory.numerals import SHAPES

WIDE = Vocabulary()
MODELS = [random_model(WIDE, scale=0.7), random_lookahead_model(WIDE, scale=0.3)]
METHODS = [
    DecodingOptions("greedy"),
    DecodingOptions(beam=2, number=2),
    DecodingOptions("sample", seed=3, temperature=4),
]


def tune(*pitches, voice=Voice.SOPRANO, key=None):
    """Quarter notes in one voice."""
    pitch = np.full((4 * len(pitches), 4), -1)
    tied = np.zeros(pitch.shape, dtype=bool)
    pitch[:, voice] = np.repeat(pitches, 4)
    tied[:, voice] = (np.arange(len(pitch)) % 4 > 0) & (pitch[:, voice] >= 0)
    return Chorale(pitch, tied, np.zeros(len(pitch), dtype=bool), key=key or Key())


def on_beats(*chords):
    """Chords (root, intervals, inversions) on the beats of a tune."""
    return [GivenChord(4 * i, *chord) for i, chord in enumerate(chords)]


def decoded(model, options, request):
    return [c.chorale for c in fill(model, request.chorale, request.given, options)]


def check(music, chords, free):
    for chord in chords:
        pitch = music.pitch[chord.frame]
        above = (pitch - music.key.pitch_class) % 12
        for voice in free:
            assert above[voice] in chord.tones, (chord, voice)
        if Voice.BASS in free:
            assert above[Voice.BASS] in chord.basses
            assert pitch[Voice.BASS] == pitch.min()


@st.composite
def tasks(draw):
    """A tune, and a chord on some of its beats."""
    pitches = draw(st.lists(st.integers(60, 76), min_size=1, max_size=3))
    key = draw(st.sampled_from([Key(), Key("A", "minor")]))
    chords = []
    for beat in range(len(pitches)):
        if draw(st.integers(0, 3)):
            intervals = draw(st.sampled_from([shape.tones for shape in SHAPES]))
            inversions = draw(st.sets(st.integers(0, len(intervals) - 1), max_size=2))
            root = draw(st.integers(0, 11))
            chords.append(GivenChord(4 * beat, root, intervals, tuple(sorted(inversions))))
    return tune(*pitches, key=key), chords


@pytest.mark.slow
@settings(max_examples=30)
@for_all(task=tasks(), model=st.sampled_from(MODELS), options=st.sampled_from(METHODS))
def test_free_voices_make_the_chord_and_the_tune_comes_back(task, model, options):
    chorale, chords = task
    request = fill_request(chorale, [Voice.SOPRANO], chords=chords)
    for music in decoded(model, options, request):
        assert (music.pitch[:, 0] == chorale.pitch[:, 0]).all()
        assert (music.tied[:, 0] == chorale.tied[:, 0]).all()
        check(music, chords, [Voice.ALTO, Voice.TENOR, Voice.BASS])
        for chord in chords:
            above = (music.pitch[chord.frame] - music.key.pitch_class) % 12
            if above[0] in chord.tones:
                # The third and the seventh always sound.
                assert {chord.tones[1], *chord.tones[3:]} <= set(above.tolist())


@pytest.mark.parametrize("options", METHODS)
@pytest.mark.parametrize("voices", [[Voice.BASS], [Voice.SOPRANO, Voice.BASS], [Voice.TENOR]])
def test_any_voices_may_be_given(options, voices):
    pitches = {Voice.SOPRANO: 72, Voice.TENOR: 60, Voice.BASS: 48}
    chorale = tune(72, 72)
    pitch, tied = chorale.pitch.copy(), chorale.tied.copy()
    for voice, one in pitches.items():
        pitch[:, voice], tied[:, voice] = one, tied[:, 0]
    chorale = Chorale(pitch, tied, chorale.fermata)
    chords = on_beats((0, (0, 4, 7), (0,)), (5, (0, 4, 7), (2,)))
    request = fill_request(chorale, voices, chords=chords)
    for music in decoded(MODELS[0], options, request):
        assert (music.pitch[:, voices] == pitch[:, voices]).all()
        check(music, chords, [v for v in Voice if v not in voices])
        for chord in chords:
            above = music.pitch[chord.frame] % 12
            assert set(chord.required) <= set(above.tolist())


def test_without_chords_nothing_changes():
    request = fill_request(tune(72, 74), [Voice.SOPRANO])
    without = Given(request.given.cells, request.given.fermatas)
    assert request.given.chords == without.chords == ()
    [one] = fill(MODELS[0], request.chorale, request.given)
    [other] = fill_request_and_fill(request)
    assert one.chorale.same_music(other.chorale)
    assert one.log_probability == other.log_probability


def fill_request_and_fill(request):
    again = fill_request(request.chorale, [Voice.SOPRANO], chords=[])
    return fill(MODELS[0], again.chorale, again.given)


def test_a_frame_between_the_beats_is_free():
    index = constraints(tune(72, 74), on_beats((0, (0, 4, 7)), (7, (0, 4, 7)))).index
    assert index.tolist() == [0, -1, -1, -1, 1, -1, -1, -1]


def constraints(chorale, chords, given=(Voice.SOPRANO,)):
    cells = np.zeros(chorale.pitch.shape, dtype=bool)
    cells[:, list(given)] = True
    return ChordConstraints.of(chorale, cells, chords)


def lacking(chorale, *chord, given=(Voice.SOPRANO,)):
    bits = int(constraints(chorale, [GivenChord(0, *chord)], given).lacking[0])
    return {p for p in range(12) if bits >> p & 1}


def test_the_tones_that_are_left_to_supply():
    assert lacking(tune(72), 0, (0, 4, 7), (0,)) == {4}
    assert lacking(tune(76), 0, (0, 4, 7), (0,)) == set()
    assert lacking(tune(79), 0, (0, 4, 7)) == {0, 4}
    assert lacking(tune(79), 7, (0, 4, 7, 10), (0,)) == {11, 5}
    assert lacking(tune(79), 7, (0, 4, 7, 10), (0,), (10,)) == {11}
    assert lacking(tune(62), 11, (0, 3, 6, 10), (1,)) == {9, 11}  # two voices for three tones


def test_a_suspension_stands_for_the_tone_that_it_moves_to():
    assert lacking(tune(72, 71), 7, (0, 4, 7), (0,)) == set()
    assert lacking(tune(72, 76), 7, (0, 4, 7), (0,)) == {11}


def test_where_the_tune_rests_the_others_may_rest():
    table = constraints(tune(-1, 72), [GivenChord(0, 0, (0, 4, 7), (0,))])
    legal = np.ones((1, len(WIDE)), dtype=bool)
    known = np.full((1, 4), -1, dtype=np.int16)
    for voice in (Voice.ALTO, Voice.TENOR, Voice.BASS):
        found = table.restrict(0, voice, legal, known, WIDE.pitch_of)
        assert found[0, WIDE.pitch_of < 0].all()
        tones = {0} if voice == Voice.BASS else {0, 4, 7}
        assert set((WIDE.pitch_of[found[0] & (WIDE.pitch_of >= 0)] % 12).tolist()) <= tones


def test_given_notes_that_do_not_fit_are_found():
    chorale, chords = tune(72, 74, 76), on_beats((0, (0, 4, 7)), (7, (0, 4, 7)), (7, (0, 4, 7)))
    cells = np.zeros(chorale.pitch.shape, dtype=bool)
    cells[:, 0] = True
    [found] = chord_conflicts(chorale, cells, chords)
    assert (found.chord, found.voice, found.pitch) == (chords[2], Voice.SOPRANO, 76)
    cells[:] = True
    assert chord_conflicts(chorale, cells, chords) == []


def test_the_pulse_scales_the_frames_of_chords_and_phrase_ends():
    chorale = tune(72, 74, 72)
    request = fill_request(
        chorale,
        [Voice.SOPRANO],
        pulse=Pulse(augmentation=2),
        chords=on_beats((0, (0, 4, 7)), (7, (0, 4, 7))),
        phrase_ends=[4],
    )
    assert [c.frame for c in request.given.chords] == [0, 8]
    assert np.flatnonzero(request.chorale.fermata).tolist() == [*range(8, 24)]
    assert np.flatnonzero(request.given.fermatas).tolist() == [*range(8, 24)]


def test_a_phrase_end_is_a_fermata_on_the_whole_note():
    request = fill_request(tune(72, 74, 72), [Voice.SOPRANO], phrase_ends=[5])
    assert isinstance(request, FillRequest)
    assert np.flatnonzero(request.chorale.fermata).tolist() == [*range(4, 12)]
    [found] = fill(MODELS[0], request.chorale, request.given)
    assert found.chorale.fermata[4:].all()


def test_a_chord_outside_the_piece_is_refused():
    with pytest.raises(UsageError, match="a chord is given in frame 8 of 4: give an earlier one"):
        fill_request(tune(72), [Voice.SOPRANO], chords=[GivenChord(8, 0, (0, 4, 7))])
