"""The further distributions: known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import chorales

from bachbot.chorale import Chorale, Key, Voice
from bachbot.evaluation.style import profile
from bachbot.evaluation.style.features import PieceAnalysis

I = [72, 67, 64, 48]  # noqa: E741
I6 = [72, 67, 60, 52]
IV = [72, 69, 65, 53]
V = [71, 67, 62, 55]
V7 = [71, 65, 62, 55]
VI = [72, 69, 64, 57]


def piece(*chords, key=Key(), ends=(), frames=4):
    """A chord on each quarter, with an onset of every voice; fermatas on some."""
    pitch = np.repeat(np.array(chords, dtype=np.int16).reshape(-1, 4), frames, axis=0)
    tied = (np.arange(len(pitch)) % frames > 0)[:, None] & (pitch >= 0)
    fermata = np.isin(np.arange(len(pitch)) // frames, ends)
    return Chorale(pitch, tied, fermata, key=key)


def read(feature, *chords, **named):
    return dict(feature(PieceAnalysis(piece(*chords, **named))))


def test_figures_of_the_piece_are_those_of_variety():
    assert read(profile.onsets_per_beat, I, V, I, V) == {1.0: 1}
    assert read(profile.different_chords_per_beat, I, V, I, V) == {0.5: 1}
    assert read(profile.onsets_per_beat, [-1, -1, -1, -1]) == {}


def test_harmonic_rhythm_by_hand():
    # One chord for two beats, its position changed; a seventh that joins is no change either.
    assert read(profile.harmonic_rhythm, I, I6, IV, V, V7, I) == {2.0: 2, 1.0: 2}


def test_transitions_by_hand():
    assert read(profile.chord_transitions, I, I6, IV, V, V7, I) == {
        "I > IV in major": 1,
        "IV > V in major": 1,
        "V > I in major": 1,
    }
    minor = [[pitch - 3 for pitch in [72, 67, 63, 48]], [pitch - 3 for pitch in V]]
    found = read(profile.chord_transitions, *minor, minor[0], key=Key("A", "minor"))
    assert found == {"i > V in minor": 1, "V > i in minor": 1}


def test_chord_qualities_by_hand():
    assert read(profile.chord_qualities, I, I6, IV, V, V7, I) == {
        "major": 4,
        "dominant seventh": 1,
    }


def test_cadences_and_their_keys_by_hand():
    # To the dominant under a fermata, deceptively, and home.
    chords = [I, IV, V, I, V7, VI, IV, V7, I]
    assert read(profile.cadence_types, *chords, ends=(2, 5, 8)) == {
        "half": 1,
        "deceptive": 1,
        "perfect": 1,
    }
    assert read(profile.phrase_ending_keys, *chords, ends=(2, 5, 8)) == {"I": 3}
    assert read(profile.cadence_types, *chords) == {}
    assert read(profile.phrase_ending_keys, *chords) == {}


def test_steps_and_leaps_by_hand():
    reading = PieceAnalysis(piece(I, V, V, [-1, -1, -1, -1], I))
    assert dict(profile.melodic_semitones(reading, Voice.BASS)) == {7.0: 1, 0.0: 1}
    assert dict(profile.melodic_semitones(reading, Voice.SOPRANO)) == {-1.0: 1, 0.0: 1}


@pytest.mark.parametrize(
    ("key", "home", "name"),
    [("C", "C", "I"), ("G", "C", "V"), ("a", "C", "vi"), ("d", "C", "ii"), ("Eb", "C", "bIII"),
     ("C", "a", "III"), ("e", "a", "v"), ("A", "a", "I"), ("F#", "D", "III"), ("c", "C", "i"),
     ("f#", "a", "#vi")],
)  # fmt: skip
def test_keys_told_from_home(key, home, name):
    assert profile.relative_key_name(Key.parse(key), Key.parse(home)) == name


@pytest.mark.slow
def test_a_piece_at_another_pitch_reads_the_same(corpus):
    for chorale in corpus.part("test", "tune")[:3]:
        tonic = {"major": "D", "minor": "B"}[chorale.key.mode]
        here = PieceAnalysis(chorale)
        moved = PieceAnalysis(chorale.transposed(2, Key(tonic, chorale.key.mode)))
        for feature in profile.PROFILE_FEATURES:
            assert moved.count(feature) == here.count(feature), feature.name


@pytest.mark.slow
@settings(max_examples=25)
@given(chorales(max_frames=24))
def test_every_feature_reads_any_chorale(chorale):
    reading = PieceAnalysis(chorale)
    for feature in profile.PROFILE_FEATURES:
        assert all(times > 0 for times in reading.count(feature).values())
    lasting = sum(x * n for x, n in reading.count(profile.PROFILE_FEATURES[2]).items())
    assert lasting <= chorale.frames / 4
