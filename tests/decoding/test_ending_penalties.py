"""Penalties for the ends of phrases and of pieces."""

import dataclasses

import numpy as np
import pytest
from test_penalties import penalties_of

from bachbot.chorale import Chorale, Given, Key, Voice
from bachbot.decoding import Penalties


def test_a_phrase_that_ends_on_anything_but_a_triad_in_root_position():
    chord = {
        "root": [72, 67, 64, 48],
        "sixth": [72, 67, 60, 52],
        "none": [72, 67, 65, 48],
        "augmented": [72, 68, 64, 48],
        "open": [72, 67, 60, 48],
    }
    costs = {"root": 0, "sixth": 1.0, "none": 1.0, "augmented": 1.0, "open": 1.0}
    for name, cost in costs.items():
        pitch = np.repeat([[71, 67, 62, 55], chord[name]], 4, axis=0)
        tied = np.repeat((np.arange(8) % 4 > 0)[:, None], 4, axis=1)
        piece = Chorale(pitch, tied, np.arange(8) >= 4)
        asked = [Given.voices(8, voices) for voices in ([0], [3], [0, 1, 2], [0, 1, 2, 3])]
        wanted = [cost, cost, cost, 0]
        assert penalties_of([piece] * 4, asked, Penalties.of({"chord at fermata": 1.0})) == wanted
    plain = Chorale(pitch, tied, np.zeros(8))
    assert penalties_of(
        [plain], [Given.voices(8, [0])], Penalties.of({"chord at fermata": 1.0})
    ) == [0]


@pytest.mark.parametrize(
    ("before", "chord", "cost"),
    [
        ([71, 67, 62, 55], [72, 67, 64, 48], 0),
        ([72, 67, 64, 52], [72, 67, 64, 48], 1.0),
        ([76, 67, 64, 48], [72, 67, 64, 48], 1.0),
        ([72, 67, 65, 48], [72, 67, 64, 48], 0),  # from no chord
    ],
)
def test_a_chord_that_is_held_into_a_fermata(before, chord, cost):
    pitch = np.repeat([before, chord], 4, axis=0)
    tied = np.zeros(pitch.shape, dtype=bool)
    tied[5:, Voice.SOPRANO] = True  # a fermata begins at each of its notes
    piece = Chorale(pitch, tied, np.arange(8) >= 4)
    penalties = Penalties.of({"held into a fermata": 1.0})
    soprano = Given.voices(8, [Voice.SOPRANO])
    # The final chord has penalties of its own.
    final = dataclasses.replace(soprano, final_chord=range(4, 8))
    given = [soprano, Given.voices(8, [0, 1, 2, 3]), final]
    assert penalties_of([piece] * 3, given, penalties) == [cost, 0, 0]


A_MINOR = Key("A", "minor")


@pytest.mark.parametrize(
    ("chord", "key", "cost"),
    [
        ([64, 60, 55, 48], Key(), 0),  # C major over C
        ([64, 60, 55, 43], Key(), 2.0),  # over its fifth
        ([64, 60, 57, 48], Key(), 2.0),  # A minor over C
        ([64, 60, 57, 45], A_MINOR, 0),
        ([64, 61, 57, 45], A_MINOR, 0),  # the major third that closes a piece in minor
        ([64, 60, 57, 48], A_MINOR, 2.0),
        ([66, 62, 57, 50], A_MINOR, 0),  # below F sharp D major
        ([66, 62, 59, 47], A_MINOR, 4.0),  # and not B minor
        ([68, 64, 60, 48], A_MINOR, 4.0),  # nor an augmented triad
        ([68, 64, 59, 52], A_MINOR, 0),
        ([63, 58, 55, 51], A_MINOR, 6.0),  # the soprano is given
        ([63, 59, 54, 47], A_MINOR, 0),
        ([65, 60, 57, 53], Key(), 0),
        ([64, 62, 57, 45], A_MINOR, 4.0),  # a fourth for the third
        ([64, 57, 57, 45], A_MINOR, 2.0),  # without the third
        ([64, 60, -1, 45], A_MINOR, 0),
    ],
)
def test_a_final_chord_that_is_not_the_tonic(chord, key, cost):
    pitch = np.tile(chord, (6, 1))
    pitch[:2, 3] = 50
    piece = Chorale(pitch, np.zeros((6, 4)), np.zeros(6), key=key)
    given = dataclasses.replace(Given.voices(6, [Voice.SOPRANO]), final_chord=range(2, 6))
    assert penalties_of([piece], [given], Penalties.of({"final chord": 2.0})) == [cost]
    assert penalties_of(
        [piece], [Given.voices(6, [Voice.SOPRANO])], Penalties.of({"final chord": 2.0})
    ) == [0]
    everything = Given(np.ones((6, 4), dtype=bool), final_chord=range(2, 6))
    assert penalties_of([piece], [everything], Penalties.of({"final chord": 2.0})) == [0]


def ending(*chords, key=Key()):
    """A quarter on each chord, of which the soprano is given, and the last one closes."""
    pitch = np.repeat(np.array(chords), 4, axis=0)
    tied = np.zeros(pitch.shape, dtype=bool)
    tied[1:] = (pitch[1:] == pitch[:-1]) & (np.arange(1, len(pitch)) % 4 > 0)[:, None]
    piece = Chorale(pitch, tied, np.zeros(len(pitch)), key=key)
    close = range(len(pitch) - 4, len(pitch))
    return piece, dataclasses.replace(Given.voices(len(pitch), [Voice.SOPRANO]), final_chord=close)


@pytest.mark.parametrize(
    ("before", "last", "key", "cost"),
    [
        ([71, 67, 62, 55], [72, 67, 64, 48], Key(), 0),  # V
        ([71, 65, 62, 55], [72, 64, 60, 48], Key(), 0),  # V7
        ([72, 69, 65, 53], [72, 67, 64, 48], Key(), 0),  # IV below the tonic
        ([71, 67, 62, 59], [72, 67, 64, 48], Key(), 2),  # V6: the bass for two eighths
        ([62, 69, 65, 50], [72, 67, 64, 48], Key(), 6),  # ii: bass, alto, no leading note
        ([74, 65, 62, 55], [72, 64, 60, 48], Key(), 2),  # no leading note, nor its suspension
        ([72, 67, 64, 55], [72, 67, 64, 48], Key(), 2),  # a six-four chord that stays
        ([68, 64, 59, 52], [69, 64, 60, 45], A_MINOR, 0),
        ([67, 64, 59, 52], [69, 64, 60, 45], A_MINOR, 0),  # the lowered seventh in the tune
        ([71, 67, 64, 52], [69, 64, 60, 45], A_MINOR, 4),  # but not in the alto
        ([69, 65, 62, 50], [68, 64, 59, 52], A_MINOR, 0),  # iv-V
        ([69, 65, 60, 53], [68, 64, 59, 52], A_MINOR, 1),  # VI-V, by root no preparation
    ],
)
def test_what_leads_to_the_final_chord(before, last, key, cost):
    piece, given = ending([72, 67, 64, 48], before, last, key=key)
    assert penalties_of([piece], [given], Penalties.of({"final cadence": 1.0})) == [cost]
