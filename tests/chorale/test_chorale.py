import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import Chorale, Given, Key, Meter, Voice, parse_voices
from bachbot.errors import EncodingError, UsageError


def one_bar():
    pitch = np.tile(np.array([[72, 67, 64, 48]], dtype=np.int16), (16, 1))
    tied = np.ones((16, 4), dtype=bool)
    tied[[0, 8]] = False
    return Chorale(pitch, tied, np.zeros(16, dtype=bool))


def test_arrays_cannot_be_written():
    piece = one_bar()
    with pytest.raises(ValueError, match="read-only"):
        piece.pitch[0, 0] = 60
    with pytest.raises(dataclasses.FrozenInstanceError):
        piece.name = "other"


def test_onsets_are_where_a_note_begins():
    onset = one_bar().onset
    assert onset[[0, 8]].all()
    assert onset.sum() == 8


def test_a_tie_to_another_pitch_is_refused():
    piece = one_bar()
    pitch = piece.pitch.copy()
    pitch[5, 2] = 65
    with pytest.raises(EncodingError, match="frame 5, voice 2 is tied"):
        dataclasses.replace(piece, pitch=pitch)


def test_a_tie_in_the_first_frame_is_refused():
    piece = one_bar()
    tied = piece.tied.copy()
    tied[0, 0] = True
    with pytest.raises(EncodingError, match="frame 0, voice 0"):
        dataclasses.replace(piece, tied=tied)


@pytest.mark.parametrize("pitch", [-2, 128])
def test_a_pitch_out_of_midi_is_refused(pitch):
    with pytest.raises(EncodingError, match="outside -1"):
        Chorale(np.full((1, 4), pitch), np.zeros((1, 4)), np.zeros(1))


def test_shapes_must_agree():
    with pytest.raises(EncodingError, match="wanted"):
        Chorale(np.full((2, 4), 60), np.zeros((2, 3)), np.zeros(2))


@pytest.mark.slow
@given(chorales(low=36, high=81), st.integers(-5, 6))
def test_there_and_back_again(piece, semitones):
    there = piece.transposed(semitones, Key("C"))
    back = there.transposed(-semitones, piece.key)
    assert back.same_music(piece)
    assert back.transposed_by == 0
    assert ((there.pitch == -1) == (piece.pitch == -1)).all()


def test_transposing_below_midi_is_refused():
    with pytest.raises(EncodingError, match="below MIDI pitch 0"):
        Chorale(np.full((1, 4), 3), np.zeros((1, 4)), np.zeros(1)).transposed(-5, Key())


def test_bars_start_after_the_pickup():
    piece = Chorale(
        np.full((4 + 16 + 12, 4), 60), np.zeros((32, 4)), np.zeros(32), meter=Meter(4, 4, 4)
    )
    assert piece.bar_starts.tolist() == [0, 4, 20]
    assert piece.position[:5].tolist() == [12, 13, 14, 15, 0]


def test_a_slice_begins_its_notes_anew():
    part = one_bar().sliced(4, 12)
    assert part.frames == 8
    assert part.onset[0].all()
    assert part.position.tolist() == list(range(4, 12))


@pytest.mark.parametrize(
    ("text", "meter", "bar", "beat"),
    [
        ("4/4", Meter(4, 4), 16, 4),
        ("3/4", Meter(3, 4), 12, 4),
        ("6/8", Meter(6, 8), 12, 6),
        ("3/2", Meter(3, 2), 24, 8),
        ("2/2", Meter(2, 2), 16, 8),
        ("12/8", Meter(12, 8), 24, 6),
        ("3/8", Meter(3, 8), 6, 2),
    ],
)
def test_meters(text, meter, bar, beat):
    assert Meter.parse(text) == meter
    assert meter.bar_frames == bar
    assert meter.beat_frames == beat
    assert str(meter) == text


@pytest.mark.parametrize("text", ["", "4", "4/5", "0/4", "a/b", "33/4", "4/4/4", "-3/4", "²/4"])
def test_what_is_no_meter(text):
    with pytest.raises(UsageError, match="meter"):
        Meter.parse(text)


def test_a_pickup_must_be_shorter_than_the_bar():
    with pytest.raises(UsageError, match="pickup of 16"):
        Meter(4, 4, 16)


def test_voices_are_read_by_name_or_letter_in_any_order():
    assert parse_voices("bass, S") == (Voice.SOPRANO, Voice.BASS)
    with pytest.raises(UsageError, match="'baritone' is not a voice"):
        parse_voices("soprano,baritone")


def test_given_cells():
    cells = Given.voices(3, [Voice.ALTO]).cells
    assert cells.sum() == 3
    assert cells[:, 1].all()
    assert Given.opening(5, 2).cells.sum(axis=1).tolist() == [4, 4, 0, 0, 0]
    with pytest.raises(UsageError, match="wanted"):
        Given(np.zeros((3, 3)))


@pytest.mark.slow
@given(chorales(), st.integers(1, 4))
def test_slowed_and_quickened_again(piece, times):
    slow = piece.augmented(times)
    assert slow.frames == times * piece.frames
    assert (slow.onset.sum(axis=0) == piece.onset.sum(axis=0)).all()
    back = slow.diminished(times)
    assert back.same_music(piece)
    assert (back.position == piece.position).all()


def test_what_is_too_quick_is_refused():
    piece = one_bar()
    assert piece.diminished(8).frames == 2
    with pytest.raises(EncodingError, match="grid of 16 frames"):
        piece.diminished(16)
    with pytest.raises(EncodingError, match="grid of 3 frames"):
        piece.diminished(3)
