import json

import numpy as np
import pytest
from hypothesis import given
from strategies import chorales

from bachbot.chorale import Chorale, Meter
from bachbot.evaluation.variety import measure

I = [72, 67, 64, 48]  # noqa: E741
I_OTHERWISE = [76, 67, 60, 36]
V = [71, 67, 62, 55]
QUIET = [-1, -1, -1, -1]


def piece(*chords, meter=None):
    """A chord on each quarter, with an onset of every voice."""
    pitch = np.repeat(np.array(chords, dtype=np.int16).reshape(-1, 4), 4, axis=0)
    held = np.arange(len(pitch)) % 4 > 0
    tied = held[:, None] & (pitch >= 0)
    return Chorale(pitch, tied, np.zeros(len(pitch)), meter=meter or Meter())


def figures(*pieces):
    found = measure(pieces)
    return (
        found.onsets_per_beat.mean,
        found.different_chords_per_beat.mean,
        found.chord_changes_per_beat.mean,
    )


def test_known_pieces():
    assert figures(piece(I, I_OTHERWISE, V, I)) == (1, 2 / 4, 2 / 4)
    assert figures(piece(I, I, I, I)) == (1, 1 / 4, 0)
    assert figures(piece(I, QUIET, V, I)) == (3 / 4, 2 / 3, 2 / 3)
    assert figures(piece(I, I, I, I), piece(I, V)) == (1, 5 / 8, 1 / 4)


def test_what_passes_between_quarters_is_no_chord_of_its_own():
    chorale = piece(I, V)
    pitch, tied = chorale.pitch.copy(), chorale.tied.copy()
    pitch[2:4, 2], tied[2, 2] = 65, False
    passing = Chorale(pitch, tied, chorale.fermata)
    assert figures(passing) == (7 / 6, 1, 1 / 2)


def test_the_soprano_and_ties_strike_nothing():
    chorale = piece(I, I)
    tied = chorale.tied.copy()
    tied[4, 3] = True
    tied[4, 0] = True
    assert figures(Chorale(chorale.pitch, tied, chorale.fermata))[0] == pytest.approx(5 / 6)


def test_a_repeated_note_is_one_that_its_voice_has_just_sounded():
    # From I to I three lower voices repeat; from I to V the alto does; a note after silence begins.
    assert measure([piece(I, I)]).repeated_notes.mean == 1
    assert measure([piece(I, V)]).repeated_notes.mean == pytest.approx(1 / 3)
    assert measure([piece(I, QUIET, I)]).repeated_notes.mean == 0
    chorale = piece(I, I)
    tied = chorale.tied.copy()
    tied[4, 1:] = True
    assert measure([Chorale(chorale.pitch, tied, chorale.fermata)]).repeated_notes.mean == 0


def test_a_leap_is_a_third_or_more():
    # Alto 67-67, tenor 64-62, bass 48-55 of I to V; then by a second, a third and a fourth.
    assert measure([piece(I, V)]).leaps.mean == pytest.approx(1 / 3)
    assert measure([piece([72, 67, 64, 48], [72, 65, 61, 53])]).leaps.mean == pytest.approx(2 / 3)
    assert measure([piece(I, QUIET, V)]).leaps.mean == 0


def test_a_pickup_of_an_eighth_moves_the_quarters():
    pitch = np.array([V, V, I, I, I, I, V, V, V, V], dtype=np.int16)
    chorale = Chorale(pitch, np.zeros(pitch.shape), np.zeros(10), meter=Meter(4, 4, 2))
    assert figures(chorale)[1:] == (2 / 2, 1 / 2)


def test_silence_is_left_out():
    found = measure([piece(QUIET), piece(), piece(I, V)])
    assert found.pieces == 1
    assert json.loads(json.dumps(measure([]).to_json())) == {
        "pieces": 0,
        "onsets_per_beat": {"mean": None, "interval": [None, None]},
        "repeated_notes": {"mean": None, "interval": [None, None]},
        "leaps": {"mean": None, "interval": [None, None]},
        "different_chords_per_beat": {"mean": None, "interval": [None, None]},
        "chord_changes_per_beat": {"mean": None, "interval": [None, None]},
    }


@pytest.mark.slow
@given(chorales(min_frames=4))
def test_bounds(chorale):
    found = measure([chorale])
    if found.pieces:
        assert 0 <= found.onsets_per_beat.mean <= 4
        assert 0 < found.different_chords_per_beat.mean <= 1
        assert 0 <= found.chord_changes_per_beat.mean < 1


def test_bach(corpus):
    """About 1.13 onsets per beat and voice, and .36 to .38 different chords per beat."""
    found = measure(corpus.part("train"))
    assert found.onsets_per_beat.mean == pytest.approx(1.13, abs=0.005)
    assert found.different_chords_per_beat.mean == pytest.approx(0.363, abs=0.002)
    assert found.chord_changes_per_beat.mean == pytest.approx(0.811, abs=0.002)
    held_out = measure(corpus.part("validation"))
    assert held_out.onsets_per_beat.mean == pytest.approx(1.12, abs=0.005)
    assert held_out.different_chords_per_beat.mean == pytest.approx(0.386, abs=0.002)
