from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import Chorale, Meter, Pulse, Voice


def tune(meter, *lengths, frames=None):
    """A soprano of notes of these lengths in frames, over rests."""
    frames = frames or sum(lengths)
    pitch = np.full((frames, 4), -1)
    tied = np.zeros((frames, 4), dtype=bool)
    start = 0
    for i, length in enumerate(lengths):
        pitch[start : start + length, 0] = 60 + i % 7
        tied[start + 1 : start + length, 0] = True
        start += length
    return Chorale(pitch, tied, np.zeros(frames), meter=meter)


@pytest.mark.parametrize(
    ("piece", "pulse"),
    [
        (tune(Meter(4, 4), 4, 4, 4, 4), Pulse()),
        (tune(Meter(4, 4), 8, 8), Pulse()),
        (tune(Meter(6, 8), 2, 2, 2, 6), Pulse(augmentation=2)),
        (tune(Meter(6, 8), 6, 6), Pulse(augmentation=2)),
        (tune(Meter(2, 4), 2, 2, 2, 2), Pulse(augmentation=2)),
        (tune(Meter(3, 2), 8, 8, 8), Pulse(diminution=2)),
        (tune(Meter(3, 2), 8, 8, 7, 1), Pulse()),
        (tune(Meter(3, 2), 8, 8, 8, frames=25), Pulse()),
        (tune(Meter(4, 4), frames=16), Pulse()),
    ],
)
def test_the_pulse_follows_meter_and_note_values(piece, pulse):
    assert Pulse.of(piece, Voice.SOPRANO) == pulse


def test_a_fermata_within_a_frame_of_the_longer_grid_forbids_diminution():
    piece = tune(Meter(3, 2), 8, 8, 8)
    assert Pulse.of(piece, Voice.SOPRANO) == Pulse(diminution=2)
    fermata = np.arange(piece.frames) >= piece.frames - 1
    assert Pulse.of(replace(piece, fermata=fermata), Voice.SOPRANO) == Pulse()


@pytest.mark.slow
@given(chorales(min_frames=1), st.sampled_from(list(Voice)))
def test_what_is_heard_is_written_again(piece, voice):
    pulse = Pulse.of(piece, voice)
    assert pulse.undo(pulse.apply(piece)).same_music(piece)


@pytest.mark.parametrize(
    ("meter", "pulse", "heard"),
    [
        (Meter(6, 8, 2), Pulse(augmentation=2), Meter(6, 4, 4)),
        (Meter(3, 2, 8), Pulse(diminution=2), Meter(3, 4, 4)),
        (Meter(3, 4, 4), Pulse(), Meter(3, 4, 4)),
    ],
)
def test_the_meter_follows_the_pulse(meter, pulse, heard):
    assert pulse.apply_to_meter(meter) == heard
    assert heard.bar_frames * pulse.diminution == meter.bar_frames * pulse.augmentation


@pytest.mark.parametrize("voice", Voice)
def test_bachs_voices_are_heard_as_they_stand(corpus, voice):
    """A bass that runs in eighths under quarters is no tune in eighths."""
    quarters = [p.chorale for p in corpus.pieces if p.chorale.meter.unit == 4]
    slowed = [c.name for c in quarters if Pulse.of(c, voice) != Pulse()]
    assert len(slowed) <= 5, slowed


def test_a_lower_voice_in_eighths_throughout_is_slowed():
    pitch = np.full((16, 4), -1)
    pitch[:, Voice.BASS] = np.repeat([48, 50, 52, 53, 55, 53, 52, 50], 2)
    tied = np.zeros((16, 4), dtype=bool)
    tied[1::2, Voice.BASS] = True
    assert Pulse.of(Chorale(pitch, tied, np.zeros(16)), Voice.BASS) == Pulse(augmentation=2)


@pytest.mark.parametrize(
    ("meter", "positions"),
    [
        (Meter(6, 8), [0, 4, 8, 0, 4, 8]),
        (Meter(9, 8), [0, 4, 8, 0, 4, 8]),
        (Meter(6, 8, 2), [8, 0, 4, 8, 0, 4]),
    ],
)
def test_a_dotted_beat_is_a_bar_of_three_for_the_model(meter, positions):
    heard = Pulse(augmentation=2).apply(tune(meter, *[2] * 6))
    assert heard.position[::4].tolist() == positions
    assert (heard.meter.beats, heard.meter.unit) == (3, 4)
    assert heard.position[0] == heard.meter.positions(1)[0]


def test_a_simple_meter_keeps_its_bars():
    heard = Pulse(augmentation=2).apply(tune(Meter(2, 4), *[2] * 8))
    assert heard.position[::4].tolist() == [0, 4, 8, 12, 0, 4, 8, 12]
