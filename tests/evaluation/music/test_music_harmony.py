import pytest
from music_counts import chords, count
from progressions_made import A, piece

C_MAJOR, F_MAJOR, G_MAJOR = "C5 G4 E4 C3", "C5 A4 F4 F3", "B4 G4 D4 G3"
G_SEVENTH = "B4 F4 D4 G3"
A_MINOR, D_MINOR, D_MAJOR = "C5 A4 E4 A3", "D5 A4 F4 D3", "D5 A4 F#4 D3"
ASTRAY = "dominant sevenths astray"
RISES = "leading notes in alto and tenor that rise"
CROSS = "cross relations"
SUSPENSIONS = "tied suspensions"
SAME, HELD = "same root and bass over the bar line", "lower voices held over the bar line"
THIRDS, FIFTHS = "root motion by a third", "root motion down a fifth"
SECONDARY = "secondary dominants"


def made(*rows, **more):
    return piece(*chords(*rows), **more)


@pytest.mark.parametrize(
    ("goal", "astray"),
    [
        (C_MAJOR, 0),
        ("C5 G4 Eb4 C3", 0),
        (A_MINOR, 0),
        (G_MAJOR, 0),
        ("C5 G4 E4 G3", 0),  # the tonic over the fifth
        ("F5 C5 E4 C3", 0),  # with a suspension
        (F_MAJOR, 1),
        (D_MINOR, 1),
        ("D5 A4 F#4 D3", 1),
    ],
)
def test_where_a_dominant_seventh_goes(goal, astray):
    assert count(ASTRAY, made(G_SEVENTH, goal)) == (astray, 1)


def test_a_triad_is_no_dominant_seventh():
    assert count(ASTRAY, made(G_MAJOR, F_MAJOR)) == (0, 0)


def test_leading_notes_in_inner_voices():
    assert count(RISES, made("D5 B4 G4 G3", "E5 C5 G4 C3")) == (1, 1)
    assert count(RISES, made("D5 B4 G4 G3", "E5 G4 G4 C3")) == (0, 1)
    assert count(RISES, made(G_MAJOR, C_MAJOR)) == (0, 0)  # it is the soprano's
    # In G major too: F sharp is the leading note of the chord that follows.
    assert count(RISES, made("A4 F#4 D4 D3", "B4 G4 D4 G3")) == (1, 1)


def test_unresolved_and_doubled_leading_notes():
    unresolved, doubled = "leading notes unresolved", "leading notes doubled"
    assert count(unresolved, made("D5 B4 G4 G3", "C5 E4 G4 C3")) == (1, 1)
    assert count(unresolved, made("D5 B4 G4 G3", "E5 C5 G4 C3")) == (0, 1)
    assert count(doubled, made("B4 G4 B3 G2", C_MAJOR)) == (4, 4)
    assert count(doubled, made("B4 G4 D4 G2", C_MAJOR)) == (0, 4)


@pytest.mark.parametrize(
    ("alto", "found"),
    [
        ("C5:1.5 B4:.5", 1),
        ("C5:1 B4:1", 0),  # struck on the beat
        ("C5:1.5 D5:.5", 0),  # rises
        ("G4:1.5 F4:.5", 0),  # consonant
    ],
)
def test_suspensions(alto, found):
    assert count(SUSPENSIONS, piece("E5 D5", alto, "G4:2", "C3 G3")) == (found, 2)


def test_a_fourth_is_dissonant_above_the_bass_only():
    over_bass = piece("E5:2", "C5:1.5 B4:.5", "E4:2", "C3 G3")
    assert count(SUSPENSIONS, over_bass) == (1, 2)
    between = piece("G4 G4", "E4:1.5 D4:.5", "C4 B3", "C3 C3")  # a fourth below B
    assert count(SUSPENSIONS, between) == (0, 2)


def test_cross_relations():
    assert count(CROSS, made("C5 A4 F4 A3", "D5 A4 D4 F#3")) == (1, 1)
    assert count(CROSS, made("C5 A4 F4 A3", "D5 A4 F#4 D3")) == (0, 1)  # in one voice
    assert count(CROSS, made("C5 A4 F4 A3", "D5 A4 D4 F3")) == (0, 1)
    assert count(CROSS, made("C5 A4 F4 A3", "D5 A4 D4 F#3", fermatas=[(0, 4)])) == (0, 0)
    # A fourth degree beside its raised form is no chromatic step of E: E flat is not written.
    assert count(CROSS, made("C5 A4 E4 A3", "B4 F#4 B3 D#3", key=A)) == (0, 1)


def test_chords_without_a_third():
    name = "chords without a third"
    assert count(name, made("C5 G4 C4 C3", C_MAJOR)) == (1, 2)
    assert count(name, made(C_MAJOR, "C5 E4 C4 C3")) == (0, 2)


def test_over_the_bar_line():
    lower = ("G4:8", "E4:8")
    assert count(SAME, piece("C5:8", *lower, "C3:8")) == (1, 1)
    assert count(HELD, piece("C5:4 E5:4", *lower, "C3:8")) == (1, 1)
    octave = piece("C5:8", *lower, "C3:4 C4:4")
    assert count(SAME, octave) == (1, 1)
    assert count(HELD, octave) == (0, 1)
    changes = piece("C5:8", "G4:4 A4:4", "E4:4 F4:4", "C3:4 F3:4")
    assert count(SAME, changes) == (0, 1)
    assert count(HELD, changes) == (0, 1)
    # In the bar nothing is counted.
    assert count(SAME, piece("C5:4", "G4:4", "E4:4", "C3:4")) == (0, 0)


def test_root_motion():
    thirds = made(C_MAJOR, A_MINOR, F_MAJOR, G_MAJOR)
    assert count(THIRDS, thirds) == (2, 3)
    assert count(FIFTHS, thirds) == (0, 3)
    fifths = made(D_MINOR, G_MAJOR, G_SEVENTH, C_MAJOR)  # the same root twice is no change
    assert count(FIFTHS, fifths) == (2, 2)
    assert count(THIRDS, fifths) == (0, 2)


def test_secondary_dominants():
    assert count(SECONDARY, made(C_MAJOR, D_MAJOR, G_MAJOR, C_MAJOR)) == (1, 3)
    assert count(SECONDARY, made(C_MAJOR, D_MINOR, G_MAJOR, C_MAJOR)) == (0, 3)
    assert count(SECONDARY, made(D_MAJOR, A_MINOR)) == (0, 1)  # it leads elsewhere
    # The seventh alone can be chromatic, and the leading note of minor is not.
    assert count(SECONDARY, made("Bb4 G4 E4 C3", F_MAJOR)) == (1, 1)
    assert count(SECONDARY, made("B4 E4 G#4 E3", A_MINOR, key=A)) == (0, 1)
