import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bachbot.encoding import FIRST_PITCH, Vocabulary
from bachbot.encoding.token_intervals import CHROMAS, FARTHEST, MELODIC, harmonic, melodic

VOCABULARY = Vocabulary()
V = len(VOCABULARY)


def _id(pitch, tied=False):
    return int(VOCABULARY.ids_of(np.array(pitch), np.array(tied)))


pitches = st.integers(VOCABULARY.low, VOCABULARY.high)


@given(pitches, pitches, st.booleans())
def test_a_leap_is_counted_in_semitones_and_a_long_one_is_as_good_as_a_longer(one, other, tied):
    far = max(-FARTHEST, min(FARTHEST, other - one))
    assert melodic(V)[_id(one, tied), _id(other)] == FARTHEST + far


@given(pitches, pitches)
def test_a_tie_is_of_the_same_pitch_or_of_another(one, other):
    held = melodic(V)[_id(one), _id(other, tied=True)]
    assert held == MELODIC - (1 if one == other else 2)


@given(pitches, pitches, st.booleans(), st.booleans())
def test_an_interval_is_counted_upwards_within_the_octave(low, high, one, other):
    assert harmonic(V)[_id(low, one), _id(high, other)] == (high - low) % CHROMAS


def test_what_has_no_pitch_is_apart():
    for table, without in ((melodic(V), MELODIC), (harmonic(V), CHROMAS)):
        assert table.shape == (V + 1, V)
        assert (table[:, :FIRST_PITCH] == without).all()
        assert (table[[*range(FIRST_PITCH), V]] == without).all()
        assert (table[FIRST_PITCH:V, FIRST_PITCH:] < without).all()
