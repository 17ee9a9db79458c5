import numpy as np
import pytest

from bachbot.chorale import Chorale, GivenChord
from bachbot.errors import UsageError
from bachbot.evaluation.given_chords import chords_of, measure

CHORDS = [[67, 64, 60, 48], [67, 62, 59, 43], [72, 64, 55, 48]]
TONIC, DOMINANT = (0, (0, 4, 7), (0,)), (7, (0, 4, 7), (0,))


def piece(chords=CHORDS):
    """A quarter a chord, in C major."""
    pitch = np.repeat(chords, 4, axis=0)
    tied = np.repeat((np.arange(len(pitch)) % 4 > 0)[:, None], 4, axis=1) & (pitch >= 0)
    return Chorale(pitch, tied, np.zeros(len(pitch), dtype=bool))


def test_the_chords_of_a_piece_are_those_of_its_analysis():
    found = chords_of(piece())
    assert [(c.frame, c.text) for c in found] == [(0, "I"), (4, "V"), (8, "I")]
    assert [(c.root, c.intervals, c.inversions) for c in found] == [TONIC, DOMINANT, TONIC]


def test_no_chord_is_given_in_silence():
    assert [c.frame for c in chords_of(piece([CHORDS[0], [-1] * 4, CHORDS[2]]))] == [0, 8]


def test_a_piece_keeps_its_own_chords():
    found = measure([piece()], [piece()], [chords_of(piece())])
    assert (found.obeyed.rate, found.with_third.rate, found.equal_pitch.rate) == (1, 1, 1)


@pytest.mark.parametrize(
    ("second", "obeyed", "with_third", "equal"),
    [
        ([67, 62, 59, 50], 2, 3, 8),  # another bass
        ([67, 60, 59, 43], 2, 3, 8),  # a tone that is not the chord's
        ([67, 62, 55, 43], 3, 2, 8),  # no third
        ([69, 62, 59, 43], 3, 3, 9),  # the soprano is given and may be anything
        ([67, 59, 62, 43], 3, 3, 7),  # the same chord
    ],
)
def test_what_counts(second, obeyed, with_third, equal):
    ours = piece([CHORDS[0], second, CHORDS[2]])
    found = measure([piece()], [ours], [chords_of(piece())])
    rates = (found.obeyed.rate, found.with_third.rate, found.equal_pitch.rate)
    assert rates == pytest.approx((obeyed / 3, with_third / 3, equal / 9))
    assert found.to_json()["pieces"] == 1


def test_pieces_are_pooled_by_chords():
    chord = GivenChord(0, *DOMINANT)
    found = measure([piece()] * 2, [piece()] * 2, [chords_of(piece()), [chord]])
    assert found.obeyed.rate == pytest.approx(3 / 4)


def test_sets_of_different_size_are_refused():
    with pytest.raises(UsageError, match="give the same pieces in both sets"):
        measure([piece()], [], [])
