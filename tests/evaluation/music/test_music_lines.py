import pytest
from music_counts import count
from progressions_made import piece

ABAB = "to and fro (abab), bass alone"
ABAB_ALL = "to and fro (abab), alto, tenor, bass"
ABABAB = "to and fro (ababab), alto, tenor, bass"
TURNS = "six notes or more that turn at every note"
NEIGHBORS, PASSING = "off-beat neighbor notes", "off-beat passing notes"
DRONES = "bass on one pitch for more than four beats"
SHORT = "bass notes of an eighth or shorter"


def over(bass):
    """A bass of six beats under two held notes and a held soprano."""
    return piece("E5:6", "G4:6", "E4:6", bass)


@pytest.mark.parametrize(
    ("bass", "swings"),
    [
        ("C3 D3 C3 D3 C3 E3", 2),
        ("C3 D3 C3 D3 E3 F3", 1),
        ("C3 D3 C3 E3 C3 D3", 0),
        ("C3 D3 E3 D3 C3 B2", 0),
        ("C3 C3 C3 C3 C3 C3", 0),
    ],
)
def test_a_swing_is_a_note_after_which_two_pitches_have_alternated_twice(bass, swings):
    assert count(ABAB, over(bass)) == (swings, 6)
    assert count(ABAB_ALL, over(bass)) == (swings, 8)


def test_the_soprano_does_not_count_as_a_swinging_line():
    assert count(ABAB_ALL, piece("C5 D5 C5 D5", "G4:4", "E4:4", "C3:4")) == (0, 3)


def test_a_long_swing_has_six_notes():
    assert count(ABABAB, over("C3 D3 C3 D3 C3 D3")) == (1, 8)
    assert count(ABABAB, over("C3 D3 C3 D3 C3 E3")) == (0, 8)


@pytest.mark.parametrize(
    ("bass", "turning"),
    [
        ("C3 E3 D3 F3 E3 G3", 6),
        ("C3 E3 D3 F3 E3 D3", 0),  # five notes turn, the sixth goes on
        ("C3 D3 E3 D3 C3 B2", 0),
        ("C3 E3 E3 D3 F3 E3", 0),  # a repeated note ends the run
    ],
)
def test_a_line_that_turns_at_every_note(bass, turning):
    assert count(TURNS, over(bass)) == (turning, 8)


@pytest.mark.parametrize(
    ("tenor", "neighbors", "passing"),
    [
        ("C4:.5 D4:.5 C4", 1, 0),
        ("C4:.5 B3:.5 C4", 1, 0),
        ("C4:.5 D4:.5 E4", 0, 1),
        ("E4:.5 D4:.5 C4", 0, 1),
        ("C4:.5 E4:.5 C4", 0, 0),  # leaps
        ("C4:.5 D4:.5 G4", 0, 0),
        ("C4:1 D4:1", 0, 0),  # on the beat, and nothing follows
    ],
)
def test_off_beat_notes_between_two_steps(tenor, neighbors, passing):
    made = piece("E5:2", "G4:2", tenor, "C3:2")
    assert count(NEIGHBORS, made) == (neighbors, 2)
    assert count(PASSING, made) == (passing, 2)


def test_a_passing_note_on_the_beat_does_not_count():
    assert count(PASSING, piece("E5:3", "G4:3", "C4 D4 E4", "C3:3")) == (0, 3)


def test_short_bass_notes():
    assert count(SHORT, piece("E5:2", "G4:2", "E4:2", "C3:.5 D3:.5 E3")) == (2, 3)
    assert count(SHORT, piece("E5:2", "G4:2", "E4:2", "C3 E3")) == (0, 2)


@pytest.mark.parametrize(
    ("bass", "frames"),
    [("C3:6", 24), ("C3 C3 C3 C3 C3 G2", 20), ("C3:4 G2:2", 0), ("C3 D3 E3 F3 G3 C3", 0)],
)
def test_a_drone_lasts_for_more_than_four_beats(bass, frames):
    assert count(DRONES, over(bass)) == (frames, 24)


def test_a_phrase_end_ends_a_drone():
    fermata = piece("E5:3 D5:3", "G4:6", "E4:6", "C3:6", fermatas=[(0, 12)])
    assert count(DRONES, fermata) == (0, 24)


def test_mean_pitch():
    assert count("mean pitch of the alto", piece("E5:2", "G4 A4", "E4:2", "C3:2")) == (
        4 * 67 + 4 * 69,
        8,
    )
