import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import Chorale, Metre, Pulse, Voice


def tune(metre, *lengths, frames=None):
    """A soprano of notes of these lengths in frames, over rests."""
    frames = frames or sum(lengths)
    pitch = np.full((frames, 4), -1)
    tied = np.zeros((frames, 4), dtype=bool)
    start = 0
    for i, length in enumerate(lengths):
        pitch[start : start + length, 0] = 60 + i % 7
        tied[start + 1 : start + length, 0] = True
        start += length
    return Chorale(pitch, tied, np.zeros(frames), metre=metre)


@pytest.mark.parametrize(
    ("piece", "pulse"),
    [
        (tune(Metre(4, 4), 4, 4, 4, 4), Pulse()),
        (tune(Metre(4, 4), 8, 8), Pulse()),
        (tune(Metre(6, 8), 2, 2, 2, 6), Pulse(slower=2)),
        (tune(Metre(6, 8), 6, 6), Pulse(slower=2)),
        (tune(Metre(2, 4), 2, 2, 2, 2), Pulse(slower=2)),
        (tune(Metre(3, 2), 8, 8, 8), Pulse(quicker=2)),
        (tune(Metre(3, 2), 8, 8, 7, 1), Pulse()),
        (tune(Metre(3, 2), 8, 8, 8, frames=25), Pulse()),
        (tune(Metre(4, 4), frames=16), Pulse()),
    ],
)
def test_the_pulse_follows_metre_and_note_values(piece, pulse):
    assert Pulse.of(piece, Voice.SOPRANO) == pulse


@given(chorales(min_frames=1), st.sampled_from(list(Voice)))
def test_what_is_heard_is_written_again(piece, voice):
    pulse = Pulse.of(piece, voice)
    assert pulse.written(pulse.heard(piece)).same_music(piece)


@pytest.mark.parametrize(
    ("metre", "pulse", "heard"),
    [
        (Metre(6, 8, 2), Pulse(slower=2), Metre(6, 4, 4)),
        (Metre(3, 2, 8), Pulse(quicker=2), Metre(3, 4, 4)),
        (Metre(3, 4, 4), Pulse(), Metre(3, 4, 4)),
    ],
)
def test_the_metre_follows_the_pulse(metre, pulse, heard):
    assert pulse.heard_metre(metre) == heard
    assert heard.bar_frames * pulse.quicker == metre.bar_frames * pulse.slower


@pytest.mark.parametrize("voice", Voice)
def test_bachs_voices_are_heard_as_they_stand(corpus, voice):
    """A bass that runs in eighths under quarters is no tune in eighths."""
    quarters = [p.chorale for p in corpus.pieces if p.chorale.metre.unit == 4]
    slowed = [c.name for c in quarters if Pulse.of(c, voice) != Pulse()]
    assert len(slowed) <= 5, slowed


def test_a_lower_voice_in_eighths_throughout_is_slowed():
    pitch = np.full((16, 4), -1)
    pitch[:, Voice.BASS] = np.repeat([48, 50, 52, 53, 55, 53, 52, 50], 2)
    tied = np.zeros((16, 4), dtype=bool)
    tied[1::2, Voice.BASS] = True
    assert Pulse.of(Chorale(pitch, tied, np.zeros(16)), Voice.BASS) == Pulse(slower=2)
