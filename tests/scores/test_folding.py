"""Notes outside a range are read in another octave, and come back in their own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import chorales

from bachbot.chorale import REST, VOICES, Voice
from bachbot.scores.folding import fold_chorale, unfold
from bachbot.scores.pitch import fold


@given(st.integers(0, 127), st.sampled_from(VOICES))
def test_a_folded_pitch_is_in_the_range_and_has_its_name(midi, voice):
    low, high = voice.range
    assert low <= fold(midi, voice) <= high
    assert (fold(midi, voice) - midi) % 12 == 0
    assert fold(fold(midi, voice), voice) == fold(midi, voice)
    if low <= midi <= high:
        assert fold(midi, voice) == midi


@pytest.mark.slow
@given(chorales(min_frames=1, low=20, high=100), st.data())
def test_given_notes_come_back_and_no_tie_breaks(chorale, data):
    folded = fold_chorale(chorale)
    for voice in VOICES:
        low, high = voice.range
        sung = folded.pitch[:, voice][folded.pitch[:, voice] != REST]
        assert ((low <= sung) & (sung <= high)).all()
    cells = np.zeros(chorale.pitch.shape, dtype=np.bool_)
    cells[:, Voice.SOPRANO] = True
    start = data.draw(st.integers(0, chorale.frames))
    cells[start:] = True  # all voices of the last bars
    back = unfold(folded, chorale, cells)  # a Chorale checks its ties
    assert (back.pitch == chorale.pitch)[cells].all()
    assert ((back.pitch - folded.pitch) % 12 == 0).all()
    assert unfold(folded, chorale, np.ones_like(cells)).same_music(chorale)


def test_a_chorale_within_the_ranges_is_left_alone():
    from pieces import bach

    chorale = bach("bwv66.6").chorale
    assert fold_chorale(chorale) is chorale
    assert unfold(chorale, chorale, np.ones(chorale.pitch.shape, dtype=np.bool_)) is chorale
