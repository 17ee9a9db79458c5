import numpy as np
import pytest

from bachbot.chorale import Chorale, Key, note_name
from bachbot.theory.cadence import cadence_at, final_cadence

C, A = Key("C", "major"), Key("A", "minor")

I = [72, 64, 55, 48]  # noqa: E741
I_THIRD_ABOVE = [76, 67, 60, 48]
IV = [69, 65, 60, 53]
V = [71, 67, 62, 55]
V7 = [71, 65, 62, 55]
V6 = [67, 62, 55, 59]
V2 = [71, 67, 62, 53]
VII6 = [71, 65, 62, 50]
VI = [72, 64, 60, 57]
I64 = [72, 64, 55, 55]
REST = [-1, -1, -1, -1]

AM = [69, 64, 60, 57]
A_MAJOR = [69, 64, 61, 57]
E = [71, 68, 64, 52]
DM = [69, 65, 62, 50]
E_MINOR = [71, 67, 64, 52]
DM6 = [69, 62, 57, 53]


def piece(*chords, key=C):
    pitch = np.repeat(np.array(chords, dtype=np.int16), 4, axis=0).reshape(-1, 4)
    return Chorale(pitch, np.zeros(pitch.shape), np.zeros(len(pitch)), key=key)


@pytest.mark.parametrize(
    ("chords", "key", "kind"),
    [
        ([IV, V, I], C, "perfect"),
        ([V7, I], C, "perfect"),
        ([I64, V, I], C, "perfect"),
        ([V, I_THIRD_ABOVE], C, "imperfect"),
        ([V6, I], C, "imperfect"),
        ([V2, I], C, "imperfect"),
        ([VII6, I], C, "imperfect"),
        ([I, IV, I], C, "plagal"),
        ([I, V], C, "half"),
        ([IV, V], C, "half"),
        ([V, VI], C, "none"),
        ([V7], C, "none"),
        ([I], C, "none"),
        ([V, V7], C, "none"),
        ([VI, I], C, "none"),
        ([V, I64], C, "none"),
        ([V, REST], C, "none"),
        ([REST, I], C, "none"),
        ([E, AM], A, "perfect"),
        ([E, A_MAJOR], A, "perfect"),
        ([DM, A_MAJOR], A, "plagal"),
        ([DM6, E], A, "half"),
        ([E_MINOR, AM], A, "none"),
        ([E_MINOR], A, "none"),
        ([V, I], A, "none"),
    ],
)
def test_known_cadences(chords, key, kind):
    assert final_cadence(piece(*chords, key=key)).kind == kind


def test_the_same_in_every_key():
    for shift in range(-5, 7):
        tonic = note_name((shift * 7 + 5) % 12 - 5)
        moved = piece(IV, V, I).transposed(shift, Key(tonic))
        assert final_cadence(moved).kind == "perfect"


def test_a_leading_note_that_has_moved_on():
    anticipated = [72, 65, 62, 55]
    assert final_cadence(piece(V, anticipated, I)).kind == "perfect"


def test_in_the_middle_of_a_piece():
    chorale = piece(I, V, I, IV, V)
    assert [cadence_at(chorale, f, C).kind for f in (3, 7, 11, 19)] == [
        "none", "half", "perfect", "half",
    ]  # fmt: skip
    assert cadence_at(chorale, 7, Key("G")).kind == "plagal"


def test_nothing():
    assert final_cadence(piece()).kind == "none"
    assert final_cadence(piece(V, I)).described == "a perfect cadence"


def test_bach_closes(corpus):
    """Nine of ten of Bach's chorales close on a cadence that is found, most on a perfect one."""
    kinds = [final_cadence(p.chorale).kind for p in corpus.pieces]
    assert len(kinds) > 350
    assert kinds.count("none") < 0.12 * len(kinds)
    assert kinds.count("perfect") > 0.7 * len(kinds)
