import pytest
from music_counts import chords, count
from progressions_made import A, piece

PHRYGIAN, UNCHANGED = "Phrygian cadences", "fermata without a change of chord"
HALF = "half cadence not on a root-position triad"
LAST, FINAL = "last chord not a triad on its root", "final cadence not prepared"
C_MAJOR, F_MAJOR, G_MAJOR = "C5 G4 E4 C3", "C5 A4 F4 F3", "D5 B4 G4 G3"
FULL = [C_MAJOR, F_MAJOR, G_MAJOR, C_MAJOR]


def made(*rows, **more):
    return piece(*chords(*rows), **more)


def test_phrygian_cadences():
    a_minor, e_major = "C5 A4 E4 A3", "E5 G#4 B3 E3"
    rest = [a_minor, "D5 A4 F4 D3", "B4 G#4 E4 E3", a_minor]
    phrygian = made(a_minor, "C5 A4 E4 C4", "D5 A4 D4 F3", e_major, *rest, key=A,
                    fermatas=[(12, 16)])  # fmt: skip
    assert count(PHRYGIAN, phrygian) == (1, 1)
    half = made(a_minor, "D5 A4 D4 F3", a_minor, "B4 G#4 E4 E3", *rest, key=A,
                fermatas=[(12, 16)])  # fmt: skip
    assert count(PHRYGIAN, half) == (0, 1)
    assert count(PHRYGIAN, made(*FULL)) == (0, 0)


def test_fermatas_without_a_change_of_chord():
    stays = made(C_MAJOR, "D5 B4 G4 G3", "B4 G4 D4 B3", C_MAJOR, fermatas=[(8, 12)])
    assert count(UNCHANGED, stays) == (1, 1)
    assert count(UNCHANGED, made(*FULL, fermatas=[(12, 16)])) == (0, 1)
    # A fermata on the first note has no chord before it.
    assert count(UNCHANGED, made(*FULL, fermatas=[(0, 4)])) == (0, 0)


@pytest.mark.parametrize(
    ("dominant", "faults"), [(G_MAJOR, 0), ("D5 G4 G4 B2", 1), ("D5 B4 F4 G3", 1)]
)
def test_half_cadences(dominant, faults):
    phrase = [C_MAJOR, F_MAJOR, C_MAJOR, dominant]
    assert count(HALF, made(*phrase, *FULL, fermatas=[(12, 16), (28, 32)])) == (faults, 1)


def test_a_phrase_that_ends_on_the_tonic_is_no_half_cadence():
    assert count(HALF, made(*FULL, *FULL, fermatas=[(12, 16), (28, 32)])) == (0, 0)


@pytest.mark.parametrize(
    ("last", "fault"),
    [
        (C_MAJOR, 0),
        ("C5 G4 Eb4 C3", 0),
        ("C5 G4 C4 E3", 1),  # inverted
        ("C5 G#4 E4 C3", 1),  # augmented
        ("C5 G4 C4 C3", 1),  # bare
        ("Bb4 G4 E4 C3", 1),  # a seventh
        ("C5 G4 F4 C3", 1),  # unresolved
    ],
)
def test_last_chords(last, fault):
    assert count(LAST, made(C_MAJOR, G_MAJOR, last)) == (fault, 1)


@pytest.mark.parametrize(
    ("end", "fault"),
    [
        ([G_MAJOR, C_MAJOR], 0),
        ([F_MAJOR, C_MAJOR], 0),
        (["D5 A4 F4 D3", C_MAJOR], 0),
        ([G_MAJOR, "C5 G4 E4 G2", C_MAJOR], 0),  # a six-four
        ([G_MAJOR, "C5 G4 E4 E3", C_MAJOR], 1),  # I6 to I
        (["B4 G4 E4 E3", C_MAJOR], 1),
        (["E5 C5 A4 A3", "C5 G4 E4 C3"], 1),
    ],
)
def test_final_cadences(end, fault):
    assert count(FINAL, made(C_MAJOR, F_MAJOR, *end)) == (fault, 1)
