from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import Chorale, CompoundPulse, Meter, Voice


def tune(meter, *lengths, position=None):
    """A soprano of notes of these lengths in frames, over rests."""
    frames = sum(lengths)
    pitch = np.full((frames, 4), -1)
    tied = np.zeros((frames, 4), dtype=bool)
    start = 0
    for number, length in enumerate(lengths):
        pitch[start : start + length, 0] = 60 + number
        tied[start + 1 : start + length, 0] = True
        start += length
    return Chorale(pitch, tied, np.zeros(frames), meter=meter, position=position)


def lengths_of(piece):
    """Length in frames of each of the soprano's notes."""
    return np.diff([*np.flatnonzero(piece.onset[:, Voice.SOPRANO]), piece.frames]).tolist()


@pytest.mark.parametrize(
    ("meter", "written", "read", "heard"),
    [
        (Meter(6, 8), [4, 2, 6], [2, 2, 4], Meter(2, 4)),
        (Meter(6, 8), [2, 2, 2, 6], [1, 1, 2, 4], Meter(2, 4)),
        (Meter(6, 8), [3, 1, 2, 6], [2, 2, 4], Meter(2, 4)),  # the sixteenth is lost
        (Meter(6, 8), [4, 1, 1, 6], [2, 1, 1, 4], Meter(2, 4)),
        (Meter(6, 8, 2), [2, 4, 2, 6], [2, 2, 2, 4], Meter(2, 4, 2)),
        (Meter(9, 8), [6, 6, 6], [4, 4, 4], Meter(3, 4)),
        (Meter(12, 8), [12, 12], [8, 8], Meter(4, 4)),
    ],
)
def test_a_dotted_beat_is_read_as_a_quarter(meter, written, read, heard):
    piece = tune(meter, *written)
    pulse = CompoundPulse.of(piece)
    found = pulse.apply(piece)
    assert lengths_of(found) == read
    assert found.meter == heard
    assert found.position.tolist() == heard.positions(found.frames).tolist()


@pytest.mark.parametrize("meter", [Meter(6, 8), Meter(9, 8), Meter(6, 8, 2)])
def test_a_rhythm_of_long_and_short_comes_back(meter):
    piece = tune(meter, *([2] if meter.pickup else []), 4, 2, 6, 4, 2, 6, 6, 4, 2)
    pulse = CompoundPulse.of(piece)
    found = pulse.undo(pulse.apply(piece))
    assert found.same_music(piece)
    assert found.meter == piece.meter
    assert found.position.tolist() == piece.position.tolist()


@given(chorales(min_frames=1), st.integers(0, 5))
def test_any_piece_is_read_and_written_in_its_length(piece, pickup):
    piece = replace(piece, meter=Meter(6, 8, pickup), position=None)
    pulse = CompoundPulse.of(piece)
    if pulse is None:  # a single sixteenth that no frame is read from
        assert piece.frames == 1
        return
    read = pulse.apply(piece)
    back = pulse.undo(read)
    assert back.frames == piece.frames
    assert (back.pitch[pulse.frames] == read.pitch).all()
    # What is read again is the same.
    assert pulse.apply(back).same_music(read)


@given(chorales(min_frames=6), st.integers(0, 5), st.data())
def test_frames_are_found_again(piece, pickup, data):
    piece = replace(piece, meter=Meter(6, 8, pickup), position=None)
    pulse = CompoundPulse.of(piece)
    frame = data.draw(st.integers(0, piece.frames - 1))
    first, within = pulse.from_written(frame), pulse.within(frame)
    assert 0 <= within <= first < len(pulse.frames)
    assert pulse.frames[within] <= max(frame, pulse.frames[0])
    if pulse.frames[-1] >= frame:
        assert pulse.frames[first] >= frame
    if frame in pulse.frames:
        assert first == within


def test_other_pieces_have_no_dotted_beats():
    assert CompoundPulse.of(tune(Meter(3, 4), 4, 4, 4)) is None
    assert CompoundPulse.of(tune(Meter(3, 8), 2, 2, 2)) is None
    odd = np.array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 0])
    assert CompoundPulse.of(tune(Meter(6, 8), *[1] * 12, position=odd)) is None
