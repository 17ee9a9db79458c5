import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bachbot.encoding import FIRST_PITCH, Vocabulary
from bachbot.encoding.token_intervals import (
    MAX_LEAP,
    MELODIC_INTERVALS,
    PITCH_CLASSES,
    harmonic_intervals,
    melodic_intervals,
)

VOCABULARY = Vocabulary()
V = len(VOCABULARY)


def _id(pitch, tied=False):
    return int(VOCABULARY.ids_of(np.array(pitch), np.array(tied)))


pitches = st.integers(VOCABULARY.low, VOCABULARY.high)


@given(pitches, pitches, st.booleans())
def test_leaps_are_in_semitones_and_all_long_ones_are_one_interval(one, other, tied):
    leap = max(-MAX_LEAP, min(MAX_LEAP, other - one))
    assert melodic_intervals(V)[_id(one, tied), _id(other)] == MAX_LEAP + leap


@given(pitches, pitches)
def test_a_tie_keeps_the_pitch_or_changes_it(one, other):
    held = melodic_intervals(V)[_id(one), _id(other, tied=True)]
    assert held == MELODIC_INTERVALS - (1 if one == other else 2)


@given(pitches, pitches, st.booleans(), st.booleans())
def test_an_interval_is_counted_upwards_within_the_octave(low, high, one, other):
    assert harmonic_intervals(V)[_id(low, one), _id(high, other)] == (high - low) % PITCH_CLASSES


def test_what_has_no_pitch_is_apart():
    for table, without in (
        (melodic_intervals(V), MELODIC_INTERVALS),
        (harmonic_intervals(V), PITCH_CLASSES),
    ):
        assert table.shape == (V + 1, V)
        assert (table[:, :FIRST_PITCH] == without).all()
        assert (table[[*range(FIRST_PITCH), V]] == without).all()
        assert (table[FIRST_PITCH:V, FIRST_PITCH:] < without).all()
