"""The nine features: known answers, and faults planted and found."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from strategies import chorales

from bachbot.chorale import VOICES, Chorale, Key, Voice
from bachbot.corpus.jsb import pitches_only
from bachbot.evaluation.style.features import (
    GRADE_FEATURES,
    PieceAnalysis,
    _repeats,
    degree_name,
    interval_name,
    melodic_interval_names,
    note_durations,
    parallel_fifths_and_octaves,
    repeated_sequences,
    scale_degrees,
    slice_qualities,
)

I = [72, 67, 64, 48]  # noqa: E741
IV = [72, 69, 65, 53]
V = [71, 67, 62, 55]
QUIET = [-1, -1, -1, -1]


def piece(*chords, key=Key(), frames=4):
    """A chord on each quarter, with an onset of every voice."""
    pitch = np.repeat(np.array(chords, dtype=np.int16).reshape(-1, 4), frames, axis=0)
    tied = (np.arange(len(pitch)) % frames > 0)[:, None] & (pitch >= 0)
    return Chorale(pitch, tied, np.zeros(len(pitch)), key=key)


def read(feature, *chords, **named):
    return dict(feature(PieceAnalysis(piece(*chords, **named))))


def test_notes_are_degrees_of_the_scale_by_their_length():
    found = read(scale_degrees, I, V)
    assert found == {"1": 8, "5": 12, "3": 4, "7": 4, "2": 4}
    assert read(scale_degrees, I, QUIET)["rest"] == 16


def test_notes_are_named_as_they_are_spelled():
    # E major in A minor: its G sharp is a raised seventh, in A major it is the seventh itself.
    chord = [71, 68, 64, 52]
    assert read(scale_degrees, chord, key=Key("A", "minor")) == {"2": 4, "#7": 4, "5": 8}
    assert read(scale_degrees, chord, key=Key("A")) == {"2": 4, "7": 4, "5": 8}


@pytest.mark.parametrize(
    ("above", "mode", "name"),
    [(0, "major", "1"), (1, "major", "5"), (5, "major", "7"), (6, "major", "#4"),
     (-1, "major", "4"), (-2, "major", "b7"), (5, "minor", "#7"), (-4, "minor", "6"),
     (-5, "minor", "b2"), (3, "minor", "#6"), (-9, "major", "bb7")],
)  # fmt: skip
def test_degrees(above, mode, name):
    assert degree_name(above, mode) == name


@pytest.mark.parametrize(
    ("semitones", "fifths", "name"),
    [(0, 0, "P1"), (2, 2, "M2 up"), (-2, -2, "M2 down"), (1, -5, "m2 up"), (-1, 5, "m2 down"),
     (1, 7, "A1 up"), (-1, -7, "A1 down"), (5, -1, "P4 up"), (-7, -1, "P5 down"), (6, 6, "A4 up"),
     (6, -6, "d5 up"), (-6, 6, "d5 down"), (12, 0, "P8 up"), (-12, 0, "P8 down"),
     (15, -3, "m10 up"), (3, 9, "A2 up"), (9, -9, "d7 up")],
)  # fmt: skip
def test_intervals_by_name(semitones, fifths, name):
    assert interval_name(semitones, fifths) == name


def test_intervals_of_a_voice():
    reading = PieceAnalysis(piece(I, V, V, QUIET, I))
    assert dict(melodic_interval_names(reading, Voice.SOPRANO)) == {"m2 down": 1, "P1": 1}
    assert dict(melodic_interval_names(reading, Voice.BASS)) == {"P5 up": 1, "P1": 1}


def test_rhythm_is_the_length_of_notes_and_rests():
    assert read(note_durations, I, V, QUIET, QUIET, frames=2) == {0.5: 8, 1.0: 4}
    assert read(note_durations) == {}


def test_a_note_held_is_one_note():
    chorale = piece(I, I)
    tied = chorale.tied.copy()
    tied[4] = True
    assert note_durations(PieceAnalysis(Chorale(chorale.pitch, tied, chorale.fermata))) == {2.0: 4}


def test_planted_parallels_are_counted():
    clean = read(parallel_fifths_and_octaves, I, V, I)
    assert clean == {"parallel fifths": 0, "parallel octaves": 0}
    up = [pitch + 2 for pitch in I]
    # Tenor and bass, soprano and bass go in octaves; alto and bass, soprano and alto in fifths.
    assert read(parallel_fifths_and_octaves, [72, 67, 60, 48], [74, 69, 60, 50]) == {
        "parallel fifths": 1,
        "parallel octaves": 1,
    }
    assert sum(read(parallel_fifths_and_octaves, I, up).values()) == 2


def test_kinds_of_chord_slice_by_slice():
    seventh = [71, 65, 62, 55]
    suspended = [72, 67, 65, 48]
    found = read(
        slice_qualities, I, I, seventh, suspended, [60, 61, 62, 48], QUIET, [72, 60, 48, -1]
    )
    assert found == {
        "major": 2,
        "dominant seventh": 1,
        "suspended fourth": 1,
        "no chord": 1,
        "unison": 1,
    }
    second = [67, 62, 60, 48]
    assert read(slice_qualities, second, [67, 60, 55, 48]) == {
        "suspended second": 1,
        "bare fifth": 1,
    }


def test_a_passing_note_makes_a_slice():
    chorale = piece(I)
    pitch, tied = chorale.pitch.copy(), chorale.tied.copy()
    pitch[2:, 3], tied[2, 3] = 50, False
    passing = PieceAnalysis(Chorale(pitch, tied, chorale.fermata))
    assert sum(slice_qualities(passing).values()) == 2


def test_repeated_sequences_by_hand():
    # a b c a b d a b: 'ab' three times, as a whole; nothing longer comes back.
    assert sorted(_repeats([1, 2, 3, 1, 2, 4, 1, 2])) == [(2, 3)]
    # a b c a b c: what is within 'abc' is found no more often than it.
    assert sorted(_repeats([1, 2, 3, 1, 2, 3])) == [(3, 2)]
    # Held notes belong to a sequence, which none begins with.
    assert sorted(_repeats([1, -2, 2, -2, 3, 1, -2, 2, -2, 4])) == [(4, 2)]
    assert sorted(_repeats([1, 2, 3, 4])) == []
    # a a a: 'aa' twice, overlapping.
    assert sorted(_repeats([1, 1, 1])) == [(2, 2)]


def naive(events):
    """The definition word for word: every sequence, every occurrence, every longer one."""
    found = Counter()
    for i, first in enumerate(events):
        for j in range(i + 1, len(events) + 1):
            sequence = tuple(events[i:j])
            if first != -2 and sum(event != -2 for event in sequence) >= 2:
                found[sequence] += 1
    found = {sequence: times for sequence, times in found.items() if times > 1}

    def within(short, long):
        return any(long[i : i + len(short)] == short for i in range(len(long) - len(short) + 1))

    return sorted(
        (len(s), times)
        for s, times in found.items()
        if not any(len(o) > len(s) and found[o] == times and within(s, o) for o in found)
    )


@pytest.mark.slow
@given(chorales(max_frames=14, low=60, high=62))
def test_repeated_sequences_follow_the_definition(chorale):
    for voice in VOICES:
        tied, pitch = chorale.tied[:, voice].copy(), chorale.pitch[:, voice]
        tied[1:] |= (pitch[1:] < 0) & (pitch[:-1] < 0)
        events = np.where(tied, -2, pitch).tolist()
        assert sorted(_repeats(events)) == naive(events)


def test_where_nothing_comes_back_the_length_is_nought():
    assert read(repeated_sequences, I, V) == {0.0: 1}
    assert read(repeated_sequences, I, V, IV, I, V)[8.0] >= 2


@pytest.mark.slow
@given(chorales(max_frames=24))
def test_every_feature_reads_any_chorale(chorale):
    reading = PieceAnalysis(chorale)
    for feature in GRADE_FEATURES:
        assert all(times >= 0 for times in reading.count(feature).values())
    assert sum(scale_degrees(reading).values()) == 4 * chorale.frames
    lasting = sum(length * times for length, times in note_durations(reading).items())
    assert lasting == chorale.frames  # four voices, four frames a quarter


def test_as_pitches_tell():
    chorale = piece(I, I, V)
    marked = Chorale(chorale.pitch, chorale.tied, np.ones(12))
    reduced = pitches_only(marked)
    assert reduced.onset.sum() == 4 + 3  # the alto alone sings on
    assert not reduced.fermata.any()
    assert np.array_equal(reduced.pitch, chorale.pitch)
    assert pitches_only(reduced).same_music(reduced)
