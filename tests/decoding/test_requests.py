import dataclasses

import numpy as np
import pytest

from bachbot.chorale import REST, TONIC_TRIAD, Chorale, Given, Key, Meter, Pulse, Voice
from bachbot.decoding import fill_request, octaves_to_tessitura, with_final_cadence


def tune(*notes, key=None, fermata=False):
    """A soprano of (pitch, frames), over rests."""
    soprano = [pitch for pitch, length in notes for _ in range(length)]
    tied = [i > 0 for pitch, length in notes for i in range(length) if pitch != REST or i < 0]
    pitch = np.full((len(soprano), 4), REST)
    pitch[:, 0] = soprano
    held = np.zeros(pitch.shape, dtype=bool)
    held[pitch[:, 0] != REST, 0] = tied
    marks = np.zeros(len(soprano))
    marks[:2] = fermata
    return Chorale(pitch, held, marks, key=key or Key())


def asked(chorale):
    return with_final_cadence(chorale, Given.voices(chorale.frames, [Voice.SOPRANO]))


def test_a_tune_without_fermatas_gets_one_at_its_end():
    chorale, given = asked(tune((64, 4), (65, 4), (60, 6), (REST, 2)))
    assert np.flatnonzero(chorale.fermata).tolist() == list(range(8, 14))
    assert np.flatnonzero(given.fermatas).tolist() == list(range(8, 14))


def test_a_tune_with_fermatas_keeps_just_those():
    source = tune((64, 4), (60, 4), fermata=True)
    chorale, given = asked(source)
    assert chorale.same_music(source)
    assert given.fermatas.all()


@pytest.mark.parametrize("last", [60, 62, 63, 67, 69])
@pytest.mark.parametrize("key", [Key("C"), Key("A", "minor")])
def test_the_final_chord_is_below_the_last_note(key, last):
    _, given = asked(tune((64, 4), (last, 4), (REST, 2), key=key))
    assert given.final_chord == range(4, 8)


def test_voices_and_cells_build_the_same_request():
    source = tune((64, 4), (65, 4), (60, 8))
    cells = np.zeros((16, 4), dtype=bool)
    cells[:, Voice.SOPRANO] = True
    by_voice, by_cell = fill_request(source, [Voice.SOPRANO]), fill_request(source, cells)
    assert by_voice.chorale.same_music(by_cell.chorale)
    assert by_voice.given.final_chord == by_cell.given.final_chord == range(8, 16)
    assert np.array_equal(by_voice.given.cells, by_cell.given.cells)
    assert np.array_equal(by_voice.given.fermatas, by_cell.given.fermatas)


def test_a_pulse_changes_cells_grid_and_section_starts_alike():
    source = dataclasses.replace(tune((64, 2), (65, 2), (60, 2)), meter=Meter(2, 4))
    request = fill_request(
        source, [Voice.SOPRANO], pulse=Pulse(augmentation=2), section_starts=[0, 4]
    )
    assert request.chorale.frames == len(request.given.cells) == 12
    assert request.given.grid == 2
    assert np.flatnonzero(request.given.required_onsets.all(axis=1)).tolist() == [0, 8]
    assert request.given.final_chord == range(8, 12)


def test_written_fermatas_are_given_and_full_frames_have_no_other():
    cells = np.zeros((8, 4), dtype=bool)
    cells[:4] = True
    written = fill_request(tune((64, 4), (60, 4), fermata=True), cells)
    assert written.given.fermatas.all()
    plain = fill_request(tune((64, 4), (60, 4)), cells)
    assert np.flatnonzero(plain.given.fermatas).tolist() == [0, 1, 2, 3]
    assert not plain.given.final_chord


def test_nothing_else_changes():
    source = tune((64, 4), (65, 8), (67, 2), (60, 8), (62, 2))
    chorale, given = asked(source)
    assert np.array_equal(chorale.pitch, source.pitch)
    assert np.array_equal(given.cells, Given.voices(24, [Voice.SOPRANO]).cells)
    assert not given.required_onsets.any()
    assert given.grid == 1


@pytest.mark.slow
def test_bach_ends_his_chorales_so(corpus):
    """The shares that `with_final_cadence` gives as its reasons."""
    ends = []
    for chorale in corpus.part("train"):
        _, given = asked(chorale)
        soprano = chorale.pitch[given.final_chord[0], Voice.SOPRANO]
        if (soprano - chorale.key.pitch_class) % 12 in TONIC_TRIAD[chorale.key.mode]:
            bass = chorale.pitch[given.final_chord[0], Voice.BASS]
            ends.append(bass % 12 == chorale.key.pitch_class)
    assert len(ends) > 300
    assert np.mean(ends) == pytest.approx(0.89, abs=0.005)
    unmarked = sum(not p.chorale.fermata.any() for p in corpus.pieces)
    assert unmarked == 6


@pytest.mark.parametrize(
    ("key", "notes", "octaves"),
    [
        (Key("C"), (64, 67, 72), 0),
        (Key("D"), (57, 62, 66), 1),  # G3, C4, E4 in C major
        (Key("F"), (65, 72, 76), 0),  # a C4 alone makes no low tune
        (Key("G", "minor"), (62, 67, 70), 0),
        (Key("F#"), (78, 81, 73), -1),
        (Key("C"), (REST,), 0),
    ],
)
def test_a_tune_far_below_or_above_bachs_is_decoded_an_octave_nearer(key, notes, octaves):
    assert octaves_to_tessitura(tune(*((n, 4) for n in notes), key=key)) == octaves


def test_a_low_tune_stays_where_it_is_if_another_voice_would_leave_the_range():
    source = tune((60, 4), (62, 4))
    pitch = source.pitch.copy()
    pitch[:, Voice.ALTO] = 80
    assert octaves_to_tessitura(dataclasses.replace(source, pitch=pitch)) == 0


def test_in_compound_meters_other_voices_move_on_the_eighths_of_the_tune():
    source = dataclasses.replace(tune((64, 2), (65, 2), (60, 2)), meter=Meter(6, 8), position=None)
    given = fill_request(source, [Voice.SOPRANO], pulse=Pulse(augmentation=2)).given
    assert (given.grid, given.beat) == (4, 12)
    odd = dataclasses.replace(tune((64, 1), (65, 2), (60, 2)), meter=Meter(6, 8, 1), position=None)
    given = fill_request(odd, [Voice.SOPRANO], pulse=Pulse(augmentation=2)).given
    assert (given.grid, given.beat) == (2, 12)
    plain = fill_request(source, [Voice.SOPRANO]).given
    assert (plain.grid, plain.beat) == (1, 4)


def test_phrase_ends_may_be_all_there_are():
    source = tune((64, 4), (65, 4), (60, 8))
    request = fill_request(source, [Voice.SOPRANO], phrase_ends=[5], all_phrase_ends=True)
    assert np.flatnonzero(request.chorale.fermata).tolist() == list(range(4, 16))
    assert request.given.fermatas.all()
    request = fill_request(source, [Voice.SOPRANO], phrase_ends=[5])
    assert np.flatnonzero(request.given.fermatas).tolist() == list(range(4, 16))
