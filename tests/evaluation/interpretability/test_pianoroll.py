import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_checkpoints import random_checkpoint, random_lookahead
from strategies import chorales

from bachbot.chorale import REST, Chorale, Voice
from bachbot.errors import EncodingError
from bachbot.evaluation.interpretability.pianoroll import piano_roll
from bachbot.evaluation.losses import measure
from bachbot.runtime import build_model

PAST = build_model(random_checkpoint(scale=0.5), dtype=np.float64)
AHEAD = build_model(random_lookahead(scale=0.5), dtype=np.float64)
MODELS = {"past": PAST, "ahead": AHEAD}


@pytest.mark.slow
@settings(max_examples=25)
@given(chorales(min_frames=1, max_frames=8), st.sampled_from(sorted(MODELS)))
def test_what_is_written_costs_what_the_losses_say(chorale, name):
    model = MODELS[name]
    roll = piano_roll(model, chorale)
    assert roll.frames == chorale.frames
    assert roll.nats.sum() == pytest.approx(measure(model, [chorale]).voices.nats)
    whole = roll.pitch.sum(axis=2) + roll.rest
    assert (whole <= 1 + 1e-9).all()
    assert (roll.pitch >= 0).all()


@pytest.mark.slow
@settings(max_examples=25)
@given(chorales(min_frames=1, max_frames=8), st.sets(st.sampled_from(list(Voice)), max_size=3))
def test_of_what_is_given_one_that_looks_ahead_is_certain(chorale, voices):
    roll = piano_roll(AHEAD, chorale, given=voices)
    for voice in voices:
        for frame, pitch in enumerate(chorale.pitch[:, voice]):
            found = roll.rest[frame, voice] if pitch == REST else (
                roll.pitch[frame, voice, pitch - roll.low]
            )  # fmt: skip
            assert found == pytest.approx(1)
    free = [v for v in Voice if v not in voices]
    assert (roll.pitch[:, free].max(axis=2) < 1).all()


@settings(max_examples=25)
@given(chorales(min_frames=1, max_frames=8))
def test_onset_and_tie_are_one_pitch(chorale):
    roll = piano_roll(PAST, chorale)
    sounding = chorale.pitch != REST
    frames, voices = np.nonzero(sounding)
    chance = roll.pitch[frames, voices, chorale.pitch[sounding] - roll.low]
    # What is written is one of the two tokens of its pitch.
    assert (chance > np.exp(-roll.nats[sounding])).all()


def test_a_pitch_that_the_model_does_not_know_is_refused():
    with pytest.raises(EncodingError):
        piano_roll(PAST, Chorale(np.full((1, 4), 100), np.zeros((1, 4)), np.zeros(1)))
